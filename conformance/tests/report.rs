//! How a report reads, on a fixed example of every verdict.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lookout_conformance::check::Level;
use lookout_conformance::report::text::{Style, line, render};
use lookout_conformance::report::{Conclusion, Report, Verdict, html, json, markdown};
use serde_json::Value;

#[path = "report/example.rs"]
mod example;

use example::{check, example};

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

#[test]
fn a_run_that_concluded_nothing_is_not_a_success() {
    let nothing = [Verdict::NotTested, Verdict::Observed];
    let checks = nothing.map(|verdict| check("code/expiry", Level::Must, verdict)).to_vec();
    for checks in [checks, Vec::new()] {
        let report = Report { checks, baseline: None, ..example() };
        assert_eq!((report.conclusion(), report.exit_code()), (Conclusion::Inconclusive, 3));
        let needed = "nothing is known about the server";
        let texts =
            [render(&report, Style::Plain), markdown::render(&report), html::render(&report)];
        assert!(texts.iter().all(|text| text.contains(needed)), "{texts:?}");
    }
}

#[test]
fn nothing_in_a_report_reaches_the_terminal_as_an_escape() {
    let mut report = example();
    let evil = "\u{1b}]0;a\u{7}\u{202e}".to_owned();
    report.left_behind[0].what.push_str(&evil);
    report.profile[0].value.push_str(&evil);
    report.profile[0].remark = Some(evil.clone());
    report.ended = Some(evil.clone());
    report.baseline.as_mut().unwrap().stale.push(evil.clone());
    for check in &mut report.checks {
        check.reason = Some(evil.clone());
        check.expected = check.expected.is_some().then(|| evil.clone());
        for exchange in &mut check.transcript {
            exchange.request.push_str(&evil);
            exchange.answer_headers.push(evil.clone());
            exchange.answer_body.push_str(&evil);
            exchange.curl.push_str(&evil);
        }
        if let Some(found) = &mut check.counterexample {
            found.observed.push_str(&evil);
            found.input = Some(evil.clone());
        }
    }
    let text = render(&report, Style::Plain);
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
}

/// Run the tests with this set to write the schema anew.
const WRITE: &str = "LOOKOUT_WRITE_SCHEMA";

#[test]
fn the_schema_of_the_report_is_the_one_that_is_committed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/report.schema.json");
    let schema = format!("{:#}\n", json::schema().to_value());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == schema, "report.schema.json is stale: test again with {WRITE}=1");
}

#[test]
fn a_report_is_valid_and_a_wrong_one_is_not() {
    let schema = json::schema().to_value();
    let is_valid = |document: &Value| jsonschema::is_valid(&schema, document);
    jsonschema::validate(&schema, &json::render(&example())).unwrap();
    let document = json::render(&example());
    for member in ["format", "conclusion", "counts", "requests", "coverage", "checks"] {
        let mut without = document.clone();
        without.as_object_mut().unwrap().remove(member);
        assert!(!is_valid(&without), "{member} is required");
    }
    let mut wrong = document;
    wrong["checks"][0]["verdict"] = "passed".into();
    assert!(!is_valid(&wrong));
}
