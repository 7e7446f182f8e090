//! Setting a fake up.

use std::net::TcpListener;
use std::sync::Arc;

use lookout_schema::{Scope, ScopeSet};

use super::FakeLookout;
use super::answer::Answer;
use super::server::Running;
use super::world::Shared;

/// The settings of a [`FakeLookout`], made by [`FakeLookout::builder`].
#[derive(Debug)]
#[must_use = "nothing happens before `start`"]
pub struct FakeLookoutBuilder {
    scopes: ScopeSet,
    initialize_only: bool,
    answers: Vec<(String, Answer)>,
}

impl Default for FakeLookoutBuilder {
    fn default() -> Self {
        Self { scopes: ScopeSet::all(), initialize_only: false, answers: Vec::new() }
    }
}

impl FakeLookoutBuilder {
    /// What tokens may do and what the person allows; every scope unless set.
    ///
    /// ```
    /// # use lookout_sdk::Client;
    /// # use lookout_sdk::testing::FakeLookout;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// use lookout_sdk::schema::Scope;
    ///
    /// let lookout = FakeLookout::builder().scopes([Scope::McpRead]).start();
    /// let client = Client::builder(lookout.endpoint()).oauth(lookout.oauth()).build()?;
    /// assert_eq!(client.sign_in().await?, ["mcp:read"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// What a tool answers, as [`FakeLookout::on`] has it; checked by [`FakeLookoutBuilder::start`].
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout};
    /// let lookout = FakeLookout::builder().on("query_warehouse", Answer::error("query_failed")).start();
    /// # drop(lookout);
    /// ```
    pub fn on(mut self, tool: impl Into<String>, answer: impl Into<Answer>) -> Self {
        self.answers.push((tool.into(), answer.into()));
        self
    }

    /// A server of the time before MCP 2026-07-28, which knows only the revisions that begin with `initialize`.
    ///
    /// ```
    /// # use lookout_sdk::testing::FakeLookout;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lookout_sdk::Error> {
    /// let lookout = FakeLookout::builder().initialize_only().start();
    /// assert_eq!(lookout.client().discover().await?.revisions, ["2025-11-25"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn initialize_only(mut self) -> Self {
        self.initialize_only = true;
        self
    }

    /// Starts the server on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When no port or no thread can be had, and as [`FakeLookout::on`].
    #[track_caller]
    #[must_use]
    pub fn start(self) -> FakeLookout {
        let Self { scopes, initialize_only, answers } = self;
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("this machine has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared::new(format!("http://{address}"), scopes, initialize_only));
        let server = Running::start(listener, Arc::clone(&shared))
            .expect("this machine can run another thread");
        let lookout = FakeLookout::running(shared, server);
        for (tool, answer) in answers {
            lookout.on(&tool, answer);
        }
        lookout
    }
}
