//! Admission: from a presented token to the caller that it stands for (RFC 6750, RFC 8707, MCP 2026-07-28 basic/authorization).
//!
//! A token is valid only together with its live grant, its person's enabled account and current membership, and its client. All of that is loaded with the
//! token on every call; nothing is remembered between calls.

use lookout_schema::ScopeSet;

use super::records::{Grant, Membership, Standing, Token, User};
use super::resource::Resource;
use super::{Authority, Timestamp};
use crate::secret::SecretKind;

/// Who a valid token stands for, and what it may do at the resource where it was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The grant.
    pub grant_id: String,
    /// The person.
    pub user_id: String,
    /// What the person is called.
    pub user_name: String,
    /// The workspace.
    pub workspace_id: String,
    /// The workspace in addresses.
    pub workspace_slug: String,
    /// The client; `None` for a programmatic token.
    pub client_id: Option<String>,
    /// What the application or the token is called.
    pub grant_name: String,
    /// What it may do here.
    pub scopes: ScopeSet,
    /// The first characters of a programmatic token; empty for an access token.
    pub hint: String,
}

/// A token with everything that its validity depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerRows {
    /// The token.
    pub token: Token,
    /// Its grant and what that depends on.
    pub standing: Standing,
    /// The person.
    pub user: User,
    /// The membership, when it is current.
    pub membership: Option<Membership>,
    /// When the grant was last used, to the minute. Decides nothing.
    pub last_used_at: Option<Timestamp>,
}

/// The token is not valid here. It does not say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidToken;

pub(super) fn kind_is_accepted(kind: SecretKind) -> bool {
    matches!(kind, SecretKind::Access | SecretKind::Programmatic)
}

pub(super) fn token_unexpired(token: &Token, now: Timestamp) -> bool {
    token.expires_at.is_none_or(|ends| now < ends)
}

pub(super) fn grant_unexpired(grant: &Grant, now: Timestamp) -> bool {
    grant.expires_at.is_none_or(|ends| now < ends)
}

pub(super) fn audience_matches(granted: Option<Resource>, asked: Resource) -> bool {
    granted.is_none_or(|granted| granted == asked)
}

impl Authority {
    /// Whether a grant is live: neither revoked nor expired, its person enabled and a member, its client there.
    #[must_use]
    pub fn is_live(&self, now: Timestamp, standing: &Standing) -> bool {
        let policy = &self.policy;
        (policy.grant_unrevoked)(&standing.grant)
            && (policy.grant_unexpired)(&standing.grant, now)
            && (policy.user_enabled)(standing)
            && (policy.client_undeleted)(standing)
            && (policy.membership_current)(standing)
    }

    /// Admits the bearer of a stored token to `resource`.
    pub fn admit(
        &self,
        now: Timestamp,
        rows: Option<BearerRows>,
        resource: Resource,
    ) -> Result<Caller, InvalidToken> {
        let policy = &self.policy;
        let BearerRows { token, standing, user, membership, .. } = rows.ok_or(InvalidToken)?;
        let is_valid = (policy.token_unexpired)(&token, now)
            && (policy.token_unrevoked)(&token)
            && self.is_live(now, &standing)
            && (policy.audience_matches)(standing.grant.resource, resource);
        if !is_valid {
            return Err(InvalidToken);
        }
        let grant = standing.grant;
        Ok(Caller {
            scopes: (policy.admitted_scopes)(token.scopes, grant.scopes, resource.scopes()),
            grant_id: grant.id,
            user_id: user.id,
            user_name: user.display_name,
            workspace_slug: membership.map_or_else(String::new, |membership| membership.slug),
            workspace_id: grant.workspace_id,
            client_id: grant.client_id,
            grant_name: grant.name,
            hint: token.hint,
        })
    }
}
