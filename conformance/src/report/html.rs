//! The report as one page that needs nothing else: no script to be read, no network, no fonts.
//!
//! The template escapes every string it is given, the policy of the page runs no script but the one
//! inlined here, and characters that would not show themselves are written out at the end, over the
//! whole document. So nothing that a server under test says becomes markup or moves other text.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::report::sequence::{Sequence, sequence};
use crate::report::visible::{duration, visible};
use crate::report::{CheckReport, Conclusion, Report, Verdict};

const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    policy: String,
    style: &'static str,
    script: &'static str,
    class: &'static str,
    headline: String,
    lead: String,
    tallies: Vec<Tally>,
    areas: Vec<Area<'a>>,
    /// Areas that have something to look at, first.
    findings: Vec<Entry<'a>>,
    not_tested: Vec<(&'a str, Vec<&'a CheckReport>)>,
    covered: usize,
    time: String,
    rate: String,
    began: String,
}

/// How many checks have a verdict.
pub(crate) struct Tally {
    pub(crate) verdict: &'static str,
    pub(crate) word: &'static str,
    pub(crate) count: usize,
    /// Share of the bar, in hundredths of a percent.
    pub(crate) x: usize,
    pub(crate) width: usize,
}

struct Area<'a> {
    name: &'a str,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    check: &'a CheckReport,
    anchor: String,
    verdict: &'static str,
    word: &'static str,
    level: &'static str,
    time: String,
    sequence: Option<Sequence>,
}

/// The report as a page.
pub fn render(report: &Report) -> String {
    let entries = report.checks.iter().map(entry);
    let mut findings: Vec<Entry<'_>> = entries.filter(|entry| entry.is_finding()).collect();
    findings.sort_by_key(|entry| match (entry.check.verdict, &entry.check.expected) {
        (Verdict::Fail, None) => 0,
        (Verdict::Error, None) => 1,
        (Verdict::Warn, None) => 2,
        (_, _) => 3,
    });
    let areas = report.areas().into_iter();
    let page = Page {
        report,
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        class: class(report.conclusion()),
        headline: headline(report),
        lead: lead(report),
        tallies: tallies(report),
        areas: areas
            .map(|(name, checks)| Area { name, entries: checks.into_iter().map(entry).collect() })
            .collect(),
        findings,
        not_tested: report.by_reason(Verdict::NotTested),
        covered: report.coverage.iter().filter(|clause| clause.is_covered()).count(),
        time: duration(report.duration_ms),
        began: report.started.replace('T', " ").replace('Z', " UTC"),
        rate: format!("{:.0}", report.requests_per_second()),
    };
    let text = page.render().expect("writing to a string does not fail");
    visible(&text).into_owned()
}

impl Entry<'_> {
    fn is_finding(&self) -> bool {
        matches!(self.check.verdict, Verdict::Fail | Verdict::Warn | Verdict::Error)
    }
}

fn entry(check: &CheckReport) -> Entry<'_> {
    let is_finding = check.counterexample.is_some() && !check.transcript.is_empty();
    Entry {
        check,
        anchor: check.id.replace('/', "-"),
        verdict: name(check.verdict),
        word: word(check.verdict),
        level: check.level.word(),
        time: duration(check.duration_ms),
        sequence: is_finding.then(|| sequence(&check.transcript)),
    }
}

/// Only the inlined style and script, by their digests; no connection to anywhere.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

fn class(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Conforms => "pass",
        Conclusion::DoesNotConform | Conclusion::Stale => "fail",
        Conclusion::Inconclusive => "error",
    }
}

fn headline(report: &Report) -> String {
    let subject = report.subject.word();
    let sentence = match report.conclusion() {
        Conclusion::Conforms if report.expected().next().is_some() => "Only expected deviations",
        Conclusion::Conforms => return format!("The {subject} conforms"),
        Conclusion::DoesNotConform => return format!("The {subject} does not conform"),
        Conclusion::Stale => "The list of expected deviations is stale",
        Conclusion::Inconclusive if report.concludes_nothing() => {
            return format!(
                "No check came to a conclusion, so nothing is known about the {subject}"
            );
        }
        Conclusion::Inconclusive => "Some checks could not be concluded",
    };
    sentence.to_owned()
}

fn lead(report: &Report) -> String {
    let count = |verdict| report.with(verdict).count();
    let untested = count(Verdict::NotTested);
    let tried = report.checks.len() - untested;
    let expected = report.expected().count();
    let mut lead = format!("{tried} claims were tried");
    match untested {
        0 => lead.push('.'),
        1 => lead.push_str(", one could not be."),
        more => lead.push_str(&format!(", {more} could not be.")),
    }
    match report.unexpected(Verdict::Fail).count() {
        0 => lead.push_str(" No requirement was seen violated"),
        1 => lead.push_str(" One requirement is violated"),
        more => lead.push_str(&format!(" {more} requirements are violated")),
    }
    match expected {
        0 => lead.push('.'),
        1 => lead.push_str(", beside one deviation that was expected."),
        more => lead.push_str(&format!(", beside {more} deviations that were expected.")),
    }
    lead
}

pub(crate) fn tallies(report: &Report) -> Vec<Tally> {
    const ORDER: [Verdict; 6] = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Error,
        Verdict::Warn,
        Verdict::Observed,
        Verdict::NotTested,
    ];
    let total = report.checks.len().max(1);
    let mut before = 0;
    ORDER
        .into_iter()
        .map(|verdict| {
            let count = report.with(verdict).count();
            let x = before * 10_000 / total;
            before += count;
            let width = before * 10_000 / total - x;
            Tally { verdict: name(verdict), word: word(verdict), count, x, width }
        })
        .collect()
}

pub(crate) fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Warn => "warn",
        Verdict::Observed => "observed",
        Verdict::NotTested => "not-tested",
        Verdict::Error => "error",
    }
}

pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Warn => "warned",
        Verdict::Observed => "observed",
        Verdict::NotTested => "not tested",
        Verdict::Error => "no conclusion",
    }
}
