//! The root keys that a database knows, and the end of what one of them made.

use std::time::Duration;

use sqlx::Row as _;

use super::SqlStore;
use super::dialect::{self, now};
use super::rows::corrupt;
use crate::secret::keys::Kid;
use crate::secret::keys::bound::{Check, KnownKey};
use crate::store::StoreError;

/// Rows of one batch.
const BATCH: i64 = 200;
/// How often a batch is tried that met a decision about the same rows.
const ATTEMPTS: u32 = 5;

/// What ends with a key, `$2`: at most `$3` rows at the time `$1`. The grants come first, so that nothing is made of them meanwhile; a grant whose newest
/// token was made with the key goes, because nothing of it could be used any more. What is dead already is left alone.
const END: [&str; 6] = [
    "update grants set revoked_at = $1, revoked_reason = 'key_retired' where id in (select g.id from grants g where g.revoked_at is null
     and (g.expires_at is null or g.expires_at > $1) and g.id in
     (select grant_id from tokens where kid = $2 and superseded_at is null and revoked_at is null and kind in ('refresh', 'programmatic')
      union select grant_id from codes where kid = $2 and used_at is null) order by g.id limit $3)",
    "update tokens set revoked_at = $1 where digest in (select t.digest from tokens t join grants g on g.id = t.grant_id where t.kid = $2
     and t.revoked_at is null and (t.expires_at is null or t.expires_at > $1) and g.revoked_at is null limit $3)",
    "update codes set used_at = $1 where digest in (select digest from codes where kid = $2 and used_at is null and expires_at > $1 limit $3)",
    "update setup_links set used_at = $1 where digest in (select digest from setup_links where kid = $2 and used_at is null and expires_at > $1 limit $3)",
    "delete from sessions where digest in (select digest from sessions where kid = $2 and created_at <= $1 limit $3)",
    // No secret has this digest, and no key this name.
    "update clients set secret = $4, secret_kid = 0 where id in
     (select id from clients where secret_kid = $2 and secret is not null and created_at <= $1 limit $3)",
];

pub(super) async fn known(store: &SqlStore) -> Result<Vec<KnownKey>, StoreError> {
    let rows =
        sqlx::query("select kid, check_value, promoted_at, retired_at from root_keys order by kid")
            .fetch_all(store.reader())
            .await?;
    let known = rows.iter().map(|row| {
        let kid = u16::try_from(row.try_get::<i64, _>("kid")?).map_err(|_| corrupt("kid"))?;
        let check: Vec<u8> = row.try_get("check_value")?;
        Ok(KnownKey {
            kid: Kid(kid),
            check: Check::try_from(check).map_err(|_| corrupt("check_value"))?,
            is_used: row.try_get::<Option<i64>, _>("promoted_at")?.is_some(),
            is_retired: row.try_get::<Option<i64>, _>("retired_at")?.is_some(),
        })
    });
    known.collect()
}

pub(super) async fn note(store: &SqlStore, keys: Vec<(Kid, Check)>) -> Result<(), StoreError> {
    let mut transaction = store.write().await?;
    let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *transaction).await?;
    let now: i64 = now.try_get(0)?;
    for (kid, check) in &keys {
        sqlx::query(
            "insert into root_keys (kid, check_value) values ($1, $2) on conflict (kid) do nothing",
        )
        .bind(i64::from(kid.0))
        .bind(&check[..])
        .execute(&mut *transaction)
        .await?;
    }
    if let Some((kid, check)) = keys.first() {
        sqlx::query("update root_keys set promoted_at = coalesce(promoted_at, $1) where kid = $2 and check_value = $3")
            .bind(now)
            .bind(i64::from(kid.0))
            .bind(&check[..])
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn end(store: &SqlStore, kid: Kid) -> Result<(), StoreError> {
    // First, so that a server that still has the key makes nothing with it meanwhile.
    batch(
        store,
        "update root_keys set retired_at = coalesce(retired_at, $1) where kid = $2 and $3 > 0",
        kid,
    )
    .await?;
    for statement in END {
        while try_batch(store, statement, kid).await? == BATCH.unsigned_abs() {}
    }
    Ok(())
}

/// A batch that is tried again when a decision holds one of its rows.
async fn try_batch(store: &SqlStore, statement: &'static str, kid: Kid) -> Result<u64, StoreError> {
    let mut attempt = 1;
    loop {
        match batch(store, statement, kid).await {
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            done => return done,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn batch(store: &SqlStore, statement: &'static str, kid: Kid) -> Result<u64, StoreError> {
    let mut transaction = store.write().await?;
    if let Some(statement) = dialect::UNHURRIED {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *transaction).await?;
    let now: i64 = now.try_get(0)?;
    let mut query = sqlx::query(statement).bind(now).bind(i64::from(kid.0)).bind(BATCH);
    if statement.contains("$4") {
        query = query.bind(&[0_u8; 32][..]);
    }
    let ended = query.execute(&mut *transaction).await?.rows_affected();
    transaction.commit().await?;
    Ok(ended)
}
