//! Calls of tools.

use std::time::Instant;

use sqlx::{QueryBuilder, Row as _};

use super::SqlStore;
use super::dialect::{Db, DbRow, now};
use super::rows;
use super::sweep::{self, BATCH, BATCHES};
use crate::authority::Timestamp;
use crate::metrics::{CallOutcome, metrics};
use crate::store::activity::{ActivityStore, CallQuery, EndedCall, RecordedCall};
use crate::store::{StoreError, StoreFuture, bounded};

impl ActivityStore for SqlStore {
    fn add_calls(&self, calls: Vec<EndedCall>) -> StoreFuture<'_, ()> {
        bounded(add(self, calls))
    }

    fn calls(&self, query: CallQuery) -> StoreFuture<'_, Vec<RecordedCall>> {
        bounded(calls(self, query))
    }
}

async fn add(store: &SqlStore, calls: Vec<EndedCall>) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let mut transaction = store.write().await?;
    let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *transaction).await?;
    let (now, read) = (store.clock().read(Timestamp(now.try_get(0)?)), Instant::now());
    let mut query = QueryBuilder::<Db>::new(
        "insert into tool_calls (at, workspace_id, user_id, grant_id, grant_name, hint, tool, outcome, error, duration_ms, row_count) ",
    );
    query.push_values(calls, |mut row, call| {
        let ago = read.saturating_duration_since(call.ended).as_millis();
        let ago = i64::try_from(ago).unwrap_or(i64::MAX);
        row.push_bind(now.0.saturating_sub(ago))
            .push_bind(call.workspace_id)
            .push_bind(call.user_id)
            .push_bind(call.grant_id)
            .push_bind(call.grant_name)
            .push_bind(call.hint)
            .push_bind(call.tool)
            .push_bind(call.outcome.as_str())
            .push_bind(call.error.unwrap_or_default())
            .push_bind(call.duration_ms)
            .push_bind(call.rows);
    });
    // There is one such statement for every number of calls: they would drive the others out of the cache.
    query.build().persistent(false).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

async fn calls(store: &SqlStore, wanted: CallQuery) -> Result<Vec<RecordedCall>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "select t.id, t.at, u.email, t.grant_id, t.grant_name, t.hint, t.tool, t.outcome, t.error, t.duration_ms, t.row_count
         from tool_calls t join users u on u.id = t.user_id where t.workspace_id = ",
    );
    query.push_bind(wanted.workspace_id);
    let equal = [
        (" and t.user_id = ", wanted.user_id),
        (" and t.grant_id = ", wanted.grant_id),
        (" and t.tool = ", wanted.tool),
        (" and t.outcome = ", wanted.outcome.map(|outcome| outcome.as_str().to_owned())),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            query.push(condition).push_bind(value);
        }
    }
    if let Some((at, id)) = wanted.before {
        query.push(" and (t.at, t.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" order by t.at desc, t.id desc limit ").push_bind(wanted.limit);
    let found = query.build().fetch_all(store.reader()).await?;
    found.iter().map(recorded).collect()
}

fn recorded(row: &DbRow) -> Result<RecordedCall, StoreError> {
    Ok(RecordedCall {
        id: row.try_get("id")?,
        at: rows::time(row, "at")?,
        user_email: row.try_get("email")?,
        grant_id: row.try_get("grant_id")?,
        grant_name: row.try_get("grant_name")?,
        hint: row.try_get("hint")?,
        tool: row.try_get("tool")?,
        outcome: rows::word(row, "outcome", CallOutcome::parse)?,
        error: row.try_get("error")?,
        duration_ms: row.try_get("duration_ms")?,
        rows: row.try_get("row_count")?,
    })
}

/// Removes all but the newest `kept` calls of every workspace, a few at a time.
pub(super) async fn sweep(store: &SqlStore, kept: i64) -> Result<(), StoreError> {
    let workspaces: Vec<String> = sqlx::query_scalar(
        "select id from workspaces w where exists (select 1 from tool_calls t where t.workspace_id = w.id)",
    )
    .fetch_all(store.reader())
    .await?;
    for workspace in workspaces {
        for _ in 0..BATCHES {
            let Some(mut transaction) = sweep::turn(store).await? else { return Ok(()) };
            let removed = sqlx::query(
                "delete from tool_calls where id in (select id from tool_calls where workspace_id = $1 order by at desc, id desc limit $2 offset $3)",
            )
            .bind(&workspace)
            .bind(BATCH)
            .bind(kept)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            transaction.commit().await?;
            metrics().swept.inc_by(removed);
            if removed < BATCH.unsigned_abs() {
                break;
            }
        }
    }
    Ok(())
}
