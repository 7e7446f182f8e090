//! The authorization endpoint (RFC 6749 section 4.1.1, OAuth 2.1 section 4.1.1).
//!
//! A request is judged in two steps. First the client and the redirect URI: while they are in doubt nothing may be sent anywhere, so a fault is shown on a
//! page of this server. Then everything else: a fault is sent to the now trusted redirect URI.

use lookout_schema::ScopeSet;

use super::error::{OAuthError, OAuthErrorCode};
use super::parameters::Parameters;
use super::pkce::ChallengeMethod;
use super::records::{AuthorizationRequest, Client};
use super::resource::Resource;
use super::{Authority, Change, Decision, Timestamp, redirect};
use crate::secret::keys::Digest;

/// A valid request that a person can be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What the person is asked for.
    pub scopes: ScopeSet,
    /// The resource.
    pub resource: Resource,
    challenge: Option<String>,
    challenge_method: ChallengeMethod,
    state: Option<String>,
}

/// Why nobody is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeRefusal {
    /// Shown on a page of this server, which neither links nor redirects anywhere.
    Page(&'static str),
    /// Sent to the client: the address to redirect to.
    Redirect(String),
}

impl Authority {
    /// Judges an authorization request. `client` is the one that `client_id` names, if it exists.
    pub fn propose(
        &self,
        client: Option<&Client>,
        parameters: &Parameters,
    ) -> Result<Proposal, AuthorizeRefusal> {
        let policy = &self.policy;
        let repeated = (policy.repeated_parameter)(parameters);
        if repeated.is_some()
            && (parameters.repeats("client_id") || parameters.repeats("redirect_uri"))
        {
            return Err(AuthorizeRefusal::Page(
                "The request names its client or its redirect URI more than once.",
            ));
        }
        let Some(client) = client.filter(|client| client.deleted_at.is_none()) else {
            return Err(AuthorizeRefusal::Page(
                "No such client is registered here. The application has to register again.",
            ));
        };
        let redirect_uri = match (parameters.value("redirect_uri"), client.redirect_uris.as_slice())
        {
            (Some(requested), _) => requested,
            (None, [only]) => only,
            (None, _) => {
                return Err(AuthorizeRefusal::Page(
                    "The request does not say where to send the answer (redirect_uri).",
                ));
            }
        };
        let is_registered =
            client.redirect_uris.iter().any(|uri| (policy.redirect_matches)(uri, redirect_uri));
        if !is_registered && !(policy.error_redirect_allowed)(is_registered) {
            return Err(AuthorizeRefusal::Page(
                "The application asked to be answered at an address that it did not register (redirect_uri).",
            ));
        }
        let state = parameters.value("state").filter(|_| !parameters.repeats("state"));
        let to_client = |error: &OAuthError| {
            AuthorizeRefusal::Redirect(self.error_response(redirect_uri, state, error))
        };
        if !is_registered {
            let error = OAuthError::new(
                OAuthErrorCode::InvalidRequest,
                "this redirect_uri is not registered",
            );
            return Err(to_client(&error));
        }
        let requested =
            self.requested(client, parameters, repeated).map_err(|error| to_client(&error))?;
        Ok(Proposal {
            redirect_uri: redirect_uri.to_owned(),
            scopes: requested.scopes,
            resource: requested.resource,
            challenge: requested.challenge,
            challenge_method: requested.challenge_method,
            state: state.map(str::to_owned),
        })
    }

