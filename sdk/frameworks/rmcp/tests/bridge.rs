//! What a client of rmcp sees of the bridge when something goes wrong.

#![allow(clippy::unwrap_used, reason = "a test fails where its premise does")]

use std::time::Duration;

use lookout_sdk::rmcp::Bridge;
use lookout_sdk::{Client, ReadOnly};
use rmcp::RoleClient;
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest};
use rmcp::service::{PeerRequestOptions, RunningService};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

fn client(port: u16) -> Client<ReadOnly> {
    let builder = Client::builder(format!("http://127.0.0.1:{port}/mcp")).token("lkmcp_0");
    builder.read_only().build().unwrap()
}

async fn connected(port: u16) -> RunningService<RoleClient, ()> {
    // With instructions of its own it asks nobody before the first call.
    Bridge::new(client(port)).instructions("Only the shop's tables.").connect().await.unwrap()
}

fn call(name: &'static str, arguments: &Value) -> CallToolRequestParams {
    CallToolRequestParams::new(name).with_arguments(arguments.as_object().unwrap().clone())
}

#[tokio::test]
async fn it_says_what_it_is() {
    let running = connected(1).await;
    let server = running.peer_info().unwrap();
    assert_eq!(server.instructions.as_deref(), Some("Only the shop's tables."));
    assert!(server.capabilities.tools.is_some() && server.capabilities.resources.is_none());
}

#[tokio::test]
async fn what_a_model_can_put_right_is_a_result_with_the_failure_as_data() {
    let running = connected(1).await;
    let wrong = call("query_warehouse", &json!({ "sql": "", "limit": 1 }));
    let result = running.call_tool(wrong).await.unwrap();
    assert_eq!(result.is_error, Some(true));
    let meta = serde_json::to_value(&result.meta).unwrap();
    let error = &meta["com.rudderstack.lookout/error"];
    assert_eq!(error["code"], "invalid_arguments");
    assert_eq!(error["retryable"], false);
    assert!(error["details"]["violations"].as_array().unwrap().len() >= 2);

    let result = running.call_tool(call("save_dashboard", &json!({}))).await.unwrap();
    assert_eq!(result.is_error, Some(true));
    assert!(result.content[0].as_text().unwrap().text.contains("mcp:write"));
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_without_the_token() {
    let running = connected(1).await;
    for error in [
        running.list_all_tools().await.unwrap_err(),
        running.call_tool(call("list_tables", &json!({}))).await.unwrap_err(),
    ] {
        let told = format!("{error} {error:?}");
        assert!(told.contains("could not be completed") && !told.contains("lkmcp_"), "{told}");
    }
    assert!(Bridge::new(client(1)).connect().await.unwrap_err().is_transport());
}

#[tokio::test]
async fn a_call_that_is_cancelled_ends_the_request_and_nothing_else() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = connected(silent.local_addr().unwrap().port()).await;
    let request = CallToolRequest::new(call("list_tables", &json!({})));
    let request = ClientRequest::CallToolRequest(request);
    let calling = running.send_cancellable_request(request, PeerRequestOptions::no_options());
    let calling = calling.await.unwrap();
    let (mut connection, _) = silent.accept().await.unwrap();
    let mut head = [0; 4];
    connection.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"POST");
    calling.cancel(None).await.unwrap();
    // Our side closes the connection when the request is dropped, and not before its timeout otherwise.
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), connection.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert!(running.call_tool(call("save_dashboard", &json!({}))).await.is_ok());
}

#[tokio::test]
async fn a_client_that_goes_ends_what_it_asked_for() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = connected(silent.local_addr().unwrap().port()).await;
    let peer = running.peer().clone();
    let calling =
        tokio::spawn(async move { peer.call_tool(call("list_tables", &json!({}))).await });
    let (mut connection, _) = silent.accept().await.unwrap();
    running.cancel().await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), connection.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert!(calling.await.unwrap().is_err());
}
