//! What is shown while a run goes on.
//!
//! On a terminal one line is written over and over, and only what went wrong stays. Elsewhere every
//! check has a line, so that a log is complete.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lookout_conformance::report::text::{Style, line};
use lookout_conformance::report::{CheckReport, Verdict};

/// Back to the beginning of the line, and clear it.
const OVERWRITE: &str = "\r\u{1b}[2K";

/// The progress of one run.
#[derive(Debug)]
pub(crate) struct Progress {
    count: usize,
    style: Style,
    is_terminal: bool,
    begun: Instant,
    done: AtomicUsize,
}

impl Progress {
    pub(crate) fn new(count: usize, style: Style, is_terminal: bool) -> Self {
        let (begun, done) = (Instant::now(), AtomicUsize::new(0));
        Self { count, style, is_terminal, begun, done }
    }

    /// What to print when `check` is done.
    pub(crate) fn after(&self, check: &CheckReport) -> String {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let line = line(check, self.style);
        if !self.is_terminal {
            return format!("{line}\n");
        }
        let stays = matches!(check.verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
        let stays = if stays { format!("{line}\n") } else { String::new() };
        let status = status(done, self.count, check.area(), self.begun.elapsed());
        format!("{OVERWRITE}{stays}{status}")
    }

    /// What to print when the run is over.
    pub(crate) fn end(&self) -> &'static str {
        if self.is_terminal { OVERWRITE } else { "" }
    }
}

fn status(done: usize, count: usize, area: &str, elapsed: Duration) -> String {
    let width = count.to_string().len();
    format!("  {done:>width$} of {count}  {area:<14}  {:.1} s", elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use lookout_conformance::check::Clause;
    use lookout_conformance::report::LevelName;

    use super::*;

    fn check(verdict: Verdict) -> CheckReport {
        CheckReport {
            id: "pkce/method".to_owned(),
            level: LevelName::Must,
            clause: Clause::Rfc { number: 7636, section: "4.3" }.into(),
            claim: "A claim.".to_owned(),
            verdict,
            expected: None,
            reason: None,
            counterexample: None,
            transcript: Vec::new(),
            duration_ms: 1,
        }
    }

    #[test]
    fn the_status_says_how_far_where_and_how_long() {
        let text = status(7, 148, "pkce", Duration::from_millis(3_210));
        assert_eq!(text, "    7 of 148  pkce            3.2 s");
    }

    #[test]
    fn on_a_terminal_only_what_went_wrong_stays() {
        let progress = Progress::new(2, Style::Plain, true);
        let passed = progress.after(&check(Verdict::Pass));
        assert!(passed.starts_with(OVERWRITE) && !passed.contains('\n'), "{passed:?}");
        let failed = progress.after(&check(Verdict::Fail));
        assert!(failed.contains("FAIL") && failed.contains("\n  2 of 2  pkce"), "{failed:?}");
        assert_eq!(progress.end(), OVERWRITE);
    }

    #[test]
    fn elsewhere_every_check_has_its_line_and_nothing_is_overwritten() {
        let progress = Progress::new(1, Style::Plain, false);
        let text = progress.after(&check(Verdict::Pass));
        assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains('\u{1b}'));
        assert_eq!(progress.end(), "");
    }
}
