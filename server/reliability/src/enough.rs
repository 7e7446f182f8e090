//! Whether a run did enough to say that a promise held. What was never tried was never broken either.

use std::time::Duration;

use crate::check::{Promise, Violation};
use crate::disturb::Disturbance;
use crate::run::Report;

/// Least pairs and revocations in a minute, on each store.
const PAIRS: f64 = 5000.0;
const REVOCATIONS: f64 = 100.0;
/// The least share of the calls of the load that the tool answers, through all disturbances.
const SERVED: f64 = 0.2;
/// A rate that every machine bears; more is asked of none.
const RATE: f64 = 200.0;
/// From this time on everything that was planned has had its turn.
const LONG: Duration = Duration::from_mins(2);

/// What the run had too little of. `planned` is what should have gone wrong in it.
#[must_use]
pub fn missing(
    report: &Report,
    time: Duration,
    rate: f64,
    planned: &[Disturbance],
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let minutes = time.as_secs_f64() / 60.0;
    let revocations = u64::try_from(report.revocations).unwrap_or(u64::MAX);
    let counts = [
        ("pairs of a revocation and a call", report.findings.pairs, PAIRS * minutes),
        ("acknowledged revocations", revocations, REVOCATIONS * minutes),
        ("good calls of the load", report.latency.good, rate.min(RATE) * 60.0 * minutes * SERVED),
    ];
    for (what, count, least) in counts {
        if exact(count) < least {
            let evidence = format!("{count} {what}, and at least {least:.0} are needed");
            violations.push(Violation { promise: Promise::Tried, evidence });
        }
    }
    if time < LONG {
        return violations;
    }
    for disturbance in planned {
        if !report.tally.happened.contains_key(disturbance) {
            let evidence = format!("{disturbance:?} never happened");
            violations.push(Violation { promise: Promise::Tried, evidence });
        }
    }
    violations
}

#[expect(clippy::cast_precision_loss, reason = "counts fit 52 bits")]
const fn exact(count: u64) -> f64 {
    count as f64
}
