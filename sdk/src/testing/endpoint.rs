//! The fake's MCP endpoint, which judges a request in the order in which Lookout's does.
//!
//! A request that carries the metadata or the header of 2026-07-28 is served as such, any other as one of the revisions that begin with `initialize`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, StatusCode};
use lookout_schema::protocol::{
    INITIALIZE_REVISIONS, MODERN_REVISION, Request, Response, code, header, meta,
};
use lookout_schema::{CATALOGUE_DIGEST, ErrorCode, ScopeSet, ToolEntry, catalogue};
use serde_json::{Value, json};

use super::answer::{Answer, error_result};
use super::fault::{Fault, Place};
use super::server::{End, Received, Reply};
use super::world::{Call, Shared};
use crate::client::unfit;

/// The digest of a catalogue that nobody has.
const OTHER_DIGEST: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Which side of the change of revisions a request is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    Modern,
    Initialize,
}

/// Why there is no result.
struct Refusal(StatusCode, i64, String);

type Outcome = Result<Value, Refusal>;

pub(super) fn reply(shared: &Shared, request: &Received) -> Reply {
    let Some((token, scopes)) = bearer(shared, &request.headers) else {
        return challenge(shared, StatusCode::UNAUTHORIZED, None, ScopeSet::all());
    };
    if let Some(reply) = struck(shared, &token) {
        return reply;
    }
    let Some(scopes) = scopes else {
        return challenge(shared, StatusCode::UNAUTHORIZED, Some("invalid_token"), ScopeSet::all());
    };
    if request.method != Method::POST {
        return Reply::text(StatusCode::METHOD_NOT_ALLOWED, "Send each message as a POST.");
    }
    let Some(message) = read(&request.body) else {
        let problem = "The body is not one JSON-RPC request.".to_owned();
        let refusal = Refusal(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, problem);
        return written(None, Err(refusal));
    };
    let params = message.params.unwrap_or_else(|| json!({}));
    let era = match era(shared, &request.headers, &message.method, &params) {
        Ok(era) => era,
        Err(refusal) => return written(message.id, Err(refusal)),
    };
    let Some(id) = message.id else { return Reply::text(StatusCode::ACCEPTED, "") };
    if message.method == "tools/call" {
        return call(shared, era, scopes, id, &params);
    }
    let outcome = match message.method.as_str() {
        "server/discover" if era == Era::Modern => Ok(discovery(shared)),
        "initialize" if era == Era::Initialize => Ok(initialized(shared, &params)),
        "ping" if era == Era::Initialize => Ok(json!({})),
        "tools/list" => Ok(list(scopes)),
        method => {
            let status = if era == Era::Modern { StatusCode::NOT_FOUND } else { StatusCode::OK };
            let problem = format!("There is no method {method:?}.");
            Err(Refusal(status, code::METHOD_NOT_FOUND, problem))
        }
    };
    written(Some(id), outcome.map(|result| complete(era, result)))
}

/// The token of a request and what it may do, which is nothing if it is not live; `None` without a token.
fn bearer(shared: &Shared, headers: &HeaderMap) -> Option<(String, Option<ScopeSet>)> {
    let sent = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let token = sent.strip_prefix("Bearer ")?;
    Some((token.to_owned(), shared.world().scopes_of(token)))
}

/// What a fault makes of any request to the endpoint.
fn struck(shared: &Shared, token: &str) -> Option<Reply> {
    let mut world = shared.world();
    let world = &mut *world;
    let fault = world.faults.strike(Place::Endpoint)?;
    Some(match fault {
        Fault::RateLimited { retry_after } => {
            Reply::text(StatusCode::TOO_MANY_REQUESTS, "Too many requests.")
                .header(RETRY_AFTER, retry_after.as_secs().to_string())
        }
        Fault::Unavailable => Reply::text(StatusCode::SERVICE_UNAVAILABLE, "Down for a moment."),
        fault => {
            if let Some(access) = world.access.get_mut(token) {
                access.expired = true;
                if fault == Fault::RevokedToken {
                    world.grants[access.grant].live = false;
                }
            }
            let error = Some("invalid_token");
            challenge(shared, StatusCode::UNAUTHORIZED, error, ScopeSet::all())
        }
    })
}

