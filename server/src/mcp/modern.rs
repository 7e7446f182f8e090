//! Revision 2026-07-28: every request stands alone.
//!
//! Checks run in the order that the published suites expect: `_meta` (-32602), headers against the body (-32020),
//! revision (-32022), method (404 and -32601), and scope last, before any octet of a result.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lookout_schema::protocol::{self, INITIALIZE_REVISIONS, MODERN_REVISION, code, header, meta};
use serde_json::{Value, json};

use super::{Call, Message, cut, json_response, refusal, success, tools};

/// How long a client may keep `server/discover`, in milliseconds.
const DISCOVER_TTL_MS: u64 = 3_600_000;
/// How long a client may keep `tools/list`, in milliseconds.
const LIST_TTL_MS: u64 = 300_000;

pub(super) async fn answer(call: Call<'_>, headers: &HeaderMap, message: Message) -> Response {
    if let Err(problem) = check(headers, &message) {
        return problem.response(message.id);
    }
    let Some(id) = message.id else {
        return StatusCode::ACCEPTED.into_response();
    };
    match message.method.as_str() {
        "server/discover" => success(id, complete(tools::discovery(), Some(DISCOVER_TTL_MS))),
        "tools/list" => match tools::list(&call, &message.params) {
            Ok(list) => success(id, complete(list, Some(LIST_TTL_MS))),
            Err(problem) => {
                refusal(StatusCode::BAD_REQUEST, Some(id), code::INVALID_PARAMS, &problem)
            }
        },
        "tools/call" => match tools::call(call, message.params).await {
            Ok(result) => success(id, complete(result, None)),
            Err(tools::CallRefusal::Params(problem)) => {
                refusal(StatusCode::BAD_REQUEST, Some(id), code::INVALID_PARAMS, &problem)
            }
            Err(tools::CallRefusal::Scope(challenge)) => challenge.into_response(),
        },
        method => {
            let problem = format!(
                "There is no method {method:?}; this server has server/discover, tools/list and tools/call."
            );
            refusal(StatusCode::NOT_FOUND, Some(id), code::METHOD_NOT_FOUND, &problem)
        }
    }
}

/// A result in the shape of this revision.
fn complete(mut result: Value, ttl_ms: Option<u64>) -> Value {
    result["resultType"] = "complete".into();
    if let Some(ttl_ms) = ttl_ms {
        result["ttlMs"] = ttl_ms.into();
        // The list depends on the token's scopes, so one caller's copy must not serve another.
        result["cacheScope"] = "private".into();
    }
    result["_meta"][meta::SERVER_INFO] = tools::server_info();
    result
}

/// What is wrong with a request before its method is looked at.
enum Problem {
    Meta(String),
    Mismatch(String),
    Version(String),
}

fn check(headers: &HeaderMap, message: &Message) -> Result<(), Problem> {
    let required = |key: &str| message.params.get("_meta").and_then(|meta| meta.get(key));
    let missing = |key: &str| Problem::Meta(format!("`params._meta` needs {key:?}."));
    // A notification carries no metadata that the server depends on; its headers are still compared.
    if message.id.is_some() {
        let Some(version) = required(meta::PROTOCOL_VERSION) else {
            return Err(missing(meta::PROTOCOL_VERSION));
        };
        if !version.is_string() {
            return Err(Problem::Meta(format!(
                "{:?} in `params._meta` is a string.",
                meta::PROTOCOL_VERSION
            )));
        }
        match required(meta::CLIENT_CAPABILITIES) {
            None => return Err(missing(meta::CLIENT_CAPABILITIES)),
            Some(capabilities) if !capabilities.is_object() => {
                return Err(Problem::Meta(format!(
                    "{:?} in `params._meta` is an object.",
                    meta::CLIENT_CAPABILITIES
                )));
            }
            Some(_) => {}
        }
    }
    let version =
        required(meta::PROTOCOL_VERSION).and_then(Value::as_str).unwrap_or(MODERN_REVISION);
    compare(headers, header::PROTOCOL_VERSION, Some(version))?;
    compare(headers, header::METHOD, Some(&message.method))?;
    let name = message.params.get("name").and_then(Value::as_str);
    // A call that names no tool at all is answered where the parameters are read.
    if message.method == "tools/call" && (name.is_some() || headers.contains_key(header::NAME)) {
        compare(headers, header::NAME, name)?;
    }
    if version != MODERN_REVISION {
        return Err(Problem::Version(version.to_owned()));
    }
    Ok(())
}

/// Compares a header with what the body says; values compare octet for octet, after decoding.
fn compare(headers: &HeaderMap, name: &str, in_body: Option<&str>) -> Result<(), Problem> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    let in_header = match (first, second) {
        (Some(value), None) => value.to_str().ok().and_then(decoded),
        (Some(_), Some(_)) => {
            return Err(Problem::Mismatch(format!("Send the header {name} once.")));
        }
        (None, _) => {
            return Err(Problem::Mismatch(format!(
                "Send the header {name}, with the value that the body has."
            )));
        }
    };
    if in_header.as_deref() == in_body {
        return Ok(());
    }
    Err(Problem::Mismatch(format!(
        "The header {name} and the body differ; send the same value in both."
    )))
}

/// A header value, which stands as it is or as `=?base64?…?=` (MCP 2026-07-28 basic/transports/streamable-http).
fn decoded(value: &str) -> Option<String> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => {
            STANDARD.decode(encoded).ok().and_then(|octets| String::from_utf8(octets).ok())
        }
        None => Some(value.to_owned()),
    }
}

impl Problem {
    fn response(self, id: Option<Value>) -> Response {
        let (code, message, data) = match self {
            Self::Meta(message) => (code::INVALID_PARAMS, message, None),
            Self::Mismatch(message) => (code::HEADER_MISMATCH, message, None),
            Self::Version(requested) => {
                let requested = cut(&requested, 64);
                let message =
                    format!("This server does not speak revision {requested:?} in this form.");
                let supported = supported_revisions();
                (
                    code::UNSUPPORTED_VERSION,
                    message,
                    Some(json!({ "supported": supported, "requested": requested })),
                )
            }
        };
        json_response(StatusCode::BAD_REQUEST, &protocol::Response::error(id, code, message, data))
    }
}

/// Every revision that the endpoint serves, newest first.
pub(crate) fn supported_revisions() -> Vec<&'static str> {
    std::iter::once(MODERN_REVISION).chain(INITIALIZE_REVISIONS).collect()
}
