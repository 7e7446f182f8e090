//! What is read and written outside the authority's decisions.

use sqlx::Row as _;

use super::SqlStore;
use super::dialect::{DbPool, now, order_made};
use super::rows::{self, client_columns, standing_columns, standing_joins, token_columns};
use crate::authority::Timestamp;
use crate::authority::bearer::BearerRows;
use crate::authority::records::{Client, Membership, User};
use crate::secret::keys::Digest;
use crate::store::{Account, GrantListing, StoreError};

pub(super) async fn bearer(
    pool: &DbPool,
    digest: Digest,
) -> Result<Option<(Timestamp, BearerRows)>, StoreError> {
    let row = sqlx::query(concat!(
        "select ",
        now!(),
        " as now, ",
        token_columns!(),
        ", ",
        standing_columns!(),
        ", u.id as u_id, u.email as u_email, u.display_name as u_display_name, w.slug as w_slug, w.name as w_name, g.last_used_at
         from tokens t join grants g on g.id = t.grant_id join workspaces w on w.id = g.workspace_id ",
        standing_joins!(),
        " where t.digest = $1 and t.kid = $2"
    ))
    .bind(&digest.0[..])
    .bind(i64::from(digest.1.0))
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let standing = rows::standing(&row)?;
        let role: Option<String> = row.try_get("m_role")?;
        let membership = role
            .map(|_| {
                Ok::<_, StoreError>(Membership {
                    workspace_id: standing.grant.workspace_id.clone(),
                    slug: row.try_get("w_slug")?,
                    workspace_name: row.try_get("w_name")?,
                    role: rows::word(&row, "m_role", crate::authority::records::Role::parse)?,
                })
            })
            .transpose()?;
        let user = User {
            id: row.try_get("u_id")?,
            email: row.try_get("u_email")?,
            display_name: row.try_get("u_display_name")?,
            disabled_at: rows::optional_time(&row, "u_disabled_at")?,
        };
        let token = rows::token(&row)?;
        let last_used_at = rows::optional_time(&row, "last_used_at")?;
        Ok((
            rows::time(&row, "now")?,
            BearerRows { token, standing, user, membership, last_used_at },
        ))
    })
    .transpose()
}

/// The time of the latest thing that was written down, for a clock that must not go back with a restart.
pub(super) async fn latest_event(pool: &DbPool) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "select max(latest) from (select max(at) as latest from audit_events union all select max(last_used_at) from grants) as events",
    )
    .fetch_one(pool)
    .await
}

/// The time of a note: the steady one, which is what a clock begins with after a restart, or else the database's.
macro_rules! noted {
    () => {
        concat!("coalesce(cast($2 as bigint), ", now!(), ")")
    };
}

pub(super) async fn note_use(store: &SqlStore, grant_id: &str) -> Result<(), StoreError> {
    let row = sqlx::query(concat!(
        "update grants set last_used_at = ",
        noted!(),
        " where id = $1 and coalesce(last_used_at, 0) < ",
        noted!(),
        " - 60000"
    ));
    let now = store.clock().about().map(|now| now.0);
    row.bind(grant_id).bind(now).execute(store.writer()).await?;
    Ok(())
}

pub(super) async fn note_visit(store: &SqlStore, session: Digest) -> Result<(), StoreError> {
    let row = sqlx::query(concat!(
        "update sessions set seen_at = ",
        noted!(),
        " where digest = $1 and seen_at < ",
        noted!(),
        " - 60000"
    ));
    let now = store.clock().about().map(|now| now.0);
    row.bind(&session.0[..]).bind(now).execute(store.writer()).await?;
    Ok(())
}

pub(super) async fn account(pool: &DbPool, email: &str) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query(
        "select id, email, display_name, disabled_at, password, password_changed_at from users where email = $1",
    )
    .bind(email)
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Account {
            user: rows::user(&row)?,
            password: row.try_get("password")?,
            password_changed_at: rows::time(&row, "password_changed_at")?,
        })
    })
    .transpose()
}

pub(super) async fn clients_of(pool: &DbPool, user_id: &str) -> Result<Vec<Client>, StoreError> {
    let rows = sqlx::query(concat!(
        "select ",
        client_columns!(),
        " from clients where registered_by = $1 and deleted_at is null order by created_at desc, id"
    ))
    .bind(user_id)
    .fetch_all(pool)
    .await?;
    rows.iter().map(rows::client_of).collect()
}

pub(super) async fn memberships(
    pool: &DbPool,
    user_id: &str,
) -> Result<Vec<Membership>, StoreError> {
    let rows = sqlx::query(
        "select w.id, w.slug, w.name, m.role from memberships m join workspaces w on w.id = m.workspace_id where m.user_id = $1 order by w.slug",
    )
    .bind(user_id)
    .fetch_all(pool)
    .await?;
    rows.iter().map(rows::membership).collect()
}

pub(super) async fn grants(
    pool: &DbPool,
    workspace_id: &str,
) -> Result<(Timestamp, Vec<GrantListing>), StoreError> {
    let mut snapshot = pool.begin().await?;
    let now = sqlx::query(concat!("select ", now!(), " as now")).fetch_one(&mut *snapshot).await?;
    let rows = sqlx::query(concat!(
        "select ",
        standing_columns!(),
        ", u.email, g.last_used_at,
         coalesce((select t.hint from tokens t where t.grant_id = g.id and t.kind = 'programmatic'), '') as hint
         from grants g ",
        standing_joins!(),
        " where g.workspace_id = $1 and exists (select 1 from tokens t where t.grant_id = g.id) order by g.",
        order_made!(),
        " desc"
    ))
    .bind(workspace_id)
    .fetch_all(&mut *snapshot)
    .await?;
    let listings = rows.iter().map(|row| {
        Ok(GrantListing {
            grant: rows::grant(row)?,
            user_email: row.try_get("email")?,
            hint: row.try_get("hint")?,
            last_used_at: rows::optional_time(row, "last_used_at")?,
        })
    });
    Ok((rows::time(&now, "now")?, listings.collect::<Result<_, StoreError>>()?))
}
