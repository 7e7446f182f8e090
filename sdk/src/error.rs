//! The one error of this crate.
//!
//! An [`Error`] is opaque: its predicates say what a caller can act on, its `Display` is one sentence for a person.
//! `Display` never prints the source, shows what a server wrote as one bounded line without control characters,
//! and neither of them ever holds a token, a code, a verifier or a client secret.
//! There is no variant to match on, so that a new cause breaks nobody.

mod inert;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lookout_schema::{InvalidArguments, RowError, Violation};
use serde_json::Value;

use self::inert::Inert;
use crate::auth::Challenge;

/// Why a call, or an authorization, did not succeed.
///
/// The predicates are not exclusive by design, but in this release at most one of them holds.
///
/// ```
/// let error = lookout_sdk::Client::builder("http://lookout.example/mcp").build().unwrap_err();
/// assert!(error.is_configuration());
/// assert!(error.to_string().contains("https"));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Configuration(String),
    InvalidArguments(InvalidArguments),
    Decode(String),
    Transport(String),
    Status(u16, Option<Duration>),
    Timeout(&'static str),
    /// An event stream ended before its answer.
    BrokenStream,
    Protocol(String),
    Rpc {
        code: i64,
        message: String,
    },
    Unauthorized {
        challenge: Option<Challenge>,
        why: &'static str,
    },
    InsufficientScope(Vec<String>),
    Tool(ToolError),
    Authorization(String),
}

/// What a tool reported instead of a result, for the model that called it to read.
///
/// ```no_run
/// # use lookout_sdk::{Client, schema::QueryWarehouse};
/// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
/// let asked = client.query_warehouse(QueryWarehouse::new("select 1")).await;
/// if let Some(failed) = asked.as_ref().err().and_then(|error| error.tool_error()) {
///     println!("{}: {} {}", failed.code, failed.message, failed.hint.as_deref().unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolError {
    /// A stable name from the catalogue, such as `table_not_found`; `unspecified` when the server gave none.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// How long to wait before the next attempt.
    pub retry_after: Option<Duration>,
    /// Further members, such as the violations of the input schema.
    pub details: Value,
}

