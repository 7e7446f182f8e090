//! What is tested, and how hard.
//!
//! A [`Target`] is complete: its secrets are read, its catalogue is loaded, and nothing about it is
//! asked for again. It is built in code, by [`Target::new`] and its fields, or read from a
//! `target.toml` by [`Target::read`], which is the same thing written down.
//!
//! ```
//! use lookout_conformance::Target;
//! use lookout_conformance::target::{Consent, Driver, KnownClient, Registration};
//!
//! let mut target = Target::new("http://127.0.0.1:8787/mcp");
//! target.registration = Registration::PreRegistered(vec![KnownClient::public(
//!     "inspector",
//!     "http://127.0.0.1:6274/callback",
//! )]);
//! target.consent = Some(Consent { person: None, driver: Driver::Redirects });
//! ```

pub mod consent;
pub mod error;
pub mod file;
pub mod limits;
pub mod ownership;
pub mod registration;

mod resolve;
mod shape;

use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::profile::Declared;
use crate::secret::Secret;
pub use crate::target::consent::{Command, Consent, Driver, FormHints, Person, WebDriver};
pub use crate::target::error::{Problem, Problems};
pub use crate::target::limits::Limits;
pub use crate::target::ownership::Ownership;
pub use crate::target::registration::{ClientMethod, KnownClient, Registration};

/// A server under test, as the person running the harness describes it.
///
/// Everything that the server says about itself is discovered; only what it cannot say is here.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server's base address or its MCP endpoint.
    pub url: String,
    /// The resource identifier to ask tokens for, when no metadata names it (RFC 8707).
    pub resource: Option<String>,
    /// The authorization server to use, when no metadata names it or several are named.
    pub issuer: Option<String>,
    /// Hosts beside the one of `url` that belong to the target, as `name` or `name:port`: over TLS,
    /// unless it is on loopback or another address here says `http` of it. Loopback
    /// hosts need no mention when `url` is one.
    pub hosts: Vec<String>,
    /// Base addresses of further replicas of the same server, which share its state.
    pub replicas: Vec<String>,
    /// By what right the target is tested. Needed unless every host is a loopback one.
    pub ownership: Option<Ownership>,
    /// How clients come to be.
    pub registration: Registration,
    /// How a grant is consented to. Without it, checks that need a grant are not tested.
    pub consent: Option<Consent>,
    /// Headers added to every request, unless the request has one of that name.
    pub headers: Vec<(String, Secret)>,
    /// Access tokens that exist already.
    pub tokens: Vec<ReadyToken>,
    /// The page that makes programmatic tokens, when following the link named "MCP" from the home
    /// page does not lead to it. A path or an absolute address.
    pub tokens_page: Option<String>,
    /// How long an authorization code lives. Servers do not say; expiry is only tried when this is
    /// declared and short.
    pub code_lifetime: Option<Duration>,
    /// How long an access token lives, when token responses do not say.
    pub access_lifetime: Option<Duration>,
    /// Which tool needs which scope.
    pub catalogue: Catalogue,
    /// What is known of the choices that the standards leave to the server.
    pub profile: Declared,
    /// What a run may ask of the target. [`Limits::suited_to`] chooses anew once `hosts` or
    /// `replicas` name what is not on this machine.
    pub limits: Limits,
}

/// An access token that the harness is given rather than obtains.
#[derive(Clone, Debug)]
pub struct ReadyToken {
    /// The scopes it has.
    pub scopes: Vec<String>,
    /// The token.
    pub token: Secret,
}

impl Target {
    /// A target known by its address alone, judged by the embedded catalogue.
    pub fn new(url: impl Into<String>) -> Self {
        let mut target = Self {
            url: url.into(),
            resource: None,
            issuer: None,
            hosts: Vec::new(),
            replicas: Vec::new(),
            ownership: None,
            registration: Registration::default(),
            consent: None,
            headers: Vec::new(),
            tokens: Vec::new(),
            tokens_page: None,
            code_lifetime: None,
            access_lifetime: None,
            catalogue: Catalogue::embedded(),
            profile: Declared::default(),
            limits: Limits::polite(),
        };
        target.limits = Limits::suited_to(&target);
        target
    }

    /// Adds the person who signs in and consents on the server's own pages.
    #[must_use]
    pub fn with_person(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        let person = Person { user: user.into(), password: Secret::new(password) };
        let driver = Driver::Forms(FormHints::default());
        self.consent = Some(Consent { person: Some(person), driver });
        self
    }

    /// The person who signs in, where one is needed.
    pub fn person(&self) -> Option<&Person> {
        self.consent.as_ref()?.person.as_ref()
    }
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
    /// Whether to try as little as shows anything at all.
    pub is_quick: bool,
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
            is_quick: false,
            only: Vec::new(),
            strict: false,
            tidy: true,
            threads: 3,
            max_wait: Duration::from_secs(5),
            timeout: Duration::from_secs(20),
        }
    }
}
