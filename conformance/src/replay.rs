//! Trying one recorded counterexample again.
//!
//! A replay file holds the way back to one input, not the exchanges: the input is generated again
//! (or read from the file, where it is data), and the law is tried on it with the tokens of today.
//! Nothing else is generated and nothing is shrunk. A file that no longer leads to the input it
//! describes says so instead of passing, because a counterexample that cannot be tried is not gone.

mod client;
mod file;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub use client::replay_client;
pub use file::{ReplayFile, Unreadable, file_name};

use crate::check::{Capability, Check};
use crate::checks;
use crate::outcome::{Halt, Outcome};
use crate::probe::Probe;
use crate::probe::browser::Browser;
use crate::probe::http::Http;
use crate::probe::site::Unusable;
use crate::property::turn::Again;
use crate::report::Counterexample;
use crate::run::{explore, guarded, missing};
use crate::target::{Options, Target};
use crate::transcript::Exchange;

/// How often a race is tried before it counts as gone, at least.
const FEWEST_TRIES: u32 = 20;

/// The way back to one input of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// Which law of the check, counted from 0 in the order they are tried.
    pub law: u32,
    /// Which of the law's inputs, counted from 0.
    pub case: u32,
    /// What became of every smaller input that was tried: `+` still showed the violation and was
    /// kept, `-` did not. It ends with the last one kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shrinks: String,
    /// SHA-256 of the input's text, in hexadecimal: tells whether the trail still leads there.
    pub digest: String,
    /// The input itself, where it is data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl Trail {
    pub(crate) fn new(law: u32, case: u32) -> Self {
        Self { law, case, shrinks: String::new(), digest: String::new(), value: None }
    }

    /// The same trail, which leads to the input that reads `text`.
    pub(crate) fn to(self, text: &str) -> Self {
        Self { digest: digest(text), ..self }
    }

    pub(crate) fn leads_to(&self, text: &str) -> bool {
        self.digest == digest(text)
    }

    /// Names the attempt, for its random numbers.
    pub(crate) fn purpose(&self) -> String {
        format!("law {} case {} try {}", self.law, self.case, self.shrinks.len())
    }

    pub(crate) fn redact(&mut self, redacted: &dyn Fn(&str) -> String) {
        if let Some(value) = &mut self.value {
            redact_strings(value, redacted);
        }
    }
}

fn redact_strings(value: &mut Value, redacted: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = redacted(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_strings(item, redacted)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| redact_strings(member, redacted));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What came of a replay.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Whether the counterexample still stands.
    pub result: ReplayResult,
    /// What went over the wire, redacted.
    pub transcript: Vec<Exchange>,
    /// Choices of the server that are no longer what they were, one sentence each.
    pub changes: Vec<String>,
    /// How often it was tried: more than once only where a race is involved.
    pub tries: u32,
}

/// Whether a counterexample still stands.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplayResult {
    /// The same input shows a violation.
    Reproduced(Counterexample),
    /// The same input shows none.
    Gone,
    /// The harness or the target is not what it was, so this input cannot be tried; why.
    NotComparable(String),
    /// The target could not be exercised; why.
    NotExercised(String),
}

impl ReplayResult {
    /// What a process should exit with: 1 when the counterexample stands, 0 when it is gone, 3 when
    /// that cannot be told.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Reproduced(_) => 1,
            Self::Gone => 0,
            Self::NotComparable(_) | Self::NotExercised(_) => 3,
        }
    }
}

/// Tries the counterexample of `file` on `target`. The seed, the number of inputs and their length
/// are the file's; everything else is as `options` say. A race is tried until it shows the violation,
/// as often as when it was recorded and at least 20 times.
///
/// # Errors
///
/// When the target cannot be exercised at all.
pub fn replay(target: &Target, options: &Options, file: &ReplayFile) -> Result<Replayed, Unusable> {
    let Some(check) = checks::all().find(|check| check.id == file.check) else {
        let reason = format!("this harness has no check {}", file.check);
        return Ok(not_comparable(reason));
    };
    replay_check(check, target, options, file)
}

fn replay_check(
    check: &Check,
    target: &Target,
    options: &Options,
    file: &ReplayFile,
) -> Result<Replayed, Unusable> {
    let options = Options {
        seed: file.seed,
        cases: file.cases,
        longest_sequence: file.longest_sequence.unwrap_or(options.longest_sequence),
        // The repetitions are counted here.
        repeats: 1,
        ..options.clone()
    };
    let http = Http::new(target, options.timeout);
    let browser = Browser::default();
    let (site, target) = explore(target, &options, &http, &browser)?;
    let changes = file.changes(&site.profile.settings());
    let is_race = check.needs.contains(&Capability::Parallel);
    let most = if is_race { file.repeats.unwrap_or(0).max(FEWEST_TRIES) } else { 1 };
    let mut tries = 0;
    loop {
        tries += 1;
        let probe = Probe::new(check.id, &target, &options, &site, &browser, http.clone());
        let (result, transcript) = attempt(check, &probe.replaying(file.trail.clone()), file);
        if result != ReplayResult::Gone || tries == most {
            return Ok(Replayed { result, transcript, changes, tries });
        }
    }
}

fn attempt(check: &Check, probe: &Probe<'_>, file: &ReplayFile) -> (ReplayResult, Vec<Exchange>) {
    let outcome = missing(check, probe).and_then(|()| guarded(check, probe));
    let evidence = probe.evidence();
    let found = match probe.take_again() {
        Some(again) => judged(again, probe, evidence),
        None if file.trail.is_none() => (concluded(outcome, probe), evidence),
        None => (unreached(outcome, probe), evidence),
    };
    probe.tidy();
    found
}

fn judged(again: Again, probe: &Probe<'_>, latest: Vec<Exchange>) -> (ReplayResult, Vec<Exchange>) {
    match again {
        Again::Reproduced(violation, transcript) => {
            (concluded(Err(violation.into()), probe), transcript)
        }
        Again::Gone => (ReplayResult::Gone, latest),
        Again::Obstacle(halt) => (concluded(Err(halt), probe), latest),
        Again::Lost(reason) => {
            let reason = format!(
                "the recorded input cannot be made again, so nothing was tried: {reason}. Run the \
                 check anew to see whether the violation is still there"
            );
            (ReplayResult::NotComparable(reason), Vec::new())
        }
    }
}

/// What the outcome of the recorded attempt, or of a whole check, means.
fn concluded(outcome: Outcome, probe: &Probe<'_>) -> ReplayResult {
    match outcome {
        Ok(()) => ReplayResult::Gone,
        Err(Halt::Violation(violation)) => {
            ReplayResult::Reproduced(Counterexample::from(probe.redact_violation(&violation)))
        }
        Err(Halt::NotTested(reason)) => ReplayResult::NotComparable(probe.redact(&reason)),
        Err(Halt::Probe(error)) => ReplayResult::NotExercised(probe.redact(&error.to_string())),
    }
}

/// The check ended before it came to the recorded law.
fn unreached(outcome: Outcome, probe: &Probe<'_>) -> ReplayResult {
    match outcome {
        Ok(()) => ReplayResult::NotComparable("the check no longer has this law".to_owned()),
        Err(Halt::Violation(violation)) => ReplayResult::NotComparable(format!(
            "the check fails before it comes to this input: expected {}, observed {}",
            probe.redact(&violation.expected),
            probe.redact(&violation.observed)
        )),
        other => concluded(other, probe),
    }
}

fn not_comparable(reason: String) -> Replayed {
    let result = ReplayResult::NotComparable(reason);
    Replayed { result, transcript: Vec::new(), changes: Vec::new(), tries: 0 }
}
