//! What an operator does to accounts, and its effect at once.

use lookout_server::authority::Resource;
use lookout_server::authority::records::Role;

use crate::browser::{Browser, csrf_of};
use crate::server::{EMAIL, Server};

fn token(browser: &mut Browser<'_>) -> String {
    let csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
    let form = [("csrf", csrf.as_str()), ("name", "ci"), ("scope", "mcp:read"), ("days", "1")];
    let page = browser.post("/w/demo/mcp/tokens", &form);
    let shown = page.text.split("id=\"new-token\" class=\"uri\">").nth(1).expect("a token");
    shown.split('<').next().expect("a token").to_owned()
}

#[test]
fn a_disabled_account_loses_its_sessions_and_its_tokens_are_refused_meanwhile() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, EMAIL);
    let token = token(&mut browser);
    let set_disabled = |disabled| {
        server.runtime.block_on(async {
            let user = server.app.person(EMAIL).await.expect("a person");
            server.app.set_disabled(&user, disabled).await.expect("a store");
        });
    };
    assert!(server.admits(&token, Resource::Mcp).is_some());
    set_disabled(true);
    assert!(!browser.is_signed_in() && server.refuses(&token));
    assert_eq!(Browser::new(&server).sign_in(EMAIL, crate::server::PASSWORD).status, 401);
    set_disabled(false);
    assert!(server.admits(&token, Resource::Mcp).is_some());
    assert!(!browser.is_signed_in(), "a session does not come back");
    Browser::signed_in(&server, EMAIL);
}

#[test]
fn a_change_of_rights_is_in_the_audit_log_and_what_changes_nothing_is_not() {
    let server = Server::start();
    let recorded = |event: &str, detail: &str| {
        server.count(&format!(
            "select count(*) from audit_events e join users u on u.id = e.user_id
             where event = '{event}' and outcome = 'allowed' and detail = '{detail}' and u.email = '{EMAIL}'"
        ))
    };
    assert_eq!(recorded("account", "added with a password"), 1);
    assert_eq!(recorded("membership", "added as member"), 1);
    server.add_person(EMAIL, "demo", Role::Owner);
    assert_eq!(recorded("account", "password set by an operator"), 1);
    assert_eq!(recorded("membership", "owner, was member"), 1);
    let named = "select count(*) from audit_events e join workspaces w on w.id = e.workspace_id where event = 'membership' and w.slug = 'demo'";
    assert_eq!(server.count(named), 2);
    assert_eq!(server.count("select count(*) from memberships where role = 'owner'"), 1);
    let again = server.runtime.block_on(server.app.add_account(EMAIL, None, "a long password"));
    assert!(again.is_err());

    Browser::signed_in(&server, EMAIL);
    let mut browser = Browser::signed_in(&server, EMAIL);
    let page = browser.get("/account");
    let (one, others) = ("/account/sessions/end", "/account/sessions/end-others");
    let csrf = csrf_of(&page, one);
    let unknown = [("csrf", csrf.as_str()), ("session", "unknown")];
    assert_eq!(browser.post(one, &unknown).status, 303);
    assert_eq!(recorded("sign_out", "another session"), 0);
    let id = crate::browser::field(&page, "session");
    assert_eq!(browser.post(one, &[("csrf", &csrf), ("session", &id)]).status, 303);
    assert_eq!(recorded("sign_out", "another session"), 1);
    Browser::signed_in(&server, EMAIL);
    let csrf = csrf_of(&browser.get("/account"), others);
    for _ in 0..2 {
        assert_eq!(browser.post(others, &[("csrf", &csrf)]).status, 303);
    }
    assert_eq!(recorded("sign_out", "every other session"), 1);
}

#[test]
fn leaving_a_workspace_ends_what_was_granted_in_it_for_good() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, EMAIL);
    let token = token(&mut browser);
    server.runtime.block_on(async {
        let user = server.app.person(EMAIL).await.expect("a person");
        server.app.leave_workspace(&user, "demo").await.expect("a member");
        assert!(server.app.leave_workspace(&user, "demo").await.is_err());
    });
    assert!(server.refuses(&token));
    assert_eq!(browser.get("/w/demo/mcp/tokens").status, 404);
    server.add_person(EMAIL, "demo", Role::Member);
    assert!(server.refuses(&token), "a new membership does not bring it back");
}
