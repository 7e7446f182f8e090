//! Carrying operations out on the server under test.
//!
//! A hand holds what one party of a case has collected: clients, codes and tokens. Symbolic names
//! are resolved against a hand, so branches that run at the same time never see each other's tokens
//! and mean the same in every run.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::check::Capability;
use crate::model::event::{ClientId, Event, GrantId, Kind, Place, Record, Scopes, Seen, TokenId};
use crate::model::operation::{Back, Operation, Who};
use crate::outcome::{Outcome, ProbeError};
use crate::probe::Probe;
use crate::probe::authorize::Issued;
use crate::probe::register::{Client, Method};
use crate::secret::Secret;

/// More waiting than this many times a check would make it last for minutes.
const MOST_WAITS: usize = 6;

/// Clients that the cases of one check share, since registering is no part of what they try.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    public: Mutex<Vec<Client>>,
    confidential: Mutex<Vec<Client>>,
    waits: AtomicUsize,
}

/// Where one case is carried out.
pub(crate) struct Stage<'p, 'a> {
    pub(crate) probe: &'p Probe<'a>,
    pool: &'p Pool,
    began: Instant,
    tokens: AtomicU16,
    /// How requests to the token endpoint and calls are varied where that must not matter.
    pub(crate) variation: Variation,
}

/// A way of saying the same thing differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Variation {
    #[default]
    None,
    /// Form parameters in reverse order.
    Reversed,
    /// A parameter that nobody defined.
    Unknown,
    /// The scheme of the `Authorization` header in other letters.
    Scheme,
}

/// What one party holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hand {
    pub(crate) clients: Vec<Client>,
    pub(crate) codes: Vec<HeldCode>,
    pub(crate) tokens: Vec<HeldToken>,
}

#[derive(Clone, Debug)]
pub(crate) struct HeldCode {
    pub(crate) issued: Issued,
    pub(crate) client: ClientId,
    pub(crate) at: Place,
    pub(crate) kept: Scopes,
}

#[derive(Clone, Debug)]
pub(crate) struct HeldToken {
    pub(crate) id: TokenId,
    pub(crate) kind: Kind,
    pub(crate) secret: Secret,
    pub(crate) grant: Option<GrantId>,
    pub(crate) client: Option<ClientId>,
    pub(crate) at: Place,
    /// What a refresh without `scope` gives.
    pub(crate) scopes: Scopes,
    /// What the page lists it as.
    pub(crate) name: Option<String>,
}

impl Hand {
    /// Counts back from the newest of the tokens that `which` says.
    pub(crate) fn token(&self, back: Back, which: fn(Kind) -> bool) -> Option<&HeldToken> {
        let fitting: Vec<&HeldToken> =
            self.tokens.iter().filter(|token| which(token.kind)).collect();
        newest(&fitting, back).copied()
    }

    pub(crate) fn code(&self, back: Back) -> Option<(GrantId, &HeldCode)> {
        let index =
            self.codes.len().checked_sub(1 + usize::from(back) % self.codes.len().max(1))?;
        Some((GrantId(u16::try_from(index).ok()?), self.codes.get(index)?))
    }
}

/// Counts back from the end, around and around.
pub(super) fn newest<T>(items: &[T], back: Back) -> Option<&T> {
    let index = items.len().checked_sub(1 + usize::from(back) % items.len().max(1))?;
    items.get(index)
}

