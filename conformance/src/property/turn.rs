//! Which law of a check is being tried, and whether a replay wants it.
//!
//! Laws are counted in the order a check tries them. A law inside another belongs to the input of
//! the outer one and is not counted. Every attempt draws its incidental random numbers (states,
//! verifiers, ports) from a source of its own, so that what came before, and was skipped by a
//! replay, has no influence on it.

use crate::outcome::{Halt, Outcome, Violation};
use crate::probe::{Probe, locked};
use crate::replay::Trail;
use crate::transcript::Exchange;

/// The laws of one check.
#[derive(Default)]
pub(crate) struct Laws {
    begun: u32,
    depth: u32,
    /// The only attempt that a replay is about.
    wanted: Option<Trail>,
    result: Option<Again>,
}

/// What became of the input that a replay is about.
#[derive(Clone, Debug)]
pub(crate) enum Again {
    /// The same input shows a violation.
    Reproduced(Violation, Vec<Exchange>),
    /// The same input shows none.
    Gone,
    /// The same input met an obstacle.
    Obstacle(Halt),
    /// The trail does not lead to the recorded input.
    Lost(String),
}

/// What is to be done with a law.
pub(crate) enum Turn {
    /// Try it on its inputs; its number.
    Search(u32),
    /// Try it on the one input at the end of this trail.
    Again(Trail),
    /// Leave it out: the replay is about another.
    Skip,
}

/// A law that has begun, and ends with this value.
pub(crate) struct Begun<'p, 'a> {
    probe: &'p Probe<'a>,
    turn: Turn,
}

impl Begun<'_, '_> {
    pub(crate) fn turn(&self) -> &Turn {
        &self.turn
    }
}

impl Drop for Begun<'_, '_> {
    fn drop(&mut self) {
        locked(&self.probe.laws).depth -= 1;
    }
}

impl<'a> Probe<'a> {
    /// The same probe, to try one recorded input and nothing else.
    pub(crate) fn replaying(self, trail: Option<Trail>) -> Self {
        locked(&self.laws).wanted = trail;
        self
    }

    /// What became of the recorded input; nothing when the check never came to it.
    pub(crate) fn take_again(&self) -> Option<Again> {
        locked(&self.laws).result.take()
    }

    pub(super) fn take_turn(&self) -> Begun<'_, 'a> {
        let mut laws = locked(&self.laws);
        let number = laws.begun;
        let turn = match &laws.wanted {
            _ if laws.depth > 0 => Turn::Search(number),
            None => Turn::Search(number),
            Some(trail) if trail.law == number => Turn::Again(trail.clone()),
            Some(_) => Turn::Skip,
        };
        if laws.depth == 0 {
            laws.begun += 1;
        }
        laws.depth += 1;
        Begun { probe: self, turn }
    }

    /// Runs one attempt with a transcript and random numbers of its own.
    pub(super) fn by_itself(&self, trail: &Trail, attempt: impl FnOnce() -> Outcome) -> Outcome {
        let is_inner = locked(&self.laws).depth > 1;
        self.forget_transcript();
        if is_inner {
            return attempt();
        }
        let outer = self.swap_random(self.random_for(&trail.purpose()));
        let outcome = attempt();
        self.swap_random(outer);
        outcome
    }

    /// Reports a counterexample's transcript and trail; an inner law leaves the trail to the outer.
    pub(super) fn keep_evidence(&self, transcript: Vec<Exchange>, trail: Trail) {
        self.keep_transcript(transcript);
        self.keep_trail(trail);
    }

    /// Ends a replay: the check has nothing more to say.
    pub(super) fn replayed(&self, outcome: Outcome) -> Outcome {
        let again = match outcome {
            Ok(()) => Again::Gone,
            Err(Halt::Violation(violation)) => Again::Reproduced(violation, self.transcript()),
            Err(other) => Again::Obstacle(other),
        };
        self.end_replay(again)
    }

    /// Ends a replay whose trail leads elsewhere than it did.
    pub(super) fn lost(&self, reason: String) -> Outcome {
        self.end_replay(Again::Lost(reason))
    }

    fn end_replay(&self, again: Again) -> Outcome {
        locked(&self.laws).result = Some(again);
        Err(Halt::NotTested("the replay ends here".to_owned()))
    }
}
