//! The commands of operators with the data in PostgreSQL, beside an embedded database that was left behind.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lookout_server::authority::Resource;

use crate::browser::Browser;
use crate::server::Server;
use crate::serving::cluster;

const URL: &str = "LOOKOUT_DATABASE_URL";

fn lookout(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout-server"));
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::null()).env_remove(URL);
    command
}

#[track_caller]
fn run(command: &mut Command, input: &str) -> (i32, String, String) {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("an end");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

/// A server on PostgreSQL whose folder holds a whole embedded database as well.
fn moved() -> Option<(Server, String)> {
    let url = cluster::shared()?.fresh_database();
    let server = Server::start_in(Some(url.clone()));
    let data = &server.app.config.data;
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    std::fs::create_dir(&old).unwrap();
    let key = old.join("root.key");
    std::fs::copy(data.join("root.key"), &key).unwrap();
    let (made, config) = (folder.path().join("made"), folder.path().join("lookout.toml"));
    std::fs::write(&config, format!("[keys]\nfile = {key:?}\n")).unwrap();
    let init = ["init", "--config", config.to_str().unwrap()];
    assert_eq!(run(&mut lookout(&init, &made), "").0, 0);
    std::fs::copy(made.join("lookout.db"), data.join("lookout.db")).unwrap();
    Some((server, url))
}

#[test]
fn no_command_works_on_another_database_than_the_server() {
    let Some((server, url)) = moved() else { return };
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let data = server.app.config.data.clone();
    let config = data.parent().unwrap().join("lookout.toml");
    std::fs::write(&config, format!("[database]\nurl = \"{url}\"\n")).unwrap();
    let flag = ["--database-url", url.as_str()];
    let file = ["--config", config.to_str().unwrap()];
    for place in [&flag[..], &file, &[]] {
        let command = |arguments: &[&str]| {
            let mut command = lookout(&[arguments, place].concat(), &data);
            if place.is_empty() {
                command.env(URL, &url);
            }
            command
        };
        let tokens = browser.connect(&client);
        let (code, told, message) = run(&mut command(&["leaked-token"]), &tokens.refresh);
        assert!(code == 0 && told.contains("refresh token; ended"), "{told}{message}");
        assert!(server.admits(&tokens.access, Resource::Mcp).is_none());
        assert!(run(&mut command(&["audit"]), "").1.contains("leaked_token"));
        assert!(run(&mut command(&["key", "list"]), "").1.contains("1 sessions"));
        let list = ["token", "list", "--user", crate::server::EMAIL];
        assert_eq!(run(&mut command(&list), "").0, 0);
        let (code, told, _) = run(&mut command(&["doctor"]), "");
        assert!(code == 0 && told.contains("fine     database: PostgreSQL "), "{told}");
        assert!(told.contains("lookout.db is not used"), "{told}");
    }
}

#[test]
fn the_doctor_sees_what_is_wrong_with_postgres_and_changes_nothing() {
    let Some(cluster) = cluster::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let url = cluster.fresh_database();
    assert_eq!(run(lookout(&["init"], &data).env(URL, &url), "").0, 0);
    let empty = cluster.fresh_database();
    let (code, told, _) = run(lookout(&["doctor"], &data).env(URL, &empty), "");
    assert!(code == 1 && told.contains("its schema was never made"), "{told}");
    let tables =
        cluster.query(&empty, "select count(*) from pg_tables where schemaname = 'public'");
    assert_eq!(tables.unwrap()[0][0].as_deref(), Some("0"));
    let (code, told, _) =
        run(lookout(&["doctor"], &data).env(URL, "postgres://u@192.0.2.1:1/d"), "");
    assert!(code == 1 && told.contains("may be impersonated on the way"), "{told}");
    assert!(told.contains("problem  database: cannot use the database 192.0.2.1:1/d"), "{told}");
}

#[test]
fn a_new_key_is_never_made_for_a_database_that_has_one() {
    let Some(cluster) = cluster::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    let url = cluster.fresh_database();
    assert_eq!(run(lookout(&["init"], &data).env(URL, &url), "").0, 0);
    for command in [&["init"][..], &["serve", "--demo", "--listen", "127.0.0.1:0"]] {
        let (code, _, message) = run(lookout(command, &other).env(URL, &url), "");
        assert!(code == 1 && message.contains("has root keys already"), "{message}");
        assert!(!other.exists(), "{message}");
    }
}

#[test]
fn a_key_with_many_secrets_is_retired_whole() {
    let Some(url) = cluster::shared().map(cluster::Cluster::fresh_database) else { return };
    let server = Server::start_in(Some(url));
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    server.sql("insert into tokens (digest, kind, grant_id, generation, scopes, hint, created_at, expires_at, kid)
                select sha256(cast(i as text)::bytea), 'access', grant_id, generation, scopes, hint, created_at, expires_at, kid
                from tokens, generate_series(1, 450) i where kind = 'access'");
    // More than the time of one statement for all of them together.
    server.sql("create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.005); return new; end';
                create trigger slow before update on tokens for each row execute function slow()");
    let (_, uses) = server.runtime.block_on(server.app.key_uses()).unwrap();
    assert_eq!(uses[0].tokens, 452);
    server.runtime.block_on(server.app.end_key(uses[0].kid)).unwrap();
    let (_, uses) = server.runtime.block_on(server.app.key_uses()).unwrap();
    assert!(uses.is_empty(), "{uses:?}");
    assert!(server.admits(&tokens.access, Resource::Mcp).is_none());
}

#[test]
fn an_event_that_is_committed_late_is_followed_too() {
    let Some(cluster) = cluster::shared() else { return };
    let url = cluster.fresh_database();
    let server = Server::start_in(Some(url.clone()));
    let data = server.app.config.data.clone();
    let late = std::thread::spawn({
        let url = url.clone();
        move || {
            cluster.query(&url, "begin; insert into audit_events (at, event, outcome, reason, address, detail)
                select cast(extract(epoch from clock_timestamp()) * 1000 as bigint), 'register', 'allowed', 'late', '', '';
                select pg_sleep(4); commit").unwrap();
        }
    });
    let begun = Instant::now();
    let writing = "select count(*) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(4)%' and pid <> pg_backend_pid() and wait_event = 'PgSleep'";
    while server.count(writing) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(4), "nobody writes");
        std::thread::sleep(Duration::from_millis(20));
    }
    let client = server.client();
    let mut following = lookout(&["audit", "--follow"], &data)
        .env(URL, &url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    // The people of the test were recorded before.
    let first = lines.by_ref().map(Result::unwrap).find(|line| line.contains(" register "));
    assert!(first.as_ref().is_some_and(|first| first.contains(&client)), "{first:?}");
    late.join().unwrap();
    server.client();
    let (second, third) = (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap());
    following.kill().unwrap();
    following.wait().unwrap();
    assert!(second.contains("reason=late") && !third.contains("late"), "{second} {third}");
}
