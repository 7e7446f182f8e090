//! What a run makes of checks that a real run does not have.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::check::{Check, Level, rfc};
use crate::expected::Expectations;
use crate::outcome::{Outcome, Violation, not_tested};
use crate::probe::Probe;
use crate::replay::ReplayFile;
use crate::report::Verdict;
use crate::run::rounds::rounds;
use crate::run::run_checks;
use crate::secret::Secret;
use crate::target::{Options, Target};

#[path = "../../tests/scripted/server.rs"]
pub(crate) mod server;

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

const HOUR: Duration = Duration::from_secs(3600);

fn violated() -> Outcome {
    Err(Violation::new("nothing", "something").into())
}

static IS_ACCEPTED: Check = check("test/accepted", |_| violated());
static PASSES_AT_FIRST: Check = check("test/at-first", |probe| match probe.options.seed {
    1 => Ok(()),
    _ => Err(not_tested("the server has none left")),
});
static WARNS_LATER: Check = Check {
    level: Level::Should,
    ..check("test/later", |probe| match probe.options.seed {
        1 => Ok(()),
        _ => violated(),
    })
};
static FAILS_THIRD: Check = check("test/third", |_| {
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    if ROUNDS.fetch_add(1, Ordering::SeqCst) == 2 { violated() } else { Ok(()) }
});

#[test]
fn rounds_go_on_past_accepted_failures_and_lose_nothing() {
    let target = Target::new(format!("http://{}", serve(documents)));
    let accepted = "[[expected]]\ncheck = \"test/accepted\"\nverdict = \"fail\"\nbecause = \"x\"";
    let accepted = Expectations::read(accepted).unwrap();
    let selected = [&IS_ACCEPTED, &PASSES_AT_FIRST, &WARNS_LATER, &FAILS_THIRD];
    let options = Options::default();
    let report = rounds(&selected, &target, &options, HOUR, Some(&accepted), &|_| ()).unwrap();
    assert_eq!((report.rounds, report.seed), (3, 1));
    let verdicts: Vec<Verdict> = report.checks.iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Fail, Verdict::Pass, Verdict::Warn, Verdict::Fail]);
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    let seed = |at: usize| ReplayFile::of(&report, &report.checks[at]).unwrap().seed;
    let second = 1_u64.wrapping_add(step);
    assert_eq!([seed(0), seed(2), seed(3)], [1, second, second.wrapping_add(step)]);
}

static IS_GONE: AtomicBool = AtomicBool::new(false);
static ENDS_THE_SERVER: Check = check("test/ends", |_| {
    IS_GONE.store(true, Ordering::SeqCst);
    Ok(())
});

#[test]
fn a_round_that_cannot_begin_leaves_the_report_of_those_before() {
    let address = serve(|base, asked| match IS_GONE.load(Ordering::SeqCst) {
        true => None,
        false => documents(base, asked),
    });
    let target = Target::new(format!("http://{address}"));
    let report =
        rounds(&[&ENDS_THE_SERVER], &target, &Options::default(), HOUR, None, &|_| ()).unwrap();
    assert_eq!((report.rounds, report.checks[0].verdict), (1, Verdict::Pass));
    let why = report.ended.unwrap();
    assert!(why.starts_with("round 2 could not begin: "), "{why}");
}
