//! One JSON-RPC message to the server, and the answer in either form (MCP, streamable HTTP).
//!
//! Nothing is followed anywhere, and an answer that is not there to its end is none.

use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderMap, Request};
use url::Url;

use crate::events::Events;
use crate::failure::{Outcome, fail};
use crate::faults::{Fault, has};
use crate::web::{Web, whole};

/// The longest answer that is read.
const LONGEST: u64 = 8 << 20;

/// What is sent.
pub(crate) struct Message<'a> {
    pub(crate) url: &'a Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) time: Duration,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The answer to the message's id, or whatever JSON an error status came with.
    pub(crate) message: Option<Value>,
    /// The last event's id and the pause asked for, when a stream ended before the answer.
    pub(crate) resume: Option<(String, Duration)>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The code of a JSON-RPC error.
    pub(crate) fn code(&self) -> Option<i64> {
        self.message.as_ref()?.pointer("/error/code")?.as_i64()
    }
}

/// POSTs the message. `aside` is given what the server says before it answers.
pub(crate) fn post(
    web: &Web,
    message: &Message<'_>,
    aside: &mut dyn FnMut(&Value),
) -> Outcome<Reply> {
    let reply = send(web, "POST", message.url, message, aside)?;
    let target = reply.header("location").and_then(|to| message.url.join(to).ok());
    match target.filter(|_| (300..400).contains(&reply.status) && has(Fault::RedirectsFollowed)) {
        Some(url) => send(web, "POST", &url, message, aside),
        None => Ok(reply),
    }
}

/// Sends with any method: GET to go on with a stream, DELETE to end a session.
pub(crate) fn send(
    web: &Web,
    method: &str,
    url: &Url,
    message: &Message<'_>,
    aside: &mut dyn FnMut(&Value),
) -> Outcome<Reply> {
    let is_post = method == "POST";
    let accept = match method {
        "POST" if has(Fault::AcceptsJsonOnly) => "application/json",
        "POST" => "application/json, text/event-stream",
        _ => "text/event-stream",
    };
    let mut request = Request::builder().method(method).uri(url.as_str()).header("accept", accept);
    if is_post {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in &message.headers {
        request = request.header(name, value);
    }
    let body = if has(Fault::BatchSent) && message.body.get("id").is_some() {
        Value::Array(vec![message.body.clone()]).to_string()
    } else {
        message.body.to_string()
    };
    let body = if is_post { body.into_bytes() } else { Vec::new() };
    let Ok(request) = request.body(body) else { return fail("a header has unusable characters") };
    let mut response = web.open(request, message.time)?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let id = message.body.get("id").filter(|_| message.body.get("method").is_some());
    let mut reply = Reply { status, headers, message: None, resume: None };
    let reader = response.body_mut().as_reader();
    let is_success = (200..300).contains(&status);
    if kind == "text/event-stream" && is_success {
        let Some(id) = id else { return Ok(reply) };
        if has(Fault::StreamsUnread) {
            return fail("the answer is no JSON");
        }
        answer(Events::new(reader, LONGEST), id, &mut reply, aside)?;
        return Ok(reply);
    }
    let body = match whole(reader, LONGEST) {
        Ok(body) => body,
        Err(_) if has(Fault::TruncationAccepted) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    if kind == "application/json" || kind.ends_with("+json") {
        reply.message = serde_json::from_slice(&body).ok();
    }
    if let (true, Some(id)) = (is_success, id) {
        if has(Fault::TruncationAccepted) && reply.message.is_none() {
            let result = serde_json::json!({ "content": [], "tools": [] });
            reply.message = Some(serde_json::json!({ "id": id, "result": result }));
        }
        let is_mine = |message: &Value| message.get("id") == Some(id) || has(Fault::AnyIdAccepted);
        if !reply.message.as_ref().is_some_and(is_mine) {
            return fail("the answer is no JSON-RPC response to the request");
        }
    }
    Ok(reply)
}

/// Reads a stream up to the answer to `id`.
fn answer<R: std::io::Read>(
    mut events: Events<R>,
    id: &Value,
    reply: &mut Reply,
    aside: &mut dyn FnMut(&Value),
) -> Outcome<()> {
    let mut last = None;
    let mut pause = Duration::from_secs(1);
    while let Some(event) = events.next()? {
        if event.id.is_some() {
            last = event.id;
        }
        if let Some(retry) = event.retry {
            pause = Duration::from_millis(retry);
        }
        if event.data.is_empty() || event.name.is_some_and(|name| name != "message") {
            continue;
        }
        let Ok(message) = serde_json::from_str::<Value>(&event.data) else {
            return fail("an event is no JSON");
        };
        let is_mine = message.get("id") == Some(id) || has(Fault::AnyIdAccepted);
        if is_mine && message.get("method").is_none() {
            reply.message = Some(message);
            return Ok(());
        }
        aside(&message);
    }
    reply.resume = last.map(|last| (last, pause));
    if reply.resume.is_some() {
        return Ok(());
    }
    if has(Fault::TruncationAccepted) {
        let result = serde_json::json!({ "content": [], "tools": [] });
        reply.message = Some(serde_json::json!({ "id": id, "result": result }));
        return Ok(());
    }
    fail("the stream ended before the answer")
}
