//! Fetching one document.
//!
//! One GET without credentials, cookies, proxy or referrer; the only answer that counts is a small 200 of JSON within the time.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use reqwest::{Certificate, Response, redirect};

use super::location::Location;
use super::names::{Judged, Names};
use super::response::fresh_for;
use super::rules::Rules;
use crate::outgoing;

/// How much of a document is waited for and read.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Bytes of a document.
    pub bytes: usize,
    /// From resolving the name to the last byte.
    pub time: Duration,
    /// Seconds for which a document holds, whatever it says.
    pub fresh_for: RangeInclusive<i64>,
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The body.
    pub bytes: Vec<u8>,
    /// For how many seconds it holds.
    pub fresh_for: i64,
}

/// Why a document was not read. For the operator's log: it tells about the network, which is nobody else's business.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// This server has no trusted certificates, or another fault of its own.
    #[error("documents cannot be fetched here: {0}")]
    Client(String),
    /// No connection, or it broke.
    #[error("{0}")]
    Connection(String),
    /// Not 200.
    #[error("the answer had the status {0}")]
    Status(u16),
    /// Not JSON, or compressed.
    #[error("the answer was not plain JSON")]
    Type,
    /// Too large.
    #[error("the answer was too large")]
    Size,
    /// Too slow.
    #[error("the time was up")]
    Time,
}

/// Fetches documents.
pub struct Fetcher {
    rules: Rules,
    bounds: Bounds,
    allow_loopback: bool,
    names: Arc<dyn Names>,
    roots: Vec<Certificate>,
    /// Made when it is first needed, because it reads the platform's certificates.
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("rules", &self.rules)
            .field("bounds", &self.bounds)
            .field("allow_loopback", &self.allow_loopback)
            .finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Fetches by `rules` what `names` resolves, within `bounds`.
    #[must_use]
    pub fn new(rules: Rules, bounds: Bounds, allow_loopback: bool, names: Arc<dyn Names>) -> Self {
        Self { rules, bounds, allow_loopback, names, roots: Vec::new(), client: OnceLock::new() }
    }

    /// The same, trusting this certificate besides those of the platform.
    #[must_use]
    pub fn trusting(mut self, root: Certificate) -> Self {
        self.roots.push(root);
        self
    }

    /// Fetches the document at `location`. `turn` is given back as soon as nothing is read any more, which is before a failure is told.
    pub async fn fetch<T>(&self, location: &Location, turn: T) -> Result<Document, FetchError> {
        // Made once, and not in the time of the document that happens to be the first.
        let client = self.client.get_or_init(|| self.client()).as_ref();
        let client = client.map_err(|error| FetchError::Client(error.clone()))?;
        let began = tokio::time::Instant::now();
        let reading = self.read(client, location);
        let outcome = if self.rules.time_is_bounded {
            tokio::time::timeout(self.bounds.time, reading).await.unwrap_or(Err(FetchError::Time))
        } else {
            reading.await
        };
        drop(turn);
        if outcome.is_err() && self.rules.failures_take_all_the_time {
            tokio::time::sleep_until(began + self.bounds.time).await;
        }
        outcome
    }

    async fn read(
        &self,
        client: &reqwest::Client,
        location: &Location,
    ) -> Result<Document, FetchError> {
        let broken = |error: reqwest::Error| FetchError::Connection(outgoing::chain(&error));
        let request = client.get(location.url().clone()).header(ACCEPT, "application/json");
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        if !(self.rules.status_is_accepted)(status) {
            return Err(FetchError::Status(status));
        }
        let is_plain = header(&response, &CONTENT_ENCODING).is_none_or(|name| name == "identity");
        let media_type = header(&response, &CONTENT_TYPE).unwrap_or_default();
        if !is_plain || !(self.rules.media_type_is_accepted)(media_type) {
            return Err(FetchError::Type);
        }
        let cache_control = header(&response, &CACHE_CONTROL).unwrap_or_default();
        let fresh_for = fresh_for(cache_control, &self.bounds.fresh_for);
        let fits = |bytes| (self.rules.size_is_accepted)(bytes, self.bounds.bytes);
        let declared = response.content_length().and_then(|length| usize::try_from(length).ok());
        if !fits(declared.unwrap_or_default()) {
            return Err(FetchError::Size);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if !fits(bytes.len() + chunk.len()) {
                return Err(FetchError::Size);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Document { bytes, fresh_for })
    }

    fn client(&self) -> Result<reqwest::Client, String> {
        let names = Judged {
            names: Arc::clone(&self.names),
            rules: self.rules,
            allow_loopback: self.allow_loopback,
        };
        let mut builder = outgoing::client()
            .dns_resolver(Arc::new(names))
            .tls_danger_accept_invalid_certs(!self.rules.certificates_are_verified)
            .tls_certs_merge(self.roots.iter().cloned());
        if self.rules.redirects_are_refused {
            builder = builder.redirect(redirect::Policy::none());
        }
        if self.rules.proxies_are_ignored {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|error| outgoing::chain(&error))
    }
}

fn header<'r>(response: &'r Response, name: &HeaderName) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap_or("?"))
}
