//! The report as Markdown, for a comment on a pull request and for a job's summary page.
//!
//! It is never longer than such a comment may be: what does not fit is counted, and is in the
//! other reports. Text of the server's choosing is written as character references or inside a
//! fence that it cannot close, so that it links to nothing and mentions nobody.

use std::fmt::Write as _;

use crate::report::visible::{duration, in_brief, visible};
use crate::report::{CheckReport, Conclusion, Report, Verdict};

/// The longest document, in bytes, and so in characters.
pub const LONGEST: usize = 65_000;

/// What the lines after the findings may take.
const RESERVED: usize = 16_000;

/// The report as one Markdown document of at most [`LONGEST`] bytes.
pub fn render(report: &Report) -> String {
    let mut text = heading(report);
    let findings: Vec<&CheckReport> = [Verdict::Fail, Verdict::Error, Verdict::Warn]
        .into_iter()
        .flat_map(|verdict| report.unexpected(verdict))
        .collect();
    let mut end = String::new();
    stale(&mut end, report);
    expected(&mut end, report);
    not_tested(&mut end, report);
    left_behind(&mut end, report);
    let mut end = whole_lines(&end, RESERVED);
    footer(&mut end, report);
    let room = LONGEST - end.len() - 200;
    if !findings.is_empty() {
        let rows = "\n| | Check | Observed | Clause |\n|---|---|---|---|\n";
        text.push_str(rows);
        // The table may take half of what there is, the details the rest.
        append(&mut text, findings.iter().map(|check| row(check)), room / 2, "rows");
        text.push('\n');
        append(&mut text, findings.iter().map(|check| details(check)), room, "findings");
    }
    text.push_str(&end);
    visible(&text).into_owned()
}

fn append(
    text: &mut String,
    parts: impl ExactSizeIterator<Item = String>,
    room: usize,
    what: &str,
) {
    let count = parts.len();
    for (index, part) in parts.enumerate() {
        if text.len() + visible(&part).len() > room {
            let _ = writeln!(text, "\n… {} more {what} are in the other reports.", count - index);
            return;
        }
        text.push_str(&visible(&part));
    }
}

fn heading(report: &Report) -> String {
    let failed = report.unexpected(Verdict::Fail).count();
    let subject = report.subject.word();
    let (mark, sentence) = match report.conclusion() {
        Conclusion::Conforms if report.expected().next().is_some() => {
            ("✅", "Nothing deviates but what was expected to.".to_owned())
        }
        Conclusion::Conforms => ("✅", format!("The {subject} conforms, as far as it was tested.")),
        Conclusion::DoesNotConform => {
            let what = if failed == 1 { "requirement is" } else { "requirements are" };
            ("❌", format!("The {subject} does not conform: {failed} {what} violated."))
        }
        Conclusion::Stale => ("❌", "The list of expected deviations is stale.".to_owned()),
        Conclusion::Inconclusive if report.concludes_nothing() => (
            "⚠️",
            format!("No check came to a conclusion, so nothing is known about the {subject}."),
        ),
        Conclusion::Inconclusive => ("⚠️", "Some checks could not be concluded.".to_owned()),
    };
    let count = |verdict| report.with(verdict).count();
    format!(
        "### {mark} MCP authorization: {sentence}\n\n{} passed · {} failed · {} warned · {} \
         observed · {} not tested · {} without conclusion\n",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Warn),
        count(Verdict::Observed),
        count(Verdict::NotTested),
        count(Verdict::Error),
    )
}

fn row(check: &CheckReport) -> String {
    let clause = match &check.clause.url {
        Some(url) => format!("[{}]({url})", plain(&check.clause.text)),
        None => plain(&check.clause.text),
    };
    format!(
        "| **{}** | `{}` | {} | {clause} |\n",
        word(check.verdict),
        check.id,
        code(&in_brief(check.remark().unwrap_or(""), 160)),
    )
}

fn details(check: &CheckReport) -> String {
    let mut text = format!(
        "\n<details><summary><b>{}</b> {} ({})</summary>\n\n{}\n\n",
        word(check.verdict),
        check.id,
        check.level.word(),
        plain(&check.claim)
    );
    let mut evidence = String::new();
    if let Some(found) = &check.counterexample {
        let _ = writeln!(evidence, "expected  {}\nobserved  {}", found.expected, found.observed);
        if let Some(input) = &found.input {
            let _ = writeln!(evidence, "input     {input}");
        }
    }
    if let Some(reason) = &check.reason {
        let _ = writeln!(evidence, "because   {reason}");
    }
    for exchange in &check.transcript {
        let _ = writeln!(evidence, "→ {}\n← {}", exchange.request, exchange.answer);
    }
    text.push_str(&fenced("text", &shortened(&evidence, 3_000)));
    if let Some(line) = check.again() {
        text.push_str(&fenced("sh", &shortened(line, 2_000)));
    }
    text.push_str("</details>\n");
    text
}

