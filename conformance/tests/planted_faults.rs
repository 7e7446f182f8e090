//! The harness measured: every check against every planted fault.
//!
//! The kill matrix is a snapshot, because it is the best documentation of what each check is for.
//! Both directions hold: every fault is caught by some check, and every check catches some fault.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lookout_conformance::check::Level;
use lookout_conformance::report::Verdict;
use lookout_conformance::{Options, checks, run};
use lookout_server::danger::{Fault, faults};

#[path = "reference/server.rs"]
mod server;

use server::Server;

/// A check that races two requests: which faults it catches differs from run to run, so the matrix does not say.
const BY_LUCK: &str = "revocation/concurrent-refresh";

/// Checks that no planted fault can fail, and why.
const GAPS: &[(&str, &str)] = &[];

fn options() -> Options {
    // Few cases: a fault that needs luck to be caught should be caught by the fixed seed.
    Options {
        cases: 2,
        shrink_tries: 2,
        threads: 1,
        strict: true,
        tidy: false,
        ..Options::default()
    }
}

/// The ids of the checks that `fault` fails.
fn caught(fault: &Fault) -> BTreeSet<String> {
    let server = Server::start(Some(fault), |_| {});
    let report = run(&server.target(), &options()).unwrap();
    let mut caught: BTreeSet<String> = report.failures().map(|check| check.id.clone()).collect();
    if fault.name.ends_with("-immortal") {
        caught.extend(caught_late(fault));
    }
    caught
}

/// The same for what shows only when things expire soon.
fn caught_late(fault: &Fault) -> Vec<String> {
    let server = Server::start(Some(fault), |settings| {
        settings.lifetimes.code = 2;
        settings.lifetimes.access = 2;
    });
    let mut target = server.target();
    target.code_lifetime = Some(Duration::from_secs(2));
    let only = ["code/expiry", "bearer/expiry"].map(str::to_owned).to_vec();
    let report = run(&target, &Options { only, threads: 2, ..options() }).unwrap();
    assert_eq!(report.with(Verdict::NotTested).count(), 0);
    report.failures().map(|check| check.id.clone()).collect()
}

fn matrix() -> BTreeMap<&'static str, BTreeSet<String>> {
    let faults: Vec<&Fault> = faults().collect();
    let next = AtomicUsize::new(0);
    let matrix = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let caught = caught(fault);
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
        for id in matrix[fault.name].iter().filter(|id| *id != BY_LUCK) {
            writeln!(text, "  {id}").unwrap();
        }
    }
    insta::assert_snapshot!(text);

    let survivors: Vec<&str> =
        matrix.iter().filter(|(_, caught)| caught.is_empty()).map(|(name, _)| *name).collect();
    assert!(survivors.is_empty(), "nothing catches {survivors:?}");

    let useful: BTreeSet<&str> = matrix.values().flatten().map(String::as_str).collect();
    let judged = checks::all().filter(|check| check.level != Level::Observe);
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
