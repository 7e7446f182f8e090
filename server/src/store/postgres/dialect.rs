//! What is PostgreSQL's own: types, the clock, and row locks.
//!
//! A decision runs at READ COMMITTED: it locks the one row that it is about (an authorization request, then a person, then a grant, always in this order),
//! and what it reads afterwards is the newest that was committed.

pub(super) type Db = sqlx::Postgres;
pub(super) type DbConnection = sqlx::PgConnection;
pub(super) type DbPool = sqlx::PgPool;
pub(super) type DbRow = sqlx::postgres::PgRow;

/// The function that finds a text in another.
pub(super) const POSITION: &str = "strpos";

pub(super) const LOCK_GRANT: Option<&str> = Some("select 1 from grants where id = $1 for update");
pub(super) const LOCK_GRANT_OF_CODE: Option<&str> = Some(
    "select 1 from grants where id = (select grant_id from codes where digest = $1) for update",
);
pub(super) const LOCK_GRANT_OF_TOKEN: Option<&str> = Some(
    "select 1 from grants where id = (select grant_id from tokens where digest = $1) for update",
);
pub(super) const LOCK_PERSON: Option<&str> =
    Some("select 1 from users where id = $1 for no key update");
/// Registrations take turns, so that their number is counted exactly. The number is the lock's name.
pub(super) const LOCK_REGISTRATION: Option<&str> = Some("select pg_advisory_xact_lock(7810773531)");
pub(super) const LOCK_REQUEST: Option<&str> =
    Some("select 1 from authorization_requests where id = $1 for update");
/// Whether no other replica sweeps now. The number is the lock's name.
pub(super) const TRY_SWEEP: Option<&str> = Some("select pg_try_advisory_xact_lock(7810773532)");
pub(super) const LOCK_WORKSPACE: Option<&str> =
    Some("select 1 from workspaces where id = $1 for no key update");

/// Lets the rest of a transaction take its time.
pub(super) const UNHURRIED: Option<&str> = Some("set local statement_timeout = '60s'");

/// The one clock: now, in milliseconds since the Unix epoch.
macro_rules! now {
    () => {
        "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)"
    };
}

/// The function that takes the smaller of two numbers.
macro_rules! least {
    () => {
        "least"
    };
}

/// The column that grows with every row.
macro_rules! order_made {
    () => {
        "made"
    };
}

/// The columns that say what the database is: `product`, `is_primary` and `durability`.
macro_rules! database {
    () => {
        "'PostgreSQL ' || current_setting('server_version') as product, cast(case when pg_is_in_recovery() then 0 else 1 end as bigint) as is_primary,
         'fsync=' || current_setting('fsync') || ' synchronous_commit=' || current_setting('synchronous_commit') as durability"
    };
}

/// What `durability` is when no acknowledged commit is ever lost.
pub(super) const DURABLE: &str = "fsync=on synchronous_commit=on";

pub(super) use {database, least, now, order_made};
