//! The store of replicas: PostgreSQL.
//!
//! Every replica reads and writes the primary and remembers nothing, so what one of them commits all others see at once. Statements, locks and idle
//! transactions are bounded by the database, so a replica that stands still cannot hold up the others.

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

use std::time::Duration;

use PostgresStore as SqlStore;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};
use tokio::time::timeout;

use super::StoreError;
use super::steady::Steady;
use crate::config::DatabaseUrl;

/// The oldest version that is tried: 14, as PostgreSQL counts.
const OLDEST: i32 = 140_000;
/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(1);
/// How long a start waits for the database.
const START: Duration = Duration::from_millis(1500);
/// How long a connection may take to say that it is still there.
const PING: Duration = Duration::from_secs(1);
/// A connection that was used this recently is taken for good.
const FRESH: Duration = Duration::from_secs(1);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/postgres");

fn options(url: &DatabaseUrl) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(url.expose().parse::<PgConnectOptions>()?.application_name("lookout-server"))
}

/// Every statement, wait and pause of a transaction has an end.
fn bound(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("statement_timeout", "1500"),
        ("lock_timeout", "1000"),
        ("idle_in_transaction_session_timeout", "2000"),
        ("synchronous_commit", "on"),
    ])
}

/// The PostgreSQL store.
#[derive(Debug)]
pub struct PostgresStore {
    /// What is read outside decisions: bearers above all. Decisions that wait for a lock must not keep these waiting.
    readers: PgPool,
    deciders: PgPool,
    clock: Steady,
}

impl PostgresStore {
    /// Connects to the database `url` and brings its schema up to date; of several servers that start at once, one does.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached in 1.5 s, is a standby or too old, or its schema is a newer version's. The message is one line and
    /// holds no password.
    pub async fn open(url: &DatabaseUrl, connections: u32) -> Result<Self, StoreError> {
        let place = url.place();
        let unusable = |why: &dyn std::fmt::Display| {
            let why = why.to_string().replace('\n', " ");
            StoreError(format!("cannot use the database {place}: {why}").into())
        };
        let options = options(url).map_err(|error| unusable(&error))?;
        // Another server may be at the schema right now, and a change of it may take its time.
        let patient =
            options.clone().options([("statement_timeout", "60s"), ("lock_timeout", "60s")]);
        let connection = match timeout(START, patient.connect()).await {
            Ok(connected) => connected.map_err(|error| unusable(&error))?,
            Err(_) => return Err(unusable(&"it does not answer")),
        };
        prepare(connection).await.map_err(|error| unusable(&error))?;
        let options = bound(options);
        let pool = PgPoolOptions::new()
            .acquire_timeout(WAIT)
            .after_connect(|connection, _| Box::pin(async move { is_primary(connection).await }))
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move { Ok(about.idle_for < FRESH || answers(connection).await) })
            })
            // A connection that hangs must not keep its place in the pool.
            .after_release(|connection, _| Box::pin(async move { Ok(answers(connection).await) }));
        let reading = (connections / 3).max(1);
        let deciding = connections.saturating_sub(reading).max(1);
        let readers = pool.clone().max_connections(reading).connect_lazy_with(options.clone());
        let deciders = pool.max_connections(deciding).connect_lazy_with(options);
        let latest = read::latest_event(&readers).await.map_err(|error| unusable(&error))?;
        Ok(Self { readers, deciders, clock: Steady::from(latest) })
    }

    /// Connects to the database `url` as it is, for reading alone.
    ///
    /// # Errors
    ///
    /// When it cannot be reached in 1.5 s. The message is one line and holds no password.
    pub async fn look(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let unusable = |why: &dyn std::fmt::Display| {
            let why = why.to_string().replace('\n', " ");
            StoreError(format!("cannot use the database {}: {why}", url.place()).into())
        };
        let options = options(url).map_err(|error| unusable(&error))?;
        let options = bound(options).options([("default_transaction_read_only", "on")]);
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(START);
        match timeout(START, pool.connect_with(options)).await {
            Ok(Ok(pool)) => {
                Ok(Self { readers: pool.clone(), deciders: pool, clock: Steady::from(None) })
            }
            Ok(Err(error)) => Err(unusable(&error)),
            Err(_) => Err(unusable(&"it does not answer")),
        }
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
    pub(crate) const fn reader(&self) -> &PgPool {
        &self.readers
    }

    /// Connections for writing. Begin with [`PostgresStore::write`].
    pub(crate) const fn writer(&self) -> &PgPool {
        &self.deciders
    }

    /// Begins a writing transaction.
    pub(crate) async fn write(
        &self,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, StoreError> {
        Ok(self.deciders.begin_with("begin isolation level read committed read write").await?)
    }

    /// Closes every connection, after the work in progress.
    pub async fn close(&self) {
        self.readers.close().await;
        self.deciders.close().await;
    }
}

/// Judges the database and brings its schema up to date.
async fn prepare(mut connection: PgConnection) -> Result<(), StoreError> {
    let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int4")
        .fetch_one(&mut connection)
        .await?;
    if version < OLDEST {
        return Err(StoreError(
            format!("it is PostgreSQL {}; version 14 or newer is needed", version / 10_000).into(),
        ));
    }
    is_primary(&mut connection).await?;
    MIGRATIONS.run_direct(None, &mut connection, false).await?;
    Ok(connection.close().await?)
}

/// Refuses a standby: what it says is older than what the primary answered, and a revocation would not be seen.
async fn is_primary(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let is_standby: bool =
        sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(connection).await?;
    if is_standby {
        return Err(sqlx::Error::Configuration(
            "it is a standby; give the address of the primary".into(),
        ));
    }
    Ok(())
}

/// Whether a connection is alive, found out in time.
async fn answers(connection: &mut PgConnection) -> bool {
    timeout(PING, connection.ping()).await.is_ok_and(|pinged| pinged.is_ok())
}
