//! Registration (RFC 7591).

use serde_json::{Value, json};

use crate::browser::{Browser, csrf_of};
use crate::server::{CALLBACK, Server};

#[test]
fn the_response_says_what_is_in_effect() {
    let server = Server::start();
    let document = json!({
        "redirect_uris": [CALLBACK, "https://app.example/cb"],
        "client_name": "  A\u{202e}\u{200b} very\n\tlong   name ".to_owned() + &"x".repeat(100),
        "grant_types": ["authorization_code", "password", "refresh_token"],
        "scope": "openid mcp:read",
        "client_id": "chosen", "trusted": true, "skip_consent": true, "software_statement": "x", "logo_uri": "https://evil.example/x.png",
    });
    let reply = server.post_json("/oauth/register", &document);
    assert_eq!((reply.status, reply.header("cache-control")), (201, "no-store"));
    let client = reply.json();
    let name = client["client_name"].as_str().unwrap();
    assert!(name.starts_with("A very long name xxx") && name.chars().count() == 64, "{name}");
    assert_eq!(client["redirect_uris"], document["redirect_uris"]);
    assert_eq!(client["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(client["response_types"], json!(["code"]));
    assert_eq!(client["token_endpoint_auth_method"], "none");
    assert_eq!(client["scope"], "mcp:read");
    assert!(client["client_id"].as_str().is_some_and(|id| id.len() == 22));
    assert!(client["client_id_issued_at"].as_i64().is_some_and(|at| at > 1_700_000_000));
    for absent in [
        "client_secret",
        "client_secret_expires_at",
        "trusted",
        "skip_consent",
        "software_statement",
        "logo_uri",
    ] {
        assert_eq!(client.get(absent), None, "{absent}");
    }
    let client =
        server.post_json("/oauth/register", &json!({ "redirect_uris": [CALLBACK] })).json();
    assert_eq!(client["grant_types"], json!(["authorization_code"]), "the default of RFC 7591");
    let secret =
        json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post" });
    let client = server.post_json("/oauth/register", &secret).json();
    assert!(client["client_secret"].as_str().is_some_and(|secret| secret.starts_with("lkocs_")));
    assert_eq!(client["client_secret_expires_at"], 0);
}

#[test]
fn what_cannot_be_registered_is_refused_by_name() {
    let server = Server::start();
    let with = |key: &str, value: Value| {
        let mut document = json!({ "redirect_uris": [CALLBACK] });
        document[key] = value;
        document
    };
    let eleven: Vec<&str> = vec![CALLBACK; 11];
    let cases = [
        (json!({}), "invalid_redirect_uri"),
        (with("redirect_uris", json!([])), "invalid_redirect_uri"),
        (with("redirect_uris", json!(CALLBACK)), "invalid_redirect_uri"),
        (with("redirect_uris", json!([CALLBACK, 7])), "invalid_redirect_uri"),
        (with("redirect_uris", json!(eleven)), "invalid_redirect_uri"),
        (with("redirect_uris", json!([CALLBACK, "JaVaScRiPt:alert(1)"])), "invalid_redirect_uri"),
        (with("redirect_uris", json!(["http://app.example/cb"])), "invalid_redirect_uri"),
        (with("redirect_uris", json!(["https://app.example/cb?code=x"])), "invalid_redirect_uri"),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), "invalid_client_metadata"),
        (with("grant_types", json!(["refresh_token"])), "invalid_client_metadata"),
        (with("grant_types", json!("authorization_code")), "invalid_client_metadata"),
        (with("response_types", json!(["token"])), "invalid_client_metadata"),
        (with("client_name", json!(["x"])), "invalid_client_metadata"),
        (json!([1]), "invalid_client_metadata"),
    ];
    for (document, error) in cases {
        assert_eq!(
            server.post_json("/oauth/register", &document).refusal(),
            (400, error.to_owned()),
            "{document}"
        );
    }
    let json = [("content-type", "application/json")];
    for body in [
        "",
        "{",
        "{\"redirect_uris\":",
        "\u{0}",
        &"[".repeat(5000),
        "{\"redirect_uris\":[\"https://a.example/\"],\"redirect_uris\":[]}",
    ] {
        let reply = server.send("POST", "/oauth/register", &json, body.as_bytes());
        assert_eq!(reply.status, 400, "{body:.40}: {reply:?}");
    }
    let large = with("client_name", json!("x".repeat(17 * 1024)));
    assert_eq!(
        server.post_json("/oauth/register", &large).refusal(),
        (413, "invalid_request".to_owned())
    );
    let form = [("redirect_uris", CALLBACK)];
    assert_eq!(
        server.post_form("/oauth/register", &form, &[]).refusal(),
        (400, "invalid_request".to_owned())
    );
}

