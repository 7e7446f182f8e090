//! Speaking MCP 2026-07-28, and falling back to the revisions that begin with `initialize`.

use lookout_sdk::Client;
use lookout_sdk::schema::ListTables;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::support::{Fake, json_response, result};

fn client(fake: &Fake) -> Client {
    fake.edit(|world| {
        world.live.insert("token".to_owned(), vec!["mcp:read".to_owned()]);
    });
    fake.builder().client_info("churn", "1.2").token("token").build().unwrap()
}

async fn list(client: &Client) -> Result<(), lookout_sdk::Error> {
    client.list_tables(ListTables::default()).await.map(|_| ())
}

fn tables() -> Value {
    json!({ "content": [], "structuredContent": { "warehouse_id": "shop", "tables": [], "next_cursor": null } })
}

fn rpc_error(request: &Request, status: u16, code: i64, data: &Value) -> ResponseTemplate {
    let message: Value = request.body_json().unwrap();
    let error = json!({ "code": code, "message": "no", "data": data });
    json_response(status, &json!({ "jsonrpc": "2.0", "id": message["id"], "error": error }))
}

fn method(request: &Request) -> String {
    request.body_json::<Value>().unwrap()["method"].as_str().unwrap().to_owned()
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(|value| value.to_str().unwrap())
}

/// A server of 2025-11-25 with a session; `turn_away` answers what has no session.
fn legacy(
    fake: &Fake,
    version: &'static str,
    turn_away: impl Fn(&Request) -> ResponseTemplate + Send + 'static,
) {
    fake.on("/mcp", move |request| match method(request).as_str() {
        "initialize" => {
            assert_eq!(header(request, "mcp-protocol-version"), None);
            let opened = json!({
                "protocolVersion": version,
                "capabilities": {},
                "serverInfo": { "name": "old", "version": "0" },
                "instructions": "Be kind.",
            });
            result(request, &opened).insert_header("mcp-session-id", "session-1")
        }
        _ if header(request, "mcp-session-id") != Some("session-1") => turn_away(request),
        "notifications/initialized" => ResponseTemplate::new(202),
        _ => {
            assert_eq!(header(request, "mcp-protocol-version"), Some(version));
            assert_eq!(header(request, "mcp-method"), None);
            assert_eq!(request.body_json::<Value>().unwrap()["params"]["_meta"], Value::Null);
            result(request, &tables())
        }
    });
}

async fn methods(fake: &Fake) -> Vec<String> {
    fake.requests().await.iter().map(method).collect()
}

#[tokio::test]
async fn a_request_of_2026_07_28_stands_alone() {
    let fake = Fake::start().await;
    list(&client(&fake)).await.unwrap();
    let request = fake.requests().await.pop().unwrap();
    assert_eq!(header(&request, "mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(header(&request, "mcp-method"), Some("tools/call"));
    assert_eq!(header(&request, "mcp-name"), Some("list_tables"));
    assert_eq!(header(&request, "accept"), Some("application/json, text/event-stream"));
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    assert_eq!(header(&request, "user-agent"), Some("churn/1.2"));
    let message: Value = request.body_json().unwrap();
    assert_eq!(message["jsonrpc"], "2.0");
    assert_eq!(
        message["params"]["_meta"],
        json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "churn", "version": "1.2" },
        })
    );
}

#[tokio::test]
async fn a_server_that_begins_with_initialize_is_recognised_once() {
    for version in ["2025-11-25", "2025-06-18"] {
        let turned_away: [fn(&Request) -> ResponseTemplate; 5] = [
            |_| ResponseTemplate::new(400).set_body_string("Bad Request: no valid session ID"),
            |_| ResponseTemplate::new(404),
            |request| rpc_error(request, 400, -32600, &Value::Null),
            |request| rpc_error(request, 200, -32601, &Value::Null),
            |request| {
                rpc_error(
                    request,
                    400,
                    -32022,
                    &json!({ "supported": ["2025-06-18", "2025-11-25"] }),
                )
            },
        ];
        for turn_away in turned_away {
            let fake = Fake::start().await;
            legacy(&fake, version, turn_away);
            let client = client(&fake);
            list(&client).await.unwrap();
            list(&client).await.unwrap();
            let methods = methods(&fake).await;
            let ends_with = ["initialize", "notifications/initialized", "tools/call", "tools/call"];
            assert!(methods.ends_with(&ends_with.map(str::to_owned)), "{methods:?}");
            let info = client.discover().await.unwrap();
            assert_eq!(
                (info.name.as_deref(), info.revisions),
                (Some("old"), vec![version.to_owned()])
            );
        }
    }
}

