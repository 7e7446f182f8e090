//! Calls that a model makes: what it can put right comes back as a reply.

use lookout_sdk::{Client, ToolReply};
use serde_json::{Value, json};

use wiremock::{Request, ResponseTemplate};

use crate::support::{Fake, json_response, result};

fn method(request: &Request) -> String {
    request.body_json::<Value>().unwrap()["method"].as_str().unwrap().to_owned()
}

fn refusal(request: &Request, status: u16, code: i64) -> ResponseTemplate {
    let id = request.body_json::<Value>().unwrap()["id"].clone();
    let error = json!({ "code": code, "message": "no" });
    json_response(status, &json!({ "jsonrpc": "2.0", "id": id, "error": error }))
}

async fn fake(scopes: &[&str]) -> (Fake, Client) {
    let fake = Fake::start().await;
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    fake.edit(|world| drop(world.live.insert("token".to_owned(), scopes)));
    let client = fake.builder().token("token").build().unwrap();
    (fake, client)
}

fn code(reply: &ToolReply) -> &str {
    assert!(reply.is_error && reply.json.is_none(), "{reply:?}");
    let error = reply.error.as_ref().unwrap();
    assert!(reply.text.starts_with(&error.code), "the model reads what the loop can test for");
    &error.code
}

#[tokio::test]
async fn arguments_arrive_as_the_model_meant_them() {
    let (fake, client) = fake(&["mcp:read"]).await;
    let meant = json!({ "schema": "main" });
    for written in
        [r#"{"schema":"main"}"#, " {\n \"schema\" : \"main\" } ", r#""{\"schema\":\"main\"}""#]
    {
        assert!(!client.dispatch_text("list_tables", written).await.unwrap().is_error, "{written}");
        assert_eq!(fake.messages().await.pop().unwrap()["params"]["arguments"], meant);
        let text = Value::String(written.to_owned());
        assert!(!client.dispatch("list_tables", text).await.unwrap().is_error, "{written}");
        assert_eq!(fake.messages().await.pop().unwrap()["params"]["arguments"], meant);
    }
    for nothing in ["", " \n", "null", "{}"] {
        client.dispatch_text("list_tables", nothing).await.unwrap();
        assert_eq!(fake.messages().await.pop().unwrap()["params"]["arguments"], json!({}));
    }
    client.dispatch("list_tables", Value::Null).await.unwrap();
    assert_eq!(fake.messages().await.pop().unwrap()["params"]["arguments"], json!({}));
}

#[tokio::test]
async fn arguments_that_are_not_json_are_told_to_the_model_and_to_nobody_else() {
    let (fake, client) = fake(&["mcp:read"]).await;
    for broken in
        [r#"{"schema": "ma"#, "{schema: main}", "schema=main", r#""{\"schema\"""#, "{} {}"]
    {
        let reply = client.dispatch_text("list_tables", broken).await.unwrap();
        assert_eq!(code(&reply), "invalid_arguments", "{broken}");
        assert!(reply.text.contains("not JSON") && reply.text.contains("column"), "{}", reply.text);
        assert_eq!(client.dispatch("list_tables", broken.into()).await.unwrap(), reply);
    }
    assert_eq!(fake.requests().await.len(), 0);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model_all_at_once_and_nothing_is_sent() {
    let (fake, client) = fake(&["mcp:read"]).await;
    let arguments = json!({ "max_rows": 5000, "sq": "select 1" });
    let reply = client.dispatch("query_warehouse", arguments).await.unwrap();
    assert_eq!(code(&reply), "invalid_arguments");
    for part in ["/max_rows", "2000", "`sq`", "`sql`"] {
        assert!(reply.text.contains(part), "{part} is not in {}", reply.text);
    }
    let details = reply.error.unwrap().details;
    assert!(details["violations"].as_array().unwrap().len() >= 2);
    assert!(client.dispatch("list_tables", json!([1])).await.unwrap().is_error);
    assert_eq!(fake.requests().await.len(), 0);
}

#[tokio::test]
async fn a_server_that_lists_another_schema_judges_by_its_own() {
    let (fake, client) = fake(&["mcp:read"]).await;
    let newer = json!({ "of_next_year": true });
    assert!(client.dispatch("list_tables", newer.clone()).await.unwrap().is_error);
    client.tools().await.unwrap();
    assert!(!client.dispatch("list_tables", newer.clone()).await.unwrap().is_error);
    assert_eq!(fake.messages().await.pop().unwrap()["params"]["arguments"], newer);

    // One that lists the catalogue's own is spared the call.
    let ours = &lookout_sdk::catalogue().tool("list_tables").unwrap().input_schema;
    fake.on("/mcp", move |request| {
        let tools = json!([{ "name": "list_tables", "inputSchema": ours }]);
        result(request, &json!({ "resultType": "complete", "tools": tools }))
    });
    client.tools().await.unwrap();
    let sent = fake.messages().await.len();
    assert!(client.dispatch("list_tables", newer).await.unwrap().is_error);
    assert_eq!(fake.messages().await.len(), sent);
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_answered_with_those_that_do() {
    let (fake, client) = fake(&["mcp:read", "mcp:write"]).await;
    fake.on("/mcp", |request| match method(request).as_str() {
        "tools/list" => {
            let tools =
                json!([{ "name": "b", "inputSchema": {} }, { "name": "a", "inputSchema": {} }]);
            result(request, &json!({ "resultType": "complete", "tools": tools }))
        }
        "server/discover" => result(
            request,
            &json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"] }),
        ),
        _ => refusal(request, 400, -32602),
    });
    let reply = client.dispatch("query\nwarehouse", json!({})).await.unwrap();
    assert_eq!(code(&reply), "unknown_tool");
    assert_eq!(
        reply.text,
        r#"unknown_tool: There is no tool "query\nwarehouse". The tools are: a, b."#
    );
    assert_eq!(reply.error.unwrap().details["tools"], json!(["a", "b"]));

    let reply = client.dispatch("list_tables", json!({})).await.unwrap();
    assert_eq!(code(&reply), "unknown_tool", "the server's list is known and lacks it");
}

#[tokio::test]
async fn a_read_only_client_knows_no_tool_but_those_that_read() {
    let (fake, _) = fake(&["mcp:read", "mcp:write"]).await;
    let client = fake.builder().token("token").read_only().build().unwrap();
    let reply = client.dispatch("a_tool_of_next_year", json!({})).await.unwrap();
    assert_eq!(code(&reply), "unknown_tool");
    assert!(reply.text.contains("query_warehouse") && !reply.text.contains("save_dashboard"));
    let reply = client.dispatch("save_dashboard", json!({})).await.unwrap();
    assert_eq!(code(&reply), "insufficient_scope");
    assert_eq!(reply.required_scopes(), ["mcp:write"]);
    assert_eq!(fake.requests().await.len(), 0);
}

#[tokio::test]
async fn a_scope_that_the_token_lacks_is_a_reply_and_tells_the_loop_what_to_ask_for() {
    let (fake, client) = fake(&["mcp:read"]).await;
    let dashboard = json!({ "title": "T", "spec": { "panels": [{ "id": "a", "title": "A", "type": "table", "sql": "select 1" }] } });
    let reply = client.dispatch("save_dashboard", dashboard).await.unwrap();
    assert_eq!(code(&reply), "insufficient_scope");
    assert_eq!(reply.required_scopes(), ["mcp:write"]);
    assert_eq!(reply.error.unwrap().details["required_scopes"], json!(["mcp:write"]));
    assert_eq!(fake.messages().await.len(), 1);
    let fine = client.dispatch("list_tables", json!({})).await.unwrap();
    assert_eq!(fine.required_scopes(), [""; 0]);
}

#[tokio::test]
async fn what_no_model_can_put_right_is_an_error() {
    let (fake, client) = fake(&["mcp:read"]).await;
    let stranger = fake.builder().token("another").build().unwrap();
    assert!(stranger.dispatch("list_tables", json!({})).await.unwrap_err().is_unauthorized());
    fake.on("/mcp", |_| ResponseTemplate::new(503));
    assert!(client.dispatch("list_tables", json!({})).await.unwrap_err().is_transport());
    fake.on("/mcp", |request| refusal(request, 500, -32603));
    assert!(client.dispatch("list_tables", json!({})).await.is_err());
}

#[tokio::test]
async fn a_reply_becomes_the_message_that_each_format_wants() {
    let (_fake, client) = fake(&["mcp:read"]).await;
    let reply = client.dispatch("list_tables", json!({})).await.unwrap();
    let text = r#"{"tables":[]}"#;
    assert_eq!(
        reply.to_openai_chat("c1"),
        json!({ "role": "tool", "tool_call_id": "c1", "content": text })
    );
    let output = json!({ "type": "function_call_output", "call_id": "c1", "output": text });
    assert_eq!(reply.to_openai_responses("c1"), output);
    let block =
        json!({ "type": "tool_result", "tool_use_id": "c1", "content": text, "is_error": false });
    assert_eq!(reply.to_anthropic("c1"), block);
    let part = reply.to_gemini(&json!({ "name": "list_tables", "args": {}, "id": "g1" }));
    assert_eq!(part["functionResponse"]["name"], "list_tables");
    assert_eq!(part["functionResponse"]["id"], "g1");
    assert_eq!(part["functionResponse"]["response"]["output"]["tables"], json!([]));

    let failed = client.dispatch("list_tables", json!("{")).await.unwrap();
    assert_eq!(failed.to_anthropic("c1")["is_error"], true);
    let part = failed.to_gemini(&json!({ "name": "list_tables", "args": {} }));
    assert_eq!(part["functionResponse"]["response"]["error"], failed.text);
    assert!(part["functionResponse"].get("id").is_none());
}
