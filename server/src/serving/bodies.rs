//! Reading the body of a request, within its size, its time, and the memory for all bodies.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::shares::{Share, Shares};
use crate::config::LimitSettings;
use crate::http::address::ClientAddress;
use crate::http::{BodyError, LARGEST_FORM};
use crate::mcp::LARGEST_MESSAGE;

/// Bytes that buy a body one more second.
const BYTES_A_SECOND: usize = 16 * 1024;
/// Bytes beyond a limit that are read and thrown away after the answer, because a connection that closes while its peer still sends takes the answer
/// with it.
const DISCARDED: usize = 4 << 20;
/// How long that is done.
const DISCARDING: Duration = Duration::from_secs(5);

/// Bytes that somebody may send of whom nothing is known yet.
const OF_STRANGERS: usize = LARGEST_FORM;
/// How many households fill the memory for bodies.
const HOUSEHOLDS: usize = 32;

/// How bodies are read.
#[derive(Debug)]
pub(super) struct Bodies {
    #[cfg(feature = "danger-planted-faults")]
    unbounded: bool,
    registration: usize,
    patience: Duration,
    memory: Semaphore,
    shares: Shares,
}

/// Memory for one body.
#[derive(Debug)]
pub(super) struct Held<'b> {
    memory: SemaphorePermit<'b>,
    share: Share,
}

impl<'b> Held<'b> {
    fn grow(&mut self, bodies: &'b Bodies, more: usize) -> Result<(), BodyError> {
        if !self.share.grow(more) {
            return Err(BodyError::Crowded);
        }
        let more = u32::try_from(more).map_err(|_| BodyError::Crowded)?;
        let more = bodies.memory.try_acquire_many(more);
        self.memory.merge(more.map_err(|_| BodyError::Crowded)?);
        Ok(())
    }
}

/// What came of a body.
pub(super) enum Taken<'b> {
    /// It is here; the memory is given back with the permit.
    Whole(Bytes, Held<'b>),
    /// It was not read.
    Not(BodyError),
}

impl Bodies {
    pub(super) fn new(limits: &LimitSettings) -> Self {
        Self {
            #[cfg(feature = "danger-planted-faults")]
            unbounded: limits.unbounded_bodies,
            registration: limits.registration_bytes,
            patience: limits.body_seconds.duration(),
            memory: Semaphore::new(limits.buffered_bytes),
            shares: Shares::new(
                (limits.buffered_bytes / HOUSEHOLDS).max(LARGEST_MESSAGE),
                &limits.trusted_proxies,
            ),
        }
    }

    /// The most bytes that a request may bring.
    fn most(&self, parts: &Parts) -> usize {
        #[cfg(feature = "danger-planted-faults")]
        if self.unbounded {
            return usize::MAX;
        }
        match parts.uri.path() {
            "/mcp" | "/mcp/readonly" => LARGEST_MESSAGE,
            _ if parts.method != Method::POST => 0,
            "/oauth/register" => self.registration,
            _ => LARGEST_FORM,
        }
    }

    /// Reads the body of a request. One that is announced as too large is not read at all, and of others nothing beyond the limit is kept.
    /// `is_known` is asked before more is read than strangers may send.
    pub(super) async fn take(
        &self,
        parts: &Parts,
        mut incoming: Incoming,
        is_known: impl AsyncFnOnce() -> Result<bool, BodyError>,
    ) -> Taken<'_> {
        match self.read(parts, &mut incoming, is_known).await {
            Ok((bytes, held)) => Taken::Whole(bytes, held),
            Err(error) => {
                if !matches!(error, BodyError::Slow | BodyError::Broken) {
                    tokio::spawn(discard(incoming));
                }
                Taken::Not(error)
            }
        }
    }

    async fn read(
        &self,
        parts: &Parts,
        incoming: &mut Incoming,
        is_known: impl AsyncFnOnce() -> Result<bool, BodyError>,
    ) -> Result<(Bytes, Held<'_>), BodyError> {
        let mut is_known = Some(is_known);
        let most = self.most(parts);
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse().ok()).is_some_and(|bytes: usize| bytes > most) {
            return Err(BodyError::TooLarge);
        }
        let plain = HeaderValue::from_static("identity");
        if parts.headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != plain) {
            return Err(BodyError::Encoded);
        }
        let memory = self.memory.try_acquire_many(0).map_err(|_| BodyError::Crowded)?;
        let mut held = Held { memory, share: self.shares.of(ClientAddress::of(parts).0) };
        let mut bytes = Vec::new();
        let began = Instant::now();
        loop {
            let credit = Duration::from_secs((bytes.len() / BYTES_A_SECOND) as u64);
            let latest = (began + self.patience + credit).min(Instant::now() + self.patience);
            let frame = timeout_at(latest, incoming.frame()).await;
            let Some(frame) = frame.map_err(|_| BodyError::Slow)? else { break };
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            if bytes.len() + data.len() > most {
                return Err(BodyError::TooLarge);
            }
            if most != usize::MAX
                && bytes.len() + data.len() > OF_STRANGERS
                && let Some(is_known) = is_known.take()
                && !is_known().await?
            {
                return Err(BodyError::TooLarge);
            }
            held.grow(self, data.len())?;
            bytes.extend_from_slice(&data);
        }
        Ok((bytes.into(), held))
    }
}

async fn discard(mut incoming: Incoming) {
    let until = Instant::now() + DISCARDING;
    let mut total = 0;
    while total <= DISCARDED {
        let Ok(Some(Ok(frame))) = timeout_at(until, incoming.frame()).await else { break };
        total += frame.data_ref().map_or(0, Bytes::len);
    }
}
