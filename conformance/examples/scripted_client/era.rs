//! Which revision a server speaks, and how that is found out.
//!
//! A modern request comes first. What a server answers to it tells whether it understood, and
//! only one that did not is spoken to as the revisions before 2026-07-28 want it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{Failure, Outcome, fail, inert};
use crate::faults::{Fault, has};
use crate::mcp::{Connection, said};
use crate::session::Attempt;
use crate::transport::{self, Message, Reply};

pub(crate) const MODERN: &str = "2026-07-28";
/// The revisions with `initialize`, the newest first.
pub(crate) const LEGACY: [&str; 2] = ["2025-11-25", "2025-06-18"];

const UNSUPPORTED_VERSION: i64 = -32022;
/// The codes that only a server of 2026-07-28 or later sends.
const MODERN_CODES: std::ops::RangeInclusive<i64> = -32022..=-32020;
const METHOD_NOT_FOUND: i64 = -32601;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    Unknown,
    Modern,
    Legacy {
        version: String,
        session: Option<String>,
    },
    /// The `initialize` request itself.
    Opening,
}

impl Era {
    pub(crate) fn is_modern(&self) -> bool {
        matches!(self, Self::Unknown | Self::Modern)
    }

    /// The headers that name revision and session.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let (version, session) = match self {
            Self::Opening => return Vec::new(),
            Self::Unknown | Self::Modern if has(Fault::VersionHeaderMissing) => return Vec::new(),
            Self::Unknown | Self::Modern => (MODERN, &None),
            Self::Legacy { version, session } => (version.as_str(), session),
        };
        let mut headers = Vec::new();
        if self.is_modern() || !has(Fault::NegotiatedHeaderMissing) {
            headers.push(("mcp-protocol-version".to_owned(), version.to_owned()));
        }
        if let Some(id) = session.as_ref().filter(|_| !has(Fault::SessionIdForgotten)) {
            headers.push(("mcp-session-id".to_owned(), id.clone()));
        }
        headers
    }
}

/// What follows from a reply.
pub(crate) enum Next {
    Result(Value),
    /// The request comes again after an `initialize` for this revision.
    Initialize(&'static str),
}

pub(crate) fn next(era: &Era, reply: &Reply) -> Outcome<Next> {
    let code = reply.code();
    if (200..300).contains(&reply.status) && code.is_none() {
        return result(era, reply.message.as_ref()).map(Next::Result);
    }
    if has(Fault::ErrorsIgnored) && reply.message.is_some() {
        return Ok(Next::Result(json!({ "content": [], "tools": [] })));
    }
    let failure = said(reply.status, reply.message.as_ref());
    let is_client_error = (400..500).contains(&reply.status);
    match era {
        Era::Unknown | Era::Modern if code == Some(UNSUPPORTED_VERSION) => {
            overlap(reply.message.as_ref()).map(Next::Initialize)
        }
        Era::Unknown if is_client_error => {
            let is_modern = code.is_some_and(|code| MODERN_CODES.contains(&code))
                || (reply.status == 404 && code == Some(METHOD_NOT_FOUND));
            if is_modern && !has(Fault::FallsBackFromModern) {
                return Err(failure);
            }
            Ok(Next::Initialize(LEGACY[0]))
        }
        Era::Legacy { session: Some(_), .. }
            if reply.status == 404 && !has(Fault::LostSessionEndsAll) =>
        {
            Ok(Next::Initialize(LEGACY[0]))
        }
        _ => Err(failure),
    }
}

/// The newest revision that an error's `data.supported` shares with this client.
fn overlap(message: Option<&Value>) -> Outcome<&'static str> {
    let supported = message.and_then(|message| message.pointer("/error/data/supported"));
    let supported = supported.and_then(Value::as_array).cloned().unwrap_or_default();
    let shared = LEGACY.iter().find(|version| supported.iter().any(|it| it == **version));
    match shared {
        Some(version) => Ok(version),
        None if has(Fault::InitializesWithoutOverlap) => Ok(LEGACY[0]),
        None => {
            let theirs: Vec<String> = supported.iter().map(Value::to_string).collect();
            let theirs = inert(&theirs.join(", "));
            fail(format!("no revision is spoken by both sides; the server's: {theirs}"))
        }
    }
}

