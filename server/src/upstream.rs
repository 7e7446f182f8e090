//! The OpenID provider that people sign in through: what is asked of it, and what its answers prove.
//!
//! The code flow with PKCE and a nonce. Of the answer only the identity token counts, and of that only who the person is; every token is dropped before a
//! session begins, and none is stored or logged. The provider is the operator's choice; its addresses must be https, or on this machine when it is itself.

mod client_secret;
mod requests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
    CoreClientAuthMethod, CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, TokenResponse as _,
};
use serde::{Deserialize, Serialize};

use crate::authority::upstream::{Identity, UpstreamRefusal};
use crate::config::{Config, OidcSettings};
use requests::{RequestError, Requests};

/// How long what the provider says about itself is believed.
const KEPT: Duration = Duration::from_secs(900);
/// How long the provider is left alone after it could not be reached.
const LEFT_ALONE: Duration = Duration::from_secs(5);
/// How old the provider's keys are before they are read again for a token that none of them signed.
const KEYS_KEPT: Duration = Duration::from_secs(10);
/// Seconds that the provider's clock may be ahead.
const AHEAD: i64 = 300;

/// Where browsers come back.
pub(crate) const RETURN: &str = "/sign-in/provider/return";

/// What signs tokens that are believed: never a shared secret, and never nothing.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Extra {
    /// Whether answers name their issuer (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a step at the provider was not done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It cannot be used at the moment. The text is for the log.
    Outage(String),
    /// What it sent proves nothing.
    Refused(UpstreamRefusal),
}

/// What a sign-in that begins takes to the provider.
#[derive(Clone, Copy)]
pub(crate) struct Departure<'d> {
    pub(crate) state: &'d str,
    pub(crate) nonce: &'d str,
    pub(crate) verifier: &'d str,
}

/// Who the provider says that somebody is.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) identity: Identity,
    /// The e-mail address, in lower case.
    pub(crate) email: Option<String>,
    /// Whether the provider has verified it.
    pub(crate) email_is_verified: bool,
    pub(crate) name: Option<String>,
}

/// What is known of the provider.
#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    failed: Option<Instant>,
}

/// The provider.
pub(crate) struct Upstream {
    settings: OidcSettings,
    redirect: String,
    secret: Result<ClientSecret, String>,
    requests: Requests,
    /// Whoever finds it out does so for all who wait.
    known: tokio::sync::Mutex<Known>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Upstream {
    /// The provider of `config`, when there is one. It is not asked yet.
    pub(crate) fn new(config: &Config) -> Option<Self> {
        let settings = config.oidc.clone()?;
        Some(Self {
            redirect: format!("{}{RETURN}", config.public_url.base),
            secret: client_secret::read(&settings),
            requests: Requests::new(settings.issuer.starts_with("http://")),
            known: tokio::sync::Mutex::default(),
            settings,
        })
    }

    /// What is wrong with the client secret. One line that says what to do.
    pub(crate) fn secret_fault(&self) -> Option<&str> {
        self.secret.as_ref().err().map(String::as_str)
    }

    /// Asks the provider who it is.
    pub(crate) async fn reach(&self) -> Result<(), Fault> {
        self.metadata(KEPT).await.map(|_| ())
    }

    /// Where a browser goes to sign in.
    pub(crate) async fn address(&self, departure: Departure<'_>) -> Result<String, Fault> {
        let metadata = self.metadata(KEPT).await?;
        let client = self.client(&metadata)?;
        let (state, nonce) = (departure.state.to_owned(), departure.nonce.to_owned());
        let verifier = PkceCodeVerifier::new(departure.verifier.to_owned());
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.into())
    }

    /// Whether an answer with this `iss` is the provider's (RFC 9207).
    pub(crate) async fn is_from_here(&self, issuer: Option<&str>) -> Result<bool, Fault> {
        match issuer {
            Some(issuer) => Ok(issuer == self.settings.issuer),
            None => {
                let metadata = self.metadata(KEPT).await?;
                let extra = metadata.additional_metadata();
                Ok(!extra.authorization_response_iss_parameter_supported)
            }
        }
    }

