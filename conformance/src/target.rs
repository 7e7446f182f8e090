//! What is tested, and how hard.

use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::profile::Declared;
use crate::secret::Secret;

/// A server under test, as the person running the harness describes it.
///
/// Everything that the server says about itself is discovered; only what it cannot say is here.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server's base address or its MCP endpoint.
    pub url: String,
    /// Someone who may sign in and consent. Without it, checks that need a grant are not tested.
    pub person: Option<Person>,
    /// The page that makes programmatic tokens, when following the link named "MCP" from the home
    /// page does not lead to it. A path or an absolute address.
    pub tokens_page: Option<String>,
    /// How long an authorization code lives. Servers do not say; expiry is only tried when this is
    /// declared and short.
    pub code_lifetime: Option<Duration>,
    /// Which tool needs which scope.
    pub catalogue: Catalogue,
    /// What is known of the choices that the standards leave to the server.
    pub profile: Declared,
    /// Further base addresses of the same server: replicas that share its state.
    pub replicas: Vec<String>,
}

impl Target {
    /// A target known by its address alone, judged by the embedded catalogue.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            person: None,
            tokens_page: None,
            code_lifetime: None,
            catalogue: Catalogue::embedded(),
            profile: Declared::default(),
            replicas: Vec::new(),
        }
    }

    /// Adds the person who signs in and consents.
    #[must_use]
    pub fn with_person(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.person = Some(Person { user: user.into(), password: Secret::new(password) });
        self
    }
}

/// Someone with an account on the server under test.
#[derive(Clone, Debug)]
pub struct Person {
    /// What the sign-in page asks for beside the password.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How a run is done. Options never change what conforms, only what is tried and what counts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all generated input comes from. The same seed gives the same verdicts.
    pub seed: u64,
    /// How many inputs a property is tried on.
    pub cases: u32,
    /// How many further inputs are tried to make a counterexample smaller.
    pub shrink_tries: u32,
    /// How many operations a generated sequence has at most.
    pub longest_sequence: usize,
    /// How often a race is run before it counts as won.
    pub repeats: u32,
    /// Ids and areas to run; empty means all.
    pub only: Vec<String>,
    /// Whether a SHOULD or a hardening claim that does not hold is a failure.
    pub strict: bool,
    /// Whether a check ends the grants and tokens that it made. Only a server that is thrown away
    /// afterwards can do without.
    pub tidy: bool,
    /// How many checks run at once.
    pub threads: usize,
    /// How long a check may wait for something to expire.
    pub max_wait: Duration,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            cases: 12,
            shrink_tries: 96,
            longest_sequence: 12,
            repeats: 3,
            only: Vec::new(),
            strict: false,
            tidy: true,
            threads: 3,
            max_wait: Duration::from_secs(5),
            timeout: Duration::from_secs(20),
        }
    }
}
