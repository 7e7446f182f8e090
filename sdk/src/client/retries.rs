//! Sending a request again that changes nothing.
//!
//! Only what says nothing about the request itself is worth another attempt: a connection that failed, and a server that is busy.
//! A timeout is not, because the caller has waited already, and neither is a certificate that is wrong.

use std::io;
use std::time::Duration;

use lookout_schema::catalogue;
use serde_json::Value;

use crate::Error;
use crate::http::jitter;

/// The first wait when the server names none; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// How often, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retries {
    pub(crate) most: u32,
    /// What the waits may add up to.
    pub(crate) budget: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { most: 2, budget: Duration::from_secs(10) }
    }
}

/// The retries of one request.
#[derive(Debug)]
pub(super) struct Attempts {
    left: Retries,
    pub(super) made: u32,
}

impl Retries {
    pub(super) fn start(self) -> Attempts {
        Attempts { left: self, made: 0 }
    }
}

impl Attempts {
    /// How long to wait before the next attempt; `None` when there is none.
    pub(super) fn next(&mut self, error: &Error) -> Option<Duration> {
        if self.made >= self.left.most || !may_pass(error) {
            return None;
        }
        let wait = match error.retry_after() {
            Some(asked) => asked.saturating_add(jitter(FIRST_WAIT)),
            None => {
                let longest = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(self.made));
                longest / 2 + jitter(longest / 2)
            }
        };
        // A server that asks for all of the budget is within it; the jitter comes on top.
        if error.retry_after().unwrap_or(wait) > self.left.budget {
            return None;
        }
        self.left.budget = self.left.budget.saturating_sub(wait);
        self.made += 1;
        Some(wait)
    }
}

/// Whether a call of the tool changes nothing when it is made twice, by what the catalogue says and not by what the server says.
///
/// A tool that saves once for each key does so if there is a key.
pub(super) fn is_repeatable(tool: &str, arguments: &Value) -> bool {
    let Some(entry) = catalogue().tool(tool) else { return false };
    let hints = entry.annotations;
    let has_key = || {
        entry.input_schema["properties"]["idempotency_key"].is_object()
            && arguments["idempotency_key"].as_str().is_some_and(|key| !key.is_empty())
    };
    hints.read_only_hint || hints.idempotent_hint || has_key()
}

/// Whether the next attempt may fare better.
fn may_pass(error: &Error) -> bool {
    if let Some(status) = error.status() {
        return matches!(status, 429 | 503);
    }
    if !error.is_transport() || error.is_broken_stream() {
        return false;
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        // A certificate that is refused, and a name that stands for an address that is.
        if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::PermissionDenied)) {
            return false;
        }
        source = cause.source();
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn what_is_repeated_is_what_the_catalogue_says_changes_nothing() {
        for tool in &catalogue().tools {
            let reads = tool.annotations.read_only_hint;
            assert_eq!(is_repeatable(&tool.name, &json!({})), reads, "{}", tool.name);
        }
        assert!(is_repeatable("save_dashboard", &json!({ "idempotency_key": "k" })));
        for none in [json!({ "idempotency_key": "" }), json!({ "idempotency_key": null }), json!(1)]
        {
            assert!(!is_repeatable("save_dashboard", &none), "{none}");
        }
        assert!(!is_repeatable("a_tool_of_next_year", &json!({ "idempotency_key": "k" })));
    }

    #[test]
    fn the_waits_grow_and_stay_within_the_budget() {
        let error = Error::new(Kind::Transport("x".to_owned()));
        let mut attempts = Retries { most: 5, budget: Duration::from_millis(1500) }.start();
        let waits: Vec<Duration> = std::iter::from_fn(|| attempts.next(&error)).collect();
        assert!(waits.len() >= 2 && waits.iter().sum::<Duration>() <= Duration::from_millis(1500));
        assert!(waits[0] >= FIRST_WAIT / 2 && waits[0] <= FIRST_WAIT);
        assert!(waits[1] >= FIRST_WAIT && waits[1] <= FIRST_WAIT * 2);
    }

    #[test]
    fn a_server_that_asks_for_more_than_the_budget_is_left_alone() {
        let busy = |seconds| Error::new(Kind::Status(503, Some(Duration::from_secs(seconds))));
        let retries = Retries { most: 2, budget: Duration::from_secs(10) };
        assert!(retries.start().next(&busy(11)).is_none());
        let wait = retries.start().next(&busy(10)).unwrap();
        assert!(wait >= Duration::from_secs(10), "never sooner than asked");
        let mut twice = retries.start();
        assert!(twice.next(&busy(6)).is_some() && twice.next(&busy(6)).is_none());
    }

    #[test]
    fn what_says_something_about_the_request_is_not_tried_again() {
        let certificate = io::Error::new(io::ErrorKind::InvalidData, "bad certificate");
        for error in [
            Error::new(Kind::Status(500, None)),
            Error::new(Kind::Status(502, None)),
            Error::new(Kind::Timeout("late")),
            Error::new(Kind::BrokenStream),
            Error::new(Kind::Transport("x".to_owned())).caused_by(certificate),
            Error::protocol("x"),
        ] {
            assert!(Retries::default().start().next(&error).is_none(), "{error:?}");
        }
    }
}
