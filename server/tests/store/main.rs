//! The stores: SQLite and PostgreSQL give the same answers, and a throwaway PostgreSQL cluster to show it on.

mod activity;
mod agree;
mod opening;
mod operations;
mod pages;
mod schema;
mod sweeping;
mod throwaway;

#[path = "../cluster/cluster.rs"]
mod cluster;

use std::sync::Arc;

use lookout_server::config::{DatabaseSettings, DatabaseUrl};
use lookout_server::secret::keys::Kid;
use lookout_server::store::{self, Store};
use tempfile::TempDir;

/// An open store, and a way to it from outside.
struct Opened {
    store: Arc<dyn Store>,
    address: Option<String>,
    folder: TempDir,
}

impl Opened {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::File::create(store::file(folder.path())).expect("a file");
        let opened = store::open(folder.path(), &DatabaseSettings::default()).await;
        Self { store: keyed(opened.expect("a store")).await, address: None, folder }
    }

    /// `None` where PostgreSQL is not installed.
    async fn postgres() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let address = cluster::shared()?.fresh_database();
        let opened = store::open(folder.path(), &settings(&address)).await;
        Some(Self { store: keyed(opened.expect("a store")).await, address: Some(address), folder })
    }

    /// Every store that there is.
    async fn every() -> Vec<Self> {
        let mut every = vec![Self::sqlite().await];
        every.extend(Self::postgres().await);
        every
    }

    /// Runs statements from outside.
    fn sql(&self, statements: &str) {
        match &self.address {
            Some(address) => {
                let cluster = cluster::shared().expect("it has the database");
                cluster.query(address, statements).expect("a statement");
            }
            None => {
                let database = rusqlite::Connection::open(store::file(self.folder.path()));
                database.expect("the database").execute_batch(statements).expect("a statement");
            }
        }
    }
}

/// A store that knows the key that the secrets of these tests are made with.
async fn keyed(store: Arc<dyn Store>) -> Arc<dyn Store> {
    store.note_root_keys(vec![(Kid(1), [1; 32])]).await.expect("a key");
    store
}

fn settings(address: &str) -> DatabaseSettings {
    let url = Some(DatabaseUrl::from(address.to_owned()));
    DatabaseSettings { url, ..DatabaseSettings::default() }
}
