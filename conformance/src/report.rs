//! What a run found.
//!
//! A report holds only text that has been redacted; it is built from nothing else. The renderings
//! below add no judgement of their own.

pub mod coverage;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
mod sequence;
pub mod text;
pub mod visible;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{Clause, Level};
use crate::expected::Baseline;
use crate::outcome::Violation;
pub use crate::probe::litter::LeftBehind;
use crate::profile::Setting;
use crate::replay::Trail;
use crate::report::coverage::ClauseCoverage;
use crate::transcript::Exchange;

/// The findings of one run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Version of the harness.
    pub version: String,
    /// Which side of the protocol was tested.
    pub subject: Subject,
    /// The address that was given, or the command that starts the client.
    pub target: String,
    /// The MCP endpoint that was found there; empty for a client, which meets one in each scenario.
    pub endpoint: String,
    /// The authorization server it named; empty for a client.
    pub issuer: String,
    /// Digest of the catalogue that served as the oracle; empty when it names none.
    pub catalogue: String,
    /// The seed of all generated input; that of the first round, when there were more.
    pub seed: u64,
    /// Inputs per property.
    pub cases: u32,
    /// Operations in a generated sequence, at most.
    pub longest_sequence: usize,
    /// How often a race was run before it counted as won.
    pub repeats: u32,
    /// Whether as little was tried as shows anything at all.
    pub quick: bool,
    /// Whether SHOULD and hardening claims counted as failures.
    pub strict: bool,
    /// Ids and areas that the run was restricted to; empty when it was not.
    pub only: Vec<String>,
    /// How many checks ran at once.
    pub threads: usize,
    /// When the run began, in RFC 3339 and UTC.
    pub started: String,
    /// Wall time of the run in milliseconds.
    pub duration_ms: u64,
    /// HTTP requests that were sent, those of discovery included.
    pub requests: u64,
    /// How often the checks were run, each time with inputs of their own.
    pub rounds: u32,
    /// Why there were no more rounds, when that was neither the time nor a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Who allows the test of a server that is not on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    /// What the run made and could not take away again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<LeftBehind>,
    /// Deviations that were expected; absent when no file of them was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// The choices that the standards leave to the server, and what this one chose.
    pub profile: Vec<Setting>,
    /// Every clause that some check is about, and which of its checks came to a conclusion.
    pub coverage: Vec<ClauseCoverage>,
    /// What was done to a client; empty for a server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<ScenarioReport>,
    /// One entry per selected check, in the order of the registry.
    pub checks: Vec<CheckReport>,
}

/// Which side of the protocol a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A server, tested by a client that the harness plays.
    Server,
    /// A client, tested by servers that the harness plays.
    Client,
}

impl Subject {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// One scenario that a client was put through.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScenarioReport {
    /// The scenario's stable name.
    pub id: String,
    /// What the servers did.
    pub title: String,
    /// How often it was performed.
    pub runs: u32,
    /// How many requests the client sent.
    pub requests: u64,
    /// How the client ended, each way once.
    pub endings: Vec<String>,
}

/// The finding of one check.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
    /// Why this was expected, when a file of expected deviations lists it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
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
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
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

impl Verdict {
    /// What a counterexample to a claim of this level comes to.
    pub(crate) fn of_violation(level: Level, strict: bool) -> Self {
        match level {
            Level::Must => Self::Fail,
            Level::Should | Level::Hardening if strict => Self::Fail,
            Level::Should | Level::Hardening => Self::Warn,
            Level::Observe => Self::Observed,
        }
    }
}

/// What was expected, what happened instead, and on which input.
#[derive(Clone, Debug, Serialize, JsonSchema, PartialEq)]
pub struct Counterexample {
    /// What a conforming server would have done.
    pub expected: String,
    /// What this one did.
    pub observed: String,
    /// The shrunk input, when it was generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The way back to the input, when it was generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trail: Option<Trail>,
    /// The seed of the round that found it, when that was not the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl From<Violation> for Counterexample {
    fn from(violation: Violation) -> Self {
        let Violation { expected, observed, input } = violation;
        Self { expected, observed, input, trail: None, seed: None }
    }
}

/// A [`Level`] as reports write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the variants are those of Level, which documents them")]
pub enum LevelName {
    Must,
    Should,
    Hardening,
    Observe,
}

impl LevelName {
    /// The word as the texts write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Hardening => "hardening",
            Self::Observe => "observe",
        }
    }
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
#[derive(Clone, Debug, Serialize, JsonSchema, PartialEq, Eq)]
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

impl CheckReport {
    /// The part of the id before the slash.
    pub fn area(&self) -> &str {
        self.id.split('/').next().unwrap_or(&self.id)
    }

