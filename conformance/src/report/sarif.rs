//! The report as SARIF 2.1.0, for tools that gather findings.
//!
//! Every check of the run is a rule; a result is what was not in order. A deviation that was
//! expected is a suppressed result. Results name an endpoint, not a file: there is no source.

use serde::Serialize;
use serde_json::{Value, json};

use crate::report::{CheckReport, LevelName, Report, Subject, Verdict};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<Finding>,
    properties: Value,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: String,
    information_uri: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Message,
    help: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
    properties: Value,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    start_time_utc: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: String,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: Vec<Value>,
    partial_fingerprints: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Value>,
    properties: Value,
}

/// The report as a SARIF log.
pub fn render(report: &Report) -> Value {
    let findings = report.checks.iter().enumerate();
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "lookout-conformance",
                version: report.version.clone(),
                information_uri: env!("CARGO_PKG_REPOSITORY"),
                rules: report.checks.iter().map(rule).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: report.with(Verdict::Error).next().is_none(),
            exit_code: report.exit_code(),
            start_time_utc: report.started.clone(),
        }],
        results: findings.filter_map(|(index, check)| finding(index, check, report)).collect(),
        properties: json!({
            "target": report.target,
            "endpoint": report.endpoint,
            "issuer": report.issuer,
            "seed": report.seed,
            "cases": report.cases,
            "strict": report.strict,
            "quick": report.quick,
            "longestSequence": report.longest_sequence,
            "durationMs": report.duration_ms,
            "requests": report.requests,
            "profile": report.profile,
            "stale": report.stale(),
            "leftBehind": report.left_behind,
            "authorization": report.authorization,
        }),
    };
    serde_json::to_value(Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
        .expect("a report is strings, numbers and lists")
}

fn rule(check: &CheckReport) -> Rule {
    let level = match check.level {
        LevelName::Must => "error",
        LevelName::Should | LevelName::Hardening => "warning",
        LevelName::Observe => "none",
    };
    Rule {
        id: check.id.clone(),
        short_description: Message { text: check.claim.clone() },
        help: Message { text: format!("{} ({})", check.clause.text, check.level.word()) },
        help_uri: check.clause.url.clone(),
        default_configuration: Configuration { level },
        properties: json!({ "tags": [check.area(), check.level.word()] }),
    }
}

/// A result has a level only when its kind is `fail`; `open` is the standard's word for a check
/// that came to no conclusion.
fn finding(index: usize, check: &CheckReport, report: &Report) -> Option<Finding> {
    let (kind, level) = match check.verdict {
        Verdict::Fail => ("fail", "error"),
        Verdict::Warn => ("fail", "warning"),
        Verdict::Error => ("open", "none"),
        Verdict::NotTested => ("notApplicable", "none"),
        Verdict::Pass | Verdict::Observed => return None,
    };
    let text = match &check.counterexample {
        Some(found) => format!("Expected {}. Observed {}.", found.expected, found.observed),
        None => check.remark().unwrap_or("no remark").to_owned(),
    };
    let accepted = check.expected.iter();
    Some(Finding {
        rule_id: check.id.clone(),
        rule_index: index,
        kind,
        level,
        message: Message { text },
        locations: vec![json!({ "logicalLocations": [{
            "fullyQualifiedName": place(check, report),
            "kind": "resource",
        }]})],
        partial_fingerprints: json!({ "check/v1": check.id }),
        suppressions: accepted
            .map(|because| json!({ "kind": "external", "justification": because }))
            .collect(),
        properties: json!({
            "input": check.counterexample.as_ref().and_then(|found| found.input.as_ref()),
            "curl": check.again(),
        }),
    })
}

/// Method and address of the decisive request, without its query; else the endpoint. For a client,
/// the command that starts it.
fn place(check: &CheckReport, report: &Report) -> String {
    if report.subject == Subject::Client {
        // The servers had other ports in every run.
        return report.target.clone();
    }
    let last = check.transcript.last().map(|exchange| exchange.request.as_str());
    let request = last.unwrap_or(&report.endpoint);
    request.split(['?', '#']).next().unwrap_or(request).to_owned()
}
