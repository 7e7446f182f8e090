//! The report as one JSON document.

use crate::report::{Report, Verdict};

use serde_json::{Value, json};

/// The report, with counts by verdict, ready to be written to a file.
///
/// Member names are stable: adding one is no breaking change, renaming one is.
pub fn render(report: &Report) -> Value {
    let count = |verdict| report.with(verdict).count();
    let mut document = json!({
        "format": 1,
        "counts": {
            "pass": count(Verdict::Pass),
            "fail": count(Verdict::Fail),
            "warn": count(Verdict::Warn),
            "observed": count(Verdict::Observed),
            "not-tested": count(Verdict::NotTested),
            "error": count(Verdict::Error),
        },
        "exit": report.exit_code(),
    });
    let body = serde_json::to_value(report).expect("a report is strings, numbers and lists");
    if let (Some(document), Value::Object(body)) = (document.as_object_mut(), body) {
        document.extend(body);
    }
    document
}
