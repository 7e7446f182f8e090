//! Commits of which the database does not say how they ended, and decisions of many slow steps.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::thread;
use std::time::{Duration, Instant};

use crate::assert_try_again;
use crate::browser::{Browser, Tokens};
use crate::server::{Reply, Server};
use crate::serving::cluster::{self, Cluster};

/// Longer than any one operation of the store.
const LONG: Duration = Duration::from_millis(2500);
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until a query gives a row.
fn wait_for(cluster: &Cluster, query: &str) {
    let began = Instant::now();
    while cluster.query("postgres", query).unwrap().is_empty() {
        assert!(began.elapsed() < PATIENCE, "{query}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Refreshes as a client that tries again when it is told to.
fn persistently(server: &Server, client: &str, token: &str) -> Reply {
    let began = Instant::now();
    loop {
        let reply = server.refresh(client, token);
        if reply.status != 503 || began.elapsed() > PATIENCE {
            return reply;
        }
    }
}

#[test]
fn a_refresh_that_was_committed_is_answered_although_the_database_was_away_for_long() {
    let Some(cluster) = Cluster::start() else { return };
    let server = Server::start_in(Some(cluster.fresh_database()));
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    // A commit is written to the disk and then waits for a standby that does not exist. A restart, so that it is in force for sure.
    cluster.query("postgres", "alter system set synchronous_standby_names = 'nobody'").unwrap();
    cluster.stop_immediate();
    cluster.start_again();
    let reply = thread::scope(|scope| {
        let refreshing = scope.spawn(|| persistently(&server, &client, &tokens.refresh));
        wait_for(&cluster, "select 1 from pg_stat_activity where wait_event = 'SyncRep'");
        cluster.kill9();
        thread::sleep(LONG);
        cluster.start_again();
        refreshing.join().unwrap()
    });
    let tokens = Tokens::of(&reply);
    cluster.query("postgres", "alter system reset synchronous_standby_names").unwrap();
    cluster.query("postgres", "select pg_reload_conf()").unwrap();
    // The client has what is current, so its connection goes on.
    let reply = persistently(&server, &client, &tokens.refresh);
    Tokens::of(&reply);
}

#[test]
fn a_decision_of_slow_steps_has_one_deadline_for_all_of_them() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.fresh_database();
    // What the server calls by its name is looked for here first.
    let name = database.rsplit('/').next().unwrap();
    cluster
        .query(&database, &format!("alter database {name} set search_path = public, pg_catalog"))
        .unwrap();
    cluster
        .query(
            &database,
            "create table slowness as select 0.0::float8 as seconds;
             create function clock_timestamp() returns timestamptz language plpgsql as
             'begin perform pg_sleep(seconds) from slowness; return pg_catalog.clock_timestamp(); end';
             create function slow() returns trigger language plpgsql as
             'begin perform pg_sleep(seconds) from slowness; return new; end'",
        )
        .unwrap();
    let server = Server::start_in(Some(database));
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    server.sql(
        "create trigger slow before insert on tokens for each row execute function slow();
         update slowness set seconds = 0.8",
    );
    // Its beginning and its commit would each be in time, and together they are not.
    assert_try_again(&server.refresh(&client, &tokens.refresh));
    server.sql("update slowness set seconds = 0");
    Tokens::of(&server.refresh(&client, &tokens.refresh));
}
