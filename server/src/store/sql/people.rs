//! Statements about people: how they sign in, and what that counts.

use sqlx::Row as _;

use super::decide::{SqlDecision, inserted, live_key};
use super::dialect::{self, DbConnection, DbRow, now};
use super::{SqlStore, rows};
use crate::authority::Timestamp;
use crate::authority::people::{PasswordHash, Person, PersonChange, SetupLink};
use crate::authority::records::{Membership, RevocationReason, Session, User};
use crate::authority::throttle::{Failures, Key};
use crate::authority::upstream::{Identity, UpstreamSignIn};
use crate::secret::keys::Digest;
use crate::store::people::{PeopleRows, PeopleStore, PersonListing};
use crate::store::{StoreError, StoreFuture, bounded, until};

macro_rules! person_columns {
    () => {
        "id, email, display_name, disabled_at, password, password_changed_at"
    };
}

fn person(row: &DbRow) -> Result<Person, StoreError> {
    Ok(Person {
        user: rows::user(row)?,
        password: PasswordHash(row.try_get("password")?),
        password_changed_at: rows::time(row, "password_changed_at")?,
    })
}

impl PeopleStore for SqlStore {
    fn has_people(&self) -> StoreFuture<'_, bool> {
        bounded(async move {
            let row = sqlx::query("select 1 from users limit 1").fetch_optional(self.reader());
            Ok(row.await?.is_some())
        })
    }

    fn people(&self) -> StoreFuture<'_, Vec<PersonListing>> {
        bounded(async move {
            let people =
                sqlx::query(concat!("select ", person_columns!(), " from users order by email"))
                    .fetch_all(self.reader())
                    .await?;
            let joined = sqlx::query(
                "select m.user_id, w.slug, m.role from memberships m join workspaces w on w.id = m.workspace_id order by w.slug",
            )
            .fetch_all(self.reader())
            .await?;
            let mut listings = Vec::new();
            for row in &people {
                let person = person(row)?;
                let mut memberships = Vec::new();
                for row in &joined {
                    if row.try_get::<String, _>(0)? == person.user.id {
                        memberships.push((row.try_get(1)?, row.try_get(2)?));
                    }
                }
                let has_password = !person.password.0.is_empty();
                listings.push(PersonListing { user: person.user, has_password, memberships });
            }
            Ok(listings)
        })
    }

    fn sessions<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, (Timestamp, Vec<Session>)> {
        bounded(async move {
            let now = sqlx::query(concat!("select ", now!())).fetch_one(self.reader()).await?;
            let rows = sqlx::query(
                "select digest, kid, user_id, created_at, seen_at, id, label from sessions where user_id = $1 order by created_at desc, id",
            )
            .bind(user_id)
            .fetch_all(self.reader())
            .await?;
            let sessions = rows.iter().map(|row| {
                Ok(Session {
                    digest: rows::digest(row, "digest", "kid")?,
                    user_id: row.try_get("user_id")?,
                    created_at: rows::time(row, "created_at")?,
                    seen_at: rows::time(row, "seen_at")?,
                    id: row.try_get("id")?,
                    label: row.try_get("label")?,
                })
            });
            Ok((Timestamp(now.try_get(0)?), sessions.collect::<Result<_, StoreError>>()?))
        })
    }

    fn setup_link(&self, digest: Digest) -> StoreFuture<'_, Option<(Timestamp, SetupLink, User)>> {
        bounded(async move {
            let mut connection = self.reader().acquire().await?;
            let now = sqlx::query(concat!("select ", now!())).fetch_one(&mut *connection).await?;
            let found = setup_link(&mut connection, digest).await?;
            let now = Timestamp(now.try_get(0)?);
            Ok(found.map(|(link, user)| (now, link, user)))
        })
    }

    fn identities<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, Vec<Identity>> {
        bounded(async move { identities(&mut *self.reader().acquire().await?, user_id).await })
    }
}

