//! The authorization code flow as a sequence of types (RFC 6749 section 4.1, RFC 9207, MCP 2026-07-28 basic/authorization).
//!
//! [`Authorizing`] holds the state, the verifier and the issuer of one request.
//! Only [`Authorizing::receive`] makes an [`Answered`], after it checked `state` and `iss`, and only an `Answered` can be exchanged, once:
//! an exchange without its checks does not compile.

use std::fmt;
use std::sync::Arc;

use url::{Url, form_urlencoded};

use super::discovery::Authority;
use super::pkce::State;
use super::registration::ClientIdentity;
use super::secret::{AuthorizationCode, CodeVerifier};
use super::token::{self, Redemption, Refusal, Tokens, is_error_code};
use super::wire::Wire;
use crate::Error;
use crate::events::event;

/// The parameters that the request itself sets.
pub(crate) const PARAMETERS: [&str; 9] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "scope",
];

/// One authorization request that waits for its response.
pub(crate) struct Authorizing {
    request: Request,
    state: State,
    url: Url,
}

/// An authorization response that belongs to the request and comes from the right server.
pub(crate) struct Answered {
    request: Request,
    code: AuthorizationCode,
}

/// What a redeemed code brought.
pub(crate) struct Granted {
    pub(crate) authority: Arc<Authority>,
    pub(crate) client: ClientIdentity,
    pub(crate) redirect_uri: String,
    pub(crate) requested: Vec<String>,
    pub(crate) tokens: Tokens,
}

struct Request {
    /// The session that asks, and that alone redeems the code.
    session: u64,
    authority: Arc<Authority>,
    client: ClientIdentity,
    resource: String,
    redirect_uri: String,
    scopes: Vec<String>,
    verifier: CodeVerifier,
}

/// What a request to the redirect URI turned out to be.
pub(crate) enum Received {
    /// Not the response to this request; the wait goes on.
    Stray(Authorizing),
    /// The response, and it ends the flow.
    Failed(Error),
    /// The response, with a code.
    Answered(Answered),
}

impl Authorizing {
    /// Prepares a request of `session` for `scopes`.
    pub(crate) fn start(
        session: u64,
        authority: Arc<Authority>,
        client: ClientIdentity,
        redirect_uri: &str,
        scopes: Vec<String>,
    ) -> Result<Self, Error> {
        let resource = authority.resource.clone();
        let state = State::generate()?;
        let verifier = CodeVerifier::generate()?;
        let mut url = authority.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client.id())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state.as_str())
            .append_pair("code_challenge", &verifier.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("resource", &resource);
        if !scopes.is_empty() {
            url.query_pairs_mut().append_pair("scope", &scopes.join(" "));
        }
        event!(
            AUTH,
            info,
            "authorization.started",
            issuer = authority.issuer,
            scopes = scopes.join(" ")
        );
        let request = Request {
            session,
            authority,
            client,
            resource,
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            verifier,
        };
        Ok(Self { request, state, url })
    }

    /// Where the person goes to consent.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Judges the query of a request to the redirect URI.
    pub(crate) fn receive(self, query: &str) -> Received {
        let received = self.judge(query);
        match &received {
            Received::Stray(_) => {
                let reason = "it has no state of this request, or parameters twice";
                event!(AUTH, info, "authorization.callback", verdict = "stray", reason);
            }
            Received::Failed(error) => {
                let reason = error.reason();
                event!(AUTH, warn, "authorization.callback", verdict = "failed", reason);
            }
            Received::Answered(_) => {
                event!(AUTH, info, "authorization.callback", verdict = "accepted");
            }
        }
        received
    }

    fn judge(self, query: &str) -> Received {
        let Ok(response) = Response::parse(query) else { return Received::Stray(self) };
        if response.state.as_deref() != Some(self.state.as_str()) {
            return Received::Stray(self);
        }
        // Before the issuer is known to be the right one, nothing else of the response is looked at or shown.
        if let Err(why) = check_iss(&self.request.authority, response.iss.as_deref()) {
            return Received::Failed(Error::authorization(why));
        }
        if let Some(error) = response.error {
            return Received::Failed(refused(&error));
        }
        match response.code.and_then(AuthorizationCode::new) {
            Some(code) => Received::Answered(Answered { request: self.request, code }),
            None => Received::Failed(Error::authorization(
                "the authorization response has no usable code",
            )),
        }
    }
}

