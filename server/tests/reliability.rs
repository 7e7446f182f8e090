//! Short reliability runs: the strict server keeps every promise, and each planted fault is caught by the promise that it breaks.

use std::path::PathBuf;
use std::time::Duration;

use lookout_reliability::check::{Promise, Violation};
use lookout_reliability::database::Database;
use lookout_reliability::run::{Plan, Report};
use lookout_reliability::site::Binaries;
use lookout_reliability::table::verdict;
use lookout_reliability::{bounds, clock, isolation};
use lookout_server::danger::reliability_faults;

fn binaries(fault: Option<&str>) -> Binaries {
    Binaries {
        server: PathBuf::from(env!("CARGO_BIN_EXE_lookout-server")),
        danger: Some(PathBuf::from(env!("CARGO_BIN_EXE_lookout-server-danger"))),
        fault: fault.map(str::to_owned),
    }
}

fn complete<T>(future: impl Future<Output = anyhow::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future).expect("the servers run")
}

fn run(fault: Option<&str>) -> Report {
    run_on(None, fault)
}

fn run_on(database: Option<Database>, fault: Option<&str>) -> Report {
    // The database dies several times before a fault that only this shows is given up; a run ends when it has shown itself.
    let seconds = if database.is_some() && fault.is_some() { 40 } else { 8 };
    let plan = Plan {
        binaries: binaries(fault),
        time: Duration::from_secs(seconds),
        seed: 7,
        rate: 60.0,
        hammers: 3,
        calm: Duration::from_millis(300),
        impatient: true,
        measures_starts: false,
        demands_enough: false,
    };
    complete(plan.run(database))
}

/// Runs a server with the fault and asserts that exactly the right kind of promise is reported as broken, among others.
#[track_caller]
fn assert_caught(fault: &str, promises: &[Promise]) {
    assert_caught_on(None, fault, promises);
}

/// The same with the servers on this database, three of them on PostgreSQL.
#[track_caller]
fn assert_caught_on(database: Option<Database>, fault: &str, promises: &[Promise]) {
    assert!(reliability_faults().any(|known| known.name == fault), "{fault}");
    let report = run_on(database, Some(fault));
    let violations = &report.findings.violations;
    let is_named = violations.iter().any(|violation| promises.contains(&violation.promise));
    assert!(is_named, "{fault} was not caught by {promises:?}: {}", verdict(&report));
}

#[test]
fn the_strict_server_keeps_every_promise() {
    let report = run(None);
    assert_eq!(report.findings.violations, vec![], "{}", verdict(&report));
    assert!(report.findings.pairs > 100 && report.calls > 200, "{report:?}");
    assert!(report.tally.kills > 0 && report.tally.failpoints > 0 && report.tally.outages > 0);
    assert!(report.tally.rolls > 0, "{report:?}");
}

#[test]
fn strict_replicas_over_postgres_keep_every_promise() {
    let Some(database) = Database::throwaway() else { return };
    let report = run_on(Some(database), None);
    assert_eq!(report.findings.violations, vec![], "{}", verdict(&report));
    assert!(
        report.replicas == 3 && report.findings.pairs > 100 && report.calls > 200,
        "{report:?}"
    );
}

#[test]
fn a_bearer_cache_is_caught() {
    assert_caught("bearer-cache", &[Promise::Revocation]);
}

#[test]
fn a_bearer_cache_of_three_replicas_is_caught() {
    let Some(database) = Database::throwaway() else { return };
    assert_caught_on(Some(database), "bearer-cache", &[Promise::Revocation]);
}

#[test]
fn a_commit_that_the_database_has_not_yet_written_is_caught() {
    let Some(database) = Database::throwaway() else { return };
    assert_caught_on(Some(database), "asynchronous-commit", &[Promise::Durable]);
}

#[test]
fn a_reply_before_the_commit_is_caught() {
    assert_caught(
        "reply-before-commit",
        &[Promise::Revocation, Promise::Answers, Promise::Durable],
    );
}

#[test]
fn a_revocation_of_known_tokens_only_is_caught() {
    // Beside a kill, a call that was honoured too late is reported as a loss of the revocation.
    assert_caught("revocation-by-token", &[Promise::Revocation, Promise::Durable]);
}

#[test]
fn a_refresh_without_a_lock_is_caught() {
    assert_caught("refresh-without-lock", &[Promise::SingleUse]);
}

#[test]
fn trouble_that_is_called_a_denial_is_caught() {
    assert_caught("trouble-is-a-denial", &[Promise::Answers]);
}

#[test]
fn an_exchange_in_two_transactions_is_caught() {
    assert_caught("exchange-in-two-transactions", &[Promise::Whole]);
}

#[test]
fn a_server_that_stays_broken_is_caught() {
    assert_caught("broken-until-restarted", &[Promise::Recovery]);
}

#[test]
fn a_server_that_does_not_end_when_it_is_asked_to_is_caught() {
    assert_caught("never-ends", &[Promise::Restart]);
}

#[test]
fn passwords_that_calls_wait_for_are_caught() {
    let binaries = binaries(Some("passwords-before-calls"));
    let violations = complete(isolation::measure(binaries, 7, true)).violations;
    let is_named = |violation: &Violation| {
        violation.promise == Promise::Isolation && violation.evidence.starts_with("sign-in spray")
    };
    assert!(violations.iter().any(is_named), "{violations:?}");
}

#[test]
fn a_clock_that_is_set_back_revives_and_prolongs_nothing() {
    assert_eq!(complete(clock::measure(binaries(None))), vec![]);
}

#[test]
fn a_clock_that_is_believed_is_caught() {
    let violations = complete(clock::measure(binaries(Some("machine-clock"))));
    assert!(
        violations.iter().any(|violation| violation.promise == Promise::Clock),
        "{violations:?}"
    );
}

#[test]
fn connections_have_an_end_and_a_number() {
    assert_eq!(complete(bounds::measure(binaries(None))), vec![]);
}

#[test]
fn connections_without_an_end_are_caught() {
    let violations = complete(bounds::measure(binaries(Some("connections-without-end"))));
    assert!(violations.len() > 2, "{violations:?}");
}

#[test]
fn every_fault_of_the_list_has_a_test_here() {
    let source = include_str!("reliability.rs");
    let untested: Vec<&str> = reliability_faults()
        .map(|fault| fault.name)
        .filter(|name| !source.contains(&format!("\"{name}\"")))
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
}
