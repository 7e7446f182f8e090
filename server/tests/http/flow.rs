//! From registration to revocation, as a client and a person see it.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::Resource;

use crate::browser::{Browser, Tokens, authorize_path, field};
use crate::server::{CALLBACK, EMAIL, PASSWORD, Server, VERIFIER};

#[test]
fn a_client_is_connected_refreshed_and_disconnected() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::new(&server);

    let reply = browser.authorize(&client, &[]);
    assert_eq!(reply.status, 303);
    let sign_in = reply.header("location").to_owned();
    assert!(sign_in.starts_with("/sign-in?return_to=%2Foauth%2Fauthorize%3F"), "{sign_in}");
    let page = browser.get(&sign_in);
    let (csrf, return_to) = (field(&page, "csrf"), field(&page, "return_to").replace("&#38;", "&"));
    let reply = browser.post(
        "/sign-in",
        &[("csrf", &csrf), ("return_to", &return_to), ("email", EMAIL), ("password", PASSWORD)],
    );
    assert_eq!(reply.status, 303, "{reply:?}");

    let page = browser.get(reply.header("location"));
    assert!(page.text.contains("Test application") && page.text.contains(EMAIL), "{page:?}");
    let reply = browser.answer(&page, "allow", &["mcp:read", "mcp:write"]);
    assert_eq!(reply.status, 303);
    assert!(reply.header("location").starts_with(CALLBACK));
    assert_eq!(reply.parameter("state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(reply.parameter("iss").as_deref(), Some(server.base.as_str()));
    let code = reply.parameter("code").unwrap();

    let reply = server.redeem(&client, &code);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(
        (reply.json()["token_type"].as_str(), reply.json()["expires_in"].as_i64()),
        (Some("Bearer"), Some(600))
    );
    let first = Tokens::of(&reply);
    assert_eq!(first.scope, "mcp:read mcp:write");
    assert_eq!(server.admits(&first.access, Resource::Mcp), Some(ScopeSet::all()));
    assert_eq!(server.admits(&first.access, Resource::McpReadonly), None);

    let second = Tokens::of(&server.refresh(&client, &first.refresh));
    assert_ne!(second.refresh, first.refresh);
    assert_eq!(server.admits(&second.access, Resource::Mcp), Some(ScopeSet::all()));
    assert_eq!(server.admits(&first.access, Resource::Mcp), Some(ScopeSet::all()));

    server.revoke(&client, &second.refresh);
    for token in [&first.access, &second.access] {
        assert_eq!(server.admits(token, Resource::Mcp), None);
    }
    assert_eq!(
        server.refresh(&client, &second.refresh).refusal(),
        (400, "invalid_grant".to_owned())
    );
}

#[test]
fn the_person_narrows_and_the_client_is_told() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[]);
    let code = browser.answer(&page, "allow", &["mcp:read"]).parameter("code").unwrap();
    let tokens = Tokens::of(&server.redeem(&client, &code));
    assert_eq!(tokens.scope, "mcp:read");
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), Some(ScopeSet::of(&[Scope::McpRead])));
    assert_eq!(Tokens::of(&server.refresh(&client, &tokens.refresh)).scope, "mcp:read");
}

#[test]
fn a_form_cannot_add_what_was_not_requested() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[("scope", "mcp:read")]);
    let code =
        browser.answer(&page, "allow", &["mcp:read", "mcp:write"]).parameter("code").unwrap();
    assert_eq!(Tokens::of(&server.redeem(&client, &code)).scope, "mcp:read");
}

#[test]
fn a_token_for_the_readonly_resource_reads_there_only() {
    let server = Server::start();
    let client = server.client();
    let resource = format!("{}/mcp/readonly", server.base);
    let code = Browser::signed_in(&server).allow(&client, &[("resource", &resource)]);
    let tokens = Tokens::of(&server.redeem(&client, &code));
    assert_eq!(tokens.scope, "mcp:read");
    assert_eq!(
        server.admits(&tokens.access, Resource::McpReadonly),
        Some(ScopeSet::of(&[Scope::McpRead]))
    );
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), None);
}

#[test]
fn denying_tells_the_client_and_is_final() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[]);
    let reply = browser.answer(&page, "deny", &["mcp:read"]);
    assert_eq!(reply.status, 303);
    assert_eq!(reply.parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(reply.parameter("state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(reply.parameter("iss").as_deref(), Some(server.base.as_str()));
    assert_eq!(reply.parameter("code"), None);
    let reply = browser.answer(&page, "allow", &["mcp:read"]);
    assert_eq!((reply.status, reply.header("location")), (400, ""));
}

#[test]
fn any_state_comes_back_as_it_was() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    for state in [
        "a b",
        "&=#%<>\"'",
        "\r\nSet-Cookie: x=1",
        "späti ☂ \u{202e}",
        "%41+%20",
        &"x".repeat(2048),
    ] {
        let page = browser.authorize(&client, &[("state", state)]);
        let reply = browser.answer(&page, "allow", &["mcp:read"]);
        assert_eq!(reply.parameter("state").as_deref(), Some(state));
        assert_eq!(reply.header("set-cookie"), "");
    }
    let page = browser.authorize(&client, &[("state", "")]);
    assert_eq!(browser.answer(&page, "allow", &["mcp:read"]).parameter("state"), None);
}

#[test]
fn a_loopback_client_is_answered_on_the_port_that_it_listens_on() {
    let server = Server::start();
    let client = server.client();
    let callback = "http://127.0.0.1:50123/callback";
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[("redirect_uri", callback)]);
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("form-action 'self' http://127.0.0.1:50123"), "{policy}");
    let reply = browser.answer(&page, "allow", &["mcp:read"]);
    assert!(reply.header("location").starts_with(callback));
    let code = reply.parameter("code").unwrap();
    let redeem = |redirect: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client.as_str()),
            ("code", code.as_str()),
            ("code_verifier", VERIFIER),
            ("redirect_uri", redirect),
        ];
        server.post_form("/oauth/token", &form, &[])
    };
    assert_eq!(redeem(CALLBACK).refusal(), (400, "invalid_grant".to_owned()));
    assert_eq!(redeem(callback).status, 200);
}

#[test]
fn an_authorization_request_can_be_posted() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let path = authorize_path(&client, &[]);
    let query = path.split_once('?').unwrap().1;
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let page = browser.post("/oauth/authorize", &fields);
    assert!(browser.answer(&page, "allow", &["mcp:read"]).parameter("code").is_some());
}

#[test]
fn a_person_with_several_workspaces_chooses_one() {
    let server = Server::start();
    server.add_person(EMAIL, "second", lookout_server::authority::records::Role::Member);
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[]);
    assert!(
        page.text.contains("<option value=\"demo\">")
            && page.text.contains("<option value=\"second\">")
    );
    let (request, csrf) = (field(&page, "request"), field(&page, "csrf"));
    let answer = |browser: &mut Browser<'_>, workspace: &str| {
        let fields = [
            ("request", request.as_str()),
            ("csrf", &csrf),
            ("decision", "allow"),
            ("scope", "mcp:read"),
            ("workspace", workspace),
        ];
        browser.post("/oauth/consent", &fields)
    };
    assert_eq!(answer(&mut browser, "elsewhere").status, 400);
    assert_eq!(answer(&mut browser, "").status, 400);
    assert_eq!(answer(&mut browser, "second").status, 303);
    assert!(
        browser.get("/w/second/mcp/clients").text.contains("There are none."),
        "no code was redeemed yet"
    );
}
