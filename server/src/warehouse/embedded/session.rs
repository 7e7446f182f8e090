//! One connection and everything that keeps it harmless without the guard's help.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use rusqlite::{
    Connection, OpenFlags,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
};

use super::functions;
use crate::warehouse::{Catalogue, guard::SQLITE};

/// Steps of the virtual machine between two looks at the clock: some ten microseconds.
const STEPS: i32 = 2_000;
/// Largest text or blob the engine will build or read, in bytes.
pub(super) const MAX_VALUE: usize = 16 << 20;
/// Names of relations that are the engine's own.
const RESERVED: [&str; 2] = ["sqlite_", "pragma_"];

/// What the engine refused while it compiled a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    Table(String),
    Function(String),
    Action,
}

/// The statement that runs now.
#[derive(Default)]
struct Running {
    deadline: Option<Instant>,
    cancelled: Arc<AtomicBool>,
    defined: BTreeSet<String>,
    denied: Option<Denied>,
}

impl Running {
    fn is_over(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// A connection that can only read what the catalogue lists.
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) catalogue: Arc<Catalogue>,
    running: Arc<Mutex<Running>>,
}

impl Session {
    pub(super) fn open(path: &Path, catalogue: &Arc<Catalogue>) -> rusqlite::Result<Self> {
        let connection = read_only(path)?;
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE as i32),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 256 << 10),
            (Limit::SQLITE_LIMIT_COLUMN, 500),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
            (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 64),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            connection.set_limit(limit, value)?;
        }
        functions::register(&connection)?;
        let running = Arc::new(Mutex::new(Running::default()));
        let shared = Arc::clone(&running);
        connection.progress_handler(STEPS, Some(move || lock(&shared).is_over()))?;
        let shared = Arc::clone(&running);
        let readable = Readable::new(catalogue);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            let mut running = lock(&shared);
            match readable.judge(&context, &running.defined) {
                Ok(()) => Authorization::Allow,
                Err(denied) => {
                    running.denied = Some(denied);
                    Authorization::Deny
                }
            }
        }))?;
        Ok(Self { connection, catalogue: Arc::clone(catalogue), running })
    }

    /// Forgets the statement before and starts the clock of the next.
    pub(super) fn begin(&self, deadline: Instant, cancelled: &Arc<AtomicBool>) {
        *lock(&self.running) = Running {
            deadline: Some(deadline),
            cancelled: Arc::clone(cancelled),
            ..Running::default()
        };
    }

    /// Names that the statement defines by `WITH`. A reference that reads no column of them looks like one to a table.
    pub(super) fn define(&self, names: BTreeSet<String>) {
        lock(&self.running).defined = names;
    }

    pub(super) fn denied(&self) -> Option<Denied> {
        lock(&self.running).denied.clone()
    }
}

/// Opens a file so that this connection cannot write to it, whatever it is told.
pub(super) fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    for (config, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        // A misspelt "column" is an error, not a text.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(config, value)?;
    }
    connection.pragma_update(None, "query_only", true)?;
    connection.busy_timeout(std::time::Duration::from_millis(500))?;
    // Opening is lazy: read the header now, so that a file that is no database fails here.
    connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tables and their columns in lower case, as SQLite compares them.
struct Readable(BTreeMap<String, BTreeSet<String>>);

impl Readable {
    fn new(catalogue: &Catalogue) -> Self {
        let columns = |columns: &[crate::warehouse::ColumnDescription]| {
            columns.iter().map(|column| column.name.to_ascii_lowercase()).collect()
        };
        Self(
            catalogue
                .tables()
                .iter()
                .map(|t| (t.table.name.to_ascii_lowercase(), columns(&t.columns)))
                .collect(),
        )
    }

    /// Decides one action. Everything that is not listed here is denied.
    fn judge(&self, context: &AuthContext<'_>, defined: &BTreeSet<String>) -> Result<(), Denied> {
        match context.action {
            AuthAction::Select | AuthAction::Recursive => Ok(()),
            AuthAction::Read { table_name, column_name } => {
                let denied = || Err(Denied::Table(table_name.to_owned()));
                if context.database_name.is_some_and(|database| database != "main") {
                    return denied();
                }
                let table = table_name.to_ascii_lowercase();
                if SQLITE.allows_table_function(&table) {
                    return Ok(());
                }
                let allowed = match self.0.get(&table) {
                    // No column is named to count rows, and the row number tells nothing about other tables.
                    Some(columns) => {
                        matches!(column_name, "" | "ROWID")
                            || columns.contains(&column_name.to_ascii_lowercase())
                    }
                    // A name that is only counted may be one defined by WITH.
                    None => {
                        column_name.is_empty()
                            && defined.contains(&table)
                            && !RESERVED.iter().any(|own| table.starts_with(own))
                    }
                };
                if allowed { Ok(()) } else { denied() }
            }
            AuthAction::Function { function_name } => {
                let name = function_name.to_ascii_lowercase();
                let operator = matches!(name.as_str(), "->" | "->>");
                if operator || SQLITE.allows_function(&name) {
                    Ok(())
                } else {
                    Err(Denied::Function(name.chars().take(64).collect()))
                }
            }
            _ => Err(Denied::Action),
        }
    }
}
