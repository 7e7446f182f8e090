//! The safety monitor: what lives was approved, and nothing ended it since.
//!
//! It shares no code and no state with the worlds. It never asks whether a refusal was right, only
//! whether a success can be traced to an approval by a person that covers it, with no later event
//! that must have ended it. What the profile leaves open it lets pass.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::event::{
    ClientId, Event, GrantId, Issue, Kind, Place, Record, Scopes, Seen, TokenId,
};
use crate::model::rules::Rules;
use crate::profile::{CodeReplay, ReAuthorize, Refresh, RefreshRevocation};

#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    rules: Rules,
    approved: BTreeMap<GrantId, Approval>,
    minted: BTreeMap<TokenId, Minted>,
    /// In which era each code was redeemed.
    redeemed: BTreeMap<GrantId, u32>,
    spent: BTreeSet<TokenId>,
    /// When each grant or token was over, at the latest.
    ended: BTreeMap<GrantId, u64>,
    unrefreshable: BTreeSet<GrantId>,
    revoked: BTreeMap<TokenId, u64>,
    /// Counts everything that may have ended a grant without that being sure.
    era: u32,
}

#[derive(Clone, Copy, Debug)]
struct Approval {
    client: ClientId,
    kept: Scopes,
    at: Place,
    era: u32,
}

#[derive(Clone, Copy, Debug)]
struct Minted {
    kind: Kind,
    grant: Option<GrantId>,
    scopes: Scopes,
}

/// Why a success should not have happened: completes "no success, because …".
pub(crate) type Because = Result<(), &'static str>;

