//! How often a network, a client or a connection may ask.
//!
//! The counts live in this process and are forgotten with it; replicas have one each. Their number is bounded: when it is reached, quiet ones are
//! forgotten, and when there are none, newcomers share one rate that is a hundred times as high.
//!
//! A token that is valid is never refused for what others of its network do.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::json;

use super::address::ClientAddress;
use super::{private_json, retry_later};
use crate::App;
use crate::audit::{Event, What};
use crate::config::Config;
use crate::metrics::{Route, metrics};
use crate::web::pages;

/// Networks, clients or connections that are counted at the same time.
const KEYS: usize = 20_000;
/// How many newcomers count as one when there are more than that.
const CROWD: u32 = 100;
/// How many clients a network may have at work as if each were alone.
const CLIENTS_OF_A_NETWORK: u32 = 10;

/// Somebody asks too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften {
    /// Seconds until the next attempt can succeed.
    pub seconds: u32,
}

/// Every rate.
#[derive(Debug)]
pub struct RequestRates {
    apply: bool,
    hasher: RandomState,
    registrations: Rate<IpAddr>,
    sign_ins: Rate<IpAddr>,
    authorizations: Rate<IpAddr>,
    token_requests: Rate<(IpAddr, u64)>,
    token_requests_of_network: Rate<IpAddr>,
    failed_tokens: Rate<IpAddr>,
    calls: Rate<u64>,
}

impl RequestRates {
    /// The rates that `config` asks for.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let limits = &config.limits;
        let minutely = |count: u32| quota(count, Duration::from_secs(60), count.div_ceil(2));
        let tokens_of_network =
            limits.token_requests_per_minute.saturating_mul(CLIENTS_OF_A_NETWORK);
        let calls = limits.calls_per_second;
        Self {
            apply: limits.rates_apply(config.address),
            hasher: RandomState::new(),
            registrations: Rate::new("registrations", minutely(limits.registrations_per_minute)),
            sign_ins: Rate::new("sign_ins", minutely(limits.sign_ins_per_minute)),
            authorizations: Rate::new("authorizations", minutely(limits.authorizations_per_minute)),
            token_requests: Rate::new("token_requests", minutely(limits.token_requests_per_minute)),
            token_requests_of_network: Rate::new(
                "token_requests_of_network",
                minutely(tokens_of_network),
            ),
            failed_tokens: Rate::new("failed_tokens", minutely(limits.failed_tokens_per_minute)),
            calls: Rate::new(
                "calls",
                quota(calls, Duration::from_secs(1), calls.saturating_mul(2)),
            ),
        }
    }

    /// One more request of `client_id` at the token or revocation endpoint.
    ///
    /// # Errors
    ///
    /// When it has to wait.
    pub fn token_request(&self, from: ClientAddress, client_id: &str) -> Result<(), TooOften> {
        if !self.apply {
            return Ok(());
        }
        self.token_requests.count(&(from.network(), self.hasher.hash_one(client_id)))
    }

    /// One more bearer token that is not valid.
    ///
    /// # Errors
    ///
    /// When there were too many from this network.
    pub fn failed_token(&self, from: ClientAddress) -> Result<(), TooOften> {
        if self.apply { self.failed_tokens.count(&from.network()) } else { Ok(()) }
    }

    /// One more request with a valid token of this grant.
    ///
    /// # Errors
    ///
    /// When it has to wait.
    pub fn call(&self, grant_id: &str) -> Result<(), TooOften> {
        self.calls.count(&self.hasher.hash_one(grant_id))
    }

    /// One more request to this address of the server.
    fn request(&self, from: ClientAddress, method: &Method, path: &str) -> Result<(), TooOften> {
        if !self.apply {
            return Ok(());
        }
        let is_post = *method == Method::POST;
        let rate = match path {
            "/oauth/register" if is_post => &self.registrations,
            "/oauth/token" | "/oauth/revoke" if is_post => &self.token_requests_of_network,
            "/oauth/authorize" | "/oauth/consent" => &self.authorizations,
            path if is_post && (path.starts_with("/sign-in") || path.starts_with("/setup")) => {
                &self.sign_ins
            }
            _ => return Ok(()),
        };
        rate.count(&from.network())
    }
}

fn quota(count: u32, per: Duration, burst: u32) -> Quota {
    let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    // A count beyond one a nanosecond has no period; it is as good as none.
    Quota::with_period(per / count.get())
        .unwrap_or(Quota::per_second(NonZeroU32::MAX))
        .allow_burst(burst)
}

/// One rate for each of many.
struct Rate<K: Hash + Eq + Clone> {
    /// What it is called where refusals are counted.
    name: &'static str,
    each: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
    crowd: DefaultDirectRateLimiter,
    clock: DefaultClock,
    began: Instant,
    /// Seconds since then at which quiet ones were forgotten last.
    tidied: AtomicU64,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Rate<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate").field("counted", &self.each.len()).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone> Rate<K> {
    fn new(name: &'static str, quota: Quota) -> Self {
        let many =
            |count: NonZeroU32| count.saturating_mul(NonZeroU32::MIN.saturating_add(CROWD - 1));
        let crowd = Quota::with_period(quota.replenish_interval() / CROWD)
            .unwrap_or(quota)
            .allow_burst(many(quota.burst_size()));
        Self {
            name,
            each: RateLimiter::hashmap(quota),
            crowd: RateLimiter::direct(crowd),
            clock: DefaultClock::default(),
            began: Instant::now(),
            tidied: AtomicU64::new(0),
        }
    }

    fn count(&self, key: &K) -> Result<(), TooOften> {
        let outcome = if self.has_room() { self.each.check_key(key) } else { self.crowd.check() };
        outcome.map_err(|until| {
            metrics().throttle(self.name);
            let wait = until.wait_time_from(self.clock.now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            TooOften { seconds }
        })
    }

    /// Whether another one can be counted. Forgets quiet ones, at most once a second, as that looks at all of them.
    fn has_room(&self) -> bool {
        if self.each.len() < KEYS {
            return true;
        }
        let now = self.began.elapsed().as_secs().max(1);
        if self.tidied.fetch_max(now, Ordering::Relaxed) < now {
            self.each.retain_recent();
            self.each.shrink_to_fit();
        }
        self.each.len() < KEYS
    }
}

/// Refuses requests of a network that asks too often.
pub async fn by_network(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let from = ClientAddress::of(&parts);
    let path = parts.uri.path();
    let Err(refusal) = app.rates.request(from, &parts.method, path) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    app.audit(Event::refused(What::Throttle, Route::of(path).template())).await;
    if matches!(path, "/oauth/register" | "/oauth/token" | "/oauth/revoke") {
        return refusal.for_client();
    }
    let page = pages::error(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many attempts",
        "Your network asked for this too often. Nothing was changed. Wait a minute and try again.",
    );
    retry_later(page, refusal.seconds)
}

impl TooOften {
    /// The answer to an OAuth client.
    pub(crate) fn for_client(self) -> Response {
        let Self { seconds } = self;
        let document = json!({
            "error": "temporarily_unavailable",
            "error_description": format!("too many requests; try again in {seconds} s"),
        });
        retry_later(private_json(StatusCode::TOO_MANY_REQUESTS, &document), seconds)
    }
}
