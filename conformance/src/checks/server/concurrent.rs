//! Operations at the same time, on connections and addresses of their own.

use std::cell::{Cell, RefCell};

use crate::check::{Capability, Check, Level, rfc};
use crate::model::event::{Event, Record, Seen};
use crate::model::linear::{late_success, linearise};
use crate::model::operation::race::{Race, exchanges, race, refreshes, revocations};
use crate::model::oracle::Oracle;
use crate::model::play::{by_worlds, rules};
use crate::model::race::Course;
use crate::model::stage::Pool;
use crate::outcome::{Halt, Outcome, Violation, not_tested};
use crate::probe::Probe;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "concurrent/linearisable",
        level: Level::Must,
        clause: rfc(9700, "4.14.2"),
        claim: "What happens at the same time is answered as if it had happened in some order.",
        needs: &[Capability::Consent, Capability::Parallel],
        run: linearisable,
    },
    Check {
        id: "concurrent/revocation",
        level: Level::Must,
        clause: rfc(7009, "2"),
        claim: "No call that starts after a revocation was acknowledged succeeds, with whatever token and at whatever address.",
        needs: &[
            Capability::Consent,
            Capability::Refresh,
            Capability::Revocation,
            Capability::Parallel,
        ],
        run: revocation,
    },
    Check {
        id: "concurrent/single-use",
        level: Level::Must,
        clause: rfc(6749, "10.5"),
        claim: "Of exchanges of one code, or refreshes with one token, at the same time at most one succeeds, whatever else happens.",
        needs: &[Capability::Consent, Capability::Parallel],
        run: single_use,
    },
];

/// Tries `law` on every repetition of every race, and keeps the story of the smallest one that fails.
fn for_races(
    probe: &Probe<'_>,
    races: &impl proptest::strategy::Strategy<Value = Race>,
    law: impl Fn(&Course<'_, '_>) -> Outcome,
) -> Outcome {
    let story = RefCell::new(None);
    let has_failed = Cell::new(false);
    let pool = Pool::default();
    let outcome = probe.forall_kept(probe.options.cases.div_ceil(2).max(2), races, |race| {
        // A smaller race that shows it is looked for a few times; a clean one is asked more often.
        let repeats = if has_failed.get() { 3 } else { probe.options.repeats };
        for _ in 0..repeats.max(1) {
            let course = Course::run(probe, &pool, race)?;
            let outcome = law(&course);
            if let Err(Halt::Violation(violation)) = &outcome {
                has_failed.set(true);
                story.replace(Some((violation.clone(), course.story())));
            }
            outcome?;
        }
        Ok(())
    });
    outcome.map_err(|halt| match (halt, story.into_inner()) {
        (Halt::Violation(_), Some((violation, story))) => Halt::Violation(violation.on(story)),
        (halt, _) => halt,
    })
}

/// The history must have an order, and what lives afterwards must be what some such order leaves.
fn linearisable(probe: &Probe<'_>) -> Outcome {
    let judged = Cell::new(0_u32);
    for_races(probe, &race(), |course| {
        let rules = rules(probe);
        let mut oracle = Oracle::new(rules);
        if course.prefix().iter().any(|record| oracle.observe(record).is_err()) {
            // Nothing was at the same time yet: the sequential checks say this better.
            return Ok(());
        }
        judged.set(judged.get() + 1);
        let worlds = linearise(oracle.worlds(), &rules, &course.history);
        if worlds.is_empty() {
            let expected = "answers that some order of the operations explains";
            let observed = format!("no order of {} operations does", course.history.len());
            return Err(Violation::new(expected, observed).into());
        }
        let mut oracle = Oracle::of(rules, worlds);
        course.probe_all(&mut by_worlds(&mut oracle))
    })?;
    if judged.get() == 0 {
        return Err(not_tested(
            "every history was wrong before anything happened at the same time",
        ));
    }
    Ok(())
}

fn revocation(probe: &Probe<'_>) -> Outcome {
    for_races(probe, &revocations(), |course| {
        let accept = &mut |_: &Record, _: &_| Ok(());
        course.probe_all(accept)?;
        let records = course.everything();
        let tokens = course.tokens();
        match late_success(&rules(probe), &tokens, &records) {
            None => Ok(()),
            Some(late) => {
                let expected = "401 or a refusal, because it was revoked before";
                Err(Violation::new(expected, course.line(late)).into())
            }
        }
    })
}

fn single_use(probe: &Probe<'_>) -> Outcome {
    let is_once = |course: &Course<'_, '_>| {
        let mut used = Vec::new();
        for record in &course.history {
            let once = match (&record.event, &record.seen) {
                (Event::Exchange { code, .. }, Seen::Issued(_)) => format!("code {}", code.0),
                (Event::Refresh { token, .. }, Seen::Issued(_)) => format!("token {}", token.0),
                _ => continue,
            };
            if used.contains(&once) {
                let observed = format!("a second success: {}", course.line(record));
                return Err(Violation::new("at most one success", observed).into());
            }
            used.push(once);
        }
        Ok(())
    };
    for_races(probe, &exchanges(), is_once)?;
    if probe.profile().refresh.value.is_single_use() && !probe.lacks(Capability::Refresh) {
        for_races(probe, &refreshes(), is_once)?;
    }
    Ok(())
}
