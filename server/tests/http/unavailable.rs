//! When the database does not answer, nothing is decided and nobody loses a token.

use lookout_server::authority::Resource;

use crate::browser::{Browser, Tokens};
use crate::server::{Reply, Server};

#[track_caller]
fn assert_unavailable(reply: &Reply) {
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"), "{reply:?}");
    for word in ["table", "tokens", "sqlite", "select", "panicked"] {
        assert!(!reply.text.to_lowercase().contains(word), "{reply:?}");
    }
}

#[test]
fn a_database_that_fails_is_answered_with_try_again() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    let last = if tokens.access.ends_with('x') { 'y' } else { 'x' };
    let garbled = format!("{}{last}", &tokens.access[..54]);
    assert!(server.refuses(&garbled) && !server.refuses(&tokens.access));

    server.sql("alter table tokens rename to hidden");
    assert_unavailable(&server.refresh(&client, &tokens.refresh));
    assert_unavailable(&server.post_form(
        "/oauth/revoke",
        &[("client_id", &client), ("token", &tokens.access)],
        &[],
    ));
    assert_unavailable(&browser.get("/w/demo/mcp/tokens"));
    assert!(
        !server.refuses(&tokens.access),
        "a token that cannot be checked is not called invalid"
    );
    assert!(server.refuses(&garbled), "a wrong checksum needs no look-up");
    server.sql("alter table hidden rename to tokens");

    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
    Tokens::of(&server.refresh(&client, &tokens.refresh));
}

#[test]
fn a_page_is_shown_although_the_visit_cannot_be_noted() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    server.pass(61);
    server.jam("sessions");
    assert_eq!(browser.get("/").status, 200);
    server.mend("sessions");
    assert_eq!(browser.get("/").status, 200);
}
