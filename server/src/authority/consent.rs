//! The person's answer (RFC 6749 section 4.1.2, MCP security best practices "confused deputy").
//!
//! The form names a stored request and says which of its scopes stay; it cannot change the client, the redirect URI or widen anything.
//! Nothing is remembered: every authorization asks.

use lookout_schema::ScopeSet;

use super::error::{OAuthError, OAuthErrorCode};
use super::records::{
    AuthorizationRequest, Client, Code, Grant, GrantKind, RevocationReason, Session,
};
use super::{Authority, Change, Decision, Timestamp};
use crate::secret::keys::Digest;

/// What the person chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// "Deny".
    Deny,
    /// "Allow".
    Allow {
        /// The scopes left ticked.
        ticked: ScopeSet,
        /// The workspace, one that the person is a member of.
        workspace_id: String,
    },
}

/// Why an answer did not count. Shown on a page of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentRefusal {
    /// The page is not this session's, was answered or is too old.
    NotPending,
    /// The client went away, or its redirect URI with it.
    ClientGone,
    /// No scope was left ticked.
    NothingTicked,
}

impl ConsentRefusal {
    /// The word for it in the audit log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotPending => "not_pending",
            Self::ClientGone => "client_gone",
            Self::NothingTicked => "nothing_ticked",
        }
    }
}

/// What an allowed request becomes: identifiers and the digest of the code, made beforehand.
#[derive(Clone, Debug)]
pub struct FreshGrant<'a> {
    /// The identifier of the grant.
    pub grant_id: &'a str,
    /// The code, and where its text goes in the response.
    pub code: &'a str,
    /// The digest of the code.
    pub code_digest: Digest,
}

/// What a request is answered about: everything loaded under lock.
#[derive(Clone, Copy, Debug)]
pub struct Pending<'a> {
    /// The session that answers.
    pub session: &'a Session,
    /// The request that the form names, if it exists.
    pub request: Option<&'a AuthorizationRequest>,
    /// Its client, if it exists.
    pub client: Option<&'a Client>,
    /// Live grants of this person and client, oldest first.
    pub live_grants: &'a [String],
}

pub(super) fn is_before(now: Timestamp, end: Timestamp) -> bool {
    now < end
}

impl Authority {
    /// Decides what an answer leads to: the address to send the browser to.
    pub fn answer(
        &self,
        now: Timestamp,
        pending: Pending<'_>,
        answer: &Answer,
        fresh: &FreshGrant<'_>,
    ) -> Decision<String, ConsentRefusal> {
        let policy = &self.policy;
        let Some(request) = pending.request.filter(|request| {
            (policy.request_belongs_to_session)(&request.session, &pending.session.digest)
                && (policy.request_undecided)(request.decided_at)
                && (policy.request_unexpired)(now, request.expires_at)
        }) else {
            return Decision::refuse(ConsentRefusal::NotPending);
        };
        let Some(client) = pending.client.filter(|client| {
            client.deleted_at.is_none()
                && client
                    .redirect_uris
                    .iter()
                    .any(|uri| (policy.redirect_matches)(uri, &request.redirect_uri))
        }) else {
            return Decision::refuse(ConsentRefusal::ClientGone);
        };
        let state = request.state.as_deref();
        let decided = Change::DecideRequest { id: request.id.clone(), at: now };
        let Answer::Allow { ticked, workspace_id } = answer else {
            let error =
                OAuthError::new(OAuthErrorCode::AccessDenied, "the person did not allow this");
            return Decision::allow(
                self.error_response(&request.redirect_uri, state, &error),
                vec![decided],
            );
        };
        let scopes = (policy.approved_scopes)(request.scopes, *ticked);
        if scopes.is_empty() {
            return Decision::refuse(ConsentRefusal::NothingTicked);
        }
        let grant = Grant {
            id: fresh.grant_id.to_owned(),
            user_id: pending.session.user_id.clone(),
            workspace_id: workspace_id.clone(),
            client_id: Some(client.id.clone()),
            kind: GrantKind::OAuth,
            name: client.name.clone(),
            scopes,
            resource: Some(request.resource),
            created_at: now,
            expires_at: Some(now.plus_seconds(self.lifetimes.refresh_absolute)),
            revoked_at: None,
        };
        let code = Code {
            digest: fresh.code_digest,
            grant_id: grant.id.clone(),
            client_id: client.id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            challenge_method: request.challenge_method,
            expires_at: now.plus_seconds(self.lifetimes.code),
            used_at: None,
        };
        let too_many =
            (pending.live_grants.len() + 1).saturating_sub(self.limits.grants_per_client);
        let mut changes = vec![decided];
        changes.extend(pending.live_grants.iter().take(too_many).map(|id| Change::RevokeGrant {
            id: id.clone(),
            at: now,
            reason: RevocationReason::Replaced,
        }));
        changes.extend([Change::AddGrant(grant), Change::AddCode(code)]);
        Decision::allow(
            self.response(&request.redirect_uri, state, &[("code", fresh.code)]),
            changes,
        )
    }
}
