//! What the fake does on its port, beyond what the client shows.

use std::net::TcpStream;

use lookout_sdk::schema::{CATALOGUE_DIGEST, ListTables};
use lookout_sdk::testing::FakeLookout;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};

async fn post(lookout: &FakeLookout, version: &str, body: Value) -> (u16, Value) {
    let request = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let response = request
        .post(lookout.endpoint())
        .header(AUTHORIZATION, format!("Bearer {}", lookout.token()))
        .header("mcp-protocol-version", version)
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn arguments_are_judged_by_the_server_too() {
    let lookout = FakeLookout::start();
    // The check at the client could have been what a test of the client sees.
    let params = json!({ "name": "query_warehouse", "arguments": { "sql": 7, "max_rows": 5000 } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let (status, answer) = post(&lookout, "2025-11-25", body).await;
    assert_eq!((status, &answer["result"]["isError"]), (200, &json!(true)));
    let violations = &answer["result"]["_meta"]["com.rudderstack.lookout/error"]["details"];
    assert_eq!(violations["violations"][0]["pointer"], "/sql");
    assert_eq!(violations["violations"][1]["pointer"], "/max_rows");
}

#[tokio::test]
async fn both_sides_of_the_change_of_revisions_are_spoken() {
    for lookout in [FakeLookout::start(), FakeLookout::builder().initialize_only().start()] {
        let client = lookout.client();
        client.list_tables(ListTables::default()).await.unwrap();
        let info = client.discover().await.unwrap();
        assert_eq!(info.catalogue_digest.as_deref(), Some(CATALOGUE_DIGEST));
        assert_eq!(info.name.as_deref(), Some("fake-lookout"));
    }
    let lookout = FakeLookout::start();
    let params = json!({ "protocolVersion": "2025-06-18" });
    let body = json!({ "jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params });
    let (_, answer) = post(&lookout, "2025-06-18", body).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(answer["id"], "a");
}

#[tokio::test]
async fn headers_that_the_body_does_not_bear_out_are_refused() {
    let lookout = FakeLookout::start();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let (status, answer) = post(&lookout, "2026-07-28", body).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(-32020)));
}

#[tokio::test]
async fn nothing_is_answered_without_a_live_token() {
    let lookout = FakeLookout::start();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    for (token, error) in [(None, false), (Some("Bearer lkmcp_made_up"), true)] {
        let request = http.post(lookout.endpoint());
        let request =
            token.into_iter().fold(request, |request, token| request.header(AUTHORIZATION, token));
        let response = request.send().await.unwrap();
        let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(challenge.contains("invalid_token"), error, "{challenge}");
        assert!(challenge.contains(r#"scope="mcp:read mcp:write""#), "{challenge}");
    }
}

#[test]
fn the_port_is_closed_when_the_fake_is_dropped() {
    let lookout = FakeLookout::start();
    let endpoint = lookout.endpoint();
    let address = endpoint.trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    drop(lookout);
    assert!(TcpStream::connect(&address).is_err());
}
