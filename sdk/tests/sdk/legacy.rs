//! What only servers with a session need: cancellations, answers to their requests, resumed streams, and an end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lookout_sdk::Client;
use lookout_sdk::schema::ListTables;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::support::{Fake, json_response, result};

fn client(fake: &Fake) -> Client {
    fake.builder().token("token").build().unwrap()
}

fn method(request: &Request) -> String {
    let message: Value = request.body_json().unwrap_or_default();
    message["method"].as_str().unwrap_or(request.method.as_str()).to_owned()
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(|value| value.to_str().unwrap())
}

fn tables() -> Value {
    json!({ "content": [], "structuredContent": { "warehouse_id": "shop", "tables": [], "next_cursor": null } })
}

/// A server of 2025-11-25 whose session may be replaced, and that answers calls with `call`.
fn serve(
    fake: &Fake,
    session: &Arc<Mutex<String>>,
    call: impl Fn(&Request) -> ResponseTemplate + Send + 'static,
) {
    let session = Arc::clone(session);
    fake.on("/mcp", move |request| {
        let session = session.lock().unwrap().clone();
        match method(request).as_str() {
            "initialize" => {
                assert_eq!(header(request, "mcp-session-id"), None);
                result(request, &json!({ "protocolVersion": "2025-11-25", "capabilities": {} }))
                    .insert_header("mcp-session-id", session.as_str())
            }
            _ if header(request, "mcp-protocol-version") != Some("2025-11-25") => {
                ResponseTemplate::new(400)
            }
            _ if header(request, "mcp-session-id") != Some(&session) => ResponseTemplate::new(404),
            "tools/call" | "GET" => call(request),
            _ => ResponseTemplate::new(202),
        }
    });
}

fn session() -> Arc<Mutex<String>> {
    Arc::new(Mutex::new("session-1".to_owned()))
}

async fn methods(fake: &Fake) -> Vec<String> {
    fake.requests().await.iter().map(method).collect()
}

/// Waits until the server was sent `count` messages of this kind.
async fn wait_for(fake: &Fake, wanted: &str, count: usize) -> Vec<Request> {
    for _ in 0..100 {
        let sent = fake.requests().await;
        let found: Vec<_> = sent.into_iter().filter(|one| method(one) == wanted).collect();
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server was never sent {wanted}");
}

#[tokio::test]
async fn a_lost_session_is_opened_again_at_once_and_only_once_for_all_calls() {
    let fake = Fake::start().await;
    let session = session();
    serve(&fake, &session, |request| result(request, &tables()));
    let client = client(&fake);
    client.list_tables(ListTables::default()).await.unwrap();
    let before = methods(&fake).await.len();
    "session-2".clone_into(&mut session.lock().unwrap());
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.list_tables(ListTables::default()).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let later = methods(&fake).await.split_off(before);
    assert_eq!(later.iter().filter(|method| *method == "initialize").count(), 1, "{later:?}");
    for request in fake.requests().await.split_off(before) {
        assert_ne!(header(&request, "mcp-protocol-version"), Some("2026-07-28"));
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_or_late_is_cancelled_by_a_message() {
    let fake = Fake::start().await;
    let slow = Arc::new(Mutex::new(Duration::ZERO));
    let delay = Arc::clone(&slow);
    serve(&fake, &session(), move |request| {
        result(request, &tables()).set_delay(*delay.lock().unwrap())
    });
    let client = fake.builder().token("token").timeout(Duration::from_secs(1)).build().unwrap();
    client.list_tables(ListTables::default()).await.unwrap();
    *slow.lock().unwrap() = Duration::from_secs(30);

    let call = client.list_tables(ListTables::default());
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    let cancelled = wait_for(&fake, "notifications/cancelled", 1).await;
    let calls: Vec<Value> = wait_for(&fake, "tools/call", 3)
        .await
        .iter()
        .map(|call| call.body_json().unwrap())
        .collect();
    let message: Value = cancelled[0].body_json().unwrap();
    assert_eq!(message["params"]["requestId"], calls.last().unwrap()["id"]);
    assert_eq!(message.get("id"), None);
    assert_eq!(header(&cancelled[0], "mcp-session-id"), Some("session-1"));
    assert_eq!(header(&cancelled[0], "authorization"), Some("Bearer token"));

    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_timeout());
    wait_for(&fake, "notifications/cancelled", 2).await;
}

#[tokio::test]
async fn a_server_of_today_is_sent_no_cancellation_and_no_answer() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| {
        let id = request.body_json::<Value>().unwrap()["id"].clone();
        let ping = json!({ "jsonrpc": "2.0", "id": 77, "method": "ping" });
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": tables() });
        ResponseTemplate::new(200)
            .set_body_raw(format!("data: {ping}\n\ndata: {answer}\n\n"), "text/event-stream")
    });
    let one = client(&fake);
    one.list_tables(ListTables::default()).await.unwrap();
    fake.on("/mcp", |_| ResponseTemplate::new(200).set_delay(Duration::from_secs(30)));
    let call = one.list_tables(ListTables::default());
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    one.close().await;
    assert_eq!(methods(&fake).await, ["tools/call", "tools/call"]);
}