fn stale(text: &mut String, report: &Report) {
    if !report.stale().is_empty() {
        let _ = writeln!(text, "\n**Expected deviations that are no longer true**\n");
    }
    for sentence in report.stale() {
        let _ = writeln!(text, "- {}", plain(&in_brief(sentence, 300)));
    }
}

fn expected(text: &mut String, report: &Report) {
    let count = report.expected().count();
    if count > 0 {
        let _ = writeln!(text, "\n<details><summary>Expected deviations ({count})</summary>\n");
        for check in report.expected() {
            let because = check.expected.as_deref().unwrap_or_default();
            let _ = writeln!(text, "- `{}`: {}", check.id, plain(&in_brief(because, 300)));
        }
        text.push_str("\n</details>\n");
    }
}

fn not_tested(text: &mut String, report: &Report) {
    let reasons = report.by_reason(Verdict::NotTested);
    if reasons.is_empty() {
        return;
    }
    let count = report.with(Verdict::NotTested).count();
    let _ = writeln!(text, "\n<details><summary>Not tested ({count})</summary>\n");
    for (reason, checks) in reasons {
        let ids: Vec<String> = checks.iter().map(|check| format!("`{}`", check.id)).collect();
        let _ = writeln!(text, "- {}: {}", plain(&in_brief(reason, 300)), ids.join(" "));
    }
    text.push_str("\n</details>\n");
}

fn left_behind(text: &mut String, report: &Report) {
    if !report.left_behind.is_empty() {
        let _ = writeln!(text, "\n**Left behind on the server**\n");
    }
    for left in &report.left_behind {
        let _ = writeln!(text, "- {} {}", left.count, plain(&in_brief(&left.what, 300)));
    }
}

fn footer(text: &mut String, report: &Report) {
    let covered = report.coverage.iter().filter(|clause| clause.is_covered()).count();
    let _ = writeln!(
        text,
        "\n<sub>{} · seed {} · {} · {} · {} requests, {:.0} a second · {covered} \
         of {} clauses covered · harness {} · {}</sub>",
        code(&in_brief(&report.target, 200)),
        report.seed,
        report.effort(),
        duration(report.duration_ms),
        report.requests,
        report.requests_per_second(),
        report.coverage.len(),
        report.version,
        report.started,
    );
    let settings: Vec<String> = report
        .profile
        .iter()
        .map(|setting| format!("{} {}", setting.knob, plain(&in_brief(&setting.value, 60))))
        .collect();
    if !settings.is_empty() {
        let _ = writeln!(text, "<br><sub>profile: {}</sub>", settings.join(" · "));
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "FAIL",
        Verdict::Warn => "warn",
        Verdict::Error => "error",
        Verdict::Pass => "pass",
        Verdict::Observed => "observed",
        Verdict::NotTested => "not tested",
    }
}

/// Text that is read as text: every punctuation character is written as a reference.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        match character {
            '\n' | '\t' => plain.push(' '),
            ' ' | ',' | '.' | ';' | '?' => plain.push(character),
            other if other.is_ascii_punctuation() => {
                let _ = write!(plain, "&#{};", u32::from(other));
            }
            other => plain.push(other),
        }
    }
    plain
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// A block that its content cannot end.
fn fenced(language: &str, content: &str) -> String {
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n\n", content.trim_end())
}

/// At most `most` bytes of whole lines. What is cut off is the end of a block that is closed here.
fn whole_lines(text: &str, most: usize) -> String {
    let shown = visible(text);
    if shown.len() <= most {
        return shown.into_owned();
    }
    let end = shown[..shown.floor_char_boundary(most)].rfind('\n').unwrap_or(0);
    format!("{}\n- …\n\n</details>\n", &shown[..end])
}

fn shortened(text: &str, most: usize) -> String {
    let shown = visible(text);
    if shown.len() <= most {
        return shown.into_owned();
    }
    let end = shown.floor_char_boundary(most);
    format!("{}…\n", &shown[..end])
}
