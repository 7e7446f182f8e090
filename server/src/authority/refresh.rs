//! Refreshing (RFC 6749 section 6, OAuth 2.1 section 4.3).
//!
//! A refresh token works once and is replaced. Presenting a replaced one, of any generation and any age, means that two parties hold the chain: its grant
//! ends, although the reply is an error. Scopes named in the request narrow that one access token; the chain keeps what was granted.

use super::error::{OAuthError, OAuthErrorCode};
use super::records::{Client, GrantType, RevocationReason, Standing, Token, TokenKind};
use super::token::{FreshTokens, Issued, unauthorized_client};
use super::{Authority, Change, Decision, Timestamp};

/// A token request with `grant_type=refresh_token`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefreshRequest<'a> {
    /// `scope`.
    pub scope: Option<&'a str>,
    /// `resource`.
    pub resource: Option<&'a str>,
}

pub(super) fn expiry(
    now: Timestamp,
    idle: i64,
    grant_ends: Option<Timestamp>,
) -> Option<Timestamp> {
    let idle_ends = now.plus_seconds(idle);
    Some(grant_ends.map_or(idle_ends, |grant_ends| idle_ends.min(grant_ends)))
}

impl Authority {
    /// Refreshes for an authenticated client.
    pub fn refresh(
        &self,
        now: Timestamp,
        client: &Client,
        token: Option<(&Token, &Standing)>,
        request: RefreshRequest<'_>,
        fresh: FreshTokens,
    ) -> Decision<Issued> {
        let policy = &self.policy;
        if !(policy.grant_type_allowed)(client, GrantType::RefreshToken) {
            return Decision::refuse(unauthorized_client());
        }
        let Some((token, standing)) = token.filter(|(token, standing)| {
            token.kind == TokenKind::Refresh
                && (policy.refresh_client_matches)(&standing.grant, client)
        }) else {
            return Decision::refuse(OAuthError::invalid_grant());
        };
        if !(policy.refresh_unrotated)(token) {
            let mut refusal = Decision::refuse(OAuthError::invalid_grant());
            if (policy.reuse_revokes_grant)(token) {
                refusal.changes.push(Change::RevokeGrant {
                    id: standing.grant.id.clone(),
                    at: now,
                    reason: RevocationReason::RefreshReuse,
                });
            }
            return refusal;
        }
        let is_usable = (policy.token_unexpired)(token, now)
            && (policy.token_unrevoked)(token)
            && self.is_live(now, standing);
        if !is_usable {
            return Decision::refuse(OAuthError::invalid_grant());
        }
        let resource_agrees = request.resource.is_none_or(|named| {
            let named = (policy.resource_accepted)(&self.issuer, Some(named));
            named.is_some() && (policy.code_resource_matches)(standing.grant.resource, named)
        });
        if !resource_agrees {
            return Decision::refuse(OAuthError::new(
                OAuthErrorCode::InvalidTarget,
                "resource is not that of the authorization request",
            ));
        }
        let invalid_scope = || {
            OAuthError::new(
                OAuthErrorCode::InvalidScope,
                "scope exceeds what was granted; start a new authorization for more",
            )
        };
        let named = match request.scope.map(policy.scopes_named) {
            None => None,
            Some(Ok(named)) if !named.is_empty() => Some(named),
            Some(_) => return Decision::refuse(invalid_scope()),
        };
        let Some(scopes) = (policy.refresh_scopes)(standing.grant.scopes, named) else {
            return Decision::refuse(invalid_scope());
        };
        let rotates = (policy.refresh_rotates)(client);
        let mut changes = Vec::new();
        if rotates {
            changes.push(Change::SupersedeToken { digest: token.digest, at: now });
        }
        let issued =
            self.issue(now, standing, token.generation + 1, scopes, rotates, fresh, &mut changes);
        Decision::allow(issued, changes)
    }
}