#[tokio::test]
async fn requests_of_the_server_on_a_stream_are_answered() {
    let fake = Fake::start().await;
    serve(&fake, &session(), |request| {
        let id = request.body_json::<Value>().unwrap()["id"].clone();
        let ping = json!({ "jsonrpc": "2.0", "id": "p-1", "method": "ping" });
        let roots = json!({ "jsonrpc": "2.0", "id": 9, "method": "roots/list" });
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": tables() });
        let body = format!("data: {ping}\n\ndata: {roots}\n\ndata: {answer}\n\n");
        ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
    });
    let client = client(&fake);
    client.list_tables(ListTables::default()).await.unwrap();
    client.close().await;
    let answers: Vec<Value> = fake
        .messages()
        .await
        .into_iter()
        .filter(|message| message.get("method").is_none())
        .collect();
    assert_eq!(answers.len(), 2);
    assert!(answers.contains(&json!({ "jsonrpc": "2.0", "id": "p-1", "result": {} })));
    assert!(answers.iter().any(|answer| answer["id"] == 9 && answer["error"]["code"] == -32601));
}

#[tokio::test]
async fn a_stream_with_event_ids_is_resumed_where_it_broke_off() {
    let fake = Fake::start().await;
    let asked = Arc::new(Mutex::new(Value::Null));
    serve(&fake, &session(), move |request| {
        let stream =
            |body: String| ResponseTemplate::new(200).set_body_raw(body, "text/event-stream");
        if request.method.as_str() == "POST" {
            *asked.lock().unwrap() = request.body_json::<Value>().unwrap()["id"].clone();
            return stream("id: e-1\nretry: 400\ndata:\n\n".to_owned());
        }
        assert_eq!(header(request, "last-event-id"), Some("e-1"));
        assert_eq!(header(request, "accept"), Some("text/event-stream"));
        let id = asked.lock().unwrap().clone();
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": tables() });
        stream(format!("id: e-2\ndata: {answer}\n\n"))
    });
    let client = client(&fake);
    let start = std::time::Instant::now();
    client.list_tables(ListTables::default()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(400), "the server said how long to wait");
    assert_eq!(methods(&fake).await.iter().filter(|method| *method == "tools/call").count(), 2);
}

#[tokio::test]
async fn a_session_is_ended_when_the_client_is_done_with_it() {
    let fake = Fake::start().await;
    serve(&fake, &session(), |request| result(request, &tables()));
    let closed = client(&fake);
    closed.list_tables(ListTables::default()).await.unwrap();
    closed.close().await;
    let sent = wait_for(&fake, "DELETE", 1).await;
    assert_eq!(header(&sent[0], "mcp-session-id"), Some("session-1"));
    assert_eq!(header(&sent[0], "authorization"), Some("Bearer token"));

    let dropped = client(&fake);
    dropped.list_tables(ListTables::default()).await.unwrap();
    drop((closed, dropped));
    wait_for(&fake, "DELETE", 2).await;
}

#[tokio::test]
async fn a_token_that_ends_during_the_opening_is_a_matter_of_signing_in() {
    let fake = Fake::start().await;
    fake.on("/mcp", |request| match method(request).as_str() {
        "initialize" => result(request, &json!({ "protocolVersion": "2025-11-25" })),
        "notifications/initialized" => ResponseTemplate::new(401),
        _ => json_response(400, &json!({})),
    });
    let error = client(&fake).list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error:?}");
}

#[tokio::test]
async fn a_session_is_ended_with_the_token_of_its_calls_until_the_sign_out() {
    for signs_out in [false, true] {
        let fake = Fake::start().await;
        let client = fake.client();
        client.sign_in().await.unwrap();
        serve(&fake, &session(), |request| result(request, &tables()));
        client.list_tables(ListTables::default()).await.unwrap();
        // It asks the endpoint for its challenge, without a token.
        drop(client.start_sign_in("https://app.example/callback").await);
        if signs_out {
            client.sign_out().await.unwrap();
        }
        client.close().await;
        let end = wait_for(&fake, "DELETE", 1).await;
        let token = (!signs_out).then_some("Bearer secret-access-1");
        assert_eq!(header(&end[0], "authorization"), token);
    }
}
