//! The MCP endpoint: one handler for both resources and for every revision.
//!
//! Order of judgement, first match answers: `Origin`, token, HTTP method, body, revision, then the method.
//! A request that carries the modern `_meta` or header is served by `modern`, any other by `initialize`.
//! No session is minted, no stream is kept open, and nothing is remembered between requests.

mod initialize;
mod modern;
mod tool_error;
mod tools;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use lookout_schema::protocol::{self, MODERN_REVISION, code};
use serde_json::{Value, json};
use tracing::Instrument as _;

use crate::App;
use crate::authority::Resource;
use crate::authority::bearer::Caller;
use crate::gate;
use crate::http::address::ClientAddress;
use crate::http::depth::{DEEPEST, nests_deeper_than};
use crate::http::rates::TooOften;
use crate::http::{bounded, retry_later};
use crate::telemetry;

pub(crate) use modern::supported_revisions;
pub use tool_error::ToolError;
pub(crate) use tool_error::cut;
pub(crate) use tools::{described, server_info};

/// Longest message of a JSON-RPC error, in characters; what a caller sent is quoted in some.
const MAX_MESSAGE: usize = 300;

/// Code of the error for a request that comes too soon after others (JSON-RPC 2.0 section 5.1, a server error).
const TOO_OFTEN: i64 = -32000;

/// Largest request body, in octets.
pub(crate) const LARGEST_MESSAGE: usize = 1 << 20;

/// The routes of both protected resources.
pub fn routes() -> Router<Arc<App>> {
    Resource::ALL.iter().fold(Router::new(), |router, &resource| {
        let handler = move |State(app): State<Arc<App>>, request: Request| async move {
            endpoint(&app, resource, request).await
        };
        router.route(resource.path(), any(handler))
    })
}

/// Whether a request may be read whole however large: it is not for this endpoint, or comes from somebody who may call. What it may is decided when it
/// was read. None when that cannot be found out now.
pub(crate) async fn is_known(app: &App, parts: &Parts) -> Option<bool> {
    let mut resources = Resource::ALL.iter();
    let Some(&resource) = resources.find(|resource| resource.path() == parts.uri.path()) else {
        return Some(true);
    };
    let _turn = app.rates.look_up(ClientAddress::of(parts)).await.ok()?;
    gate::is_known(app, &parts.headers, resource).await.ok()
}

async fn endpoint(app: &App, resource: Resource, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !origin_allowed(app, &parts.headers) {
        let message =
            "This origin may not call the endpoint; an operator can allow it in `allowed_origins`.";
        return refusal(StatusCode::FORBIDDEN, None, code::INVALID_REQUEST, message);
    }
    let origin = parts.headers.get(header::ORIGIN).cloned();
    let mut response = answer(app, resource, &parts, body).await;
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("www-authenticate"),
        );
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

async fn answer(app: &App, resource: Resource, parts: &Parts, body: Body) -> Response {
    if parts.method == Method::OPTIONS {
        return preflight();
    }
    let from = ClientAddress::of(parts);
    let admitted = match app.rates.look_up(from).await {
        Ok(_turn) => gate::admit(app, &parts.headers, resource).await,
        Err(_) => return gate::Refusal::Unavailable.into_response(),
    };
    let caller = match admitted {
        Ok(caller) => caller,
        Err(refusal) => {
            if refusal.is_failed_token()
                && let Err(too_often) = app.rates.failed_token(from)
            {
                return slow_down(too_often, "too many tokens from this network are not valid");
            }
            return refusal.into_response();
        }
    };
    if let Err(too_often) = app.rates.call(&caller.grant_id) {
        return slow_down(too_often, "this connection asks too often");
    }
    if parts.method != Method::POST {
        let message =
            "Send each message as a POST; there are no sessions and no server-initiated stream.";
        let mut response =
            refusal(StatusCode::METHOD_NOT_ALLOWED, None, code::INVALID_REQUEST, message);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    match read(&parts.headers, body).await {
        Ok(message) => route(app, resource, caller, &parts.headers, message).await,
        Err(response) => *response,
    }
}

/// A message after its envelope was checked.
#[derive(Debug)]
struct Message {
    /// `None` for a notification.
    id: Option<Value>,
    method: String,
    params: Value,
}

/// Who asks where.
#[derive(Debug)]
struct Call<'a> {
    app: &'a App,
    resource: Resource,
    caller: Caller,
}

