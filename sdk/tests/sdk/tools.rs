//! Calling tools.

use std::time::Duration;

use lookout_sdk::Client;
use lookout_sdk::schema::{ListTables, QueryWarehouse};
use serde_json::{Value, json};

use crate::support::{Fake, result};

fn with_token(fake: &Fake) -> Client {
    fake.edit(|world| {
        world.live.insert("token".to_owned(), vec!["mcp:read".to_owned(), "mcp:write".to_owned()]);
    });
    fake.builder().token("token").build().unwrap()
}

fn failing(fake: &Fake, meta: &Value) {
    let failure = json!({
        "isError": true,
        "content": [{ "type": "text", "text": "table_not_found: no table ordrs. Did you mean orders?" }],
        "_meta": { "com.rudderstack.lookout/error": meta },
    });
    fake.edit(|world| world.tool_result = failure);
}

#[tokio::test]
async fn a_typed_call_sends_its_arguments_and_reads_its_result() {
    let fake = Fake::start().await;
    let client = with_token(&fake);
    let answer = json!({
        "warehouse_id": "shop",
        "columns": [{ "name": "n", "type": "INTEGER", "normalized_type": "integer" }],
        "rows": [["9007199254740993"]],
        "row_count": 1,
        "truncated": false,
        "truncation_reason": null,
        "statement_id": "s-1",
        "elapsed_ms": 3,
        "bytes_scanned": null,
        "hints": [],
        "a_member_of_next_year": true,
    });
    fake.edit(|world| world.tool_result = json!({ "content": [], "structuredContent": answer }));

    let query = QueryWarehouse::new("select count(*) as n from orders").max_rows(5);
    let found = client.query_warehouse(query).await.unwrap();

    assert_eq!(found.rows, [[json!("9007199254740993")]]);
    let sent = fake.messages().await.pop().unwrap();
    assert_eq!(sent["method"], "tools/call");
    assert_eq!(sent["params"]["name"], "query_warehouse");
    assert_eq!(sent["params"]["arguments"]["sql"], "select count(*) as n from orders");
    assert_eq!(sent["params"]["arguments"]["max_rows"], 5);
}

#[tokio::test]
async fn arguments_that_the_schema_does_not_allow_are_not_sent() {
    let fake = Fake::start().await;
    let client = with_token(&fake);
    let query = QueryWarehouse::new("").max_rows(0);
    let error = client.query_warehouse(query).await.unwrap_err();
    assert!(error.is_invalid_arguments(), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the arguments of query_warehouse are not valid: /max_rows is 0, allowed is 1 to 2000; /sql has 0 characters, allowed are 1 to 50000"
    );
    let pointers: Vec<_> = error.violations().iter().map(|wrong| wrong.pointer.as_str()).collect();
    assert_eq!(pointers, ["/max_rows", "/sql"]);
    assert!(fake.messages().await.is_empty());

    assert!(client.dispatch("query_warehouse", json!({ "sql": "" })).await.unwrap().is_error);
    assert!(fake.messages().await.is_empty());
}

#[tokio::test]
async fn a_tool_failure_is_an_error_of_a_typed_call_and_a_value_of_a_dispatched_one() {
    let fake = Fake::start().await;
    let client = with_token(&fake);
    failing(
        &fake,
        &json!({
            "code": "table_not_found",
            "message": "No table ordrs.",
            "hint": "Did you mean orders?",
            "retryable": true,
            "retry_after_ms": 1500,
            "details": { "nearest": ["orders"] },
        }),
    );

    let error = client.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_tool_error());
    let failure = error.tool_error().unwrap();
    assert_eq!(failure.code, "table_not_found");
    assert_eq!(failure.hint.as_deref(), Some("Did you mean orders?"));
    assert!(failure.retryable);
    assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
    assert_eq!(failure.details["nearest"][0], "orders");

    let reply = client.dispatch("list_tables", json!({})).await.unwrap();
    assert!(reply.is_error);
    assert_eq!(reply.text, "table_not_found: no table ordrs. Did you mean orders?");
    assert_eq!(reply.json, None);
    assert_eq!(reply.error.as_ref(), Some(failure));
}

#[tokio::test]
async fn a_tool_failure_without_data_still_says_what_happened() {
    let fake = Fake::start().await;
    let client = with_token(&fake);
    for meta in [Value::Null, json!("text"), json!({ "code": 7 })] {
        failing(&fake, &meta);
        let error = client.list_tables(ListTables::default()).await.unwrap_err();
        let failure = error.tool_error().unwrap();
        assert_eq!(failure.code, "unspecified");
        assert!(failure.message.contains("orders"));
    }
}

#[tokio::test]
async fn a_result_without_the_documented_shape_is_a_protocol_error() {
    let fake = Fake::start().await;
    let client = with_token(&fake);
    for hostile in [
        json!({}),
        json!({ "content": "text" }),
        json!({ "content": [], "structuredContent": { "tables": "none" } }),
        json!({ "content": [], "structuredContent": [] }),
    ] {
        fake.edit(|world| world.tool_result = hostile);
        let error = client.list_tables(ListTables::default()).await.unwrap_err();
        assert!(error.is_protocol(), "{error:?}");
    }
}

#[tokio::test]
async fn tools_are_listed_page_by_page() {
    let fake = Fake::start().await;
    let client = with_token(&fake);
    fake.on("/mcp", |request| {
        let message: Value = request.body_json().unwrap();
        let page = match message["params"]["cursor"].as_str() {
            None => json!({ "resultType": "complete", "tools": [{ "name": "a", "inputSchema": {} }], "nextCursor": "2" }),
            Some(_) => json!({ "resultType": "complete", "tools": [{ "name": "b", "inputSchema": {}, "title": "B" }] }),
        };
        result(request, &page)
    });
    let names: Vec<String> =
        client.tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["a", "b"]);

    fake.on("/mcp", |request| {
        result(request, &json!({ "resultType": "complete", "tools": [], "nextCursor": "again" }))
    });
    assert!(client.tools().await.unwrap_err().is_protocol());
}

#[tokio::test]
async fn the_catalogues_of_both_sides_can_be_compared() {
    let fake = Fake::start().await;
    let client = with_token(&fake);
    for (digest, same) in [
        (json!(lookout_sdk::schema::CATALOGUE_DIGEST), Some(true)),
        (json!("sha256:other"), Some(false)),
        (Value::Null, None),
    ] {
        fake.on("/mcp", move |request| {
            let meta = json!({
                "com.rudderstack.lookout/catalogueDigest": digest,
                "io.modelcontextprotocol/serverInfo": { "name": "lookout", "version": "1" },
            });
            result(request, &json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "_meta": meta }))
        });
        let info = client.discover().await.unwrap();
        assert_eq!(info.has_our_catalogue(), same);
        assert_eq!(info.name.as_deref(), Some("lookout"));
        assert_eq!(info.revisions, ["2026-07-28"]);
    }
}