impl<'p, 'a> Stage<'p, 'a> {
    pub(crate) fn new(probe: &'p Probe<'a>, pool: &'p Pool) -> Self {
        Self {
            probe,
            pool,
            began: Instant::now(),
            tokens: AtomicU16::new(0),
            variation: Variation::None,
        }
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn next_token(&self) -> TokenId {
        TokenId(self.tokens.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn scope_names(&self) -> Vec<String> {
        self.probe.catalogue().scope_names()
    }

    pub(super) fn all_scopes(&self) -> Scopes {
        let names = self.scope_names();
        Scopes::of(&names, &names)
    }

    /// Carries `operation` out with what is in `hand`; nothing if there is nothing to act on.
    pub(crate) fn perform(
        &self,
        hand: &mut Hand,
        operation: &Operation,
    ) -> Outcome<Option<Record>> {
        let replica = match operation {
            Operation::Exchange { replica, .. }
            | Operation::Refresh { replica, .. }
            | Operation::Revoke { replica, .. }
            | Operation::Call { replica, .. } => {
                usize::from(*replica) % (1 + self.probe.target.replicas.len())
            }
            _ => 0,
        };
        let start = self.now();
        let done = match operation {
            Operation::Register { confidential } => {
                self.register(hand, *confidential)?;
                return Ok(None);
            }
            Operation::Authorize { client, asked, kept, second, deny } => {
                let kept = (!deny).then_some(*kept);
                self.authorize(hand, *client, (*asked, kept), *second)?
            }
            Operation::Exchange { code, by, verifier, redirect, .. } => {
                self.exchange(hand, *code, *by, (*verifier, *redirect), replica)?
            }
            Operation::Refresh { token, by, scopes, .. } => {
                self.refresh(hand, *token, *by, *scopes, replica)?
            }
            Operation::Revoke { token, by, hint, .. } => {
                self.revoke(hand, *token, *by, *hint, replica)?
            }
            Operation::CreateToken { scopes } => self.make(hand, *scopes)?,
            Operation::RevokeToken { token } => self.unmake(hand, *token)?,
            Operation::Call { token, any_kind, tool, second, .. } => {
                let which = if *any_kind { |_| true } else { is_bearer };
                let held = hand.token(*token, which).cloned();
                match held {
                    Some(held) => Some(self.call(&held, *tool, *second, replica)?),
                    None => None,
                }
            }
            Operation::Tamper { token, how, at } => self.tamper(hand, *token, *how, *at)?,
            Operation::Wait => self.wait(),
        };
        Ok(done.map(|(event, seen)| Record { event, seen, start, end: self.now(), replica }))
    }

    /// Adds the next client of its kind to the hand and says its number.
    pub(super) fn register(
        &self,
        hand: &mut Hand,
        confidential: bool,
    ) -> Result<ClientId, ProbeError> {
        let client = if self.probe.lacks(Capability::Registration) {
            if !hand.clients.is_empty() {
                // There is this one client, and what ends a grant of it may concern its others.
                return Ok(ClientId(0));
            }
            self.probe.client()?
        } else {
            let method = self.method(confidential);
            let is_public = method == Method::None;
            let pool = if is_public { &self.pool.public } else { &self.pool.confidential };
            let taken =
                hand.clients.iter().filter(|client| (client.method == Method::None) == is_public);
            let taken = taken.count();
            let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
            if pool.len() <= taken {
                pool.push(self.probe.new_client(method)?);
            }
            pool[taken].clone()
        };
        hand.clients.push(client);
        Ok(ClientId(u16::try_from(hand.clients.len() - 1).unwrap_or(u16::MAX)))
    }

    fn method(&self, confidential: bool) -> Method {
        let advertised = self.probe.site().advertised("token_endpoint_auth_methods_supported");
        let has = |method: &Method| advertised.iter().any(|name| name == method.name());
        let found = [Method::Basic, Method::Post].into_iter().find(has);
        found.filter(|_| confidential).unwrap_or(Method::None)
    }

    /// Who presents something of `owner`'s.
    pub(super) fn presenter(
        &self,
        hand: &mut Hand,
        owner: ClientId,
        by: Who,
    ) -> Result<(ClientId, Client), ProbeError> {
        let by = match by {
            Who::Owner => owner,
            Who::Other(back) => {
                let others: Vec<u16> = (0..u16::try_from(hand.clients.len()).unwrap_or(u16::MAX))
                    .filter(|index| *index != owner.0)
                    .collect();
                match newest(&others, back) {
                    Some(other) => ClientId(*other),
                    None => self.register(hand, false)?,
                }
            }
        };
        Ok((by, hand.clients[usize::from(by.0)].clone()))
    }

    /// Lets everything that is declared to be short-lived run out.
    fn wait(&self) -> Option<(Event, Seen)> {
        let longest = self.probe.options.max_wait;
        let lifetime = self.probe.target.code_lifetime.filter(|lifetime| *lifetime <= longest)?;
        if self.pool.waits.fetch_add(1, Ordering::Relaxed) >= MOST_WAITS {
            return None;
        }
        let pause = lifetime + Duration::from_millis(1_600);
        std::thread::sleep(pause);
        let milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Some((Event::Wait { milliseconds }, Seen::Done))
    }
}

pub(super) fn is_bearer(kind: Kind) -> bool {
    kind != Kind::Refresh
}

pub(super) fn is_refresh(kind: Kind) -> bool {
    kind == Kind::Refresh
}

pub(super) fn is_oauth(kind: Kind) -> bool {
    kind != Kind::Programmatic
}
