//! Where the findings of a run are written.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use lookout_conformance::Report;
use lookout_conformance::expected::Expectations;
use lookout_conformance::replay::{ReplayFile, file_name};
use lookout_conformance::report::json;

use crate::{Failure, usage};

#[derive(Args, Debug)]
#[command(next_help_heading = "Reports")]
pub(crate) struct Output {
    /// Write the report as JSON to this file, or to standard output with "-".
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<String>,

    /// Write a file for every counterexample into this folder, for `lookout-conformance replay`.
    #[arg(long, value_name = "DIR")]
    pub(crate) replay_dir: Option<PathBuf>,

    /// Deviations that are accepted for now. They do not fail the run; entries that are no longer
    /// true do.
    #[arg(long, value_name = "FILE")]
    pub(crate) expected: Option<PathBuf>,

    /// Write this run's deviations to this file, for --expected.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_expected: Option<PathBuf>,
}

impl Output {
    /// Whether standard output belongs to a document, so that nothing else may be printed there.
    pub(crate) fn is_on_stdout(&self) -> bool {
        self.json.as_deref() == Some("-")
    }

    /// Reads the accepted deviations, so that a wrong file is told of before anything runs.
    pub(crate) fn expectations(&self) -> Result<Option<(String, Expectations)>, Failure> {
        let Some(path) = &self.expected else { return Ok(None) };
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| usage(&format!("cannot read {name}: {error}")))?;
        let read = Expectations::read(&text)
            .map_err(|error| usage(&format!("{name}: {}", error.trim_end())))?;
        Ok(Some((name, read)))
    }

    /// Writes every report that was asked for. What was written, for people.
    pub(crate) fn write(&self, report: &Report) -> Result<Vec<String>, Failure> {
        let mut written = Vec::new();
        if let Some(place) = &self.json {
            let text = format!("{:#}\n", json::render(report));
            if place == "-" {
                let mut stdout = io::stdout().lock();
                stdout
                    .write_all(text.as_bytes())
                    .and_then(|()| stdout.flush())
                    .map_err(|error| usage(&format!("cannot write to standard output: {error}")))?;
            } else {
                save(Path::new(place), &text)?;
                written.push(format!("JSON      {place}"));
            }
        }
        if let Some(folder) = &self.replay_dir {
            for check in &report.checks {
                let Some(file) = ReplayFile::of(report, check) else { continue };
                let path = folder.join(file_name(&check.id));
                save(&path, &file.text())?;
                written.push(format!("replay    {}", path.display()));
            }
        }
        if let Some(path) = &self.write_expected {
            save(path, &Expectations::of(report).text())?;
            written.push(format!("expected  {}", path.display()));
        }
        Ok(written)
    }
}

/// Writes a file, and the folder it belongs into.
fn save(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| usage(&format!("cannot write {}: {error}", path.display())))
}
