//! Client ID Metadata Documents: clients whose identifier is the address of a document that describes them.
//!
//! Anybody can name any address to this server, so fetching is where it could be made to reach into a network or to be a burden to others. An address is
//! judged as text first ([`location`]), then every address of its name ([`address`]) in the step that connects; what comes back is small, quick and JSON
//! ([`fetch`]); and nothing is fetched often. What a document says is judged by the authority like a registration.
//!
//! Whoever asked learns that a document could not be read, not why: the reason is about the network, and goes to the log.

pub mod address;
mod attempts;
pub mod fetch;
pub mod location;
pub mod names;
pub mod response;
pub mod rules;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedMutexGuard, Semaphore};

use crate::config::Config;
use attempts::{Attempts, History};
use fetch::{Bounds, Document, Fetcher};
use location::{Location, Places};
use names::SystemNames;
use rules::Rules;

/// Why there is no client to go on with. Shown on a page of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The client identifier is no address that a document may have.
    Address(&'static str),
    /// The rest of the request is wrong, so nothing was fetched.
    Request(Cow<'static, str>),
    /// No document came.
    Unreadable,
    /// What came does not describe the client.
    Invalid(Cow<'static, str>),
    /// Too much is fetched, or kept, at the moment.
    Busy,
}

impl Refusal {
    /// A word for the audit log.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Address(_) => "document_address",
            Self::Request(_) => "invalid_request",
            Self::Unreadable => "document_unreadable",
            Self::Invalid(_) => "document_invalid",
            Self::Busy => "document_busy",
        }
    }
}

/// The documents of clients.
#[derive(Debug)]
pub struct ClientDocuments {
    places: Places,
    fetcher: Fetcher,
    attempts: Attempts,
    at_once: Semaphore,
    patience: Duration,
}

impl ClientDocuments {
    /// Fetching as `config` says, by the strict rules.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let settings = &config.client_documents;
        let patience = Duration::from_millis(settings.timeout_ms);
        let bounds = Bounds {
            bytes: settings.largest_bytes,
            time: patience,
            fresh_for: settings.fresh_at_least..=settings.fresh_at_most,
        };
        let names = Arc::new(SystemNames::default());
        Self {
            places: Places {
                ports: settings.ports.clone(),
                own_hosts: config.hosts.clone(),
                allow_loopback: settings.allow_loopback,
            },
            fetcher: Fetcher::new(Rules::STRICT, bounds, settings.allow_loopback, names),
            attempts: Attempts::new(
                settings.remembered,
                settings.per_minute,
                Duration::from_secs(settings.failure_kept),
            ),
            at_once: Semaphore::new(settings.at_once),
            patience,
        }
    }

    /// Judges a client identifier that is an address.
    pub fn judge(&self, client_id: &str) -> Result<Location, Refusal> {
        Location::parse(client_id, &self.places).map_err(Refusal::Address)
    }

    /// Waits for the turn to fetch from `location`: one at a time from one address.
    pub(crate) async fn turn<'d>(&'d self, location: &'d Location) -> Result<Turn<'d>, Refusal> {
        let history = self.attempts.at(location.as_str());
        let waiting = tokio::time::timeout(self.patience, history.lock_owned());
        let history = waiting.await.map_err(|_| Refusal::Busy)?;
        Ok(Turn { documents: self, location, history })
    }
}

/// The right to fetch one document. Whoever waits for the next sees how this one ended.
#[derive(Debug)]
pub(crate) struct Turn<'d> {
    documents: &'d ClientDocuments,
    location: &'d Location,
    history: OwnedMutexGuard<History>,
}

impl Turn<'_> {
    /// Fetches the document, unless that failed or was done often just now.
    pub(crate) async fn fetch(&mut self) -> Result<Document, Refusal> {
        let documents = self.documents;
        // Waiting for one of the few at once is not an attempt.
        let waiting = tokio::time::timeout(documents.patience, documents.at_once.acquire());
        let Ok(Ok(one_of_few)) = waiting.await else { return Err(Refusal::Busy) };
        documents.attempts.begin(&mut self.history, Instant::now())?;
        documents.fetcher.fetch(self.location, one_of_few).await.map_err(|error| {
            let document = self.location.as_str();
            tracing::info!(document, %error, "no client document was read");
            self.refused(Refusal::Unreadable)
        })
    }

    /// Keeps that the document cannot be used, so that it is not tried again soon.
    pub(crate) fn refused(&mut self, refusal: Refusal) -> Refusal {
        self.documents.attempts.failed(&mut self.history, Instant::now(), &refusal);
        refusal
    }
}
