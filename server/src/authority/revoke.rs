//! Revocation (RFC 7009), by the client and by people.
//!
//! An access token given back ends alone; a refresh token given back ends its grant. What the client does not own is answered the same and left alone, so
//! the endpoint tells nothing and harms nobody. No client owns a programmatic token.

use super::error::{OAuthError, OAuthErrorCode};
use super::records::{Client, Grant, Membership, RevocationReason, Standing, Token, TokenKind};
use super::{Authority, Change, Decision, Timestamp};

/// How far a revocation reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing ends.
    Nothing,
    /// The presented token ends.
    Token,
    /// The grant ends, with every token of it.
    Grant,
}

pub(super) fn reach(kind: TokenKind, _hint: Option<&str>) -> Reach {
    match kind {
        TokenKind::Access => Reach::Token,
        TokenKind::Refresh => Reach::Grant,
        TokenKind::Programmatic => Reach::Nothing,
    }
}

impl Authority {
    /// Decides what a client's revocation request ends.
    pub fn revoke(
        &self,
        now: Timestamp,
        client: &Client,
        token: Option<(&Token, &Standing)>,
        hint: Option<&str>,
    ) -> Decision<()> {
        let policy = &self.policy;
        let Some((token, standing)) = token
            .filter(|(_, standing)| (policy.revocation_client_matches)(&standing.grant, client))
        else {
            if (policy.revocation_hides_unknown)() {
                return Decision::allow((), Vec::new());
            }
            return Decision::refuse(OAuthError::new(
                OAuthErrorCode::InvalidRequest,
                "no such token",
            ));
        };
        let change = match (policy.revocation_reach)(token.kind, hint) {
            Reach::Nothing => None,
            Reach::Token => Some(Change::RevokeToken { digest: token.digest, at: now }),
            Reach::Grant => Some(Change::RevokeGrant {
                id: standing.grant.id.clone(),
                at: now,
                reason: RevocationReason::ClientRevoked,
            }),
        };
        Decision::allow((), change.into_iter().collect())
    }

    /// Ends a grant for the person `user_id`, acting in the workspace of `membership`. `Err` when there is no such grant for them.
    pub fn disconnect(
        &self,
        now: Timestamp,
        user_id: &str,
        membership: &Membership,
        grant: Option<&Grant>,
    ) -> Decision<(), NoSuchGrant> {
        match grant.filter(|grant| (self.policy.grant_is_visible)(grant, user_id, membership)) {
            None => Decision::refuse(NoSuchGrant),
            Some(grant) => Decision::allow(
                (),
                vec![Change::RevokeGrant {
                    id: grant.id.clone(),
                    at: now,
                    reason: RevocationReason::PersonRevoked,
                }],
            ),
        }
    }
}

/// The grant does not exist, or is not one that the person may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchGrant;
