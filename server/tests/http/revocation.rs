//! Revocation by clients and by people, and everything else that ends a token.

use lookout_server::authority::Resource;

use crate::browser::{Browser, Tokens, csrf_of, field};
use crate::server::{EMAIL, Server};

#[test]
fn a_client_ends_its_own_tokens_only_and_learns_nothing_about_others() {
    let server = Server::start();
    let client = server.client();
    let other = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    for token in
        [&tokens.access, &tokens.refresh, "garbage", &tokens.access.replace("lkoat_", "lkort_")]
    {
        server.revoke(&other, token);
    }
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());

    let hinted = [
        ("client_id", client.as_str()),
        ("token", &tokens.access),
        ("token_type_hint", "refresh_token"),
    ];
    assert_eq!(server.post_form("/oauth/revoke", &hinted, &[]).status, 200);
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), None, "a wrong hint still works");
    let next = Tokens::of(&server.refresh(&client, &tokens.refresh));
    assert!(server.admits(&next.access, Resource::Mcp).is_some(), "an access token ends alone");
    server.revoke(&client, &tokens.access);

    let hinted = [
        ("client_id", client.as_str()),
        ("token", &next.refresh),
        ("token_type_hint", "access_token"),
    ];
    assert_eq!(server.post_form("/oauth/revoke", &hinted, &[]).status, 200);
    assert_eq!(server.admits(&next.access, Resource::Mcp), None, "a refresh token ends the grant");
    server.revoke(&client, &next.refresh);

    assert_eq!(
        server
            .post_form("/oauth/revoke", &[("client_id", "unknown"), ("token", "x")], &[])
            .refusal()
            .0,
        401
    );
    assert_eq!(
        server.post_form("/oauth/revoke", &[("client_id", &client)], &[]).refusal().1,
        "invalid_request"
    );
    assert_eq!(server.get("/oauth/revoke", &[]).status, 405);
}

#[test]
fn disabling_a_person_deleting_a_client_or_ending_a_membership_ends_every_token() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    let changes = [
        ("update users set disabled_at = 1", "update users set disabled_at = null"),
        ("update clients set deleted_at = 1", "update clients set deleted_at = null"),
    ];
    for (end, restore) in changes {
        server.sql(end);
        assert_eq!(server.admits(&tokens.access, Resource::Mcp), None, "{end}");
        assert_ne!(server.refresh(&client, &tokens.refresh).status, 200, "{end}");
        server.sql(restore);
        assert!(server.admits(&tokens.access, Resource::Mcp).is_some(), "{restore}");
    }
    server.sql("delete from memberships");
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), None);
    assert_ne!(server.refresh(&client, &tokens.refresh).status, 200);
    server.sql("update users set disabled_at = 1");
    assert_eq!(browser.get("/").status, 303, "a disabled person's session is over");
    assert_eq!(Browser::new(&server).sign_in(EMAIL, crate::server::PASSWORD).status, 401);
}

#[test]
fn a_programmatic_token_lives_until_its_person_revokes_it() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get("/w/demo/mcp/tokens");
    let csrf = csrf_of(&page, "/w/demo/mcp/tokens");
    let form = [("csrf", csrf.as_str()), ("name", "nightly"), ("scope", "mcp:read"), ("days", "7")];
    let page = browser.post("/w/demo/mcp/tokens", &form);
    let token = page
        .text
        .split_once("<code id=\"new-token\" class=\"uri\">")
        .unwrap()
        .1
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    assert!(token.len() == 55 && token.starts_with("lkmcp_"), "{token}");
    for resource in [Resource::Mcp, Resource::McpReadonly] {
        assert_eq!(server.admits(&token, resource), Some("mcp:read".parse().unwrap()));
    }
    server.revoke(&client, &token);
    assert!(server.admits(&token, Resource::Mcp).is_some(), "no client owns it");

    let list = browser.get("/w/demo/mcp/tokens");
    assert!(!list.text.contains(&token) && list.text.contains(&token[..9]), "shown once");
    let (csrf, grant) = (csrf_of(&list, "/w/demo/mcp/tokens/revoke"), field(&list, "grant"));
    assert_eq!(
        browser.post("/w/demo/mcp/tokens/revoke", &[("csrf", &csrf), ("grant", &grant)]).status,
        303
    );
    assert_eq!(server.admits(&token, Resource::Mcp), None);

    let form = [("csrf", csrf.as_str()), ("name", "weekly"), ("scope", "mcp:read"), ("days", "7")];
    assert_eq!(browser.post("/w/demo/mcp/tokens", &form).status, 403, "the token of another form");
}

#[test]
fn only_access_and_programmatic_tokens_are_bearer_tokens() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let code = browser.allow(&client, &[]);
    let tokens = browser.connect(&client);
    let swapped = tokens.refresh.replace("lkort_", "lkoat_");
    for secret in
        [code.as_str(), &tokens.refresh, browser.secret(), &swapped, &client, "", "lkoat_"]
    {
        assert_eq!(server.admits(secret, Resource::Mcp), None, "{secret}");
    }
    for index in 0..tokens.access.len() {
        let mut near = tokens.access.clone();
        near.replace_range(index..=index, if &near[index..=index] == "x" { "y" } else { "x" });
        assert_eq!(server.admits(&near, Resource::Mcp), None, "{near}");
    }
    for near in
        [&tokens.access[..54], &format!("{}0", tokens.access), &tokens.access.to_uppercase()]
    {
        assert_eq!(server.admits(near, Resource::Mcp), None);
    }
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
    let bearer = format!("Bearer {}", tokens.access);
    assert_eq!(
        server.get("/w/demo/mcp/tokens", &[("authorization", &bearer)]).status,
        303,
        "no token opens a page"
    );
    let cookie = [("cookie", browser.cookie())];
    let form = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
    assert_eq!(
        server.post_form("/oauth/token", &form, &cookie).refusal().0,
        401,
        "no session is a client"
    );
}
