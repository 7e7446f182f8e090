//! The steps of a world that change it: consent, exchange, refresh and revocation.

use crate::model::event::{ClientId, GrantId, Issue, Kind, Record, Scopes, Seen, TokenId};
use crate::model::rules::Rules;
use crate::model::world::{Age, Code, End, Grant, Joint, Life, World};
use crate::profile::{
    AccessRevocation, CodeReplay, FailedExchange, ReAuthorize, Refresh, RefreshRevocation,
};

impl World {
    /// After a consent: the grant is there, and older ones of its client may be over.
    pub(super) fn authorized(
        &self,
        rules: &Rules,
        id: GrantId,
        grant: &Grant,
        now: u64,
    ) -> Vec<Self> {
        let mut worlds = vec![self.clone()];
        if self.may_replace(rules) {
            worlds.push(self.without_others(id, grant.client, now, |code| code == Code::Spent));
            worlds.push(self.without_others(id, grant.client, now, |_| true));
        }
        for world in &mut worlds {
            world.grants.insert(id, grant.clone());
        }
        worlds
    }

    /// Whether a consent may end older grants: of joined ones there is nothing to replace.
    fn may_replace(&self, rules: &Rules) -> bool {
        let may = matches!(rules.re_authorize, None | Some(ReAuthorize::EndsGrants));
        may && self.joint == Joint::Nothing
    }

    /// Ends the other grants of `client` whose code is as `which` says.
    pub(super) fn without_others(
        &self,
        but: GrantId,
        client: ClientId,
        now: u64,
        which: fn(Code) -> bool,
    ) -> Self {
        let mut world = self.clone();
        for (id, grant) in &mut world.grants {
            let is_other = *id != but && grant.client == client && which(grant.code);
            if is_other && !matches!(grant.end, End::Whole(_)) {
                grant.end = End::Whole(now);
            }
        }
        world
    }

    pub(super) fn exchange(
        &self,
        rules: &Rules,
        (code, by, (right_verifier, right_redirect)): (GrantId, ClientId, (bool, bool)),
        seen: &Seen,
        record: &Record,
    ) -> Vec<Self> {
        let Some(grant) = self.grants.get(&code) else { return Vec::new() };
        let is_own = grant.client == by;
        let is_right = is_own && right_verifier && right_redirect;
        let age = rules.code_age(grant.since, record);
        let is_redeemable = grant.code == Code::Fresh && grant.end == End::No && age != Age::Over;
        match seen {
            Seen::Issued(issue) => {
                if !is_redeemable || !is_right || !issue.scopes.is_within(grant.allowed) {
                    return Vec::new();
                }
                let mut world = self.with_code(code, Code::Spent);
                if let Some(grant) = world.grants.get_mut(&code) {
                    grant.issued = Some(issue.scopes);
                }
                let world = world.with_issue(code, issue, record.end);
                let mut worlds = vec![world.clone()];
                if self.may_replace(rules) {
                    worlds.push(
                        world.without_others(code, by, record.end, |code| code == Code::Spent),
                    );
                    worlds.push(world.without_others(code, by, record.end, |_| true));
                }
                worlds
            }
            Seen::Refused(_) => {
                if is_redeemable && is_right && age == Age::Young {
                    return Vec::new();
                }
                match grant.code {
                    Code::Fresh => {
                        self.after_failed_exchange(rules, code, is_own && right_redirect)
                    }
                    Code::Spent if is_own => self.after_replay(rules, code, is_right, record.end),
                    Code::Spent => vec![self.clone(), self.with_end(code, End::Whole(record.end))],
                    Code::Burnt => vec![self.clone()],
                }
            }
            _ => Vec::new(),
        }
    }

