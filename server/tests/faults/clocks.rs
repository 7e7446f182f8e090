//! The clock of the database is set forward and back while one server looks and another does not.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use lookout_server::authority::Resource;

use crate::browser::{Browser, Tokens};
use crate::server::Server;
use crate::serving::cluster;

const HOUR: i64 = 3600;

/// A server on a database whose clock can be set. `None` where PostgreSQL is not installed.
fn started() -> Option<Server> {
    let cluster = cluster::shared()?;
    let database = cluster.fresh_database();
    let name = database.rsplit('/').next().unwrap();
    // What the server calls by its name is looked for here first.
    let search = format!("alter database {name} set search_path = public, pg_catalog");
    cluster.query(&database, &search).unwrap();
    let clock = "create table step as select 0::float8 as seconds;
         create function clock_timestamp() returns timestamptz language sql volatile as
         'select pg_catalog.clock_timestamp() + make_interval(secs => seconds) from step'";
    cluster.query(&database, clock).unwrap();
    Some(Server::start_in(Some(database)))
}

fn set(server: &Server, seconds: i64) {
    server.sql(&format!("update step set seconds = {seconds}"));
}

/// In how many seconds the last thing expires that was ever made, by the true clock.
fn last_end(server: &Server, table: &str) -> i64 {
    server.count(&format!(
        "select cast(max(expires_at) / 1000 - extract(epoch from pg_catalog.clock_timestamp()) as bigint) from {table} where expires_at is not null"
    ))
}

#[test]
fn servers_agree_after_only_one_of_them_saw_the_clock_an_hour_ahead() {
    let Some(one) = started() else { return };
    let other = one.replica();
    let client = one.client();
    let before = Browser::signed_in(&one).connect(&client);
    assert!(other.admits(&before.access, Resource::Mcp).is_some());

    set(&one, HOUR);
    // A read, a note of a use, a decision, and an event that is no decision.
    assert!(one.admits(&before.access, Resource::Mcp).is_some());
    one.runtime.block_on(one.app.noted());
    let during = Tokens::of(&one.refresh(&client, &before.refresh));
    one.runtime.block_on(one.app.note_start()).unwrap();
    set(&one, 0);

    // What was written down is what a clock begins with after a restart.
    for column in ["max(at) / 1000 from audit_events", "max(last_used_at) / 1000 from grants"] {
        let written = one.count(&format!("select {column}"));
        let now =
            one.count("select cast(extract(epoch from pg_catalog.clock_timestamp()) as bigint)");
        assert!(written <= now + 10, "{column} is {} s ahead", written - now);
    }
    // A code of the one that did not look is exchanged at the one that did, and the other way round.
    for (maker, user) in [(&other, &one), (&one, &other)] {
        let code = Browser::signed_in(maker).allow(&client, &[]);
        let tokens = Tokens::of(&user.redeem(&client, &code));
        for server in [&one, &other] {
            assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
            assert!(server.admits(&during.access, Resource::Mcp).is_some());
        }
    }
    // A code lives for a minute, so the newest one ends within it.
    assert!(last_end(&one, "codes") <= 70, "{}", last_end(&one, "codes"));
    let restarted = one.replica();
    let code = Browser::signed_in(&other).allow(&client, &[]);
    Tokens::of(&restarted.redeem(&client, &code));
}
