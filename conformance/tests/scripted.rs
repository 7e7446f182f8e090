//! The harness against tiny servers with a script: what it makes of silence, failure and lies.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;

use lookout_conformance::report::text::{Style, render};
use lookout_conformance::report::{CheckReport, Report, Verdict, json};
use lookout_conformance::{Options, RunError, Target, run};

#[path = "scripted/server.rs"]
mod server;

use server::{documents, json_answer, serve};

fn report(address: SocketAddr, only: &str, seed: u64) -> Report {
    // Enough tries to reach the smallest input; a run against a real server stops earlier.
    let options =
        Options { only: vec![only.to_owned()], seed, shrink_tries: 4000, ..Options::default() };
    run(&Target::new(format!("http://{address}")), &options).unwrap()
}

#[track_caller]
fn verdict(address: SocketAddr, id: &str) -> CheckReport {
    report(address, id, 1).checks.remove(0)
}

#[test]
fn a_claim_that_the_documents_bear_out_passes() {
    let address = serve(documents);
    assert_eq!(verdict(address, "metadata/issuer").verdict, Verdict::Pass);
    assert_eq!(verdict(address, "metadata/s256-only").verdict, Verdict::Pass);
}

#[test]
fn a_failing_server_has_refused_nothing() {
    let address = serve(|base, asked| match asked.path.as_str() {
        "/token" => json_answer(500, r#"{"error":"invalid_grant"}"#),
        _ => documents(base, asked),
    });
    let check = verdict(address, "token/error-response");
    assert_eq!(check.verdict, Verdict::Fail);
    assert!(check.counterexample.unwrap().observed.contains("500 invalid_grant"));
}

#[test]
fn a_dropped_connection_is_neither_a_refusal_nor_a_violation() {
    let address = serve(|base, asked| match asked.path.as_str() {
        "/token" => None,
        _ => documents(base, asked),
    });
    let check = verdict(address, "token/error-response");
    assert_eq!(check.verdict, Verdict::Error);
    assert!(check.reason.unwrap().contains("POST /token: no answer"));
}

#[test]
fn what_needs_an_account_is_not_tested_without_one() {
    let address = serve(documents);
    let check = verdict(address, "pkce/wrong-verifier");
    assert_eq!(check.verdict, Verdict::NotTested);
    assert!(check.reason.unwrap().contains("--user"));
}

#[test]
fn a_should_is_a_warning_unless_the_run_is_strict() {
    let address = serve(|base, asked| match asked.path.as_str() {
        "/mcp" => Some((
            401,
            "www-authenticate: Bearer error=\"invalid_token\"\r\n".to_owned(),
            String::new(),
        )),
        _ => documents(base, asked),
    });
    let target = Target::new(format!("http://{address}"));
    let only = vec!["challenge/no-error".to_owned()];
    let verdict_when = |strict| {
        let options = Options { only: only.clone(), strict, ..Options::default() };
        let report = run(&target, &options).unwrap();
        (report.checks[0].verdict, report.exit_code())
    };
    assert_eq!(verdict_when(false), (Verdict::Warn, 0));
    assert_eq!(verdict_when(true), (Verdict::Fail, 1));
}

#[test]
fn the_same_seed_gives_the_same_shrunk_counterexample() {
    let address = serve(|base, asked| match asked.path.as_str() {
        "/token" if asked.body.iter().any(|byte| *byte > 200) => json_answer(500, "{}"),
        "/token" => json_answer(400, r#"{"error":"invalid_request"}"#),
        _ => documents(base, asked),
    });
    let input = |seed| {
        let report = report(address, "robust/form-body", seed);
        report.checks[0].counterexample.clone().and_then(|found| found.input)
    };
    let first = input(3);
    assert!(first.is_some());
    assert_eq!(first, input(3));
    assert_eq!(first.as_deref(), Some("[201]"), "one byte is the smallest body that shows it");
}

#[test]
fn no_secret_that_the_server_gave_reaches_a_report() {
    let canary = "canary-secret-4711";
    let address = serve(move |base, asked| match asked.path.as_str() {
        "/register" => Some((
            201,
            format!("content-type: application/json\r\nset-cookie: s={canary}\r\n"),
            format!(r#"{{"client_id":"c","client_secret":"{canary}","note":"{canary}"}}"#),
        )),
        _ => documents(base, asked),
    });
    let report = report(address, "registration/effective-metadata", 1);
    assert_eq!(report.checks[0].verdict, Verdict::Fail);
    assert!(!report.checks[0].transcript.is_empty());
    for text in [render(&report, Style::Plain), json::render(&report).to_string()] {
        assert!(!text.contains(canary), "{text}");
        assert!(text.contains("client secret 1"), "{text}");
    }
}

#[test]
fn a_server_that_publishes_nothing_is_unusable_and_the_error_says_what_to_do() {
    let address = serve(|_, _| json_answer(404, "{}"));
    let error = run(&Target::new(format!("http://{address}")), &Options::default()).unwrap_err();
    assert!(matches!(error, RunError::Unusable(_)));
    assert!(error.to_string().contains("Give the address of an MCP server"));
}
