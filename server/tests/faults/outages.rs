//! PostgreSQL is killed, stopped, paused or slow, and comes back. The server is never started again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lookout_server::authority::Resource;
use serde_json::{Value, json};

use crate::assert_try_again;
use crate::browser::{Browser, Tokens};
use crate::server::{CALLBACK, Reply, Server};
use crate::serving::cluster::{self, Cluster};

/// How long an answer may take while the database is away; twice the server's deadline, because these machines are busy.
const SOON: Duration = Duration::from_millis(3600);
const RECOVERY: Duration = Duration::from_secs(5);

fn started() -> Option<(Cluster, Server)> {
    let cluster = Cluster::start()?;
    let server = Server::start_in(Some(cluster.fresh_database()));
    Some((cluster, server))
}

/// A call of the MCP endpoint.
pub(crate) fn call(server: &Server, token: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    server.send("POST", "/mcp", &headers, body.as_bytes())
}

/// What every face of the server says while the database is away.
fn everything_says_try_again(server: &Server, client: &str, cookie: &str, tokens: &Tokens) {
    let acts: [(&str, &(dyn Fn() -> Reply + Sync)); 5] = [
        ("call", &|| call(server, &tokens.access)),
        ("refresh", &|| server.refresh(client, &tokens.refresh)),
        ("revoke", &|| {
            let fields = [("client_id", client), ("token", &tokens.refresh)];
            server.post_form("/oauth/revoke", &fields, &[])
        }),
        ("register", &|| {
            server.post_json("/oauth/register", &json!({ "redirect_uris": [CALLBACK] }))
        }),
        ("page", &|| server.get("/w/demo/mcp/tokens", &[("cookie", cookie)])),
    ];
    thread::scope(|scope| {
        for (name, act) in acts {
            scope.spawn(move || {
                let asked = Instant::now();
                let reply = act();
                assert!(asked.elapsed() < SOON, "{name} took {:?}", asked.elapsed());
                assert_try_again(&reply);
            });
        }
    });
}

/// Waits until calls work again; meanwhile everything is 503.
fn recovers(server: &Server, token: &str) {
    let began = Instant::now();
    loop {
        let reply = call(server, token);
        if reply.status == 200 {
            return;
        }
        assert_try_again(&reply);
        assert!(began.elapsed() < RECOVERY, "still away after {:?}", began.elapsed());
    }
}

#[test]
fn a_client_that_tries_again_outlives_every_end_of_the_database() {
    let Some((cluster, server)) = started() else { return };
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let mut tokens = browser.connect(&client);
    for round in 0..4 {
        if round % 2 == 0 {
            cluster.kill9()
        } else {
            cluster.stop_immediate()
        }
        everything_says_try_again(&server, &client, browser.cookie(), &tokens);
        cluster.start_again();
        recovers(&server, &tokens.access);
        // The same refresh token as during the outage: it was not used up.
        let reply = server.refresh(&client, &tokens.refresh);
        tokens = Tokens::of(&reply);
    }
}

#[test]
fn a_paused_database_is_answered_for_in_time_and_forgiven() {
    let Some((cluster, server)) = started() else { return };
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    cluster.pause();
    // More often than there are connections, so that hanging ones would use up the pool.
    for _ in 0..3 {
        everything_says_try_again(&server, &client, browser.cookie(), &tokens);
    }
    cluster.resume();
    recovers(&server, &tokens.access);
    let _: Value =
        server.post_json("/oauth/register", &json!({ "redirect_uris": [CALLBACK] })).json();
}

#[test]
fn what_was_acknowledged_before_a_crash_is_there_after_it() {
    let Some((cluster, server)) = started() else { return };
    let is_over = AtomicBool::new(false);
    let register = || {
        let mut acknowledged = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let reply =
                server.post_json("/oauth/register", &json!({ "redirect_uris": [CALLBACK] }));
            match reply.status {
                201 => {
                    acknowledged.push(reply.json()["client_id"].as_str().expect("it").to_owned())
                }
                _ => assert_try_again(&reply),
            }
        }
        acknowledged
    };
    let acknowledged: Vec<String> = thread::scope(|scope| {
        let registering: Vec<_> = (0..3).map(|_| scope.spawn(register)).collect();
        for wait in [150, 70, 230] {
            thread::sleep(Duration::from_millis(wait));
            cluster.kill9();
            cluster.start_again();
        }
        thread::sleep(Duration::from_millis(500));
        is_over.store(true, Ordering::Relaxed);
        registering.into_iter().flat_map(|thread| thread.join().expect("it ends well")).collect()
    });
    assert!(acknowledged.len() > 10, "{} registrations are no traffic", acknowledged.len());
    for id in &acknowledged {
        let found = server.runtime.block_on(server.app.store.client(id)).expect("a look-up");
        assert!(found.is_some(), "{id} was acknowledged and is gone");
    }
}

#[test]
fn a_slow_database_is_no_queue_without_end() {
    let Some(cluster) = cluster::shared() else { return };
    let server = Server::start_in(Some(cluster.fresh_database()));
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    server.sql(
        "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(30); return new; end';
         create trigger slow before insert on clients for each row execute function slow()",
    );
    thread::scope(|scope| {
        for _ in 0..15 {
            scope.spawn(|| {
                let asked = Instant::now();
                let reply =
                    server.post_json("/oauth/register", &json!({ "redirect_uris": [CALLBACK] }));
                assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
                assert_try_again(&reply);
            });
        }
        let asked = Instant::now();
        let reply = call(&server, &tokens.access);
        // Registrations that wait keep nobody else waiting.
        assert!(asked.elapsed() < SOON && reply.status == 200, "{reply:?}");
    });
    server.sql("drop trigger slow on clients");
    recovers(&server, &tokens.access);
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
    server.client();
}