    /// The shell line that sends the decisive request again, where somebody is left to answer it.
    pub fn again(&self) -> Option<&str> {
        let last = self.transcript.last().map(|exchange| exchange.curl.as_str());
        last.filter(|line| !line.is_empty())
    }

    /// What there is to say about it in one line: the observation, or the reason.
    pub fn remark(&self) -> Option<&str> {
        let found = self.counterexample.as_ref().map(|found| found.observed.as_str());
        found.or(self.reason.as_deref())
    }
}

/// What a whole run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// No counterexample but expected ones, as far as was tested.
    Conforms,
    /// A counterexample that nobody expected.
    DoesNotConform,
    /// No unexpected counterexample, but the file of expected deviations is not true any more.
    Stale,
    /// Some check could not conclude, or none did.
    Inconclusive,
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

    /// The checks with this verdict that nobody expected.
    pub fn unexpected(&self, verdict: Verdict) -> impl Iterator<Item = &CheckReport> {
        self.with(verdict).filter(|check| check.expected.is_none())
    }

    /// The deviations that were expected, and came.
    pub fn expected(&self) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(|check| check.expected.is_some())
    }

    /// What is no longer true of the expected deviations, one sentence each.
    pub fn stale(&self) -> &[String] {
        self.baseline.as_ref().map_or(&[], |baseline| &baseline.stale)
    }

    /// Whether no check found its claim to hold or not to hold, so that the run says nothing about
    /// the server.
    pub fn concludes_nothing(&self) -> bool {
        let is_concluded =
            |verdict| matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::Warn);
        !self.checks.iter().any(|check| is_concluded(check.verdict))
    }

    /// What the run comes to.
    pub fn conclusion(&self) -> Conclusion {
        if self.unexpected(Verdict::Fail).next().is_some() {
            Conclusion::DoesNotConform
        } else if !self.stale().is_empty() {
            Conclusion::Stale
        } else if self.unexpected(Verdict::Error).next().is_some() || self.concludes_nothing() {
            Conclusion::Inconclusive
        } else {
            Conclusion::Conforms
        }
    }

    /// What a process should exit with: 0 when the target conforms, 1 when it does not or the
    /// expected deviations are stale, 3 when some check could not be concluded, or none was.
    pub fn exit_code(&self) -> u8 {
        match self.conclusion() {
            Conclusion::Conforms => 0,
            Conclusion::DoesNotConform | Conclusion::Stale => 1,
            Conclusion::Inconclusive => 3,
        }
    }

    /// How hard was tried, in a few words.
    pub fn effort(&self) -> String {
        if self.subject == Subject::Client {
            let runs: u32 = self.scenarios.iter().map(|scenario| scenario.runs).sum();
            let strict = if self.strict { ", strict" } else { "" };
            return format!("{} scenarios, {runs} runs{strict}", self.scenarios.len());
        }
        let quick = if self.quick { ", quick" } else { "" };
        let strict = if self.strict { ", strict" } else { "" };
        let (cases, longest) = (self.cases, self.longest_sequence);
        let rounds = match self.rounds {
            1 => String::new(),
            rounds => format!("{rounds} rounds of "),
        };
        format!("{rounds}{cases} cases a property, sequences of up to {longest}{quick}{strict}")
    }

    /// HTTP requests a second.
    #[expect(clippy::cast_precision_loss, reason = "both are far below 2^52")]
    pub fn requests_per_second(&self) -> f64 {
        self.requests as f64 * 1000.0 / self.duration_ms.max(1) as f64
    }

    /// The areas in the order of the registry, each with its checks.
    pub fn areas(&self) -> Vec<(&str, Vec<&CheckReport>)> {
        let mut areas: Vec<(&str, Vec<&CheckReport>)> = Vec::new();
        for check in &self.checks {
            match areas.iter_mut().find(|(area, _)| *area == check.area()) {
                Some((_, checks)) => checks.push(check),
                None => areas.push((check.area(), vec![check])),
            }
        }
        areas
    }

    /// What was not tested, by reason: one obstacle often stands before many checks.
    pub fn by_reason(&self, verdict: Verdict) -> Vec<(&str, Vec<&CheckReport>)> {
        let mut by_reason: Vec<(&str, Vec<&CheckReport>)> = Vec::new();
        for check in self.with(verdict) {
            let reason =
                check.reason.as_deref().or_else(|| check.remark()).unwrap_or("no reason was given");
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, checks)) => checks.push(check),
                None => by_reason.push((reason, vec![check])),
            }
        }
        by_reason
    }
}
