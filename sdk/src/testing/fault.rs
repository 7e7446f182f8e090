//! What can be made to go wrong, and for how long.

use std::time::Duration;

/// Something that goes wrong at the fake although the test did nothing wrong.
///
/// A fault strikes the requests that it is about and lets others pass; see [`FakeLookout::fail_next`](super::FakeLookout::fail_next).
///
/// ```
/// # use lookout_sdk::testing::{FakeLookout, Fault};
/// # use lookout_sdk::schema::ListTables;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let lookout = FakeLookout::start();
/// lookout.fail_next(1, Fault::RevokedToken);
///
/// let error = lookout.client().list_tables(ListTables::default()).await.unwrap_err();
/// assert!(error.is_unauthorized());
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The token of a request to the endpoint has expired: HTTP 401, from then on. A refresh token that came with it still works.
    ExpiredToken,
    /// The token of a request to the endpoint has been revoked, and with it every token of the same consent: HTTP 401, from then on.
    RevokedToken,
    /// The token of a tool call lacks a scope, whatever was granted: HTTP 403 with the scopes that the tool needs.
    InsufficientScope,
    /// The person allows `mcp:read` alone, whatever was asked for.
    NarrowedConsent,
    /// The person allows nothing: the sign-in ends with `access_denied`.
    DeclinedConsent,
    /// Too many requests to the endpoint: HTTP 429 with `Retry-After`, in whole seconds.
    RateLimited {
        /// How long the client is to wait.
        retry_after: Duration,
    },
    /// The endpoint is down: HTTP 503.
    Unavailable,
    /// A tool call is answered only after this time.
    SlowAnswer(Duration),
    /// A tool runs, and the event stream of its answer breaks before the answer.
    BrokenStream,
    /// A tool runs, and the connection closes in place of its answer.
    ClosedConnection,
    /// A tool runs, and its answer is cut off in the middle of its JSON.
    MalformedJson,
    /// A tool runs, and its structured result lacks every member that it must have.
    WrongShape,
    /// The server runs another catalogue than the one that this crate was built with, as `server/discover` shows.
    StaleCatalogue,
    /// The server does not have the tool that is called: JSON-RPC error -32602.
    UnknownTool,
    /// The authorization server is down: HTTP 503 to whatever is asked of it, metadata included.
    AuthorityUnavailable,
    /// A refresh token is refused with `invalid_grant`, and every token of the same consent ends.
    RefreshRefused,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Any request to the endpoint that carries a token.
    Endpoint,
    /// A tool call, before the tool runs.
    Call,
    /// A tool call, after the tool ran.
    Answer,
    Discovery,
    /// Any request to the authorization server.
    Authority,
    Consent,
    Refresh,
}

impl Fault {
    fn place(&self) -> Place {
        match self {
            Self::ExpiredToken
            | Self::RevokedToken
            | Self::RateLimited { .. }
            | Self::Unavailable => Place::Endpoint,
            Self::InsufficientScope | Self::UnknownTool => Place::Call,
            Self::SlowAnswer(_)
            | Self::BrokenStream
            | Self::ClosedConnection
            | Self::MalformedJson
            | Self::WrongShape => Place::Answer,
            Self::StaleCatalogue => Place::Discovery,
            Self::AuthorityUnavailable => Place::Authority,
            Self::NarrowedConsent | Self::DeclinedConsent => Place::Consent,
            Self::RefreshRefused => Place::Refresh,
        }
    }
}

/// The faults that are set, in the order in which they strike.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(Fault, Option<u32>)>);

impl Faults {
    /// `count` is how many requests the fault strikes; `None` is all of them.
    pub(super) fn set(&mut self, fault: Fault, count: Option<u32>) {
        self.0.push((fault, count));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that strikes a request at `place`, if any.
    pub(super) fn strike(&mut self, place: Place) -> Option<Fault> {
        self.0.retain(|(_, left)| *left != Some(0));
        let (fault, left) = self.0.iter_mut().find(|(fault, _)| fault.place() == place)?;
        if let Some(left) = left {
            *left -= 1;
        }
        Some(fault.clone())
    }
}
