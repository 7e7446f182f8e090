//! What is removed when it can never matter again, and what is not.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::browser::{Browser, Tokens};
use crate::server::{CALLBACK, Server};

const DAY: i64 = 86_400;

fn count(server: &Server, table: &str) -> i64 {
    let database = rusqlite::Connection::open(server.app.config.data.join("lookout.db")).unwrap();
    let statement = format!("select count(*) from {table}");
    database.query_row(&statement, [], |row| row.get(0)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 8,
        rng_seed: RngSeed::Fixed(62),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// However time passes between refreshes and sweeps, a used refresh token that comes back is recognised: the connection ends with it.
    #[test]
    fn reuse_is_recognised_for_as_long_as_the_connection_lives(
        pauses in prop::collection::vec(0..6 * DAY, 1..4),
        reused in any::<prop::sample::Index>(),
        later in 0..6 * DAY,
    ) {
        let server = Server::start();
        let client = server.client();
        let mut newest = Browser::signed_in(&server).connect(&client);
        let mut used = Vec::new();
        for pause in pauses {
            server.pass(pause);
            server.sweep();
            used.push(newest.refresh.clone());
            newest = Tokens::of(&server.refresh(&client, &newest.refresh));
        }
        server.pass(later);
        server.sweep();
        let old = &used[reused.index(used.len())];
        let reply = server.refresh(&client, old);
        prop_assert_eq!(reply.refusal(), (400, "invalid_grant".to_owned()));
        let reply = server.refresh(&client, &newest.refresh);
        prop_assert_eq!(reply.refusal(), (400, "invalid_grant".to_owned()), "the connection lives on");
        prop_assert_eq!(count(&server, "grants where revoked_at is not null"), 1);
    }
}

/// What the law above would notice: a sweep that takes used refresh tokens for dead rows.
#[test]
fn a_sweep_that_forgets_used_refresh_tokens_leaves_a_thief_unnoticed() {
    let server = Server::start();
    let client = server.client();
    let first = Browser::signed_in(&server).connect(&client);
    let second = Tokens::of(&server.refresh(&client, &first.refresh));
    server.sql("delete from tokens where superseded_at is not null");
    assert_eq!(server.refresh(&client, &first.refresh).refusal().0, 400);
    assert_eq!(server.refresh(&client, &second.refresh).status, 200, "the reuse went unnoticed");
}

#[test]
fn dead_rows_are_removed_and_young_ones_stay() {
    let server = Server::start();
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    let now = "cast(unixepoch('subsec') * 1000 as integer)";
    let days = |age: i64| format!("{now} - {} * 86400000", age);
    let kept = [
        (
            "save_keys",
            7,
            "grant_id, key, digest, answer, created_at",
            "select id, 'K', x'00', '', AT from grants",
        ),
        (
            "setup_links",
            1,
            "digest, user_id, created_at, expires_at",
            "select randomblob(32), id, 0, AT from users",
        ),
        (
            "upstream_sign_ins",
            1,
            "state, browser, nonce, verifier, return_to, expires_at",
            "select randomblob(32), x'00', '', '', '/', AT",
        ),
        ("sign_in_failures", 1, "key, failures, last_at", "select randomblob(32), 3, AT"),
    ];
    for (table, age, columns, select) in kept {
        for (key, at) in [("young", now.to_owned()), ("old", format!("{} - 1000", days(age)))] {
            let select = select.replace("AT", &at).replace("'K'", &format!("'{key}'"));
            server.sql(&format!("insert into {table} ({columns}) {select}"));
        }
        assert_eq!(count(&server, table), 2);
    }
    // More than one batch of them.
    server.sql(&format!(
        "insert into authorization_requests (id, session, client_id, redirect_uri, scopes, resource, challenge_method, expires_at)
         with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 1300)
         select 'old ' || n, x'00', '{client}', '{CALLBACK}', '', '/mcp', 'S256', {} - 1000 from numbers",
        days(1)
    ));
    server.sweep();
    for (table, ..) in kept {
        assert_eq!(count(&server, table), 1, "{table}");
    }
    assert_eq!(count(&server, "save_keys where key = 'young'"), 1);
    assert_eq!(count(&server, "authorization_requests where id like 'old %'"), 0);
    assert_eq!(server.refresh(&client, &tokens.refresh).status, 200);
}

#[test]
fn the_tokens_of_a_connection_go_long_after_it_ended() {
    let server = Server::start();
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    server.revoke(&client, &tokens.refresh);
    let revoked = |days: i64| {
        server.sql(&format!("update grants set revoked_at = revoked_at - {days} * 86400000"));
        server.sweep();
        count(&server, "tokens where kind = 'refresh'")
    };
    assert_eq!(revoked(59), 1, "reuse is recognised after the end as well");
    assert_eq!(revoked(2), 0);
    assert_eq!(server.refresh(&client, &tokens.refresh).refusal().0, 400);
}
