//! The report as a person reads it on a terminal.
//!
//! Calm by design: one line a check while it runs, details only for what went wrong, and a summary
//! that says what was not tested and why.

use std::fmt::Write as _;

use crate::replay::{ReplayFile, ReplayResult, Replayed};
use crate::report::visible::{duration, visible};
use crate::report::{CheckReport, Conclusion, Report, Verdict};
use crate::transcript::Exchange;

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text only: for files, pipes and `NO_COLOR`.
    Plain,
    /// ANSI colours: for terminals.
    Colour,
}

impl Style {
    fn paint(self, colour: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
        }
    }
}

const GREEN: &str = "32";
const RED: &str = "1;31";
const YELLOW: &str = "33";
const DIM: &str = "2";
const BOLD: &str = "1";

/// The counterexample is in the last exchanges; what led there is in the JSON report.
const SHOWN_EXCHANGES: usize = 3;

/// The line that is printed as soon as a check is done.
pub fn line(check: &CheckReport, style: Style) -> String {
    let (colour, word) = look(check.verdict);
    let verdict = style.paint(colour, &format!("{word:<10}"));
    let duration = style.paint(DIM, &format!("{:>7} ms", check.duration_ms));
    format!("  {verdict}  {:<36} {duration}", check.id).trim_end().to_owned()
}

fn look(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => (GREEN, "pass"),
        Verdict::Fail => (RED, "FAIL"),
        Verdict::Warn => (YELLOW, "warn"),
        Verdict::Observed => (DIM, "observed"),
        Verdict::NotTested => (DIM, "not tested"),
        Verdict::Error => (RED, "error"),
    }
}

/// Everything after the progress lines: what is wrong with its evidence, what is open, a summary.
pub fn render(report: &Report, style: Style) -> String {
    let mut text = String::new();
    for verdict in [Verdict::Fail, Verdict::Warn] {
        for check in report.unexpected(verdict) {
            text.push('\n');
            text.push_str(&details(check, style));
        }
    }
    remarks(&mut text, report, Verdict::Error, "Without conclusion", style);
    expected(&mut text, report, style);
    remarks(&mut text, report, Verdict::Observed, "Observed, not judged", style);
    remarks(&mut text, report, Verdict::NotTested, "Not tested", style);
    profile(&mut text, report, style);
    left_behind(&mut text, report, style);
    text.push('\n');
    text.push_str(&summary(report, style));
    text
}

/// What is still on the server, which its owner may want to take away.
fn left_behind(text: &mut String, report: &Report, style: Style) {
    if !report.left_behind.is_empty() {
        let _ = writeln!(text, "\n{}", style.paint(BOLD, "Left behind"));
    }
    for left in &report.left_behind {
        let _ = writeln!(text, "  {:>5}  {}", left.count, visible(&left.what));
    }
}

/// Reasons with the checks that share them.
fn remarks(text: &mut String, report: &Report, verdict: Verdict, title: &str, style: Style) {
    let by_reason = report.by_reason(verdict);
    if !by_reason.is_empty() {
        let _ = writeln!(text, "\n{}", style.paint(BOLD, title));
    }
    for (reason, checks) in by_reason {
        let _ = writeln!(text, "  {}", visible(reason));
        let ids: Vec<&str> = checks.iter().map(|check| check.id.as_str()).collect();
        for row in ids.chunks(4) {
            let _ = writeln!(text, "    {}", row.join("  "));
        }
    }
}

/// Deviations that were expected, and expectations that are not true any more.
fn expected(text: &mut String, report: &Report, style: Style) {
    if report.expected().next().is_some() {
        let _ = writeln!(text, "\n{}", style.paint(BOLD, "Expected deviations"));
    }
    for check in report.expected() {
        let (_, word) = look(check.verdict);
        let because = check.expected.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  {word:<10}  {}: {}", check.id, visible(because));
    }
    if !report.stale().is_empty() {
        let _ = writeln!(text, "\n{}", style.paint(RED, "Expected, and no longer true"));
    }
    for sentence in report.stale() {
        let _ = writeln!(text, "  {}", visible(sentence));
    }
}

/// The choices that were judged against: one line a knob, and a line for what could not be told.
fn profile(text: &mut String, report: &Report, style: Style) {
    if report.profile.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", style.paint(BOLD, "Profile"));
    for setting in &report.profile {
        let source = style.paint(DIM, &setting.source.to_string());
        let _ = writeln!(text, "  {:<20} {:<22} {source}", setting.knob, visible(&setting.value));
        if let Some(remark) = &setting.remark {
            let _ = writeln!(text, "    {}", visible(remark));
        }
    }
}

