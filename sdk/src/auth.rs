//! Signing in with OAuth 2.1 (MCP 2026-07-28 basic/authorization).
//!
//! [`OAuth`] says how a client introduces itself, how the person gets to see the authorization server, and where credentials are kept.
//! Discovery, registration, PKCE, the loopback redirect, the checks of `state` and `iss`, refresh and revocation follow from it and have no switches.
//!
//! Invariant: a token, a code or a verifier goes to the server it is for and to nobody else.
//! An application that receives the redirect itself takes [`AuthorizationRequest`] for a start; all others call [`Client::sign_in`](crate::Client::sign_in).
//! What is decided on the way can be watched: see [`events`](crate::events).
//!
//! Deliberately absent: grants without a person, and an `Authorization` scheme other than `Bearer`.

mod browser;
mod challenge;
mod credentials;
mod discovery;
mod flow;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod loopback;
mod pkce;
mod redirect;
mod registration;
mod secret;
mod session;
mod store;
mod token;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub(crate) use challenge::Challenge;
pub use credentials::{Credentials, MalformedCredentials};
pub use redirect::{AuthorizationRequest, AuthorizationResponse, Rejected};
use registration::{Known, Proof, Registration};
pub(crate) use secret::AccessToken;
pub(crate) use session::Session;
#[cfg(feature = "keyring")]
pub use store::KeyringStore;
pub use store::{CredentialKey, CredentialStore, FileStore, MemoryStore};

use crate::Error;

/// How long a person has to sign in, unless [`OAuth::patience`] says otherwise.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How a client signs a person in.
///
/// Left as it is, the client registers itself, opens the browser, and keeps credentials for as long as the process runs.
///
/// A clone has the same store, and a store without accounts is one person's: whoever signs in first is who all clients of it are.
/// For several people say with [`OAuth::account`] whose client it is.
///
/// ```
/// use lookout_sdk::auth::{FileStore, OAuth};
///
/// let oauth = OAuth::new()
///     .client_name("Churn report")
///     .store(FileStore::new("credentials"))
///     .present(|url| eprintln!("Open {url} to sign in."));
/// # let _ = oauth;
/// ```
#[derive(Clone, Debug)]
pub struct OAuth {
    client_name: String,
    registration: Registration,
    store: Arc<dyn CredentialStore>,
    account: Option<String>,
    presenter: Presenter,
    patience: Duration,
}

/// How a sign-out ended at the authorization server; on this machine the credentials are gone either way.
///
/// ```no_run
/// # async fn run(client: lookout_sdk::Client) -> Result<(), lookout_sdk::Error> {
/// use lookout_sdk::auth::SignedOut;
///
/// if let SignedOut::Unconfirmed(why) = client.sign_out().await? {
///     eprintln!("Signed out here, but the server could not be told: {why}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SignedOut {
    /// The tokens no longer work, or there were none that the server could revoke.
    Revoked,
    /// The server could not be told, for this reason; what nobody holds any more ends by itself when it expires.
    Unconfirmed(Error),
}

impl fmt::Debug for dyn CredentialStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialStore")
    }
}

#[derive(Clone)]
enum Presenter {
    Browser,
    Caller(Arc<dyn Fn(&str) + Send + Sync>),
}

impl OAuth {
    /// The settings described at the type.
    #[must_use]
    pub fn new() -> Self {
        Self {
            client_name: "Lookout SDK".to_owned(),
            registration: Registration::default(),
            store: Arc::new(MemoryStore::new()),
            account: None,
            presenter: Presenter::Browser,
            patience: PATIENCE,
        }
    }

