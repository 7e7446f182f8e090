//! Opening a PostgreSQL store: several at once, and what is refused, in one line and without a password.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use lookout_server::store;

use crate::{Opened, cluster, settings};

const SECRET: &str = "s3cret-of-the-database";

/// What is said about an address that cannot be used.
async fn refusal(address: &str) -> String {
    let began = Instant::now();
    let settings = settings(address);
    let error = store::open(std::path::Path::new("."), &settings).await.expect_err("a refusal");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let (shown, all) = (error.to_string(), format!("{error:?} {settings:?}"));
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(!all.contains(SECRET) && !shown.contains(SECRET), "{all}");
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_at_once_on_an_empty_database_all_start() {
    let Some(cluster) = cluster::shared() else { return };
    for _ in 0..3 {
        let address = cluster.fresh_database();
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let settings = settings(&address);
                tokio::spawn(async move {
                    let opened = store::open(std::path::Path::new("."), &settings).await;
                    opened.expect("a store").account("nobody").await.expect("a table")
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_none());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_one_line_without_the_password() {
    let Some(cluster) = cluster::shared() else { return };
    let place = cluster.address();
    let wrong = refusal(&format!("postgres://locked:{SECRET}@{place}/postgres")).await;
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    let absent = refusal(&format!("postgres://postgres:{SECRET}@{place}/absent")).await;
    assert!(absent.contains("absent"), "{absent}");
    // Nobody listens, and somebody listens and never says anything.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mute = refusal(&format!("postgres://u:{SECRET}@127.0.0.1:{port}/d")).await;
    assert!(
        mute.contains(&format!("127.0.0.1:{port}/d")) && mute.contains("does not answer"),
        "{mute}"
    );
    drop(listener);
    let closed = refusal(&format!("postgres://u:{SECRET}@127.0.0.1:{port}/d")).await;
    assert!(closed.contains("refused"), "{closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_left_alone() {
    for opened in Opened::every().await {
        let is_true = if opened.address.is_some() { "true" } else { "1" };
        opened.sql(&format!(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (99990, 'later', {is_true}, '', 1)"
        ));
        let settings = opened.address.as_deref().map(settings).unwrap_or_default();
        let error = store::open(opened.folder.path(), &settings).await.expect_err("a refusal");
        assert!(error.to_string().contains("newer version"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused() {
    let Some(cluster) = cluster::Cluster::start() else { return };
    let address = cluster.fresh_database();
    cluster.become_standby();
    let said = refusal(&address).await;
    assert!(said.contains("standby"), "{said}");
}
