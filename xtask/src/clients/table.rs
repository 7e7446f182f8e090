//! The table of grades, from the harness's reports.
//!
//! What changes from run to run, such as ports, is taken out, so that the file changes when a grade does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// What is read of one report.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    id: String,
    level: String,
    clause: Clause,
    claim: String,
    verdict: Verdict,
    expected: Option<String>,
    reason: Option<String>,
    counterexample: Option<Counterexample>,
}

#[derive(Debug, Deserialize)]
struct Clause {
    text: String,
}

#[derive(Debug, Deserialize)]
struct Counterexample {
    observed: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Pass,
    Fail,
    Warn,
    Observed,
    NotTested,
    Error,
}

/// One client's grade.
#[derive(Debug)]
pub(crate) struct Grade {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) report: Report,
}

impl Report {
    pub(crate) fn read(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("this is no report of the harness")
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    fn verdict(&self, id: &str) -> Option<Verdict> {
        self.checks.iter().find(|check| check.id == id).map(|check| check.verdict)
    }
}

impl Verdict {
    fn cell(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "**fail**",
            Self::Warn => "warn",
            Self::Observed => "observed",
            Self::NotTested => "not tested",
            Self::Error => "no conclusion",
        }
    }
}

impl Check {
    fn area(&self) -> &str {
        self.id.split('/').next().unwrap_or(&self.id)
    }

    fn level(&self) -> &str {
        match self.level.as_str() {
            "must" => "MUST",
            "should" => "SHOULD",
            other => other,
        }
    }

    fn is_finding(&self) -> bool {
        matches!(self.verdict, Verdict::Fail | Verdict::Warn | Verdict::Error)
    }

    fn remark(&self) -> String {
        let observed = self.counterexample.as_ref().map(|found| found.observed.as_str());
        lasting(observed.or(self.reason.as_deref()).unwrap_or("no remark"))
    }
}

/// The whole file.
pub(crate) fn render(introduction: &str, grades: &[Grade]) -> String {
    let mut text = introduction.to_owned();
    text.push_str("\n## Counts\n\n");
    head(&mut text, &["verdict"], grades);
    let rows = [
        ("passed", Verdict::Pass),
        ("failed", Verdict::Fail),
        ("warned", Verdict::Warn),
        ("observed", Verdict::Observed),
        ("not tested", Verdict::NotTested),
        ("no conclusion", Verdict::Error),
    ];
    for (word, verdict) in rows {
        let counts = grades.iter().map(|grade| grade.report.count(verdict).to_string());
        row(&mut text, std::iter::once(word.to_owned()).chain(counts));
    }
    text.push_str("\n## Areas\n\nPassed of those that came to a conclusion.\n\n");
    head(&mut text, &["area"], grades);
    for area in areas(grades) {
        let passed = grades.iter().map(|grade| in_area(&grade.report, &area));
        row(&mut text, std::iter::once(area.clone()).chain(passed));
    }
    differences(&mut text, grades);
    for grade in grades {
        findings(&mut text, grade);
    }
    text
}

fn areas(grades: &[Grade]) -> Vec<String> {
    let mut areas = Vec::new();
    for check in grades.iter().flat_map(|grade| &grade.report.checks) {
        if !areas.iter().any(|area| area == check.area()) {
            areas.push(check.area().to_owned());
        }
    }
    areas
}

fn in_area(report: &Report, area: &str) -> String {
    let count = |verdicts: &[Verdict]| {
        let here = report.checks.iter().filter(|check| check.area() == area);
        here.filter(|check| verdicts.contains(&check.verdict)).count()
    };
    let passed = count(&[Verdict::Pass]);
    match passed + count(&[Verdict::Fail, Verdict::Warn]) {
        0 => "–".to_owned(),
        concluded => format!("{passed} of {concluded}"),
    }
}

/// The checks on which not all agree that the claim holds.
fn differences(text: &mut String, grades: &[Grade]) {
    text.push_str("\n## Checks that not every client passes\n\n");
    head(text, &["check", "level", "claim"], grades);
    let mut seen = BTreeMap::new();
    for check in grades.iter().flat_map(|grade| &grade.report.checks) {
        let verdicts = grades.iter().map(|grade| grade.report.verdict(&check.id));
        let verdicts = verdicts.collect::<Vec<_>>();
        let is_good = |verdict| matches!(verdict, Some(Verdict::Pass | Verdict::Observed));
        if verdicts.iter().copied().all(is_good) || seen.insert(&check.id, ()).is_some() {
            continue;
        }
        let first = [format!("`{}`", check.id), check.level().to_owned(), lasting(&check.claim)];
        let cells = verdicts.iter().map(|verdict| verdict.map_or("–", Verdict::cell).to_owned());
        row(text, first.into_iter().chain(cells));
    }
}

fn findings(text: &mut String, grade: &Grade) {
    let _ = write!(text, "\n## {} {}\n\n", grade.name, grade.version);
    let mut found = grade.report.checks.iter().filter(|check| check.is_finding()).peekable();
    if found.peek().is_none() {
        text.push_str("No findings.\n");
    }
    for check in found {
        let verdict = check.verdict.cell();
        let (id, level, clause) = (&check.id, check.level(), &check.clause.text);
        let _ = write!(text, "- `{id}`, {verdict} ({level}, {clause}): {}", check.remark());
        match &check.expected {
            Some(because) => {
                let _ = writeln!(text, "\n  {because}");
            }
            None => text.push('\n'),
        }
    }
}

fn head(text: &mut String, first: &[&str], grades: &[Grade]) {
    let names = grades.iter().map(|grade| format!("{} {}", grade.name, grade.version));
    row(text, first.iter().map(|&word| word.to_owned()).chain(names));
    row(text, std::iter::repeat_n("---".to_owned(), first.len() + grades.len()));
}

fn row(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells = cells.map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// A text on one line, without the ports of this run.
fn lasting(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = text.split("127.0.0.1:");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|character: char| character.is_ascii_digit());
        kept.push_str("127.0.0.1:…");
        kept.push_str(rest);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{Grade, Report, render};

    fn grade(name: &str, checks: &str) -> Grade {
        let report = Report::read(&format!("{{\"checks\":[{checks}]}}")).expect("it is a report");
        Grade { name: name.to_owned(), version: "1.0".to_owned(), report }
    }

    const PASSED: &str = r#"{"id":"pkce/fresh","level":"must","clause":{"text":"RFC 7636 section 4.1"},
        "claim":"Each verifier is new","verdict":"pass"}"#;
    const FAILED: &str = r#"{"id":"pkce/fresh","level":"must","clause":{"text":"RFC 7636 section 4.1"},
        "claim":"Each verifier is new","verdict":"fail","expected":"It keeps one for life.",
        "counterexample":{"expected":"x","observed":"twice the same at\n127.0.0.1:4711/callback"}}"#;

    #[test]
    fn a_finding_is_listed_with_what_was_seen_and_without_the_port() {
        let text = render("# Clients\n", &[grade("one", PASSED), grade("two", FAILED)]);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_all_pass_is_no_row() {
        let text = render("# Clients\n", &[grade("one", PASSED), grade("two", PASSED)]);
        assert!(!text.contains("pkce/fresh"), "{text}");
    }
}
