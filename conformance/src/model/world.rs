//! One way a conforming server may be after what was seen.
//!
//! A world is plain data and its steps are pure. Where the standards leave a choice that the
//! profile does not settle, a step leads to several worlds; where the answer contradicts the world,
//! it leads to none.

use std::collections::BTreeMap;

use crate::model::event::{
    ClientId, Event, GrantId, Issue, Kind, Place, Record, Scopes, Seen, TokenId,
};
use crate::model::rules::Rules;
use crate::profile::ReAuthorize;

/// Everything that decides later answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct World {
    pub(crate) grants: BTreeMap<GrantId, Grant>,
    pub(crate) tokens: BTreeMap<TokenId, Token>,
    pub(crate) joint: Joint,
}

/// What ends with a grant besides its own tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Joint {
    #[default]
    Nothing,
    /// The client's other grants, of which a code that was not redeemed is none yet.
    Redeemed,
    /// The client's other grants and codes.
    All,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) client: ClientId,
    pub(crate) confidential: bool,
    pub(crate) at: Place,
    /// What the person allowed.
    pub(crate) allowed: Scopes,
    /// What the first tokens carried.
    pub(crate) issued: Option<Scopes>,
    pub(crate) code: Code,
    /// When the code was there.
    pub(crate) since: u64,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Code {
    Fresh,
    Spent,
    /// Lost by a failed exchange.
    Burnt,
}

/// How much of a grant is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum End {
    No,
    /// It cannot be refreshed any more; access tokens live until they expire.
    Chain,
    /// All of it, since then.
    Whole(u64),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Programmatic tokens have none.
    pub(crate) grant: Option<GrantId>,
    pub(crate) scopes: Scopes,
    pub(crate) life: Life,
    pub(crate) expires: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Life {
    Live,
    /// A refresh token that was replaced, then, by that one.
    Spent {
        at: u64,
        by: TokenId,
    },
    Revoked(u64),
}

/// Whether a bearer token may be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Live,
    Dead,
    /// It is just about to expire, or a revocation is still spreading.
    Either,
}

impl World {
    /// The worlds before anything happened.
    pub(crate) fn first(rules: &Rules) -> Vec<Self> {
        let joints: &[Joint] = match rules.re_authorize {
            Some(ReAuthorize::KeepsGrants | ReAuthorize::EndsGrants) => &[Joint::Nothing],
            Some(ReAuthorize::JoinsGrants) => &[Joint::Redeemed, Joint::All],
            None => &[Joint::Nothing, Joint::Redeemed, Joint::All],
        };
        joints.iter().map(|&joint| Self { joint, ..Self::default() }).collect()
    }