#[test]
fn unused_clients_are_bounded_and_removed_after_a_day_and_used_ones_stay() {
    let server = Server::start_with(|settings| settings.limits.unconsented_clients = 3);
    let used = server.client();
    let tokens = Browser::signed_in(&server).connect(&used);
    for _ in 0..3 {
        server.client();
    }
    let document = json!({ "redirect_uris": [CALLBACK] });
    let reply = server.post_json("/oauth/register", &document);
    assert_eq!((reply.status, reply.header("retry-after")), (429, "60"));
    server.sql("update clients set created_at = created_at - 86400001");
    server.sweep();
    assert_eq!(server.post_json("/oauth/register", &document).status, 201);
    assert_eq!(server.refresh(&used, &tokens.refresh).status, 200);
}

#[test]
fn a_registration_flood_does_not_lock_out_a_new_client() {
    let server = Server::start_with(|settings| settings.limits.unconsented_clients = 10);
    let used = server.client();
    let tokens = Browser::signed_in(&server).connect(&used);
    let asked = server.client();
    let page = Browser::signed_in(&server).authorize(&asked, &[]);
    assert_eq!(page.status, 200, "somebody is being asked");
    let document = json!({ "redirect_uris": [CALLBACK] });
    let flood = (0..30).map(|_| server.post_json("/oauth/register", &document).status);
    assert_eq!(flood.filter(|status| *status == 201).count(), 9, "its size is bounded");
    // The flood goes on for days, and somebody comes along every ten minutes.
    for _ in 0..20 {
        server.sql("update clients set created_at = created_at - 600001");
        assert_eq!(server.post_json("/oauth/register", &document).status, 201);
    }
    assert_eq!(server.refresh(&used, &tokens.refresh).status, 200);
    assert_eq!(Browser::signed_in(&server).authorize(&asked, &[]).status, 200);
}

#[test]
fn a_client_that_a_member_registers_is_kept_and_neither_bounded_nor_counted() {
    let server = Server::start_with(|settings| settings.limits.unconsented_clients = 1);
    let anonymous = server.client();
    let document = json!({ "redirect_uris": [CALLBACK] });
    assert_eq!(server.post_json("/oauth/register", &document).status, 429);

    let mut browser = Browser::signed_in(&server);
    let csrf = csrf_of(&browser.get("/w/demo/mcp/clients"), "/w/demo/mcp/clients");
    let form = [("csrf", csrf.as_str()), ("name", "Mine"), ("redirect_uris", CALLBACK)];
    let page = browser.post("/w/demo/mcp/clients", &form);
    assert_eq!(page.status, 200, "the bound is not for members: {page:?}");
    let after = page.text.split_once("id=\"new-client\" class=\"uri\">").expect("a client").1;
    let own = after.split('<').next().expect("an identifier");

    server.sql("update clients set created_at = created_at - 86400001");
    server.sweep();
    assert_eq!(browser.authorize(&anonymous, &[]).status, 400, "it is gone");
    assert_eq!(server.post_json("/oauth/register", &document).status, 201, "there is room again");
    browser.connect(own);
}
