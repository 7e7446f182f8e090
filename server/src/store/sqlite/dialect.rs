//! What is SQLite's own: types, the clock, and no locks, because a transaction that writes is alone from its beginning.

pub(super) type Db = sqlx::Sqlite;
pub(super) type DbConnection = sqlx::SqliteConnection;
pub(super) type DbPool = sqlx::SqlitePool;
pub(super) type DbRow = sqlx::sqlite::SqliteRow;

/// The function that finds a text in another.
pub(super) const POSITION: &str = "instr";

pub(super) const LOCK_GRANT: Option<&str> = None;
pub(super) const LOCK_GRANT_OF_CODE: Option<&str> = None;
pub(super) const LOCK_GRANT_OF_TOKEN: Option<&str> = None;
pub(super) const LOCK_PERSON: Option<&str> = None;
pub(super) const LOCK_REGISTRATION: Option<&str> = None;
pub(super) const LOCK_REQUEST: Option<&str> = None;
/// Only one process writes.
pub(super) const TRY_SWEEP: Option<&str> = None;
pub(super) const LOCK_WORKSPACE: Option<&str> = None;

pub(super) const UNHURRIED: Option<&str> = None;

/// The one clock: now, in milliseconds since the Unix epoch.
macro_rules! now {
    () => {
        "cast(round(unixepoch('subsec') * 1000) as integer)"
    };
}

/// The function that takes the smaller of two numbers.
macro_rules! least {
    () => {
        "min"
    };
}

/// The column that grows with every row.
macro_rules! order_made {
    () => {
        "rowid"
    };
}

/// The columns that say what the database is: `product`, `is_primary` and `durability`.
macro_rules! database {
    () => {
        "'SQLite ' || sqlite_version() as product, 1 as is_primary,
         (select 'synchronous=' || synchronous from pragma_synchronous) as durability"
    };
}

/// What `durability` is when no acknowledged commit is ever lost.
pub(super) const DURABLE: &str = "synchronous=2";

pub(super) use {database, least, now, order_made};
