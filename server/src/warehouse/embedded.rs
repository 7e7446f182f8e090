//! The embedded engine: one SQLite file, opened read-only, behind a fixed number of threads.
//!
//! SQLite has one schema that matters here, `main`, and that is the name shown. The catalogue is read once, when the file is opened.
//!
//! Types: SQLite stores what it is given, so the declared type of a column decides how its values are shown. `BOOLEAN` becomes a JSON boolean,
//! `TIMESTAMP` is RFC 3339 text in UTC, `DATE` and `TIME` are text, `JSON` is JSON text, and `DECIMAL(p,s)` is a string with exactly `s` places.
//! SQLite has no exact decimal, hence this convention for money: an integer column of minor units, over which `SUM` is exact, and beside it a
//! generated `DECIMAL` column of the same amount for reading; a sum over the latter is a double.
//!
//! Invariant: the engine refuses on its own what the [`Guard`] refuses, and a statement whose caller has gone stops within some thousand steps of
//! the virtual machine.
//!
//! Deliberately absent: watching the file for a new schema. Replace the file and restart.

mod cell;
mod execute;
mod functions;
mod introspect;
#[cfg(test)]
mod layers;
mod pool;
mod refusal;
mod session;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use self::pool::{Job, Pool, Work};
use super::{
    Catalogue, Checked, Guard, Outcome, Pending, Statement, Table, TableDescription, Warehouse,
    WarehouseError, WarehouseInfo, WarehouseKind, guard,
};

/// How long past its deadline a caller waits for the engine to notice it.
const GRACE: Duration = Duration::from_millis(500);
/// Time allowed to compile a statement that is only checked.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// What SQLite cannot say about a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comment {
    /// What the table holds.
    pub table: String,
    /// What its columns hold, by name.
    pub columns: BTreeMap<String, String>,
}

/// An embedded warehouse, as the operator configures it.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Opaque identifier.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// The SQLite file. It must exist.
    pub path: PathBuf,
    /// What the data is about.
    pub description: Option<String>,
    /// Comments by table name.
    pub comments: BTreeMap<String, Comment>,
    /// Tables and views that may be read; `None` means all. A view needs the tables below it to be listed too.
    pub expose: Option<BTreeSet<String>>,
    /// Statements that run at the same time, each on a thread and connection of its own.
    pub max_concurrent: usize,
    /// Statements that wait for a free connection before the next one is refused.
    pub max_queued: usize,
}

impl EmbeddedConfig {
    /// A configuration for one file: every table, four connections, sixteen places to wait.
    pub fn new(id: impl Into<String>, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            path: path.into(),
            description: None,
            comments: BTreeMap::new(),
            expose: None,
            max_concurrent: 4,
            max_queued: 16,
        }
    }
}

/// Why an embedded warehouse cannot be opened. For the operator: it names the file.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the warehouse file {}: {reason}", path.display())]
pub struct OpenError {
    path: PathBuf,
    reason: String,
}

/// One SQLite file as a warehouse.
pub struct Embedded {
    info: WarehouseInfo,
    catalogue: Arc<Catalogue>,
    pool: Pool,
    started: AtomicU64,
    salt: RandomState,
}

impl Embedded {
    /// Opens the file, reads its catalogue and starts the threads.
    ///
    /// # Errors
    /// When the file is missing, is no SQLite database, or a thread cannot be started.
    pub fn open(config: EmbeddedConfig) -> Result<Self, OpenError> {
        let failed = |reason: String| OpenError { path: config.path.clone(), reason };
        let catalogue =
            introspect::catalogue(&config).map_err(|error| failed(error.to_string()))?;
        let catalogue = Arc::new(catalogue);
        let guard = Guard::new(&guard::SQLITE, Arc::clone(&catalogue));
        let pool =
            Pool::start(&config, &catalogue, &guard).map_err(|error| failed(error.to_string()))?;
        let info = WarehouseInfo {
            id: config.id,
            name: config.name,
            kind: WarehouseKind::Sqlite,
            dialect: guard::SQLITE.name,
            database: None,
            description: config.description,
        };
        Ok(Self { info, catalogue, pool, started: AtomicU64::new(0), salt: RandomState::new() })
    }

    /// Puts work on the queue and waits for its answer. The work is cancelled when the returned future is dropped.
    async fn submit<T: Send + 'static>(
        &self,
        timeout: Duration,
        caller: Option<Arc<str>>,
        work: impl FnOnce(oneshot::Sender<Result<T, WarehouseError>>) -> Work,
    ) -> Result<T, WarehouseError> {
        let deadline = Instant::now() + timeout;
        let (reply, answer) = oneshot::channel();
        let job = Job {
            deadline,
            cancelled: Arc::default(),
            started: Arc::default(),
            caller,
            work: work(reply),
        };
        let started = Arc::clone(&job.started);
        let _cancel = CancelOnDrop(Arc::clone(&job.cancelled));
        self.pool.push(job)?;
        match tokio::time::timeout_at((deadline + GRACE).into(), answer).await {
            Ok(Ok(result)) => result.map_err(|error| with_seconds(error, timeout)),
            Ok(Err(_)) => Err(WarehouseError::WarehouseUnavailable),
            Err(_) if started.load(Ordering::Acquire) => {
                Err(WarehouseError::QueryTimeout { seconds: timeout.as_secs() })
            }
            Err(_) => Err(WarehouseError::TooManyConcurrentQueries),
        }
    }

    fn statement_id(&self, sql: &str) -> String {
        let count = self.started.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.salt.hash_one((sql, count)))
    }
}

/// The engine knows the deadline, the caller knows what was asked for.
fn with_seconds(error: WarehouseError, timeout: Duration) -> WarehouseError {
    match error {
        WarehouseError::QueryTimeout { .. } => {
            WarehouseError::QueryTimeout { seconds: timeout.as_secs() }
        }
        other => other,
    }
}

struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Warehouse for Embedded {
    fn info(&self) -> &WarehouseInfo {
        &self.info
    }

    fn tables(&self) -> Pending<'_, Vec<Table>> {
        Box::pin(async {
            Ok(self.catalogue.tables().iter().map(|described| described.table.clone()).collect())
        })
    }

    fn describe<'a>(&'a self, table: &'a str) -> Pending<'a, TableDescription> {
        Box::pin(async move { self.catalogue.find(table).cloned() })
    }

    fn check<'a>(&'a self, sql: &'a str) -> Pending<'a, Checked> {
        Box::pin(
            self.submit(CHECK_TIMEOUT, None, |reply| Work::Check { sql: sql.to_owned(), reply }),
        )
    }

    fn query(&self, statement: Statement) -> Pending<'_, Outcome> {
        let statement_id = self.statement_id(&statement.sql);
        let called = Instant::now();
        Box::pin(async move {
            let caller = statement.caller.clone();
            let mut outcome = self
                .submit(statement.timeout, caller, |reply| Work::Query { statement, reply })
                .await?;
            outcome.statement_id = statement_id;
            outcome.elapsed = called.elapsed();
            Ok(outcome)
        })
    }
}
