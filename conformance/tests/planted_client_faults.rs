//! The harness for clients measured: every fault of the scripted client is caught, every check on a
//! client catches one, and the client without a fault is clean.
//!
//! The kill matrix is a snapshot: `check in scenario` for the scenario in which a check first sees
//! the fault. A run tries each fault in two of the scenarios that the snapshot names for it, those
//! that catch the fewest others, and fails when neither catches it. The matrix is taken
//! again, for all faults or for those whose names begin with one of several words, and compared, by
//!
//! `LOOKOUT_WHOLE_MATRIX=1 INSTA_UPDATE=always cargo test --package lookout-conformance --test planted_client_faults`
//!
//! and then each fault is tried in every scenario in which the client without a fault came to a
//! point where the fault would have made a difference; the client notes these points.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::{fs, thread};

use lookout_conformance::check::Level;
use lookout_conformance::checks::client as checks;
use lookout_conformance::report::Verdict;

#[path = "scripted_client/kills.rs"]
mod kills;

use kills::{Kill, faults, graded, kills, noted, options};

/// Checks that cannot be tried on the scripted client, and why.
const UNTRIED: &[(&str, &str)] = &[
    ("bound/unpacked", "it asks for nothing compressed"),
    ("message/progress-token", "it asks for no progress"),
    ("result/request-state", "it gives no input"),
    ("stream/new-id", "it repeats no call by itself"),
];

/// A fault that shows in more scenarios than this is tried in the first of each area only.
const MOST_SCENARIOS: usize = 30;

/// Clients that run at the same time take each other's time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Where the client without a fault passes the place of each fault.
static SHOWN: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    graded(&["--notes", notes.to_str().unwrap()], &options(4));
    noted(&fs::read_to_string(notes).unwrap())
});

/// What the snapshot says: the kills of each fault.
fn recorded() -> BTreeMap<String, BTreeSet<Kill>> {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/snapshots/planted_client_faults__every_fault_is_caught_and_every_check_catches_one.snap"
    ));
    let mut recorded: BTreeMap<String, BTreeSet<Kill>> = BTreeMap::new();
    let mut fault = String::new();
    for line in text.unwrap_or_default().lines() {
        match line.strip_prefix("  ").and_then(|kill| kill.split_once(" in ")) {
            Some((check, scenario)) => {
                let kill = Kill { check: check.to_owned(), scenario: scenario.to_owned() };
                recorded.entry(fault.clone()).or_default().insert(kill);
            }
            None => line.split(':').next().unwrap_or_default().clone_into(&mut fault),
        }
    }
    recorded
}

/// The kills of `fault` now.
fn taken(fault: &str) -> BTreeSet<Kill> {
    let Some(shown) = SHOWN.get(fault) else { return BTreeSet::new() };
    let mut areas = BTreeSet::new();
    let is_first = |scenario: &&String| {
        areas.insert(scenario.split('/').next().unwrap_or_default().to_owned())
    };
    let some: Vec<String> = if shown.len() > MOST_SCENARIOS {
        shown.iter().filter(is_first).cloned().collect()
    } else {
        shown.iter().cloned().collect()
    };
    let found = kills(fault, &some, &[]);
    if found.is_empty() && shown.len() > some.len() {
        return kills(fault, &shown.iter().cloned().collect::<Vec<_>>(), &[]);
    }
    found
}

/// The recorded kills of `fault`, less those that were tried and are lost.
fn still(fault: &str, known: &BTreeSet<Kill>, rarity: &BTreeMap<&str, usize>) -> BTreeSet<Kill> {
    let exists = |kill: &&Kill| kill.is_possible();
    let mut chosen: Vec<&Kill> = known.iter().filter(exists).collect();
    chosen.sort_by_key(|kill| rarity[kill.check.as_str()]);
    chosen.truncate(2);
    let scenarios: BTreeSet<String> = chosen.iter().map(|kill| kill.scenario.clone()).collect();
    let ids: Vec<String> = chosen.iter().map(|kill| kill.check.clone()).collect();
    let found = kills(fault, &scenarios.into_iter().collect::<Vec<_>>(), &ids);
    if found.is_empty() {
        return BTreeSet::new();
    }
    let is_lost = |kill: &&Kill| {
        chosen.contains(kill) && !found.iter().any(|other| other.check == kill.check)
    };
    known.iter().filter(exists).filter(|kill| !is_lost(kill)).cloned().collect()
}

