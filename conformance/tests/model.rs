//! The model against running servers: what it finds, how small, how it reads, and that it is the same each time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use lookout_conformance::profile::Source;
use lookout_conformance::report::{CheckReport, Verdict};
use lookout_conformance::{Options, Target, run};
use lookout_server::danger::{Fault, faults, variants};

#[path = "reference/server.rs"]
mod server;

use server::Server;

fn fault(name: &str) -> &'static Fault {
    faults().find(|fault| fault.name == name).unwrap()
}

/// What `check` alone says about `target`.
fn judged(target: &Target, check: &str) -> CheckReport {
    let options =
        Options { only: vec![check.to_owned()], cases: 12, tidy: false, ..Options::default() };
    run(target, &options).unwrap().checks.remove(0)
}

/// The story of the counterexample that `check` alone finds on a server with the fault `name`.
fn story(name: &str, check: &str) -> String {
    let server = Server::start(Some(fault(name)), |_| {});
    let report = judged(&server.target(), check);
    assert_eq!(report.verdict, Verdict::Fail, "{name}: {report:#?}");
    let found = report.counterexample.unwrap();
    format!("expected {}\nobserved {}{}", found.expected, found.observed, found.input.unwrap())
}

fn operations(story: &str) -> usize {
    story.lines().skip(2).count()
}

#[test]
fn a_counterexample_is_short_and_reads_in_the_order_it_happened() {
    let story = story("revocation-of-access-ignored", "model/sequence");
    assert!(operations(&story) <= 6, "{story}");
    insta::assert_snapshot!(story);
}

#[test]
fn sequences_find_what_no_check_was_written_for_here() {
    for (name, check) in [
        ("old-refresh-tokens-work", "model/sequence"),
        ("refresh-for-any-client", "model/sequence"),
        ("revoked-grants-live", "model/safety"),
    ] {
        let story = story(name, check);
        assert!(operations(&story) <= 8, "{name}: {story}");
    }
}

#[test]
fn the_same_seed_gives_the_same_counterexample() {
    let first = story("old-refresh-tokens-work", "model/sequence");
    for _ in 0..2 {
        assert_eq!(story("old-refresh-tokens-work", "model/sequence"), first);
    }
}

/// That a spent token ends its grant is a SHOULD, so one check says that it does not, and no other fails for it.
#[test]
fn a_server_that_only_refuses_reuse_is_told_so_once() {
    let server = Server::start(Some(fault("reuse-only-refused")), |_| {});
    let checks = ["model/sequence", "model/safety", "model/final-probe", "concurrent/linearisable"];
    let only = checks.iter().chain(&["refresh/reuse"]).map(|&id| id.to_owned()).collect();
    let options = Options { only, cases: 6, tidy: false, ..Options::default() };
    let report = run(&server.target(), &options).unwrap();
    for check in &report.checks {
        let expected =
            if checks.contains(&check.id.as_str()) { Verdict::Pass } else { Verdict::Warn };
        assert_eq!(check.verdict, expected, "{check:#?}");
    }
    let knob = report.profile.iter().find(|setting| setting.knob == "refresh").unwrap();
    assert_eq!((knob.value.as_str(), knob.source), ("refuses-reuse", Source::Inferred));
    assert!(knob.remark.is_some());
}

/// The profile takes one grant for a client and a person for a policy, and one ending that reaches too far for a mistake.
#[test]
fn joined_grants_are_a_policy_and_one_ending_that_reaches_too_far_is_a_mistake() {
    let joins = variants().find(|variant| variant.name == "consent-joins").unwrap();
    for (served, check, verdict, policy) in [
        (joins, "revocation/only-that-grant", Verdict::Pass, "joins-grants"),
        (
            fault("revocation-ends-the-client"),
            "revocation/only-that-grant",
            Verdict::Fail,
            "keeps-grants",
        ),
        (fault("reuse-ends-the-client"), "refresh/isolation", Verdict::Warn, "keeps-grants"),
    ] {
        let server = Server::start(Some(served), |_| {});
        let options =
            Options { only: vec![check.to_owned()], cases: 6, tidy: false, ..Options::default() };
        let report = run(&server.target(), &options).unwrap();
        assert_eq!(report.checks[0].verdict, verdict, "{}: {:#?}", served.name, report.checks[0]);
        let knob = report.profile.iter().find(|setting| setting.knob == "re-authorize").unwrap();
        assert_eq!(knob.value, policy, "{}", served.name);
    }
}

#[test]
fn races_die_each_time() {
    for (name, check) in [
        ("code-checked-before-it-is-used", "concurrent/single-use"),
        ("refresh-checked-before-it-is-used", "concurrent/single-use"),
        ("revocation-misses-the-newest", "concurrent/revocation"),
        ("revocation-later", "concurrent/linearisable"),
    ] {
        let story = story(name, check);
        assert!(story.contains("at the same time"), "{name}: {story}");
    }
}

/// A server and another one over the same data, of which the second may have a fault; and both as one target.
fn replicas(fault: Option<&Fault>) -> ([Server; 2], Target) {
    let mut data = PathBuf::new();
    let first = Server::start(None, |settings| data.clone_from(&settings.data));
    let mut target = first.target();
    let base = target.url.trim_end_matches("/mcp").to_owned();
    let second = Server::start(fault, |settings| {
        settings.data = data;
        settings.public_url = Some(base);
    });
    target.replicas = vec![second.target().url.trim_end_matches("/mcp").to_owned()];
    ([first, second], target)
}

#[test]
fn two_replicas_of_one_server_are_one_server() {
    let (_servers, target) = replicas(None);
    for check in ["model/sequence", "concurrent/linearisable", "concurrent/revocation"] {
        let report = judged(&target, check);
        assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
    }
}

#[test]
fn a_replica_that_answers_from_a_cache_is_found_out() {
    let (_servers, target) = replicas(Some(fault("answers-cached")));
    let report = judged(&target, "model/final-probe");
    assert_eq!(report.verdict, Verdict::Fail, "{report:#?}");
    let story = report.counterexample.unwrap().input.unwrap();
    assert!(story.contains("at replica 2"), "{story}");
}
