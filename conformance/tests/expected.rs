//! Expected deviations: what they excuse, and how they go stale.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lookout_conformance::check::Level;
use lookout_conformance::expected::Expectations;
use lookout_conformance::report::{Conclusion, Report, Verdict};

#[path = "report/example.rs"]
mod example;

use example::{check, example, found};

/// A report of one check that is in the registry, and of another that passes.
fn report(level: Level, verdict: Verdict) -> Report {
    let mut checked = check("pkce/method", level, verdict);
    checked.counterexample =
        matches!(verdict, Verdict::Fail | Verdict::Warn).then(|| found("None"));
    let passed = check("pkce/wrong-verifier", Level::Must, Verdict::Pass);
    Report { checks: vec![checked, passed], baseline: None, ..example() }
}

fn list(entries: &[(&str, &str)]) -> Expectations {
    let entry = |(check, verdict): &(&str, &str)| {
        format!("[[expected]]\ncheck = \"{check}\"\nverdict = \"{verdict}\"\nbecause = \"known\"\n")
    };
    Expectations::read(&entries.iter().map(entry).collect::<String>()).unwrap()
}

/// The conclusion, and what is stale.
fn judged(mut report: Report, entries: &[(&str, &str)]) -> (Conclusion, Vec<String>) {
    list(entries).apply("expected.toml", &mut report);
    (report.conclusion(), report.stale().to_vec())
}

#[test]
fn a_listed_deviation_does_not_fail_the_run() {
    for (level, verdict, entry) in [
        (Level::Must, Verdict::Fail, "fail"),
        (Level::Should, Verdict::Warn, "warn"),
        (Level::Should, Verdict::Fail, "warn"),
        (Level::Must, Verdict::Error, "error"),
        (Level::Must, Verdict::NotTested, "not-tested"),
    ] {
        let (conclusion, stale) = judged(report(level, verdict), &[("pkce/method", entry)]);
        assert_eq!(conclusion, Conclusion::Conforms, "{verdict:?} {stale:?}");
        assert!(stale.is_empty());
    }
}

#[test]
fn what_is_not_listed_fails_as_always() {
    for (verdict, conclusion) in [
        (Verdict::Fail, Conclusion::DoesNotConform),
        (Verdict::Error, Conclusion::Inconclusive),
        (Verdict::Pass, Conclusion::Conforms),
    ] {
        assert_eq!(judged(report(Level::Must, verdict), &[]), (conclusion, vec![]));
    }
}

#[track_caller]
fn goes_stale(verdict: Verdict, entries: &[(&str, &str)], needed: &str) {
    let (conclusion, stale) = judged(report(Level::Must, verdict), entries);
    assert_ne!(conclusion, Conclusion::Conforms);
    assert!(stale.len() == 1 && stale[0].contains(needed), "{stale:?}");
}

#[test]
fn an_entry_that_is_no_longer_true_fails_the_run_and_says_why() {
    goes_stale(Verdict::Pass, &[("pkce/method", "fail")], "and passes: delete the entry");
    goes_stale(Verdict::Pass, &[("pkce/nothing", "fail")], "is no check of this harness");
    goes_stale(Verdict::NotTested, &[("pkce/method", "fail")], "was not tested");
    goes_stale(Verdict::Error, &[("pkce/method", "fail")], "could not conclude");
    goes_stale(Verdict::Fail, &[("pkce/method", "warn")], "is expected as warn, and fails");
    let twice = [("pkce/method", "fail"), ("pkce/method", "fail")];
    goes_stale(Verdict::Fail, &twice, "is listed twice");
}

#[test]
fn an_entry_about_a_check_that_was_not_selected_is_left_alone() {
    let (conclusion, stale) =
        judged(report(Level::Must, Verdict::Pass), &[("code/concurrent", "fail")]);
    assert_eq!((conclusion, stale), (Conclusion::Conforms, vec![]));
}

#[test]
fn what_a_run_writes_is_what_the_next_run_accepts() {
    let mut first = report(Level::Must, Verdict::Fail);
    let written = Expectations::of(&first);
    let read = Expectations::read(&written.text()).unwrap();
    assert_eq!(read, written);
    read.apply("expected.toml", &mut first);
    assert_eq!(first.conclusion(), Conclusion::Conforms);
    assert_eq!(Expectations::of(&first), written, "reasons are kept");
}

#[test]
fn a_file_that_is_wrong_says_where() {
    for (text, needed) in [
        ("[[expected]]\ncheck = \"a/b\"\n", "missing field `verdict`"),
        ("[[expected]]\ncheck = 1\n", "line 2"),
        ("[[expected]]\ncheck = \"a/b\"\nverdict = \"pass\"\nbecause = \"x\"", "unknown variant"),
        ("[[expected]]\ncheck = \"a/b\"\nverdict = \"fail\"\nbecause = \" \"", "has no reason"),
        ("[[expect]]\n", "unknown field `expect`"),
    ] {
        let error = Expectations::read(text).unwrap_err();
        assert!(error.contains(needed), "{error}");
    }
}
