//! The checkers: pure functions of a history.
//!
//! They know nothing of the server. Each denial must have a possible cause that the history shows, each success must have none against it, and nothing that
//! can be used once was used twice. Operations whose outcome nobody knows may have happened or not, so they excuse a denial and forbid nothing.

use std::collections::BTreeMap;

use crate::history::{GrantId, History, Micros, Operation, Outcome, Record, TokenId};

/// What the server promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// After an acknowledged revocation no call succeeds that starts later, on any replica.
    Revocation,
    /// A code and each refresh token are redeemed at most once, and reuse ends the grant.
    SingleUse,
    /// What was acknowledged is still so after a process was killed.
    Durable,
    /// What was decided is there as a whole or not at all.
    Whole,
    /// An answer says what is so: no denial of what is valid, trouble is 503 with a time to come back.
    Answers,
    /// Whatever a stranger can open has an end and a number.
    Bounded,
    /// Whoever is not a good client costs the good ones little.
    Isolation,
    /// The clock of a machine does not revive or prolong a token.
    Clock,
    /// A server that was killed is soon back.
    Recovery,
    /// A server that is asked to end does so in good order.
    Restart,
    /// Enough was tried to say anything.
    Tried,
}

impl Promise {
    /// The promise in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Revocation => "revocation is linearizable",
            Self::SingleUse => "single use is absolute",
            Self::Durable => "acknowledged is durable",
            Self::Whole => "a decision is whole",
            Self::Answers => "no misleading answer",
            Self::Bounded => "everything is bounded",
            Self::Isolation => "strangers do not hurt users",
            Self::Clock => "no clock revives a token",
            Self::Recovery => "a killed server is soon back",
            Self::Restart => "a rolling restart is a clean one",
            Self::Tried => "enough was tried",
        }
    }
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// What shows it.
    pub evidence: String,
}

/// What the checkers found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Every broken promise.
    pub violations: Vec<Violation>,
    /// Calls that were answered and had begun after the revocation of their token or grant was acknowledged.
    pub pairs: u64,
    /// The longest time between an acknowledged revocation and a later call that succeeded.
    pub max_staleness: Micros,
    /// Acknowledged things that were gone after a kill.
    pub losses: u64,
}

/// When something ended: at the latest because that was acknowledged, and at the earliest because somebody had begun to end it.
#[derive(Clone, Copy, Debug)]
struct Ending {
    surely: Micros,
    perhaps: Micros,
}

impl Default for Ending {
    fn default() -> Self {
        Self { surely: Micros::MAX, perhaps: Micros::MAX }
    }
}

impl Ending {
    fn begin(&mut self, at: Micros) {
        self.perhaps = self.perhaps.min(at);
    }

    fn end(&mut self, at: Micros) {
        self.surely = self.surely.min(at);
    }

    fn and(self, other: Self) -> Self {
        Self { surely: self.surely.min(other.surely), perhaps: self.perhaps.min(other.perhaps) }
    }
}

/// The one-time things: a code, or a refresh token by its generation.
type Once = (GrantId, Option<u32>);

struct Judge<'h> {
    history: &'h History,
    grants: BTreeMap<GrantId, Ending>,
    tokens: BTreeMap<TokenId, Ending>,
    uses: BTreeMap<Once, Vec<&'h Record>>,
    saved: BTreeMap<u32, Micros>,
    findings: Findings,
}

/// Judges a whole history.
#[must_use]
pub fn judge(history: &History) -> Findings {
    let mut judge = Judge {
        history,
        grants: BTreeMap::new(),
        tokens: BTreeMap::new(),
        uses: BTreeMap::new(),
        saved: BTreeMap::new(),
        findings: Findings::default(),
    };
    judge.collect();
    judge.judge_single_use();
    for record in &history.records {
        judge.judge_record(record);
    }
    judge.findings
}

const fn once(operation: Operation) -> Option<Once> {
    match operation {
        Operation::Exchange(grant) => Some((grant, None)),
        Operation::Refresh(grant, generation) => Some((grant, Some(generation))),
        _ => None,
    }
}

impl<'h> Judge<'h> {
    fn collect(&mut self) {
        let refused =
            |record: &&Record| matches!(record.outcome, Outcome::NotSent | Outcome::Limited);
        for record in self.history.records.iter().filter(|record| !refused(record)) {
            let ending = match record.operation {
                Operation::EndToken(token) => self.tokens.entry(token).or_default(),
                Operation::EndGrant(grant) => self.grants.entry(grant).or_default(),
                Operation::Save(dashboard) => {
                    if record.outcome == Outcome::Done {
                        self.saved.insert(dashboard, record.end);
                    }
                    continue;
                }
                Operation::Exchange(_) | Operation::Refresh(..) => {
                    // Trouble is promised to change nothing, so it is no use, and whoever is denied after it has lost something.
                    if !matches!(record.outcome, Outcome::Done | Outcome::Denied | Outcome::Unknown)
                    {
                        continue;
                    }
                    let uses =
                        self.uses.entry(once(record.operation).unwrap_or((GrantId(0), None)));
                    uses.or_default().push(record);
                    continue;
                }
                _ => continue,
            };
            ending.begin(record.start);
            if record.outcome == Outcome::Done {
                ending.end(record.end);
            }
        }
        self.excuse_reuse_in_trouble();
        for (&(grant, _), uses) in self.uses.iter().filter(|(_, uses)| uses.len() > 1) {
            // Only what was or may have been denied as a reuse ends a grant.
            if uses.iter().all(|record| record.outcome == Outcome::Done) {
                continue;
            }
            let ending = self.grants.entry(grant).or_default();
            let mut starts: Vec<Micros> = uses.iter().map(|record| record.start).collect();
            starts.sort_unstable();
            ending.begin(starts[1]);
            // One was served and another denied: that one came second, so it was a reuse.
            if uses.iter().any(|record| record.outcome == Outcome::Done) {
                let denied = uses.iter().filter(|record| record.outcome == Outcome::Denied);
                denied.for_each(|record| ending.end(record.end));
            }
        }
    }