/// RFC 6750 section 3 and RFC 9728 section 5.1.
fn challenge(shared: &Shared, status: StatusCode, error: Option<&str>, scopes: ScopeSet) -> Reply {
    let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", shared.origin);
    let error = error.map(|error| format!(", error=\"{error}\"")).unwrap_or_default();
    let value = format!("Bearer resource_metadata=\"{metadata}\", scope=\"{scopes}\"{error}");
    Reply::json(status, &json!({})).header(WWW_AUTHENTICATE, value)
}

fn read(body: &[u8]) -> Option<Request> {
    let request: Request = serde_json::from_slice(body).ok()?;
    let is_id = |id: &Value| id.is_string() || id.is_i64() || id.is_u64();
    let whole = request.jsonrpc == "2.0"
        && request.id.as_ref().is_none_or(is_id)
        && request.params.as_ref().is_none_or(Value::is_object);
    whole.then_some(request)
}

fn era(shared: &Shared, headers: &HeaderMap, method: &str, params: &Value) -> Result<Era, Refusal> {
    let sent = headers.get(header::PROTOCOL_VERSION).and_then(|value| value.to_str().ok());
    let in_body = &params["_meta"][meta::PROTOCOL_VERSION];
    if in_body.is_null() && sent != Some(MODERN_REVISION) {
        let known = sent.is_some_and(|sent| INITIALIZE_REVISIONS.contains(&sent));
        return if method == "initialize" || known {
            Ok(Era::Initialize)
        } else {
            let problem = "Send the header MCP-Protocol-Version.".to_owned();
            Err(Refusal(StatusCode::BAD_REQUEST, code::HEADER_MISMATCH, problem))
        };
    }
    if shared.initialize_only {
        // A server of that time knows neither the code nor the list of what it speaks.
        let problem = "Bad Request: no valid session ID provided".to_owned();
        return Err(Refusal(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, problem));
    }
    let name = if method == "tools/call" { params["name"].as_str() } else { None };
    let expected = [(header::PROTOCOL_VERSION, in_body.as_str()), (header::METHOD, Some(method))];
    for (header, in_body) in expected.into_iter().chain(name.map(|name| (header::NAME, Some(name))))
    {
        if decoded(headers, header).as_deref() != in_body {
            let problem = format!("The header {header} and the body differ.");
            return Err(Refusal(StatusCode::BAD_REQUEST, code::HEADER_MISMATCH, problem));
        }
    }
    if in_body != MODERN_REVISION {
        let problem = "The fake does not speak this revision.".to_owned();
        return Err(Refusal(StatusCode::BAD_REQUEST, code::UNSUPPORTED_VERSION, problem));
    }
    Ok(Era::Modern)
}

/// A header value, which stands as it is or as `=?base64?…?=` (MCP 2026-07-28 basic/transports/streamable-http).
fn decoded(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => {
            STANDARD.decode(encoded).ok().and_then(|text| String::from_utf8(text).ok())
        }
        None => Some(value.to_owned()),
    }
}

fn discovery(shared: &Shared) -> Value {
    let stale = shared.world().faults.strike(Place::Discovery).is_some();
    let digest = if stale { OTHER_DIGEST } else { CATALOGUE_DIGEST };
    let revisions: Vec<_> = std::iter::once(MODERN_REVISION).chain(INITIALIZE_REVISIONS).collect();
    json!({
        "supportedVersions": revisions,
        "capabilities": { "tools": {} },
        "instructions": "A Lookout server that answers with the fixtures of a test.",
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": { (meta::CATALOGUE_DIGEST): digest },
    })
}

fn initialized(shared: &Shared, params: &Value) -> Value {
    let mut result = discovery(shared);
    let asked = params["protocolVersion"].as_str().unwrap_or_default();
    let revision = INITIALIZE_REVISIONS.into_iter().find(|known| *known == asked);
    result["protocolVersion"] = revision.unwrap_or(INITIALIZE_REVISIONS[0]).into();
    result["serverInfo"] = server_info();
    result.as_object_mut().expect("a discovery is an object").remove("supportedVersions");
    result
}

