//! What a run makes of checks that a real run does not have.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::check::{Check, Level, rfc};
use crate::outcome::Outcome;
use crate::probe::Probe;
use crate::report::Verdict;
use crate::run::run_checks;
use crate::secret::Secret;
use crate::target::{Options, Target};

#[path = "../../tests/scripted/server.rs"]
mod server;

use server::{documents, json_answer, serve};

const fn check(id: &'static str, run: fn(&Probe<'_>) -> Outcome) -> Check {
    Check { id, level: Level::Must, clause: rfc(6749, "1"), claim: "It ends.", needs: &[], run }
}

static PANICS: Check = check("test/panics", |probe| {
    probe.register(&serde_json::json!({}))?;
    panic!("no invariant holds: {}", probe.target.headers[0].1.expose())
});
static PASSES: Check = check("test/passes", |_| Ok(()));

#[test]
fn a_check_that_panics_is_an_error_of_the_harness_and_the_others_still_report() {
    let address = serve(|base, asked| match asked.path.as_str() {
        "/register" => json_answer(201, r#"{"client_id":"c","token_endpoint_auth_method":"none"}"#),
        _ => documents(base, asked),
    });
    let mut target = Target::new(format!("http://{address}"));
    target.headers.push(("x-gate".to_owned(), Secret::new("a-secret-of-the-gate")));
    let options = Options { threads: 1, ..Options::default() };
    let before = run_checks(&[&PASSES], &target, &options, &|_| ()).unwrap();
    let report = run_checks(&[&PANICS, &PASSES], &target, &options, &|_| ()).unwrap();
    let [panicked, passed] = &report.checks[..] else { panic!("both are in the report") };
    assert_eq!((panicked.verdict, passed.verdict), (Verdict::Error, Verdict::Pass));
    let reason = panicked.reason.as_deref().unwrap();
    assert!(reason.contains("test/panics: this is a fault of the harness"), "{reason}");
    assert!(reason.contains("no invariant holds: <"), "{reason}");
    assert!(!reason.contains("a-secret-of-the-gate"), "{reason}");
    let left =
        |report: &crate::Report| report.left_behind.iter().map(|left| left.count).sum::<u64>();
    assert_eq!(left(&report), left(&before) + 1, "its client was to be taken away");
}
