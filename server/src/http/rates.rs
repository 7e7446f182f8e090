//! How often a network, a client or a connection may ask.
//!
//! Before it is known who asks, households and networks are counted; afterwards, the connection. Never a client, as anybody can name it and many people
//! may have the same.
//!
//! The counts live in this process and are forgotten with it; replicas have one each. Their number is bounded: when it is reached, quiet ones are
//! forgotten, and when there are none, newcomers share one rate that is a hundred times as high. Those who are counted already keep theirs.
//!
//! A token that is valid is never called invalid for what others of its network do; it may have to wait for its turn.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;

use super::address::ClientAddress;
use super::visits::Visit;
use super::{private_json, retry_later};
use crate::App;
use crate::audit::{Event, What};
use crate::config::Config;
use crate::metrics::{Route, metrics};
use crate::serving::Places;
use crate::web::pages;

/// Networks, clients or connections that are counted at the same time.
const KEYS: usize = 20_000;
/// How many newcomers count as one when there are more than that.
const CROWD: u32 = 100;
/// How many connections of a household may fail to get tokens as if each were alone.
const CONNECTIONS_OF_A_HOUSEHOLD: u32 = 10;
/// The way back from the OpenID provider.
const RETURN: &str = "/sign-in/oidc/callback";
/// How many tokens of doubtful networks may wait to be looked up, for a second; a fraction of all requests that are worked on.
const DOUBTFUL: usize = 64;

/// How many requests with sessions, of networks that showed too many wrong ones, are worked on at the same time.
const DOUBTFUL_VISITS: usize = 4;

/// Permission to look a token or a session up.
pub type Turn<'r> = tokio::sync::SemaphorePermit<'r>;

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
    token_requests: Rate<IpAddr>,
    failed_tokens: Rate<IpAddr>,
    /// Where networks of which too many tokens are not valid queue up.
    doubtful: Places,
    failed_sessions: Rate<IpAddr>,
    /// The same for sessions, which people wait for.
    doubtful_visits: Places,
    issues: Rate<u64>,
    calls: Rate<u64>,
}

impl RequestRates {
    /// The rates that `config` asks for.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let limits = &config.limits;
        let second = Duration::from_secs(1);
        let minutely = |name, count: u32| Rate::new(name, count, 60 * second, count.div_ceil(2));
        let tokens = limits.token_requests_per_minute;
        let calls = limits.calls_per_second;
        Self {
            apply: limits.rates_apply(config.address, &config.public_url),
            hasher: RandomState::new(),
            registrations: minutely("registrations", limits.registrations_per_minute),
            sign_ins: minutely("sign_ins", limits.sign_ins_per_minute),
            authorizations: minutely("authorizations", limits.authorizations_per_minute),
            token_requests: minutely(
                "token_requests",
                tokens.saturating_mul(CONNECTIONS_OF_A_HOUSEHOLD),
            ),
            failed_tokens: minutely("failed_tokens", limits.failed_tokens_per_minute),
            doubtful: Places::new(1, DOUBTFUL),
            failed_sessions: minutely("failed_sessions", limits.failed_tokens_per_minute),
            doubtful_visits: Places::new(DOUBTFUL_VISITS, DOUBTFUL),
            issues: Rate::new("issues", tokens, 60 * second, tokens.div_ceil(2)),
            calls: Rate::new("calls", calls, second, calls.saturating_mul(2)),
        }
    }

    /// One more token for this grant. Its client is none that is counted: many people may have the same.
    ///
    /// # Errors
    ///
    /// When it has to wait.
    pub fn issue(&self, grant_id: &str) -> Result<(), TooOften> {
        if self.apply { self.issues.count(&[(self.hasher.hash_one(grant_id), 1)]) } else { Ok(()) }
    }

    /// One more bearer token that is not valid.
    ///
    /// # Errors
    ///
    /// When there were too many from there.
    pub fn failed_token(&self, from: ClientAddress) -> Result<(), TooOften> {
        if self.apply { self.failed_tokens.count(&from.counted()) } else { Ok(()) }
    }

    /// The turn to look a bearer token up, until what this returns is dropped. Those from where too many were not valid go one after the other.
    ///
    /// # Errors
    ///
    /// When too many of them wait; the token may be valid.
    pub async fn look_up(&self, from: ClientAddress) -> Result<Option<Turn<'_>>, TooOften> {
        if !self.apply || !self.failed_tokens.is_used_up(&from.counted()) {
            return Ok(None);
        }
        self.doubtful.take().await.map(Some).ok_or(TooOften { seconds: 1 })
    }

    /// One more session that there is not.
    fn failed_session(&self, from: ClientAddress) -> Result<(), TooOften> {
        if self.apply { self.failed_sessions.count(&from.counted()) } else { Ok(()) }
    }

    /// The same as [`Self::look_up`] for a session.
    async fn look_up_session(&self, from: ClientAddress) -> Result<Option<Turn<'_>>, TooOften> {
        if !self.apply || !self.failed_sessions.is_used_up(&from.counted()) {
            return Ok(None);
        }
        self.doubtful_visits.take().await.map(Some).ok_or(TooOften { seconds: 1 })
    }

    /// One more request with a valid token of this grant.
    ///
    /// # Errors
    ///
    /// When it has to wait.
    pub fn call(&self, grant_id: &str) -> Result<(), TooOften> {
        self.calls.count(&[(self.hasher.hash_one(grant_id), 1)])
    }

    /// The rate of those who ask for this address of the server and have not said yet who they are.
    fn of_request(&self, method: &Method, path: &str) -> Option<&Rate<IpAddr>> {
        let is_post = *method == Method::POST;
        match path {
            _ if !self.apply => None,
            "/oauth/register" if is_post => Some(&self.registrations),
            "/oauth/token" | "/oauth/revoke" if is_post => Some(&self.token_requests),
            "/oauth/authorize" | "/oauth/consent" => Some(&self.authorizations),
            "/sign-in/oidc" | RETURN => Some(&self.sign_ins),
            path if path.starts_with("/setup") => Some(&self.sign_ins),
            path if is_post && path.starts_with("/sign-in") => Some(&self.sign_ins),
            _ => None,
        }
    }
}

