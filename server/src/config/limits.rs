//! `[limits]`: how many, how large, how long and how often.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, PublicUrl};

/// `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Whether bodies of any size are read, for a server that is wrong on purpose.
    #[cfg(feature = "danger-planted-faults")]
    #[serde(skip)]
    pub unbounded_bodies: bool,
    /// Bytes of a registration request.
    pub registration_bytes: usize,
    /// Redirect URIs of one client.
    pub redirect_uris: usize,
    /// Clients that registered themselves and that nobody allowed anything yet.
    pub unconsented_clients: usize,
    /// Live connections of one person and one client.
    pub grants_per_client: usize,
    /// Live programmatic tokens of one person in one workspace.
    pub tokens_per_person: usize,
    /// Open connections in all; when there is no room for another, one on which nothing happens gives way.
    pub connections: usize,
    /// Open connections of one household, unless it is loopback or a trusted proxy. A household is an IPv4 address or an IPv6 /64; a /24 or /48 may
    /// have eight times as much, here and below.
    pub connections_per_address: usize,
    /// Proxies whose `X-Forwarded-For` is believed: addresses, or networks such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<Network>,
    /// How long the headers of a request may take, and the first byte of a new connection.
    pub header_seconds: Seconds,
    /// How long a body may stand still, and how long a small one may take in all; a large one gets a second more for every 16 KiB that came.
    pub body_seconds: Seconds,
    /// How long a connection is kept for the next request.
    pub idle_seconds: Seconds,
    /// How long a client may take to begin with a response, and to read another 16 KiB of it.
    pub response_seconds: Seconds,
    /// How long requests in progress may take after the server was told to stop; by default a little longer than a call of any tool.
    pub shutdown_seconds: Seconds,
    /// How long `/readyz` says no before the server stops taking connections; more than a balancer takes to notice. 0 without a balancer.
    pub notice_seconds: Seconds,
    /// Concurrent requests of one HTTP/2 connection.
    pub streams: u32,
    /// Requests that a HTTP/2 connection may take back before it is closed, if it takes back more than it lets finish.
    pub cancelled_streams: u32,
    /// Requests that are worked on at the same time.
    pub requests: usize,
    /// Requests that wait for one of those to end, for at most a second.
    pub waiting_requests: usize,
    /// Bytes of request bodies that are held at the same time; half of them are for those with a valid token.
    pub buffered_bytes: usize,
    /// Whether the rates below are applied; those of a valid token always are.
    pub rates: Rates,
    /// Registrations of one household.
    pub registrations_per_minute: u32,
    /// Sign-in forms of one household, ways to and from the OpenID provider, and requests for setup.
    pub sign_ins_per_minute: u32,
    /// Authorization requests and decisions of one household.
    pub authorizations_per_minute: u32,
    /// Tokens for one connection; ten times as many revocations, and requests for tokens that fail, of one household.
    pub token_requests_per_minute: u32,
    /// Bearer tokens of one household that are not valid; as many sessions that there are not.
    pub failed_tokens_per_minute: u32,
    /// Requests of one token at the MCP endpoint; twice as many at once.
    pub calls_per_second: u32,
}

/// A span of time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// The same as a [`Duration`]; what no duration can be is none.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::try_from_secs_f64(self.0).unwrap_or(Duration::ZERO)
    }
}

/// When rates are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rates {
    /// Unless only this machine can reach the server: it listens on loopback, its public URL is there, and no proxy is trusted.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// A network: addresses whose first bits are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` belongs to it. An IPv4 address in IPv6 form is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = || {
            ConfigError(format!(
                "limits.trusted_proxies: {text:?} is not an address or a network such as \"10.0.0.0/8\""
            ))
        };
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => {
                bits.parse().ok().filter(|bits| (1..=most).contains(bits)).ok_or_else(wrong)?
            }
        };
        Ok(Self { address, bits })
    }
}

impl TryFrom<String> for Network {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            #[cfg(feature = "danger-planted-faults")]
            unbounded_bodies: false,
            registration_bytes: 16 * 1024,
            redirect_uris: 10,
            unconsented_clients: 5000,
            grants_per_client: 20,
            tokens_per_person: 50,
            connections: 10_000,
            connections_per_address: 200,
            trusted_proxies: Vec::new(),
            header_seconds: Seconds(10.0),
            body_seconds: Seconds(15.0),
            idle_seconds: Seconds(75.0),
            response_seconds: Seconds(30.0),
            shutdown_seconds: Seconds(60.0),
            notice_seconds: Seconds(0.0),
            streams: 100,
            cancelled_streams: 200,
            requests: 256,
            waiting_requests: 512,
            buffered_bytes: 64 << 20,
            rates: Rates::Auto,
            registrations_per_minute: 10,
            sign_ins_per_minute: 30,
            authorizations_per_minute: 60,
            token_requests_per_minute: 60,
            failed_tokens_per_minute: 60,
            calls_per_second: 50,
        }
    }
}

impl LimitSettings {
    /// Whether rates are applied by a server that listens on `address` and is called `public_url`.
    #[must_use]
    pub fn rates_apply(&self, address: SocketAddr, public_url: &PublicUrl) -> bool {
        match self.rates {
            Rates::On => true,
            Rates::Off => false,
            Rates::Auto => {
                let is_local = address.ip().is_loopback() && public_url.is_loopback;
                !is_local || !self.trusted_proxies.is_empty()
            }
        }
    }

    pub(super) fn judge(&self) -> Result<(), ConfigError> {
        let counts = [
            ("registration_bytes", self.registration_bytes),
            ("redirect_uris", self.redirect_uris),
            ("unconsented_clients", self.unconsented_clients),
            ("grants_per_client", self.grants_per_client),
            ("tokens_per_person", self.tokens_per_person),
            ("connections", self.connections),
            ("connections_per_address", self.connections_per_address),
            ("requests", self.requests),
            ("waiting_requests", self.waiting_requests),
            ("buffered_bytes", self.buffered_bytes),
        ];
        let rates = [
            ("streams", self.streams),
            ("cancelled_streams", self.cancelled_streams),
            ("registrations_per_minute", self.registrations_per_minute),
            ("sign_ins_per_minute", self.sign_ins_per_minute),
            ("authorizations_per_minute", self.authorizations_per_minute),
            ("token_requests_per_minute", self.token_requests_per_minute),
            ("failed_tokens_per_minute", self.failed_tokens_per_minute),
            ("calls_per_second", self.calls_per_second),
        ];
        let rates = rates.map(|(key, value)| (key, usize::try_from(value).unwrap_or(usize::MAX)));
        for (key, value) in counts.into_iter().chain(rates) {
            // What counts places must fit the semaphore that they are taken from.
            const MOST: usize = 1 << 30;
            if value == 0 || value > MOST {
                return Err(ConfigError(format!("limits.{key} is {value}; give 1 to {MOST}")));
            }
        }
        let spans = [
            ("header_seconds", self.header_seconds, 0.01),
            ("body_seconds", self.body_seconds, 0.01),
            ("idle_seconds", self.idle_seconds, 0.01),
            ("response_seconds", self.response_seconds, 0.01),
            ("shutdown_seconds", self.shutdown_seconds, 0.0),
            ("notice_seconds", self.notice_seconds, 0.0),
        ];
        for (key, Seconds(value), least) in spans {
            if !(least..=86_400.0).contains(&value) {
                return Err(ConfigError(format!(
                    "limits.{key} is {value}; give seconds from {least} to 86400"
                )));
            }
        }
        Ok(())
    }
}
