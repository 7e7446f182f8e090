//! The harness on servers that are set up in other ways: how clients come to be, how consent is
//! given, what a run may ask, and what it leaves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lookout_conformance::catalogue::Catalogue;
use lookout_conformance::draft::draft;
use lookout_conformance::report::{Report, Verdict, json};
use lookout_conformance::secret::Secret;
use lookout_conformance::target::consent::DecisionWord;
use lookout_conformance::target::{
    ClientMethod, Command, Consent, Driver, KnownClient, Limits, Ownership, ReadyToken,
    Registration,
};
use lookout_conformance::{Options, RunError, Target, run};

#[path = "targets/leave.rs"]
mod leave;
#[path = "targets/minimal.rs"]
mod minimal;
#[path = "targets/program.rs"]
mod program;
#[path = "scripted/server.rs"]
#[allow(dead_code, reason = "another test uses the rest of it")]
mod server;

use minimal::{Minimal, Switches};

const CALLBACK: &str = "http://127.0.0.1:41999/callback";
const NONCE: &str = "8f2e6c1d9a7b4053";

fn tools() -> Catalogue {
    let tool = |name: &str, scope: &str, writes| {
        (name.to_owned(), vec![scope.to_owned()], Some(serde_json::json!({"at": "x"})), writes)
    };
    Catalogue::declared(&[], [tool("look", "read", false), tool("put", "write", true)])
}

fn target(server: &Minimal) -> Target {
    let mut target = Target::new(server.url());
    target.catalogue = tools();
    target.consent = Some(Consent { person: None, driver: Driver::Redirects });
    target
}

#[track_caller]
fn judge(target: &Target, only: &[&str]) -> Report {
    let only = only.iter().map(|name| (*name).to_owned()).collect();
    run(target, &Options { only, ..Options::default() }).unwrap()
}

#[track_caller]
fn verdict(report: &Report, id: &str) -> (Verdict, String) {
    let check = report.checks.iter().find(|check| check.id == id).unwrap();
    let found = check.counterexample.as_ref().map(|found| format!("{found:?}"));
    (check.verdict, check.reason.clone().or(found).unwrap_or_default())
}

#[track_caller]
fn is_not_tested(report: &Report, id: &str, because: &str) {
    let (verdict, reason) = verdict(report, id);
    assert_eq!(verdict, Verdict::NotTested, "{id}: {reason}");
    assert!(reason.contains(because), "{id}: {reason}");
}

fn known(server: &Minimal, clients: Vec<KnownClient>) -> Target {
    Target { registration: Registration::PreRegistered(clients), ..target(server) }
}

