//! Redeeming a code (RFC 6749 section 4.1.3).
//!
//! A failed attempt leaves the code as it was, so a stranger with a wrong verifier cannot use up somebody's code. Presenting a redeemed code again, as the
//! client that it was issued to, ends the grant (RFC 6749 section 4.1.2, RFC 9700 section 4.5).

use lookout_schema::ScopeSet;

use super::error::{OAuthError, OAuthErrorCode};
use super::records::{Client, Code, GrantType, RevocationReason, Standing, Token, TokenKind};
use super::resource::Resource;
use super::{Authority, Change, Decision, Timestamp};
use crate::secret::keys::Digest;

/// A token request with `grant_type=authorization_code`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExchangeRequest<'a> {
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub verifier: Option<&'a str>,
    /// `resource`.
    pub resource: Option<&'a str>,
}

/// The digests of tokens made beforehand, in case they are issued.
#[derive(Clone, Copy, Debug)]
pub struct FreshTokens {
    /// Of the access token.
    pub access: Digest,
    /// Of the refresh token.
    pub refresh: Digest,
}

/// What the token response says about the tokens that were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// `expires_in`, in seconds.
    pub expires_in: i64,
    /// `scope`.
    pub scopes: ScopeSet,
    /// Whether the new refresh token is part of the response.
    pub with_refresh: bool,
}

pub(super) fn redirect_matches(code: &Code, presented: Option<&str>) -> bool {
    // OAuth 2.1 dropped the parameter, RFC 6749 section 4.1.3 has it: it may be left out, but not be wrong.
    presented.is_none_or(|uri| uri == code.redirect_uri)
}

pub(super) fn resource_matches(granted: Option<Resource>, named: Option<Resource>) -> bool {
    granted == named
}

impl Authority {
    /// Redeems a code for an authenticated client.
    pub fn exchange(
        &self,
        now: Timestamp,
        client: &Client,
        code: Option<(&Code, &Standing)>,
        request: ExchangeRequest<'_>,
        fresh: FreshTokens,
    ) -> Decision<Issued> {
        let policy = &self.policy;
        if !(policy.grant_type_allowed)(client, GrantType::AuthorizationCode) {
            return Decision::refuse(unauthorized_client());
        }
        let Some((code, standing)) =
            code.filter(|(code, _)| (policy.code_client_matches)(code, client))
        else {
            return Decision::refuse(OAuthError::invalid_grant());
        };
        if !(policy.code_unused)(code) {
            let mut refusal = Decision::refuse(OAuthError::invalid_grant());
            if (policy.replay_revokes_grant)(code, client) {
                refusal.changes.push(Change::RevokeGrant {
                    id: standing.grant.id.clone(),
                    at: now,
                    reason: RevocationReason::CodeReplay,
                });
            }
            return refusal;
        }
        if !(policy.code_unexpired)(code, now) || !self.is_live(now, standing) {
            return Decision::refuse(OAuthError::invalid_grant());
        }
        if let Err(error) = self.judge_exchange(code, standing, request) {
            return Decision::refuse(error);
        }
        let scopes = (policy.issued_scopes)(standing.grant.scopes);
        let with_refresh = (policy.grant_type_allowed)(client, GrantType::RefreshToken);
        let mut changes = vec![Change::UseCode { digest: code.digest, at: now }];
        let issued = self.issue(now, standing, 0, scopes, with_refresh, fresh, &mut changes);
        Decision::allow(issued, changes)
    }

    fn judge_exchange(
        &self,
        code: &Code,
        standing: &Standing,
        request: ExchangeRequest<'_>,
    ) -> Result<(), OAuthError> {
        let policy = &self.policy;
        let wrong = |why: &'static str| OAuthError::new(OAuthErrorCode::InvalidGrant, why);
        if !(policy.code_redirect_matches)(code, request.redirect_uri) {
            return Err(wrong("redirect_uri is not that of the authorization request"));
        }
        let named = (policy.resource_accepted)(&self.issuer, request.resource);
        let resource_agrees = request.resource.is_none()
            || (named.is_some() && (policy.code_resource_matches)(standing.grant.resource, named));
        if !resource_agrees {
            return Err(OAuthError::new(
                OAuthErrorCode::InvalidTarget,
                "resource is not that of the authorization request",
            ));
        }
        match (request.verifier, code.challenge.as_deref()) {
            (None, _) if !(policy.verifier_required)(code) => Ok(()),
            (None, _) => {
                Err(OAuthError::new(OAuthErrorCode::InvalidRequest, "code_verifier is missing"))
            }
            (Some(_), None) => Err(wrong("the authorization request had no code_challenge")),
            (Some(verifier), Some(challenge)) => {
                let holds = (policy.verifier_is_well_formed)(verifier)
                    && (policy.verifier_matches)(challenge, code.challenge_method, verifier);
                if holds {
                    Ok(())
                } else {
                    Err(wrong("code_verifier does not match code_challenge"))
                }
            }
        }
    }

    /// Issues an access token of `generation`, and a refresh token when asked.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one fact about the tokens, and both callers know all of them"
    )]
    pub(super) fn issue(
        &self,
        now: Timestamp,
        standing: &Standing,
        generation: i64,
        scopes: ScopeSet,
        with_refresh: bool,
        fresh: FreshTokens,
        changes: &mut Vec<Change>,
    ) -> Issued {
        let grant = &standing.grant;
        let token = |digest, kind, scopes, expires_at| Token {
            digest,
            kind,
            grant_id: grant.id.clone(),
            generation,
            scopes,
            hint: String::new(),
            created_at: now,
            expires_at,
            superseded_at: None,
            revoked_at: None,
        };
        let ends = now.plus_seconds(self.lifetimes.access);
        let ends = grant.expires_at.map_or(ends, |grant_ends| ends.min(grant_ends));
        changes.push(Change::AddToken(token(fresh.access, TokenKind::Access, scopes, Some(ends))));
        if with_refresh {
            let expiry =
                (self.policy.refresh_expiry)(now, self.lifetimes.refresh_idle, grant.expires_at);
            changes.push(Change::AddToken(token(
                fresh.refresh,
                TokenKind::Refresh,
                grant.scopes,
                expiry,
            )));
        }
        Issued { expires_in: now.seconds_until(ends).max(1), scopes, with_refresh }
    }
}

pub(super) fn unauthorized_client() -> OAuthError {
    OAuthError::new(
        OAuthErrorCode::UnauthorizedClient,
        "this client did not register this grant_type",
    )
}
