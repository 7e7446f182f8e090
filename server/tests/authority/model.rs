//! Random histories of operations against a model that keeps a set of live tokens.
//!
//! The server decides liveness by joining rows; the model marks tokens dead when something happens. They must agree about every token after every step.

mod history;
mod properties;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::client::Presented;
use lookout_server::authority::consent::{Answer, FreshGrant, Pending};
use lookout_server::authority::parameters::Parameters;
use lookout_server::authority::programmatic::{FreshToken, TokenRequest};
use lookout_server::authority::records::ClientAuthMethod;
use lookout_server::authority::refresh::RefreshRequest;
use lookout_server::authority::token::{ExchangeRequest, FreshTokens};
use lookout_server::authority::{Authority, Policy, Resource, Timestamp};
use lookout_server::secret::keys::Digest;
use sha2::{Digest as _, Sha256};

use self::history::Op;
use crate::memory::{ISSUER, Memory, REDIRECT, authority};

const CLIENTS: [&str; 2] = ["a", "b"];
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const OTHER_VERIFIER: &str = "another-verifier-of-the-same-length-0123456";

fn scopes_of(bits: u8) -> ScopeSet {
    let chosen = Scope::ALL.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
    chosen.map(|(_, scope)| *scope).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Access,
    Refresh,
    Programmatic,
}

/// A token as the model sees it. `alive` only ever turns off.
struct Issued {
    digest: Digest,
    kind: Kind,
    grant: usize,
    scopes: ScopeSet,
    ends: i64,
    alive: bool,
    replaced: bool,
}

struct Granted {
    id: String,
    client: Option<usize>,
    scopes: ScopeSet,
    resource: Option<Resource>,
    ends: i64,
    alive: bool,
}

struct Coded {
    digest: Digest,
    grant: usize,
    client: usize,
    ends: i64,
    used: bool,
}

struct Run {
    authority: Authority,
    memory: Memory,
    tokens: Vec<Issued>,
    grants: Vec<Granted>,
    codes: Vec<Coded>,
    deleted: [bool; 2],
}

impl Run {
    fn now(&self) -> i64 {
        self.memory.now.0
    }

    /// The client of a grant, or the other one. No client owns a programmatic token.
    fn client_of(&self, grant: usize, own: bool) -> usize {
        let client = self.grants[grant].client.unwrap_or(0);
        if own { client } else { 1 - client }
    }

    fn end_grant(&mut self, grant: usize) {
        self.grants[grant].alive = false;
        for token in self.tokens.iter_mut().filter(|token| token.grant == grant) {
            token.alive = false;
        }
    }

    fn grant_holds(&self, grant: usize) -> bool {
        let granted = &self.grants[grant];
        granted.alive
            && self.now() < granted.ends
            && !self.memory.user_disabled
            && self.memory.is_member
            && granted.client.is_none_or(|client| !self.deleted[client])
    }

    fn step(&mut self, op: &Op) -> Result<(), String> {
        match *op {
            Op::Authorize { client, requested, ticked, readonly } => {
                self.authorize(client, requested, ticked, readonly)
            }
            Op::Exchange { code, own, right } => self.exchange(code, own, right),
            Op::Refresh { token, own, scope } => self.refresh(token, own, scope),
            Op::Revoke { token, own } => self.revoke(token, own),
            Op::Disconnect { grant } => self.disconnect(grant),
            Op::CreateToken { scopes, days } => self.create_token(scopes, days),
            Op::Advance { milliseconds } => {
                self.memory.now = Timestamp(self.now() + milliseconds);
                Ok(())
            }
            Op::Enable(enabled) => {
                self.memory.user_disabled = !enabled;
                Ok(())
            }
            Op::Join(member) => {
                self.memory.is_member = member;
                Ok(())
            }
            Op::DeleteClient { client } => {
                // Handles beyond the two clients are no-ops, so that most histories keep both.
                if let Some(id) = CLIENTS.get(client) {
                    self.deleted[client] = true;
                    self.memory
                        .clients
                        .get_mut(*id)
                        .expect("both clients are registered")
                        .deleted_at = Some(self.memory.now);
                }
                Ok(())
            }
        }
    }

