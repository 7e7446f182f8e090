//! Which side of the change of revisions a server is on, and what its answer means there.
//!
//! MCP 2026-07-28 has no opening; the revisions before it begin with `initialize`.
//! A 401 says nothing about the side, and neither does a server that is down.

use std::sync::Arc;

use lookout_schema::protocol::{INITIALIZE_REVISIONS, MODERN_REVISION, RpcError, code};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::Exchange;
use super::message::Outcome;
use crate::Error;
use crate::auth::Challenge;
use crate::error::Kind;
use crate::http::unavailable;

#[derive(Clone, Debug)]
pub(crate) enum Era {
    Modern,
    Legacy {
        /// The agreed revision; empty until there is one.
        version: &'static str,
        session: Option<HeaderValue>,
        /// The result of `initialize`.
        opened: Arc<Value>,
    },
}

impl Era {
    pub(super) fn session(&self) -> Option<&HeaderValue> {
        match self {
            Self::Modern => None,
            Self::Legacy { session, .. } => session.as_ref(),
        }
    }
}

/// What an exchange means.
pub(crate) enum Verdict {
    /// The result.
    Complete(Value),
    /// A refusal from a server that speaks this revision.
    Refused(Error),
    /// A refusal of the very revision that the server says it speaks, as while it is being replaced: worth asking once more.
    Undecided(Error),
    /// A refusal that a server of either side could have sent.
    Ambiguous(Error),
    /// The server does not speak this revision; the error is for when the other side fails too.
    ///
    /// A server that says what it speaks instead is offered the newest of that.
    OtherEra(Error, Option<&'static str>),
    /// The server has lost the session and wants a new one (MCP 2025-11-25 basic/transports#session-management).
    SessionLost(Error),
}

pub(crate) fn judge(era: &Era, exchange: Exchange) -> Result<Verdict, Error> {
    let Exchange { status, headers, response } = exchange;
    match status {
        401 => return Err(unauthorized(&headers)),
        403 => return Err(forbidden(Challenge::from_headers(&headers))),
        _ => {}
    }
    if let Some(error) = unavailable(status, &headers) {
        return Err(error);
    }
    match (status, response.map(|response| response.outcome)) {
        // It was judged when it was taken.
        (200..=299, Some(Outcome::Taken)) => Ok(Verdict::Complete(Value::Null)),
        (200..=299, Some(Outcome::Result(result))) => complete(result).map(Verdict::Complete),
        (200..=299, None) => Err(Error::protocol("the server sent no answer to the request")),
        (_, Some(Outcome::Error(error))) => Ok(refused(era, status, error)),
        _ => Ok(without_answer(era, status)),
    }
}

/// A refusal without a JSON-RPC error.
fn without_answer(era: &Era, status: u16) -> Verdict {
    let error = Error::protocol(format!(
        "the server refused the request (HTTP {status}); is this the URL of an MCP endpoint?"
    ));
    match status {
        404 if era.session().is_some() => Verdict::SessionLost(error),
        // What a server says to a request whose shape it does not know.
        400 | 404..=406 | 415 | 422 | 426 => Verdict::OtherEra(error, None),
        _ => Verdict::Refused(error),
    }
}

pub(super) fn unauthorized(headers: &HeaderMap) -> Error {
    Error::unauthorized(
        Challenge::from_headers(headers),
        "the server did not accept the credentials; sign in, or make a new token",
    )
}

/// A result counts if it is complete; without a type it comes from an earlier revision and is (MCP 2026-07-28 basic/index#resulttype).
fn complete(result: Value) -> Result<Value, Error> {
    match result.get("resultType").map(Value::as_str) {
        None | Some(Some("complete")) if result.is_object() => Ok(result),
        Some(Some("input_required")) => {
            Err(Error::protocol("the server asks for input, which this client does not offer"))
        }
        _ => Err(Error::protocol(
            "the server sent a result of a type that this client does not know",
        )),
    }
}

fn refused(era: &Era, status: u16, refusal: RpcError) -> Verdict {
    let RpcError { code, message, data } = refusal;
    let supported = data.as_ref().and_then(|data| data["supported"].as_array());
    let speaks = |revision| supported.is_some_and(|all| all.iter().any(|one| one == revision));
    let shared = INITIALIZE_REVISIONS.iter().find(|&&known| speaks(known));
    // Codes that only a server of the newer side has.
    let modern_code = matches!(
        code,
        code::HEADER_MISMATCH | code::MISSING_CAPABILITY | code::UNSUPPORTED_VERSION
    );
    let unknown_method = status == 404 && code == code::METHOD_NOT_FOUND;
    let error = Error::new(Kind::Rpc { code, message });
    match era {
        Era::Modern if code == code::UNSUPPORTED_VERSION && speaks(MODERN_REVISION) => {
            Verdict::Undecided(error)
        }
        Era::Modern if code == code::UNSUPPORTED_VERSION && shared.is_some() => {
            Verdict::OtherEra(error, shared.copied())
        }
        Era::Modern if modern_code || unknown_method => Verdict::Refused(error),
        Era::Modern => Verdict::Ambiguous(error),
        Era::Legacy { .. } if modern_code => Verdict::OtherEra(error, None),
        Era::Legacy { session: Some(_), .. } if status == 404 => Verdict::SessionLost(error),
        Era::Legacy { .. } => Verdict::Refused(error),
    }
}

fn forbidden(challenge: Option<Challenge>) -> Error {
    match challenge {
        Some(challenge) if challenge.error.as_deref() == Some("insufficient_scope") => {
            Error::new(Kind::InsufficientScope(challenge.scopes()))
        }
        _ => Error::protocol("the server refuses requests from this client (HTTP 403)"),
    }
}
