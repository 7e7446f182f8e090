//! A fixed report with every verdict in it.

use lookout_conformance::check::{Clause, Level};
use lookout_conformance::expected::Baseline;
use lookout_conformance::profile::{Declared, Profile};
use lookout_conformance::report::coverage::ClauseCoverage;
use lookout_conformance::report::{
    CheckReport, Counterexample, LeftBehind, Report, Subject, Verdict,
};
use lookout_conformance::{Exchange, Party};

const CLAUSE: Clause = Clause::Rfc { number: 7636, section: "4.6" };

pub(crate) fn check(id: &str, level: Level, verdict: Verdict) -> CheckReport {
    CheckReport {
        id: id.to_owned(),
        level: level.into(),
        clause: CLAUSE.into(),
        claim: "A code is never redeemed with a verifier that its challenge was not made from."
            .to_owned(),
        verdict,
        expected: None,
        reason: None,
        counterexample: None,
        transcript: Vec::new(),
        duration_ms: 120,
    }
}

fn exchange(request: &str, to: Party) -> Exchange {
    Exchange {
        from: if to == Party::McpEndpoint { Party::Client } else { Party::Browser },
        to,
        request: request.to_owned(),
        request_headers: vec!["content-type: application/x-www-form-urlencoded".to_owned()],
        request_body: "code=<code 1>&code_verifier=<verifier 2>".to_owned(),
        answer: "200".to_owned(),
        answer_headers: vec!["cache-control: no-store".to_owned()],
        answer_body: "{\"access_token\":\"<access token 1>\"}".to_owned(),
        curl: "curl -i -X POST 'http://127.0.0.1:8787/oauth/token' --data-raw '…'".to_owned(),
    }
}

pub(crate) fn found(input: &str) -> Counterexample {
    Counterexample {
        expected: "400 or 401 with error invalid_grant, and no token".to_owned(),
        observed: "POST /oauth/token answered 200".to_owned(),
        input: Some(input.to_owned()),
        trail: None,
        seed: None,
    }
}

pub(crate) fn example() -> Report {
    let mut failed = check("pkce/wrong-verifier", Level::Must, Verdict::Fail);
    failed.counterexample = Some(found("Flipped(0)"));
    failed.transcript = vec![
        exchange("GET http://127.0.0.1:8787/oauth/authorize?scope=a", Party::AuthorizationServer),
        exchange("POST http://127.0.0.1:8787/oauth/token", Party::AuthorizationServer),
    ];
    failed.transcript[1].from = Party::Client;
    let mut warned = check("page/content-policy", Level::Hardening, Verdict::Warn);
    warned.expected = Some("the pages move to another host next month".to_owned());
    warned.counterexample = Some(found("/sign-in"));
    let mut untested = check("code/expiry", Level::Must, Verdict::NotTested);
    untested.reason = Some("codes live 60 s, longer than a check may wait (5 s)".to_owned());
    let mut observed = check("code/failed-exchange", Level::Observe, Verdict::Observed);
    observed.reason = Some("it keeps the code".to_owned());
    let mut error = check("refresh/rotation", Level::Must, Verdict::Error);
    error.reason = Some("POST /oauth/token: no answer: timeout".to_owned());
    let checks = vec![
        check("metadata/issuer", Level::Must, Verdict::Pass),
        failed,
        warned,
        untested,
        observed,
        error,
    ];
    let open = ["code/expiry", "refresh/rotation"].map(str::to_owned).to_vec();
    let ids = checks.iter().map(|check| check.id.clone());
    let concluded = ids.filter(|id| !open.contains(id)).collect();
    Report {
        version: "0.1.0".to_owned(),
        target: "http://127.0.0.1:8787".to_owned(),
        endpoint: "http://127.0.0.1:8787/mcp".to_owned(),
        issuer: "http://127.0.0.1:8787".to_owned(),
        catalogue: "sha256:0".to_owned(),
        seed: 1,
        cases: 12,
        longest_sequence: 12,
        repeats: 3,
        quick: false,
        strict: false,
        only: Vec::new(),
        threads: 3,
        started: "2026-11-22T20:15:00Z".to_owned(),
        duration_ms: 1_900,
        requests: 1_234,
        rounds: 1,
        ended: None,
        authorization: Some("Ada allows the test of her staging server.".to_owned()),
        left_behind: vec![LeftBehind {
            what: "registered client: the server names no way to delete it (RFC 7592)".to_owned(),
            count: 3,
        }],
        baseline: Some(Baseline {
            file: "expected.toml".to_owned(),
            stale: vec!["pkce/method is expected to fail, and passes: delete the entry".to_owned()],
        }),
        profile: Profile::assuming(&Declared::default()).settings()[..2].to_vec(),
        coverage: vec![ClauseCoverage { clause: CLAUSE.into(), concluded, open }],
        scenarios: Vec::new(),
        subject: Subject::Server,
        checks,
    }
}
