//! The strict reference server against every check: nothing is raised, and nothing goes untested.

use std::time::Duration;

use lookout_conformance::report::Verdict;
use lookout_conformance::{Options, Report, run};

#[path = "reference/server.rs"]
mod server;

use server::Server;

#[track_caller]
fn raises_nothing(report: &Report) {
    let is_quiet = |verdict| matches!(verdict, Verdict::Pass | Verdict::Observed);
    let raised: Vec<_> = report.checks.iter().filter(|check| !is_quiet(check.verdict)).collect();
    assert!(raised.is_empty(), "{raised:#?}");
}

/// What can only be tried when things expire soon.
const EXPIRY: [&str; 3] = ["code/expiry", "bearer/lifetime", "bearer/expiry"];

/// What is about sessions of the older revisions, of which this server has none.
const SESSIONS: [&str; 2] = ["legacy/session-id", "legacy/ended-session"];

#[test]
fn the_strict_server_passes_every_check() {
    let server = Server::start(None, |_| {});
    let options = Options { strict: true, ..Options::default() };
    let mut report = run(&server.target(), &options).unwrap();
    let aside = [&EXPIRY[..], &SESSIONS].concat();
    report.checks.retain(|check| !aside.contains(&check.id.as_str()));
    raises_nothing(&report);
}

#[test]
fn the_strict_server_lets_codes_and_tokens_expire() {
    let server = Server::start(None, |settings| {
        settings.lifetimes.code = 2;
        settings.lifetimes.access = 2;
    });
    let mut target = server.target();
    target.code_lifetime = Some(Duration::from_secs(2));
    let only = EXPIRY.map(str::to_owned).to_vec();
    let report = run(&target, &Options { only, strict: true, ..Options::default() }).unwrap();
    raises_nothing(&report);
}

#[test]
fn another_seed_raises_nothing_either() {
    let server = Server::start(None, |_| {});
    let only = ["pkce", "code", "refresh", "scope", "bearer"].map(str::to_owned).to_vec();
    let options = Options { seed: 4711, cases: 4, only, strict: true, ..Options::default() };
    let mut report = run(&server.target(), &options).unwrap();
    report.checks.retain(|check| !EXPIRY.contains(&check.id.as_str()));
    raises_nothing(&report);
}
