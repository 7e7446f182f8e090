//! The authority: every OAuth and scope decision of the server, as pure functions.
//!
//! A decision takes the rows that it is about, the request, the time and freshly made secrets' digests, and returns a [`Decision`]: the changes to apply
//! in the transaction that loaded the rows, and the reply. A refusal can carry changes too, because reuse of a refresh token must revoke its grant
//! although the answer is an error.
//!
//! Every choice that security hangs on is one function in [`Policy`], and [`Policy::STRICT`] is the server.
//!
//! There is no clock, no randomness, no storage and no HTTP here.

pub mod authorize;
pub mod bearer;
pub mod client;
pub mod consent;
pub mod document;
pub mod error;
pub mod metadata;
pub mod parameters;
pub mod people;
pub mod pkce;
pub mod policy;
pub mod programmatic;
pub mod records;
pub mod redirect;
pub mod refresh;
pub mod resource;
pub mod revoke;
pub mod scope;
pub mod session;
pub mod throttle;
pub mod token;
pub mod upstream;

pub use error::{OAuthError, OAuthErrorCode};
pub use policy::Policy;
pub use resource::{Issuer, Resource};

use records::{AuthorizationRequest, Client, Code, Grant, RevocationReason, Session, Token};

use crate::audit::Event;
use crate::secret::keys::Digest;

/// Milliseconds since the Unix epoch, by the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds from `self` until `later`, rounded down, never negative.
    #[must_use]
    pub const fn seconds_until(self, later: Self) -> i64 {
        let seconds = later.0.saturating_sub(self.0) / 1000;
        if seconds < 0 { 0 } else { seconds }
    }
}

/// How long things last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An authorization code (RFC 6749 section 4.1.2 allows at most 600).
    pub code: i64,
    /// An access token.
    pub access: i64,
    /// A grant with its refresh tokens, from consent on, however often it is refreshed.
    pub refresh_absolute: i64,
    /// A refresh token that is not used.
    pub refresh_idle: i64,
    /// A web session, from sign-in on.
    pub session_absolute: i64,
    /// A web session that is not used.
    pub session_idle: i64,
    /// A consent page that waits for an answer.
    pub authorization_request: i64,
}

/// How many there may be of what strangers and people can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Redirect URIs of one client.
    pub redirect_uris: usize,
    /// Live grants of one person and one client; the oldest is revoked to make room.
    pub grants_per_client: usize,
    /// Live programmatic tokens of one person in one workspace.
    pub tokens_per_person: usize,
}

/// What a decision asks the store to do. All changes of one decision are applied in one transaction, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A client registered.
    AddClient(Client),
    /// What the document of a client says now; the client is added if it is new.
    DescribeClient(Client),
    /// Somebody began to answer a consent page.
    AddRequest(AuthorizationRequest),
    /// The consent page `id` was answered.
    DecideRequest {
        /// The authorization request.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// A person granted something.
    AddGrant(Grant),
    /// A grant ended, and with it every token derived from it.
    RevokeGrant {
        /// The grant.
        id: String,
        /// When. An earlier revocation stands.
        at: Timestamp,
        /// Why.
        reason: RevocationReason,
    },
    /// A code was issued.
    AddCode(Code),
    /// A code was redeemed.
    UseCode {
        /// The code.
        digest: Digest,
        /// When.
        at: Timestamp,
    },
    /// A token was issued.
    AddToken(Token),
    /// A refresh token was exchanged for its successor.
    SupersedeToken {
        /// The token.
        digest: Digest,
        /// When.
        at: Timestamp,
    },
    /// One token ended; its grant lives on.
    RevokeToken {
        /// The token.
        digest: Digest,
        /// When.
        at: Timestamp,
    },
    /// Somebody signed in.
    AddSession(Session),
    /// Something about people.
    Person(people::PersonChange),
    /// A client's secret ended; the client cannot authenticate any more.
    EndClientSecret {
        /// The secret.
        digest: Digest,
    },
    /// Something for the audit log.
    Audit(Event),
    /// Somebody signed out.
    EndSession {
        /// The session.
        digest: Digest,
    },
}

/// The outcome of a decision.
#[derive(Debug)]
#[must_use = "the changes of a decision must be applied before its reply is sent"]
pub struct Decision<T, E = OAuthError> {
    /// What to apply and commit before replying, whatever the reply is.
    pub changes: Vec<Change>,
    /// What to answer.
    pub reply: Result<T, E>,
}

impl<T, E> Decision<T, E> {
    /// Grants `reply` with `changes`.
    pub const fn allow(reply: T, changes: Vec<Change>) -> Self {
        Self { changes, reply: Ok(reply) }
    }

    /// Refuses and changes nothing.
    pub const fn refuse(error: E) -> Self {
        Self { changes: Vec::new(), reply: Err(error) }
    }
}

/// What every decision is made under: the policy, the issuer and the lifetimes.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The rules.
    pub policy: Policy,
    /// Who issues.
    pub issuer: Issuer,
    /// How long things last.
    pub lifetimes: Lifetimes,
    /// How many there may be.
    pub limits: Limits,
}
