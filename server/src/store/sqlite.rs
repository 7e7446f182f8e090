//! The embedded store: SQLite in the data directory.
//!
//! One connection writes, in turn, with `BEGIN IMMEDIATE`; a few others read. In WAL mode a read that begins after a commit sees it, so revocation is
//! linearizable. `synchronous=FULL` makes a commit survive a power cut.

mod decide;
mod read;
mod rows;
mod workspace;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row as _, SqlitePool};

use super::{
    Account, AuthorityStore, AuthorityTransaction, GrantListing, Retention, StoreError, StoreFuture,
};
use crate::authority::Timestamp;
use crate::authority::bearer::BearerRows;
use crate::authority::records::{Client, Membership, Session, User};
use crate::secret::keys::Digest;

const READERS: u32 = 4;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The SQLite store.
#[derive(Debug)]
pub struct SqliteStore {
    reader: SqlitePool,
    writer: SqlitePool,
}

impl SqliteStore {
    /// Opens the database file, which may be empty but must exist, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(BUSY_TIMEOUT)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        sqlx::migrate!("./migrations")
            .run(&writer)
            .await
            .map_err(|error| StoreError(error.into()))?;
        let reader = pool(READERS).connect_with(options).await?;
        Ok(Self { reader, writer })
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

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

impl AuthorityStore for SqliteStore {
    fn begin(&self) -> StoreFuture<'_, Box<dyn AuthorityTransaction>> {
        Box::pin(async move {
            let mut transaction = self.write().await?;
            let now =
                sqlx::query(concat!("select ", rows::now!())).fetch_one(&mut *transaction).await?;
            let now = Timestamp(now.try_get(0)?);
            Ok(Box::new(decide::SqliteDecision { transaction, now })
                as Box<dyn AuthorityTransaction>)
        })
    }

    fn bearer(&self, digest: Digest) -> StoreFuture<'_, Option<(Timestamp, BearerRows)>> {
        Box::pin(read::bearer(self.reader(), digest))
    }

    fn note_use<'a>(&'a self, grant_id: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(read::note_use(self.writer(), grant_id))
    }

    fn client<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Client>> {
        Box::pin(async move { rows::client(&mut *self.reader().acquire().await?, id).await })
    }

    fn visitor(&self, session: Digest) -> StoreFuture<'_, Option<(Timestamp, Session, User)>> {
        Box::pin(async move { rows::visitor(&mut *self.reader().acquire().await?, session).await })
    }

    fn note_visit(&self, session: Digest) -> StoreFuture<'_, ()> {
        Box::pin(read::note_visit(self.writer(), session))
    }

    fn account<'a>(&'a self, email: &'a str) -> StoreFuture<'a, Option<Account>> {
        Box::pin(read::account(self.reader(), email))
    }

    fn memberships<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, Vec<Membership>> {
        Box::pin(read::memberships(self.reader(), user_id))
    }

    fn grants<'a>(
        &'a self,
        workspace_id: &'a str,
    ) -> StoreFuture<'a, (Timestamp, Vec<GrantListing>)> {
        Box::pin(read::grants(self.reader(), workspace_id))
    }

    fn put_account<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, ()> {
        Box::pin(read::put_account(self, account))
    }

    fn join_workspace<'a>(
        &'a self,
        user_id: &'a str,
        membership: &'a Membership,
    ) -> StoreFuture<'a, String> {
        Box::pin(read::join_workspace(self, user_id, membership))
    }

    fn sweep(&self, retention: Retention) -> StoreFuture<'_, ()> {
        Box::pin(read::sweep(self, retention))
    }
}
