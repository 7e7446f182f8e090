//! The server while its database fails, is slow, or is away: nothing is half done, nobody is told that a token is invalid, and it recovers by itself.

mod clocks;
mod embedded;
mod matrix;
mod notes;
mod outages;
mod unknown;

#[allow(dead_code, reason = "shared with the tests over HTTP, which use all of it")]
#[path = "../http/browser.rs"]
mod browser;
#[path = "../http/server.rs"]
mod server;
#[path = "../loopback/serving.rs"]
mod serving;

use server::Reply;

/// Asserts that a reply tells a client to come back, and nothing else.
#[track_caller]
fn assert_try_again(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
    for word in ["planted", "postgres", "sqlite", "select", "insert", "tokens", "panicked", "5432"]
    {
        assert!(!reply.text.to_lowercase().contains(word), "{word}: {reply:?}");
    }
}