impl Answered {
    /// The session whose request this answers.
    pub(crate) fn session(&self) -> u64 {
        self.request.session
    }

    /// Redeems the code at the server that issued it; the code and the verifier are gone afterwards.
    pub(crate) async fn exchange(self, wire: &Wire) -> Result<Granted, Error> {
        let granted = self.redeem(wire).await;
        match &granted {
            Ok(Granted { tokens, .. }) => {
                event!(
                    AUTH,
                    info,
                    "exchange",
                    outcome = "granted",
                    scopes = tokens.scopes.join(" ")
                );
            }
            Err(error) => {
                event!(AUTH, warn, "exchange", outcome = "refused", reason = error.reason());
            }
        }
        granted
    }

    async fn redeem(self, wire: &Wire) -> Result<Granted, Error> {
        let Request { session: _, authority, client, resource, redirect_uri, scopes, verifier } =
            self.request;
        let redemption = Redemption {
            code: &self.code,
            verifier: &verifier,
            redirect_uri: &redirect_uri,
            resource: &resource,
            scopes: &scopes,
        };
        match token::redeem(wire, &authority, &client, redemption).await {
            Ok(tokens) => {
                Ok(Granted { authority, client, redirect_uri, requested: scopes, tokens })
            }
            Err(Refusal::Final(code)) if code == "invalid_grant" => Err(Error::authorization(
                "the authorization server did not accept the code; it may have expired, so sign in again",
            )),
            Err(Refusal::Final(code)) => Err(Error::authorization(format!(
                "the authorization server refused the token request: {code}"
            ))),
            Err(Refusal::InvalidClient) => Err(Error::authorization(
                "the authorization server does not know this client any more; sign out to forget the registration, then sign in again",
            )),
            Err(Refusal::Other(error)) => Err(error),
        }
    }
}

// Written by hand, because the URL holds the state.
impl fmt::Debug for Authorizing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.debug(f.debug_struct("AuthorizationRequest"))
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.debug(f.debug_struct("AuthorizationResponse"))
    }
}

impl Request {
    fn debug(&self, mut shown: fmt::DebugStruct<'_, '_>) -> fmt::Result {
        shown
            .field("issuer", &self.authority.issuer)
            .field("resource", &self.resource)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// The four rows of RFC 9207 section 2.4, byte for byte.
fn check_iss(authority: &Authority, iss: Option<&str>) -> Result<(), &'static str> {
    match (authority.sends_iss, iss) {
        (_, Some(iss)) if iss == authority.issuer => Ok(()),
        (_, Some(_)) => Err(
            "the authorization response comes from another issuer than the sign-in was started at; it is not used",
        ),
        (true, None) => Err(
            "the authorization response lacks the `iss` that its server always sends; it is not used",
        ),
        (false, None) => Ok(()),
    }
}

fn refused(error: &str) -> Error {
    match error {
        "access_denied" => Error::authorization("the person did not allow the access"),
        code if is_error_code(code) => {
            Error::authorization(format!("the authorization server refused the request: {code}"))
        }
        _ => Error::authorization("the authorization server refused the request"),
    }
}

#[derive(Default)]
struct Response {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

struct Repeated;

impl Response {
    /// Reads the parameters; none may appear twice (RFC 6749 section 3.1).
    fn parse(query: &str) -> Result<Self, Repeated> {
        let mut response = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "code" => &mut response.code,
                "state" => &mut response.state,
                "iss" => &mut response.iss,
                "error" => &mut response.error,
                _ => continue,
            };
            if slot.replace(value.into_owned()).is_some() {
                return Err(Repeated);
            }
        }
        Ok(response)
    }
}
