//! What rig is told of a call that fails; nothing here needs a server.

#![allow(clippy::unwrap_used, reason = "a test fails where its premise does")]

use lookout_sdk::{Client, Error, ReadOnly, catalogue};
use rig_core::tool::{DynamicTool, ToolErrorKind};
use serde_json::json;

/// A client of a port where nobody listens.
fn client() -> Client<ReadOnly> {
    let builder = Client::builder("http://127.0.0.1:1/mcp").token("lkmcp_0");
    builder.read_only().build().unwrap()
}

fn tool(name: &str) -> DynamicTool {
    let mut tools = lookout_sdk::rig::tools(&client(), &catalogue().tools);
    let at = tools.iter().position(|tool| *tool.name() == *name).unwrap();
    tools.swap_remove(at)
}

#[test]
fn a_tool_is_described_as_the_catalogue_has_it() {
    let tools = lookout_sdk::rig::tools(&client(), client().catalogue());
    assert_eq!(tools.len(), 9);
    for (tool, entry) in tools.iter().zip(client().catalogue()) {
        let definition = tool.definition();
        assert_eq!(definition.name.to_string(), entry.name);
        assert_eq!(definition.description, entry.description);
        assert_eq!(definition.parameters, entry.input_schema);
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_the_models_to_correct() {
    let error = tool("query_warehouse").execute(json!({ "max_rows": 0 })).await.unwrap_err();
    assert_eq!(error.kind(), ToolErrorKind::InvalidArgs);
    assert_eq!(error.code(), Some("invalid_arguments"));
    assert_eq!(error.retryable(), Some(false));
    assert!(error.model_feedback().unwrap().contains("/max_rows"));
}

#[tokio::test]
async fn a_tool_that_the_client_may_not_call_is_denied() {
    let error = tool("save_dashboard").execute(json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ToolErrorKind::PermissionDenied);
    assert!(error.model_feedback().unwrap().contains("mcp:write"));
}

#[tokio::test]
async fn a_server_that_is_away_may_be_asked_again_and_the_reason_is_kept() {
    let error = tool("list_tables").execute(json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ToolErrorKind::Network);
    assert_eq!(error.retryable(), Some(true));
    assert!(error.downcast_ref::<Error>().unwrap().is_transport());
    assert!(!format!("{error:?}").contains("lkmcp_"));
}