    /// Only the verifier is what the profile was inferred from; other mistakes may be treated otherwise.
    fn after_failed_exchange(
        &self,
        rules: &Rules,
        code: GrantId,
        only_verifier: bool,
    ) -> Vec<Self> {
        let burnt = self.with_code(code, Code::Burnt);
        match rules.failed_exchange.filter(|_| only_verifier) {
            Some(FailedExchange::BurnsCode) => vec![burnt],
            Some(FailedExchange::KeepsCode) => vec![self.clone()],
            None => vec![self.clone(), burnt],
        }
    }

    /// A replay with a further mistake may be refused for that alone.
    fn after_replay(&self, rules: &Rules, code: GrantId, is_right: bool, now: u64) -> Vec<Self> {
        let ended = self.with_end(code, End::Whole(now));
        match rules.code_replay {
            Some(CodeReplay::Revokes) if is_right => vec![ended],
            Some(CodeReplay::Refused) => vec![self.clone()],
            Some(CodeReplay::Revokes) | None => vec![self.clone(), ended],
        }
    }

    pub(super) fn refresh(
        &self,
        rules: &Rules,
        (token, by, asked): (TokenId, ClientId, Option<Scopes>),
        seen: &Seen,
        record: &Record,
    ) -> Vec<Self> {
        let refused = matches!(seen, Seen::Refused(_));
        let held = self.tokens.get(&token).filter(|held| held.kind == Kind::Refresh);
        let grant =
            held.and_then(|held| held.grant).and_then(|id| Some((id, self.grants.get(&id)?)));
        let (Some(held), Some((id, grant))) = (held, grant) else {
            // Whatever it is, it is no refresh token.
            return if refused { vec![self.clone()] } else { Vec::new() };
        };
        let is_own = grant.client == by;
        let whole = grant.issued.unwrap_or(grant.allowed);
        let fits = asked.is_none_or(|asked| asked.is_within(whole));
        let reuse = self.reuse(rules, held.life, record);
        let is_over = grant.end != End::No || matches!(held.life, Life::Revoked(_));
        match seen {
            Seen::Issued(issue) => {
                let wanted = asked.map_or(whole, |asked| asked.and(whole));
                let is_scope_right = if asked.is_none() {
                    issue.scopes == wanted
                } else {
                    issue.scopes.is_within(wanted)
                };
                if is_over || !is_own || !is_scope_right || reuse.is_refused() {
                    return Vec::new();
                }
                self.refreshed(rules, id, token, issue, record.end)
            }
            Seen::Refused(_) if is_over => {
                // A spent token of a chain that is over may still be taken for theft.
                let mut worlds = vec![self.clone()];
                if matches!(held.life, Life::Spent { .. }) {
                    worlds.push(self.with_end(id, End::Whole(record.end)));
                }
                worlds
            }
            Seen::Refused(_) => {
                let ended = self.with_end(id, End::Whole(record.end));
                match reuse {
                    Reuse::None if is_own && fits => Vec::new(),
                    Reuse::None if is_own => {
                        vec![self.clone(), self.with_life(token, Life::Revoked(record.end))]
                    }
                    Reuse::None => vec![self.clone(), ended],
                    Reuse::Ends if is_own && fits => vec![ended],
                    Reuse::Ends | Reuse::Tolerated | Reuse::Refused => vec![self.clone(), ended],
                }
            }
            _ => Vec::new(),
        }
    }

    /// What presenting a refresh token in this state means.
    fn reuse(&self, rules: &Rules, life: Life, record: &Record) -> Reuse {
        let Life::Spent { at, by } = life else { return Reuse::None };
        match rules.refresh {
            Refresh::Grace { seconds } => {
                let until = at.saturating_add(seconds.saturating_mul(1_000_000));
                if record.start <= until { Reuse::Tolerated } else { Reuse::Ends }
            }
            Refresh::UntilSuccessorUsed => match self.tokens.get(&by).map(|token| token.life) {
                Some(Life::Live) => Reuse::Tolerated,
                _ => Reuse::Ends,
            },
            Refresh::RefusesReuse => Reuse::Refused,
            Refresh::None | Refresh::Strict | Refresh::NoRotation => Reuse::Ends,
        }
    }

