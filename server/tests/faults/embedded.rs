//! The embedded database is locked by somebody else.

use std::time::{Duration, Instant};

use lookout_server::authority::Resource;
use serde_json::json;

use crate::assert_try_again;
use crate::browser::{Browser, Tokens};
use crate::server::{CALLBACK, Server};

#[test]
fn a_locked_database_is_read_and_what_would_be_written_is_told_to_come_back() {
    let server = Server::start_in(None);
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    let file = lookout_server::store::file(&server.app.config.data);
    let other = rusqlite::Connection::open(file).unwrap();
    other.execute_batch("begin immediate").unwrap();
    for _ in 0..2 {
        let asked = Instant::now();
        let reply = server.post_json("/oauth/register", &json!({ "redirect_uris": [CALLBACK] }));
        assert_try_again(&reply);
        assert_try_again(&server.refresh(&client, &tokens.refresh));
        assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
        assert!(server.admits(&tokens.access, Resource::Mcp).is_some(), "reading goes on");
    }
    other.execute_batch("rollback").unwrap();
    Tokens::of(&server.refresh(&client, &tokens.refresh));
}
