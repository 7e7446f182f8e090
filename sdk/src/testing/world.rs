//! What the fake remembers: who may do what, what tools answer, what is to go wrong, and what happened.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lookout_schema::{ScopeSet, ToolEntry};
use serde_json::Value;

use super::answer::Answer;
use super::defaults;
use super::fault::Faults;

/// A tool call that reached its tool; see [`FakeLookout::calls`](super::FakeLookout::calls).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// Name of the tool.
    pub name: String,
    /// The arguments as they were sent.
    pub arguments: Value,
}

/// A person's answer on the consent page; see [`FakeLookout::sign_ins`](super::FakeLookout::sign_ins).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignIn {
    /// The name that the client registered with.
    pub client_name: String,
    /// The scopes that were asked for.
    pub asked: ScopeSet,
    /// The scopes that the person allowed; none when the person declined.
    pub granted: ScopeSet,
}

/// What the fake and its server share.
pub(super) struct Shared {
    /// Scheme, host and port; also the issuer.
    pub(super) origin: String,
    /// Whether only the revisions that begin with `initialize` are spoken.
    pub(super) initialize_only: bool,
    world: Mutex<World>,
}

pub(super) struct World {
    /// What the person may and does allow.
    pub(super) scopes: ScopeSet,
    pub(super) answers: HashMap<String, Answer>,
    pub(super) faults: Faults,
    pub(super) calls: Vec<Call>,
    pub(super) sign_ins: Vec<SignIn>,
    pub(super) refreshes: usize,
    /// What went wrong in the test's own fixtures; fails the test in the end.
    pub(super) problems: Vec<String>,
    pub(super) grants: Vec<Grant>,
    pub(super) access: HashMap<String, AccessToken>,
    pub(super) refresh: HashMap<String, RefreshToken>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) clients: HashMap<String, RegisteredClient>,
    minted: usize,
}

/// The unit of revocation: one consent, or one programmatic token.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) scopes: ScopeSet,
    pub(super) live: bool,
    pub(super) from_sign_in: bool,
}

#[derive(Debug)]
pub(super) struct AccessToken {
    pub(super) grant: usize,
    pub(super) expired: bool,
}

#[derive(Debug)]
pub(super) struct RefreshToken {
    pub(super) grant: usize,
    pub(super) client: String,
    pub(super) spent: bool,
}

/// An authorization code that waits to be redeemed.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scopes: ScopeSet,
}

#[derive(Debug)]
pub(super) struct RegisteredClient {
    pub(super) name: String,
    pub(super) redirect_uris: Vec<String>,
}

impl Shared {
    pub(super) fn new(origin: String, scopes: ScopeSet, initialize_only: bool) -> Self {
        Self { origin, initialize_only, world: Mutex::new(World::new(scopes)) }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    fn new(scopes: ScopeSet) -> Self {
        Self {
            scopes,
            answers: defaults::answers(),
            faults: Faults::default(),
            calls: Vec::new(),
            sign_ins: Vec::new(),
            refreshes: 0,
            problems: Vec::new(),
            grants: Vec::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            codes: HashMap::new(),
            clients: HashMap::new(),
            minted: 0,
        }
    }

    /// Text in the form of the real thing, and another one each time.
    pub(super) fn mint(&mut self, prefix: &str) -> String {
        self.minted += 1;
        format!("{prefix}{:049}", self.minted)
    }

    pub(super) fn grant(&mut self, scopes: ScopeSet, from_sign_in: bool) -> usize {
        self.grants.push(Grant { scopes, live: true, from_sign_in });
        self.grants.len() - 1
    }

    /// An access token of a grant.
    pub(super) fn issue(&mut self, grant: usize, prefix: &str) -> String {
        let token = self.mint(prefix);
        self.access.insert(token.clone(), AccessToken { grant, expired: false });
        token
    }

    /// What a live access token may do.
    pub(super) fn scopes_of(&self, token: &str) -> Option<ScopeSet> {
        let token = self.access.get(token).filter(|token| !token.expired)?;
        let grant = &self.grants[token.grant];
        grant.live.then_some(grant.scopes)
    }

    /// The answer of a tool to its next call.
    pub(super) fn answer(&mut self, tool: &ToolEntry) -> Answer {
        self.answers.get_mut(&tool.name).expect("every tool has an answer by default").take()
    }
}