    fn authorize(
        &mut self,
        client: usize,
        requested: Option<u8>,
        ticked: u8,
        readonly: bool,
    ) -> Result<(), String> {
        let resource = if readonly { Resource::McpReadonly } else { Resource::Mcp };
        let offered =
            requested.map_or(resource.scopes(), scopes_of).intersection(resource.scopes());
        let granted = offered.intersection(scopes_of(ticked));
        let expected = !self.deleted[client] && !granted.is_empty();

        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let uri = format!("{ISSUER}{}", resource.path());
        let scope = requested.map(|bits| scopes_of(bits).to_string()).unwrap_or_default();
        let parameters: Parameters = [
            ("response_type", "code"),
            ("client_id", CLIENTS[client]),
            ("redirect_uri", REDIRECT),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("resource", &uri),
            ("scope", &scope),
        ]
        .into_iter()
        .collect();
        let record = self.memory.clients[CLIENTS[client]].clone();
        let session = self.memory.session();
        let answered =
            self.authority.propose(Some(&record), &parameters).ok().and_then(|proposal| {
                let id = self.memory.name();
                let asked =
                    self.authority.ask(self.memory.now, &id, session.digest, &record, proposal);
                let request = self.memory.commit(asked).expect("asking is never refused");
                let digest = self.memory.digest();
                let grant_id = self.memory.name();
                let pending = Pending {
                    session: &session,
                    request: Some(&request),
                    client: Some(&record),
                    live_grants: &[],
                };
                let answer =
                    Answer::Allow { ticked: scopes_of(ticked), workspace_id: "w".to_owned() };
                let fresh = FreshGrant { grant_id: &grant_id, code: "code", code_digest: digest };
                let decision = self.authority.answer(self.memory.now, pending, &answer, &fresh);
                self.memory.commit(decision).ok().map(|_| (digest, grant_id))
            });
        if answered.is_some() != expected {
            return Err(format!("authorize: allowed {}, expected {expected}", answered.is_some()));
        }
        if let Some((digest, id)) = answered {
            let ends = self.now() + 30 * 86_400_000;
            self.codes.push(Coded {
                digest,
                grant: self.grants.len(),
                client,
                ends: self.now() + 60_000,
                used: false,
            });
            self.grants.push(Granted {
                id,
                client: Some(client),
                scopes: granted,
                resource: Some(resource),
                ends,
                alive: true,
            });
        }
        Ok(())
    }

    fn fresh(&mut self) -> FreshTokens {
        FreshTokens { access: self.memory.digest(), refresh: self.memory.digest() }
    }

    fn issued(&mut self, grant: usize, scopes: ScopeSet, fresh: FreshTokens) {
        let granted = &self.grants[grant];
        let (whole, ends) = (granted.scopes, granted.ends);
        let mut push = |digest, kind, scopes, life: i64| {
            let ends = ends.min(self.memory.now.0 + life);
            self.tokens.push(Issued {
                digest,
                kind,
                grant,
                scopes,
                ends,
                alive: true,
                replaced: false,
            });
        };
        push(fresh.access, Kind::Access, scopes, 600_000);
        push(fresh.refresh, Kind::Refresh, whole, 7 * 86_400_000);
    }

    fn exchange(&mut self, code: usize, own: bool, right: bool) -> Result<(), String> {
        let Some(index) = pick(code, self.codes.len()) else { return Ok(()) };
        let coded = &self.codes[index];
        let client = if own { coded.client } else { 1 - coded.client };
        let (grant, is_used) = (coded.grant, coded.used);
        let is_own = coded.client == client && !self.deleted[client];
        let expected =
            is_own && !is_used && self.now() < coded.ends && right && self.grant_holds(grant);

        let (digest, fresh) = (coded.digest, self.fresh());
        let record = self.memory.clients[CLIENTS[client]].clone();
        let presented = Presented { method: ClientAuthMethod::None, secret: None };
        let row = self.memory.codes[&digest].clone();
        let standing = self.memory.standing(&row.grant_id);
        let reply = self.authority.authenticate(Some(&record), presented).is_ok() && {
            let verifier = Some(if right { VERIFIER } else { OTHER_VERIFIER });
            let request = ExchangeRequest { verifier, ..ExchangeRequest::default() };
            let decision = self.authority.exchange(
                self.memory.now,
                &record,
                Some((&row, &standing)),
                request,
                fresh,
            );
            self.memory.commit(decision).is_ok()
        };
        if reply != expected {
            return Err(format!("exchange: allowed {reply}, expected {expected}"));
        }
        if reply {
            self.codes[index].used = true;
            self.issued(grant, self.grants[grant].scopes, fresh);
        } else if is_own && is_used {
            self.end_grant(grant);
        }
        Ok(())
    }

    fn refresh(&mut self, token: usize, own: bool, scope: Option<u8>) -> Result<(), String> {
        // Any token is tried, and only refresh tokens may work.
        let Some(index) = pick(token, self.tokens.len()) else { return Ok(()) };
        let issued = &self.tokens[index];
        let grant = issued.grant;
        let client = self.client_of(grant, own);
        let granted = self.grants[grant].scopes;
        let asked = scope.map(scopes_of);
        let is_own = issued.kind == Kind::Refresh
            && self.grants[grant].client == Some(client)
            && !self.deleted[client];
        let expected = is_own
            && !issued.replaced
            && issued.alive
            && self.now() < issued.ends
            && self.grant_holds(grant)
            && asked.is_none_or(|asked| asked.is_subset(granted));
        let is_reuse = is_own && issued.replaced;

        let (digest, fresh) = (issued.digest, self.fresh());
        let record = self.memory.clients[CLIENTS[client]].clone();
        let presented = Presented { method: ClientAuthMethod::None, secret: None };
        let row = self.memory.tokens[&digest].clone();
        let standing = self.memory.standing(&row.grant_id);
        let names = asked.map(|asked| asked.to_string());
        let reply = match self.authority.authenticate(Some(&record), presented) {
            Err(_) => None,
            Ok(_) => {
                let request = RefreshRequest { scope: names.as_deref(), resource: None };
                let decision = self.authority.refresh(
                    self.memory.now,
                    &record,
                    Some((&row, &standing)),
                    request,
                    fresh,
                );
                self.memory.commit(decision).ok()
            }
        };
        if reply.is_some() != expected {
            return Err(format!("refresh: allowed {}, expected {expected}", reply.is_some()));
        }
        if let Some(reply) = reply {
            if !reply.with_refresh {
                return Err("refresh: the token was not replaced".to_owned());
            }
            self.tokens[index].replaced = true;
            self.issued(grant, asked.unwrap_or(granted), fresh);
        } else if is_reuse {
            self.end_grant(grant);
        }
        Ok(())
    }

