//! How often anybody may ask.

use lookout_server::config::{LimitSettings, Rates};
use serde_json::json;

use crate::peer::{server, token};
use crate::serving::{Reply, Serving};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn on(limits: &mut LimitSettings) {
    limits.rates = Rates::On;
}

/// On, with everybody on this machine being a proxy.
fn behind_a_proxy(limits: &mut LimitSettings) {
    limits.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
}

fn register(server: &Serving, forwarded: &str) -> Reply {
    let document = json!({ "redirect_uris": ["http://127.0.0.1:4321/callback"] }).to_string();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", forwarded)];
    server.send("POST", "/oauth/register", &headers, Some(document.as_bytes()))
}

fn statuses(count: usize, mut ask: impl FnMut() -> Reply) -> Vec<u16> {
    (0..count).map(|_| ask().status).collect()
}

#[track_caller]
fn assert_has_to_wait(reply: &Reply) {
    assert_eq!(reply.status, 429, "{reply:?}");
    let seconds: u32 = reply.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{reply:?}");
}

#[test]
fn registrations_of_a_network_are_bounded() {
    let server = server(on);
    assert_eq!(statuses(5, || register(&server, "")), [201; 5]);
    let refused = register(&server, "");
    assert_has_to_wait(&refused);
    assert_eq!(refused.json()["error"], "temporarily_unavailable");
    let forged = register(&server, "203.0.113.9");
    assert_eq!(forged.status, 429, "the peer is no proxy, so what it says is not believed");
    assert_eq!(server.send("GET", "/sign-in", &[], None).status, 200, "others are not concerned");
}

#[test]
fn rates_are_off_on_loopback_unless_a_proxy_is_in_front() {
    let alone = server(|_| {});
    assert_eq!(statuses(12, || register(&alone, "")), [201; 12]);
    let off = server(|limits| {
        behind_a_proxy(limits);
        limits.rates = Rates::Off;
    });
    assert_eq!(statuses(12, || register(&off, "203.0.113.9")), [201; 12]);
    let proxied = server(behind_a_proxy);
    assert_eq!(statuses(7, || register(&proxied, "203.0.113.9"))[4..], [201, 429, 429]);
}

#[test]
fn behind_a_proxy_every_network_has_a_rate_of_its_own_and_none_can_invent_another() {
    let server = server(behind_a_proxy);
    let mut invented = 0;
    let from_one_network = statuses(7, || {
        invented += 1;
        register(&server, &format!("198.51.100.{invented}, 203.0.113.{invented}, 127.0.0.7"))
    });
    assert_eq!(from_one_network[4..], [201, 429, 429]);
    assert_eq!(register(&server, "203.0.114.1").status, 201);
    assert_eq!(register(&server, "2001:db8::1").status, 201);
}

#[test]
fn sign_in_forms_and_authorization_requests_of_a_network_are_bounded() {
    let server = server(on);
    let sign_in = || server.send("POST", "/sign-in", &[FORM], Some(b"email=a&password=b"));
    assert_eq!(statuses(16, sign_in)[14..], [403, 429]);
    assert_has_to_wait(&sign_in());
    let authorize = || server.send("GET", "/oauth/authorize?client_id=none", &[], None);
    assert_eq!(statuses(31, authorize)[29..], [400, 429]);
    assert!(authorize().text.contains("Too many attempts"));
}

#[test]
fn token_requests_are_bounded_by_client() {
    let server = server(on);
    let refresh = |client: &str| {
        let form = format!("grant_type=refresh_token&refresh_token=none&client_id={client}");
        server.send("POST", "/oauth/token", &[FORM], Some(form.as_bytes()))
    };
    assert_eq!(statuses(31, || refresh("one"))[29..], [401, 429]);
    assert_has_to_wait(&refresh("one"));
    assert_eq!(refresh("two").status, 401);
    let many = (0..400).map(|client| refresh(&format!("invented-{client}")).status);
    assert!(many.into_iter().any(|status| status == 429), "inventing clients does not help");
}

fn call(server: &Serving, token: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    let message = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    server.send("POST", "/mcp", &headers, Some(message))
}

#[test]
fn calls_are_bounded_by_token_also_on_loopback() {
    let server = server(|limits| limits.calls_per_second = 1);
    let (ada, eve) = (token(&server, "ada@lookout.example"), token(&server, "eve@lookout.example"));
    let first: Vec<Reply> = (0..8).map(|_| call(&server, &eve)).collect();
    let refused = first.iter().find(|reply| reply.status == 429).expect("a refusal");
    assert_has_to_wait(refused);
    let error = &refused.json()["error"];
    assert!(error["message"].as_str().is_some_and(|text| text.contains("try again")), "{error}");
    assert_eq!(first[0].status, 200);
    assert_eq!(call(&server, &ada).status, 200, "others are not concerned");
}

#[test]
fn tokens_that_are_not_valid_are_bounded_by_network_and_valid_ones_are_not_concerned() {
    let server = server(on);
    let valid = token(&server, "ada@lookout.example");
    assert_eq!(statuses(31, || call(&server, "none"))[29..], [401, 429]);
    assert_has_to_wait(&call(&server, "none"));
    assert_eq!(call(&server, &valid).status, 200);
    let bare = server.send("POST", "/mcp", &[], Some(b"{}"));
    assert_eq!(bare.status, 401, "how to get a token is always said");
}
