//! The embedded store: SQLite in the data directory.
//!
//! One connection writes, in turn, with `BEGIN IMMEDIATE`; a few others read. In WAL mode a read that begins after a commit sees it, so revocation is
//! linearizable. `synchronous=FULL` makes a commit survive a power cut.

mod dialect;

// The statements are the same for every database; each compiles them with its own dialect.
#[path = "sql/activity.rs"]
mod activity;
#[path = "sql/authority.rs"]
mod authority;
#[path = "sql/changes.rs"]
mod changes;
#[path = "sql/decide.rs"]
mod decide;
#[path = "sql/keys.rs"]
mod keys;
#[path = "sql/operations.rs"]
mod operations;
#[path = "sql/people.rs"]
mod people;
#[path = "sql/people_changes.rs"]
mod people_changes;
#[path = "sql/read.rs"]
mod read;
#[path = "sql/rows.rs"]
mod rows;
#[path = "sql/sweep.rs"]
mod sweep;
#[path = "sql/workspace.rs"]
mod workspace;

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::StoreError;
use super::steady::Steady;
use SqliteStore as SqlStore;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

const READERS: u32 = 4;
/// How long a request waits for its turn, in this process and for another one's, before it is told to come back.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1500);

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
}

/// The SQLite store.
#[derive(Debug)]
pub struct SqliteStore {
    reader: SqlitePool,
    writer: SqlitePool,
    clock: Steady,
}

impl SqliteStore {
    /// Opens the database file, which may be empty but must exist, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = options(path).journal_mode(SqliteJournalMode::Wal);
        Self::with(options, Some(&MIGRATIONS)).await
    }

    /// Opens the database file as it is, for reading alone.
    pub async fn look(path: &Path) -> Result<Self, StoreError> {
        Self::with(options(path).read_only(true), None).await
    }

    async fn with(
        options: SqliteConnectOptions,
        migrations: Option<&Migrator>,
    ) -> Result<Self, StoreError> {
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(BUSY_TIMEOUT)
        };
        let file = options.get_filename().to_owned();
        let writer = pool(1).connect_with(options.clone()).await.map_err(|error| {
            StoreError(format!("cannot open the database {}: {error}", file.display()).into())
        })?;
        let reader = pool(READERS).connect_with(options).await?;
        let mut latest = None;
        if let Some(migrations) = migrations {
            migrations.run(&writer).await?;
            latest = read::latest_event(&reader).await?;
        }
        let clock = Steady::from(latest);
        Ok(Self { reader, writer, clock })
    }

    /// The newest schema that this version knows.
    pub(crate) fn schema() -> i64 {
        MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
    }

    /// The time.
    pub(crate) const fn clock(&self) -> &Steady {
        &self.clock
    }

    /// Connections for reading.
    pub(crate) const fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// The connection for writing. Begin with [`SqliteStore::write`].
    pub(crate) const fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// Begins a writing transaction, which holds the write lock from the start.
    pub(crate) async fn write(
        &self,
    ) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, StoreError> {
        Ok(self.writer().begin_with("begin immediate").await?)
    }

    /// Closes every connection, after the work in progress.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}
