//! What operating a server reads.

use sqlx::Row as _;

use super::SqlStore;
use super::dialect::{self, DbConnection, now};
use super::keys;
use super::rows::corrupt;
use crate::audit::{Event, Query, Recorded};
use crate::authority::Timestamp;
use crate::secret::keys::bound::{Check, KnownKey};
use crate::secret::keys::{Digest, Kid};
use crate::store::operations::{DatabaseFacts, KeyUse, OperationsStore};
use crate::store::{StoreError, StoreFuture, bounded};

/// Accounts that one answer names.
const NAMED: i64 = 5;
/// Events that one read returns.
const EVENTS: i64 = 500;

impl OperationsStore for SqlStore {
    fn key_uses(&self, session_lifetime: i64) -> StoreFuture<'_, (Timestamp, Vec<KeyUse>)> {
        bounded(key_uses(self, session_lifetime))
    }

    fn root_keys(&self) -> StoreFuture<'_, Vec<KnownKey>> {
        bounded(keys::known(self))
    }

    fn note_root_keys(&self, noted: Vec<(Kid, Check)>) -> StoreFuture<'_, ()> {
        bounded(keys::note(self, noted))
    }

    fn end_key(&self, kid: Kid) -> StoreFuture<'_, ()> {
        Box::pin(keys::end(self, kid))
    }

    fn client_with_secret(&self, digest: Digest) -> StoreFuture<'_, Option<String>> {
        bounded(async move {
            let row = sqlx::query(
                "select id from clients where secret = $1 and secret_kid = $2 and deleted_at is null",
            )
            .bind(&digest.0[..])
            .bind(i64::from(digest.1.0))
            .fetch_optional(self.reader())
            .await?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
    }

    fn connections(&self) -> (u32, u32) {
        let open = self.reader().size();
        let idle = u32::try_from(self.reader().num_idle()).unwrap_or(open);
        (open, open.saturating_sub(idle))
    }

    fn answer(&self) -> StoreFuture<'_, ()> {
        bounded(async move {
            sqlx::query("select 1 from users where id = ''").fetch_optional(self.reader()).await?;
            Ok(())
        })
    }

    fn record(&self, event: Event) -> StoreFuture<'_, ()> {
        bounded(async move {
            let mut transaction = self.write().await?;
            let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *transaction).await?;
            let now = self.clock().read(Timestamp(now.try_get(0)?));
            add_event(&mut transaction, now, event).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn events(&self, query: Query) -> StoreFuture<'_, Vec<Recorded>> {
        bounded(events(self, query))
    }

    fn facts<'a>(&'a self, demo: &'a str) -> StoreFuture<'a, DatabaseFacts> {
        bounded(facts(self, demo))
    }
}

async fn key_uses(
    store: &SqlStore,
    session_lifetime: i64,
) -> Result<(Timestamp, Vec<KeyUse>), StoreError> {
    let mut snapshot = store.reader().begin().await?;
    let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *snapshot).await?;
    let now: i64 = now.try_get(0)?;
    let session_ends = now.saturating_sub(session_lifetime);
    // Each counts what is live by key, how many of that never end, and the end of the last of the others.
    type Field = fn(&mut KeyUse) -> &mut i64;
    let statements: [(&'static str, i64, i64, Field); 5] = [
        (
            "select t.kid, count(*), count(*) - count(t.expires_at), max(t.expires_at) from tokens t join grants g on g.id = t.grant_id
             where t.revoked_at is null and (t.expires_at is null or t.expires_at > $1)
             and g.revoked_at is null and (g.expires_at is null or g.expires_at > $1) group by t.kid",
            now,
            0,
            |key| &mut key.tokens,
        ),
        (
            "select kid, count(*), count(*) - count(*), max(expires_at) from codes where expires_at > $1 and used_at is null group by kid",
            now,
            0,
            |key| &mut key.codes,
        ),
        (
            "select kid, count(*), count(*) - count(*), max(created_at) from sessions where created_at > $1 group by kid",
            session_ends,
            session_lifetime,
            |key| &mut key.sessions,
        ),
        (
            "select secret_kid, count(*), count(*), cast(null as bigint) from clients
             where created_at <= $1 and secret is not null and secret_kid > 0 and deleted_at is null group by secret_kid",
            i64::MAX,
            0,
            |key| &mut key.client_secrets,
        ),
        (
            "select kid, count(*), count(*) - count(*), max(expires_at) from setup_links where expires_at > $1 and used_at is null group by kid",
            now,
            0,
            |key| &mut key.setup_links,
        ),
    ];
    let mut uses: Vec<KeyUse> = Vec::new();
    for (statement, after, lifetime, field) in statements {
        let rows = sqlx::query(statement).bind(after).fetch_all(&mut *snapshot).await?;
        for row in rows {
            let kid = u16::try_from(row.try_get::<i64, _>(0)?).map_err(|_| corrupt("kid"))?;
            let known = uses.iter().position(|key| key.kid == Kid(kid));
            let place = known.unwrap_or_else(|| {
                uses.push(KeyUse::none(Kid(kid)));
                uses.len() - 1
            });
            let key = &mut uses[place];
            *field(key) += row.try_get::<i64, _>(1)?;
            key.endless += row.try_get::<i64, _>(2)?;
            let ends: Option<i64> = row.try_get(3)?;
            let ends = ends.map(|ends| Timestamp(ends.saturating_add(lifetime)));
            key.ends_at = key.ends_at.max(ends);
        }
    }
    uses.sort_by_key(|key| key.kid);
    Ok((Timestamp(now), uses))
}

