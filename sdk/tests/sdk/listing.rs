//! What the list of tools says about calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use lookout_sdk::Client;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::support::{Fake, json_response, result};

/// A server with these tools, which answers every call with `structured`.
fn serve(fake: &Fake, tools: Value, structured: Value) -> Client {
    fake.on("/mcp", move |request| match method(request).as_str() {
        "tools/list" => result(request, &json!({ "resultType": "complete", "tools": tools })),
        _ => answer(request, &structured),
    });
    fake.builder().token("token").build().unwrap()
}

fn method(request: &Request) -> String {
    request.body_json::<Value>().unwrap()["method"].as_str().unwrap().to_owned()
}

fn answer(request: &Request, structured: &Value) -> ResponseTemplate {
    result(
        request,
        &json!({ "resultType": "complete", "content": [], "structuredContent": structured }),
    )
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

fn annotated(header: &str) -> Value {
    json!({ "type": "object", "properties": { "region": { "type": "string", "x-mcp-header": header }, "n": { "type": ["integer", "null"] } } })
}

#[tokio::test]
async fn marked_arguments_are_repeated_in_headers_and_absent_ones_are_not() {
    let fake = Fake::start().await;
    let client =
        serve(&fake, json!([{ "name": "t", "inputSchema": annotated("Region") }]), json!({}));
    client.tools().await.unwrap();
    for (arguments, expected) in [
        (json!({ "region": "eu-west", "n": 1 }), Some("eu-west")),
        (json!({ "region": "köln" }), Some("=?base64?a8O2bG4=?=")),
        (json!({ "region": null }), None),
        (json!({}), None),
    ] {
        client.dispatch("t", arguments.clone()).await.unwrap();
        let sent = fake.requests().await.pop().unwrap();
        assert_eq!(header(&sent, "mcp-param-region").as_deref(), expected);
        assert_eq!(header(&sent, "mcp-param-n"), None);
        assert_eq!(sent.body_json::<Value>().unwrap()["params"]["arguments"], arguments);
    }
}

#[tokio::test]
async fn a_tool_that_breaks_the_rules_is_left_out_and_the_others_stay() {
    let fake = Fake::start().await;
    let tools = json!([
        { "name": "good", "inputSchema": annotated("Region") },
        { "name": "spaces", "inputSchema": annotated("a b") },
        { "name": "empty", "inputSchema": annotated("") },
        { "name": "no schema" },
        { "name": 7, "inputSchema": {} },
        "nonsense",
        { "name": "good", "inputSchema": {}, "description": "another of the same name" },
        { "name": "plain", "inputSchema": { "type": "object" } },
    ]);
    let client = serve(&fake, tools, json!({}));
    let names: Vec<String> =
        client.tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["good", "plain"]);
    let sent = fake.messages().await.len();
    assert!(client.dispatch("spaces", json!({})).await.unwrap_err().is_protocol());
    assert_eq!(fake.messages().await.len(), sent);
}

#[tokio::test]
async fn a_server_whose_headers_changed_is_asked_for_its_list_and_called_once_more() {
    let fake = Fake::start().await;
    let lists = AtomicUsize::new(0);
    fake.on("/mcp", move |request| match method(request).as_str() {
        "tools/list" => {
            let name = ["Zone", "Region"][lists.fetch_add(1, Ordering::Relaxed).min(1)];
            let tools = json!([{ "name": "t", "inputSchema": annotated(name) }]);
            result(request, &json!({ "resultType": "complete", "tools": tools }))
        }
        _ if header(request, "mcp-param-region").is_some() => answer(request, &json!({})),
        _ => {
            let id = request.body_json::<Value>().unwrap()["id"].clone();
            let error = json!({ "code": -32020, "message": "header mismatch" });
            json_response(400, &json!({ "jsonrpc": "2.0", "id": id, "error": error }))
        }
    });
    let client = fake.builder().token("token").build().unwrap();
    client.dispatch("t", json!({ "region": "eu" })).await.unwrap();
    let sent: Vec<String> = fake.requests().await.iter().map(method).collect();
    assert_eq!(sent, ["tools/list", "tools/call", "tools/list", "tools/call"]);
    let refused = client.dispatch("other", json!({})).await.unwrap_err();
    assert_eq!(refused.rpc_code(), Some(-32020));
    assert_eq!(fake.messages().await.len(), 7, "once, not for ever");
}

