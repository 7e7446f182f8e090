//! The set of worlds that explain everything seen so far.
//!
//! Each answer leaves the worlds that allow it. When none is left, no server of this profile could
//! have answered so, and that is the counterexample.

use crate::model::event::{Event, Issue, Kind, Record, Scopes, Seen, TokenId};
use crate::model::rules::Rules;
use crate::model::world::World;

/// More worlds than this were never seen; beyond it the model keeps the first ones.
const MOST_WORLDS: usize = 512;

#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    rules: Rules,
    worlds: Vec<World>,
}

impl Oracle {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { worlds: World::first(&rules), rules }
    }

    /// An oracle that already knows these worlds.
    pub(crate) fn of(rules: Rules, worlds: Vec<World>) -> Self {
        Self { rules, worlds }
    }

    pub(crate) fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// Takes one answer in, or says what would have been allowed in its place.
    pub(crate) fn observe(&mut self, record: &Record) -> Result<(), Allowed> {
        let next = self.next(record);
        if next.is_empty() {
            return Err(self.allowed(record));
        }
        self.worlds = next;
        Ok(())
    }

    fn next(&self, record: &Record) -> Vec<World> {
        let mut next: Vec<World> =
            self.worlds.iter().flat_map(|world| world.after(&self.rules, record)).collect();
        next.sort();
        next.dedup();
        next.truncate(MOST_WORLDS);
        next
    }

    /// The answers to the same request that some world allows.
    pub(crate) fn allowed(&self, record: &Record) -> Allowed {
        let is_allowed = |seen: &Seen| {
            let record = Record { seen: seen.clone(), ..record.clone() };
            self.worlds.iter().any(|world| !world.after(&self.rules, &record).is_empty())
        };
        let answers = self.candidates(&record.event).into_iter().filter(is_allowed).collect();
        Allowed { answers, worlds: self.worlds.len() }
    }

    /// One answer of every kind that the request can get.
    fn candidates(&self, event: &Event) -> Vec<Seen> {
        let refused = || Seen::Refused(String::new());
        match event {
            Event::Authorize { .. } => {
                vec![Seen::Code(crate::model::event::GrantId(u16::MAX)), Seen::NoCode]
            }
            Event::Exchange { .. } | Event::Refresh { .. } => {
                let mut scopes: Vec<Scopes> = self.issuable(event);
                scopes.sort();
                scopes.dedup();
                let issued = scopes.into_iter().rev().map(|scopes| {
                    Seen::Issued(Issue {
                        access: TokenId(u16::MAX),
                        refresh: Some(TokenId(u16::MAX - 1)),
                        scopes,
                        expires_in: None,
                    })
                });
                issued.take(1).chain([refused()]).collect()
            }
            Event::Revoke { .. } => vec![Seen::Done, refused()],
            Event::Make { .. } => vec![Seen::Made(TokenId(u16::MAX))],
            Event::Unmake { .. } | Event::Wait { .. } => vec![Seen::Done],
            Event::Call { .. } => vec![Seen::Accepted, Seen::Forbidden, Seen::Unauthorized],
            Event::Forged { .. } => vec![refused()],
        }
    }

    /// The most that a token response may carry.
    fn issuable(&self, event: &Event) -> Vec<Scopes> {
        let of = |world: &World| match event {
            Event::Exchange { code, .. } => world.grants.get(code).map(|grant| grant.allowed),
            Event::Refresh { token, asked, .. } => {
                let held = world.tokens.get(token).filter(|held| held.kind == Kind::Refresh)?;
                let grant = world.grants.get(&held.grant?)?;
                let whole = grant.issued.unwrap_or(grant.allowed);
                Some(asked.map_or(whole, |asked| asked.and(whole)))
            }
            _ => None,
        };
        self.worlds.iter().filter_map(of).collect()
    }
}

/// What the worlds allow in place of an answer that none of them does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) answers: Vec<Seen>,
    pub(crate) worlds: usize,
}
