//! The statements of changes.

use super::decide::SqlDecision;
use crate::authority::records::GrantType;
use crate::authority::{Change, Resource};
use crate::store::StoreError;

/// What a new secret is inserted only under: a key that the database knows and that was not retired. Otherwise no row is inserted.
macro_rules! live_key {
    ($kid:literal) => {
        concat!("exists (select 1 from root_keys where kid = ", $kid, " and retired_at is null)")
    };
}
pub(super) use live_key;

impl SqlDecision {
    /// Does what a change says.
    pub(super) async fn apply(&mut self, change: Change) -> Result<(), StoreError> {
        let statement = match &change {
            Change::Audit(event) => {
                let event = event.clone();
                return super::operations::add_event(&mut self.transaction, self.now, event).await;
            }
            Change::EndClientSecret { digest } => {
                // No secret has this digest, and no key this name.
                sqlx::query("update clients set secret = $1, secret_kid = 0 where secret = $2")
                    .bind(&[0_u8; 32][..])
                    .bind(&digest.0[..])
            }
            Change::AddClient(client) => {
                let words: Vec<&str> = client.grant_types.iter().copied().map(GrantType::as_str).collect();
                sqlx::query(concat!(
                    "insert into clients (id, name, redirect_uris, auth_method, secret, grant_types, scopes, created_at, registered_by, secret_kid)
                     select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 where $5 is null or ",
                    live_key!("$10")
                ))
                .bind(&client.id)
                .bind(&client.name)
                .bind(serde_json::to_string(&client.redirect_uris).map_err(|error| StoreError(error.into()))?)
                .bind(client.auth_method.as_str())
                .bind(client.secret.as_ref().map(|digest| &digest.0[..]))
                .bind(words.join(" "))
                .bind(client.scopes.to_string())
                .bind(client.created_at.0)
                .bind(&client.registered_by)
                .bind(client.secret.map_or(1, |digest| i64::from(digest.1.0)))
            }
            Change::DescribeClient(client) => {
                let words: Vec<&str> = client.grant_types.iter().copied().map(GrantType::as_str).collect();
                sqlx::query(
                    "insert into clients (id, name, redirect_uris, auth_method, grant_types, scopes, created_at, document_fresh_until)
                     values ($1, $2, $3, $4, $5, $6, $7, $8)
                     on conflict (id) do update set name = excluded.name, redirect_uris = excluded.redirect_uris, grant_types = excluded.grant_types,
                     scopes = excluded.scopes, document_fresh_until = excluded.document_fresh_until",
                )
                .bind(&client.id)
                .bind(&client.name)
                .bind(serde_json::to_string(&client.redirect_uris).map_err(|error| StoreError(error.into()))?)
                .bind(client.auth_method.as_str())
                .bind(words.join(" "))
                .bind(client.scopes.to_string())
                .bind(client.created_at.0)
                .bind(client.document_fresh_until.map(|at| at.0))
            }
            Change::AddRequest(request) => sqlx::query(
                "insert into authorization_requests
                 (id, session, client_id, redirect_uri, scopes, resource, challenge, challenge_method, state, expires_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(&request.id)
            .bind(&request.session.0[..])
            .bind(&request.client_id)
            .bind(&request.redirect_uri)
            .bind(request.scopes.to_string())
            .bind(request.resource.path())
            .bind(&request.challenge)
            .bind(request.challenge_method.as_str())
            .bind(&request.state)
            .bind(request.expires_at.0),
            Change::DecideRequest { id, at } => {
                sqlx::query("update authorization_requests set decided_at = coalesce(decided_at, $1) where id = $2")
                    .bind(at.0)
                    .bind(id)
            }
            Change::AddGrant(grant) => sqlx::query(
                "insert into grants (id, user_id, workspace_id, client_id, kind, name, scopes, resource, created_at, expires_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(&grant.id)
            .bind(&grant.user_id)
            .bind(&grant.workspace_id)
            .bind(&grant.client_id)
            .bind(grant.kind.as_str())
            .bind(&grant.name)
            .bind(grant.scopes.to_string())
            .bind(grant.resource.map(Resource::path))
            .bind(grant.created_at.0)
            .bind(grant.expires_at.map(|at| at.0)),
            Change::RevokeGrant { id, at, reason } => sqlx::query(
                "update grants set revoked_at = coalesce(revoked_at, $1), revoked_reason = coalesce(revoked_reason, $2) where id = $3",
            )
            .bind(at.0)
            .bind(reason.as_str())
            .bind(id),
            Change::AddCode(code) => sqlx::query(concat!(
                "insert into codes (digest, grant_id, client_id, redirect_uri, challenge, challenge_method, expires_at, kid)
                 select $1, $2, $3, $4, $5, $6, $7, $8 where ",
                live_key!("$8")
            ))
            .bind(&code.digest.0[..])
            .bind(&code.grant_id)
            .bind(&code.client_id)
            .bind(&code.redirect_uri)
            .bind(&code.challenge)
            .bind(code.challenge_method.as_str())
            .bind(code.expires_at.0)
            .bind(i64::from(code.digest.1.0)),
            Change::UseCode { digest, at } => {
                sqlx::query("update codes set used_at = coalesce(used_at, $1) where digest = $2")
                    .bind(at.0)
                    .bind(&digest.0[..])
            }
            Change::AddToken(token) => sqlx::query(concat!(
                "insert into tokens (digest, kind, grant_id, generation, scopes, hint, created_at, expires_at, kid)
                 select $1, $2, $3, $4, $5, $6, $7, $8, $9 where ",
                live_key!("$9")
            ))
            .bind(&token.digest.0[..])
            .bind(token.kind.as_str())
            .bind(&token.grant_id)
            .bind(token.generation)
            .bind(token.scopes.to_string())
            .bind(&token.hint)
            .bind(token.created_at.0)
            .bind(token.expires_at.map(|at| at.0))
            .bind(i64::from(token.digest.1.0)),
            Change::SupersedeToken { digest, at } => {
                sqlx::query("update tokens set superseded_at = coalesce(superseded_at, $1) where digest = $2")
                    .bind(at.0)
                    .bind(&digest.0[..])
            }
            Change::RevokeToken { digest, at } => {
                sqlx::query("update tokens set revoked_at = coalesce(revoked_at, $1) where digest = $2")
                    .bind(at.0)
                    .bind(&digest.0[..])
            }
            Change::AddSession(session) => {
                sqlx::query(concat!(
                    "insert into sessions (digest, user_id, created_at, seen_at, kid, id, label) select $1, $2, $3, $4, $5, $6, $7 where ",
                    live_key!("$5")
                ))
                    .bind(&session.digest.0[..])
                    .bind(&session.user_id)
                    .bind(session.created_at.0)
                    .bind(session.seen_at.0)
                    .bind(i64::from(session.digest.1.0))
                    .bind(&session.id)
                    .bind(&session.label)
            }
            Change::Person(change) => return self.apply_to_people(change).await,
            Change::EndSession { digest } => {
                sqlx::query("delete from sessions where digest = $1").bind(&digest.0[..])
            }
        };
        let done = statement.execute(&mut *self.transaction).await?;
        let is_new_secret = matches!(
            change,
            Change::AddClient(_) | Change::AddCode(_) | Change::AddToken(_) | Change::AddSession(_)
        );
        if is_new_secret { inserted(done.rows_affected()) } else { Ok(()) }
    }
}

/// Refuses to go on when a new secret was not inserted, because nobody else would know it.
pub(super) fn inserted(rows: u64) -> Result<(), StoreError> {
    match rows {
        0 => Err(StoreError("the root key of this server is not one of the database's".into())),
        _ => Ok(()),
    }
}
