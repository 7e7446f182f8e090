//! Round after round of the same checks, each with inputs of its own.
//!
//! What one round found is never lost to a later one: not to a round that could not test it, and
//! not to one that could not be run at all.

use std::time::{Duration, Instant};

use crate::check::Check;
use crate::checks;
use crate::expected::Expectations;
use crate::report::coverage::coverage;
use crate::report::{CheckReport, Report, Verdict};
use crate::run::{RunError, milliseconds, run_checks};
use crate::target::{Options, Target};

/// Runs the selected checks again and again, each round with inputs of its own, until `duration` is
/// over or a check has failed in a way that `accepted` does not list. The report has the worst
/// verdict of each check; a round that cannot be run ends the run, and the report says why.
///
/// The first round is that of [`Options::seed`]; the seeds of later rounds follow from it.
///
/// # Errors
///
/// As for [`run`](crate::run()), of the first round only.
pub fn run_for(
    target: &Target,
    options: &Options,
    duration: Duration,
    accepted: Option<&Expectations>,
    progress: &(dyn Fn(&CheckReport) + Sync),
) -> Result<Report, RunError> {
    rounds(&checks::select(&options.only)?, target, options, duration, accepted, progress)
}

pub(super) fn rounds(
    selected: &[&'static Check],
    target: &Target,
    options: &Options,
    duration: Duration,
    accepted: Option<&Expectations>,
    progress: &(dyn Fn(&CheckReport) + Sync),
) -> Result<Report, RunError> {
    let begun = Instant::now();
    let mut report = run_checks(selected, target, options, progress)?;
    let mut seed = options.seed;
    let budget = target.limits.total_requests;
    let mut target = target.clone();
    let is_accepted = |check: &CheckReport| accepted.is_some_and(|list| list.excuses(check));
    while begun.elapsed() < duration && report.failures().all(is_accepted) {
        // All rounds share one budget.
        target.limits.total_requests = budget.map(|most| most.saturating_sub(report.requests));
        if target.limits.total_requests == Some(0) {
            report.ended = Some("the budget of requests is spent".to_owned());
            break;
        }
        // An odd constant with well-mixed bits: no two rounds of one run have the same seed.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        match run_checks(selected, &target, &Options { seed, ..options.clone() }, &|_| ()) {
            Ok(round) => report = worst(report, round),
            Err(why) => {
                report.ended = Some(format!("round {} could not begin: {why}", report.rounds + 1));
                break;
            }
        }
    }
    report.duration_ms = milliseconds(begun);
    Ok(report)
}

/// What was found in either of two runs. A counterexample of the second keeps its seed.
fn worst(mut before: Report, round: Report) -> Report {
    before.requests += round.requests;
    before.rounds += round.rounds;
    for left in round.left_behind {
        match before.left_behind.iter_mut().find(|known| known.what == left.what) {
            Some(known) => known.count += left.count,
            None => before.left_behind.push(left),
        }
    }
    for (check, mut again) in before.checks.iter_mut().zip(round.checks) {
        let duration_ms = check.duration_ms + again.duration_ms;
        if weight(again.verdict) > weight(check.verdict) {
            if let Some(found) = &mut again.counterexample {
                found.seed = Some(round.seed);
            }
            *check = again;
        }
        check.duration_ms = duration_ms;
    }
    let registry = checks::all().map(|check| (check.id, check.clause));
    before.coverage = coverage(registry, &before.checks);
    before
}

/// What was tried outweighs what was not, and evidence outweighs everything else.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NotTested => 0,
        Verdict::Pass => 1,
        Verdict::Observed => 2,
        Verdict::Error => 3,
        Verdict::Warn => 4,
        Verdict::Fail => 5,
    }
}
