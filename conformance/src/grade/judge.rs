//! From runs to verdicts.

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

use super::Performing;
use crate::checks::client;
use crate::outcome::{Halt, Outcome, ProbeError, Violation, not_tested};
use crate::peer::evidence;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, draw};
use crate::replay::Trail;
use crate::report::{CheckReport, Counterexample, Verdict};
use crate::transcript::Exchange;

/// What a check makes of all its runs.
enum Finding<'r> {
    /// No counterexample in any run that the claim could be tried on.
    Holds,
    /// A counterexample, and the run it is in; none when it takes several.
    Broken(Violation, Option<&'r Run>),
    /// The claim could not be tried on any run.
    Open(Halt, Option<&'r Run>),
}

/// One run, with the ends that it may have had where nobody saw the end.
pub(crate) struct Seen<'r> {
    pub(crate) run: &'r Run,
    /// Empty when the end was seen.
    pub(crate) supposed: &'r [Run],
}

impl Performing<'_> {
    /// Judges one claim on the runs that it is about.
    pub(super) fn judge(&self, check: &ClientCheck, runs: &[Run]) -> CheckReport {
        let runs: Vec<Seen<'_>> = runs.iter().map(|run| Seen { run, supposed: &[] }).collect();
        let smaller = |check: &ClientCheck, run: &Run| self.shrunk(check, run);
        judge(check, &runs, self.options.strict, &smaller)
    }

    /// A smaller input that shows the same violation, if there is one within a few tries.
    fn shrunk(&self, check: &ClientCheck, run: &Run) -> Option<(Violation, Run)> {
        let (Judge::Each(judge), false) = (check.judge, run.case.is_null()) else { return None };
        let scenario = client::scenario(run.scenario)?;
        let number = run.number;
        let mut tree = draw(scenario, self.options.seed, number).ok()?;
        let mut smallest = None;
        let mut is_other = tree.simplify();
        for _ in 0..self.options.shrink_tries {
            if !is_other {
                break;
            }
            let again = self.perform_on(scenario, tree.current(), number).ok()?;
            is_other = match guarded(|| judge(&again)) {
                Err(Halt::Violation(violation)) => {
                    smallest = Some((violation, again));
                    tree.simplify()
                }
                _ => tree.complicate(),
            };
        }
        smallest
    }
}

/// Looks for a smaller input that shows the same violation.
type Smaller<'a> = dyn Fn(&ClientCheck, &Run) -> Option<(Violation, Run)> + 'a;

