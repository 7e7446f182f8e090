//! What operating a server needs of a store: which keys are in use, and what the database says about itself.

use super::StoreFuture;
use crate::audit::{Event, Query, Recorded};
use crate::authority::Timestamp;
use crate::secret::keys::bound::{Check, KnownKey};
use crate::secret::keys::{Digest, Kid};

/// What depends on one root key: live secrets whose digests were made with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub kid: Kid,
    /// Tokens that are neither revoked nor expired. A superseded refresh token counts: its reuse must be recognised.
    pub tokens: i64,
    /// Codes that were neither used nor have expired.
    pub codes: i64,
    /// Web sessions.
    pub sessions: i64,
    /// Secrets of clients. They do not expire.
    pub client_secrets: i64,
    /// Links with which somebody may still choose a password.
    pub setup_links: i64,
    /// When the last of those that expire does.
    pub ends_at: Option<Timestamp>,
    /// How many never expire by themselves.
    pub endless: i64,
}

impl KeyUse {
    /// A key that nothing depends on.
    #[must_use]
    pub const fn none(kid: Kid) -> Self {
        Self {
            kid,
            tokens: 0,
            codes: 0,
            sessions: 0,
            client_secrets: 0,
            setup_links: 0,
            ends_at: None,
            endless: 0,
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn total(&self) -> i64 {
        self.tokens + self.codes + self.sessions + self.client_secrets + self.setup_links
    }
}

/// What a database says about itself.
#[derive(Clone, Debug)]
pub struct DatabaseFacts {
    /// What it is, with its version.
    pub product: String,
    /// Its clock.
    pub now: Timestamp,
    /// Whether it takes writes; a standby does not.
    pub is_primary: bool,
    /// How it makes commits durable, in its own words.
    pub durability: String,
    /// Whether that keeps every acknowledged commit.
    pub is_durable: bool,
    /// The newest migration that was applied.
    pub schema: i64,
    /// The newest migration that this version knows.
    pub newest_schema: i64,
    /// How many enabled people own a workspace.
    pub owners: i64,
    /// Enabled people who are a member of no workspace, by e-mail address; the first few.
    pub without_workspace: Vec<String>,
    /// Whether there is an enabled account with the e-mail address that was asked about.
    pub has_demo: bool,
}

/// What operating a server needs.
pub trait OperationsStore: Send + Sync {
    /// What depends on every key that something depends on, given how long a session lives in milliseconds; and the time.
    fn key_uses(&self, session_lifetime: i64) -> StoreFuture<'_, (Timestamp, Vec<KeyUse>)>;

    /// The root keys that the database knows.
    fn root_keys(&self) -> StoreFuture<'_, Vec<KnownKey>>;

    /// Adds those of `keys` that the database does not know, and notes that secrets are made with the first.
    fn note_root_keys(&self, keys: Vec<(Kid, Check)>) -> StoreFuture<'_, ()>;

    /// Ends everything that depends on a key, a few rows at a time, and notes that it is retired. Called again, it goes on where it was interrupted.
    fn end_key(&self, kid: Kid) -> StoreFuture<'_, ()>;

    /// The client that has the secret with this digest.
    fn client_with_secret(&self, digest: Digest) -> StoreFuture<'_, Option<String>>;

    /// Adds an event to the audit log, by itself.
    fn record(&self, event: Event) -> StoreFuture<'_, ()>;

    /// Events of the audit log in the order in which they were recorded, at most 500.
    fn events(&self, query: Query) -> StoreFuture<'_, Vec<Recorded>>;

    /// How many connections to the database are open, and how many of them are in use.
    fn connections(&self) -> (u32, u32);

    /// Answers when the database does.
    fn answer(&self) -> StoreFuture<'_, ()>;

    /// What the database says about itself, and whether the account `demo` is there.
    fn facts<'a>(&'a self, demo: &'a str) -> StoreFuture<'a, DatabaseFacts>;
}
