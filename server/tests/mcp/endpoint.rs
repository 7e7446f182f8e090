//! The endpoint as a client sees it: both wires, the challenges, and bad input.

use crate::served::{Reply, Served};
use lookout_schema::{CATALOGUE_DIGEST, catalogue};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");
const MODERN: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

#[track_caller]
fn refused(reply: &Reply, status: u16, code: i64) {
    assert_eq!(reply.status, status, "{reply:?}");
    let body = reply.json();
    assert_eq!(body["error"]["code"], code, "{reply:?}");
    assert!(body["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{reply:?}");
}

#[test]
fn a_request_without_a_token_is_challenged_and_says_nothing_else() {
    let served = Served::start();
    for (path, scope) in [("/mcp", "mcp:read mcp:write"), ("/mcp/readonly", "mcp:read")] {
        for method in ["GET", "POST", "DELETE", "PUT"] {
            let reply = served.request(method, path, &[]);
            assert_eq!(reply.status, 401, "{method} {path}");
            let metadata = format!("{}/.well-known/oauth-protected-resource{path}", served.base);
            let expected = format!("Bearer resource_metadata=\"{metadata}\", scope=\"{scope}\"");
            assert_eq!(reply.header("www-authenticate"), expected);
            assert_eq!(reply.text, "{}");
        }
    }
}

#[test]
fn a_token_that_is_not_valid_is_named_so_and_a_malformed_header_is_a_bad_request() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let with = |values: &[&str]| {
        let headers: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
        served.request("POST", "/mcp", &headers)
    };
    let bearer = format!("Bearer {token}");
    for (values, status, error) in [
        (vec!["Bearer lkmcp_nonsense"], 401, "invalid_token"),
        (vec!["Bearer"], 400, "invalid_request"),
        (vec!["Bearer a b"], 400, "invalid_request"),
        (vec!["Bearer \"x\""], 400, "invalid_request"),
        (vec![bearer.as_str(), bearer.as_str()], 400, "invalid_request"),
        (vec![bearer.as_str(), "Basic eDp5"], 400, "invalid_request"),
    ] {
        let reply = with(&values);
        assert_eq!(reply.status, status, "{values:?}");
        assert!(
            reply.header("www-authenticate").contains(&format!("error=\"{error}\"")),
            "{reply:?}"
        );
        assert!(!reply.text.contains(&token) && !format!("{:?}", reply.headers).contains(&token));
    }
    assert_eq!(with(&["Basic eDp5"]).status, 401);
    assert_eq!(
        with(&[&format!("bEARER   {token}")]).status,
        415,
        "the scheme is read without case and the token admitted"
    );
    let in_query = served.request("POST", &format!("/mcp?access_token={token}"), &[]);
    assert_eq!(in_query.status, 401);
}

#[test]
fn every_tool_is_listed_exactly_where_it_can_be_called() {
    let served = Served::start();
    for scopes in ["mcp:read", "mcp:write", "mcp:read mcp:write"] {
        let token = served.token(scopes);
        for path in ["/mcp", "/mcp/readonly"] {
            let list = served.modern_at(path, &token, "tools/list", json!({})).json();
            let listed: Vec<_> = list["result"]["tools"]
                .as_array()
                .expect("tools")
                .iter()
                .map(|tool| tool["name"].clone())
                .collect();
            for tool in &catalogue().tools {
                let is_listed = listed.contains(&Value::from(tool.name.as_str()));
                let expected = scopes.split(' ').any(|scope| tool.scopes.to_string() == scope)
                    && (path == "/mcp" || tool.annotations.read_only_hint);
                assert_eq!(is_listed, expected, "{} with {scopes} at {path}", tool.name);
                let call = served.modern_at(
                    path,
                    &token,
                    "tools/call",
                    json!({ "name": tool.name, "arguments": {} }),
                );
                match (expected, path) {
                    (true, _) => assert_eq!(call.status, 200, "{call:?}"),
                    (false, "/mcp") => {
                        assert_eq!(call.status, 403, "{call:?}");
                        let challenge = call.header("www-authenticate");
                        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
                        assert!(
                            challenge.contains(&format!("scope=\"{}\"", tool.scopes)),
                            "{challenge}"
                        );
                        assert!(
                            challenge.contains("/.well-known/oauth-protected-resource/mcp\""),
                            "{challenge}"
                        );
                    }
                    (false, _) => assert!(matches!(call.status, 400 | 403), "{call:?}"),
                }
            }
        }
    }
}

