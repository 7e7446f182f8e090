//! Removing what can never matter again, a few rows at a time.
//!
//! Every batch is a transaction of its own, so decisions wait for a batch and never for a whole sweep. Of several replicas one sweeps.
//!
//! A used refresh token is kept as long as its grant and for long after, because its reuse must be recognised.

use sqlx::Row as _;

use super::dialect::{self, Db, least, now};
use super::{SqlStore, activity};
use crate::metrics::metrics;
use crate::store::{Retention, StoreError};

/// Rows of one batch.
pub(super) const BATCH: i64 = 500;
/// Batches of one statement and one sweep; the rest waits for the next.
pub(super) const BATCHES: usize = 200;

/// The rows of a table by its key, and what makes them dead.
macro_rules! remove {
    ($table:literal, $key:literal, $dead:expr) => {
        concat!(
            "delete from ",
            $table,
            " where (",
            $key,
            ") in (select ",
            $key,
            " from ",
            $table,
            " where ",
            $dead,
            " limit $2)"
        )
    };
}

/// The index `grants_by_end` has the same words.
macro_rules! ended {
    () => {
        concat!(
            least!(),
            "(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)) < $1"
        )
    };
}

macro_rules! of_ended_grant {
    () => {
        concat!("grant_id in (select id from grants where ", ended!(), ")")
    };
}

/// The newest grant of a client stays: a client that somebody allowed something once is kept for them.
macro_rules! forgotten_grant {
    () => {
        concat!(
            ended!(),
            " and not exists (select 1 from tokens t where t.grant_id = grants.id) and not exists (select 1 from codes c where c.grant_id = grants.id)
             and not exists (select 1 from save_keys s where s.grant_id = grants.id)
             and (client_id is null or exists (select 1 from grants n where n.client_id = grants.client_id
             and (n.created_at > grants.created_at or (n.created_at = grants.created_at and n.id > grants.id))))"
        )
    };
}

pub(super) async fn sweep(store: &SqlStore, retention: Retention) -> Result<(), StoreError> {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    let statements = [
        (remove!("authorization_requests", "id", "expires_at < $1"), DAY),
        (remove!("sessions", "digest", "created_at < $1"), retention.session),
        (
            remove!(
                "clients",
                "id",
                "created_at < $1 and registered_by is null and not exists (select 1 from grants g where g.client_id = clients.id)
                 and not exists (select 1 from authorization_requests r where r.client_id = clients.id)"
            ),
            retention.unconsented_client,
        ),
        // An expired access token and an unknown one are answered alike.
        (remove!("tokens", "digest", "kind = 'access' and expires_at < $1"), DAY),
        (remove!("tokens", "digest", of_ended_grant!()), retention.ended_grant),
        (remove!("codes", "digest", of_ended_grant!()), retention.ended_grant),
        // A retry of a save comes soon or never.
        (remove!("save_keys", "grant_id, key", "created_at < $1"), 7 * DAY),
        (remove!("grants", "id", forgotten_grant!()), retention.ended_grant),
        (remove!("setup_links", "digest", "expires_at < $1"), DAY),
        (remove!("upstream_sign_ins", "state", "expires_at < $1"), HOUR),
        (remove!("sign_in_failures", "key", "last_at < $1"), DAY),
        (remove!("tool_calls", "id", "at < $1"), retention.call),
    ];
    let mut swept = Ok(());
    for (statement, kept) in statements {
        for _ in 0..BATCHES {
            match batch(store, statement, kept).await {
                Ok(None) => return swept,
                Ok(Some(removed)) if removed < BATCH.unsigned_abs() => break,
                Ok(Some(_)) => {}
                // What went wrong with one table is no reason to leave the others.
                Err(error) => {
                    swept = swept.and(Err(error));
                    break;
                }
            }
        }
    }
    swept.and(activity::sweep(store, retention.calls).await)
}

/// Begins a batch, unless another replica sweeps.
pub(super) async fn turn(
    store: &SqlStore,
) -> Result<Option<sqlx::Transaction<'static, Db>>, StoreError> {
    let mut transaction = store.write().await?;
    if let Some(statement) = dialect::UNHURRIED {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    if let Some(lock) = dialect::TRY_SWEEP {
        let is_ours: bool = sqlx::query(lock).fetch_one(&mut *transaction).await?.try_get(0)?;
        if !is_ours {
            return Ok(None);
        }
    }
    Ok(Some(transaction))
}

/// Runs a statement for rows that are older than `kept` seconds. `None` when another replica sweeps.
async fn batch(
    store: &SqlStore,
    statement: &'static str,
    kept: i64,
) -> Result<Option<u64>, StoreError> {
    let Some(mut transaction) = turn(store).await? else { return Ok(None) };
    let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *transaction).await?;
    let now: i64 = now.try_get(0)?;
    let removed = sqlx::query(statement)
        .bind(now.saturating_sub(kept.saturating_mul(1000)))
        .bind(BATCH)
        .execute(&mut *transaction)
        .await;
    let removed = match removed {
        Ok(removed) => removed,
        Err(error) => {
            // The turn to sweep is given back before the next statement asks for it.
            transaction.rollback().await?;
            return Err(error.into());
        }
    };
    transaction.commit().await?;
    metrics().swept.inc_by(removed.rows_affected());
    Ok(Some(removed.rows_affected()))
}
