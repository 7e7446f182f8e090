//! The table that a run ends with.

use std::fmt::Write as _;

use crate::isolation::Isolation;
use crate::run::Report;

/// Most lines of evidence that are shown.
const SHOWN: usize = 8;

/// One table over all stores, one column each, and what strangers cost below it.
#[must_use]
pub fn render(reports: &[Report], strangers: Option<&Isolation>, seed: u64) -> String {
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    let mut row = |name: &'static str, value: &dyn Fn(&Report) -> String| {
        rows.push((name, reports.iter().map(value).collect()));
    };
    row("servers", &|r| r.replicas.to_string());
    row("calls", &|r| r.calls.to_string());
    row("refreshes", &|r| r.refreshes.to_string());
    row("exchanges", &|r| r.exchanges.to_string());
    row("revocations", &|r| r.revocations.to_string());
    row("revoke/call pairs checked", &|r| r.findings.pairs.to_string());
    row("max staleness", &|r| format!("{} us", r.findings.max_staleness));
    row("kill -9 of a server", &|r| r.tally.kills.to_string());
    row("ends at a failpoint", &|r| r.tally.failpoints.to_string());
    row("kill -9 of the database", &|r| r.tally.database_kills.to_string());
    row("outages of a table", &|r| r.tally.outages.to_string());
    row("pauses of a replica", &|r| r.tally.pauses.to_string());
    row("rolling restarts", &|r| r.tally.rolls.to_string());
    row("answers cut by them", &|r| r.tally.cut.to_string());
    row("losses", &|r| r.findings.losses.to_string());
    row("half states", &|r| r.tally.half_states.len().to_string());
    row("503 with Retry-After", &|r| r.unavailable.to_string());
    row("other 5xx", &|r| r.server_errors.to_string());
    row("slowest start", &|r| format!("{} ms", r.slowest_start.as_millis()));
    row("slowest recovery of calls", &|r| format!("{} ms", r.tally.slowest_recovery.as_millis()));
    row("peak connections", &|r| r.peak_connections.to_string());
    row("peak memory of the servers", &|r| format!("{:.1} MiB", mebibytes(r.peak_resident)));
    row("calls under load, p50 / p99", &|r| {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        format!("{:.1} / {:.1} ms", ms(r.latency.p50), ms(r.latency.p99))
    });
    let mut text = String::from("| |");
    for report in reports {
        let _fits = write!(text, " {} |", report.store);
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(reports.len()));
    for (name, values) in rows {
        let _fits = write!(text, "\n| {name} | {} |", values.join(" | "));
    }
    if let Some(strangers) = strangers {
        text.push_str("\n\n| strangers | calls beside them |\n|---|---|");
        for (name, line) in &strangers.lines {
            let _fits = write!(text, "\n| {name} | {line} |");
        }
    }
    let _fits =
        write!(text, "\n\nSeed {seed}; {}. Load and servers share the machine.\n", machine());
    for report in reports {
        text.push_str(&verdict(report));
    }
    for violation in strangers.iter().flat_map(|strangers| &strangers.violations) {
        let _fits = writeln!(text, "BROKEN: {}: {}", violation.promise.words(), violation.evidence);
    }
    text
}

/// Whether every promise held, or the shortest evidence of those that did not.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let mut violations: Vec<_> = report.findings.violations.iter().collect();
    if violations.is_empty() {
        return format!("{}: every promise held.\n", report.store);
    }
    violations.sort_by_key(|violation| (violation.promise, violation.evidence.len()));
    let mut text = String::new();
    let mut shown = 0;
    for (index, violation) in violations.iter().enumerate() {
        let of_promise =
            violations[..index].iter().filter(|v| v.promise == violation.promise).count();
        if of_promise < 2 && shown < SHOWN {
            let words = violation.promise.words();
            let _fits = writeln!(text, "{}: BROKEN: {words}: {}", report.store, violation.evidence);
            shown += 1;
        }
    }
    let hidden = violations.len() - shown;
    if hidden > 0 {
        let _fits = writeln!(text, "{}: and {hidden} more", report.store);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "memory fits 52 bits")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Cores and memory; no names.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let total = total.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    format!("{cores} cores, {:.0} GiB", mebibytes(total.unwrap_or(0) * 1024) / 1024.0)
}
