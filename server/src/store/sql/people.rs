//! Statements about people: how they sign in, and what that counts.

use sqlx::Row as _;

use super::decide::SqlDecision;
use super::dialect::{self, DbConnection, DbRow, now};
use super::{SqlStore, rows};
use crate::authority::Timestamp;
use crate::authority::people::{PasswordHash, Person, SetupLink};
use crate::authority::records::{Membership, Session, User};
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
            self.make_workspace(membership).await?;
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
