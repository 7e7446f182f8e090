//! How large and how deep a request may be.

use lookout_server::http::depth::{DEEPEST, nests_deeper_than};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use crate::peer::{Peer, server, token};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[test]
fn every_route_takes_its_limit_and_not_one_byte_more() {
    let server = server(|limits| limits.registration_bytes = 3000);
    let bearer = format!("authorization: Bearer {}\r\n", token(&server, "ada@lookout.example"));
    let routes = [
        ("/oauth/register", JSON, 3000, ""),
        ("/oauth/token", FORM, 64 << 10, ""),
        ("/oauth/revoke", FORM, 64 << 10, ""),
        ("/oauth/authorize", FORM, 64 << 10, ""),
        ("/sign-in", FORM, 64 << 10, ""),
        ("/mcp", JSON, 1 << 20, bearer.as_str()),
        ("/mcp/readonly", JSON, 1 << 20, bearer.as_str()),
    ];
    for (path, media_type, most, more) in routes {
        for length in [most - 1, most, most + 1] {
            let body = vec![b'x'; length];
            let announced = format!("content-length: {length}\r\n");
            let chunk = [format!("{length:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
            for (framing, bytes) in
                [(announced.as_str(), &body), ("transfer-encoding: chunked\r\n", &chunk)]
            {
                let mut peer = Peer::connect(&server.base);
                let headers = format!("content-type: {media_type}\r\n{more}{framing}");
                peer.request(&format!("POST {path}"), &headers, bytes);
                let (status, text) = peer.response();
                assert_eq!(status == 413, length > most, "{path} {framing} {length}: {text}");
                assert!((400..500).contains(&status), "{path}: {text}");
            }
        }
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_was_sent() {
    let server = server(|_| {});
    let announced = "content-type: application/json\r\ncontent-length: 9999999999\r\n";
    let mut peer = Peer::connect(&server.base);
    peer.request("POST /oauth/register", announced, b"");
    assert_eq!(peer.response().0, 413);
    let mut peer = Peer::connect(&server.base);
    let chunked = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    peer.request("POST /oauth/register", chunked, b"4001\r\n");
    peer.send(&[b' '; 0x4001]);
    assert_eq!(peer.response().0, 413, "the last chunk is not waited for");
}

#[test]
fn a_request_that_needs_no_body_takes_none() {
    let server = server(|_| {});
    for (path, headers, body, expected) in [
        ("/sign-in", "content-length: 0\r\n", &b""[..], 200),
        ("/sign-in", "content-length: 1\r\n", b"x", 413),
        ("/sign-in", "transfer-encoding: chunked\r\n", b"1\r\nx\r\n0\r\n\r\n", 413),
    ] {
        let mut peer = Peer::connect(&server.base);
        peer.request(&format!("GET {path}"), headers, body);
        let (status, text) = peer.response();
        assert_eq!(status, expected, "{text}");
    }
}

#[test]
fn an_encoded_body_is_refused() {
    let server = server(|_| {});
    let bearer = format!("Bearer {}", token(&server, "ada@lookout.example"));
    for (path, media_type) in [("/mcp", JSON), ("/oauth/token", FORM), ("/oauth/register", JSON)] {
        let headers = [
            ("content-type", media_type),
            ("content-encoding", "gzip"),
            ("authorization", &bearer),
        ];
        let reply = server.send("POST", path, &headers, Some(b"x"));
        assert_eq!(reply.status, 415, "{path}: {reply:?}");
    }
}

#[test]
fn too_many_headers_parameters_and_too_long_addresses_are_refused() {
    let server = server(|_| {});
    let get = |line: &str, headers: &str| {
        let mut peer = Peer::connect(&server.base);
        peer.request(line, headers, b"");
        peer.response().0
    };
    assert_eq!(get("GET /sign-in", &"x: y\r\n".repeat(98)), 200);
    assert_eq!(get("GET /sign-in", &"x: y\r\n".repeat(120)), 431);
    assert_eq!(get("GET /sign-in", &format!("x: {}\r\n", "y".repeat(40_000))), 431);
    assert_eq!(get(&format!("GET /sign-in?{}", "y".repeat(17_000)), ""), 414);
    assert_eq!(get(&format!("GET /sign-in?{}", "a=b&".repeat(199)), ""), 200);
    assert_eq!(get(&format!("GET /sign-in?{}", "a=b&".repeat(200)), ""), 400);
    let post = |count: usize| {
        let body = vec!["a=b"; count].join("&");
        let reply =
            server.send("POST", "/oauth/token", &[("content-type", FORM)], Some(body.as_bytes()));
        (reply.status, reply.text)
    };
    assert!(post(200).1.contains("more than once"), "{:?}", post(200));
    let (status, text) = post(201);
    assert!(status == 400 && text.contains("more than 200 parameters"), "{text}");
}

/// A JSON text that nests `depth` deep.
fn nested(depth: usize, object: bool) -> String {
    let (open, close) = if object { ("{\"[\\\"{\":", "}") } else { ("[", "]") };
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_message_that_nests_too_deep_is_refused_with_a_sentence() {
    let server = server(|_| {});
    let bearer = format!("Bearer {}", token(&server, "ada@lookout.example"));
    let headers = [("content-type", JSON), ("authorization", bearer.as_str())];
    let error = |text: String| {
        let reply = server.send("POST", "/mcp", &headers, Some(text.as_bytes()));
        assert_eq!(reply.status, 400, "{reply:?}");
        let error = reply.json()["error"].clone();
        (error["code"].as_i64(), error["message"].as_str().unwrap_or_default().to_owned())
    };
    for depth in [DEEPEST + 1, 200_000] {
        let (code, message) = error(nested(depth, false));
        assert!(code == Some(-32600) && message.contains("deeper than 64"), "{message}");
    }
    let (_, message) = error(nested(DEEPEST, false));
    assert!(!message.contains("deeper"), "{message}");
    let registration = nested(DEEPEST, true);
    let document = format!("{{\"redirect_uris\":[],\"x\":{registration}}}");
    let reply = server.send(
        "POST",
        "/oauth/register",
        &[("content-type", JSON)],
        Some(document.as_bytes()),
    );
    assert!(reply.status == 400 && reply.text.contains("deeper than 64"), "{reply:?}");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[\\[\\]{}\"\\\\a]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[\\[{\"\\\\]{0,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(61),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn depth_is_what_the_parsed_value_has(value in value(), most in 0_usize..10) {
        let text = value.to_string();
        prop_assert_eq!(nests_deeper_than(text.as_bytes(), most), depth(&value) > most);
    }
}
