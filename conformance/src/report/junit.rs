//! The report as JUnit XML, for pipelines that collect test results.
//!
//! One suite an area. What was not tested is skipped with its reason, and so is a deviation that
//! was expected; a stale expectation is a failure of a suite of its own.

use std::fmt::Write as _;

use askama::Template;

use crate::report::visible::visible;
use crate::report::{CheckReport, Report, Verdict};

/// Exchanges that lead to the finding; the others are in the JSON report.
const SHOWN_EXCHANGES: usize = 2;

#[derive(Template)]
#[template(path = "junit.xml")]
struct Document<'a> {
    report: &'a Report,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    time: String,
    properties: Vec<(String, String)>,
    suites: Vec<Suite<'a>>,
}

struct Suite<'a> {
    name: &'a str,
    time: String,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: &'a str,
    time: String,
    outcome: Outcome,
    kind: String,
    message: String,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failure,
    Error,
    Skipped,
}

impl Suite<'_> {
    fn count(&self, outcome: Outcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }
}

/// The report as a JUnit document.
pub fn render(report: &Report) -> String {
    let mut suites: Vec<Suite<'_>> = report.areas().into_iter().map(suite).collect();
    if !report.stale().is_empty() {
        suites.push(stale(report));
    }
    let count = |outcome| suites.iter().map(|suite| suite.count(outcome)).sum();
    let document = Document {
        report,
        tests: suites.iter().map(|suite| suite.cases.len()).sum(),
        failures: count(Outcome::Failure),
        errors: count(Outcome::Error),
        skipped: count(Outcome::Skipped),
        time: seconds(report.duration_ms),
        properties: properties(report),
        suites,
    };
    let text = document.render().expect("writing to a string does not fail");
    // XML has no way to write most control characters.
    visible(&text).into_owned()
}

fn properties(report: &Report) -> Vec<(String, String)> {
    let mut properties = vec![
        ("target".to_owned(), report.target.clone()),
        ("endpoint".to_owned(), report.endpoint.clone()),
        ("harness".to_owned(), report.version.clone()),
        ("seed".to_owned(), report.seed.to_string()),
        ("cases".to_owned(), report.cases.to_string()),
        ("effort".to_owned(), report.effort()),
        ("requests".to_owned(), report.requests.to_string()),
    ];
    properties
        .extend(report.authorization.iter().map(|by| ("authorization".to_owned(), by.clone())));
    properties.extend(
        report
            .left_behind
            .iter()
            .map(|left| ("left-behind".to_owned(), format!("{} {}", left.count, left.what))),
    );
    properties.extend(report.profile.iter().map(|setting| {
        (format!("profile.{}", setting.knob), format!("{} ({})", setting.value, setting.source))
    }));
    properties
}

fn suite<'a>((name, checks): (&'a str, Vec<&'a CheckReport>)) -> Suite<'a> {
    let time = seconds(checks.iter().map(|check| check.duration_ms).sum());
    Suite { name, time, cases: checks.into_iter().map(case).collect() }
}

fn stale(report: &Report) -> Suite<'_> {
    let failed = |sentence: &String| Case {
        name: "expected deviations",
        time: seconds(0),
        outcome: Outcome::Failure,
        kind: "stale".to_owned(),
        message: sentence.clone(),
        text: String::new(),
    };
    let cases = report.stale().iter().map(failed).collect();
    Suite { name: "expected", time: seconds(0), cases }
}

fn case(check: &CheckReport) -> Case<'_> {
    let remark = check.remark().unwrap_or_default().to_owned();
    let (outcome, message) = match (&check.expected, check.verdict) {
        (Some(because), _) => (Outcome::Skipped, format!("expected ({because}): {remark}")),
        (None, Verdict::Fail) => (Outcome::Failure, remark),
        (None, Verdict::Error) => (Outcome::Error, remark),
        (None, Verdict::NotTested) => (Outcome::Skipped, remark),
        (None, Verdict::Pass | Verdict::Warn | Verdict::Observed) => (Outcome::Passed, remark),
    };
    Case {
        name: check.id.split_once('/').map_or(check.id.as_str(), |(_, slug)| slug),
        time: seconds(check.duration_ms),
        outcome,
        kind: check.level.word().to_owned(),
        message,
        text: text(check),
    }
}

/// Everything that a person who only sees the pipeline needs.
fn text(check: &CheckReport) -> String {
    let mut text = String::new();
    if matches!(check.verdict, Verdict::Pass) {
        return text;
    }
    let _ = writeln!(text, "{} {}: {}", check.level.word(), check.clause.text, check.claim);
    if check.verdict == Verdict::Warn {
        text.insert_str(0, "warning\n");
    }
    if let Some(found) = &check.counterexample {
        let _ = writeln!(text, "expected  {}", found.expected);
        let _ = writeln!(text, "observed  {}", found.observed);
        if let Some(input) = &found.input {
            let _ = writeln!(text, "input     {input}");
        }
    }
    if let Some(reason) = &check.reason {
        let _ = writeln!(text, "because   {reason}");
    }
    let earlier = check.transcript.len().saturating_sub(SHOWN_EXCHANGES);
    for exchange in &check.transcript[earlier..] {
        let _ = writeln!(text, "> {}\n< {}", exchange.request, exchange.answer);
    }
    if let Some(line) = check.again() {
        let _ = writeln!(text, "again     {line}");
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a run lasts nowhere near 2^52 milliseconds")]
fn seconds(milliseconds: u64) -> String {
    format!("{:.3}", milliseconds as f64 / 1000.0)
}
