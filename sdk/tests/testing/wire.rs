//! What the fake does on its port, beyond what the client shows.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use lookout_sdk::schema::{CATALOGUE_DIGEST, ListTables};
use lookout_sdk::testing::FakeLookout;
use serde_json::{Value, json};

/// Posts to the endpoint; returns the status line with the headers, and the body.
fn post(lookout: &FakeLookout, headers: &str, body: &Value) -> (String, String) {
    let endpoint = lookout.endpoint();
    let host = endpoint.trim_start_matches("http://").trim_end_matches("/mcp");
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Posts a message with a token; returns the status and the answer.
fn ask(lookout: &FakeLookout, version: &str, body: &Value) -> (String, Value) {
    let token = lookout.token();
    let headers = format!("Authorization: Bearer {token}\r\nMCP-Protocol-Version: {version}\r\n");
    let (head, body) = post(lookout, &headers, body);
    (head[9..12].to_owned(), serde_json::from_str(&body).unwrap())
}

#[test]
fn arguments_are_judged_by_the_server_too() {
    let lookout = FakeLookout::start();
    // The check at the client could have been what a test of the client sees.
    let params = json!({ "name": "query_warehouse", "arguments": { "sql": 7, "max_rows": 5000 } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let (status, answer) = ask(&lookout, "2025-11-25", &body);
    assert_eq!((&*status, &answer["result"]["isError"]), ("200", &json!(true)));
    let violations = &answer["result"]["_meta"]["com.rudderstack.lookout/error"]["details"];
    assert_eq!(violations["violations"][0]["pointer"], "/sql");
    assert_eq!(violations["violations"][1]["pointer"], "/max_rows");
}

#[tokio::test]
async fn arguments_are_refused_in_the_words_of_the_client() {
    let lookout = FakeLookout::start();
    let arguments = json!({ "sql": 7, "max_rows": 5000 });
    let params = json!({ "name": "query_warehouse", "arguments": arguments });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let (_, answer) = ask(&lookout, "2025-11-25", &body);
    let reply = lookout.client().dispatch("query_warehouse", arguments).await.unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], reply.text);
    let facts = &answer["result"]["_meta"]["com.rudderstack.lookout/error"];
    assert_eq!(*facts, reply.error.unwrap().to_json());
}

#[test]
fn the_port_of_a_redirect_uri_is_free_on_loopback_alone() {
    let lookout = FakeLookout::start();
    let origin = lookout.endpoint().trim_end_matches("/mcp").to_owned();
    let authority = origin.trim_start_matches("http://").to_owned();
    let send = |request: String| {
        let mut stream = TcpStream::connect(&authority).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    };
    for (registered, asked, accepted) in [
        ("com.example.app:/callback", "com.example.app:/callback", true),
        ("http://127.0.0.1:1/callback", "http://127.0.0.1:2/callback", true),
        ("https://app.example/callback", "https://app.example:8443/callback", false),
        ("http://127.0.0.1:1/callback", "http://127.0.0.1:1/other", false),
    ] {
        let body = json!({ "redirect_uris": [registered] }).to_string();
        let registration = send(format!(
            "POST /oauth/register HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let (_, body) = registration.split_once("\r\n\r\n").unwrap();
        let registered: Value = serde_json::from_str(body).unwrap();
        let client = registered["client_id"].as_str().unwrap();
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let answer = send(format!(
            "GET /oauth/authorize?response_type=code&client_id={client}&redirect_uri={asked}&state=s&scope=mcp:read&resource={origin}/mcp&code_challenge={challenge}&code_challenge_method=S256 HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(answer.starts_with("HTTP/1.1 30"), accepted, "{asked}: {answer}");
    }
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
    let (_, answer) = ask(&lookout, "2025-06-18", &body);
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(answer["id"], "a");
}

#[test]
fn headers_that_the_body_does_not_bear_out_are_refused() {
    let lookout = FakeLookout::start();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let (status, answer) = ask(&lookout, "2026-07-28", &body);
    assert_eq!((&*status, &answer["error"]["code"]), ("400", &json!(-32020)));
}

#[test]
fn nothing_is_answered_without_a_live_token() {
    let lookout = FakeLookout::start();
    for (header, error) in [("", false), ("Authorization: Bearer lkmcp_made_up\r\n", true)] {
        let (head, _) = post(&lookout, header, &json!({}));
        assert!(head.starts_with("HTTP/1.1 401"), "{head}");
        assert_eq!(head.contains("invalid_token"), error, "{head}");
        assert!(head.contains(r#"scope="mcp:read mcp:write""#), "{head}");
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