#[test]
fn discovery_and_the_list_carry_what_the_modern_revision_asks_for() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let discovery = served.modern(&token, "server/discover", json!({})).json()["result"].clone();
    assert_eq!(discovery["resultType"], "complete");
    assert_eq!(discovery["supportedVersions"], json!(["2026-07-28", "2025-11-25", "2025-06-18"]));
    assert_eq!(discovery["_meta"]["com.rudderstack.lookout/catalogueDigest"], CATALOGUE_DIGEST);
    assert_eq!(discovery["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "lookout");
    let list = served.modern(&token, "tools/list", json!({})).json()["result"].clone();
    assert_eq!((&list["cacheScope"], list["ttlMs"].is_u64()), (&json!("private"), true));
    for tool in list["tools"].as_array().expect("tools") {
        let entry =
            catalogue().tool(tool["name"].as_str().expect("a name")).expect("a curated tool");
        assert_eq!(tool["inputSchema"], entry.input_schema);
        assert_eq!(tool["outputSchema"], entry.output_schema);
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
    }
}

#[test]
fn the_initialize_revisions_work_without_a_session() {
    let served = Served::start();
    let authorization = format!("Bearer {}", served.token("mcp:read"));
    let send = |version: Option<&str>, body: Value| {
        let mut headers = vec![("authorization", authorization.as_str()), JSON];
        headers.extend(version.map(|version| ("mcp-protocol-version", version)));
        served.post("/mcp", &headers, body.to_string().as_bytes())
    };
    for (asked, answered) in
        [("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-11-25")]
    {
        let params = json!({ "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let reply = send(
            None,
            json!({ "jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params }),
        );
        assert_eq!(reply.json()["result"]["protocolVersion"], answered);
        assert_eq!(reply.json()["id"], "a");
        assert!(reply.headers.get("mcp-session-id").is_none());
    }
    let version = Some("2025-11-25");
    let ready = send(version, json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    assert_eq!((ready.status, ready.text.as_str()), (202, ""));
    let list = send(version, json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" })).json();
    assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(9));
    assert!(list["result"].get("resultType").is_none());
    assert_eq!(
        send(version, json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" })).json()["result"],
        json!({})
    );
    refused(
        &send(version, json!({ "jsonrpc": "2.0", "id": 4, "method": "resources/list" })),
        200,
        -32601,
    );
    refused(&send(None, json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/list" })), 400, -32020);
    refused(
        &send(Some("2024-11-05"), json!({ "jsonrpc": "2.0", "id": 6, "method": "tools/list" })),
        400,
        -32020,
    );
}

#[test]
fn a_modern_request_that_contradicts_itself_is_refused_in_the_expected_order() {
    let served = Served::start();
    let authorization = format!("Bearer {}", served.token("mcp:read"));
    let auth = ("authorization", authorization.as_str());
    let discover = ("mcp-method", "server/discover");
    let body = |method: &str, meta: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{meta}}}}}"#)
    };
    let send = |headers: &[(&str, &str)], body: String| {
        served.post("/mcp", &[&[auth, JSON], headers].concat(), body.as_bytes())
    };
    let other = META.replace("2026-07-28", "2031-01-01");
    let no_capabilities = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;

    refused(&send(&[MODERN, discover], body("server/discover", "")), 400, -32602);
    refused(&send(&[MODERN, discover], body("server/discover", no_capabilities)), 400, -32602);
    refused(&send(&[discover], body("server/discover", META)), 400, -32020);
    refused(&send(&[MODERN], body("server/discover", META)), 400, -32020);
    refused(
        &send(&[MODERN, ("mcp-method", "tools/list")], body("server/discover", META)),
        400,
        -32020,
    );
    refused(&send(&[MODERN, discover], body("server/discover", &other)), 400, -32020);
    let unsupported =
        send(&[("mcp-protocol-version", "2031-01-01"), discover], body("server/discover", &other));
    refused(&unsupported, 400, -32022);
    assert_eq!(unsupported.json()["error"]["data"]["requested"], "2031-01-01");
    refused(&send(&[MODERN, ("mcp-method", "initialize")], body("initialize", META)), 404, -32601);
    refused(&send(&[MODERN, ("mcp-method", "ping")], body("ping", META)), 404, -32601);

    let call = format!(r#"{META},"name":"list_warehouses","arguments":{{}}"#);
    let method = ("mcp-method", "tools/call");
    refused(
        &send(&[MODERN, method, ("mcp-name", "save_dashboard")], body("tools/call", &call)),
        400,
        -32020,
    );
    refused(&send(&[MODERN, method], body("tools/call", &call)), 400, -32020);
    let encoded = send(
        &[MODERN, method, ("mcp-name", "=?base64?bGlzdF93YXJlaG91c2Vz?=")],
        body("tools/call", &call),
    );
    assert_eq!(encoded.status, 200, "{encoded:?}");
}

#[test]
fn bad_input_gets_a_precise_error_and_never_a_server_error() {
    let served = Served::start();
    let token = served.token("mcp:read mcp:write");
    let authorization = format!("Bearer {token}");
    let auth = ("authorization", authorization.as_str());
    let raw = |headers: &[(&str, &str)], body: &[u8]| {
        served.post("/mcp", &[&[auth], headers].concat(), body)
    };

    refused(&raw(&[JSON], b"{"), 400, -32700);
    refused(&raw(&[JSON], b"\xff\xfe"), 400, -32700);
    refused(&raw(&[JSON], "[".repeat(100_000).as_bytes()), 400, -32600);
    refused(&raw(&[JSON], b"[]"), 400, -32600);
    refused(&raw(&[JSON], b"7"), 400, -32600);
    refused(&raw(&[JSON], br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), 400, -32600);
    refused(&raw(&[JSON], br#"{"jsonrpc":"2.0","id":1,"method":7}"#), 400, -32600);
    refused(&raw(&[JSON], br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#), 400, -32600);
    refused(&raw(&[JSON], br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), 400, -32600);
    refused(&raw(&[JSON], br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#), 400, -32602);
    refused(&raw(&[("content-type", "text/plain")], b"{}"), 415, -32600);
    refused(&raw(&[JSON, ("accept", "text/html")], b"{}"), 406, -32600);
    refused(&raw(&[JSON], " ".repeat((1 << 20) + 1).as_bytes()), 413, -32600);
    refused(&raw(&[JSON, ("origin", "https://evil.example")], b"{}"), 403, -32600);
    refused(&raw(&[JSON, ("origin", "null")], b"{}"), 403, -32600);
    let get = served.request("GET", "/mcp", &[auth]);
    assert_eq!((get.status, get.header("allow")), (405, "POST"));

    refused(&served.modern(&token, "tools/call", json!({ "name": "drop_table" })), 400, -32602);
    refused(
        &served.modern(&token, "tools/call", json!({ "name": "list_tables", "arguments": [] })),
        400,
        -32602,
    );
    refused(&served.modern(&token, "tools/call", json!({})), 400, -32602);
    refused(&served.modern(&token, "tools/list", json!({ "cursor": "x" })), 400, -32602);
    refused(&served.modern(&token, "no/such", json!({})), 404, -32601);
}

#[test]
fn a_page_of_an_allowed_origin_can_read_answers_and_challenges() {
    let served = Served::start_with(|settings| {
        settings.allowed_origins = vec!["https://app.example".to_owned()]
    });
    let origin = ("origin", "https://app.example");
    let preflight =
        served.request("OPTIONS", "/mcp", &[origin, ("access-control-request-method", "POST")]);
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-headers").contains("authorization"));
    for reply in [preflight, served.request("POST", "/mcp", &[origin])] {
        assert_eq!(reply.header("access-control-allow-origin"), "https://app.example", "{reply:?}");
        assert_eq!(reply.header("access-control-expose-headers"), "www-authenticate");
        assert_eq!(reply.header("vary"), "origin");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    let other = served.request("OPTIONS", "/mcp", &[("origin", "https://evil.example")]);
    assert_eq!((other.status, other.header("access-control-allow-origin")), (403, ""));
}

#[test]
fn a_refusal_reaches_a_client_that_is_still_sending() {
    let served = Served::start();
    let authorization = format!("Bearer {}", served.token("mcp:read"));
    let auth = ("authorization", authorization.as_str());
    let body = vec![b' '; 3 << 20];
    for _ in 0..5 {
        assert_eq!(served.post("/mcp", &[JSON], &body).status, 401);
        assert_eq!(
            served.post("/mcp", &[JSON, ("origin", "https://evil.example")], &body).status,
            403
        );
        assert_eq!(served.post("/mcp", &[auth, ("content-type", "text/plain")], &body).status, 415);
        assert_eq!(served.post("/mcp", &[auth, JSON, ("accept", "text/html")], &body).status, 406);
        assert_eq!(served.post("/mcp", &[auth, JSON], &body).status, 413);
        assert_eq!(served.post("/oauth/token", &[JSON], &body).status, 400);
    }
}
