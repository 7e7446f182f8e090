//! The checkers on made-up histories: of a strict server nothing is reported, and every kind of mistake is.

use lookout_reliability::check::{Promise, judge};
use lookout_reliability::history::{GrantId, History, Minted, Operation, Outcome, Record, TokenId};
use lookout_reliability::random::Dice;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A strict server without a network: every operation happens at one moment between its start and its end.
#[derive(Default)]
struct Strict {
    history: History,
    /// Live or not, and the newest generation; `None` until the code is redeemed.
    grants: Vec<(bool, Option<u32>)>,
    revoked: Vec<bool>,
    now: u64,
}

impl Strict {
    fn play(seed: u64, steps: usize) -> History {
        let mut server = Self::default();
        let mut dice = Dice::new(seed, 0);
        for _ in 0..steps {
            server.step(&mut dice);
        }
        server.history
    }

    fn step(&mut self, dice: &mut Dice) {
        self.now += 1 + dice.roll() % 20;
        let grant = dice.below(self.grants.len());
        let token = dice.below(self.history.tokens.len());
        match dice.below(12) {
            0 | 1 => {
                self.history.new_grant();
                self.grants.push((true, None));
            }
            _ if self.grants.is_empty() => {}
            2 | 3 => self.exchange(dice, grant),
            4 | 5 => {
                let newest = self.grants[grant].1.unwrap_or(0);
                let generation = if dice.below(5) == 0 { newest.saturating_sub(1) } else { newest };
                self.refresh(dice, grant, generation);
            }
            6 => {
                self.grants[grant].0 = false;
                self.note(dice, Operation::EndGrant(id(grant)), Outcome::Done);
            }
            _ if self.history.tokens.is_empty() => {}
            7 => {
                self.revoked[token] = true;
                self.note(dice, Operation::EndToken(token_id(token)), Outcome::Done);
            }
            8 => self.history.kills.push(self.now),
            _ => {
                let owner = usize::try_from(self.history.tokens[token].grant.0).expect("small");
                let is_live = self.grants[owner].0 && !self.revoked[token];
                let outcome = if is_live { Outcome::Done } else { Outcome::Denied };
                self.note(dice, Operation::Call(token_id(token)), outcome);
            }
        }
    }

    fn exchange(&mut self, dice: &mut Dice, grant: usize) {
        let operation = Operation::Exchange(id(grant));
        match self.grants[grant] {
            (true, None) => {
                self.grants[grant].1 = Some(0);
                self.serve(dice, operation, grant);
            }
            _ => {
                self.grants[grant].0 = false;
                self.note(dice, operation, Outcome::Denied);
            }
        }
    }

    fn refresh(&mut self, dice: &mut Dice, grant: usize, generation: u32) {
        let operation = Operation::Refresh(id(grant), generation);
        match self.grants[grant] {
            (_, None) => {}
            (true, Some(newest)) if newest == generation => {
                self.grants[grant].1 = Some(generation + 1);
                self.serve(dice, operation, grant);
            }
            _ => {
                self.grants[grant].0 = false;
                self.note(dice, operation, Outcome::Denied);
            }
        }
    }

    fn serve(&mut self, dice: &mut Dice, operation: Operation, grant: usize) {
        // Sometimes the answer is lost, and with it the tokens.
        let outcome = if dice.below(8) == 0 { Outcome::Unknown } else { Outcome::Done };
        let end = self.note(dice, operation, outcome);
        if outcome == Outcome::Done {
            self.history.mint(Minted { grant: id(grant), at: end, lives_until: u64::MAX });
            self.revoked.push(false);
        }
    }

    /// Operations overlap: each began some time before it happened and ended some time after.
    fn note(&mut self, dice: &mut Dice, operation: Operation, outcome: Outcome) -> u64 {
        let start = self.now.saturating_sub(dice.roll() % 60);
        let end = self.now + dice.roll() % 60;
        self.history.records.push(Record { operation, outcome, start, end, replica: 0 });
        end
    }
}

fn id(index: usize) -> GrantId {
    GrantId(u32::try_from(index).expect("small"))
}

fn token_id(index: usize) -> TokenId {
    TokenId(u32::try_from(index).expect("small"))
}

fn always(seed_and_steps: impl Fn(u64, usize) -> Result<(), TestCaseError>) {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let run =
        runner.run(&(any::<u64>(), 0_usize..250), |(seed, steps)| seed_and_steps(seed, steps));
    run.expect("the property holds");
}

/// An operation that took 5 microseconds.
const fn record(operation: Operation, outcome: Outcome, start: u64) -> Record {
    Record { operation, outcome, start, end: start + 5, replica: 0 }
}

#[test]
fn a_strict_server_is_never_accused() {
    always(|seed, steps| {
        let findings = judge(&Strict::play(seed, steps));
        prop_assert_eq!(findings.violations, vec![]);
        prop_assert_eq!((findings.max_staleness, findings.losses), (0, 0));
        Ok(())
    });
}

#[test]
fn a_call_that_succeeds_after_its_revocation_is_caught() {
    always(|seed, steps| {
        let mut history = Strict::play(seed, steps);
        let end = |record: &Record| match record.operation {
            Operation::EndToken(token) => Some((token, record.end)),
            _ => None,
        };
        let Some((token, end)) = history.records.iter().find_map(end) else { return Ok(()) };
        let operation = Operation::Call(token);
        let (start, outcome) = (end + 5, Outcome::Done);
        history.records.push(Record { operation, outcome, start, end: start + 9, replica: 1 });
        let findings = judge(&history);
        prop_assert!(findings.max_staleness >= 5);
        // Its grant may have ended before, and something may have been killed since.
        let promises = [Promise::Revocation, Promise::Durable];
        let is_named = findings.violations.iter().any(|v| promises.contains(&v.promise));
        prop_assert!(is_named, "{:?}", findings.violations);
        Ok(())
    });
}