    pub(super) fn requested(
        &self,
        client: &Client,
        parameters: &Parameters,
        repeated: Option<&str>,
    ) -> Result<Requested, OAuthError> {
        use OAuthErrorCode::{
            InvalidRequest, InvalidScope, InvalidTarget, UnsupportedResponseType,
        };
        let policy = &self.policy;
        let refuse = |code, why: &'static str| OAuthError::new(code, why);
        if repeated.is_some() {
            return Err(if parameters.repeats("resource") {
                refuse(
                    InvalidTarget,
                    "resource is given more than once; a grant is for one resource",
                )
            } else {
                refuse(InvalidRequest, "a parameter is given more than once")
            });
        }
        match parameters.value("response_type") {
            None => {
                return Err(refuse(
                    InvalidRequest,
                    "response_type is missing; send response_type=code",
                ));
            }
            Some(name) if !(policy.response_type_accepted)(name) => {
                return Err(refuse(
                    UnsupportedResponseType,
                    "only response_type=code is supported",
                ));
            }
            Some(_) => {}
        }
        let challenge = parameters.value("code_challenge");
        let challenge_method = match challenge {
            None if (policy.challenge_required)(client) => {
                return Err(refuse(
                    InvalidRequest,
                    "code_challenge is missing; use PKCE with the method S256",
                ));
            }
            None => ChallengeMethod::S256,
            Some(challenge) => {
                let method = (policy.challenge_method_accepted)(
                    parameters.value("code_challenge_method"),
                )
                .ok_or_else(|| refuse(InvalidRequest, "code_challenge_method must be S256"))?;
                if !(policy.challenge_is_well_formed)(challenge) {
                    return Err(refuse(
                        InvalidRequest,
                        "code_challenge must be the base64url SHA-256 of the verifier",
                    ));
                }
                method
            }
        };
        let resource = (policy.resource_accepted)(&self.issuer, parameters.value("resource"))
            .ok_or_else(|| {
                refuse(InvalidTarget, "resource is not one that this server issues tokens for")
            })?;
        let named = match parameters.value("scope") {
            None => (policy.default_scopes)(resource),
            Some(names) => (policy.scopes_named)(names).map_err(|_| {
                refuse(InvalidScope, "scope names a scope that does not exist here")
            })?,
        };
        let scopes = (policy.offered_scopes)(named, resource.scopes(), client.scopes);
        if scopes.is_empty() {
            return Err(refuse(
                InvalidScope,
                "none of the requested scopes is available to this client at this resource",
            ));
        }
        let challenge = challenge.map(str::to_owned);
        Ok(Requested { scopes, resource, challenge, challenge_method })
    }

    /// Keeps a proposal until the person of `session` answers it.
    pub fn ask(
        &self,
        now: Timestamp,
        id: &str,
        session: Digest,
        client: &Client,
        proposal: Proposal,
    ) -> Decision<AuthorizationRequest> {
        let request = AuthorizationRequest {
            id: id.to_owned(),
            session,
            client_id: client.id.clone(),
            redirect_uri: proposal.redirect_uri,
            scopes: proposal.scopes,
            resource: proposal.resource,
            challenge: proposal.challenge,
            challenge_method: proposal.challenge_method,
            state: proposal.state,
            expires_at: now.plus_seconds(self.lifetimes.authorization_request),
            decided_at: None,
        };
        Decision::allow(request.clone(), vec![Change::AddRequest(request)])
    }

    /// The address of an error response (RFC 6749 section 4.1.2.1, RFC 9207).
    pub(super) fn error_response(
        &self,
        uri: &str,
        state: Option<&str>,
        error: &OAuthError,
    ) -> String {
        let parameters =
            [("error", error.code.as_str()), ("error_description", &error.description)];
        self.response(uri, state, &parameters)
    }

    /// The address of an authorization response: `parameters`, `state` and `iss`.
    pub(super) fn response(
        &self,
        uri: &str,
        state: Option<&str>,
        parameters: &[(&str, &str)],
    ) -> String {
        let state = (self.policy.response_state)(state);
        let issuer = (self.policy.response_issuer)(&self.issuer);
        let mut all = parameters.to_vec();
        all.extend(state.as_deref().map(|state| ("state", state)));
        all.extend(issuer.as_deref().map(|issuer| ("iss", issuer)));
        redirect::with_parameters(uri, &all)
    }
}

pub(super) struct Requested {
    scopes: ScopeSet,
    resource: Resource,
    challenge: Option<String>,
    challenge_method: ChallengeMethod,
}
