//! That a grant or a session was used cannot be noted now, and nobody who uses it waits for that.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::thread;
use std::time::{Duration, Instant};

use lookout_server::metrics::metrics;

use crate::browser::Browser;
use crate::outages::call;
use crate::server::Server;
use crate::serving::cluster;

const CALLS: u32 = 12;
/// What every call would wait, at the least, if it waited for a note that cannot be made.
const WAIT: Duration = Duration::from_secs(1);

const IS_NOTED: &str = "select count(*) from grants where last_used_at is not null";

/// Makes some calls and loads some pages while nothing can be noted.
fn nobody_waits(server: &Server, token: &str, browser: &mut Browser<'_>) {
    let began = Instant::now();
    for _ in 0..CALLS {
        assert_eq!(call(server, token).status, 200);
        assert_eq!(browser.get("/").status, 200);
    }
    assert!(began.elapsed() < WAIT * CALLS, "{:?}", began.elapsed());
}

/// Makes a call when notes can be made again, and waits for its note.
fn a_later_call_is_noted(server: &Server, token: &str) {
    server.runtime.block_on(server.app.noted());
    assert_eq!(call(server, token).status, 200);
    server.runtime.block_on(server.app.noted());
    assert_eq!(server.count(IS_NOTED), 1);
}

#[test]
fn calls_and_pages_do_not_wait_for_a_locked_file() {
    let server = Server::start_in(None);
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    server.pass(61);
    let file = lookout_server::store::file(&server.app.config.data);
    let other = rusqlite::Connection::open(file).unwrap();
    other.execute_batch("begin immediate").unwrap();
    nobody_waits(&server, &tokens.access, &mut browser);
    other.execute_batch("rollback").unwrap();
    a_later_call_is_noted(&server, &tokens.access);
}

#[test]
fn calls_of_tools_are_answered_although_they_cannot_be_recorded() {
    let server = Server::start_in(None);
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    let call = || {
        let authorization = format!("Bearer {}", tokens.access);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2025-11-25"),
        ];
        let body =
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_warehouses"}}"#;
        let reply = server.send("POST", "/mcp", &headers, body.as_bytes());
        assert_eq!(reply.json()["result"]["isError"], false, "{reply:?}");
    };
    let recorded = || {
        server.runtime.block_on(server.app.noted());
        server.count("select count(*) from tool_calls")
    };
    call();
    assert_eq!(recorded(), 1);
    let lost = metrics().unrecorded_calls.get();
    let file = lookout_server::store::file(&server.app.config.data);
    let other = rusqlite::Connection::open(file).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let began = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    assert!(began.elapsed() < WAIT * CALLS, "{:?}", began.elapsed());
    server.runtime.block_on(server.app.noted());
    other.execute_batch("rollback").unwrap();
    assert_eq!(metrics().unrecorded_calls.get() - lost, u64::from(CALLS));
    call();
    assert_eq!(recorded(), 2);

    // A table that is away is no other matter.
    let lost = metrics().unrecorded_calls.get();
    server.sql("alter table tool_calls rename to elsewhere");
    call();
    server.runtime.block_on(server.app.noted());
    assert_eq!(metrics().unrecorded_calls.get() - lost, 1);
    server.sql("alter table elsewhere rename to tool_calls");
}

#[test]
fn calls_do_not_wait_for_a_locked_grant_and_one_note_of_it_is_under_way() {
    let Some(cluster) = cluster::shared() else { return };
    let database = cluster.fresh_database();
    let server = Server::start_in(Some(database.clone()));
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    let waiting = |what: &str| {
        server.count(&format!(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like '{what}%'"
        ))
    };
    thread::scope(|scope| {
        // It fails when it is ended.
        scope.spawn(|| {
            cluster.query(&database, "begin; select 1 from grants for update; select pg_sleep(60)")
        });
        while waiting("begin; select 1 from grants") == 0 {
            thread::yield_now();
        }
        nobody_waits(&server, &tokens.access, &mut browser);
        // Each ends after a second, so one may follow another.
        let mut seen = 0;
        for _ in 0..CALLS {
            assert_eq!(call(&server, &tokens.access).status, 200);
            let under_way = waiting("update grants set last_used_at");
            assert!(under_way <= 1, "{under_way} notes of one grant");
            seen += under_way;
        }
        assert!(seen > 0, "no note was tried");
        server.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; select 1 from grants%' and pid <> pg_backend_pid()");
    });
    a_later_call_is_noted(&server, &tokens.access);
}
