//! Setting a client up.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::access::{Access, ReadOnly, ReadWrite};
use crate::auth::{AccessToken, OAuth, Session};
use crate::client::{Client, Credential};
use crate::endpoint::Endpoint;
use crate::transport::Transport;
use crate::{Error, http};

/// The longest statement that the server runs takes 55 seconds; the rest is for the way there and back.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The settings of a [`Client`], made by [`Client::builder`].
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder<S = ReadWrite> {
    endpoint: String,
    identity: Identity,
    name: String,
    version: String,
    timeout: Duration,
    access: PhantomData<S>,
}

enum Identity {
    Unset,
    Token(Option<AccessToken>),
    OAuth(OAuth),
}

impl ClientBuilder<ReadWrite> {
    pub(crate) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            identity: Identity::Unset,
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            timeout: TIMEOUT,
            access: PhantomData,
        }
    }

    /// A client that can only read: its type has no method that writes, and it asks for the scope `mcp:read` alone.
    pub fn read_only(self) -> ClientBuilder<ReadOnly> {
        let Self { endpoint, identity, name, version, timeout, access: _ } = self;
        ClientBuilder { endpoint, identity, name, version, timeout, access: PhantomData }
    }
}

impl<S: Access> ClientBuilder<S> {
    /// Sends this programmatic token, which a person made on Lookout's token page.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.identity = Identity::Token(AccessToken::new(token.into()));
        self
    }

    /// Signs a person in with OAuth; see [`Client::sign_in`]. The default, with [`OAuth::new`].
    pub fn oauth(mut self, oauth: OAuth) -> Self {
        self.identity = Identity::OAuth(oauth);
        self
    }

    /// The name and version that the server sees, in the user agent and in MCP's `clientInfo`; those of this crate unless set.
    pub fn client_info(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.name = name.into();
        self.version = version.into();
        self
    }

    /// How long one call may take, from the first byte sent to the last byte read; one minute unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`] when the endpoint is neither https nor http to loopback, when the token or the name cannot be sent in a header,
    /// or when TLS cannot be set up.
    pub fn build(self) -> Result<Client<S>, Error> {
        let endpoint = Endpoint::parse(&self.endpoint)?;
        let user_agent = format!("{}/{}", self.name, self.version);
        if user_agent.bytes().any(|byte| !(0x20..=0x7e).contains(&byte)) {
            return Err(Error::configuration(
                "the client's name and version must be printable ASCII",
            ));
        }
        let http = http::client(&endpoint, &user_agent)?;
        let credential = match self.identity {
            Identity::Token(Some(token)) => Credential::Token(token),
            Identity::Token(None) => {
                return Err(Error::configuration(
                    "the token is empty or holds characters that no token has",
                ));
            }
            Identity::OAuth(oauth) => {
                Credential::OAuth(Session::new(oauth, endpoint.clone(), http.clone(), S::SCOPES))
            }
            Identity::Unset => Credential::OAuth(Session::new(
                OAuth::new(),
                endpoint.clone(),
                http.clone(),
                S::SCOPES,
            )),
        };
        let transport = Transport::new(http, endpoint, (self.name, self.version), self.timeout);
        Ok(Client::new(transport, credential))
    }
}

impl<S> fmt::Debug for ClientBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
