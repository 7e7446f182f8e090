//! Small databases for the tests.

use std::{path::PathBuf, sync::OnceLock};

use lookout_server::warehouse::{
    Embedded, EmbeddedConfig, Outcome, Statement, Warehouse, WarehouseError,
};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A warehouse over a file that lives as long as it does.
pub(super) struct Fixture {
    pub(super) warehouse: Embedded,
    pub(super) path: PathBuf,
    _folder: TempDir,
}

impl Fixture {
    pub(super) fn of(sql: &str) -> Self {
        Self::configured(sql, |config| config)
    }

    pub(super) fn configured(
        sql: &str,
        configure: impl FnOnce(EmbeddedConfig) -> EmbeddedConfig,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let warehouse =
            Embedded::open(configure(EmbeddedConfig::new("w1", "Test", &path))).unwrap();
        Self { warehouse, path, _folder: folder }
    }

    pub(super) async fn query(&self, sql: &str) -> Result<Outcome, WarehouseError> {
        self.warehouse.query(Statement::new(sql)).await
    }

    pub(super) async fn rows(&self, sql: &str) -> Vec<Vec<serde_json::Value>> {
        self.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).rows
    }
}

/// Some numbers and names, and a table of each awkward name.
pub(super) const SHOP: &str =
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, total_cents INTEGER);
    INSERT INTO orders VALUES (1, 'Ada', 1250), (2, 'Bo', 399), (3, NULL, 0);
    CREATE TABLE \"Order Items\" (id INTEGER PRIMARY KEY, \"the.name\" TEXT);
    CREATE TABLE \"a.b\" (id INTEGER PRIMARY KEY);
    CREATE VIEW big_orders AS SELECT * FROM orders WHERE total_cents > 1000;";

/// One runtime for properties, which are not asynchronous themselves.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    })
}

/// One small shop for statements that change nothing, which is all of them.
pub(super) fn shared() -> &'static Fixture {
    static SHARED: OnceLock<Fixture> = OnceLock::new();
    SHARED.get_or_init(|| Fixture::of(SHOP))
}
