//! A run in which nothing was tried has not shown that anything holds.

use std::collections::BTreeMap;
use std::time::Duration;

use lookout_reliability::check::Promise;
use lookout_reliability::disturb::{DISTURBANCES, Tally};
use lookout_reliability::enough::missing;
use lookout_reliability::load::Percentiles;
use lookout_reliability::run::Report;

const TIME: Duration = Duration::from_mins(10);

fn report(pairs: u64, skipped: usize) -> Report {
    let happened: BTreeMap<_, _> = DISTURBANCES.into_iter().skip(skipped).map(|d| (d, 1)).collect();
    let mut report = Report {
        revocations: 1000,
        tally: Tally { happened, ..Tally::default() },
        latency: Percentiles { calls: 100_000, good: 90_000, ..Percentiles::default() },
        ..Report::default()
    };
    report.findings.pairs = pairs;
    report
}

#[test]
fn ten_minutes_need_fifty_thousand_pairs_on_each_store() {
    assert_eq!(missing(&report(50_000, 0), TIME, 200.0, &DISTURBANCES), vec![]);
    let missing = missing(&report(49_999, 0), TIME, 200.0, &DISTURBANCES);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].promise, Promise::Tried);
}

#[test]
fn a_long_run_in_which_something_planned_never_happened_is_not_enough() {
    let late = missing(&report(50_000, 1), TIME, 200.0, &DISTURBANCES);
    assert_eq!(late.len(), 1, "{late:?}");
    // A short one cannot get round to everything.
    assert_eq!(missing(&report(50_000, 1), TIME / 10, 200.0, &DISTURBANCES), vec![]);
}

#[test]
fn nothing_at_all_is_not_enough() {
    let missing = missing(&Report::default(), TIME, 200.0, &DISTURBANCES);
    assert_eq!(missing.len(), 3 + DISTURBANCES.len(), "{missing:?}");
}