    /// What is used a second time may be answered with trouble after it ended the grant. Whoever comes again after trouble does not: that is no second use.
    fn excuse_reuse_in_trouble(&mut self) {
        let records = self.history.records.iter();
        let troubled =
            records.filter(|record| matches!(record.outcome, Outcome::Unavailable { .. }));
        for record in troubled {
            let Some(once) = once(record.operation) else { continue };
            let uses = self.uses.get(&once).into_iter().flatten();
            let mut served = uses.filter(|used| used.outcome == Outcome::Done);
            if served.any(|served| served.start < record.end) {
                self.grants.entry(once.0).or_default().begin(record.start);
            }
        }
    }

    fn judge_single_use(&mut self) {
        for uses in self.uses.values() {
            let mut served = uses.iter().filter(|record| record.outcome == Outcome::Done);
            if let (Some(first), Some(second)) = (served.next(), served.next()) {
                let evidence = format!("{first}; {second}");
                self.findings.violations.push(Violation { promise: Promise::SingleUse, evidence });
            }
        }
    }

    fn judge_record(&mut self, record: &Record) {
        match record.outcome {
            Outcome::Wrong(_) => {
                return self.violated(Promise::Answers, record, "nothing explains it");
            }
            Outcome::Unavailable { says_when: false } => {
                return self.violated(
                    Promise::Answers,
                    record,
                    "it does not say when to come back",
                );
            }
            Outcome::Done | Outcome::Denied => {}
            _ => return,
        }
        let is_done = record.outcome == Outcome::Done;
        match record.operation {
            Operation::Call(token) => {
                let Some(minted) = self.minted(token) else { return };
                let ending = self.ending_of_grant(minted.grant);
                let ending = ending.and(self.tokens.get(&token).copied().unwrap_or_default());
                self.findings.pairs += u64::from(record.start > ending.surely);
                if is_done {
                    self.judge_success(record, ending);
                } else if record.end < minted.lives_until {
                    self.judge_denial(record, ending, minted.at);
                }
            }
            Operation::Exchange(grant) | Operation::Refresh(grant, _) => {
                let ending = self.ending_of_grant(grant);
                if is_done {
                    self.judge_success(record, ending);
                } else {
                    self.judge_denial(record, ending, self.first_success(grant));
                }
            }
            Operation::Read(dashboard) if !is_done => {
                let saved = self.saved.get(&dashboard).copied();
                if let Some(saved) = saved.filter(|saved| *saved < record.start) {
                    self.lost(record, saved, "it had been saved");
                }
            }
            _ => {}
        }
    }

    fn judge_success(&mut self, record: &Record, ending: Ending) {
        if record.start <= ending.surely {
            return;
        }
        let stale = record.start - ending.surely;
        self.findings.max_staleness = self.findings.max_staleness.max(stale);
        let why = format!("its end had been acknowledged {stale} us before");
        let was_killed = self.history.was_killed_between(ending.surely, record.start);
        self.findings.losses += u64::from(was_killed);
        let promise = if was_killed { Promise::Durable } else { Promise::Revocation };
        self.violated(promise, record, &why);
    }

    fn judge_denial(&mut self, record: &Record, ending: Ending, acknowledged: Micros) {
        // What began in the same microsecond may have come first.
        if ending.perhaps > record.end {
            self.lost(record, acknowledged, "nothing in the history ended it");
        }
    }

    fn lost(&mut self, record: &Record, acknowledged: Micros, why: &str) {
        let was_killed = self.history.was_killed_between(acknowledged, record.end);
        self.findings.losses += u64::from(was_killed);
        let promise = if was_killed { Promise::Durable } else { Promise::Answers };
        self.violated(promise, record, why);
    }

    fn violated(&mut self, promise: Promise, record: &Record, why: &str) {
        let evidence = format!("{record}, but {why}");
        self.findings.violations.push(Violation { promise, evidence });
    }

    fn minted(&self, token: TokenId) -> Option<crate::history::Minted> {
        self.history.tokens.get(usize::try_from(token.0).ok()?).copied()
    }

    fn ending_of_grant(&self, grant: GrantId) -> Ending {
        self.grants.get(&grant).copied().unwrap_or_default()
    }

    /// When the grant first showed itself to be there.
    fn first_success(&self, grant: GrantId) -> Micros {
        let uses = self.uses.range((grant, None)..=(grant, Some(u32::MAX)));
        let done = uses.flat_map(|(_, uses)| uses).filter(|r| r.outcome == Outcome::Done);
        done.map(|record| record.end).min().unwrap_or(0)
    }
}