#[test]
fn a_second_success_with_what_can_be_used_once_is_caught() {
    always(|seed, steps| {
        let mut history = Strict::play(seed, steps);
        let is_use = |record: &&Record| {
            matches!(record.operation, Operation::Exchange(_) | Operation::Refresh(..))
                && record.outcome == Outcome::Done
        };
        let Some(again) = history.records.iter().find(is_use).copied() else { return Ok(()) };
        history.records.push(again);
        let broken = judge(&history).violations;
        let is_named = broken.iter().any(|violation| violation.promise == Promise::SingleUse);
        prop_assert!(is_named, "{:?}", broken);
        Ok(())
    });
}

#[test]
fn a_denial_that_nothing_explains_is_caught_and_is_a_loss_after_a_kill() {
    for is_killed in [false, true] {
        let mut history = History::default();
        let grant = history.new_grant();
        let token = history.mint(Minted { grant, at: 10, lives_until: u64::MAX });
        if is_killed {
            history.kills.push(20);
        }
        let operation = Operation::Call(token);
        let outcome = Outcome::Denied;
        history.records.push(Record { operation, outcome, start: 30, end: 40, replica: 0 });
        let findings = judge(&history);
        let promise = if is_killed { Promise::Durable } else { Promise::Answers };
        assert_eq!(findings.violations.len(), 1, "{:?}", findings.violations);
        assert_eq!(findings.violations[0].promise, promise);
        assert_eq!(findings.losses, u64::from(is_killed));
    }
}

#[test]
fn an_end_that_somebody_began_explains_a_denial_and_forbids_nothing() {
    let mut history = History::default();
    let grant = history.new_grant();
    let token = history.mint(Minted { grant, at: 1, lives_until: u64::MAX });
    history.records = vec![
        record(Operation::EndGrant(grant), Outcome::Unknown, 10),
        record(Operation::Call(token), Outcome::Done, 20),
        record(Operation::Call(token), Outcome::Denied, 30),
    ];
    assert_eq!(judge(&history).violations, vec![]);
}

#[test]
fn trouble_that_does_not_say_when_to_come_back_and_errors_are_caught() {
    let mut history = History::default();
    let grant = history.new_grant();
    for outcome in [Outcome::Wrong(500), Outcome::Unavailable { says_when: false }] {
        let operation = Operation::Exchange(grant);
        history.records.push(Record { operation, outcome, start: 1, end: 2, replica: 0 });
    }
    history.records.push(Record {
        operation: Operation::Exchange(grant),
        outcome: Outcome::Unavailable { says_when: true },
        start: 3,
        end: 4,
        replica: 0,
    });
    assert_eq!(judge(&history).violations.len(), 2);
}

#[test]
fn a_saved_dashboard_that_is_gone_is_caught() {
    let history = History {
        records: vec![
            record(Operation::Read(0), Outcome::Denied, 1),
            record(Operation::Save(0), Outcome::Done, 10),
            record(Operation::Read(0), Outcome::Done, 20),
            record(Operation::Read(0), Outcome::Denied, 40),
        ],
        kills: vec![30],
        ..History::default()
    };
    let findings = judge(&history);
    assert_eq!((findings.violations.len(), findings.losses), (1, 1));
}

#[test]
fn a_refresh_that_was_refused_for_a_while_excuses_no_later_loss() {
    for refused in [Outcome::Unavailable { says_when: true }, Outcome::Limited, Outcome::NotSent] {
        let mut history = History::default();
        let grant = history.new_grant();
        let record = |operation, outcome, start| Record {
            operation,
            outcome,
            start,
            end: start + 5,
            replica: 0,
        };
        let token = history.mint(Minted { grant, at: 25, lives_until: u64::MAX });
        history.records = vec![
            record(Operation::Exchange(grant), Outcome::Done, 1),
            record(Operation::Refresh(grant, 0), refused, 10),
            record(Operation::Refresh(grant, 0), Outcome::Done, 20),
            record(Operation::Call(token), Outcome::Denied, 40),
        ];
        history.kills.push(30);
        let findings = judge(&history);
        let promises: Vec<Promise> = findings.violations.iter().map(|v| v.promise).collect();
        assert_eq!((promises, findings.losses), (vec![Promise::Durable], 1), "{refused:?}");
    }
}

#[test]
fn a_second_use_that_was_answered_with_trouble_may_have_ended_the_grant() {
    // Beside the use that was served, and after it.
    for start in [8, 22] {
        let mut history = History::default();
        let grant = history.new_grant();
        let token = history.mint(Minted { grant, at: 15, lives_until: u64::MAX });
        history.records = vec![
            record(Operation::Exchange(grant), Outcome::Done, 10),
            record(Operation::Exchange(grant), Outcome::Unavailable { says_when: true }, start),
            record(Operation::Call(token), Outcome::Denied, 40),
        ];
        history.kills.push(30);
        assert_eq!(judge(&history).violations, vec![], "{start}");
    }
}

#[test]
fn trouble_that_was_a_success_and_makes_the_next_attempt_a_reuse_is_caught() {
    let mut history = History::default();
    let grant = history.new_grant();
    history.records = vec![
        record(Operation::Exchange(grant), Outcome::Done, 1),
        record(Operation::Refresh(grant, 0), Outcome::Unavailable { says_when: true }, 10),
        record(Operation::Refresh(grant, 0), Outcome::Denied, 20),
    ];
    let violations = judge(&history).violations;
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_eq!(violations[0].promise, Promise::Answers);
}