async fn identities(
    connection: &mut DbConnection,
    user_id: &str,
) -> Result<Vec<Identity>, StoreError> {
    let rows = sqlx::query(
        "select issuer, subject from identities where user_id = $1 order by issuer, subject",
    )
    .bind(user_id)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(Identity { issuer: row.try_get(0)?, subject: row.try_get(1)? }))
        .collect()
}

async fn setup_link(
    connection: &mut DbConnection,
    digest: Digest,
) -> Result<Option<(SetupLink, User)>, StoreError> {
    let row = sqlx::query(
        "select l.created_at, l.expires_at, l.used_at, u.id, u.email, u.display_name, u.disabled_at
         from setup_links l join users u on u.id = l.user_id where l.digest = $1 and l.kid = $2",
    )
    .bind(&digest.0[..])
    .bind(i64::from(digest.1.0))
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let user = rows::user(&row)?;
        let link = SetupLink {
            digest,
            user_id: user.id.clone(),
            created_at: rows::time(&row, "created_at")?,
            expires_at: rows::time(&row, "expires_at")?,
            used_at: rows::optional_time(&row, "used_at")?,
        };
        Ok((link, user))
    })
    .transpose()
}

impl PeopleRows for SqlDecision {
    fn person<'a>(&'a mut self, user_id: &'a str) -> StoreFuture<'a, Option<Person>> {
        until(self.deadline, async move {
            self.lock(dialect::LOCK_PERSON, user_id).await?;
            let row =
                sqlx::query(concat!("select ", person_columns!(), " from users where id = $1"))
                    .bind(user_id)
                    .fetch_optional(&mut *self.transaction)
                    .await?;
            row.as_ref().map(person).transpose()
        })
    }

    fn person_by_email<'a>(&'a mut self, email: &'a str) -> StoreFuture<'a, Option<Person>> {
        until(self.deadline, async move {
            let row = sqlx::query("select id from users where email = $1")
                .bind(email)
                .fetch_optional(&mut *self.transaction)
                .await?;
            match row {
                Some(row) => self.person(&row.try_get::<String, _>(0)?).await,
                None => Ok(None),
            }
        })
    }

