//! A replica whose keys are not those of the database any more: it calls nothing unknown, and makes nothing.

use std::time::{Duration, Instant};

use lookout_server::secret::entropy::SystemEntropy;
use lookout_server::secret::{AccessToken, RefreshToken};

use crate::browser::{Browser, Tokens};
use crate::server::{EMAIL, PASSWORD, Server};

fn call(server: &Server, token: &str) -> u16 {
    server.get("/mcp", &[("authorization", &format!("Bearer {token}"))]).status
}

#[track_caller]
fn becomes(server: &Server, word: &str) {
    let begun = Instant::now();
    while server.get("/readyz", &[]).text != word {
        assert!(begun.elapsed() < Duration::from_secs(30), "never {word}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn while_a_key_is_missing_nothing_is_called_unknown_and_nothing_is_made() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    let code = browser.allow(&client, &[]);
    let unknown = AccessToken::mint(&SystemEntropy);
    assert_eq!(call(&server, unknown.expose()), 401);
    let known = call(&server, &tokens.access);

    server.sql("insert into root_keys (kid, check_value, promoted_at) select 2, check_value, 1 from root_keys where kid = 1");
    becomes(&server, "keys\n");
    // What is found is as good as before; what is not found may be another replica's.
    assert_eq!(call(&server, &tokens.access), known);
    assert_eq!(call(&server, unknown.expose()), 503);
    let others = RefreshToken::mint(&SystemEntropy);
    assert_eq!(server.refresh(&client, others.expose()).status, 503);
    let revocation = [("client_id", client.as_str()), ("token", others.expose())];
    assert_eq!(server.post_form("/oauth/revoke", &revocation, &[]).status, 503);
    // Nothing is made, and nothing is used up by trying.
    assert_eq!(server.refresh(&client, &tokens.refresh).status, 503);
    assert_eq!(server.redeem(&client, &code).status, 503);
    let sessions = server.count("select count(*) from sessions");
    assert_eq!(Browser::new(&server).sign_in(EMAIL, PASSWORD).status, 503);
    assert_eq!(server.count("select count(*) from sessions"), sessions);
    // An end is an end.
    server.revoke(&client, &tokens.access);
    assert_eq!(call(&server, &tokens.access), 401);

    server.sql("delete from root_keys where kid = 2");
    becomes(&server, "ready\n");
    assert_eq!(call(&server, unknown.expose()), 401);
    Tokens::of(&server.redeem(&client, &code));
    Tokens::of(&server.refresh(&client, &tokens.refresh));
}

#[test]
fn nothing_is_made_under_a_retired_key_from_the_moment_on_that_it_is() {
    let server = Server::start();
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    server.sql("update root_keys set retired_at = 1 where kid = 1");
    assert_eq!(server.refresh(&client, &tokens.refresh).status, 503);
    server.sql("update root_keys set retired_at = null where kid = 1");
    becomes(&server, "ready\n");
    Tokens::of(&server.refresh(&client, &tokens.refresh));
}
