//! Which addresses the client contacts.
//!
//! An OAuth URL comes from a server that is not trusted yet. It is used only if it is https, or
//! http to this machine while the MCP server is on this machine too; addresses of the private
//! network are left alone unless they are the MCP server's own host. The rule is applied to the
//! URL and, since a name may lead anywhere, to the addresses that it resolves to.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::{Host, Url};

use crate::failure::{Failure, Outcome, fail, inert};
use crate::faults::{Fault, has};

/// The addresses a client of one MCP server may contact.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    host: String,
    is_local: bool,
}

impl Reach {
    /// What may be contacted on behalf of the server at `endpoint`.
    pub(crate) fn of(endpoint: &Url) -> Self {
        Self {
            host: endpoint.host_str().unwrap_or_default().to_owned(),
            is_local: is_loopback(endpoint),
        }
    }

    /// `text` as a URL, if it may be contacted.
    pub(crate) fn admit(&self, text: &str) -> Outcome<Url> {
        let refused = |why: &str| Failure::new(format!("the address {} {why}", inert(text)));
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c);
        if !text.chars().all(is_plain) && !has(Fault::AnyAuthorizationUrl) {
            return Err(refused("has characters that no address has"));
        }
        let url = Url::parse(text).map_err(|_| refused("is none"))?;
        let is_secure = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url) || has(Fault::FetchesPrivateAddresses),
            _ => false,
        };
        if !is_secure {
            if url.scheme() != "http" && has(Fault::AnyAuthorizationUrl) {
                return Ok(url);
            }
            return Err(refused("is neither https nor http to this machine"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(refused("has a user or a fragment"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
            None => return Err(refused("names no host")),
        };
        let is_admitted = match literal {
            Some(ip) => self.admits(url.host_str().unwrap_or_default(), ip),
            None => self.is_local || !is_loopback(&url),
        };
        if is_admitted { Ok(url) } else { Err(refused("is not a public one")) }
    }

    fn admits(&self, host: &str, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        host.eq_ignore_ascii_case(&self.host)
            || (ip.is_loopback() && self.is_local)
            || (!ip.is_loopback() && is_public(ip))
            || has(Fault::FetchesPrivateAddresses)
    }
}

/// Whether the URL leads to this machine by its host alone.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(ip.is_private()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || a == 0
                || is_shared)
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            let is_local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            let carries = ip.to_ipv4().unwrap_or(Ipv4Addr::new(8, 8, 8, 8));
            !(is_local || ip.is_unspecified() || ip.is_multicast())
                && is_public(IpAddr::V4(carries))
        }
    }
}

/// Resolves names to addresses that may be contacted, and to no others.
#[derive(Debug)]
pub(crate) struct Guard {
    reach: Reach,
    names: DefaultResolver,
}

impl Guard {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { reach, names: DefaultResolver::default() }
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        if found.iter().all(|address| self.reach.admits(host, address.ip())) {
            return Ok(found);
        }
        let refused = io::Error::new(io::ErrorKind::PermissionDenied, "a private address");
        Err(ureq::Error::Io(refused))
    }
}

/// The scheme, host and port of `url`.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// `text` as the URL of an MCP server.
pub(crate) fn endpoint(text: &str) -> Outcome<Url> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(url),
        _ => fail(format!("{} is not the URL of a server", inert(text))),
    }
}
