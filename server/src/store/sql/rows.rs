//! From rows to the authority's records, and the loads that reads and decisions share.

use lookout_schema::ScopeSet;
use sqlx::Row as _;

use super::dialect::{DbConnection, DbRow, now};
use crate::authority::pkce::ChallengeMethod;
use crate::authority::records::{
    Client, ClientAuthMethod, Grant, GrantKind, GrantType, Membership, Role, Session, Standing,
    Token, TokenKind, User,
};
use crate::authority::{Resource, Timestamp};
use crate::secret::keys::{Digest, Kid};
use crate::store::StoreError;

/// A value that this server cannot have written.
pub(super) fn corrupt(column: &str) -> StoreError {
    StoreError(format!("column {column} holds a value that this version does not know").into())
}

/// A digest, and the key that the column `kid` names.
pub(super) fn digest(row: &DbRow, column: &str, kid: &str) -> Result<Digest, StoreError> {
    optional_digest(row, column, kid)?.ok_or_else(|| corrupt(column))
}

fn optional_digest(row: &DbRow, column: &str, kid: &str) -> Result<Option<Digest>, StoreError> {
    let Some(bytes) = row.try_get::<Option<Vec<u8>>, _>(column)? else { return Ok(None) };
    let kid = u16::try_from(row.try_get::<i64, _>(kid)?).map_err(|_| corrupt(kid))?;
    Ok(Some(Digest(bytes.try_into().map_err(|_| corrupt(column))?, Kid(kid))))
}

pub(super) fn time(row: &DbRow, column: &str) -> Result<Timestamp, StoreError> {
    Ok(Timestamp(row.try_get(column)?))
}

pub(super) fn optional_time(row: &DbRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp))
}

pub(super) fn scopes(row: &DbRow, column: &str) -> Result<ScopeSet, StoreError> {
    row.try_get::<String, _>(column)?.parse().map_err(|_| corrupt(column))
}

pub(super) fn word<T>(
    row: &DbRow,
    column: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(&row.try_get::<String, _>(column)?).ok_or_else(|| corrupt(column))
}

pub(super) fn challenge_method(row: &DbRow) -> Result<ChallengeMethod, StoreError> {
    word(row, "challenge_method", |name| match name {
        "S256" => Some(ChallengeMethod::S256),
        "plain" => Some(ChallengeMethod::Plain),
        _ => None,
    })
}

/// The columns that [`standing`] reads, for a statement with `grants g`, `users u`, and left joins `clients c` and `memberships m`.
macro_rules! standing_columns {
    () => {
        "g.id as g_id, g.user_id as g_user_id, g.workspace_id as g_workspace_id, g.client_id as g_client_id, g.kind as g_kind, g.name as g_name,
         g.scopes as g_scopes, g.resource as g_resource, g.created_at as g_created_at, g.expires_at as g_expires_at, g.revoked_at as g_revoked_at,
         u.disabled_at as u_disabled_at, c.deleted_at as c_deleted_at, m.role as m_role"
    };
}

/// The joins that [`standing_columns`] names, from `grants g` on.
macro_rules! standing_joins {
    () => {
        "join users u on u.id = g.user_id
         left join clients c on c.id = g.client_id
         left join memberships m on m.workspace_id = g.workspace_id and m.user_id = g.user_id"
    };
}

macro_rules! token_columns {
    () => {
        "t.digest, t.kid, t.kind, t.grant_id, t.generation, t.scopes, t.hint, t.created_at, t.expires_at, t.superseded_at, t.revoked_at"
    };
}

macro_rules! client_columns {
    () => {
        "id, name, redirect_uris, auth_method, secret, secret_kid, grant_types, scopes, created_at, deleted_at, registered_by, document_fresh_until"
    };
}

pub(super) use {client_columns, standing_columns, standing_joins, token_columns};

