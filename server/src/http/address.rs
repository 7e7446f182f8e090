//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};

use crate::config::Network;

/// How many households of one network may have as much as each may.
const HOUSEHOLDS: u32 = 8;

/// The address of the client, which the listener puts into the extensions of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address that a request comes from; the unspecified one when no listener said.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        Self::in_extensions(&parts.extensions)
    }

    /// The same for the extensions of a request.
    #[must_use]
    pub fn in_extensions(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
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

    /// What one customer of a provider has at least: an address of IPv4, a /64 of IPv6.
    #[must_use]
    pub const fn household(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }

    /// What one customer of a provider has at most, and what neighbours share: a /24 of IPv4, a /48 of IPv6.
    #[must_use]
    pub const fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        }
    }

    /// Who is counted, each with the number of households that it counts as: nobody gets more by having many addresses, and a neighbour who asks too
    /// much is not the end for the others.
    #[must_use]
    pub const fn counted(self) -> [(IpAddr, u32); 2] {
        [(self.household(), 1), (self.network(), HOUSEHOLDS)]
    }
}