async fn route(
    app: &App,
    resource: Resource,
    caller: Caller,
    headers: &HeaderMap,
    message: Message,
) -> Response {
    let call = Call { app, resource, caller };
    let in_body = message
        .params
        .get("_meta")
        .and_then(|meta| meta.get(protocol::meta::PROTOCOL_VERSION))
        .is_some();
    let in_header = headers
        .get(protocol::header::PROTOCOL_VERSION)
        .is_some_and(|version| version == MODERN_REVISION);
    let span = telemetry::message_span(&message.method, message.params.get("_meta"));
    let answered = async move {
        if in_body || in_header {
            modern::answer(call, headers, message).await
        } else {
            initialize::answer(call, headers, message).await
        }
    };
    answered.instrument(span).await
}

/// Reads the body as one JSON-RPC request or notification; batches ended with revision 2025-06-18.
async fn read(headers: &HeaderMap, body: Body) -> Result<Message, Box<Response>> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = "Send the message with `Content-Type: application/json`.";
        return Err(Box::new(refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            None,
            code::INVALID_REQUEST,
            message,
        )));
    }
    if !accepts_json(headers) {
        let message = "Accept `application/json` and `text/event-stream`.";
        return Err(Box::new(refusal(
            StatusCode::NOT_ACCEPTABLE,
            None,
            code::INVALID_REQUEST,
            message,
        )));
    }
    let octets = bounded(body, LARGEST_MESSAGE).await.map_err(|error| {
        let (status, problem) = error.explain();
        Box::new(refusal(
            status,
            None,
            code::INVALID_REQUEST,
            &format!("No message was read: {problem}."),
        ))
    })?;
    let bad = |code, id, message: &str| {
        Err(Box::new(refusal(StatusCode::BAD_REQUEST, id, code, message)))
    };
    if nests_deeper_than(&octets, DEEPEST) {
        let message = format!("The message nests deeper than {DEEPEST} arrays and objects.");
        return bad(code::INVALID_REQUEST, None, &message);
    }
    let value: Value = match serde_json::from_slice(&octets) {
        Ok(value) => value,
        Err(error) => {
            return bad(code::PARSE_ERROR, None, &format!("The body is not JSON: {error}."));
        }
    };
    let Value::Object(mut members) = value else {
        return bad(
            code::INVALID_REQUEST,
            None,
            "Send one JSON-RPC object; batches are not part of this protocol.",
        );
    };
    let id = members.remove("id");
    let echo = id.clone().filter(|id| id.is_string() || id.is_i64() || id.is_u64());
    if id.is_some() && echo.is_none() {
        return bad(
            code::INVALID_REQUEST,
            None,
            "`id` is a string or an integer; leave it out for a notification.",
        );
    }
    if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return bad(code::INVALID_REQUEST, echo, "`jsonrpc` is \"2.0\".");
    }
    let Some(Value::String(method)) = members.remove("method") else {
        return bad(
            code::INVALID_REQUEST,
            echo,
            "`method` is a string; this server asks nothing, so it takes no responses.",
        );
    };
    let params = members.remove("params").unwrap_or_else(|| json!({}));
    if !params.is_object() {
        return bad(code::INVALID_PARAMS, echo, "`params` is an object.");
    }
    Ok(Message { id: echo, method, params })
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .peekable();
    ranges.peek().is_none()
        || ranges
            .any(|range| matches!(range.as_str(), "application/json" | "application/*" | "*/*"))
}

/// Whether a browser page of this origin may call (MCP 2026-07-28 basic/transports/streamable-http, security).
fn origin_allowed(app: &App, headers: &HeaderMap) -> bool {
    let accepted = |origin| (app.policy().origin_accepted)(&app.config.mcp_origins, origin);
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if origins.peek().is_none() {
        return accepted(None);
    }
    origins.all(|origin| accepted(Some(origin.to_str().unwrap_or("null"))))
}

/// The answer to a browser that asks before it calls.
fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "accept, authorization, content-type, mcp-method, mcp-name, mcp-protocol-version",
        ),
    );
    response
}

/// A JSON-RPC result.
fn success(id: Value, result: Value) -> Response {
    json_response(StatusCode::OK, &protocol::Response::result(id, result))
}

/// A JSON-RPC error.
fn refusal(status: StatusCode, id: Option<Value>, code: i64, message: &str) -> Response {
    json_response(status, &protocol::Response::error(id, code, cut(message, MAX_MESSAGE), None))
}

/// What somebody is told who asks too often.
fn slow_down(TooOften { seconds }: TooOften, why: &str) -> Response {
    let message = format!("Wait {seconds} s and try again: {why}.");
    retry_later(refusal(StatusCode::TOO_MANY_REQUESTS, None, TOO_OFTEN, &message), seconds)
}

/// A JSON body that nothing between here and the client keeps.
pub(crate) fn json_response(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("a response is plain data");
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}