#[tokio::test]
async fn discovering_an_older_server_says_what_initialize_said() {
    let fake = Fake::start().await;
    legacy(&fake, "2025-11-25", |_| ResponseTemplate::new(400));
    let unknown = |request: &Request| rpc_error(request, 200, -32601, &Value::Null);
    let info = client(&fake).discover().await;
    // This server answers any method; one that knows no `server/discover` is next.
    info.unwrap();

    let fake = Fake::start().await;
    fake.on("/mcp", move |request| match method(request).as_str() {
        "initialize" => result(
            request,
            &json!({ "protocolVersion": "2025-11-25", "serverInfo": { "name": "old" } }),
        ),
        "notifications/initialized" => ResponseTemplate::new(202),
        _ => unknown(request),
    });
    assert_eq!(client(&fake).discover().await.unwrap().name.as_deref(), Some("old"));
}

#[tokio::test]
async fn a_lost_session_is_opened_again() {
    let fake = Fake::start().await;
    legacy(&fake, "2025-11-25", |_| ResponseTemplate::new(404));
    let client = client(&fake);
    list(&client).await.unwrap();
    fake.on("/mcp", |request| {
        match (method(request).as_str(), header(request, "mcp-session-id")) {
            ("initialize", None) => result(request, &json!({ "protocolVersion": "2025-11-25" }))
                .insert_header("mcp-session-id", "session-2"),
            ("notifications/initialized", Some("session-2")) => ResponseTemplate::new(202),
            (_, Some("session-2")) => result(request, &tables()),
            _ => ResponseTemplate::new(404),
        }
    });
    list(&client).await.unwrap();
}

#[tokio::test]
async fn a_refusal_that_any_server_could_send_does_not_downgrade_a_server_of_today() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| match method(request).as_str() {
        "server/discover" => result(
            request,
            &json!({ "resultType": "complete", "supportedVersions": ["2026-07-28", "2025-11-25"] }),
        ),
        "initialize" => panic!("no reason to go back"),
        _ => rpc_error(request, 400, -32602, &Value::Null),
    });
    let client = client(&fake);
    for _ in 0..2 {
        let error = client.list_tables(ListTables::default()).await.unwrap_err();
        assert!(error.is_protocol());
        assert_eq!(error.rpc_code(), Some(-32602));
    }
    assert_eq!(methods(&fake).await, ["tools/call", "server/discover", "tools/call"]);
}

#[tokio::test]
async fn what_is_no_mcp_server_says_so() {
    for status in [400, 404, 405] {
        let fake = Fake::start().await;
        fake.on("/mcp", move |_| ResponseTemplate::new(status).set_body_string("<html>"));
        let error = list(&client(&fake)).await.unwrap_err();
        assert!(error.is_protocol());
        assert!(error.to_string().contains("MCP endpoint"), "{error}");
        assert_eq!(fake.requests().await.len(), 2);
    }
}

#[tokio::test]
async fn a_server_that_says_what_it_speaks_is_offered_that() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| match method(request).as_str() {
        "initialize" => {
            let offered =
                request.body_json::<Value>().unwrap()["params"]["protocolVersion"].clone();
            assert_eq!(offered, "2025-06-18");
            result(request, &json!({ "protocolVersion": offered }))
        }
        "notifications/initialized" => ResponseTemplate::new(202),
        _ if header(request, "mcp-protocol-version") == Some("2025-06-18") => {
            result(request, &tables())
        }
        _ => rpc_error(request, 400, -32022, &json!({ "supported": ["2024-11-05", "2025-06-18"] })),
    });
    list(&client(&fake)).await.unwrap();
}

#[tokio::test]
async fn a_revision_that_this_client_does_not_know_is_refused() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| match method(request).as_str() {
        "initialize" => result(request, &json!({ "protocolVersion": "2024-11-05" })),
        _ => ResponseTemplate::new(400),
    });
    assert!(list(&client(&fake)).await.unwrap_err().is_protocol());
}

