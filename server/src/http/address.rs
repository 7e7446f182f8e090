//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::config::Network;

/// The address of the client, which the listener puts into the extensions of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address that a request comes from; the unspecified one when no listener said.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get().copied().unwrap_or(Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    /// The client behind `peer`: itself, or, when it is one of `proxies`, the last address of `X-Forwarded-For` that is not.
    ///
    /// What stands before that address was written by the client and proves nothing.
    #[must_use]
    pub fn behind(proxies: &[Network], peer: IpAddr, headers: &HeaderMap) -> Self {
        let is_proxy = |address| proxies.iter().any(|proxy| proxy.contains(address));
        let mut address = peer;
        if is_proxy(peer) {
            let values = headers.get_all("x-forwarded-for").iter().rev();
            let named = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
            for text in named {
                // What is no address ends the chain that can be believed.
                let Ok(next) = text.trim().trim_matches(['[', ']']).parse() else { break };
                address = next;
                if !is_proxy(next) {
                    break;
                }
            }
        }
        Self(address.to_canonical())
    }

    /// What one customer of a provider has: an address of IPv4, a /64 of IPv6.
    #[must_use]
    pub const fn household(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(_) => self.network(),
        }
    }

    /// The network that limits are counted by: a /24 of IPv4, a /64 of IPv6, which one customer of a provider has to themselves.
    #[must_use]
    pub const fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}
