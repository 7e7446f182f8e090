//! What is kept between runs: the client's identity at an authorization server and its tokens.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::registration::ClientIdentity;
use super::secret::{AccessToken, RefreshToken};
use super::token::Tokens;

/// The credentials of one client for one resource at one authorization server.
///
/// A [`CredentialStore`](super::CredentialStore) keeps them without looking inside.
/// `Debug` shows the scopes and no secret.
///
/// ```
/// use lookout_sdk::auth::Credentials;
///
/// let text = r#"{"version":1,"client_id":"c","client_authentication":"none","access_token":"a-secret","scope":"mcp:read"}"#;
/// let credentials = Credentials::from_json(text)?;
/// assert_eq!(*credentials.expose_json(), text);
/// assert!(!format!("{credentials:?}").contains("a-secret"));
/// # Ok::<(), lookout_sdk::auth::MalformedCredentials>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    pub(crate) client: ClientIdentity,
    /// The redirect URI that the client registered with; none for the listener on loopback.
    pub(crate) redirect_uri: Option<String>,
    pub(crate) tokens: Option<Tokens>,
    /// The scopes of the last request that a person answered; they outlive the tokens, so that the next request leaves none out.
    pub(crate) requested: Vec<String>,
}

/// Stored text that holds no credentials, or those of a later version of this crate.
///
/// ```
/// use lookout_sdk::auth::{Credentials, MalformedCredentials};
///
/// assert_eq!(Credentials::from_json("{}").unwrap_err(), MalformedCredentials);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedCredentials;

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    version: u32,
    client_id: Cow<'a, str>,
    client_authentication: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    scope: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    requested_scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<Cow<'a, str>>,
}

const VERSION: u32 = 1;

impl Credentials {
    /// Writes the credentials as JSON, secrets in the clear: for the inside of a store and for nothing else.
    #[must_use]
    pub fn expose_json(&self) -> Zeroizing<String> {
        let (method, secret) = self.client.parts();
        let tokens = self.tokens.as_ref();
        let stored = Stored {
            version: VERSION,
            client_id: self.client.id().into(),
            client_authentication: method.into(),
            client_secret: secret.map(|secret| secret.expose().into()),
            access_token: tokens.map(|tokens| tokens.access.expose().into()),
            refresh_token: tokens
                .and_then(|tokens| tokens.refresh.as_ref())
                .map(|token| token.expose().into()),
            expires_at: tokens.and_then(|tokens| tokens.expires_at),
            scope: tokens.map(|tokens| tokens.scopes.join(" ")).unwrap_or_default(),
            requested_scope: self.requested.join(" "),
            redirect_uri: self.redirect_uri.as_deref().map(Into::into),
        };
        Zeroizing::new(serde_json::to_string(&stored).expect("credentials are strings and numbers"))
    }

    /// Reads what [`Credentials::expose_json`] wrote.
    ///
    /// # Errors
    ///
    /// When the text is anything else.
    pub fn from_json(text: &str) -> Result<Self, MalformedCredentials> {
        let stored: Stored<'_> = serde_json::from_str(text).map_err(|_| MalformedCredentials)?;
        if stored.version != VERSION {
            return Err(MalformedCredentials);
        }
        let secret = stored.client_secret.map(Cow::into_owned);
        let client = ClientIdentity::from_parts(
            stored.client_id.into_owned(),
            &stored.client_authentication,
            secret,
        )
        .ok_or(MalformedCredentials)?;
        let access = stored
            .access_token
            .map(|token| AccessToken::new(token.into_owned()).ok_or(MalformedCredentials));
        let refresh = stored
            .refresh_token
            .map(|token| RefreshToken::new(token.into_owned()).ok_or(MalformedCredentials));
        let tokens = match access.transpose()? {
            Some(access) => Some(Tokens {
                access,
                refresh: refresh.transpose()?,
                expires_at: stored.expires_at,
                scopes: super::challenge::scopes(&stored.scope),
            }),
            None => None,
        };
        Ok(Self {
            client,
            redirect_uri: stored.redirect_uri.map(Cow::into_owned),
            tokens,
            requested: super::challenge::scopes(&stored.requested_scope),
        })
    }

    /// Whether the client may be used with this redirect URI, as far as is known here.
    pub(crate) fn redirects_to(&self, redirect_uri: &str) -> bool {
        match &self.redirect_uri {
            Some(registered) => registered == redirect_uri,
            None => super::loopback::is_listener(redirect_uri),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("scopes", &self.tokens.as_ref().map(|tokens| &tokens.scopes))
            .finish_non_exhaustive()
    }
}

impl fmt::Display for MalformedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored credentials cannot be read; delete them and sign in again")
    }
}

impl std::error::Error for MalformedCredentials {}
