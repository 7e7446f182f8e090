//! The report as one JSON document, and the schema of that document.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use crate::report::{Conclusion, Report, Verdict};

/// The version of the layout. Adding a member does not change it, removing or renaming one does.
const FORMAT: u32 = 1;

/// The findings of one run of lookout-conformance.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Report of lookout-conformance")]
struct Document<'a> {
    /// Version of this layout. It changes when a member is removed or renamed.
    format: u32,
    /// What the run comes to.
    conclusion: Conclusion,
    /// The exit code of the process: 0, 1 or 3.
    exit: u8,
    /// How many checks ended with each verdict.
    counts: Counts,
    /// Checks whose deviation was expected.
    expected_deviations: usize,
    /// HTTP requests a second.
    requests_per_second: f64,
    #[serde(flatten)]
    report: &'a Report,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Counts {
    pass: usize,
    fail: usize,
    warn: usize,
    observed: usize,
    not_tested: usize,
    error: usize,
}

/// The report, with counts by verdict, ready to be written to a file.
///
/// Member names are stable: adding one is no breaking change, renaming one is.
pub fn render(report: &Report) -> Value {
    let count = |verdict| report.with(verdict).count();
    let document = Document {
        format: FORMAT,
        conclusion: report.conclusion(),
        exit: report.exit_code(),
        counts: Counts {
            pass: count(Verdict::Pass),
            fail: count(Verdict::Fail),
            warn: count(Verdict::Warn),
            observed: count(Verdict::Observed),
            not_tested: count(Verdict::NotTested),
            error: count(Verdict::Error),
        },
        expected_deviations: report.expected().count(),
        requests_per_second: (report.requests_per_second() * 10.0).round() / 10.0,
        report,
    };
    serde_json::to_value(document).expect("a report is strings, numbers and lists")
}

/// The JSON Schema of what [`render`] gives. It is committed as `report.schema.json`.
pub fn schema() -> Schema {
    // What is left out of a document when it is empty is not required of one.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document<'_>>()
}
