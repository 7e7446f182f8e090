//! The harness measured: every planted fault is caught, and every check catches one.
//!
//! The kill matrix is a snapshot, because it is the best documentation of what each check is for.
//! A run tries each fault on the checks that the snapshot names for it, and a fault that the
//! snapshot does not name on all of them; so a kill that is lost fails the test, and a new one is
//! found when the whole matrix is taken again:
//!
//! `LOOKOUT_WHOLE_MATRIX=1 INSTA_UPDATE=always cargo test --package lookout-conformance --test planted_faults`

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lookout_conformance::check::{Check, Level};
use lookout_conformance::checks;
use lookout_server::danger::{Fault, faults};

#[path = "reference/matrix.rs"]
mod matrix;
#[path = "reference/server.rs"]
mod server;

use matrix::{is_a_race, kills};

/// Checks that no planted fault can fail, and why.
const GAPS: &[(&str, &str)] = &[];

/// What the snapshot says: the checks that fail each fault.
fn recorded() -> BTreeMap<String, BTreeSet<String>> {
    let text = include_str!(
        "snapshots/planted_faults__every_fault_is_caught_and_every_check_catches_one.snap"
    );
    let mut recorded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut fault = String::new();
    for line in text.lines().skip_while(|line| !line.is_empty() && !line.ends_with('.')) {
        match line.strip_prefix("  ") {
            Some(id) => {
                recorded.entry(fault.clone()).or_default().insert(id.to_owned());
            }
            None => line.split(':').next().unwrap_or_default().clone_into(&mut fault),
        }
    }
    recorded
}

/// The checks that `fault` fails now, of those that are `known` to.
fn caught(fault: &Fault, known: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    let exists = |id: &&String| checks::all().any(|check| check.id == id.as_str());
    let only: Vec<String> = known.into_iter().flatten().filter(exists).cloned().collect();
    let caught: BTreeSet<String> = kills(fault, &only).into_iter().map(|kill| kill.id).collect();
    let Some(known) = known else {
        // What a race decides is recorded when it is decided the same way twice.
        let again =
            kills(fault, &caught.iter().filter(|id| is_a_race(id)).cloned().collect::<Vec<_>>());
        let again: BTreeSet<String> = again.into_iter().map(|kill| kill.id).collect();
        return caught.into_iter().filter(|id| !is_a_race(id) || again.contains(id)).collect();
    };
    let lost_by_luck = known.iter().filter(|id| is_a_race(id)).cloned();
    caught.into_iter().chain(lost_by_luck).collect()
}

fn matrix() -> BTreeMap<&'static str, BTreeSet<String>> {
    let is_whole = std::env::var_os("LOOKOUT_WHOLE_MATRIX").is_some();
    let recorded = if is_whole { BTreeMap::new() } else { recorded() };
    let faults: Vec<&Fault> = faults().collect();
    let next = AtomicUsize::new(0);
    let matrix = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let caught = caught(fault, recorded.get(fault.name));
                    matrix.lock().unwrap().insert(fault.name, caught);
                }
            });
        }
    });
    matrix.into_inner().unwrap()
}

#[test]
fn every_fault_is_caught_and_every_check_catches_one() {
    let matrix = matrix();
    let mut text = String::new();
    for fault in faults() {
        writeln!(text, "{}: {}", fault.name, fault.mistake).unwrap();
        for id in &matrix[fault.name] {
            writeln!(text, "  {id}").unwrap();
        }
    }
    insta::assert_snapshot!(text);

    let survivors: Vec<&str> =
        matrix.iter().filter(|(_, caught)| caught.is_empty()).map(|(name, _)| *name).collect();
    assert!(survivors.is_empty(), "nothing catches {survivors:?}");

    let useful: BTreeSet<&str> = matrix.values().flatten().map(String::as_str).collect();
    // What only a race decides may have caught nothing this time.
    let is_judged = |check: &&Check| check.level != Level::Observe && !is_a_race(check.id);
    let judged = checks::all().filter(is_judged);
    let idle: Vec<&str> = judged.map(|check| check.id).filter(|id| !useful.contains(id)).collect();
    let gaps: Vec<&str> = GAPS.iter().map(|(id, _)| *id).collect();
    assert_eq!(idle, gaps, "every check catches a fault, except for the gaps that are listed");
}

#[test]
fn faults_have_names_and_sentences() {
    let mut names = BTreeSet::new();
    for fault in faults() {
        assert!(names.insert(fault.name), "{} is there twice", fault.name);
        assert!(fault.mistake.ends_with('.'), "{}", fault.name);
    }
    assert!(names.len() >= 24);
}