fn unusable(target: &Target) -> String {
    match run(target, &Options::default()) {
        Err(RunError::Unusable(reason)) => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_that_consents_by_itself_is_tested_as_far_as_that_goes() {
    let registers = Switches { registers: true, deletes: true, ..Switches::default() };
    let server = Minimal::start(registers, &[]);
    let only = ["code/single-use", "pkce/wrong-verifier", "consent/deny", "page", "scope/gate"];
    let report = judge(&target(&server), &only);
    assert_eq!(verdict(&report, "code/single-use").0, Verdict::Pass);
    assert_eq!(verdict(&report, "scope/gate"), (Verdict::Pass, String::new()));
    assert_eq!(verdict(&report, "pkce/wrong-verifier").0, Verdict::Fail, "it looks at none");
    is_not_tested(&report, "consent/deny", "nobody can decide otherwise");
    is_not_tested(&report, "page/framing", "only the \"forms\" driver reads pages");
}

#[test]
fn what_a_run_made_is_taken_away() {
    let registers = Switches { registers: true, deletes: true, ..Switches::default() };
    let server = Minimal::start(registers, &[]);
    let report = judge(&target(&server), &["code", "scope"]);
    let state = server.state.lock().unwrap();
    assert_eq!(state.tokens.len(), 0, "{:?}", state.tokens);
    assert_eq!(state.clients.len(), 0, "{:?}", state.clients);
    assert_eq!(report.left_behind, []);
}

#[test]
fn what_cannot_be_taken_away_is_in_the_report() {
    let server = Minimal::start(Switches { registers: true, ..Switches::default() }, &[]);
    let report = judge(&target(&server), &["code/single-use"]);
    let state = server.state.lock().unwrap();
    assert_eq!(state.tokens.len(), 0);
    let [left] = report.left_behind.as_slice() else { panic!("{:?}", report.left_behind) };
    assert_eq!(left.count, u64::try_from(state.clients.len()).unwrap());
    assert!(left.what.contains("RFC 7592"), "{}", left.what);
}

#[test]
fn one_client_that_somebody_registered_is_enough_for_what_needs_one() {
    let server = Minimal::start(Switches::default(), &[("a", None)]);
    let target = known(&server, vec![KnownClient::public("a", CALLBACK)]);
    let report = judge(&target, &["code", "registration"]);
    assert_eq!(verdict(&report, "code/single-use").0, Verdict::Pass);
    is_not_tested(&report, "code/client-binding", "another client with method none");
    is_not_tested(&report, "registration/effective-metadata", "pre-registered");
}

#[test]
fn two_clients_that_somebody_registered_are_enough_for_what_needs_two() {
    let server = Minimal::start(Switches::default(), &[("a", None), ("b", None)]);
    let clients = ["a", "b"].map(|id| KnownClient::public(id, CALLBACK)).to_vec();
    let report = judge(&known(&server, clients), &["code/foreign-replay"]);
    assert_eq!(report.checks[0].reason, None);
    assert_ne!(report.checks[0].verdict, Verdict::NotTested);
}

#[test]
fn a_client_with_a_secret_shows_it_and_the_report_does_not() {
    let secret = "s3cret-of-the-client";
    let server = Minimal::start(Switches::default(), &[("a", Some(secret))]);
    let client = KnownClient {
        secret: Some(Secret::new(secret)),
        method: ClientMethod::ClientSecretPost,
        ..KnownClient::public("a", CALLBACK)
    };
    let report = judge(&known(&server, vec![client]), &["code/single-use", "pkce/wrong-verifier"]);
    assert_eq!(verdict(&report, "code/single-use").0, Verdict::Pass);
    assert_eq!(verdict(&report, "pkce/wrong-verifier").0, Verdict::Fail);
    assert!(!json::render(&report).to_string().contains(secret));
}

#[test]
fn a_client_may_be_named_by_the_address_of_its_document() {
    let id = "https://client.example/conformance.json";
    let server = Minimal::start(Switches::default(), &[(id, None)]);
    let client = KnownClient::public(id, CALLBACK);
    assert_eq!(client.document()["redirect_uris"], serde_json::json!([CALLBACK]));
    let registration = Registration::MetadataDocument(vec![client]);
    let report = judge(&Target { registration, ..target(&server) }, &["code/single-use"]);
    assert_eq!(report.checks[0].verdict, Verdict::Pass);
}

#[test]
fn a_gateway_gets_its_header_with_every_request_and_the_report_does_not_tell_it() {
    let value = "key-of-the-gateway";
    let server = Minimal::start(
        Switches { registers: true, gateway: Some(value), ..Switches::default() },
        &[],
    );
    let mut target = target(&server);
    assert!(unusable(&target).contains("publishes neither"));
    target.headers = vec![("x-gateway".to_owned(), Secret::new(value))];
    let report = judge(&target, &["code/single-use", "pkce/wrong-verifier"]);
    assert_eq!(verdict(&report, "code/single-use").0, Verdict::Pass);
    let text = json::render(&report).to_string();
    assert!(text.contains("x-gateway") && !text.contains(value), "{text}");
}

#[test]
fn tokens_that_exist_are_enough_for_what_needs_only_a_token() {
    let server = Minimal::start(Switches::default(), &[]);
    let ready = [("reader-token", "read"), ("writer-token", "read write")];
    for (token, scope) in ready {
        server.state.lock().unwrap().tokens.insert(token.to_owned(), scope.to_owned());
    }
    let mut target = Target { consent: None, ..target(&server) };
    target.tokens = ready
        .map(|(token, scope)| ReadyToken {
            scopes: scope.split(' ').map(str::to_owned).collect(),
            token: Secret::new(token),
        })
        .to_vec();
    let report = judge(&target, &["scope/gate", "bearer/query", "code/single-use"]);
    assert_eq!(verdict(&report, "scope/gate"), (Verdict::Pass, String::new()));
    assert_eq!(verdict(&report, "bearer/query").0, Verdict::Pass);
    is_not_tested(&report, "code/single-use", "[consent]");
    assert_eq!(server.state.lock().unwrap().tokens.len(), 2, "given tokens are not revoked");
}

#[test]
fn a_spent_budget_ends_the_testing_but_not_the_tidying() {
    let registers = Switches { registers: true, deletes: true, ..Switches::default() };
    let server = Minimal::start(registers, &[]);
    let mut target = target(&server);
    target.limits.total_requests = Some(120);
    let report = judge(&target, &["code", "scope", "pkce"]);
    let is_spent = |reason: &Option<String>| {
        reason.as_ref().is_some_and(|reason| reason.contains("limits.total_requests are spent"))
    };
    assert!(report.checks.iter().any(|check| is_spent(&check.reason)));
    assert!(report.checks.iter().all(|check| check.verdict != Verdict::Error));
    let state = server.state.lock().unwrap();
    assert_eq!((state.tokens.len(), state.clients.len()), (0, 0));
}

#[test]
fn a_server_that_is_spared_gets_no_oversize_bodies() {
    let server = Minimal::start(Switches { registers: true, ..Switches::default() }, &[]);
    let mut target = target(&server);
    target.limits = Limits { requests_per_second: None, ..Limits::polite() };
    let only = ["robust/oversize", "registration/bounded", "code/single-use", "scope/gate"];
    let report = judge(&target, &only);
    assert_eq!(verdict(&report, "scope/gate").0, Verdict::Pass, "its arguments are declared");
    target.catalogue.tools.iter_mut().for_each(|tool| tool.declared = None);
    is_not_tested(&judge(&target, &["scope/gate"]), "scope/gate", "put changes something");
    is_not_tested(&report, "robust/oversize", "limits.polite");
    is_not_tested(&report, "registration/bounded", "limits.polite");
    assert_eq!(verdict(&report, "code/single-use").0, Verdict::Pass);
}

#[test]
fn a_draft_names_what_was_found_and_can_be_read_once_it_is_filled_in() {
    let server = Minimal::start(Switches { registers: true, ..Switches::default() }, &[]);
    server.state.lock().unwrap().tokens.insert("ready".to_owned(), "read".to_owned());
    let draft = draft(&server.url(), Some(&Secret::new("ready"))).unwrap();
    for part in [
        "scopes = [\"read\", \"write\"]",
        "kind = \"dynamic\"",
        "answered 401 with WWW-Authenticate: Bearer resource_metadata=",
        "# [tools.look]\n# scopes = [\"\"]\n# arguments = { at = … }",
        "# [tools.put]\n# scopes = [\"\"]\n# writes = true",
        "speaks: initialize.",
    ] {
        assert!(draft.text.contains(part), "{part}\n{}", draft.text);
    }
    let environment = |_: &str| Some("password".to_owned());
    let folder = std::path::Path::new(".");
    let target = Target::parse("target.toml", &draft.text, folder, &environment).unwrap();
    assert_eq!(target.url, server.url());
    assert!(draft.to_do.iter().any(|step| step.contains("LOOKOUT_CONFORMANCE_PASSWORD")));
    assert_eq!(server.state.lock().unwrap().clients.len(), 0, "looking registers nothing");
}

#[test]
fn a_draft_lists_other_hosts_and_leaves_no_clients_to_guess() {
    let server = Minimal::start(Switches { strange_host: true, ..Switches::default() }, &[]);
    let draft = draft(&server.url(), None).unwrap();
    assert!(draft.text.contains("hosts = [\"auth.example.com\"]"), "{}", draft.text);
    assert!(draft.text.contains("kind = \"pre-registered\""), "{}", draft.text);
}

#[test]
fn there_is_no_draft_for_what_is_no_mcp_server() {
    let address = server::serve(|_, _| server::json_answer(404, "{}"));
    let error = draft(&format!("http://{address}/"), None).unwrap_err().to_string();
    assert!(error.contains("Give the address of an MCP server that requires OAuth"), "{error}");
}
