//! Where the findings of a run are written.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use lookout_conformance::Report;
use lookout_conformance::expected::Expectations;
use lookout_conformance::replay::{ReplayFile, file_name};
use lookout_conformance::report::{html, json, junit, markdown, sarif};

use crate::{Failure, usage};

#[derive(Args, Debug)]
#[command(next_help_heading = "Reports")]
pub(crate) struct Output {
    /// Write the report as JSON to this file, or to standard output with "-".
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<String>,

    /// Write the report as one HTML page that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Write the report as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Write the report as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,

    /// Write the report as Markdown, for a pull request or $GITHUB_STEP_SUMMARY.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,

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

    /// Fails when a report could not be written, so that nobody learns it after a long run.
    pub(crate) fn is_writable(&self) -> Result<(), Failure> {
        let json = self.json.as_deref().filter(|place| *place != "-").map(Path::new);
        let others = [&self.html, &self.junit, &self.sarif, &self.markdown, &self.write_expected];
        for path in json.into_iter().chain(others.into_iter().flatten().map(PathBuf::as_path)) {
            try_out(path, path)?;
        }
        match &self.replay_dir {
            Some(folder) => try_out(&folder.join(".lookout-conformance"), folder),
            None => Ok(()),
        }
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
        type Rendering = fn(&Report) -> String;
        let renderings: [(&str, &Option<PathBuf>, Rendering); 4] = [
            ("HTML", &self.html, html::render),
            ("JUnit", &self.junit, junit::render),
            ("SARIF", &self.sarif, |report| format!("{:#}\n", sarif::render(report))),
            ("Markdown", &self.markdown, markdown::render),
        ];
        for (name, path, render) in renderings {
            let Some(path) = path else { continue };
            save(path, &render(report))?;
            written.push(format!("{name:<9} {}", path.display()));
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

/// Opens a file for writing and leaves it as it was; `named` is what the person called it.
fn try_out(path: &Path, named: &Path) -> Result<(), Failure> {
    let is_there = path.exists();
    make_folder(path)
        .and_then(|()| fs::OpenOptions::new().append(true).create(true).open(path))
        .and_then(|_| if is_there { Ok(()) } else { fs::remove_file(path) })
        .map_err(|error| usage(&format!("cannot write {}: {error}", named.display())))
}

fn make_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), fs::create_dir_all)
}

/// Writes a file, and the folder it belongs into.
fn save(path: &Path, text: &str) -> Result<(), Failure> {
    make_folder(path)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| usage(&format!("cannot write {}: {error}", path.display())))
}