#[tokio::test]
async fn a_result_is_complete_or_of_an_older_server_or_invalid() {
    for (kind, accepted) in [
        (Some(json!("complete")), true),
        (None, true),
        (Some(json!("input_required")), false),
        (Some(json!("partial")), false),
        (Some(Value::Null), false),
        (Some(json!(1)), false),
    ] {
        let fake = Fake::start().await;
        let shown = kind.clone();
        fake.on("/mcp", move |request| {
            let mut answer = tables();
            if let Some(kind) = &kind {
                answer["resultType"] = kind.clone();
            }
            result(request, &answer)
        });
        let outcome = list(&client(&fake)).await;
        assert_eq!(outcome.is_ok(), accepted, "{shown:?}");
        assert!(accepted || outcome.as_ref().unwrap_err().is_protocol(), "{outcome:?}");
    }
}

#[tokio::test]
async fn an_answer_may_come_as_an_event_stream_after_other_messages() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| {
        let id = request.body_json::<Value>().unwrap()["id"].clone();
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progress": 1 } });
        let other = json!({ "jsonrpc": "2.0", "id": 999_999, "result": {} });
        let mut answer = tables();
        answer["resultType"] = "complete".into();
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": answer });
        let body = format!(": hello\n\nevent: message\ndata: {progress}\n\ndata: {other}\r\n\r\nid: 7\ndata: {answer}\n\n");
        ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
    });
    list(&client(&fake)).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_asked_again_with_a_new_id_only_if_nothing_can_have_changed() {
    let cut = || {
        ResponseTemplate::new(200)
            .set_body_raw(": hello\n\ndata: {\"jsonrpc\"", "text/event-stream")
    };
    let fake = Fake::start().await;
    fake.on("/mcp", move |_| cut());
    let client = client(&fake);
    assert!(list(&client).await.unwrap_err().is_transport());
    let ids: Vec<Value> = fake.messages().await.iter().map(|sent| sent["id"].clone()).collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);

    fake.on("/mcp", move |request| match method(request).as_str() {
        "tools/list" => result(request, &json!({ "tools": [] })),
        _ => cut(),
    });
    let panel = json!({ "id": "a", "title": "A", "type": "table", "sql": "select 1" });
    let dashboard = json!({ "title": "T", "spec": { "panels": [panel] } });
    for name in ["save_dashboard", "a_tool_of_next_year"] {
        assert!(client.dispatch(name, dashboard.clone()).await.unwrap_err().is_transport());
        let calls = fake.messages().await;
        let calls = calls.iter().filter(|sent| sent["params"]["name"] == name);
        assert_eq!(calls.count(), 1, "{name} may have run");
    }
}

#[tokio::test]
async fn an_answer_to_another_request_is_no_answer() {
    let fake = Fake::start().await;
    for body in [
        json!({ "jsonrpc": "2.0", "id": 424_242, "result": tables() }),
        json!({ "jsonrpc": "2.0", "id": "1", "result": tables() }),
        json!({ "jsonrpc": "1.0", "id": 6, "result": tables() }),
        json!({ "id": 7, "result": tables() }),
        json!({ "jsonrpc": "2.0", "id": null, "result": tables() }),
        json!([]),
        json!("text"),
    ] {
        fake.on("/mcp", move |_| json_response(200, &body));
        assert!(list(&client(&fake)).await.unwrap_err().is_protocol());
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_revision_it_speaks_is_asked_once_more() {
    for (refusals, succeeds) in [(1, true), (2, false)] {
        let fake = Fake::start().await;
        let left = std::sync::atomic::AtomicU32::new(refusals);
        fake.on("/mcp", move |request| {
            let decrement = |left: u32| left.checked_sub(1);
            let order = std::sync::atomic::Ordering::Relaxed;
            match left.fetch_update(order, order, decrement) {
                Ok(_) => rpc_error(request, 400, -32022, &json!({ "supported": ["2026-07-28"] })),
                Err(_) => result(request, &tables()),
            }
        });
        let outcome = list(&client(&fake)).await;
        assert_eq!(outcome.is_ok(), succeeds, "{outcome:?}");
        assert_eq!(fake.messages().await.len(), 2);
    }
}