    fn person_by_identity<'a>(
        &'a mut self,
        identity: &'a Identity,
    ) -> StoreFuture<'a, Option<Person>> {
        until(self.deadline, async move {
            let statement = "select user_id from identities where issuer = $1 and subject = $2";
            let row = sqlx::query(statement)
                .bind(&identity.issuer)
                .bind(&identity.subject)
                .fetch_optional(&mut *self.transaction)
                .await?;
            let Some(row) = row else { return Ok(None) };
            let user_id: String = row.try_get(0)?;
            let person = self.person(&user_id).await?;
            // While the lock was waited for, the link may have ended.
            let is_still = sqlx::query(
                "select 1 from identities where issuer = $1 and subject = $2 and user_id = $3",
            )
            .bind(&identity.issuer)
            .bind(&identity.subject)
            .bind(&user_id)
            .fetch_optional(&mut *self.transaction)
            .await?;
            Ok(person.filter(|_| is_still.is_some()))
        })
    }

    fn identities_of<'a>(&'a mut self, user_id: &'a str) -> StoreFuture<'a, Vec<Identity>> {
        until(self.deadline, async move { identities(&mut self.transaction, user_id).await })
    }

    fn workspace<'a>(&'a mut self, membership: &'a Membership) -> StoreFuture<'a, String> {
        until(self.deadline, async move {
            make_workspace(self, membership).await?;
            let row = sqlx::query("select id from workspaces where slug = $1")
                .bind(&membership.slug)
                .fetch_one(&mut *self.transaction)
                .await?;
            Ok(row.try_get(0)?)
        })
    }

    fn setup_link_to_use(&mut self, digest: Digest) -> StoreFuture<'_, Option<(SetupLink, User)>> {
        until(self.deadline, async move {
            let Some((link, _)) = setup_link(&mut self.transaction, digest).await? else {
                return Ok(None);
            };
            self.lock(dialect::LOCK_PERSON, link.user_id.as_str()).await?;
            setup_link(&mut self.transaction, digest).await
        })
    }

    fn failures<'a>(&'a mut self, key: &'a Key) -> StoreFuture<'a, Failures> {
        until(self.deadline, async move {
            // The update changes nothing: it takes the lock on a row that may not be there yet.
            let row = sqlx::query(
                "insert into sign_in_failures (key, failures, last_at) values ($1, 0, $2)
                 on conflict (key) do update set failures = sign_in_failures.failures returning failures, last_at",
            )
            .bind(&key.0[..])
            .bind(self.now.0)
            .fetch_one(&mut *self.transaction)
            .await?;
            Ok(Failures { count: row.try_get(0)?, last_at: Timestamp(row.try_get(1)?) })
        })
    }

    fn give_up_upstream(&mut self, kept: i64) -> StoreFuture<'_, ()> {
        until(self.deadline, async move {
            let row = sqlx::query("select count(*) from upstream_sign_ins")
                .fetch_one(&mut *self.transaction)
                .await?;
            let count: i64 = row.try_get(0)?;
            if count > kept {
                sqlx::query(
                    "delete from upstream_sign_ins where state in (select state from upstream_sign_ins order by expires_at, state limit $1)",
                )
                .bind(count - kept)
                .execute(&mut *self.transaction)
                .await?;
            }
            Ok(())
        })
    }

    fn take_upstream<'a>(&'a mut self, state: &'a Key) -> StoreFuture<'a, Option<UpstreamSignIn>> {
        until(self.deadline, async move {
            let row = sqlx::query(
                "delete from upstream_sign_ins where state = $1 returning browser, nonce, verifier, return_to, expires_at, user_id",
            )
            .bind(&state.0[..])
            .fetch_optional(&mut *self.transaction)
            .await?;
            row.map(|row| {
                Ok(UpstreamSignIn {
                    state: state.clone(),
                    browser: Key(row.try_get("browser")?),
                    nonce: row.try_get("nonce")?,
                    verifier: row.try_get("verifier")?,
                    return_to: row.try_get("return_to")?,
                    expires_at: rows::time(&row, "expires_at")?,
                    user_id: row.try_get("user_id")?,
                })
            })
            .transpose()
        })
    }
}

async fn make_workspace(
    decision: &mut SqlDecision,
    membership: &Membership,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into workspaces (id, slug, name, created_at) values ($1, $2, $3, $4) on conflict (slug) do nothing",
    )
    .bind(&membership.workspace_id)
    .bind(&membership.slug)
    .bind(&membership.workspace_name)
    .bind(decision.now.0)
    .execute(&mut *decision.transaction)
    .await?;
    Ok(())
}

