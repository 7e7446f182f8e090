//! What an operator does to accounts, and its effect at once.

use lookout_server::authority::Resource;

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
    server.add_person(EMAIL, "demo", lookout_server::authority::records::Role::Member);
    assert!(server.refuses(&token), "a new membership does not bring it back");
}
