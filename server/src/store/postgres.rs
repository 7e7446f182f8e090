//! The store of replicas: PostgreSQL.
//!
//! Every replica reads and writes the primary and remembers nothing, so what one of them commits all others see at once. Statements, locks and idle
//! transactions are bounded by the database, so a replica that stands still cannot hold up the others.

mod dialect;

// The statements are the same for every database; each compiles them with its own dialect.
#[path = "sql/authority.rs"]
mod authority;
#[path = "sql/decide.rs"]
mod decide;
#[path = "sql/operations.rs"]
mod operations;
#[path = "sql/read.rs"]
mod read;
#[path = "sql/rows.rs"]
mod rows;
#[path = "sql/workspace.rs"]
mod workspace;

use std::time::Duration;

use PostgresStore as SqlStore;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::StoreError;

const CONNECTIONS: u32 = 10;
/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(1);

/// The PostgreSQL store.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
}

impl PostgresStore {
    /// Connects to the database `url` and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, is a standby, or its schema cannot be brought up to date.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("lookout-server").options([
            ("statement_timeout", "2000"),
            ("lock_timeout", "1500"),
            ("idle_in_transaction_session_timeout", "5000"),
            ("synchronous_commit", "on"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(WAIT)
            .connect_with(options)
            .await?;
        sqlx::migrate!("./migrations/postgres")
            .run(&pool)
            .await
            .map_err(|error| StoreError(error.into()))?;
        Ok(Self { pool })
    }

    /// Connections for reading.
    pub(crate) const fn reader(&self) -> &PgPool {
        &self.pool
    }

    /// Connections for writing. Begin with [`PostgresStore::write`].
    pub(crate) const fn writer(&self) -> &PgPool {
        &self.pool
    }

    /// Begins a writing transaction.
    pub(crate) async fn write(
        &self,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, StoreError> {
        Ok(self.pool.begin_with("begin isolation level read committed read write").await?)
    }

    /// Closes every connection, after the work in progress.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
