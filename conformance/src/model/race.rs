//! One run of a race: the prefix, the branches at the same time, and the history they leave.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crate::model::event::{Record, TokenId};
use crate::model::linear::Origin;
use crate::model::narrate::Names;
use crate::model::operation::race::{Branch, Race};
use crate::model::play::{Judge, Play};
use crate::model::stage::{Hand, HeldToken, Pool, Stage};
use crate::outcome::Outcome;
use crate::probe::Probe;

/// What one run of a race left.
pub(crate) struct Course<'p, 'a> {
    /// The prefix, and afterwards everything that is asked of what was issued.
    play: RefCell<Play<'p, 'a>>,
    /// How many records of the play are prefix.
    prefix: usize,
    /// What the branches did, in the order of invocation.
    pub(crate) history: Vec<Record>,
    /// Which branch each record of the history belongs to.
    branches: Vec<usize>,
}

impl<'p, 'a> Course<'p, 'a> {
    /// Runs `race` once.
    pub(crate) fn run(probe: &'p Probe<'a>, pool: &'p Pool, race: &Race) -> Outcome<Self> {
        let mut play = Play::new(probe, pool);
        play.run(&race.prefix, &mut |_, _| Ok(()))?;
        // Both the number of a branch and its hand must be there before anything starts.
        let start = Barrier::new(race.branches.len());
        let done: Vec<Outcome<(Vec<Record>, Hand)>> = thread::scope(|scope| {
            let runs: Vec<_> = race
                .branches
                .iter()
                .map(|branch| {
                    let (stage, hand, start) = (&play.stage, play.hand.clone(), &start);
                    scope.spawn(move || run(stage, hand, branch, start))
                })
                .collect();
            runs.into_iter().map(|run| run.join().expect("a branch does not panic")).collect()
        });
        let held = play.hand.tokens.len();
        let mut history = Vec::new();
        for (index, done) in done.into_iter().enumerate() {
            let (records, hand) = done?;
            play.hand.tokens.extend(hand.tokens.into_iter().skip(held));
            history.extend(records.into_iter().map(|record| (index, record)));
        }
        play.hand.tokens.sort_by_key(|token| token.id);
        history.sort_by_key(|(_, record)| (record.start, record.end));
        for (_, record) in &history {
            play.names.learn(&record.seen);
        }
        let (branches, history) = history.into_iter().unzip();
        let prefix = play.records.len();
        Ok(Self { play: RefCell::new(play), prefix, history, branches })
    }

    /// Asks of everything ever issued whether it lives.
    pub(crate) fn probe_all(&self, judge: Judge<'_>) -> Outcome {
        self.play.borrow_mut().probe_all(judge)
    }

    /// What happened before the branches began.
    pub(crate) fn prefix(&self) -> Vec<Record> {
        self.play.borrow().records[..self.prefix].to_vec()
    }

    /// Everything that happened, before, at the same time and after.
    pub(crate) fn everything(&self) -> Vec<Record> {
        let play = self.play.borrow();
        let (before, after) = play.records.split_at(self.prefix);
        [before, &self.history, after].concat()
    }

    /// Whose each token is.
    pub(crate) fn tokens(&self) -> BTreeMap<TokenId, Origin> {
        let play = self.play.borrow();
        let origin =
            |held: &HeldToken| Origin { kind: held.kind, client: held.client, grant: held.grant };
        play.hand.tokens.iter().map(|held| (held.id, origin(held))).collect()
    }

    pub(crate) fn line(&self, record: &Record) -> String {
        self.play.borrow().names.line(record)
    }

    /// What happened, one operation a line: branches one after another, with when each ran.
    pub(crate) fn story(&self) -> String {
        let play = self.play.borrow();
        let names: &Names = &play.names;
        let mut lines = names.lines(&play.records[..self.prefix]);
        let begun = self.history.iter().map(|record| record.start).min().unwrap_or(0);
        let count = self.branches.iter().max().map_or(0, |last| last + 1);
        for branch in 0..count {
            lines.push_str(&format!("\n      at the same time, on connection {}:", branch + 1));
            let own = self.history.iter().zip(&self.branches).filter(|(_, own)| **own == branch);
            for (record, _) in own {
                let (from, to) = (record.start - begun, record.end - begun);
                lines.push_str(&format!("\n        {} ({from} to {to} us)", names.line(record)));
            }
        }
        let after = &play.records[self.prefix..];
        if !after.is_empty() {
            lines.push_str("\n      afterwards:");
            for record in after {
                lines.push_str(&format!("\n        {}", names.line(record)));
            }
        }
        lines
    }
}

fn run(
    stage: &Stage<'_, '_>,
    mut hand: Hand,
    branch: &Branch,
    start: &Barrier,
) -> Outcome<(Vec<Record>, Hand)> {
    start.wait();
    if branch.delay > 0 {
        thread::sleep(Duration::from_micros(branch.delay.into()));
    }
    let mut records = Vec::new();
    for operation in &branch.operations {
        records.extend(stage.perform(&mut hand, operation)?);
    }
    Ok((records, hand))
}
