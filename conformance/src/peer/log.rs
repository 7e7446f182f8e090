//! What happened in one run of a scenario, in order.

use std::time::Duration;

use crate::peer::answer::{Answer, Visit};
use crate::peer::ask::Ask;

/// Something that happened, and when, counted from the start of the scenario.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) at: Duration,
    pub(crate) what: What,
}

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The client was started; for the first time, the second…
    Started(usize),
    /// The client sent a request.
    Asked { ask: Ask, answer: Answer, sent: Sent },
    /// The client ran the program that stands for the browser, with these arguments.
    Opened(Vec<String>),
    /// The harness made a request itself.
    Visited { by: Visitor, visit: Visit, got: Result<Page, String> },
    /// The client's process ended.
    Ended,
}

/// How far an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is still on its way.
    Pending,
    /// All of it was sent, as far as the script has it.
    Whole,
    /// The client closed the connection before.
    Cut,
}

/// Who made a request of the harness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// The person, in the browser that the client opened.
    Person,
    /// The attacker.
    Attacker,
}

/// What a visit found.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) how: Ending,
    /// The exit code, when it had one.
    pub(crate) code: Option<i32>,
}

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself.
    Itself,
    /// By a signal that the harness did not send.
    Signal(i32),
    /// The harness stopped it: nothing had happened for a while.
    Quiet,
    /// The harness stopped it: the time was over, though things still happened.
    Timeout,
    /// The harness killed it, because the scenario is about that.
    Killed,
}

impl Exit {
    /// Whether the client says that all steps were done.
    pub(crate) fn is_success(&self) -> bool {
        self.how == Ending::Itself && self.code == Some(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.how, self.code) {
            (Ending::Itself, Some(code)) => write!(f, "it ended with exit code {code}"),
            (Ending::Itself, None) => f.write_str("it ended without an exit code"),
            (Ending::Signal(signal), _) => write!(f, "signal {signal} ended it"),
            (Ending::Quiet, _) => f.write_str("it did nothing more and was stopped"),
            (Ending::Timeout, _) => f.write_str("its time was over and it was stopped"),
            (Ending::Killed, _) => f.write_str("it was killed, as the scenario has it"),
        }
    }
}