impl Monitor {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            approved: BTreeMap::new(),
            minted: BTreeMap::new(),
            redeemed: BTreeMap::new(),
            spent: BTreeSet::new(),
            ended: BTreeMap::new(),
            unrefreshable: BTreeSet::new(),
            revoked: BTreeMap::new(),
            era: 0,
        }
    }

    /// Takes one operation in.
    pub(crate) fn observe(&mut self, record: &Record) -> Because {
        let holds = self.judge(record);
        let changes_nothing = matches!(
            record.seen,
            Seen::Code(_) | Seen::Issued(_) | Seen::Made(_) | Seen::Accepted | Seen::Forbidden
        );
        self.era += u32::from(!changes_nothing);
        holds
    }

    fn judge(&mut self, record: &Record) -> Because {
        match (&record.event, &record.seen) {
            (Event::Authorize { kept: None, .. }, Seen::Code(_)) => Err("the person denied"),
            (Event::Authorize { client, kept: Some(kept), at, .. }, Seen::Code(grant)) => {
                let approval = Approval { client: *client, kept: *kept, at: *at, era: self.era };
                self.approved.insert(*grant, approval);
                Ok(())
            }
            (Event::Exchange { code, by, right_verifier, right_redirect }, Seen::Issued(issue)) => {
                self.is_the_owner(*code, *by)?;
                so(*right_verifier, "the verifier was wrong")?;
                so(*right_redirect, "the redirect URI was another")?;
                let is_first = self.redeemed.insert(*code, self.era).is_none();
                so(is_first, "the code had been redeemed")?;
                self.mint(*code, issue, None)
            }
            (Event::Exchange { code, by, right_verifier, right_redirect }, Seen::Refused(_)) => {
                let is_replay =
                    self.redeemed.contains_key(code) && *right_verifier && *right_redirect;
                let must_end = self.rules.code_replay == Some(CodeReplay::Revokes);
                if is_replay && must_end && self.is_the_owner(*code, *by).is_ok() {
                    self.end(*code, record.end);
                }
                Ok(())
            }
            (Event::Refresh { token, by, asked }, Seen::Issued(issue)) => {
                let minted = self.minted.get(token).copied();
                let minted = minted.filter(|minted| minted.kind == Kind::Refresh);
                let Some(grant) = minted.and_then(|minted| minted.grant) else {
                    return Err("it is no refresh token");
                };
                self.is_the_owner(grant, *by)?;
                so(!self.ended.contains_key(&grant), "its grant was over")?;
                so(!self.unrefreshable.contains(&grant), "it had been revoked")?;
                let is_single_use = self.rules.refresh.is_single_use();
                so(!(is_single_use && self.spent.contains(token)), "it had been used before")?;
                if issue.refresh.is_some_and(|new| new != *token) {
                    self.spent.insert(*token);
                }
                self.mint(grant, issue, *asked)
            }
            (Event::Refresh { token, by, asked }, Seen::Refused(_)) => {
                let grant = self.minted.get(token).and_then(|minted| minted.grant);
                let is_reuse = self.rules.refresh == Refresh::Strict && self.spent.contains(token);
                if let Some(grant) = grant.filter(|_| is_reuse && asked.is_none())
                    && self.is_the_owner(grant, *by).is_ok()
                {
                    self.end(grant, record.end);
                }
                Ok(())
            }
            (Event::Revoke { token, by, .. }, Seen::Done) => {
                self.revoke(*token, *by, record.end);
                Ok(())
            }
            (Event::Make { scopes }, Seen::Made(token)) => {
                let minted = Minted { kind: Kind::Programmatic, grant: None, scopes: *scopes };
                self.minted.insert(*token, minted);
                Ok(())
            }
            (Event::Unmake { token }, _) => {
                self.revoked.insert(*token, record.end);
                Ok(())
            }
            (Event::Call { token, at, needs, .. }, Seen::Accepted) => {
                self.may_call(*token, *at, *needs, record.start)
            }
            (Event::Forged { .. }, Seen::Accepted | Seen::Forbidden | Seen::Issued(_)) => {
                Err("nobody issued what was presented")
            }
            _ => Ok(()),
        }
    }

    fn is_the_owner(&self, grant: GrantId, by: ClientId) -> Because {
        match self.approved.get(&grant) {
            None => Err("nobody approved it"),
            Some(approval) if approval.client != by => Err("another client was approved"),
            Some(_) => Ok(()),
        }
    }

    fn mint(&mut self, grant: GrantId, issue: &Issue, asked: Option<Scopes>) -> Because {
        let kept = self.approved.get(&grant).map_or(Scopes::NONE, |approval| approval.kept);
        let most = asked.map_or(kept, |asked| asked.and(kept));
        so(issue.scopes.is_within(most), "the person did not approve those scopes")?;
        so(!self.ended.contains_key(&grant), "its grant was over")?;
        let access = Minted { kind: Kind::Access, grant: Some(grant), scopes: issue.scopes };
        self.minted.insert(issue.access, access);
        if let Some(refresh) = issue.refresh {
            let minted = Minted { kind: Kind::Refresh, grant: Some(grant), scopes: kept };
            self.minted.entry(refresh).or_insert(minted);
        }
        Ok(())
    }

    fn revoke(&mut self, token: TokenId, by: ClientId, now: u64) {
        let Some(minted) = self.minted.get(&token).copied() else { return };
        let Some(grant) = minted.grant.filter(|grant| self.is_the_owner(*grant, by).is_ok()) else {
            return;
        };
        match minted.kind {
            Kind::Access => {
                self.revoked.entry(token).or_insert(now);
            }
            // What a spent refresh token still stands for is the server's to say.
            Kind::Refresh if !self.spent.contains(&token) => {
                self.unrefreshable.insert(grant);
                if self.rules.refresh_revocation == Some(RefreshRevocation::Grant) {
                    self.end(grant, now);
                }
            }
            Kind::Refresh | Kind::Programmatic => {}
        }
    }

    /// A grant is over, and with it the ones that it is joined with.
    fn end(&mut self, grant: GrantId, now: u64) {
        let mut joined = Vec::new();
        if self.rules.re_authorize == Some(ReAuthorize::JoinsGrants) {
            let standing = self.standing(grant);
            joined.extend(self.redeemed.keys().filter(|&&other| self.standing(other) == standing));
        }
        for grant in joined.into_iter().chain([grant]) {
            self.ended.entry(grant).or_insert(now);
        }
    }

    /// Grants are surely one if nothing that may have ended the first came before the last.
    fn standing(&self, grant: GrantId) -> Option<(ClientId, u32, u32)> {
        let approval = self.approved.get(&grant)?;
        Some((approval.client, approval.era, *self.redeemed.get(&grant)?))
    }

    fn may_call(&self, token: TokenId, at: Place, needs: Scopes, start: u64) -> Because {
        let Some(minted) = self.minted.get(&token) else { return Err("nobody issued the token") };
        so(minted.kind != Kind::Refresh, "it is no access token")?;
        so(needs.is_within(minted.scopes), "its scopes do not suffice")?;
        let spread = |end: &u64| end.saturating_add(self.rules.delay) <= start;
        so(!self.revoked.get(&token).is_some_and(spread), "it had been revoked")?;
        let Some(grant) = minted.grant else { return Ok(()) };
        so(!self.ended.get(&grant).is_some_and(spread), "its grant was over")?;
        let place = self.approved.get(&grant).map(|approval| approval.at);
        so(place == Some(at), "it is for another resource")
    }
}

fn so(holds: bool, otherwise: &'static str) -> Because {
    if holds { Ok(()) } else { Err(otherwise) }
}