/// Adds a row to the audit log, as part of the transaction on `connection`.
pub(super) async fn add_event(
    connection: &mut DbConnection,
    now: Timestamp,
    event: Event,
) -> Result<(), StoreError> {
    let event = event.for_the_record();
    sqlx::query(
        "insert into audit_events (at, event, outcome, reason, user_id, workspace_id, client_id, grant_id, address, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(now.0)
    .bind(event.what.as_str())
    .bind(event.outcome.as_str())
    .bind(event.reason)
    .bind(event.user_id)
    .bind(event.workspace_id)
    .bind(event.client_id)
    .bind(event.grant_id)
    .bind(event.address.map(|address| address.to_string()).unwrap_or_default())
    .bind(event.detail)
    .execute(connection)
    .await?;
    Ok(())
}

async fn events(store: &SqlStore, query: Query) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(
        "select id, at, event, outcome, reason, user_id, workspace_id, client_id, grant_id, address, detail from audit_events
         where id > $1 and at >= $2 and ($3 = '' or client_id = $3)
         and ($4 = '' or user_id = $4 or user_id in (select u.id from users u where u.email = $4)) order by id limit $5",
    )
    .bind(query.after)
    .bind(query.since.map_or(0, |since| since.0))
    .bind(query.client.unwrap_or_default())
    .bind(query.user.unwrap_or_default())
    .bind(EVENTS)
    .fetch_all(store.reader())
    .await?;
    let events = rows.iter().map(|row| {
        Ok(Recorded {
            id: row.try_get("id")?,
            at: Timestamp(row.try_get("at")?),
            event: row.try_get("event")?,
            outcome: row.try_get("outcome")?,
            reason: row.try_get("reason")?,
            user_id: row.try_get("user_id")?,
            workspace_id: row.try_get("workspace_id")?,
            client_id: row.try_get("client_id")?,
            grant_id: row.try_get("grant_id")?,
            address: row.try_get("address")?,
            detail: row.try_get("detail")?,
        })
    });
    events.collect()
}

async fn facts(store: &SqlStore, demo: &str) -> Result<DatabaseFacts, StoreError> {
    let mut snapshot = store.reader().begin().await?;
    let database = sqlx::query(concat!("select ", now!(), " as now, ", dialect::database!()))
        .fetch_one(&mut *snapshot)
        .await?;
    let people = sqlx::query(
        "select (select count(distinct u.id) from users u join memberships m on m.user_id = u.id where m.role = 'owner' and u.disabled_at is null) as owners,
         (select count(*) from users where email = $1 and disabled_at is null) as demo,
         (select max(version) from _sqlx_migrations) as version",
    )
    .bind(demo)
    .fetch_one(&mut *snapshot)
    .await?;
    let alone = sqlx::query(
        "select email from users u where disabled_at is null and not exists (select 1 from memberships m where m.user_id = u.id) order by email limit $1",
    )
    .bind(NAMED)
    .fetch_all(&mut *snapshot)
    .await?;
    let durability: String = database.try_get("durability")?;
    Ok(DatabaseFacts {
        product: database.try_get("product")?,
        now: Timestamp(database.try_get("now")?),
        is_primary: database.try_get::<i64, _>("is_primary")? == 1,
        is_durable: durability == dialect::DURABLE,
        durability,
        schema: people.try_get::<Option<i64>, _>("version")?.unwrap_or_default(),
        newest_schema: SqlStore::schema(),
        owners: people.try_get("owners")?,
        without_workspace: alone.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?,
        has_demo: people.try_get::<i64, _>("demo")? > 0,
    })
}