fn server_info() -> Value {
    json!({ "name": "fake-lookout", "version": env!("CARGO_PKG_VERSION") })
}

fn list(scopes: ScopeSet) -> Value {
    let callable = catalogue().tools.iter().filter(|tool| tool.scopes.is_subset(scopes));
    let described = callable.map(|tool| {
        json!({
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "inputSchema": tool.input_schema,
            "outputSchema": tool.output_schema,
            "annotations": tool.annotations,
        })
    });
    json!({ "tools": described.collect::<Vec<_>>(), "ttlMs": 0, "cacheScope": "private" })
}

fn call(shared: &Shared, era: Era, scopes: ScopeSet, id: Value, params: &Value) -> Reply {
    let fault = shared.world().faults.strike(Place::Call);
    let name = params["name"].as_str().unwrap_or_default();
    let known = catalogue().tool(name).filter(|_| fault != Some(Fault::UnknownTool));
    let Some(tool) = known else {
        let status = if era == Era::Modern { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let problem = format!("There is no tool {name:?}.");
        return written(Some(id), Err(Refusal(status, code::INVALID_PARAMS, problem)));
    };
    if !tool.scopes.is_subset(scopes) || fault.is_some() {
        let error = Some("insufficient_scope");
        return challenge(shared, StatusCode::FORBIDDEN, error, tool.scopes);
    }
    let arguments = match &params["arguments"] {
        Value::Null => json!({}),
        arguments => arguments.clone(),
    };
    if let Err(invalid) = tool.check(&arguments) {
        let result = error_result(&unfit(&invalid));
        return written(Some(id), Ok(complete(era, result)));
    }
    let (answer, fault) = {
        let mut world = shared.world();
        world.calls.push(Call { name: name.to_owned(), arguments: arguments.clone() });
        (world.answer(tool), world.faults.strike(Place::Answer))
    };
    let mut result = run(shared, tool, &answer, &arguments);
    if fault == Some(Fault::WrongShape) {
        result["structuredContent"] = json!({});
    }
    let mut reply = written(Some(id), Ok(complete(era, result)));
    match fault {
        Some(Fault::SlowAnswer(delay)) => reply.delay = Some(delay),
        Some(Fault::ClosedConnection) => reply.end = End::Closed,
        Some(Fault::MalformedJson) => reply.body.truncate(reply.body.len() / 2),
        Some(Fault::BrokenStream) => {
            reply = Reply::new(StatusCode::OK, "text/event-stream", ": on its way\n\n");
            reply.end = End::Broken;
        }
        _ => {}
    }
    reply
}

/// The tool's answer; what is wrong with the fixture itself is kept for the end of the test.
fn run(shared: &Shared, tool: &ToolEntry, answer: &Answer, arguments: &Value) -> Value {
    let outcome = catch_unwind(AssertUnwindSafe(|| answer.to_call_result(tool, arguments)));
    let problem = match outcome {
        Ok(Ok(result)) => return result,
        Ok(Err(invalid)) => invalid.to_string(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("the answer of {} panicked: {}", tool.name, text.unwrap_or("without words"))
        }
    };
    shared.world().problems.push(problem.clone());
    let failure = Answer::error(ErrorCode::Internal).message(problem);
    failure.to_call_result(tool, arguments).expect("every tool may fail like this")
}

/// A result in the shape of its revision.
fn complete(era: Era, mut result: Value) -> Value {
    if era == Era::Modern {
        result["resultType"] = "complete".into();
        result["_meta"][meta::SERVER_INFO] = server_info();
    }
    result
}

fn written(id: Option<Value>, outcome: Outcome) -> Reply {
    let (status, response) = match (id, outcome) {
        (Some(id), Ok(result)) => (StatusCode::OK, Response::result(id, result)),
        (id, Err(Refusal(status, code, message))) => {
            (status, Response::error(id, code, message, None))
        }
        (None, Ok(_)) => unreachable!("a notification has no result"),
    };
    Reply::json(status, &json!(response))
}