fn matrix() -> BTreeMap<String, BTreeSet<Kill>> {
    let wanted = std::env::var("LOOKOUT_WHOLE_MATRIX").ok();
    let is_taken = |name: &str| {
        wanted.as_ref().is_some_and(|words| {
            words == "1" || words.split(',').any(|word| name.starts_with(word))
        })
    };
    let recorded = recorded();
    let mut rarity: BTreeMap<&str, usize> = BTreeMap::new();
    for kill in recorded.values().flatten() {
        *rarity.entry(&kill.check).or_default() += 1;
    }
    let faults = faults();
    if faults.iter().any(|(name, _)| is_taken(name)) {
        LazyLock::force(&SHOWN);
    }
    let next = AtomicUsize::new(0);
    let matrix = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        // Most of a client's time is spent waiting.
        for _ in 0..if wanted.is_some() { 12 } else { 6 } {
            scope.spawn(|| {
                while let Some((fault, _)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let caught = match recorded.get(fault) {
                        Some(known) if !is_taken(fault) && known.iter().any(Kill::is_possible) => {
                            still(fault, known, &rarity)
                        }
                        _ => {
                            let caught = taken(fault);
                            eprintln!("{fault}: {} kills", caught.len());
                            caught
                        }
                    };
                    matrix.lock().unwrap().insert(fault.clone(), caught);
                }
            });
        }
    });
    matrix.into_inner().unwrap()
}

#[test]
fn every_fault_is_caught_and_every_check_catches_one() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let matrix = matrix();
    let mut text = String::new();
    for (name, mistake) in faults() {
        writeln!(text, "{name}: {mistake}").unwrap();
        for kill in &matrix[&name] {
            writeln!(text, "  {} in {}", kill.check, kill.scenario).unwrap();
        }
    }
    // What a busy machine makes of one kill among several is not worth a failure.
    let is_whole = std::env::var_os("LOOKOUT_WHOLE_MATRIX").is_some();
    if is_whole {
        insta::assert_snapshot!(text);
    }

    let survivors: Vec<&str> = matrix
        .iter()
        .filter(|(_, caught)| caught.is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(survivors.is_empty(), "nothing catches {survivors:?}");

    let useful: BTreeSet<&str> =
        matrix.values().flatten().map(|kill| kill.check.as_str()).collect();
    let judged = checks::all().filter(|check| check.level != Level::Observe);
    let idle: Vec<&str> = judged.map(|check| check.id).filter(|id| !useful.contains(id)).collect();
    if !is_whole {
        return;
    }
    insta::assert_snapshot!("checks_that_no_fault_fails", idle.join("\n"));
}

#[test]
fn the_client_without_a_fault_is_clean() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let report = graded(&[], &options(4));
    let raised: Vec<String> = [Verdict::Fail, Verdict::Warn, Verdict::Error]
        .into_iter()
        .flat_map(|verdict| report.with(verdict))
        .map(|check| format!("{}: {:?} {:?}", check.id, check.reason, check.counterexample))
        .collect();
    assert!(raised.is_empty(), "{}", raised.join("\n"));
    let untried: BTreeSet<&str> =
        report.with(Verdict::NotTested).map(|check| check.id.as_str()).collect();
    assert_eq!(untried, UNTRIED.iter().map(|(id, _)| *id).collect(), "everything else is tried");
}

#[test]
fn faults_have_names_and_sentences() {
    let mut names = BTreeSet::new();
    for (name, mistake) in faults() {
        assert!(mistake.ends_with('.'), "{name}");
        assert!(names.insert(name.clone()), "{name} is there twice");
    }
    assert!(names.len() >= 100);
}