    fn refreshed(
        &self,
        rules: &Rules,
        id: GrantId,
        token: TokenId,
        issue: &Issue,
        now: u64,
    ) -> Vec<Self> {
        let is_public = self.grants.get(&id).is_some_and(|grant| !grant.confidential);
        let stays = issue.refresh.is_none_or(|new| new == token);
        if stays && is_public && rules.refresh != Refresh::NoRotation {
            return Vec::new();
        }
        // A server may end older access tokens with each refresh.
        let mut older = self.clone();
        for held in older.tokens.values_mut() {
            let is_older = held.grant == Some(id) && held.kind == Kind::Access;
            if is_older && held.life == Life::Live {
                held.life = Life::Revoked(now);
            }
        }
        let mut worlds = Vec::new();
        for world in [self.clone(), older] {
            let mut next = world.with_issue(id, issue, now);
            if let Some(new) = issue.refresh.filter(|new| *new != token) {
                let predecessor = self.tokens.get(&token).map(|held| held.life);
                next = next.with_life(token, Life::Spent { at: now, by: new });
                // Using a tolerated token again may put its first successor aside.
                if let Some(Life::Spent { at, by }) = predecessor {
                    worlds.push(next.with_life(by, Life::Spent { at: now, by: new }));
                    next = next.with_life(token, Life::Spent { at, by: new });
                }
            }
            worlds.push(next);
        }
        worlds
    }

    pub(super) fn revoke(
        &self,
        rules: &Rules,
        token: TokenId,
        by: ClientId,
        seen: &Seen,
        now: u64,
    ) -> Vec<Self> {
        let is_refused = matches!(seen, Seen::Refused(_));
        if !is_refused && *seen != Seen::Done {
            return Vec::new();
        }
        let Some(held) = self.tokens.get(&token) else { return vec![self.clone()] };
        let owner = held.grant.and_then(|id| Some((id, self.grants.get(&id)?.client)));
        let Some((id, _)) = owner.filter(|(_, client)| *client == by) else {
            return vec![self.clone()];
        };
        let ended = self.with_end(id, End::Whole(now));
        let chain = self.with_end(id, End::Chain);
        match (held.kind, held.life) {
            // Only the revocation of access tokens is optional (RFC 7009 section 2).
            (Kind::Access, _) if is_refused => vec![self.clone()],
            (_, Life::Live) if is_refused => Vec::new(),
            (Kind::Access, Life::Live) => {
                let token = self.with_life(token, Life::Revoked(now));
                match rules.access_revocation {
                    Some(AccessRevocation::Token) => vec![token],
                    Some(AccessRevocation::Grant) => vec![ended],
                    None => vec![token, ended],
                }
            }
            (Kind::Refresh, Life::Live) => match rules.refresh_revocation {
                Some(RefreshRevocation::Grant) => vec![ended],
                Some(RefreshRevocation::Token) => vec![chain],
                None => vec![chain, ended],
            },
            (Kind::Access, _) if rules.access_revocation == Some(AccessRevocation::Token) => {
                vec![self.clone()]
            }
            (Kind::Refresh, Life::Spent { .. }) if rules.spent_revocation == Some(true) => {
                vec![ended]
            }
            // What is spent or revoked already may still name its grant.
            _ => vec![self.clone(), chain, ended],
        }
    }
}

/// What presenting a refresh token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reuse {
    /// It is the current one.
    None,
    /// It was replaced, and the profile tolerates that for now.
    Tolerated,
    /// It was replaced, so it is refused. That the grant then ends is never wrong (RFC 9700 section 4.14.2).
    Refused,
    /// It was replaced, which ends the grant.
    Ends,
}

impl Reuse {
    fn is_refused(self) -> bool {
        matches!(self, Self::Refused | Self::Ends)
    }
}
