//! How a check ends.
//!
//! Three things are kept apart, because they have three different readers: the peer is wrong
//! ([`Violation`]), we could not exercise the peer ([`ProbeError`]), and the claim does not apply
//! to this peer (not tested). Only the first is evidence against it, and none of them is a pass.

use thiserror::Error;

/// `Ok` means that no counterexample was found.
pub type Outcome<T = ()> = Result<T, Halt>;

/// Why a check stopped before it could conclude that its claim holds.
#[derive(Clone, Debug)]
pub enum Halt {
    /// The peer did what the claim says it never does.
    Violation(Violation),
    /// The peer could not be exercised.
    Probe(ProbeError),
    /// The claim cannot be tried on this peer; the reason.
    NotTested(String),
}

/// A counterexample: what the claim led us to expect, and what the peer did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What a conforming peer would have done.
    pub expected: String,
    /// What this one did.
    pub observed: String,
    /// The smallest input known to show it, when the input was generated.
    pub input: Option<String>,
}

impl Violation {
    /// A counterexample that needs no generated input.
    pub(crate) fn new(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { expected: expected.into(), observed: observed.into(), input: None }
    }

    /// Names the input that shows it.
    pub(crate) fn on(mut self, input: impl Into<String>) -> Self {
        self.input = Some(input.into());
        self
    }
}

/// Why the peer could not be exercised. Says nothing about whether it conforms.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProbeError {
    /// No answer came back: refused, reset, closed early, or too slow.
    #[error("{request}: no answer: {cause}")]
    NoAnswer {
        /// Method and path of the request.
        request: String,
        /// What the transport reported.
        cause: String,
    },
    /// The peer reported its own failure.
    #[error("{request}: the server failed with status {status}")]
    ServerFailed {
        /// Method and path of the request.
        request: String,
        /// The status, 500 or above.
        status: u16,
    },
    /// An ordinary step that the check builds on was refused or answered with something else.
    #[error("{step}: {observed}")]
    Step {
        /// The step, for example `exchange a code`.
        step: String,
        /// What came back.
        observed: String,
    },
    /// The target has nothing to try it with. Not an obstacle on the peer's side: a check that meets
    /// it is not tested.
    #[error("{0}")]
    Unavailable(String),
    /// A page was not what the harness knows how to drive.
    #[error("{page}: {lacks}")]
    Page {
        /// Which page.
        page: String,
        /// What was missing on it.
        lacks: String,
    },
}

impl ProbeError {
    pub(crate) fn step(step: &str, observed: impl Into<String>) -> Self {
        Self::Step { step: step.to_owned(), observed: observed.into() }
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(reason.into())
    }

    pub(crate) fn page(page: impl Into<String>, lacks: impl Into<String>) -> Self {
        Self::Page { page: page.into(), lacks: lacks.into() }
    }
}

impl From<Violation> for Halt {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl From<ProbeError> for Halt {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Unavailable(reason) => Self::NotTested(reason),
            error => Self::Probe(error),
        }
    }
}

/// `Err` with a violation when `holds` is false; `observed` is rendered only then.
pub(crate) fn ensure(
    holds: bool,
    expected: impl Into<String>,
    observed: impl FnOnce() -> String,
) -> Outcome {
    if holds { Ok(()) } else { Err(Violation::new(expected, observed()).into()) }
}

/// Says which of several inputs a violation belongs to; other endings pass through.
pub(crate) fn on<T>(input: &str, outcome: Outcome<T>) -> Outcome<T> {
    outcome.map_err(|halt| match halt {
        Halt::Violation(violation) => Halt::Violation(violation.on(input)),
        other => other,
    })
}

/// Stops the check as not tested, for `reason`.
pub(crate) fn not_tested(reason: impl Into<String>) -> Halt {
    Halt::NotTested(reason.into())
}
