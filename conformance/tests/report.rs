//! How a report reads, on a fixed example of every verdict.

use lookout_conformance::Exchange;
use lookout_conformance::check::{Clause, Level};
use lookout_conformance::profile::{Declared, Profile};
use lookout_conformance::report::text::{Style, line, render};
use lookout_conformance::report::{CheckReport, Counterexample, Report, Verdict, json};

fn check(id: &str, level: Level, verdict: Verdict) -> CheckReport {
    CheckReport {
        id: id.to_owned(),
        level: level.into(),
        clause: Clause::Rfc { number: 7636, section: "4.6" }.into(),
        claim: "A code is never redeemed with a verifier that its challenge was not made from."
            .to_owned(),
        verdict,
        reason: None,
        counterexample: None,
        transcript: Vec::new(),
        duration_ms: 120,
    }
}

fn example() -> Report {
    let mut failed = check("pkce/wrong-verifier", Level::Must, Verdict::Fail);
    failed.counterexample = Some(Counterexample {
        expected: "400 or 401 with error invalid_grant, and no token".to_owned(),
        observed: "POST /oauth/token answered 200".to_owned(),
        input: Some("Flipped(0)".to_owned()),
    });
    failed.transcript.push(Exchange {
        request: "POST http://127.0.0.1:8787/oauth/token".to_owned(),
        request_headers: vec!["content-type: application/x-www-form-urlencoded".to_owned()],
        request_body: "code=<code 1>&code_verifier=<verifier 2>".to_owned(),
        answer: "200".to_owned(),
        answer_headers: vec!["cache-control: no-store".to_owned()],
        answer_body: "{\"access_token\":\"<access token 1>\"}".to_owned(),
        curl: "curl -i -X POST 'http://127.0.0.1:8787/oauth/token' --data-raw '…'".to_owned(),
    });
    let mut untested = check("code/expiry", Level::Must, Verdict::NotTested);
    untested.reason = Some("codes live 60 s, longer than a check may wait (5 s)".to_owned());
    let mut observed = check("code/failed-exchange", Level::Observe, Verdict::Observed);
    observed.reason = Some("it keeps the code".to_owned());
    let mut error = check("refresh/rotation", Level::Must, Verdict::Error);
    error.reason = Some("POST /oauth/token: no answer: timeout".to_owned());
    Report {
        version: "0.1.0".to_owned(),
        target: "http://127.0.0.1:8787".to_owned(),
        endpoint: "http://127.0.0.1:8787/mcp".to_owned(),
        issuer: "http://127.0.0.1:8787".to_owned(),
        catalogue: "sha256:0".to_owned(),
        seed: 1,
        cases: 12,
        strict: false,
        duration_ms: 1_900,
        profile: Profile::assuming(&Declared::default()).settings()[..2].to_vec(),
        checks: vec![
            check("metadata/issuer", Level::Must, Verdict::Pass),
            failed,
            check("page/content-policy", Level::Hardening, Verdict::Warn),
            untested,
            observed,
            error,
        ],
    }
}

#[test]
fn the_terminal_report() {
    let report = example();
    let lines: Vec<String> = report.checks.iter().map(|check| line(check, Style::Plain)).collect();
    insta::assert_snapshot!(format!("{}\n{}", lines.join("\n"), render(&report, Style::Plain)));
}

#[test]
fn the_json_report() {
    insta::assert_snapshot!(format!("{:#}", json::render(&example())));
}

#[test]
fn colour_adds_escapes_and_changes_no_word() {
    let report = example();
    let coloured = render(&report, Style::Colour);
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    assert_ne!(coloured, plain);
    assert_eq!(plain, render(&report, Style::Plain));
}
