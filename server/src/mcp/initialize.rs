//! The revisions that open with `initialize`: 2025-11-25 and 2025-06-18.
//!
//! No session id is assigned, so `initialize` changes nothing and every later request is judged by its own header.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use lookout_schema::protocol::{INITIALIZE_REVISIONS, code, header};
use serde_json::{Value, json};

use super::{Call, Message, refusal, success, tools};

pub(super) async fn answer(call: Call<'_>, headers: &HeaderMap, message: Message) -> Response {
    let Message { id, method, params } = message;
    if method != "initialize"
        && let Err(problem) = check_revision(headers)
    {
        return refusal(StatusCode::BAD_REQUEST, id, code::HEADER_MISMATCH, &problem);
    }
    let Some(id) = id else {
        return StatusCode::ACCEPTED.into_response();
    };
    let invalid =
        |id, problem: &str| refusal(StatusCode::OK, Some(id), code::INVALID_PARAMS, problem);
    match method.as_str() {
        "initialize" => match initialized(&params) {
            Ok(result) => success(id, result),
            Err(problem) => invalid(id, &problem),
        },
        "ping" => success(id, json!({})),
        "tools/list" => match tools::list(&call, &params) {
            Ok(list) => success(id, list),
            Err(problem) => invalid(id, &problem),
        },
        "tools/call" => match tools::call(call, params).await {
            Ok(result) => success(id, result),
            Err(tools::CallRefusal::Params(problem)) => invalid(id, &problem),
            Err(tools::CallRefusal::Scope(challenge)) => challenge.into_response(),
        },
        method => {
            let problem = format!(
                "There is no method {method:?}; this server has initialize, ping, tools/list and tools/call."
            );
            refusal(StatusCode::OK, Some(id), code::METHOD_NOT_FOUND, &problem)
        }
    }
}

fn check_revision(headers: &HeaderMap) -> Result<(), String> {
    let supported = super::modern::supported_revisions().join(", ");
    match headers.get(header::PROTOCOL_VERSION) {
        Some(version) if INITIALIZE_REVISIONS.iter().any(|known| version == known) => Ok(()),
        Some(_) => Err(format!(
            "MCP-Protocol-Version names no revision of this server; it speaks {supported}."
        )),
        None => {
            Err(format!("Send the header MCP-Protocol-Version; this server speaks {supported}."))
        }
    }
}

/// The answer to `initialize`: the requested revision where it is served, otherwise the newest (MCP 2025-11-25 basic/lifecycle).
fn initialized(params: &Value) -> Result<Value, String> {
    let Some(requested) = params.get("protocolVersion").and_then(Value::as_str) else {
        return Err("`params.protocolVersion` is a string such as \"2025-11-25\".".to_owned());
    };
    let revision = INITIALIZE_REVISIONS
        .into_iter()
        .find(|known| *known == requested)
        .unwrap_or(INITIALIZE_REVISIONS[0]);
    Ok(json!({
        "protocolVersion": revision,
        "capabilities": tools::capabilities(),
        "serverInfo": tools::server_info(),
        "instructions": tools::INSTRUCTIONS,
    }))
}
