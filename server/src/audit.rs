//! The audit log: every step of every flow, also the refused ones.
//!
//! An accepted decision writes its event in its own transaction ([`Change::Audit`](crate::authority::Change::Audit)), so nothing is acknowledged without
//! its event. A refusal is written afterwards, as far as [`Budget`] allows, so that nobody fills the disk by being refused; what strangers register is bounded likewise.
//!
//! No secret is ever part of an event: reasons are words of this program, identifiers come from rows, and every text passes [`scan::scrubbed`] before it is
//! stored. The database forbids changing or removing events; they accumulate until the operator moves them elsewhere.

mod budget;
mod origin;

use std::net::IpAddr;

use crate::authority::Timestamp;
use crate::http::address::ClientAddress;
use crate::secret::scan;

pub use budget::{Budget, IN_ALL, PER_NETWORK, Verdict};
pub use origin::{Origin, from_the_request};

/// Characters of one text of an event.
const LONGEST: usize = 200;

macro_rules! whats {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum What { $($(#[$doc])* $name,)+ }
        impl What {
            /// Everything that can happen.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
            /// The word in the log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

whats! {
    /// A client registered.
    Register = "register",
    /// A client sent a person to the authorization endpoint.
    Authorize = "authorize",
    /// A person answered a consent page.
    Consent = "consent",
    /// A code was exchanged.
    Exchange = "exchange",
    /// A refresh token was exchanged.
    Refresh = "refresh",
    /// A used code or refresh token came back.
    Reuse = "reuse",
    /// A client gave a token back.
    Revoke = "revoke",
    /// A person made a programmatic token.
    CreateToken = "create_token",
    /// A person revoked a token or disconnected an application.
    Disconnect = "disconnect",
    /// A person signed in.
    SignIn = "sign_in",
    /// A person signed out.
    SignOut = "sign_out",
    /// Somebody used a setup link.
    Setup = "setup",
    /// A person was added, or their password was set.
    Account = "account",
    /// A person became a member of a workspace.
    Membership = "membership",
    /// A request was over a rate limit.
    Throttle = "throttle",
    /// A bearer token was not accepted.
    Bearer = "bearer",
    /// A call needed more scopes than its token has.
    StepUp = "step_up",
    /// A secret was reported as leaked.
    LeakedToken = "leaked_token",
    /// A root key was added, promoted or retired.
    Key = "key",
    /// A server started with some configuration.
    Start = "start",
    /// Refusals, or registrations by strangers, were not recorded, because there were too many.
    Unrecorded = "unrecorded",
}

/// Whether it was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Allowed,
    /// It was not.
    Refused,
}

impl Outcome {
    /// The word in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }
}

/// One event. Where the request came from is added by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub what: What,
    /// Whether it was allowed.
    pub outcome: Outcome,
    /// Why: an error code; empty when there is nothing to say.
    pub reason: &'static str,
    /// The person.
    pub user_id: Option<String>,
    /// The workspace.
    pub workspace_id: Option<String>,
    /// The client, one that exists.
    pub client_id: Option<String>,
    /// The grant.
    pub grant_id: Option<String>,
    /// The address of the client; `None` for the command line.
    pub address: Option<IpAddr>,
    /// What else there is to know. Never a secret.
    pub detail: String,
}

impl Event {
    /// Something that was done.
    #[must_use]
    pub fn allowed(what: What) -> Self {
        Self::new(what, Outcome::Allowed, "")
    }

    /// Something that was refused, for `reason`.
    #[must_use]
    pub fn refused(what: What, reason: &'static str) -> Self {
        Self::new(what, Outcome::Refused, reason)
    }

    fn new(what: What, outcome: Outcome, reason: &'static str) -> Self {
        Self {
            what,
            outcome,
            reason,
            user_id: None,
            workspace_id: None,
            client_id: None,
            grant_id: None,
            address: Origin::current().map(|origin| origin.address),
            detail: String::new(),
        }
    }

    /// The person that it is about.
    #[must_use]
    pub fn user(mut self, id: &str) -> Self {
        self.user_id = Some(id.to_owned());
        self
    }

    /// The workspace that it is about.
    #[must_use]
    pub fn workspace(mut self, id: &str) -> Self {
        self.workspace_id = Some(id.to_owned());
        self
    }

    /// The registered client that it is about.
    #[must_use]
    pub fn client(mut self, id: &str) -> Self {
        self.client_id = Some(id.to_owned());
        self
    }

    /// The grant that it is about.
    #[must_use]
    pub fn grant(mut self, id: &str) -> Self {
        self.grant_id = Some(id.to_owned());
        self
    }

    /// What else there is to know.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The network that refusals are counted by.
    #[must_use]
    pub fn network(&self) -> Option<IpAddr> {
        self.address.map(|address| ClientAddress(address).network())
    }

    /// The event as it is stored: every text short, and free of secrets.
    #[must_use]
    pub(crate) fn for_the_record(mut self) -> Self {
        #[cfg(feature = "danger-planted-faults")]
        if crate::danger::tells_secrets() {
            return self;
        }
        let clean = |text: &mut String| {
            let short: String = text.chars().take(LONGEST).collect();
            *text = scan::scrubbed(&short);
        };
        clean(&mut self.detail);
        let names =
            [&mut self.user_id, &mut self.workspace_id, &mut self.client_id, &mut self.grant_id];
        names.into_iter().flatten().for_each(clean);
        self
    }
}

/// An event as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Grows with every event.
    pub id: i64,
    /// When, by the store's clock.
    pub at: Timestamp,
    /// The word for what happened.
    pub event: String,
    /// `allowed` or `refused`.
    pub outcome: String,
    /// The error code, or nothing.
    pub reason: String,
    /// The person.
    pub user_id: Option<String>,
    /// The workspace.
    pub workspace_id: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// The grant.
    pub grant_id: Option<String>,
    /// The address of the client; empty for the command line.
    pub address: String,
    /// What else there is to know.
    pub detail: String,
}

/// Which events to read.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only later ones than this identifier.
    pub after: i64,
    /// Only those from then on.
    pub since: Option<Timestamp>,
    /// Only those about this client.
    pub client: Option<String>,
    /// Only those about this person, by identifier or e-mail address.
    pub user: Option<String>,
}