/// Judges one claim on those of `runs` that it is about. `smaller` looks for a smaller input that
/// shows the same violation.
pub(crate) fn judge(
    check: &ClientCheck,
    runs: &[Seen<'_>],
    strict: bool,
    smaller: &Smaller<'_>,
) -> CheckReport {
    // What a client does not do while it sends nothing is no merit of it.
    let is_about = |seen: &&Seen<'_>| {
        let is_named = matches!(check.on, On::Only(_));
        check.is_on(seen.run.scenario) && (is_named || seen.run.asks().next().is_some())
    };
    let about: Vec<&Seen<'_>> = runs.iter().filter(is_about).collect();
    let took: Duration = about.iter().map(|seen| seen.run.duration).sum();
    let (verdict, reason, counterexample, transcript) = match find(check, &about) {
        Finding::Holds => (Verdict::Pass, None, None, Vec::new()),
        Finding::Open(Halt::NotTested(reason), run) => {
            let reason = run.map_or(reason.clone(), |run| evidence::redact(run, &reason));
            (Verdict::NotTested, Some(reason), None, Vec::new())
        }
        Finding::Open(Halt::Probe(error), run) => {
            let transcript = run.map(evidence::transcript).unwrap_or_default();
            let reason = error.to_string();
            let reason = run.map_or(reason.clone(), |run| evidence::redact(run, &reason));
            (Verdict::Error, Some(reason), None, transcript)
        }
        Finding::Open(Halt::Violation(violation), run) | Finding::Broken(violation, run) => {
            let smaller = run.and_then(|run| smaller(check, run));
            let (violation, run) = match &smaller {
                Some((violation, run)) => (violation.clone(), Some(run)),
                None => (violation, run),
            };
            broken(check, violation, run, strict)
        }
    };
    CheckReport {
        id: check.id.to_owned(),
        level: check.level.into(),
        clause: check.clause.into(),
        claim: check.claim.to_owned(),
        verdict,
        expected: None,
        reason,
        counterexample,
        transcript,
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

fn broken(
    check: &ClientCheck,
    violation: Violation,
    run: Option<&Run>,
    strict: bool,
) -> (Verdict, Option<String>, Option<Counterexample>, Vec<Exchange>) {
    let verdict = Verdict::of_violation(check.level, strict);
    let Some(run) = run else { return (verdict, None, Some(violation.into()), Vec::new()) };
    let redact = |text: &str| evidence::redact(run, text);
    let input = match (&violation.input, &run.case) {
        (Some(input), _) => format!("{}: {}", run.scenario, redact(input)),
        (None, Value::Null) => run.scenario.to_owned(),
        (None, case) => format!("{}: {}", run.scenario, redact(&case.to_string())),
    };
    let mut counterexample = Counterexample::from(Violation {
        expected: redact(&violation.expected),
        observed: redact(&violation.observed),
        input: Some(input.clone()),
    });
    let value = json!({ "scenario": run.scenario, "case": run.case });
    counterexample.trail =
        Some(Trail { value: Some(value), ..Trail::new(0, run.number).to(&input) });
    (verdict, None, Some(counterexample), evidence::transcript(run))
}

fn find<'r>(check: &ClientCheck, runs: &[&Seen<'r>]) -> Finding<'r> {
    let mut open = None;
    let mut holds = false;
    // What is judged one by one, or all together.
    let parts: Vec<&[&Seen<'r>]> = match check.judge {
        Judge::Each(_) => runs.chunks(1).collect(),
        Judge::Together(_) if runs.is_empty() => Vec::new(),
        Judge::Together(_) => vec![runs],
    };
    for part in parts {
        let first = part.first().map(|seen| seen.run);
        match outcome(check.judge, part) {
            Ok(()) => holds = true,
            Err(Halt::Violation(violation)) => {
                return Finding::Broken(violation, completing(check.judge, part).or(first));
            }
            Err(halt) => open = open.or(Some((halt, first))),
        }
    }
    match open {
        _ if holds => Finding::Holds,
        Some((halt, run)) => Finding::Open(halt, run),
        None => {
            let reason = "no scenario that it is about was performed, or the client sent nothing";
            let reason = reason.to_owned();
            Finding::Open(Halt::NotTested(reason), None)
        }
    }
}

/// The run that completes a counterexample: up to it there is one, and before it none.
fn completing<'r>(judge: Judge, part: &[&Seen<'r>]) -> Option<&'r Run> {
    let places: Vec<usize> = (1..=part.len()).collect();
    let is_before =
        |count: &usize| !matches!(outcome(judge, &part[..*count]), Err(Halt::Violation(_)));
    part.get(places.partition_point(is_before)).map(|seen| seen.run)
}

/// What a check makes of these runs. Where nobody saw how they ended, it has to make the same of
/// them however they may have: otherwise it is about what nobody saw.
fn outcome(judge: Judge, part: &[&Seen<'_>]) -> Outcome {
    let runs: Vec<&Run> = part.iter().map(|seen| seen.run).collect();
    let outcome = judged(judge, &runs);
    let ends = part.iter().map(|seen| seen.supposed.len()).max().unwrap_or_default();
    for end in 0..ends {
        let runs: Vec<&Run> =
            part.iter().map(|seen| seen.supposed.get(end).unwrap_or(seen.run)).collect();
        let other = judged(judge, &runs);
        if kind(&other) != kind(&outcome) {
            return Err(not_tested(UNSEEN));
        }
    }
    outcome
}

/// Why a claim is not tested when a person drives the client.
const UNSEEN: &str = "it is about how the client's process ends, what it writes or what it hands to \
                      the browser, which is not seen when a person drives it";

/// What an outcome comes to, whatever its words.
fn kind(outcome: &Outcome) -> Option<mem::Discriminant<Halt>> {
    outcome.as_ref().err().map(mem::discriminant)
}

fn judged(judge: Judge, runs: &[&Run]) -> Outcome {
    match judge {
        Judge::Each(judge) => runs.iter().try_for_each(|run| guarded(|| judge(run))),
        Judge::Together(judge) => guarded(|| judge(runs)),
    }
}

/// A panic in a judgement is a fault of the harness, and must not cost the others their report.
pub(crate) fn guarded(judge: impl FnOnce() -> Outcome) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| {
        let observed = "this is a fault of the harness and says nothing about the client";
        Err(ProbeError::step("judge a run", observed).into())
    })
}
