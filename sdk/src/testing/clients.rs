//! Clients of the fake, and what they prove who they are with.

use std::time::Duration;

use lookout_schema::Scope;
use tokio::sync::mpsc::UnboundedSender;

use super::FakeLookout;
use crate::auth::{MemoryStore, OAuth};
use crate::{Client, ClientBuilder, ReadOnly};

/// How long the code under test may take from the consent to the answer; the person needs no time.
const PATIENCE: Duration = Duration::from_secs(10);

impl FakeLookout {
    /// The URL of the MCP endpoint, such as `http://127.0.0.1:40123/mcp`, for code that makes its own client.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout, Fault};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// let lookout = FakeLookout::start();
    /// let client = lookout_sdk::Client::builder(lookout.endpoint()).token(lookout.token()).build()?;
    /// assert_eq!(client.discover().await?.has_our_catalogue(), Some(true));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.shared.endpoint()
    }

    /// A client with a token of the scopes that the server was set up with.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout, Fault};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// let client = FakeLookout::start().client();
    /// # drop(client);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Never, unless TLS cannot be set up on this machine.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_builder().build().expect("the fake's endpoint and token are in order")
    }

    /// A read-only client, with a token of the scope `mcp:read`.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// # use lookout_sdk::{Client, Reads};
    /// async fn report(client: &Client<impl Reads>) { /* the code under test */ }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lookout = FakeLookout::start();
    /// report(&lookout.read_only_client()).await;
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`FakeLookout::client`].
    #[must_use]
    pub fn read_only_client(&self) -> Client<ReadOnly> {
        let builder = Client::builder(self.endpoint()).read_only();
        let builder = builder.token(self.token_with([Scope::McpRead]));
        builder.build().expect("the fake's endpoint and token are in order")
    }

    /// The settings of [`FakeLookout::client`], to go on from.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// # use std::time::Duration;
    /// let lookout = FakeLookout::start();
    /// let client = lookout.client_builder().timeout(Duration::from_millis(200)).build()?;
    /// # drop(client);
    /// # Ok::<(), lookout_sdk::Error>(())
    /// ```
    pub fn client_builder(&self) -> ClientBuilder {
        Client::builder(self.endpoint()).token(self.token())
    }

    /// A new programmatic token of the scopes that the server was set up with.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// let lookout = FakeLookout::start();
    /// assert_ne!(lookout.token(), lookout.token());
    /// ```
    #[must_use]
    pub fn token(&self) -> String {
        let scopes = self.shared.world().scopes;
        self.token_with(scopes.iter())
    }

    /// A new programmatic token of these scopes.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// use lookout_sdk::schema::Scope;
    ///
    /// let lookout = FakeLookout::start();
    /// let token = lookout.token_with([Scope::McpRead]);
    /// assert!(token.starts_with("lkmcp_"));
    /// ```
    #[must_use]
    pub fn token_with(&self, scopes: impl IntoIterator<Item = Scope>) -> String {
        let mut world = self.shared.world();
        let grant = world.grant(scopes.into_iter().collect(), false);
        world.issue(grant, "lkmcp_")
    }

    /// Settings for a client with a person who consents at once, without a browser; credentials are kept in memory.
    ///
    /// What the person allows are the scopes that the server was set up with; [`Fault::NarrowedConsent`](super::Fault::NarrowedConsent) and
    /// [`Fault::DeclinedConsent`](super::Fault::DeclinedConsent) change the answer.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// # use lookout_sdk::testing::FakeLookout;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// let lookout = FakeLookout::start();
    /// let oauth = lookout.oauth().client_name("Churn report");
    /// let client = Client::builder(lookout.endpoint()).oauth(oauth).build()?;
    ///
    /// assert_eq!(client.sign_in().await?, ["mcp:read", "mcp:write"]);
    /// assert_eq!(lookout.sign_ins()[0].client_name, "Churn report");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn oauth(&self) -> OAuth {
        let visits = self.visits();
        OAuth::new().store(MemoryStore::new()).patience(PATIENCE).present(move |url| {
            // A fake that is gone has no person either; the wait then ends by itself.
            let _gone = visits.send(url.to_owned());
        })
    }

    /// Opens an authorization URL as the person's browser would, and does not wait for it; for code that presents the URL by itself.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// # use lookout_sdk::auth::OAuth;
    /// # use lookout_sdk::testing::FakeLookout;
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// let lookout = Arc::new(FakeLookout::start());
    /// let person = Arc::clone(&lookout);
    /// let oauth = OAuth::new().present(move |url| person.visit(url));
    /// let client = Client::builder(lookout.endpoint()).oauth(oauth).build()?;
    /// assert_eq!(client.sign_in().await?, ["mcp:read", "mcp:write"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn visit(&self, url: &str) {
        // A fake that is gone has no person either.
        let _gone = self.visits().send(url.to_owned());
    }

    fn visits(&self) -> UnboundedSender<String> {
        self.server.as_ref().expect("the server runs as long as the fake").visits()
    }
}
