//! Setting a client up.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::access::{Access, ReadOnly, ReadWrite};
use crate::auth::{AccessToken, OAuth, Session};
use crate::client::{Client, Credential, Retries};
use crate::endpoint::Endpoint;
use crate::transport::Transport;
use crate::{Error, http};

/// The longest statement that the server runs takes 55 seconds; the rest is for the way there and back.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The settings of a [`Client`], made by [`Client::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use lookout_sdk::Client;
///
/// let client = Client::builder("https://lookout.example/mcp")
///     .client_info("churn-report", "1.0.0")
///     .timeout(Duration::from_secs(20))
///     .read_only()
///     .build()?;
/// # drop(client);
/// # Ok::<(), lookout_sdk::Error>(())
/// ```
#[must_use = "nothing happens before `build`"]
pub struct ClientBuilder<S = ReadWrite> {
    endpoint: String,
    identity: Identity,
    name: String,
    version: String,
    timeout: Duration,
    http: http::Settings,
    retries: Retries,
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
            http: http::Settings::default(),
            retries: Retries::default(),
            access: PhantomData,
        }
    }

    /// A client that can only read: its type has no method that writes, and it asks for the scope `mcp:read` alone.
    pub fn read_only(self) -> ClientBuilder<ReadOnly> {
        let Self { endpoint, identity, name, version, timeout, http, retries, access: _ } = self;
        let access = PhantomData;
        ClientBuilder { endpoint, identity, name, version, timeout, http, retries, access }
    }
}

impl<S: Access> ClientBuilder<S> {
    /// Sends this programmatic token, which a person made on Lookout's token page.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// let client = Client::builder("https://lookout.example/mcp").token("lkmcp_0").build()?;
    /// # let _ = client;
    /// # Ok::<(), lookout_sdk::Error>(())
    /// ```
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.identity = Identity::Token(AccessToken::new(token.into()));
        self
    }

    /// Signs a person in with OAuth; see [`Client::sign_in`]. The default, with [`OAuth::new`].
    ///
    /// ```
    /// # use lookout_sdk::{Client, auth::OAuth};
    /// let oauth = OAuth::new().client_name("Churn report");
    /// let client = Client::builder("https://lookout.example/mcp").oauth(oauth).build()?;
    /// # let _ = client;
    /// # Ok::<(), lookout_sdk::Error>(())
    /// ```
    pub fn oauth(mut self, oauth: OAuth) -> Self {
        self.identity = Identity::OAuth(oauth);
        self
    }

    /// The name and version that the server sees, in the user agent and in MCP's `clientInfo`; those of this crate unless set.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// let builder = Client::builder("https://lookout.example/mcp").client_info("churn-report", "1.4.0");
    /// # let _ = builder;
    /// ```
    pub fn client_info(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.name = name.into();
        self.version = version.into();
        self
    }

    /// How long one request may take, from the first byte sent to the last byte read; one minute unless set.
    ///
    /// A call may need several, such as a refresh or a retry; [`Client::with_deadline`] bounds them together.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a connection may take to come about, within the timeout; ten seconds unless set.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use lookout_sdk::Client;
    /// let builder = Client::builder("https://lookout.example/mcp").connect_timeout(Duration::from_secs(3));
    /// # let _ = builder;
    /// ```
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http.connect_timeout = timeout;
        self
    }

    /// Reaches every server through the proxy at `url`, such as `http://proxy.example:3128`; a user name and a password in it are sent to the proxy.
    ///
    /// Left unset, the proxy that the environment names is used (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`): in a network that has one nothing else works, and
    /// as every request is https, a proxy sees names and no contents. It also resolves the names, so that it and not this crate decides
    /// which addresses a name may stand for.
    ///
    /// A client of an endpoint on this machine uses no proxy at all, not even for an authorization server elsewhere that the endpoint names.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// let builder = Client::builder("https://lookout.example/mcp").proxy("http://proxy.example:3128");
    /// # let _ = builder;
    /// ```
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.http.proxy = http::Proxy::At(Zeroizing::new(url.into()));
        self
    }

    /// Uses no proxy, whatever the environment names.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// let builder = Client::builder("https://lookout.example/mcp").no_proxy();
    /// # let _ = builder;
    /// ```
    pub fn no_proxy(mut self) -> Self {
        self.http.proxy = http::Proxy::Never;
        self
    }

    /// Trusts these certificates too, a PEM bundle of certification authorities such as that of a company; those of the platform stay trusted.
    ///
    /// There is no way to leave certificates unverified.
    ///
    /// ```no_run
    /// # use lookout_sdk::Client;
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let pem = std::fs::read("/etc/company/ca.pem")?;
    /// let client = Client::builder("https://lookout.internal.example/mcp").root_certificates(pem).build()?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.http.roots.push(pem.into());
        self
    }

    /// How often a request that changes nothing is sent again after the connection failed or the server was busy (HTTP 429 or 503); twice unless set.
    ///
    /// Only tools that the catalogue knows to read, or to be idempotent, are called again, and lists; [`SaveDashboard`](crate::schema::SaveDashboard) only
    /// with an `idempotency_key`. The wait is what the server asks for (`Retry-After`), else a little longer each time, with jitter.
    /// Zero leaves it all to the caller, who finds [`Error::retry_after`](crate::Error::retry_after).
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// let builder = Client::builder("https://lookout.example/mcp").retries(0);
    /// # let _ = builder;
    /// ```
    pub fn retries(mut self, most: u32) -> Self {
        self.retries.most = most;
        self
    }

    /// How long the waits before retries may be together, for one request; ten seconds unless set.
    ///
    /// A server that asks for a longer wait is not asked again: the error says how long it wants to be left alone.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use lookout_sdk::Client;
    /// let builder = Client::builder("https://lookout.example/mcp").retry_budget(Duration::from_secs(30));
    /// # let _ = builder;
    /// ```
    pub fn retry_budget(mut self, budget: Duration) -> Self {
        self.retries.budget = budget;
        self
    }

    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`] when the endpoint is neither https nor http to loopback, when the token or the name cannot be sent in a header,
    /// when the proxy or the root certificates are not what they should be, or when TLS cannot be set up.
    pub fn build(self) -> Result<Client<S>, Error> {
        let endpoint = Endpoint::parse(&self.endpoint)?;
        let user_agent = format!("{}/{}", self.name, self.version);
        if user_agent.bytes().any(|byte| !(0x20..=0x7e).contains(&byte)) {
            return Err(Error::configuration(
                "the client's name and version must be printable ASCII",
            ));
        }
        let http = http::client(&endpoint, &user_agent, &self.http)?;
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
        Ok(Client::new(transport, credential, self.retries))
    }
}

impl<S> fmt::Debug for ClientBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