#[tokio::test]
async fn a_result_must_fit_the_schema_that_the_server_gave() {
    let of = |schema: Value| json!([{ "name": "t", "inputSchema": {}, "outputSchema": schema }]);
    let object = json!({
        "$defs": { "row": { "type": "array", "items": { "type": ["string", "null"] } } },
        "type": "object",
        "properties": { "n": { "type": "integer", "minimum": 0 }, "rows": { "type": "array", "items": { "$ref": "#/$defs/row" }, "maxItems": 2 }, "kind": { "enum": ["a", "b"] } },
        "required": ["n"],
        "additionalProperties": false,
    });
    let nested = json!({ "type": "object", "properties": { "more": { "$ref": "#" } } });
    for (schema, structured, fits) in [
        (&object, json!({ "n": 1, "rows": [["x", null]], "kind": "a" }), true),
        (&object, json!({ "n": 1.0 }), true),
        (&object, json!({ "n": 1.5 }), false),
        (&object, json!({ "n": -1 }), false),
        (&object, json!({ "n": "1" }), false),
        (&object, json!({}), false),
        (&object, json!({ "n": 1, "other": 1 }), false),
        (&object, json!({ "n": 1, "rows": [[1]] }), false),
        (&object, json!({ "n": 1, "rows": [[], [], []] }), false),
        (&object, json!({ "n": 1, "kind": "c" }), false),
        (&object, json!([]), false),
        (&object, Value::Null, false),
        (&nested, json!({ "more": { "more": {} } }), true),
        (&nested, json!({ "more": { "more": 1 } }), false),
        (
            &json!({ "anyOf": [{ "type": "string" }, { "required": ["a"] }] }),
            json!({ "b": 1 }),
            false,
        ),
        (
            &json!({ "oneOf": [{ "type": "object" }, { "required": ["a"] }] }),
            json!({ "a": 1 }),
            false,
        ),
        (
            &json!({ "allOf": [{ "required": ["a"] }, { "not": { "required": ["b"] } }] }),
            json!({ "a": 1 }),
            true,
        ),
        (
            &json!({ "if": { "required": ["a"] }, "then": { "required": ["b"] } }),
            json!({ "a": 1 }),
            false,
        ),
        (&json!({ "$ref": "https://schemas.example/t.json" }), json!({}), false),
        (&json!({ "$ref": "#" }), json!({}), false),
        (
            &json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object" }),
            json!({}),
            true,
        ),
        (&json!({ "$schema": "https://example.com/of-our-own" }), json!({}), false),
    ] {
        let fake = Fake::start().await;
        let client = serve(&fake, of(schema.clone()), structured.clone());
        client.tools().await.unwrap();
        let outcome = client.dispatch("t", json!({})).await;
        assert_eq!(outcome.is_ok(), fits, "{structured} against {schema}: {outcome:?}");
        if let Err(error) = outcome {
            assert!(error.is_protocol(), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_failure_of_the_tool_needs_no_structured_result() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| match method(request).as_str() {
        "tools/list" => {
            let tools =
                json!([{ "name": "t", "inputSchema": {}, "outputSchema": { "type": "object" } }]);
            result(request, &json!({ "resultType": "complete", "tools": tools }))
        }
        _ => result(request, &json!({ "resultType": "complete", "isError": true, "content": [] })),
    });
    let client = fake.builder().token("token").build().unwrap();
    client.tools().await.unwrap();
    assert!(client.dispatch("t", json!({})).await.unwrap().is_error);
}

#[tokio::test]
async fn an_empty_cursor_is_a_cursor_and_no_other_kind_is() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| {
        let cursor = request.body_json::<Value>().unwrap()["params"]["cursor"].clone();
        let page = match cursor.as_str() {
            None => json!({ "tools": [{ "name": "a", "inputSchema": {} }], "nextCursor": "" }),
            Some("") => {
                json!({ "tools": [{ "name": "b", "inputSchema": {} }], "nextCursor": "=?é \n" })
            }
            Some("=?é \n") => json!({ "tools": [{ "name": "c", "inputSchema": {} }] }),
            Some(other) => panic!("a cursor of the client's own: {other}"),
        };
        result(request, &page)
    });
    let client = fake.builder().token("token").build().unwrap();
    assert_eq!(client.tools().await.unwrap().len(), 3);

    fake.on("/mcp", |request| result(request, &json!({ "tools": [], "nextCursor": 7 })));
    assert!(client.tools().await.unwrap_err().is_protocol());
}
