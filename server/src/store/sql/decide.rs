//! A decision in progress: loads under the write lock, then one commit.

use sqlx::{Row as _, Transaction};
use tokio::time::Instant;

use super::dialect::{self, Db, order_made};
use super::rows;
use super::rows::{standing_columns, standing_joins, token_columns};
use crate::authority::records::{
    AuthorizationRequest, Client, Code, Grant, Membership, Session, Standing, Token, User,
};
use crate::authority::{Change, Resource, Timestamp};
use crate::metrics::{Operation, metrics};
use crate::secret::keys::Digest;
use crate::store::{AuthorityTransaction, StoreError, StoreFuture, until};

pub(super) struct SqlDecision {
    pub(super) transaction: Transaction<'static, Db>,
    pub(super) now: Timestamp,
    /// When all of it has to be over.
    pub(super) deadline: Instant,
}

impl AuthorityTransaction for SqlDecision {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn client<'a>(&'a mut self, id: &'a str) -> StoreFuture<'a, Option<Client>> {
        until(self.deadline, rows::client(&mut self.transaction, id))
    }

    fn unconsented_clients(&mut self) -> StoreFuture<'_, usize> {
        until(self.deadline, async move {
            if let Some(statement) = dialect::LOCK_REGISTRATION {
                sqlx::query(statement).execute(&mut *self.transaction).await?;
            }
            let row = sqlx::query(
                "select count(*) from clients c where c.registered_by is null and not exists (select 1 from grants g where g.client_id = c.id)",
            )
            .fetch_one(&mut *self.transaction)
            .await?;
            Ok(usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX))
        })
    }

    fn forget_oldest_client(&mut self, registered_before: Timestamp) -> StoreFuture<'_, bool> {
        until(self.deadline, async move {
            let forgotten = sqlx::query(
                "delete from clients where id in (select c.id from clients c where c.registered_by is null and c.created_at < $1
                 and not exists (select 1 from grants g where g.client_id = c.id)
                 and not exists (select 1 from authorization_requests r where r.client_id = c.id) order by c.created_at, c.id limit 1)",
            )
            .bind(registered_before.0)
            .execute(&mut *self.transaction)
            .await?;
            Ok(forgotten.rows_affected() > 0)
        })
    }

    fn visitor(&mut self, session: Digest) -> StoreFuture<'_, Option<(Session, User)>> {
        until(self.deadline, async move {
            let visitor = rows::visitor(&mut self.transaction, session).await?;
            Ok(visitor.map(|(_, session, user)| (session, user)))
        })
    }

    fn membership<'a>(
        &'a mut self,
        user_id: &'a str,
        workspace_id: &'a str,
    ) -> StoreFuture<'a, Option<Membership>> {
        until(self.deadline, async move {
            let row = sqlx::query(
                "select w.id, w.slug, w.name, m.role from memberships m join workspaces w on w.id = m.workspace_id
                 where m.user_id = $1 and m.workspace_id = $2",
            )
            .bind(user_id)
            .bind(workspace_id)
            .fetch_optional(&mut *self.transaction)
            .await?;
            row.as_ref().map(rows::membership).transpose()
        })
    }

    fn request<'a>(&'a mut self, id: &'a str) -> StoreFuture<'a, Option<AuthorizationRequest>> {
        until(self.deadline, async move {
            self.lock(dialect::LOCK_REQUEST, id).await?;
            let row = sqlx::query(
                "select id, session, cast(0 as bigint) as kid, client_id, redirect_uri, scopes, resource, challenge, challenge_method, state, expires_at, decided_at
                 from authorization_requests where id = $1",
            )
            .bind(id)
            .fetch_optional(&mut *self.transaction)
            .await?;
            row.map(|row| {
                Ok(AuthorizationRequest {
                    id: row.try_get("id")?,
                    session: rows::digest(&row, "session", "kid")?,
                    client_id: row.try_get("client_id")?,
                    redirect_uri: row.try_get("redirect_uri")?,
                    scopes: rows::scopes(&row, "scopes")?,
                    resource: rows::word(&row, "resource", Resource::from_path)?,
                    challenge: row.try_get("challenge")?,
                    challenge_method: rows::challenge_method(&row)?,
                    state: row.try_get("state")?,
                    expires_at: rows::time(&row, "expires_at")?,
                    decided_at: rows::optional_time(&row, "decided_at")?,
                })
            })
            .transpose()
        })
    }

    fn code(&mut self, digest: Digest) -> StoreFuture<'_, Option<(Code, Standing)>> {
        until(self.deadline, async move {
            self.lock(dialect::LOCK_GRANT_OF_CODE, &digest.0[..]).await?;
            let row = sqlx::query(concat!(
                "select k.digest, k.kid, k.grant_id, k.client_id, k.redirect_uri, k.challenge, k.challenge_method, k.expires_at, k.used_at, ",
                standing_columns!(),
                " from codes k join grants g on g.id = k.grant_id ",
                standing_joins!(),
                " where k.digest = $1 and k.kid = $2"
            ))
            .bind(&digest.0[..])
            .bind(i64::from(digest.1.0))
            .fetch_optional(&mut *self.transaction)
            .await?;
            row.map(|row| {
                let code = Code {
                    digest: rows::digest(&row, "digest", "kid")?,
                    grant_id: row.try_get("grant_id")?,
                    client_id: row.try_get("client_id")?,
                    redirect_uri: row.try_get("redirect_uri")?,
                    challenge: row.try_get("challenge")?,
                    challenge_method: rows::challenge_method(&row)?,
                    expires_at: rows::time(&row, "expires_at")?,
                    used_at: rows::optional_time(&row, "used_at")?,
                };
                Ok((code, rows::standing(&row)?))
            })
            .transpose()
        })
    }

    fn token(&mut self, digest: Digest) -> StoreFuture<'_, Option<(Token, Standing)>> {
        until(self.deadline, async move {
            self.lock(dialect::LOCK_GRANT_OF_TOKEN, &digest.0[..]).await?;
            let row = sqlx::query(concat!(
                "select ",
                token_columns!(),
                ", ",
                standing_columns!(),
                " from tokens t join grants g on g.id = t.grant_id ",
                standing_joins!(),
                " where t.digest = $1 and t.kid = $2"
            ))
            .bind(&digest.0[..])
            .bind(i64::from(digest.1.0))
            .fetch_optional(&mut *self.transaction)
            .await?;
            row.map(|row| Ok((rows::token(&row)?, rows::standing(&row)?))).transpose()
        })
    }

    fn grant<'a>(&'a mut self, id: &'a str) -> StoreFuture<'a, Option<Grant>> {
        until(self.deadline, async move {
            self.lock(dialect::LOCK_GRANT, id).await?;
            let row = sqlx::query(concat!(
                "select ",
                standing_columns!(),
                " from grants g ",
                standing_joins!(),
                " where g.id = $1"
            ))
            .bind(id)
            .fetch_optional(&mut *self.transaction)
            .await?;
            row.as_ref().map(rows::grant).transpose()
        })
    }

    fn live_grants<'a>(
        &'a mut self,
        user_id: &'a str,
        client_id: &'a str,
    ) -> StoreFuture<'a, Vec<String>> {
        until(self.deadline, async move {
            self.lock(dialect::LOCK_PERSON, user_id).await?;
            let rows = sqlx::query(concat!(
                "select id from grants where user_id = $1 and client_id = $2 and revoked_at is null and (expires_at is null or expires_at > $3)
                 order by ",
                order_made!()
            ))
            .bind(user_id)
            .bind(client_id)
            .bind(self.now.0)
            .fetch_all(&mut *self.transaction)
            .await?;
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
        })
    }

    fn live_token_names<'a>(
        &'a mut self,
        user_id: &'a str,
        workspace_id: &'a str,
    ) -> StoreFuture<'a, Vec<String>> {
        until(self.deadline, async move {
            self.lock(dialect::LOCK_PERSON, user_id).await?;
            let rows = sqlx::query(
                "select name from grants where user_id = $1 and workspace_id = $2 and kind = 'programmatic' and revoked_at is null
                 and (expires_at is null or expires_at > $3)",
            )
            .bind(user_id)
            .bind(workspace_id)
            .bind(self.now.0)
            .fetch_all(&mut *self.transaction)
            .await?;
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
        })
    }

    fn commit(self: Box<Self>, changes: Vec<Change>) -> StoreFuture<'static, ()> {
        until(self.deadline, async move {
            #[cfg(feature = "danger-planted-faults")]
            if let Some(pause) = crate::danger::acknowledges_early(&changes) {
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    self.finish(changes).await
                });
                return Ok(());
            }
            self.finish(changes).await
        })
    }
}

