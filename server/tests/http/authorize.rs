//! What the authorization endpoint refuses, and where it says so.

use crate::browser::{Browser, authorize_path, field};
use crate::server::{CALLBACK, CHALLENGE, Reply, Server};

#[test]
fn an_unknown_client_or_address_is_refused_on_a_page_that_leads_nowhere() {
    let server = Server::start();
    let client = server.client();
    let evil = "https://evil.example/cb";
    let mut browser = Browser::signed_in(&server);
    let cases: [&[(&str, &str)]; 8] = [
        &[("client_id", "unknown")],
        &[("client_id", "")],
        &[("client_id", "unknown"), ("redirect_uri", evil)],
        &[("redirect_uri", evil)],
        &[("redirect_uri", "http://127.0.0.1:4321/callback/")],
        &[("redirect_uri", "http://localhost:4321/callback")],
        &[("redirect_uri", "javascript:alert(1)")],
        &[("redirect_uri", evil), ("response_type", "token")],
    ];
    for more in cases {
        let reply = browser.authorize(&client, more);
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{more:?}: {reply:?}");
        assert!(
            !reply.text.contains("evil.example") && !reply.text.contains("javascript"),
            "{reply:?}"
        );
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    for name in ["client_id", "redirect_uri"] {
        let value = if name == "client_id" { client.as_str() } else { CALLBACK };
        let more = format!("{}&{name}={value}", authorize_path(&client, &[]));
        let reply = browser.get(&more);
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{reply:?}");
    }
}

#[test]
fn other_faults_are_told_to_the_client_with_state_and_issuer() {
    let server = Server::start();
    let client = server.client();
    let mcp = format!("{}/mcp", server.base);
    let foreign: Vec<String> =
        ["/", "/MCP", "-other", "?x", "#x", "/readonly/"].map(|end| format!("{mcp}{end}")).to_vec();
    let mut cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "code token")], "unsupported_response_type"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("code_challenge", &CHALLENGE[1..])], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "s256")], "invalid_request"),
        (vec![("scope", "mcp:admin")], "invalid_scope"),
        (vec![("scope", "mcp:read mcp:admin")], "invalid_scope"),
        (vec![("scope", "MCP:READ")], "invalid_scope"),
        (vec![("resource", "https://evil.example/mcp")], "invalid_target"),
        (vec![("resource", &mcp), ("resource", &mcp)], "invalid_target"),
        (vec![("scope", "mcp:read"), ("scope", "mcp:read")], "invalid_request"),
        (vec![("code_challenge", CHALLENGE), ("code_challenge", CHALLENGE)], "invalid_request"),
    ];
    cases.extend(foreign.iter().map(|uri| (vec![("resource", uri.as_str())], "invalid_target")));
    let mut browser = Browser::signed_in(&server);
    for (more, expected) in cases {
        // Nobody who is not signed in is sent to an address that anybody can register; afterwards the same request is answered.
        let first = Browser::new(&server).authorize(&client, &more);
        let path = return_to(&first);
        assert_eq!(path, authorize_path(&client, &more));
        for reply in [browser.authorize(&client, &more), browser.get(&path)] {
            assert_eq!(reply.status, 303, "{more:?}: {reply:?}");
            assert!(reply.header("location").starts_with(CALLBACK), "{reply:?}");
            assert_eq!(reply.parameter("error").as_deref(), Some(expected), "{more:?}");
            assert_eq!(reply.parameter("state").as_deref(), Some("af0ifjsldkj"));
            assert_eq!(reply.parameter("iss").as_deref(), Some(server.base.as_str()));
            assert_eq!(reply.parameter("code"), None);
        }
    }
}

/// Where this redirect to the sign-in page leads afterwards.
#[track_caller]
fn return_to(reply: &Reply) -> String {
    let query = reply.header("location").strip_prefix("/sign-in?");
    let query = query.unwrap_or_else(|| panic!("not to the sign-in page: {reply:?}"));
    assert_eq!(reply.status, 303, "{reply:?}");
    let (name, path) = url::form_urlencoded::parse(query.as_bytes()).next().expect("a parameter");
    assert_eq!(name, "return_to");
    path.into_owned()
}