    /// Exchanges a code, and reads who came.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        nonce: String,
        verifier: String,
    ) -> Result<Arrival, Fault> {
        let mut metadata = self.metadata(KEPT).await?;
        let token = self.exchange(&metadata, code, verifier).await?;
        let nonce = Nonce::new(nonce);
        let mut verified = self.verify(&metadata, &token, &nonce);
        if let Err(Unverified::NoKey) = verified {
            metadata = self.metadata(KEYS_KEPT).await?;
            verified = self.verify(&metadata, &token, &nonce);
        }
        match verified {
            Ok(arrival) => Ok(arrival),
            Err(Unverified::Client(fault)) => Err(fault),
            Err(Unverified::NoKey) => unproven("upstream_token_key"),
            Err(Unverified::Claims(word)) => unproven(word),
        }
    }

    /// The identity token for a code. Everything else that came is dropped here.
    async fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        verifier: String,
    ) -> Result<CoreIdToken, Fault> {
        let client = self.client(metadata)?;
        let exchanged = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| Fault::Outage("the provider names no token endpoint".to_owned()))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&self.requests)
            .await;
        // Of errors only the kind is kept: their text may hold what the provider sent.
        match exchanged {
            Ok(tokens) => match tokens.id_token() {
                Some(token) => Ok(token.clone()),
                None => unproven("upstream_no_token"),
            },
            Err(RequestTokenError::Request(error)) => Err(Fault::Outage(error.to_string())),
            Err(RequestTokenError::ServerResponse(_)) => unproven("upstream_code_refused"),
            Err(_) => unproven("upstream_answer_unreadable"),
        }
    }

    fn verify(
        &self,
        metadata: &Metadata,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<Arrival, Unverified> {
        let client = self.client(metadata).map_err(Unverified::Client)?;
        let latest = jiff::Timestamp::now().as_second().saturating_add(AHEAD);
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_issue_time_verifier_fn(move |issued| {
                if issued.timestamp() <= latest { Ok(()) } else { Err(String::new()) }
            });
        let claims = token.claims(&verifier, nonce).map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            ) => Unverified::NoKey,
            ClaimsVerificationError::SignatureVerification(_) => {
                Unverified::Claims("upstream_token_signature")
            }
            ClaimsVerificationError::Expired(_) => Unverified::Claims("upstream_token_expired"),
            ClaimsVerificationError::InvalidAudience(_) => {
                Unverified::Claims("upstream_token_audience")
            }
            ClaimsVerificationError::InvalidIssuer(_) => {
                Unverified::Claims("upstream_token_issuer")
            }
            ClaimsVerificationError::InvalidNonce(_) => Unverified::Claims("upstream_token_nonce"),
            _ => Unverified::Claims("upstream_token_invalid"),
        })?;
        self.judge(claims)
    }

    /// What the library leaves to its user.
    fn judge(&self, claims: &CoreIdTokenClaims) -> Result<Arrival, Unverified> {
        if claims.authorized_party().is_some_and(|party| **party != self.settings.client_id) {
            return Err(Unverified::Claims("upstream_token_audience"));
        }
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > 255 || subject.chars().any(char::is_control) {
            return Err(Unverified::Claims("upstream_token_subject"));
        }
        let name = claims.name().and_then(|name| name.get(None)).map(|name| {
            let plain = name.chars().filter(|c| !c.is_control());
            plain.take(100).collect::<String>()
        });
        Ok(Arrival {
            identity: Identity {
                issuer: self.settings.issuer.clone(),
                subject: subject.to_owned(),
            },
            email: claims.email().map(|email| email.trim().to_lowercase()),
            email_is_verified: claims.email_verified() == Some(true),
            name: name.filter(|name| !name.trim().is_empty()),
        })
    }

    fn client(&self, metadata: &Metadata) -> Result<Client, Fault> {
        let secret = self.secret.clone().map_err(Fault::Outage)?;
        let redirect = RedirectUrl::new(self.redirect.clone())
            .map_err(|error| Fault::Outage(error.to_string()))?;
        // Without a word about it, providers take the secret in the header (OpenID Connect Discovery 1.0 section 3).
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
        let in_body = !takes(CoreClientAuthMethod::ClientSecretBasic)
            && takes(CoreClientAuthMethod::ClientSecretPost);
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            Some(secret),
        );
        Ok(client.set_redirect_uri(redirect).set_auth_type(if in_body {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        }))
    }

    /// What the provider says about itself, with its keys, read less than `kept` ago.
    async fn metadata(&self, kept: Duration) -> Result<Arc<Metadata>, Fault> {
        let mut known = self.known.lock().await;
        if let Some((read, metadata)) = &known.metadata
            && read.elapsed() < kept
        {
            return Ok(Arc::clone(metadata));
        }
        if known.failed.is_some_and(|failed| failed.elapsed() < LEFT_ALONE) {
            return Err(Fault::Outage("it could not be used a moment ago".to_owned()));
        }
        match self.discover().await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known =
                    Known { metadata: Some((Instant::now(), Arc::clone(&metadata))), failed: None };
                Ok(metadata)
            }
            Err(why) => {
                known.failed = Some(Instant::now());
                Err(Fault::Outage(why))
            }
        }
    }

    async fn discover(&self) -> Result<Metadata, String> {
        let issuer =
            IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| error.to_string())?;
        let found = Metadata::discover_async(issuer, &self.requests).await;
        let metadata = found.map_err(|error| describe(&error))?;
        let authorization = metadata.authorization_endpoint().url();
        if !self.requests.may_go_to(authorization) {
            return Err("its authorization endpoint is not https".to_owned());
        }
        if metadata.token_endpoint().is_none() {
            return Err("it names no token endpoint".to_owned());
        }
        Ok(metadata)
    }
}

/// A failed discovery in a line, without what the provider sent.
fn describe(error: &DiscoveryError<RequestError>) -> String {
    match error {
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Response(status, ..) => {
            format!(
                "its discovery document or its keys came with the status {status}, or not as JSON"
            )
        }
        DiscoveryError::Parse(_) => "its discovery document or its keys cannot be read".to_owned(),
        DiscoveryError::Validation(_) => {
            "its discovery document is of another issuer; write oidc.issuer exactly as it does"
                .to_owned()
        }
        _ => "its discovery document cannot be asked for".to_owned(),
    }
}

/// Why an identity token proves nothing.
enum Unverified {
    /// None of the provider's keys is the one.
    NoKey,
    /// The word says why.
    Claims(&'static str),
    /// It could not be looked at.
    Client(Fault),
}

fn unproven<T>(word: &'static str) -> Result<T, Fault> {
    Err(Fault::Refused(UpstreamRefusal::Unproven(word)))
}