impl SqlDecision {
    async fn finish(mut self: Box<Self>, changes: Vec<Change>) -> Result<(), StoreError> {
        let begun = Instant::now();
        let mut events = Vec::new();
        for change in changes {
            if let Change::Audit(event) = &change {
                events.push(event.clone());
            }
            #[cfg(feature = "danger-planted-faults")]
            if crate::danger::forgets_events() && matches!(change, Change::Audit(_)) {
                continue;
            }
            #[cfg(feature = "danger-planted-faults")]
            crate::danger::before_next_change(&mut self.transaction, &change).await?;
            self.apply(change).await?;
        }
        #[cfg(feature = "danger-planted-faults")]
        crate::danger::failpoint("before-commit");
        self.transaction.commit().await?;
        #[cfg(feature = "danger-planted-faults")]
        crate::danger::failpoint("after-commit");
        metrics().stored(Operation::Commit, begun.elapsed());
        events.iter().for_each(|event| metrics().decided(event));
        Ok(())
    }

    /// Takes the lock on what is read next, where the database does not already hold one for the whole transaction. What is read afterwards is the newest.
    pub(super) async fn lock<'a, K>(
        &mut self,
        statement: Option<&'static str>,
        key: K,
    ) -> Result<(), StoreError>
    where
        K: sqlx::Encode<'a, Db> + sqlx::Type<Db> + 'a,
    {
        if let Some(statement) = statement {
            sqlx::query(statement).bind(key).execute(&mut *self.transaction).await?;
        }
        Ok(())
    }
}
