//! What a run found.
//!
//! A report holds only text that has been redacted; it is built from nothing else. The renderings
//! below add no judgement of their own.

pub mod json;
pub mod text;

use serde::Serialize;

use crate::check::{Clause, Level};
use crate::outcome::Violation;
use crate::profile::Setting;
use crate::transcript::Exchange;

/// The findings of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of the harness.
    pub version: String,
    /// The address that was given.
    pub target: String,
    /// The MCP endpoint that was found there.
    pub endpoint: String,
    /// The authorization server it named.
    pub issuer: String,
    /// Digest of the catalogue that served as the oracle; empty when it names none.
    pub catalogue: String,
    /// The seed of all generated input.
    pub seed: u64,
    /// Inputs per property.
    pub cases: u32,
    /// Whether SHOULD and hardening claims counted as failures.
    pub strict: bool,
    /// Wall time of the run in milliseconds.
    pub duration_ms: u64,
    /// The choices that the standards leave to the server, and what this one chose.
    pub profile: Vec<Setting>,
    /// One entry per selected check, in the order of the registry.
    pub checks: Vec<CheckReport>,
}

/// The finding of one check.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// The check's stable name.
    pub id: String,
    /// How much the clause demands.
    pub level: LevelName,
    /// Where the demand is written.
    pub clause: ClauseText,
    /// The claim that was tried.
    pub claim: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it was not tested, what was observed, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The smallest counterexample found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<Counterexample>,
    /// The exchanges behind the finding; empty unless something went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<Exchange>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No counterexample was found.
    Pass,
    /// A counterexample to something the server must do.
    Fail,
    /// A counterexample to something the server should do.
    Warn,
    /// Implementation-defined behaviour, recorded.
    Observed,
    /// The claim could not be tried on this target.
    NotTested,
    /// The check could not conclude: no answer, a failing server, or an ordinary step refused.
    Error,
}

/// What was expected, what happened instead, and on which input.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Counterexample {
    /// What a conforming server would have done.
    pub expected: String,
    /// What this one did.
    pub observed: String,
    /// The shrunk input, when it was generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

impl From<Violation> for Counterexample {
    fn from(violation: Violation) -> Self {
        Self { expected: violation.expected, observed: violation.observed, input: violation.input }
    }
}

/// A [`Level`] as reports write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the variants are those of Level, which documents them")]
pub enum LevelName {
    Must,
    Should,
    Hardening,
    Observe,
}

impl From<Level> for LevelName {
    fn from(level: Level) -> Self {
        match level {
            Level::Must => Self::Must,
            Level::Should => Self::Should,
            Level::Hardening => Self::Hardening,
            Level::Observe => Self::Observe,
        }
    }
}

/// A [`Clause`] as reports write it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct ClauseText {
    /// Its name, for example `RFC 7636 section 4.6`.
    pub text: String,
    /// Its address, where it is public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl From<Clause> for ClauseText {
    fn from(clause: Clause) -> Self {
        Self { text: clause.to_string(), url: clause.url() }
    }
}

impl Report {
    /// The checks with a verdict of [`Verdict::Fail`].
    pub fn failures(&self) -> impl Iterator<Item = &CheckReport> {
        self.with(Verdict::Fail)
    }

    /// The checks with this verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(move |check| check.verdict == verdict)
    }

    /// What a process should exit with: 0 when the target conforms, 1 when it does not, 3 when
    /// some check could not be concluded.
    pub fn exit_code(&self) -> u8 {
        if self.failures().next().is_some() {
            1
        } else if self.with(Verdict::Error).next().is_some() {
            3
        } else {
            0
        }
    }
}