    fn revoke(&mut self, token: usize, own: bool) -> Result<(), String> {
        let Some(index) = pick(token, self.tokens.len()) else { return Ok(()) };
        let issued = &self.tokens[index];
        let (grant, kind, digest) = (issued.grant, issued.kind, issued.digest);
        let client = self.client_of(grant, own);
        let is_own = self.grants[grant].client == Some(client) && !self.deleted[client];
        let record = self.memory.clients[CLIENTS[client]].clone();
        let presented = Presented { method: ClientAuthMethod::None, secret: None };
        if self.authority.authenticate(Some(&record), presented).is_ok() {
            let row = self.memory.tokens[&digest].clone();
            let standing = self.memory.standing(&row.grant_id);
            let hint = Some("access_token");
            let decision =
                self.authority.revoke(self.memory.now, &record, Some((&row, &standing)), hint);
            self.memory.commit(decision).map_err(|error| error.to_string())?;
        }
        match kind {
            Kind::Access if is_own => self.tokens[index].alive = false,
            Kind::Refresh if is_own => self.end_grant(grant),
            _ => {}
        }
        Ok(())
    }

    fn disconnect(&mut self, grant: usize) -> Result<(), String> {
        let Some(index) = pick(grant, self.grants.len()) else { return Ok(()) };
        let row = self.memory.grants[&self.grants[index].id].clone();
        let decision =
            self.authority.disconnect(self.memory.now, "u", &Memory::membership(), Some(&row));
        self.memory.commit(decision).map_err(|_| "disconnect: refused".to_owned())?;
        self.end_grant(index);
        Ok(())
    }

    fn create_token(&mut self, scopes: Option<u8>, days: i64) -> Result<(), String> {
        let (digest, grant_id, name) =
            (self.memory.digest(), self.memory.name(), self.memory.name());
        let scopes = scopes.map(scopes_of);
        let request =
            TokenRequest { user_id: "u", workspace_id: "w", name: &name, scopes, days: Some(days) };
        let fresh = FreshToken { grant_id: &grant_id, digest, hint: "lkmcp_abc" };
        let decision = self.authority.create_token(self.memory.now, &request, &[], fresh);
        self.memory.commit(decision).map_err(|error| error.to_string())?;
        let ends = self.now() + days * 86_400_000;
        let scopes = scopes.unwrap_or(ScopeSet::all());
        let grant = self.grants.len();
        self.grants.push(Granted {
            id: grant_id,
            client: None,
            scopes,
            resource: None,
            ends,
            alive: true,
        });
        self.tokens.push(Issued {
            digest,
            kind: Kind::Programmatic,
            grant,
            scopes,
            ends,
            alive: true,
            replaced: false,
        });
        Ok(())
    }

    /// Every token ever issued is admitted exactly where and for what the model says.
    fn compare(&self) -> Result<(), String> {
        for (index, token) in self.tokens.iter().enumerate() {
            for &resource in Resource::ALL {
                let granted = &self.grants[token.grant];
                let is_live = token.kind != Kind::Refresh
                    && token.alive
                    && self.now() < token.ends
                    && self.grant_holds(token.grant)
                    && granted.resource.is_none_or(|own| own == resource);
                let expected = is_live.then(|| token.scopes.intersection(resource.scopes()));
                let admitted = self
                    .memory
                    .admit(&self.authority, &token.digest, resource)
                    .map(|caller| caller.scopes);
                if admitted != expected {
                    return Err(format!(
                        "{:?} token {index} at {}: admitted {admitted:?}, expected {expected:?}",
                        token.kind,
                        resource.path()
                    ));
                }
            }
        }
        Ok(())
    }
}

fn pick(handle: usize, count: usize) -> Option<usize> {
    match handle {
        usize::MAX => count.checked_sub(1),
        handle => (count > 0).then(|| handle % count),
    }
}

fn run(policy: Policy, history: &[Op]) -> Result<(), String> {
    let mut run = Run {
        authority: authority(policy),
        memory: Memory::new(),
        tokens: Vec::new(),
        grants: Vec::new(),
        codes: Vec::new(),
        deleted: [false; 2],
    };
    for (index, op) in history.iter().enumerate() {
        run.step(op)
            .and_then(|()| run.compare())
            .map_err(|why| format!("step {index}, {op:?}: {why}"))?;
    }
    Ok(())
}
