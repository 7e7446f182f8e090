//! Trying a recorded counterexample of a client again.

use serde_json::Value;

use super::{ReplayFile, ReplayResult, Replayed, not_comparable};
use crate::checks::client;
use crate::grade::{GradeError, GradeOptions, Launch, grade, perform_again};
use crate::outcome::Halt;
use crate::peer::evidence;
use crate::peer::scenario::{ClientCheck, Judge};
use crate::report::{Counterexample, Verdict};

/// How often a scenario is performed again before its counterexample counts as gone: what a client
/// does may depend on its own timing.
const TRIES: u32 = 3;

/// Performs the scenario of `file` on the recorded input, and judges the one check. A claim about
/// several flows is tried with all of them.
///
/// # Errors
///
/// When the client cannot be started, or no port can be had.
pub fn replay_client(client: &Launch, file: &ReplayFile) -> Result<Replayed, GradeError> {
    let Some(check) = client::all().find(|check| check.id == file.check) else {
        let reason = format!("this harness has no check {} on a client", file.check);
        return Ok(not_comparable(reason));
    };
    let recorded = file.trail.as_ref().and_then(|trail| Some((trail.value.as_ref()?, trail.case)));
    match (check.judge, recorded) {
        (Judge::Each(judge), Some((value, number))) => {
            let scenario = value["scenario"].as_str().and_then(client::scenario);
            let Some(scenario) = scenario else {
                let reason = format!("this harness has no scenario {}", value["scenario"]);
                return Ok(not_comparable(reason));
            };
            let mut tries = 0;
            loop {
                tries += 1;
                let case: Value = value["case"].clone();
                let run = perform_again(client, scenario, case, file.seed, number)?;
                let redact = |text: &str| evidence::redact(&run, text);
                let result = match crate::grade::guarded(|| judge(&run)) {
                    Ok(()) => ReplayResult::Gone,
                    Err(Halt::Violation(violation)) => {
                        ReplayResult::Reproduced(Counterexample::from(crate::outcome::Violation {
                            expected: redact(&violation.expected),
                            observed: redact(&violation.observed),
                            input: violation.input.map(|input| redact(&input)),
                        }))
                    }
                    Err(Halt::NotTested(reason)) => ReplayResult::NotComparable(redact(&reason)),
                    Err(Halt::Probe(error)) => ReplayResult::NotExercised(error.to_string()),
                };
                if result != ReplayResult::Gone || tries == TRIES {
                    let transcript = evidence::transcript(&run);
                    return Ok(Replayed { result, transcript, changes: Vec::new(), tries });
                }
            }
        }
        _ => whole(client, check, file),
    }
}

fn whole(client: &Launch, check: &ClientCheck, file: &ReplayFile) -> Result<Replayed, GradeError> {
    let options = GradeOptions {
        seed: file.seed,
        only: vec![check.id.to_owned()],
        ..GradeOptions::default()
    };
    let mut report = grade(client, &options, &|_| ())?;
    let Some(found) = report.checks.pop() else {
        return Ok(not_comparable("the check was not judged".to_owned()));
    };
    let reason = found.reason.clone().unwrap_or_default();
    let result = match (found.verdict, found.counterexample) {
        (Verdict::Pass, _) => ReplayResult::Gone,
        (_, Some(counterexample)) => ReplayResult::Reproduced(counterexample),
        (Verdict::Error, None) => ReplayResult::NotExercised(reason),
        (_, None) => ReplayResult::NotComparable(reason),
    };
    Ok(Replayed { result, transcript: found.transcript, changes: Vec::new(), tries: 1 })
}
