//! One case from beginning to end: operations carried out, judged as they go, and written down.

use crate::check::Capability;
use crate::model::event::Record;
use crate::model::narrate::Names;
use crate::model::operation::{Ask, Operation, Sequence, Who};
use crate::model::oracle::Oracle;
use crate::model::rules::Rules;
use crate::model::stage::{Hand, Pool, Stage, is_bearer, is_refresh};
use crate::outcome::{Halt, Outcome, Violation};
use crate::probe::Probe;

/// Says what was expected in place of what a record shows.
pub(crate) type Judge<'j> = &'j mut dyn FnMut(&Record, &Names) -> Result<(), String>;

/// A case in progress.
pub(crate) struct Play<'p, 'a> {
    pub(crate) stage: Stage<'p, 'a>,
    pub(crate) hand: Hand,
    pub(crate) names: Names,
    pub(crate) records: Vec<Record>,
}

impl<'p, 'a> Play<'p, 'a> {
    pub(crate) fn new(probe: &'p Probe<'a>, pool: &'p Pool) -> Self {
        let stage = Stage::new(probe, pool);
        let names = Names::new(stage.scope_names());
        Self { stage, hand: Hand::default(), names, records: Vec::new() }
    }

    /// Carries `operation` out and lets `judge` say whether that may be.
    pub(crate) fn perform(&mut self, operation: &Operation, judge: Judge<'_>) -> Outcome {
        match self.stage.perform(&mut self.hand, operation)? {
            Some(record) => self.take(record, judge),
            None => Ok(()),
        }
    }

    /// Writes `record` down and lets `judge` say whether it may be.
    pub(crate) fn take(&mut self, record: Record, judge: Judge<'_>) -> Outcome {
        self.names.learn(&record.seen);
        self.records.push(record);
        let record = self.records.last().expect("one was just added");
        judge(record, &self.names).map_err(|expected| self.contradiction(&expected))
    }

    /// The newest record as a counterexample.
    fn contradiction(&self, expected: &str) -> Halt {
        let Some(last) = self.records.last() else {
            return Violation::new(expected, "nothing").into();
        };
        let (asked, got) = (self.names.event(&last.event), self.names.seen(&last.seen));
        let observed = format!("{asked}: {got}");
        Violation::new(format!("{asked}: {expected}"), observed).on(self.story()).into()
    }

    /// Everything that happened, one operation a line.
    pub(crate) fn story(&self) -> String {
        self.names.lines(&self.records)
    }

    /// Carries out a whole sequence, and sees to it that no programmatic token stays behind.
    pub(crate) fn run(&mut self, sequence: &Sequence, judge: Judge<'_>) -> Outcome {
        let mut outcome = Ok(());
        for operation in &sequence.0 {
            outcome = self.perform(operation, judge);
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_err() {
            self.leave();
        }
        outcome
    }

    /// Asks of everything ever issued whether it lives: bearer tokens by a call, then refresh tokens
    /// and codes by using them up, newest first.
    pub(crate) fn probe_all(&mut self, judge: Judge<'_>) -> Outcome {
        self.stage.probe.let_revocation_spread();
        let outcome = self.probe_each(judge);
        self.leave();
        outcome
    }

    fn probe_each(&mut self, judge: Judge<'_>) -> Outcome {
        let bearers: Vec<_> =
            self.hand.tokens.iter().filter(|token| is_bearer(token.kind)).cloned().collect();
        let addresses = 1 + self.stage.probe.target.replicas.len();
        for held in bearers {
            for replica in 0..addresses {
                let start = self.stage.now();
                let (event, seen) = self.stage.call(&held, None, false, replica)?;
                self.take(Record { event, seen, start, end: self.stage.now(), replica }, judge)?;
            }
        }
        let known: Vec<_> = self
            .hand
            .tokens
            .iter()
            .filter(|token| is_refresh(token.kind))
            .map(|token| token.id)
            .collect();
        for id in known.iter().rev() {
            let all: Vec<_> =
                self.hand.tokens.iter().filter(|token| is_refresh(token.kind)).collect();
            // New tokens are issued meanwhile, so what counts back to this one changes.
            let back = all.iter().rev().position(|token| token.id == *id).unwrap_or(0);
            let Ok(token) = u8::try_from(back) else { continue };
            let refresh =
                Operation::Refresh { token, by: Who::Owner, scopes: Ask::Nothing, replica: 0 };
            self.perform(&refresh, judge)?;
        }
        for code in 0..u8::try_from(self.hand.codes.len()).unwrap_or(u8::MAX) {
            let exchange = Operation::Exchange {
                code,
                by: Who::Owner,
                verifier: true,
                redirect: true,
                replica: 0,
            };
            self.perform(&exchange, judge)?;
        }
        Ok(())
    }

    /// Revokes programmatic tokens, of which a person may have a few only.
    pub(crate) fn leave(&mut self) {
        if self.stage.probe.lacks(Capability::ProgrammaticTokens) {
            return;
        }
        for held in &self.hand.tokens {
            if let Some(name) = &held.name {
                // What is gone already needs no revoking.
                let _ = self.stage.probe.revoke_programmatic(name);
            }
        }
        for held in &mut self.hand.tokens {
            held.name = None;
        }
    }
}

/// Lets the worlds judge.
pub(crate) fn by_worlds(oracle: &mut Oracle) -> impl FnMut(&Record, &Names) -> Result<(), String> {
    |record, names| oracle.observe(record).map_err(|allowed| names.allowed(&allowed))
}

/// The rules that this server is judged by.
pub(crate) fn rules(probe: &Probe<'_>) -> Rules {
    Rules::of(probe.site(), probe.target.code_lifetime)
}