fn result(era: &Era, message: Option<&Value>) -> Outcome<Value> {
    let message = message.filter(|message| message["jsonrpc"] == "2.0");
    let result = message.filter(|message| message.get("error").is_none());
    let Some(result) = result.and_then(|message| message.get("result")) else {
        return fail("the answer is no JSON-RPC response");
    };
    if !result.is_object() {
        return fail("the result is no object");
    }
    if !era.is_modern() {
        return Ok(result.clone());
    }
    match result.get("resultType") {
        None if has(Fault::ResultTypeRequired) => fail("the result has no type"),
        None => Ok(result.clone()),
        Some(kind) if kind == "complete" => Ok(result.clone()),
        Some(kind) if kind == "input_required" && has(Fault::InputRequiredTaken) => {
            Ok(result.clone())
        }
        Some(kind) if kind == "input_required" => {
            fail("the server wants input that this client never offered to give")
        }
        Some(_) if has(Fault::UnknownResultTypeTaken) => Ok(result.clone()),
        Some(kind) => {
            fail(format!("the result is of an unknown type: {}", inert(&kind.to_string())))
        }
    }
}

impl Connection<'_> {
    /// Opens a session, unless another request did so while this one was under way.
    pub(crate) fn initialize(
        &self,
        seen: &Era,
        version: &'static str,
        attempt: &mut Attempt,
    ) -> Outcome<()> {
        let mut era = self.era.lock().expect("no holder panics");
        if *era != *seen {
            return Ok(());
        }
        let opening = Era::Opening;
        let reply = self
            .authorized(&opening, attempt, |id| {
                let params = json!({
                    "protocolVersion": version,
                    "capabilities": {},
                    "clientInfo": {"name": "scripted-client", "version": "1.0.0"},
                });
                let body =
                    json!({"jsonrpc": "2.0", "id": id, "method": "initialize", "params": params});
                let headers = match seen {
                    Era::Legacy { .. } if has(Fault::LostSessionSentAgain) => seen.headers(),
                    _ => Vec::new(),
                };
                (headers, body, None)
            })
            .map_err(|(_, failure)| failure)?;
        if reply.status != 200 || reply.code().is_some() {
            return Err(said(reply.status, reply.message.as_ref()));
        }
        let result = result(&opening, reply.message.as_ref())?;
        let chosen = result["protocolVersion"].as_str().unwrap_or_default();
        if !LEGACY.contains(&chosen) && !has(Fault::AnyVersionTaken) {
            let chosen = inert(chosen);
            return fail(format!("the server chose a revision that this client lacks: {chosen}"));
        }
        let session = reply.header("mcp-session-id").map(str::to_owned);
        *era = Era::Legacy { version: chosen.to_owned(), session };
        if has(Fault::InitializedUnsaid) {
            return Ok(());
        }
        let opened = era.clone();
        drop(era);
        self.notify(&opened, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    }

    /// Ends the session that the server keeps for this connection, if it keeps one.
    pub(crate) fn close(&self) {
        let era = self.era();
        if !matches!(era, Era::Legacy { session: Some(_), .. }) || has(Fault::SessionLeftOpen) {
            return;
        }
        let mut headers = era.headers();
        if let Ok(Some(token)) = self.session.token() {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let (url, time) = (&self.session.endpoint, Duration::from_secs(2));
        let message = Message { url, headers, body: Value::Null, time };
        // A server may decline, and then forgets the session in its own time.
        let ended: Outcome<Reply> =
            transport::send(&self.session.web, "DELETE", url, &message, &mut |_| {});
        drop::<Result<Reply, Failure>>(ended);
    }
}
