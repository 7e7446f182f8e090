//! The statements of changes to people.

use super::changes::{inserted, live_key};
use super::decide::SqlDecision;
use crate::authority::people::PersonChange;
use crate::authority::records::{Membership, RevocationReason};
use crate::store::StoreError;

impl SqlDecision {
    /// Does what a change to a person says.
    pub(super) async fn apply_to_people(
        &mut self,
        change: &PersonChange,
    ) -> Result<(), StoreError> {
        let now = self.now;
        if let PersonChange::Join(_, membership) = change {
            self.make_workspace(membership).await?;
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
        let done = statement.execute(&mut *self.transaction).await?;
        match change {
            PersonChange::AddSetupLink(_) => inserted(done.rows_affected()),
            _ => Ok(()),
        }
    }

    /// Makes the workspace that somebody joins, unless it is there.
    pub(super) async fn make_workspace(
        &mut self,
        membership: &Membership,
    ) -> Result<(), StoreError> {
        sqlx::query(
        "insert into workspaces (id, slug, name, created_at) values ($1, $2, $3, $4) on conflict (slug) do nothing",
    )
    .bind(&membership.workspace_id)
    .bind(&membership.slug)
    .bind(&membership.workspace_name)
    .bind(self.now.0)
    .execute(&mut *self.transaction)
    .await?;
        Ok(())
    }
}