#[test]
fn without_a_session_no_request_leads_to_a_client() {
    let server = Server::start();
    let (client, _) =
        server.register(&serde_json::json!({ "redirect_uris": ["https://evil.example/cb"] }));
    let evil = [("redirect_uri", "https://evil.example/cb"), ("response_type", "token")];
    let planted = format!("sid=lkses_{}", "x".repeat(49));
    for cookie in ["", "sid=x", planted.as_str()] {
        let path = authorize_path(&client, &evil);
        assert_eq!(return_to(&server.get(&path, &[("cookie", cookie)])), path);
        let (endpoint, query) = path.split_once('?').unwrap();
        let form: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(return_to(&server.post_form(endpoint, &form, &[("cookie", cookie)])), path);
    }
    // What is not redirected needs no session.
    let mut browser = Browser::new(&server);
    for more in [("client_id", "unknown"), ("redirect_uri", CALLBACK)] {
        let reply = browser.authorize(&client, &[more]);
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{more:?}: {reply:?}");
    }
}

#[test]
fn unknown_parameters_change_nothing() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[("audience", "x"), ("prompt", "none"), ("nonce", "n")]);
    assert_eq!(page.status, 200, "consent is asked whatever prompt says: {page:?}");
}

#[test]
fn only_the_answer_of_the_same_session_counts_and_only_once_and_in_time() {
    let server = Server::start();
    let client = server.client();
    let mut ada = Browser::signed_in(&server);
    let mut other = Browser::signed_in(&server);
    let page = ada.authorize(&client, &[]);
    let theirs = other.authorize(&client, &[]);

    assert_eq!(
        other.answer(&page, "allow", &["mcp:read"]).status,
        403,
        "the form token is Ada's session's"
    );
    // With a genuine form token of another session, the request itself is checked too.
    let mixed = [
        ("request", field(&page, "request")),
        ("csrf", field(&theirs, "csrf")),
        ("decision", "allow".to_owned()),
        ("scope", "mcp:read".to_owned()),
    ];
    let mixed: Vec<(&str, &str)> = mixed.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(other.post("/oauth/consent", &mixed).status, 403);

    assert_eq!(ada.answer(&page, "allow", &[]).status, 400, "nothing was ticked");
    assert_eq!(ada.answer(&page, "maybe", &["mcp:read"]).status, 400);
    assert_eq!(ada.answer(&page, "allow", &["mcp:read"]).status, 303);
    assert_eq!(ada.answer(&page, "allow", &["mcp:read"]).status, 400, "answered twice");

    let late = ada.authorize(&client, &[]);
    server.pass(599);
    let in_time = ada.authorize(&client, &[]);
    server.pass(1);
    assert_eq!(ada.answer(&late, "allow", &["mcp:read"]).status, 400);
    assert_eq!(ada.answer(&in_time, "allow", &["mcp:read"]).status, 303);
}

#[test]
fn getting_a_consent_page_allows_nothing() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[("prompt", "none")]);
    let (request, csrf) = (field(&page, "request"), field(&page, "csrf"));
    let query =
        format!("/oauth/consent?request={request}&csrf={csrf}&decision=allow&scope=mcp%3Aread");
    assert_eq!(browser.get(&query).status, 405);
    assert_eq!(browser.post(&query, &[("csrf", &csrf)]).status, 403, "the address is not the form");
    assert_eq!(
        server
            .send("HEAD", &authorize_path(&client, &[]), &[("cookie", browser.cookie())], &[])
            .status,
        200
    );
}

#[test]
fn a_client_deleted_meanwhile_gets_nothing() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[]);
    server.sql("update clients set deleted_at = 1");
    assert_eq!(browser.answer(&page, "allow", &["mcp:read"]).status, 400);
    assert_eq!(browser.authorize(&client, &[]).status, 400);
}