fn details(check: &CheckReport, style: Style) -> String {
    let (colour, word) = look(check.verdict);
    let level = check.level.word();
    let mut text = format!(
        "{} {}  {}\n",
        style.paint(colour, word),
        style.paint(BOLD, &check.id),
        style.paint(DIM, &format!("({level}, {})", check.clause.text)),
    );
    let _ = writeln!(text, "  {}", check.claim);
    if let Some(found) = &check.counterexample {
        let _ = writeln!(text, "    expected  {}", visible(&found.expected));
        let _ = writeln!(text, "    observed  {}", visible(&found.observed));
        if let Some(input) = &found.input {
            let _ = writeln!(text, "    input     {}", visible(input));
        }
    }
    if let Some(reason) = &check.reason {
        let _ = writeln!(text, "    because   {}", visible(reason));
    }
    let earlier = check.transcript.len().saturating_sub(SHOWN_EXCHANGES);
    if earlier > 0 {
        let _ = writeln!(text, "      ({earlier} earlier exchanges are in the JSON report)");
    }
    for exchange in &check.transcript[earlier..] {
        text.push_str(&style.paint(DIM, &visible(&wire(exchange))));
    }
    if let Some(line) = check.again() {
        let _ = writeln!(text, "    again     {}", visible(line));
    }
    text
}

/// What came of a replay.
pub fn replay(file: &ReplayFile, replayed: &Replayed, url: &str, style: Style) -> String {
    let not_seen = format!("not seen in {} tries, which is no proof for a race", replayed.tries);
    let (colour, word, sentence) = match &replayed.result {
        ReplayResult::Reproduced(_) => (RED, "REPRODUCED", "the counterexample still stands"),
        ReplayResult::Gone if replayed.tries > 1 => (GREEN, "gone", not_seen.as_str()),
        ReplayResult::Gone => (GREEN, "gone", "the same input shows no violation any more"),
        ReplayResult::NotComparable(_) => (YELLOW, "not comparable", "nothing can be said"),
        ReplayResult::NotExercised(_) => (RED, "error", "it could not be exercised"),
    };
    let mut text = format!("{} {}: {sentence}\n", style.paint(colour, word), visible(&file.check));
    let _ = writeln!(text, "  at        {}, seed {}", visible(url), file.seed);
    if let Some(input) = &file.input {
        let _ = writeln!(text, "  input     {}", visible(input));
    }
    let _ = writeln!(text, "  expected  {}", visible(&file.expected));
    let _ = writeln!(text, "  recorded  {}", visible(&file.observed));
    match &replayed.result {
        ReplayResult::Reproduced(found) => {
            let _ = writeln!(text, "  observed  {}", visible(&found.observed));
        }
        ReplayResult::Gone => {}
        ReplayResult::NotComparable(reason) | ReplayResult::NotExercised(reason) => {
            let _ = writeln!(text, "  because   {}", visible(reason));
        }
    }
    if file.harness != env!("CARGO_PKG_VERSION") {
        let _ = writeln!(text, "  note      recorded by harness {}", visible(&file.harness));
    }
    for change in &replayed.changes {
        let _ = writeln!(text, "  note      {}", visible(change));
    }
    for exchange in &replayed.transcript {
        text.push_str(&style.paint(DIM, &visible(&wire(exchange))));
    }
    text
}

fn wire(exchange: &Exchange) -> String {
    let mut text = format!("      > {}\n", exchange.request);
    for header in &exchange.request_headers {
        let _ = writeln!(text, "      > {header}");
    }
    lines(&mut text, '>', &exchange.request_body);
    let _ = writeln!(text, "      < {}", exchange.answer);
    for header in &exchange.answer_headers {
        let _ = writeln!(text, "      < {header}");
    }
    lines(&mut text, '<', &exchange.answer_body);
    text
}

fn lines(text: &mut String, side: char, body: &str) {
    const MOST: usize = 12;
    for line in body.lines().take(MOST) {
        let _ = writeln!(text, "      {side}   {line}");
    }
    let rest = body.lines().count().saturating_sub(MOST);
    if rest > 0 {
        let _ = writeln!(text, "      {side}   ({rest} more lines)");
    }
}

fn summary(report: &Report, style: Style) -> String {
    let subject = report.subject.word();
    let count = |verdict| report.with(verdict).count();
    let sentence = match report.conclusion() {
        Conclusion::Conforms if report.expected().next().is_some() => {
            style.paint(GREEN, "Nothing deviates but what was expected to.")
        }
        Conclusion::Conforms => {
            style.paint(GREEN, &format!("The {subject} conforms, as far as it was tested."))
        }
        Conclusion::DoesNotConform => style.paint(RED, &format!("The {subject} does not conform.")),
        Conclusion::Stale => style.paint(RED, "The expected deviations are stale."),
        Conclusion::Inconclusive if report.concludes_nothing() => {
            let nothing = "No check came to a conclusion, so nothing is known about the";
            style.paint(RED, &format!("{nothing} {subject}."))
        }
        Conclusion::Inconclusive => style.paint(RED, "Some checks could not be concluded."),
    };
    let ended = report
        .ended
        .as_deref()
        .map_or_else(String::new, |why| format!("  {}\n", visible(&format!("ended early: {why}"))));
    let covered = report.coverage.iter().filter(|clause| clause.is_covered()).count();
    format!(
        "{sentence}\n  {} passed, {} failed, {} warned, {} observed, {} not tested, {} without \
         conclusion\n  {} of {} clauses covered\n  {}, {} requests, {:.0} a second, seed {}\n  {}, \
         harness {}\n{ended}",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Warn),
        count(Verdict::Observed),
        count(Verdict::NotTested),
        count(Verdict::Error),
        covered,
        report.coverage.len(),
        duration(report.duration_ms),
        report.requests,
        report.requests_per_second(),
        report.seed,
        report.effort(),
        report.version,
    )
}
