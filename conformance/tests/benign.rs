//! The harness measured the other way: legal servers of other policies raise no alarm.
//!
//! A failure, an error or a warning here is a mistake in a check, not in the server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lookout_conformance::profile::Refresh;
use lookout_conformance::report::{Report, Verdict};
use lookout_conformance::{Options, Target, run};
use lookout_server::danger::{Fault, GRACE, SPREAD, variants};

#[path = "reference/server.rs"]
mod server;

use server::Server;

/// What a person would declare, because no calibration can tell it from a mistake.
fn declare(variant: &Fault, target: &mut Target) {
    match variant.name {
        "grace-refresh" => target.profile.refresh = Some(Refresh::Grace { seconds: GRACE }),
        "revocation-spreads" => target.profile.revocation_delay_ms = Some(SPREAD),
        _ => {}
    }
}

fn judged(variant: &Fault) -> Report {
    let server = Server::start(Some(variant), |_| {});
    let mut target = server.target();
    declare(variant, &mut target);
    let options = Options { cases: 2, threads: 2, tidy: false, ..Options::default() };
    run(&target, &options).unwrap()
}

fn alarms(variant: &Fault) -> String {
    let mut text = String::new();
    let report = judged(variant);
    for verdict in [Verdict::Fail, Verdict::Error, Verdict::Warn] {
        for check in report.with(verdict) {
            let found = check.counterexample.as_ref();
            let found = found.map(|found| format!("{} | {}", found.expected, found.observed));
            let reason = check.reason.clone().or(found).unwrap_or_default();
            writeln!(text, "{}: {verdict:?} {}: {reason}", variant.name, check.id).unwrap();
        }
    }
    text
}

#[test]
fn a_legal_server_of_another_policy_raises_no_alarm() {
    let only = std::env::var("LOOKOUT_VARIANT").ok();
    let is_asked = |variant: &&Fault| only.as_deref().is_none_or(|name| name == variant.name);
    let variants: Vec<&Fault> = variants().filter(is_asked).collect();
    let next = AtomicUsize::new(0);
    let raised = Mutex::new(String::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(variant) = variants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let alarms = alarms(variant);
                    raised.lock().unwrap().push_str(&alarms);
                }
            });
        }
    });
    let raised = raised.into_inner().unwrap();
    assert!(raised.is_empty(), "\n{raised}");
}

#[test]
fn variants_have_names_of_their_own() {
    let faults = lookout_server::danger::faults();
    let mut names: BTreeSet<&str> = faults.map(|fault| fault.name).collect();
    for variant in variants() {
        assert!(names.insert(variant.name), "{} is there twice", variant.name);
        assert!(variant.mistake.ends_with('.'), "{}", variant.name);
    }
}
