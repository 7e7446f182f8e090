//! Sending again what changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lookout_sdk::schema::ListTables;
use lookout_sdk::{Client, ClientBuilder, Error};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Fake, result};

/// Makes the endpoint answer `refusal` so many times, and then be honest.
fn busy(fake: &Fake, times: usize, refusal: ResponseTemplate) {
    let left = AtomicUsize::new(times);
    let whole = json!({
        "resultType": "complete",
        "content": [],
        "structuredContent": { "warehouse_id": "shop", "tables": [], "next_cursor": null },
    });
    fake.on("/mcp", move |request| {
        let spent =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if spent.is_ok() { refusal.clone() } else { result(request, &whole) }
    });
}

async fn list(builder: ClientBuilder) -> Result<(), Error> {
    builder.token("token").build().unwrap().list_tables(ListTables::default()).await.map(drop)
}

#[tokio::test]
async fn a_tool_that_only_reads_is_called_again_when_the_server_was_busy() {
    for status in [429, 503] {
        let fake = Fake::start().await;
        busy(&fake, 2, ResponseTemplate::new(status));
        list(fake.builder()).await.unwrap();
        assert_eq!(fake.messages().await.len(), 3);

        busy(&fake, 3, ResponseTemplate::new(status));
        assert_eq!(list(fake.builder()).await.unwrap_err().status(), Some(status));
        assert_eq!(fake.messages().await.len(), 6, "it is given up after two retries");
    }
}

#[tokio::test]
async fn a_retry_waits_for_as_long_as_the_server_asks_if_that_is_not_too_long() {
    let fake = Fake::start().await;
    busy(&fake, 1, ResponseTemplate::new(429).insert_header("retry-after", "1"));
    let start = Instant::now();
    list(fake.builder()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));

    busy(&fake, 1, ResponseTemplate::new(429).insert_header("retry-after", "60"));
    let start = Instant::now();
    let error = list(fake.builder()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    busy(&fake, 1, ResponseTemplate::new(429).insert_header("retry-after", "2"));
    assert!(list(fake.builder().retry_budget(Duration::from_secs(1))).await.is_err());
    assert!(start.elapsed() < Duration::from_secs(2), "nobody is kept waiting for nothing");
}

#[tokio::test]
async fn other_failures_and_switched_off_retries_are_the_callers() {
    for (status, most) in [(500, 2), (502, 2), (504, 2), (400, 2), (503, 0), (429, 0)] {
        let fake = Fake::start().await;
        busy(&fake, 9, ResponseTemplate::new(status));
        assert!(list(fake.builder().retries(most)).await.is_err());
        let calls = fake.messages().await;
        let calls = calls.iter().filter(|message| message["method"] == "tools/call").count();
        assert_eq!(calls, 1, "{status}");
    }
}

#[tokio::test]
async fn a_tool_that_writes_is_called_again_only_with_an_idempotency_key() {
    let panel = json!({ "id": "a", "title": "A", "type": "table", "sql": "select 1" });
    let without = json!({ "title": "Churn", "spec": { "panels": [panel] } });
    let mut with = without.clone();
    with["idempotency_key"] = "monday".into();
    for (arguments, expected) in [(without, 1), (with, 2)] {
        let fake = Fake::start().await;
        busy(&fake, 1, ResponseTemplate::new(503));
        let client = fake.builder().token("token").build().unwrap();
        let outcome = client.dispatch("save_dashboard", arguments).await;
        assert_eq!(outcome.is_ok(), expected == 2, "{outcome:?}");
        let sent: Vec<Value> = fake.messages().await;
        assert_eq!(sent.len(), expected);
        assert!(
            sent.iter()
                .all(|message| message["params"]["arguments"] == sent[0]["params"]["arguments"])
        );
    }
}

#[tokio::test]
async fn what_is_sent_again_has_an_id_of_its_own() {
    let fake = Fake::start().await;
    busy(&fake, 2, ResponseTemplate::new(503));
    list(fake.builder()).await.unwrap();
    let sent = fake.messages().await;
    let ids: std::collections::BTreeSet<_> =
        sent.iter().map(|message| message["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_reached_on_a_later_attempt() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let client = Client::builder(format!("http://{address}/mcp")).token("token");
    let client = client.retries(5).build().unwrap();
    let calling = tokio::spawn(async move { client.list_tables(ListTables::default()).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    let connections = Arc::new(AtomicUsize::new(0));
    crate::wire::serve(tokio::net::TcpListener::bind(address).await.unwrap(), connections);
    calling.await.unwrap().unwrap();
}