    /// The name that the consent page shows.
    ///
    /// ```
    /// # use lookout_sdk::auth::OAuth;
    /// let oauth = OAuth::new().client_name("Churn report");
    /// # let _ = oauth;
    /// ```
    #[must_use]
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = name.into();
        self
    }

    /// Uses a client identifier that `issuer` gave out, instead of registering; it is sent to that issuer alone.
    ///
    /// The client must be registered there without a secret and with the redirect URI `http://127.0.0.1/callback`, on any port (RFC 8252 section 7.3),
    /// or with the one that [`Client::start_sign_in`](crate::Client::start_sign_in) is given.
    ///
    /// ```
    /// # use lookout_sdk::auth::OAuth;
    /// let oauth = OAuth::new().registered_client("https://login.example", "churn-report");
    /// # let _ = oauth;
    /// ```
    #[must_use]
    pub fn registered_client(
        mut self,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        self.registration.known =
            Some(Known { issuer: issuer.into(), client_id: client_id.into(), proof: Proof::None });
        self
    }

    /// Like [`OAuth::registered_client`], for a client that `issuer` gave a secret too.
    ///
    /// The secret goes to the token and revocation endpoints of that issuer, in the way that its metadata accepts: in a header (`client_secret_basic`),
    /// else in the form (`client_secret_post`, RFC 6749 section 2.3.1). It is kept in memory alone: no store gets it, and `Debug` does not show it.
    /// One that is not visible ASCII is [`Error::is_configuration`] at the sign-in.
    ///
    /// ```
    /// use lookout_sdk::auth::OAuth;
    ///
    /// let secret = "from-a-secret-store";
    /// let oauth = OAuth::new().registered_client_with_secret("https://login.example", "churn-report", secret);
    /// assert!(!format!("{oauth:?}").contains(secret));
    /// ```
    #[must_use]
    pub fn registered_client_with_secret(
        mut self,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        self.registration.known = Some(Known {
            issuer: issuer.into(),
            client_id: client_id.into(),
            proof: Proof::of(secret.into()),
        });
        self
    }

    /// Introduces the client with a Client ID Metadata Document at servers that read such documents; elsewhere the client registers.
    ///
    /// `url` is where the document is: https, with a path, and the same text as its member `client_id`.
    /// Its `redirect_uris` must have `http://127.0.0.1/callback`, its `token_endpoint_auth_method` is `none`.
    ///
    /// ```
    /// # use lookout_sdk::auth::OAuth;
    /// let oauth = OAuth::new().metadata_document("https://churn.example/oauth/client.json");
    /// # let _ = oauth;
    /// ```
    #[must_use]
    pub fn metadata_document(mut self, url: impl Into<String>) -> Self {
        self.registration.document = Some(url.into());
        self
    }

    /// Keeps credentials in `store` between runs; without [`OAuth::account`] they are those of one person.
    ///
    /// ```
    /// # use lookout_sdk::auth::{FileStore, OAuth};
    /// let oauth = OAuth::new().store(FileStore::new("/home/me/.config/churn/lookout"));
    /// # let _ = oauth;
    /// ```
    #[must_use]
    pub fn store(mut self, store: impl CredentialStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Says whose credentials these are, in a store that has those of several people: a web service's own identifier of the person, say.
    ///
    /// Clients of different accounts never share a token, and what was kept without an account is nobody's who has one.
    /// The identifier is part of the [`CredentialKey`]; the authorization server does not see it.
    ///
    /// ```
    /// # use lookout_sdk::{Client, Error, auth::OAuth};
    /// /// `service` is set up once, with the store of all people.
    /// fn client_of(person: &str, service: &OAuth) -> Result<Client, Error> {
    ///     Client::builder("https://lookout.example/mcp").oauth(service.clone().account(person)).build()
    /// }
    /// ```
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Hands the authorization URL to `show` instead of opening the browser.
    ///
    /// The URL is https, or http on this machine; it identifies the sign-in but holds no token and no verifier.
    /// The person must open it on this machine, where the answer arrives.
    ///
    /// ```
    /// # use lookout_sdk::auth::OAuth;
    /// let oauth = OAuth::new().present(|url| eprintln!("Open {url} to sign in."));
    /// # let _ = oauth;
    /// ```
    #[must_use]
    pub fn present(mut self, show: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.presenter = Presenter::Caller(Arc::new(show));
        self
    }

    /// How long a person has to sign in; five minutes unless set.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use lookout_sdk::auth::OAuth;
    /// let oauth = OAuth::new().patience(Duration::from_secs(60));
    /// # let _ = oauth;
    /// ```
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl Default for OAuth {
    fn default() -> Self {
        Self::new()
    }
}

impl Presenter {
    fn present(&self, url: &Url) -> Result<(), Error> {
        match self {
            Self::Browser => browser::open(url),
            Self::Caller(show) => {
                show(url.as_str());
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Presenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Browser => "Browser",
            Self::Caller(_) => "Caller",
        })
    }
}
