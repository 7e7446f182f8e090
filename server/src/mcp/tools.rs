//! What both wires share: the server's description, `tools/list` and `tools/call`.

use lookout_schema::protocol::meta;
use lookout_schema::{CATALOGUE_DIGEST, ErrorCode, ToolEntry};
use serde_json::{Value, json};

use super::{Call, ToolError};
use crate::app::WatchedCall;
use crate::audit::{Event, What};
use crate::gate::{self, Challenge, PassRefusal};
use crate::generated::dispatch;

/// Longest result as JSON text, in characters; clients keep larger ones from the model.
const MAX_RESULT: usize = 48_000;

/// Facts for a model that starts to use the tools.
pub(super) const INSTRUCTIONS: &str = "Lookout answers questions from this workspace's data warehouses and dashboards. list_warehouses gives the \
     warehouse_id and SQL dialect; list_source_docs and read_source_doc explain which events are tracked; describe_table gives exact column \
     names. Query results are capped in rows and size, and `truncated` says so: aggregate in SQL. Dashboards hold definitions; \
     run_dashboard_panel returns their data.";

/// Why `tools/call` has no result.
pub(super) enum CallRefusal {
    /// The parameters are malformed, or name a tool that is not here.
    Params(String),
    /// The token lacks scopes.
    Scope(Challenge),
}

/// The result of `server/discover`, without what only the modern revision adds.
pub(super) fn discovery() -> Value {
    json!({
        "supportedVersions": super::modern::supported_revisions(),
        "capabilities": capabilities(),
        "instructions": INSTRUCTIONS,
        "_meta": { (meta::CATALOGUE_DIGEST): CATALOGUE_DIGEST },
    })
}

pub(super) fn capabilities() -> Value {
    json!({ "tools": {} })
}

pub(crate) fn server_info() -> Value {
    json!({ "name": "lookout", "title": "Lookout", "version": env!("CARGO_PKG_VERSION") })
}

/// The tools of this caller. There is one page, so any cursor is foreign.
pub(super) fn list(call: &Call<'_>, params: &Value) -> Result<Value, String> {
    if params.get("cursor").is_some_and(|cursor| !cursor.is_null()) {
        return Err(
            "The cursor was not issued by this server; `tools/list` has one page, so leave it out."
                .to_owned(),
        );
    }
    let tools: Vec<_> =
        gate::listed(call.app, call.caller.scopes, call.resource).map(described).collect();
    Ok(json!({ "tools": tools }))
}

/// A tool as `tools/list` has it.
pub(crate) fn described(entry: &ToolEntry) -> Value {
    let mut annotations = json!(entry.annotations);
    annotations["title"] = entry.title.as_str().into();
    json!({
        "name": entry.name,
        "title": entry.title,
        "description": entry.description,
        "inputSchema": entry.input_schema,
        "outputSchema": entry.output_schema,
        "annotations": annotations,
    })
}

/// Runs a tool. A failure of the tool is a result; only a malformed call or a missing scope is not.
pub(super) async fn call(call: Call<'_>, mut params: Value) -> Result<Value, CallRefusal> {
    let Some(Value::String(name)) = params.get("name").cloned() else {
        return Err(CallRefusal::Params("`params.name` is the name of a tool.".to_owned()));
    };
    let arguments = match params.get_mut("arguments").map(Value::take) {
        None | Some(Value::Null) => json!({}),
        Some(arguments @ Value::Object(_)) => arguments,
        Some(_) => return Err(CallRefusal::Params("`params.arguments` is an object.".to_owned())),
    };
    let refused = Event::refused(What::StepUp, "insufficient_scope")
        .user(&call.caller.user_id)
        .workspace(&call.caller.workspace_id)
        .grant(&call.caller.grant_id);
    let watched = WatchedCall::begin(call.app, &call.caller, &name);
    let pass = match gate::pass(call.app, call.caller, call.resource, &name, arguments) {
        Ok(pass) => pass,
        Err(PassRefusal::Unknown) => {
            watched.forget();
            return Err(CallRefusal::Params(format!(
                "There is no tool {name:?} at {}; `tools/list` names every tool.",
                call.resource.path()
            )));
        }
        Err(PassRefusal::Scope(challenge)) => {
            watched.refused();
            // The name is one of the catalogue.
            call.app.audit(refused.detail(name)).await;
            return Err(CallRefusal::Scope(challenge));
        }
        Err(PassRefusal::Arguments(error)) => {
            watched.failed(error.code());
            return Ok(error.result());
        }
    };
    let outcome = dispatch(call.app.tools(), pass).await.and_then(|structured| {
        let rows = structured.get("row_count").and_then(Value::as_i64);
        Ok((written(&structured)?, rows))
    });
    match outcome {
        Ok((result, rows)) => {
            watched.succeeded(rows);
            Ok(result)
        }
        Err(error) => {
            watched.failed(error.code());
            Ok(error.result())
        }
    }
}

/// A structured result, with its JSON text beside it for clients that read only text.
fn written(structured: &Value) -> Result<Value, ToolError> {
    let text = structured.to_string();
    let length = text.chars().count();
    if length > MAX_RESULT {
        return Err(ToolError::new(
            ErrorCode::ResultTooLarge,
            format!("The result has {length} characters; at most {MAX_RESULT} are returned."),
        )
        .hint("Ask for less: a smaller limit, fewer columns, or a part."));
    }
    Ok(
        json!({ "content": [{ "type": "text", "text": text }], "structuredContent": structured, "isError": false }),
    )
}