/// Applies one change.
pub(super) async fn apply(
    decision: &mut SqlDecision,
    change: &PersonChange,
) -> Result<(), StoreError> {
    let now = decision.now;
    if let PersonChange::Join(_, membership) = change {
        make_workspace(decision, membership).await?;
    }
    let statement = match change {
        PersonChange::Join(user_id, membership) => sqlx::query(
            "insert into memberships (workspace_id, user_id, role, created_at) select id, $1, $2, $3 from workspaces where slug = $4
             on conflict (workspace_id, user_id) do update set role = excluded.role",
        )
        .bind(user_id)
        .bind(membership.role.as_str())
        .bind(now.0)
        .bind(&membership.slug),
        PersonChange::AddUpstream(sign_in) => sqlx::query(
            "insert into upstream_sign_ins (state, browser, nonce, verifier, return_to, expires_at, user_id) values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&sign_in.state.0[..])
        .bind(&sign_in.browser.0[..])
        .bind(&sign_in.nonce)
        .bind(&sign_in.verifier)
        .bind(&sign_in.return_to)
        .bind(sign_in.expires_at.0)
        .bind(&sign_in.user_id),
        PersonChange::Link { user_id, identity } => sqlx::query(
            "insert into identities (issuer, subject, user_id, created_at) values ($1, $2, $3, $4)",
        )
        .bind(&identity.issuer)
        .bind(&identity.subject)
        .bind(user_id)
        .bind(now.0),
        PersonChange::Unlink { user_id, identity } => sqlx::query(
            "delete from identities where issuer = $1 and subject = $2 and user_id = $3",
        )
        .bind(&identity.issuer)
        .bind(&identity.subject)
        .bind(user_id),
        PersonChange::Add(person) => sqlx::query(
            "insert into users (id, email, display_name, password, created_at, password_changed_at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&person.user.id)
        .bind(&person.user.email)
        .bind(&person.user.display_name)
        .bind(&person.password.0)
        .bind(now.0)
        .bind(person.password_changed_at.0),
        // Two changes in one millisecond are two passwords all the same.
        PersonChange::SetPassword { user_id, hash, at } => sqlx::query(
            "update users set password = $1, password_changed_at = case when password_changed_at >= $2 then password_changed_at + 1 else $2 end where id = $3",
        )
        .bind(&hash.0)
        .bind(at.0)
        .bind(user_id),
        PersonChange::Rehash { user_id, hash } => {
            sqlx::query("update users set password = $1 where id = $2").bind(&hash.0).bind(user_id)
        }
        PersonChange::Disable { user_id, at } => {
            sqlx::query("update users set disabled_at = $1 where id = $2")
                .bind(at.map(|at| at.0))
                .bind(user_id)
        }
        PersonChange::Leave { user_id, workspace_id } => {
            sqlx::query("delete from memberships where user_id = $1 and workspace_id = $2")
                .bind(user_id)
                .bind(workspace_id)
        }
        PersonChange::RevokeGrants { user_id, workspace_id, at } => sqlx::query(
            "update grants set revoked_at = $1, revoked_reason = $2 where user_id = $3 and workspace_id = $4 and revoked_at is null",
        )
        .bind(at.0)
        .bind(RevocationReason::PersonRevoked.as_str())
        .bind(user_id)
        .bind(workspace_id),
        PersonChange::EndSession { user_id, id } => {
            sqlx::query("delete from sessions where user_id = $1 and id = $2").bind(user_id).bind(id)
        }
        PersonChange::EndSessions { user_id, but } => {
            let kept: &[u8] = but.as_ref().map_or(&[], |digest| &digest.0[..]);
            sqlx::query("delete from sessions where user_id = $1 and digest <> $2")
                .bind(user_id)
                .bind(kept)
        }
        PersonChange::AddSetupLink(link) => sqlx::query(concat!(
            "insert into setup_links (digest, kid, user_id, created_at, expires_at) select $1, $2, $3, $4, $5 where ",
            live_key!("$2")
        ))
        .bind(&link.digest.0[..])
        .bind(i64::from(link.digest.1.0))
        .bind(&link.user_id)
        .bind(link.created_at.0)
        .bind(link.expires_at.0),
        PersonChange::EndSetupLinks { user_id, at } => {
            sqlx::query("update setup_links set used_at = $1 where user_id = $2 and used_at is null")
                .bind(at.0)
                .bind(user_id)
        }
        PersonChange::Count { key, failures } if failures.count == 0 => {
            sqlx::query("delete from sign_in_failures where key = $1").bind(&key.0[..])
        }
        PersonChange::Count { key, failures } => {
            sqlx::query("update sign_in_failures set failures = $1, last_at = $2 where key = $3")
                .bind(failures.count)
                .bind(failures.last_at.0)
                .bind(&key.0[..])
        }
    };
    let done = statement.execute(&mut *decision.transaction).await?;
    match change {
        PersonChange::AddSetupLink(_) => inserted(done.rows_affected()),
        _ => Ok(()),
    }
}
