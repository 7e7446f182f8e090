//! What load balancers ask.

use std::time::{Duration, Instant};

use crate::browser::Browser;
use crate::server::Server;

#[test]
fn a_balancer_may_call_the_server_by_any_name() {
    let server = Server::start();
    for host in ["10.0.0.7", "balancer.internal:80", "127.0.0.1"] {
        let alive = server.get("/healthz", &[("host", host)]);
        assert_eq!((alive.status, alive.text.as_str()), (200, "alive\n"));
        let ready = server.get("/readyz", &[("host", host)]);
        assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
        assert_eq!(ready.header("cache-control"), "no-store");
        assert_eq!(server.get("/sign-in", &[("host", host)]).status, 421);
    }
}

/// Asks whether the server is ready until it says so.
#[track_caller]
fn becomes(server: &Server, status: u16, word: &str) {
    let asked = Instant::now();
    loop {
        let ready = server.get("/readyz", &[]);
        if (ready.status, ready.text.as_str()) == (status, word) {
            return;
        }
        assert!(asked.elapsed() < Duration::from_secs(10), "{ready:?}");
    }
}

#[test]
fn whoever_asks_often_does_not_ask_the_database_often() {
    let server = Server::start();
    let began = Instant::now();
    let mut said = Vec::new();
    for _ in 0..10 {
        server.sql("alter table users rename to elsewhere");
        said.push(server.get("/readyz", &[]).status);
        server.sql("alter table elsewhere rename to users");
        said.push(server.get("/readyz", &[]).status);
    }
    said.dedup();
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
    assert!(said.len() <= 2 + seconds, "{said:?} in {seconds} s");
}

#[test]
fn a_server_that_stops_or_has_no_database_asks_for_no_requests() {
    let server = Server::start();
    server.sql("alter table users rename to elsewhere");
    becomes(&server, 503, "store\n");
    assert_eq!(server.get("/healthz", &[]).status, 200);
    server.sql("alter table elsewhere rename to users");
    becomes(&server, 200, "ready\n");
    server.app.draining.begin();
    let ready = server.get("/readyz", &[]);
    assert_eq!((ready.status, ready.text.as_str()), (503, "draining\n"));
    assert_eq!(server.get("/healthz", &[]).status, 200);
}

/// The counters as Prometheus reads them.
fn counters(server: &Server) -> String {
    lookout_server::metrics::metrics().text(&server.app)
}

#[test]
fn what_happens_is_counted_under_words_of_this_program_only() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    for strange in ["/mcp/x-strange-x", "/w/x-strange-x/mcp/tokens", "/x-strange-x?x-strange-x=1"] {
        server.get(strange, &[("x-strange-x", "x-strange-x"), ("user-agent", "x-strange-x")]);
    }
    server.redeem("x-strange-x", "x-strange-x");
    server.get("/mcp", &[("authorization", "Bearer lkoat_x-strange-x")]);
    let call = |tool: &str| {
        let body = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} } });
        let bearer = format!("Bearer {}", tokens.access);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("mcp-protocol-version", "2025-11-25"),
            ("traceparent", "x-strange-x"),
        ];
        server.send("POST", "/mcp", &headers, body.to_string().as_bytes())
    };
    assert_eq!(call("list_dashboards").status, 200);
    call("x-strange-x");
    let text = counters(&server);
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("strange"), "{text}");
    for line in [
        "lookout_http_requests_total{route=\"other\",status=\"4xx\"}",
        "lookout_http_requests_total{route=\"/w/{}/mcp/tokens\",status=",
        "lookout_http_request_seconds_bucket{le=\"0.001\",route=\"/oauth/token\"}",
        "lookout_tool_calls_total{tool=\"list_dashboards\",outcome=\"ok\"}",
        "lookout_decisions_total{kind=\"consent\",outcome=\"allowed\",reason=\"\"}",
        "lookout_decisions_total{kind=\"exchange\",outcome=\"refused\",reason=\"invalid_client\"}",
        "lookout_decisions_total{kind=\"bearer\",outcome=\"refused\",reason=\"invalid_token\"}",
        "lookout_store_seconds_count{operation=\"bearer\"}",
        "lookout_store_connections_open",
        "lookout_build{version=",
    ] {
        let counted = text.lines().find(|counted| counted.starts_with(line));
        let counted = counted.unwrap_or_else(|| panic!("{line} is missing: {text}"));
        assert!(
            !counted.ends_with(" 0") || line.contains("le=") || line.contains("tokens"),
            "{counted}"
        );
    }
    let series = text.lines().count();
    for place in 0..50 {
        server.get(&format!("/strange/{place}"), &[]);
        server.redeem(&format!("strange-{place}"), "strange");
    }
    assert_eq!(counters(&server).lines().count(), series, "nobody makes the list grow");
    assert_eq!(server.get("/metrics", &[]).status, 404);
}
