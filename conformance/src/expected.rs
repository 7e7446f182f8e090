//! Deviations that are known and accepted for now.
//!
//! A file of expected deviations must stay true. An entry that no longer describes what the server
//! does is stale, and fails the run as loudly as a new deviation, so that the list only ever holds
//! what is still wrong. Entries about checks that were not selected are left alone.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::report::{CheckReport, LevelName, Report, Verdict};

/// The file: a list of deviations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    /// The deviations, in the order of the file.
    #[serde(default)]
    pub expected: Vec<Expected>,
}

/// One deviation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The check's id.
    pub check: String,
    /// What becomes of it.
    pub verdict: Deviation,
    /// Why that is accepted, for whoever reads the report.
    pub because: String,
}

/// A verdict that can be expected. A pass needs no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deviation {
    /// A counterexample to something the server must do.
    Fail,
    /// A counterexample to something it should do, whether or not the run is strict.
    Warn,
    /// The check cannot conclude.
    Error,
    /// The claim cannot be tried.
    NotTested,
}

/// What came of the expected deviations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Baseline {
    /// The file that lists them.
    pub file: String,
    /// Entries that are not true any more, one sentence each. Not empty: the run fails.
    pub stale: Vec<String>,
}

impl Expectations {
    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Self, String> {
        let read: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        match read.expected.iter().find(|entry| entry.because.trim().is_empty()) {
            Some(entry) => {
                Err(format!("{} has no reason: say in `because` why it is accepted", entry.check))
            }
            None => Ok(read),
        }
    }

    /// Every deviation of `report`, with the reason that is known already, or what was observed.
    pub fn of(report: &Report) -> Self {
        let entry = |check: &CheckReport| {
            let verdict = match check.verdict {
                Verdict::Fail if check.level == LevelName::Must => Deviation::Fail,
                Verdict::Fail | Verdict::Warn => Deviation::Warn,
                Verdict::Error => Deviation::Error,
                Verdict::NotTested if check.expected.is_some() => Deviation::NotTested,
                Verdict::Pass | Verdict::Observed | Verdict::NotTested => return None,
            };
            let seen = || format!("seen: {}", check.remark().unwrap_or("no remark"));
            let because = check.expected.clone().unwrap_or_else(seen);
            Some(Expected { check: check.id.clone(), verdict, because })
        };
        Self { expected: report.checks.iter().filter_map(entry).collect() }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let list = toml::to_string(self).expect("strings and names are TOML");
        format!(
            "# Deviations that are known and accepted for now. An entry that is no longer true \
             fails the run.\n\n{list}"
        )
    }

    /// Whether `check` ended as its entry says.
    pub(crate) fn excuses(&self, check: &CheckReport) -> bool {
        let entry = self.expected.iter().find(|entry| entry.check == check.id);
        entry.is_some_and(|entry| entry.verdict.is_borne_out(check))
    }

    /// Marks what was expected in `report`, and notes what is stale.
    pub fn apply(&self, file: &str, report: &mut Report) {
        let mut seen = BTreeSet::new();
        let mut stale = Vec::new();
        for entry in &self.expected {
            let id = &entry.check;
            if !seen.insert(id) {
                stale.push(format!("{id} is listed twice: delete one of the entries"));
                continue;
            }
            match report.checks.iter_mut().find(|check| check.id == *id) {
                Some(check) if entry.verdict.is_borne_out(check) => {
                    check.expected = Some(entry.because.clone());
                }
                Some(check) => stale.push(entry.contradiction(check)),
                None if checks::is_known(id) => {}
                None => stale.push(format!("{id} is no check of this harness: delete the entry")),
            }
        }
        report.baseline = Some(Baseline { file: file.to_owned(), stale });
    }
}

impl Deviation {
    /// Whether `check` ended as this says. What a SHOULD comes to depends on the run, and is the
    /// same deviation either way.
    fn is_borne_out(self, check: &CheckReport) -> bool {
        let is_must = check.level == LevelName::Must;
        match (self, check.verdict) {
            (Self::Fail, Verdict::Fail)
            | (Self::Warn, Verdict::Warn)
            | (Self::Error, Verdict::Error)
            | (Self::NotTested, Verdict::NotTested) => true,
            (Self::Fail, Verdict::Warn) | (Self::Warn, Verdict::Fail) => !is_must,
            _ => false,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::NotTested => "not-tested",
        }
    }
}

impl Expected {
    fn contradiction(&self, check: &CheckReport) -> String {
        let (id, word) = (&self.check, self.verdict.word());
        let why = check.remark().map_or(String::new(), |remark| format!(" ({remark})"));
        match check.verdict {
            Verdict::Pass => format!("{id} is expected to {word}, and passes: delete the entry"),
            Verdict::Observed => {
                format!("{id} is expected to {word}, and is never judged: delete the entry")
            }
            Verdict::NotTested => {
                format!("{id} is expected to {word}, and was not tested, so nobody knows{why}")
            }
            Verdict::Error => format!("{id} is expected to {word}, and could not conclude{why}"),
            Verdict::Fail => format!("{id} is expected as {word}, and fails{why}"),
            Verdict::Warn => format!("{id} is expected as {word}, and warns{why}"),
        }
    }
}
