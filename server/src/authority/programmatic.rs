//! Programmatic tokens: grants with one token, which a person makes for a script or for a client without a browser.

use lookout_schema::ScopeSet;

use super::records::{Grant, GrantKind, Token, TokenKind};
use super::{Authority, Change, Decision, Timestamp, client};
use crate::secret::keys::Digest;

/// Days that a token lives when nobody says otherwise.
pub const DEFAULT_DAYS: i64 = 90;
/// The most days that a token can live.
pub const MOST_DAYS: i64 = 366;

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct TokenRequest<'a> {
    /// Who makes it.
    pub user_id: &'a str,
    /// The workspace that it is bound to.
    pub workspace_id: &'a str,
    /// What they call it.
    pub name: &'a str,
    /// What it may do; `None` for every scope.
    pub scopes: Option<ScopeSet>,
    /// How many days it lives; `None` for [`DEFAULT_DAYS`].
    pub days: Option<i64>,
}

/// What is made beforehand, in case the token is issued.
#[derive(Clone, Copy, Debug)]
pub struct FreshToken<'a> {
    /// The identifier of the grant.
    pub grant_id: &'a str,
    /// The digest of the token.
    pub digest: Digest,
    /// Its first characters.
    pub hint: &'a str,
}

/// Why a token was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// The name is empty.
    #[error("give the token a name, so that you recognise it later")]
    NoName,
    /// The person has a live token of this name.
    #[error("you already have a token with this name; choose another name or revoke it first")]
    NameTaken,
    /// No scope was chosen.
    #[error("choose at least one permission")]
    NoScope,
    /// The number of days is out of range.
    #[error("choose between 1 and {MOST_DAYS} days")]
    BadExpiry,
    /// The person has too many live tokens.
    #[error("you have as many live tokens as one person may have; revoke one first")]
    TooMany,
}

pub(super) fn expiry(now: Timestamp, days: Option<i64>) -> Option<Timestamp> {
    Some(now.plus_seconds(days.unwrap_or(DEFAULT_DAYS).saturating_mul(86_400)))
}

impl Authority {
    /// Makes a programmatic token. `live_names` are those of the person's live tokens in the workspace.
    pub fn create_token(
        &self,
        now: Timestamp,
        request: &TokenRequest<'_>,
        live_names: &[String],
        fresh: FreshToken<'_>,
    ) -> Decision<Grant, TokenRefusal> {
        let name = client::clean_name(request.name);
        let scopes = (self.policy.programmatic_scopes)(request.scopes);
        if name.is_empty() {
            return Decision::refuse(TokenRefusal::NoName);
        }
        if live_names.contains(&name) {
            return Decision::refuse(TokenRefusal::NameTaken);
        }
        if scopes.is_empty() {
            return Decision::refuse(TokenRefusal::NoScope);
        }
        if request.days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            return Decision::refuse(TokenRefusal::BadExpiry);
        }
        if live_names.len() >= self.limits.tokens_per_person {
            return Decision::refuse(TokenRefusal::TooMany);
        }
        let expires_at = (self.policy.programmatic_expiry)(now, request.days);
        let grant = Grant {
            id: fresh.grant_id.to_owned(),
            user_id: request.user_id.to_owned(),
            workspace_id: request.workspace_id.to_owned(),
            client_id: None,
            kind: GrantKind::Programmatic,
            name,
            scopes,
            resource: None,
            created_at: now,
            expires_at,
            revoked_at: None,
        };
        let token = Token {
            digest: fresh.digest,
            kind: TokenKind::Programmatic,
            grant_id: grant.id.clone(),
            generation: 0,
            scopes,
            hint: fresh.hint.to_owned(),
            created_at: now,
            expires_at,
            superseded_at: None,
            revoked_at: None,
        };
        Decision::allow(grant.clone(), vec![Change::AddGrant(grant), Change::AddToken(token)])
    }
}