impl Error {
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner { kind, source: None }))
    }

    pub(crate) fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    /// The kind in one word, for events; what a server wrote is no part of it.
    pub(crate) fn label(&self) -> &'static str {
        match self.0.kind {
            Kind::Configuration(_) => "configuration",
            Kind::InvalidArguments(_) => "invalid_arguments",
            Kind::Decode(_) => "decode",
            Kind::Transport(_) => "transport",
            Kind::Status(..) => "unavailable",
            Kind::Timeout(_) => "timeout",
            Kind::BrokenStream => "broken_stream",
            Kind::Protocol(_) => "protocol",
            Kind::Rpc { .. } => "refused_by_server",
            Kind::Unauthorized { .. } => "unauthorized",
            Kind::InsufficientScope(_) => "insufficient_scope",
            Kind::Tool(_) => "tool",
            Kind::Authorization(_) => "authorization",
        }
    }

    /// Why an authorization went wrong, for events: the sentence where this crate decided, else the kind.
    pub(crate) fn reason(&self) -> &str {
        match &self.0.kind {
            Kind::Configuration(what) | Kind::Authorization(what) => what,
            _ => self.label(),
        }
    }

    /// The same error for another caller that waited for the same thing.
    pub(crate) fn shared(&self) -> Self {
        Self(Box::new(Inner { kind: self.0.kind.clone(), source: self.0.source.clone() }))
    }

    pub(crate) fn configuration(what: impl Into<String>) -> Self {
        Self::new(Kind::Configuration(what.into()))
    }

    pub(crate) fn protocol(what: impl Into<String>) -> Self {
        Self::new(Kind::Protocol(what.into()))
    }

    pub(crate) fn authorization(what: impl Into<String>) -> Self {
        Self::new(Kind::Authorization(what.into()))
    }

    pub(crate) fn unauthorized(challenge: Option<Challenge>, why: &'static str) -> Self {
        Self::new(Kind::Unauthorized { challenge, why })
    }

    /// An error of the HTTP client; its URL is left out because it says nothing that the message does not.
    pub(crate) fn http(what: &str, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let kind = if error.is_timeout() {
            Kind::Timeout("the server did not answer in time")
        } else {
            Kind::Transport(format!("{what} could not be completed"))
        };
        Self::new(kind).caused_by(error)
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0.kind
    }

    pub(crate) fn is_broken_stream(&self) -> bool {
        matches!(self.0.kind, Kind::BrokenStream)
    }

    pub(crate) fn challenge(&self) -> Option<&Challenge> {
        match &self.0.kind {
            Kind::Unauthorized { challenge, .. } => challenge.as_ref(),
            _ => None,
        }
    }

    /// Whether the caller set the client up in a way that cannot work; nothing was sent.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(self.0.kind, Kind::Configuration(_))
    }

    /// Whether the arguments of a typed call are outside what the tool's input schema allows; nothing was sent.
    ///
    /// [`Error::violations`] says what is wrong with them, all of it.
    #[must_use]
    pub fn is_invalid_arguments(&self) -> bool {
        matches!(self.0.kind, Kind::InvalidArguments(_))
    }

    /// Where the arguments are wrong and what is allowed there; empty unless [`Error::is_invalid_arguments`].
    ///
    /// ```
    /// use lookout_sdk::schema::{QueryWarehouse, Tool as _};
    ///
    /// // A typed call checks the same and fails with the same, before anything is sent.
    /// let invalid = QueryWarehouse::new("select 1").max_rows(5000).validate().unwrap_err();
    /// let error = lookout_sdk::Error::from(invalid);
    /// assert!(error.is_invalid_arguments());
    /// assert_eq!(error.violations()[0].pointer, "/max_rows");
    /// assert_eq!(error.violations()[0].message, "is 5000, allowed is 1 to 2000");
    /// ```
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        match &self.0.kind {
            Kind::InvalidArguments(invalid) => invalid.violations(),
            _ => &[],
        }
    }

    /// Whether a result was read as something that it is not, such as rows as a struct with other members; the call itself succeeded.
    ///
    /// ```no_run
    /// # use lookout_sdk::{Client, Error, schema::QueryWarehouse};
    /// # async fn count(client: Client) -> Result<i64, Error> {
    /// let result = client.query_warehouse(QueryWarehouse::new("select count(*) from orders")).await?;
    /// Ok(result.rows::<i64>()?.into_iter().sum()) // a `RowError` becomes an `Error` that is this
    /// # }
    /// ```
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.0.kind, Kind::Decode(_))
    }

    /// Whether there is no valid token (HTTP 401): sign in with [`Client::sign_in`](crate::Client::sign_in), or make a new token.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.0.kind, Kind::Unauthorized { .. })
    }

    /// Whether the token lacks a scope (HTTP 403 `insufficient_scope`, RFC 6750 section 3.1).
    ///
    /// [`Error::required_scopes`] names what the call needs and [`Client::step_up`](crate::Client::step_up) asks for it.
    #[must_use]
    pub fn is_insufficient_scope(&self) -> bool {
        matches!(self.0.kind, Kind::InsufficientScope(_))
    }

    /// The scopes that the refused call needs, as the server named them; empty unless [`Error::is_insufficient_scope`].
    #[must_use]
    pub fn required_scopes(&self) -> &[String] {
        match &self.0.kind {
            Kind::InsufficientScope(scopes) => scopes,
            _ => &[],
        }
    }

    /// Whether the tool ran and reported a failure, which [`Error::tool_error`] describes.
    #[must_use]
    pub fn is_tool_error(&self) -> bool {
        matches!(self.0.kind, Kind::Tool(_))
    }

    /// What the tool reported.
    #[must_use]
    pub fn tool_error(&self) -> Option<&ToolError> {
        match &self.0.kind {
            Kind::Tool(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the server could not be reached, broke off, or is unavailable (HTTP 429 or 5xx).
    #[must_use]
    pub fn is_transport(&self) -> bool {
        matches!(self.0.kind, Kind::Transport(_) | Kind::Status(..) | Kind::BrokenStream)
    }

    /// Whether the server, or the person who was asked to sign in, took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout(_))
    }

    /// Whether the server answered something that the protocol does not allow, or refused the request as malformed.
    #[must_use]
    pub fn is_protocol(&self) -> bool {
        matches!(self.0.kind, Kind::Protocol(_) | Kind::Rpc { .. })
    }

    /// Whether the OAuth exchange failed: discovery, registration, consent, a token response, or the credential store.
    #[must_use]
    pub fn is_authorization(&self) -> bool {
        matches!(self.0.kind, Kind::Authorization(_))
    }

    /// The HTTP status of an unavailable server.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.0.kind {
            Kind::Status(status, _) => Some(status),
            _ => None,
        }
    }

    /// How long to wait before the next attempt, where the server said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.kind {
            Kind::Status(_, wait) => *wait,
            Kind::Tool(error) => error.retry_after,
            _ => None,
        }
    }

    /// The code of a JSON-RPC error, such as -32602 for a tool that the server does not have.
    #[must_use]
    pub fn rpc_code(&self) -> Option<i64> {
        match self.0.kind {
            Kind::Rpc { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl From<InvalidArguments> for Error {
    fn from(invalid: InvalidArguments) -> Self {
        Self::new(Kind::InvalidArguments(invalid))
    }
}

impl From<RowError> for Error {
    fn from(error: RowError) -> Self {
        Self::new(Kind::Decode(error.to_string())).caused_by(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            Kind::Configuration(what)
            | Kind::Transport(what)
            | Kind::Protocol(what)
            | Kind::Authorization(what)
            | Kind::Decode(what) => f.write_str(what),
            Kind::InvalidArguments(invalid) => invalid.fmt(f),
            Kind::Timeout(what) => f.write_str(what),
            Kind::BrokenStream => {
                f.write_str("the stream ended before the answer; the call may have run")
            }
            Kind::Status(status, _) => {
                write!(f, "the server is unavailable (HTTP {status}); try again later")
            }
            Kind::Rpc { code, message } => {
                write!(f, "the server refused the request: {} ({code})", Inert(message))
            }
            Kind::Unauthorized { why, .. } => f.write_str(why),
            Kind::InsufficientScope(scopes) => {
                write!(
                    f,
                    "the token lacks a scope; the call needs {}; ask for it with Client::step_up, or make a token that has it",
                    scopes.join(" ")
                )
            }
            Kind::Tool(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("source", &self.0.source).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl ToolError {
    /// A failure that was found here, before or instead of the tool, and that the model can put right.
    pub(crate) fn of_model(code: &str, message: String, hint: &str) -> Self {
        Self {
            code: code.to_owned(),
            message,
            hint: Some(hint.to_owned()),
            retryable: false,
            retry_after: None,
            details: Value::Null,
        }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Inert(&self.code), Inert(&self.message))?;
        match &self.hint {
            Some(hint) => write!(f, " {}", Inert(hint)),
            None => Ok(()),
        }
    }
}