/// One rate for each of many.
///
/// Of each is known until when its past requests keep it busy if they were spread evenly; it may be ahead of that by a burst.
struct Rate<K> {
    /// What it is called where refusals are counted.
    name: &'static str,
    /// From one request to the next.
    interval: Duration,
    /// How far ahead.
    burst: Duration,
    counts: Mutex<Counts<K>>,
}

/// Who is counted, and as how many; nobody in particular is all newcomers.
type Owner<K> = (Option<K>, u32);

struct Counts<K> {
    busy_until: HashMap<Owner<K>, Instant>,
    tidied: Instant,
}

impl<K> fmt::Debug for Rate<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate").field("interval", &self.interval).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Copy> Rate<K> {
    fn new(name: &'static str, count: u32, per: Duration, burst: u32) -> Self {
        let interval = per / count.max(1);
        let counts = Counts { busy_until: HashMap::new(), tidied: Instant::now() };
        Self { name, interval, burst: interval.saturating_mul(burst), counts: Mutex::new(counts) }
    }

    fn lock(&self) -> MutexGuard<'_, Counts<K>> {
        // No code that holds the lock can panic half way.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when one more request keeps each of `keys` busy, or how long it has to wait.
    fn judge(
        &self,
        counts: &mut Counts<K>,
        keys: &[(K, u32)],
    ) -> Result<Vec<(Owner<K>, Instant)>, TooOften> {
        let now = Instant::now();
        let busy: Vec<_> = keys
            .iter()
            .map(|&(key, households)| {
                let owner = counts.owner(now, (Some(key), households));
                let since = counts.busy_until.get(&owner).map_or(now, |&until| until.max(now));
                (owner, since + self.interval / owner.1)
            })
            .collect();
        let allowed = now + self.burst;
        let waits = busy.iter().map(|(_, until)| until.saturating_duration_since(allowed));
        match waits.max() {
            Some(wait) if !wait.is_zero() => {
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
                Err(TooOften { seconds: seconds.saturating_add(1) })
            }
            _ => Ok(busy),
        }
    }

    /// Counts one more for all of `keys`, or, when it is too much for one of them, for none.
    fn count(&self, keys: &[(K, u32)]) -> Result<(), TooOften> {
        let mut counts = self.lock();
        let judged = self.judge(&mut counts, keys);
        let busy = judged.inspect_err(|_| metrics().throttle(self.name))?;
        counts.busy_until.extend(busy);
        Ok(())
    }

    /// Whether one more would be too much.
    fn is_used_up(&self, keys: &[(K, u32)]) -> bool {
        self.judge(&mut self.lock(), keys).is_err()
    }

    /// Takes back what [`Rate::count`] counted.
    fn forget(&self, keys: &[(K, u32)]) {
        let mut counts = self.lock();
        for &(key, households) in keys {
            if let Some(until) = counts.busy_until.get_mut(&(Some(key), households)) {
                *until = until.checked_sub(self.interval / households).unwrap_or(*until);
            }
        }
    }
}

impl<K: Hash + Eq> Counts<K> {
    /// Who is counted for somebody: itself, or all newcomers when it is one and there is no room.
    /// Forgets quiet ones then, at most once a second, as that looks at all of them.
    fn owner(&mut self, now: Instant, own: Owner<K>) -> Owner<K> {
        if self.busy_until.len() >= KEYS && !self.busy_until.contains_key(&own) {
            if now.duration_since(self.tidied) >= Duration::from_secs(1) {
                self.tidied = now;
                self.busy_until.retain(|_, until| *until > now);
            }
            if self.busy_until.len() >= KEYS {
                return (None, CROWD);
            }
        }
        own
    }
}

/// Refuses requests of a network that asks too often. Requests for tokens count when they fail, as whoever has a grant may come from anywhere, and so do
/// ways back from the OpenID provider, as the way there was counted.
pub async fn by_network(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let address = ClientAddress::of(&parts);
    let (from, path) = (address.counted(), parts.uri.path().to_owned());
    let path = path.as_str();
    let rate = app.rates.of_request(&parts.method, path);
    if let Err(refusal) = rate.map_or(Ok(()), |rate| rate.count(&from)) {
        return refused(&app, path, refusal).await;
    }
    let visit = Visit::of(&app, &parts);
    let turn = match visit {
        Some(_) => app.rates.look_up_session(address).await,
        None => Ok(None),
    };
    let _turn = match turn {
        Ok(turn) => turn,
        Err(refusal) => return refused(&app, path, refusal).await,
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    let status = response.status();
    let came_to_something = match path {
        "/oauth/token" => !status.is_client_error(),
        RETURN => status.is_redirection(),
        _ => false,
    };
    if came_to_something && let Some(rate) = rate {
        rate.forget(&from);
    }
    if visit.is_some_and(|visit| visit.failed(&response))
        && let Err(refusal) = app.rates.failed_session(address)
    {
        return refused(&app, path, refusal).await;
    }
    response
}

async fn refused(app: &App, path: &str, refusal: TooOften) -> Response {
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
