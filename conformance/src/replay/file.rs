//! The file that holds one counterexample.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::profile::Setting;
use crate::replay::Trail;
use crate::report::{CheckReport, Report, Verdict};

/// The only format there is.
const FORMAT: u32 = 1;

/// One counterexample, with what is needed to try it again. It holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayFile {
    /// Version of this layout.
    pub format: u32,
    /// Version of the harness that found it.
    pub harness: String,
    /// The address it was found at.
    pub target: String,
    /// The check that found it.
    pub check: String,
    /// The seed of the round that found it.
    pub seed: u64,
    /// Inputs per property in the run.
    pub cases: u32,
    /// Operations in a generated sequence of the run, at most; absent in files of older harnesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_sequence: Option<usize>,
    /// How often the run tried a race; absent in files of older harnesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// The way back to the input; absent when the check generates none, and is run whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<Trail>,
    /// The shrunk input, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What a conforming server would have done.
    pub expected: String,
    /// What this one did.
    pub observed: String,
    /// What the server had chosen where the standards leave it a choice.
    #[serde(default)]
    pub profile: BTreeMap<String, String>,
}

/// Why a file holds no counterexample.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// The file system refused.
    #[error("cannot read the replay file {path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        cause: io::Error,
    },
    /// The text is not a replay file.
    #[error("{path} is no replay file: {cause}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        cause: serde_json::Error,
    },
    /// The layout is of another version.
    #[error("{path} has format {format}; this harness reads format {FORMAT}")]
    Format {
        /// The file.
        path: PathBuf,
        /// The version it names.
        format: u64,
    },
    /// The trail cannot have been written by a harness.
    #[error("{path} is no replay file: {cause}")]
    Trail {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: &'static str,
    },
}

impl ReplayFile {
    /// The counterexample of one check of `report`; nothing when it has none.
    pub fn of(report: &Report, check: &CheckReport) -> Option<Self> {
        let found = check.counterexample.as_ref()?;
        if !matches!(check.verdict, Verdict::Fail | Verdict::Warn) {
            return None;
        }
        let profile = report.profile.iter();
        Some(Self {
            format: FORMAT,
            harness: report.version.clone(),
            target: report.target.clone(),
            check: check.id.clone(),
            seed: found.seed.unwrap_or(report.seed),
            cases: report.cases,
            longest_sequence: Some(report.longest_sequence),
            repeats: Some(report.repeats),
            trail: found.trail.clone(),
            input: found.input.clone(),
            expected: found.expected.clone(),
            observed: found.observed.clone(),
            profile: profile.map(|known| (known.knob.clone(), known.value.clone())).collect(),
        })
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no replay file of a format that this harness knows.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let text = fs::read_to_string(path)
            .map_err(|cause| Unreadable::Io { path: path.to_owned(), cause })?;
        let malformed = |cause| Unreadable::Malformed { path: path.to_owned(), cause };
        let document: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
        let format = document.get("format").and_then(serde_json::Value::as_u64);
        if let Some(format) = format.filter(|format| *format != u64::from(FORMAT)) {
            return Err(Unreadable::Format { path: path.to_owned(), format });
        }
        // From the text and not from the document, so that an error has a line.
        let file: Self = serde_json::from_str(&text).map_err(malformed)?;
        if let Some(cause) = file.trail.as_ref().and_then(flaw) {
            return Err(Unreadable::Trail { path: path.to_owned(), cause });
        }
        Ok(file)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        format!("{:#}\n", serde_json::json!(self))
    }

    /// Whether it is about a client, and so needs the command that starts one.
    pub fn is_about_client(&self) -> bool {
        crate::checks::client::all().any(|check| check.id == self.check)
    }

    /// Choices that the server has made differently since, one sentence each.
    pub(super) fn changes(&self, now: &[Setting]) -> Vec<String> {
        let differs = |setting: &&Setting| {
            self.profile.get(&setting.knob).is_some_and(|value| *value != setting.value)
        };
        let changed = now.iter().filter(differs);
        changed
            .map(|setting| {
                let Setting { knob, value, .. } = setting;
                format!("{knob} was {} and is {value} now", self.profile[knob])
            })
            .collect()
    }
}

fn flaw(trail: &Trail) -> Option<&'static str> {
    if !trail.shrinks.chars().all(|decision| matches!(decision, '+' | '-')) {
        Some("trail.shrinks holds something other than + and -")
    } else if trail.shrinks.ends_with('-') {
        Some("trail.shrinks does not end with an input that was kept (+)")
    } else if trail.digest.len() != 64 {
        Some("trail.digest is no SHA-256 in hexadecimal")
    } else {
        None
    }
}

/// What the file of a check is called: `pkce/method` → `pkce-method.json`.
pub fn file_name(check: &str) -> String {
    format!("{}.json", check.replace('/', "-"))
}
