//! Races, which a replay tries more than once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};

use crate::check::{Capability, Check, Level, rfc};
use crate::outcome::{Outcome, Violation, ensure};
use crate::probe::Probe;
use crate::replay::{ReplayFile, ReplayResult, Replayed, replay_check};
use crate::report::text::{self, Style};
use crate::run::tests::server::{documents, serve};
use crate::target::{Options, Target};

const fn race(run: fn(&Probe<'_>) -> Outcome) -> Check {
    let (clause, claim) = (rfc(6749, "10.5"), "It is won once.");
    Check {
        id: "test/race",
        level: Level::Must,
        clause,
        claim,
        needs: &[Capability::Parallel],
        run,
    }
}

fn replayed(check: &Check, repeats: Option<u32>) -> (ReplayFile, Replayed) {
    let document = serde_json::json!({
        "format": 1, "harness": "0", "target": "t", "check": check.id, "seed": 1, "cases": 1,
        "longest_sequence": 60, "repeats": repeats, "expected": "e", "observed": "o"
    });
    let file: ReplayFile = serde_json::from_value(document).unwrap();
    let address = serve(documents);
    let target = Target::new(format!("http://{address}"));
    let replayed = replay_check(check, &target, &Options::default(), &file).unwrap();
    (file, replayed)
}

#[test]
fn a_race_is_tried_until_it_shows_the_violation() {
    let check = race(|probe| {
        static TRIES: AtomicU32 = AtomicU32::new(0);
        assert_eq!(probe.options.longest_sequence, 60);
        match TRIES.fetch_add(1, Ordering::SeqCst) {
            14 => Err(Violation::new("one", "two").into()),
            _ => Ok(()),
        }
    });
    let (_, replayed) = replayed(&check, None);
    assert!(matches!(replayed.result, ReplayResult::Reproduced(_)), "{:?}", replayed.result);
    assert_eq!(replayed.tries, 15);
}

#[test]
fn a_race_that_is_not_seen_says_in_how_many_tries() {
    let check = race(|probe| ensure(probe.options.repeats == 1, "one", || "more".to_owned()));
    for (repeats, tries) in [(None, 20), (Some(3), 20), (Some(30), 30)] {
        let (file, replayed) = replayed(&check, repeats);
        assert_eq!((&replayed.result, replayed.tries), (&ReplayResult::Gone, tries));
        let text = text::replay(&file, &replayed, "http://h", Style::Plain);
        assert!(text.contains(&format!("not seen in {tries} tries")), "{text}");
    }
}
