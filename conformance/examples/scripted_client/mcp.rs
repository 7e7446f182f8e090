//! Requests to an MCP server of either era, authorized, and with results that are complete.
//!
//! A request that is sent again is a new request with a new id.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::challenge;
use crate::era::{self, Era, Next};
use crate::failure::{Failure, Outcome, fail, inert};
use crate::faults::{Fault, has};
use crate::header::{encoded, plain};
use crate::session::{Attempt, Session};
use crate::transport::{self, Message, Reply};

/// How long a request may take.
pub(crate) const REQUEST_TIME: Duration = Duration::from_secs(10);
const MOST_TRIES: usize = 8;

/// A request, as the tool or method that makes it sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) params: Map<String, Value>,
    /// `Mcp-Param-*` headers.
    pub(crate) mirrored: Vec<(String, String)>,
    /// Cancelled after this long.
    pub(crate) cancel_after: Option<Duration>,
}

/// One connection: what is known of the server, and the ids used up.
pub(crate) struct Connection<'a> {
    pub(crate) session: &'a Session,
    pub(crate) era: Mutex<Era>,
    next_id: AtomicU64,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        Self { session, era: Mutex::new(Era::Unknown), next_id: AtomicU64::new(1) }
    }

    pub(crate) fn era(&self) -> Era {
        self.era.lock().expect("no holder panics").clone()
    }

    /// The result of a request.
    pub(crate) fn request(&self, call: &Call<'_>) -> Outcome<Value> {
        let mut attempt = self.session.attempt();
        for _ in 0..MOST_TRIES {
            let era = self.era();
            let reply = self.exchange(&era, call, &mut attempt)?;
            match era::next(&era, &reply)? {
                Next::Result(result) => {
                    if matches!(era, Era::Unknown) {
                        *self.era.lock().expect("no holder panics") = Era::Modern;
                    }
                    return Ok(result);
                }
                Next::Initialize(version) => self.initialize(&era, version, &mut attempt)?,
            }
        }
        fail("the server never comes to an answer")
    }

    fn exchange(&self, era: &Era, call: &Call<'_>, attempt: &mut Attempt) -> Outcome<Reply> {
        let sent = self.authorized(era, attempt, |id| {
            let mut params = call.params.clone();
            let mut headers = era.headers();
            if era.is_modern() {
                modern(call, &mut params, &mut headers);
            }
            let body = json!({"jsonrpc": "2.0", "id": id, "method": call.method, "params": params});
            (headers, body, call.cancel_after)
        });
        match sent {
            Err((id, failure)) if failure.is_late && call.cancel_after.is_some() => {
                self.cancelled(era, &id);
                Err(failure)
            }
            sent => sent.map_err(|(_, failure)| failure),
        }
    }

    /// Sends until the server accepts the authorization, each time as a new request.
    pub(crate) fn authorized(
        &self,
        era: &Era,
        attempt: &mut Attempt,
        make: impl Fn(&Value) -> (Vec<(String, String)>, Value, Option<Duration>),
    ) -> Result<Reply, (Value, Failure)> {
        loop {
            let id = self.id();
            let lost = |failure| (id.clone(), failure);
            let token = self.session.token().map_err(lost)?;
            let (mut headers, body, cancel_after) = make(&id);
            let time = match cancel_after {
                Some(after) if era.is_modern() && has(Fault::CancelledSilently) => {
                    after + Duration::from_secs(4)
                }
                Some(after) => after,
                None => REQUEST_TIME,
            };
            let is_first = matches!(era, Era::Unknown);
            let is_left_out = !is_first && has(Fault::TokenOnFirstRequestOnly);
            let mut url = self.session.endpoint.clone();
            if let Some(token) = token.as_ref().filter(|_| !is_left_out) {
                if has(Fault::TokenInQuery) || has(Fault::TokenInQueryToo) {
                    url.query_pairs_mut().append_pair("access_token", token);
                }
                if !has(Fault::TokenInQuery) {
                    headers.push(("authorization".to_owned(), format!("Bearer {token}")));
                }
            }
            let message = Message { url: &url, headers, body, time };
            let mut reply = self.send(era, &message).map_err(lost)?;
            if let Some(resume) = reply.resume.take() {
                reply = self.resume(era, &message, resume).map_err(lost)?;
            }
            let bearer = challenge::bearer(&reply.headers);
            let is_short =
                bearer.as_ref().and_then(|it| it.error.as_deref()) == Some("insufficient_scope");
            match (reply.status, &bearer) {
                (401, bearer) => {
                    self.session
                        .refused(token.as_deref(), bearer.as_ref(), attempt)
                        .map_err(lost)?;
                }
                (403, Some(bearer)) if is_short => {
                    self.session.insufficient(token.as_deref(), bearer, attempt).map_err(lost)?;
                }
                _ => return Ok(reply),
            }
        }
    }

    fn send(&self, era: &Era, message: &Message<'_>) -> Outcome<Reply> {
        let mut aside = |said: &Value| self.answer(era, said, message);
        transport::post(&self.session.web, message, &mut aside)
    }

    /// Goes on with a stream that the server ended early, which only the older revisions know.
    fn resume(
        &self,
        era: &Era,
        message: &Message<'_>,
        mut resume: (String, Duration),
    ) -> Outcome<Reply> {
        for _ in 0..2 {
            let (last, pause) = resume;
            if era.is_modern() || pause >= self.session.web.left() || has(Fault::NeverResumes) {
                break;
            }
            std::thread::sleep(if has(Fault::RetryPauseIgnored) { Duration::ZERO } else { pause });
            let mut headers = message.headers.clone();
            headers.push(("last-event-id".to_owned(), last));
            let body = message.body.clone();
            let again = Message { url: message.url, headers, body, time: message.time };
            let mut aside = |said: &Value| self.answer(era, said, message);
            let web = &self.session.web;
            let reply = transport::send(web, "GET", again.url, &again, &mut aside)?;
            match &reply.resume {
                Some(next) => resume = next.clone(),
                None => return Ok(reply),
            }
        }
        fail("the stream ended before the answer")
    }

    /// Answers a request of the server, which only the older revisions allow.
    fn answer(&self, era: &Era, said: &Value, message: &Message<'_>) {
        let (Some(id), Some(method)) = (said.get("id"), said.get("method")) else { return };
        if (era.is_modern() && !has(Fault::AnswersServerRequests)) || has(Fault::PingUnanswered) {
            return;
        }
        let body = if method == "ping" {
            json!({"jsonrpc": "2.0", "id": id, "result": {}})
        } else {
            let error = json!({"code": -32601, "message": "this client has no such method"});
            json!({"jsonrpc": "2.0", "id": id, "error": error})
        };
        let headers = message.headers.clone();
        let message = Message { url: message.url, headers, body, time: REQUEST_TIME };
        transport::post(&self.session.web, &message, &mut |_| {}).ok();
    }

    /// Sends a notification. That it arrives is all that is asked.
    pub(crate) fn notify(&self, era: &Era, body: &Value) -> Outcome<()> {
        let mut headers = era.headers();
        if let Some(token) = self.session.token()? {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let url = &self.session.endpoint;
        let message = Message { url, headers, body: body.clone(), time: REQUEST_TIME };
        let reply = transport::post(&self.session.web, &message, &mut |_| {})?;
        match reply.status {
            200..300 => Ok(()),
            status => fail(format!("the server refuses a notification with {status}")),
        }
    }

    /// Tells a server of the older revisions what the closed connection does not tell it.
    fn cancelled(&self, era: &Era, id: &Value) {
        let is_told = !era.is_modern() || has(Fault::CancellationPosted);
        if !is_told || has(Fault::CancelledSilently) {
            return;
        }
        let id = if has(Fault::OtherRequestCancelled) { json!(0) } else { id.clone() };
        let params = json!({"requestId": id, "reason": "no longer wanted"});
        let body = json!({
            "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params
        });
        if let Err(failure) = self.notify(era, &body) {
            eprintln!("note: the cancellation was not delivered: {failure}");
        }
    }

    fn id(&self) -> Value {
        if has(Fault::IdNull) {
            return Value::Null;
        }
        if has(Fault::IdReused) {
            return json!(1);
        }
        json!(self.next_id.fetch_add(1, Ordering::Relaxed))
    }
}

