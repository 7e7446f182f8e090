//! Reading the body of a request, within its size, its time, and the memory for all bodies.
//!
//! That memory has two halves. Everybody begins in the first. Who has a valid token moves to the second when the first is full or the body is large, so
//! that strangers, however many, never leave those without room. Nobody is asked for before that: most bodies cost no look-up.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::shares::{Share, Shares};
use crate::authority::Resource;
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
/// How many households of strangers fill their half of the memory for bodies.
const STRANGERS: usize = 256;
/// How many households with valid tokens fill the other half.
const HOUSEHOLDS: usize = 16;

/// How bodies are read.
#[derive(Debug)]
pub(super) struct Bodies {
    #[cfg(feature = "danger-planted-faults")]
    unbounded: bool,
    registration: usize,
    patience: Duration,
    of_anybody: Memory,
    of_the_known: Memory,
}

/// Memory for bodies, and who holds how much of it.
#[derive(Debug)]
struct Memory {
    free: Semaphore,
    shares: Shares,
}

impl Memory {
    /// Of `bytes`, of which one household may hold a part, and at least one body of `largest`.
    fn new(bytes: usize, households: usize, largest: usize, limits: &LimitSettings) -> Self {
        Self {
            free: Semaphore::new(bytes),
            shares: Shares::new((bytes / households).max(largest), &limits.trusted_proxies),
        }
    }

    fn held(&self, from: IpAddr) -> Result<Held<'_>, BodyError> {
        let permit = self.free.try_acquire_many(0).map_err(|_| BodyError::Crowded)?;
        Ok(Held { memory: self, permit, share: self.shares.of(from) })
    }
}

/// Memory for one body.
#[derive(Debug)]
pub(super) struct Held<'b> {
    memory: &'b Memory,
    permit: SemaphorePermit<'b>,
    share: Share,
}

impl Held<'_> {
    fn grow(&mut self, more: usize) -> Result<(), BodyError> {
        if !self.share.grow(more) {
            return Err(BodyError::Crowded);
        }
        let more = u32::try_from(more).map_err(|_| BodyError::Crowded)?;
        let more = self.memory.free.try_acquire_many(more);
        self.permit.merge(more.map_err(|_| BodyError::Crowded)?);
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
        let all = limits.buffered_bytes;
        let of_anybody = all / 2;
        let strangers = STRANGERS;
        #[cfg(feature = "danger-planted-faults")]
        let (of_anybody, strangers) =
            if limits.unbounded_bodies { (all, 1) } else { (of_anybody, strangers) };
        Self {
            #[cfg(feature = "danger-planted-faults")]
            unbounded: limits.unbounded_bodies,
            registration: limits.registration_bytes,
            patience: limits.body_seconds.duration(),
            of_anybody: Memory::new(
                of_anybody,
                strangers,
                limits.registration_bytes.max(OF_STRANGERS),
                limits,
            ),
            of_the_known: Memory::new(all - all / 2, HOUSEHOLDS, LARGEST_MESSAGE, limits),
        }
    }

    /// The most bytes that a request may bring.
    fn most(&self, parts: &Parts) -> usize {
        #[cfg(feature = "danger-planted-faults")]
        if self.unbounded {
            return usize::MAX;
        }
        match parts.uri.path() {
            _ if takes_tokens(parts) => LARGEST_MESSAGE,
            _ if parts.method != Method::POST => 0,
            "/oauth/register" => self.registration,
            _ => LARGEST_FORM,
        }
    }

    /// Reads the body of a request. One that is announced as too large is not read at all, and of others nothing beyond the limit is kept.
    /// `is_known`, whether the request has a valid token, is asked before more is read than strangers may send or have room for.
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
        let has_token = takes_tokens(parts) && parts.headers.contains_key(AUTHORIZATION);
        let mut is_known = Some(is_known);
        let most = self.most(parts);
        // Elsewhere nobody is known, and what one may send all may.
        let is_message = takes_tokens(parts) && most == LARGEST_MESSAGE;
        let of_strangers = if is_message { OF_STRANGERS } else { most };
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse().ok()).is_some_and(|bytes: usize| bytes > most) {
            return Err(BodyError::TooLarge);
        }
        let plain = HeaderValue::from_static("identity");
        if parts.headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != plain) {
            return Err(BodyError::Encoded);
        }
        let from = ClientAddress::of(parts).0;
        let mut held = self.of_anybody.held(from)?;
        let mut bytes = Vec::new();
        let began = Instant::now();
        loop {
            let credit = Duration::from_secs((bytes.len() / BYTES_A_SECOND) as u64);
            let latest = (began + self.patience + credit).min(Instant::now() + self.patience);
            let frame = timeout_at(latest, incoming.frame()).await;
            let Some(frame) = frame.map_err(|_| BodyError::Slow)? else { break };
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            let total = bytes.len() + data.len();
            if total > most {
                return Err(BodyError::TooLarge);
            }
            let grown = if total > of_strangers && is_known.is_some() {
                Err(BodyError::TooLarge)
            } else {
                held.grow(data.len())
            };
            if let Err(refusal) = grown {
                let Some(is_known) = is_known.take().filter(|_| has_token) else {
                    return Err(refusal);
                };
                if !is_known().await? {
                    return Err(refusal);
                }
                held = self.of_the_known.held(from)?;
                held.grow(total)?;
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes.into(), held))
    }
}

/// Whether requests like this one are made with bearer tokens.
fn takes_tokens(parts: &Parts) -> bool {
    Resource::ALL.iter().any(|resource| resource.path() == parts.uri.path())
}

async fn discard(mut incoming: Incoming) {
    let until = Instant::now() + DISCARDING;
    let mut total = 0;
    while total <= DISCARDED {
        let Ok(Some(Ok(frame))) = timeout_at(until, incoming.frame()).await else { break };
        total += frame.data_ref().map_or(0, Bytes::len);
    }
}