pub(super) fn grant(row: &DbRow) -> Result<Grant, StoreError> {
    let resource: Option<String> = row.try_get("g_resource")?;
    Ok(Grant {
        id: row.try_get("g_id")?,
        user_id: row.try_get("g_user_id")?,
        workspace_id: row.try_get("g_workspace_id")?,
        client_id: row.try_get("g_client_id")?,
        kind: word(row, "g_kind", GrantKind::parse)?,
        name: row.try_get("g_name")?,
        scopes: scopes(row, "g_scopes")?,
        resource: resource
            .map(|path| Resource::from_path(&path).ok_or_else(|| corrupt("resource")))
            .transpose()?,
        created_at: time(row, "g_created_at")?,
        expires_at: optional_time(row, "g_expires_at")?,
        revoked_at: optional_time(row, "g_revoked_at")?,
    })
}

pub(super) fn standing(row: &DbRow) -> Result<Standing, StoreError> {
    Ok(Standing {
        grant: grant(row)?,
        user_disabled: optional_time(row, "u_disabled_at")?.is_some(),
        client_deleted: optional_time(row, "c_deleted_at")?.is_some(),
        is_member: row.try_get::<Option<String>, _>("m_role")?.is_some(),
    })
}

pub(super) fn token(row: &DbRow) -> Result<Token, StoreError> {
    Ok(Token {
        digest: digest(row, "digest", "kid")?,
        kind: word(row, "kind", TokenKind::parse)?,
        grant_id: row.try_get("grant_id")?,
        generation: row.try_get("generation")?,
        scopes: scopes(row, "scopes")?,
        hint: row.try_get("hint")?,
        created_at: time(row, "created_at")?,
        expires_at: optional_time(row, "expires_at")?,
        superseded_at: optional_time(row, "superseded_at")?,
        revoked_at: optional_time(row, "revoked_at")?,
    })
}

pub(super) fn membership(row: &DbRow) -> Result<Membership, StoreError> {
    Ok(Membership {
        workspace_id: row.try_get("id")?,
        slug: row.try_get("slug")?,
        workspace_name: row.try_get("name")?,
        role: word(row, "role", Role::parse)?,
    })
}

pub(super) async fn client(
    connection: &mut DbConnection,
    id: &str,
) -> Result<Option<Client>, StoreError> {
    let statement = concat!("select ", client_columns!(), " from clients where id = $1");
    let row = sqlx::query(statement).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(client_of).transpose()
}

pub(super) fn client_of(row: &DbRow) -> Result<Client, StoreError> {
    let uris: String = row.try_get("redirect_uris")?;
    let grant_types: String = row.try_get("grant_types")?;
    Ok(Client {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        redirect_uris: serde_json::from_str(&uris).map_err(|_| corrupt("redirect_uris"))?,
        auth_method: word(row, "auth_method", ClientAuthMethod::parse)?,
        secret: optional_digest(row, "secret", "secret_kid")?,
        grant_types: grant_types.split(' ').filter_map(GrantType::parse).collect(),
        scopes: scopes(row, "scopes")?,
        created_at: time(row, "created_at")?,
        deleted_at: optional_time(row, "deleted_at")?,
        registered_by: row.try_get("registered_by")?,
        document_fresh_until: optional_time(row, "document_fresh_until")?,
    })
}

pub(super) async fn visitor(
    connection: &mut DbConnection,
    session: Digest,
) -> Result<Option<(Timestamp, Session, User)>, StoreError> {
    let row = sqlx::query(concat!(
        "select ",
        now!(),
        " as now, s.created_at, s.seen_at, s.id as session_id, s.label, u.id, u.email, u.display_name, u.disabled_at
         from sessions s join users u on u.id = s.user_id where s.digest = $1 and s.kid = $2"
    ))
    .bind(&session.0[..])
    .bind(i64::from(session.1.0))
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let user = user(&row)?;
        let session = Session {
            digest: session,
            user_id: user.id.clone(),
            created_at: time(&row, "created_at")?,
            seen_at: time(&row, "seen_at")?,
            id: row.try_get("session_id")?,
            label: row.try_get("label")?,
        };
        Ok((time(&row, "now")?, session, user))
    })
    .transpose()
}

pub(super) fn user(row: &DbRow) -> Result<User, StoreError> {
    Ok(User {
        id: row.try_get("id")?,
        email: row.try_get("email")?,
        display_name: row.try_get("display_name")?,
        disabled_at: optional_time(row, "disabled_at")?,
    })
}