/// What 2026-07-28 adds to a request.
fn modern(call: &Call<'_>, params: &mut Map<String, Value>, headers: &mut Vec<(String, String)>) {
    let mut meta = json!({
        "io.modelcontextprotocol/protocolVersion": era::MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "scripted-client", "version": "1.0.0"},
    });
    let members = meta.as_object_mut().expect("made above");
    if has(Fault::CapabilitiesMissing) {
        members.remove("io.modelcontextprotocol/clientCapabilities");
    }
    if has(Fault::ClientInfoMissing) {
        members.remove("io.modelcontextprotocol/clientInfo");
    }
    if has(Fault::MetaVersionDiffers) {
        members["io.modelcontextprotocol/protocolVersion"] = "2025-11-25".into();
    }
    if !has(Fault::MetaMissing) {
        params.insert("_meta".to_owned(), meta);
    }
    if !has(Fault::MethodHeaderMissing) {
        headers.push(("mcp-method".to_owned(), call.method.to_owned()));
    }
    let name = params.get("name").and_then(Value::as_str).filter(|_| call.method == "tools/call");
    if let Some(name) = name.filter(|_| !has(Fault::NameHeaderMissing)) {
        let mut shown = encoded(name);
        if shown != name && has(Fault::NameNotEncoded) {
            shown = plain(name);
        }
        headers.push(("mcp-name".to_owned(), shown));
    }
    headers.extend(call.mirrored.iter().cloned());
}

/// A JSON-RPC error, said to a person.
pub(crate) fn said(status: u16, message: Option<&Value>) -> Failure {
    let error = message.and_then(|message| message.get("error"));
    let text = error.and_then(|error| error.get("message")).and_then(Value::as_str);
    let mut failure =
        Failure::new(format!("the server answers {status}: {}", inert(text.unwrap_or_default())));
    failure.code = error.and_then(|error| error.get("code")).and_then(Value::as_i64);
    failure
}