    /// The worlds that `record` leads to; none if it contradicts this one.
    pub(crate) fn after(&self, rules: &Rules, record: &Record) -> Vec<Self> {
        match (&record.event, &record.seen) {
            (Event::Wait { .. }, _) => vec![self.clone()],
            (Event::Forged { .. }, Seen::Refused(_) | Seen::Unauthorized | Seen::Done) => {
                vec![self.clone()]
            }
            (Event::Authorize { client, confidential, kept, at, is_plain, .. }, seen) => {
                match (kept, seen) {
                    (None, Seen::NoCode) => vec![self.clone()],
                    (Some(_), Seen::NoCode) if !is_plain => vec![self.clone()],
                    (Some(kept), Seen::Code(id)) => {
                        let grant = Grant {
                            client: *client,
                            confidential: *confidential,
                            at: *at,
                            allowed: *kept,
                            issued: None,
                            code: Code::Fresh,
                            since: record.end,
                            end: End::No,
                        };
                        self.authorized(rules, *id, &grant, record.end)
                    }
                    _ => Vec::new(),
                }
            }
            (Event::Exchange { code, by, right_verifier, right_redirect }, seen) => {
                let rights = (*right_verifier, *right_redirect);
                self.exchange(rules, (*code, *by, rights), seen, record)
            }
            (Event::Refresh { token, by, asked }, seen) => {
                self.refresh(rules, (*token, *by, *asked), seen, record)
            }
            (Event::Revoke { token, by, .. }, seen) => {
                self.revoke(rules, *token, *by, seen, record.end)
            }
            (Event::Make { scopes }, Seen::Made(id)) => {
                let mut world = self.clone();
                world.tokens.insert(
                    *id,
                    Token {
                        kind: Kind::Programmatic,
                        grant: None,
                        scopes: *scopes,
                        life: Life::Live,
                        expires: None,
                    },
                );
                vec![world]
            }
            (Event::Unmake { token }, Seen::Done) => {
                vec![self.with_life(*token, Life::Revoked(record.end))]
            }
            (Event::Call { token, at, needs, .. }, seen) => {
                let allowed = match self.standing(rules, *token, *at, record) {
                    Standing::Live if needs.is_within(self.scopes(*token)) => {
                        *seen == Seen::Accepted
                    }
                    Standing::Live => *seen == Seen::Forbidden,
                    Standing::Dead => *seen == Seen::Unauthorized,
                    Standing::Either => true,
                };
                if allowed { vec![self.clone()] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    fn scopes(&self, token: TokenId) -> Scopes {
        self.tokens.get(&token).map_or(Scopes::NONE, |token| token.scopes)
    }

    fn standing(&self, rules: &Rules, token: TokenId, at: Place, record: &Record) -> Standing {
        let Some(token) = self.tokens.get(&token) else { return Standing::Dead };
        if token.kind == Kind::Refresh {
            return Standing::Dead;
        }
        let grant = token.grant.and_then(|id| self.grants.get(&id));
        if grant.is_some_and(|grant| grant.at != at) {
            return Standing::Dead;
        }
        let grant_end = match grant.map(|grant| grant.end) {
            Some(End::Whole(at)) => Some(at),
            _ => None,
        };
        let token_end = match token.life {
            Life::Revoked(at) => Some(at),
            Life::Live | Life::Spent { .. } => None,
        };
        if let Some(end) = [grant_end, token_end].into_iter().flatten().min() {
            let spreads = rules.delay > 0 && record.start < end.saturating_add(rules.delay);
            return if spreads { Standing::Either } else { Standing::Dead };
        }
        if grant.is_none() && at != Place::Main {
            // Where else a programmatic token works is the server's to say.
            return Standing::Either;
        }
        rules.age(token.expires, record).into()
    }

    pub(crate) fn with_life(&self, token: TokenId, life: Life) -> Self {
        let mut world = self.clone();
        if let Some(token) = world.tokens.get_mut(&token) {
            token.life = life;
        }
        world
    }

    pub(crate) fn with_code(&self, grant: GrantId, code: Code) -> Self {
        let mut world = self.clone();
        if let Some(grant) = world.grants.get_mut(&grant) {
            grant.code = code;
        }
        world
    }

    /// The same with a grant ended, and what is joined with it, unless more of it had ended before.
    pub(crate) fn with_end(&self, id: GrantId, end: End) -> Self {
        let mut world = self.clone();
        let Some(grant) = world.grants.get_mut(&id) else { return world };
        if matches!(grant.end, End::Whole(_)) {
            return world;
        }
        grant.end = end;
        let client = grant.client;
        match (end, self.joint) {
            (End::Whole(at), Joint::Redeemed) => {
                world.without_others(id, client, at, |code| code == Code::Spent)
            }
            (End::Whole(at), Joint::All) => world.without_others(id, client, at, |_| true),
            _ => world,
        }
    }

    /// The same with the tokens of `issue` added for `grant`.
    pub(crate) fn with_issue(&self, id: GrantId, issue: &Issue, end: u64) -> Self {
        let mut world = self.clone();
        let whole = world.grants.get(&id).and_then(|grant| grant.issued).unwrap_or(issue.scopes);
        let lifetime = issue.expires_in.map(|seconds| seconds.saturating_mul(1_000_000));
        world.tokens.insert(
            issue.access,
            Token {
                kind: Kind::Access,
                grant: Some(id),
                scopes: issue.scopes,
                life: Life::Live,
                expires: lifetime.map(|lifetime| end.saturating_add(lifetime)),
            },
        );
        if let Some(refresh) = issue.refresh {
            world.tokens.entry(refresh).or_insert(Token {
                kind: Kind::Refresh,
                grant: Some(id),
                scopes: whole,
                life: Life::Live,
                expires: None,
            });
        }
        world
    }
}

/// How a lifetime stands against a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Young,
    /// Too close to tell.
    Borderline,
    Over,
}

impl From<Age> for Standing {
    fn from(age: Age) -> Self {
        match age {
            Age::Young => Self::Live,
            Age::Borderline => Self::Either,
            Age::Over => Self::Dead,
        }
    }
}
