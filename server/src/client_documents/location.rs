//! Addresses that can be client identifiers (draft-ietf-oauth-client-id-metadata-document section 3).
//!
//! One text names one place: the identifier must be written as a browser would write it, so that there are no dot segments, default ports, upper-case
//! hosts or other spellings of numbers. What is judged here is text; nothing is looked up.

use std::net::IpAddr;

use url::{Host, Url};

const LONGEST: usize = 2048;

/// Names that are never public, by their last labels (RFC 6761, 6762, 7686, 8375 and 9476, and ICANN's reservation of `internal`).
const PRIVATE_NAMES: [&str; 9] =
    ["alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test"];

/// Where documents may be.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Ports, besides those of loopback addresses.
    pub ports: Vec<u16>,
    /// Names of this server, with or without a port: it fetches nothing from itself.
    pub own_hosts: Vec<String>,
    /// Whether loopback addresses are places too, over `http` as well. For tests and development.
    pub allow_loopback: bool,
}

/// An address that a document may be fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    url: Url,
}

/// Whether this client identifier is an address, rather than a name that this server gave.
#[must_use]
pub fn is_address(client_id: &str) -> bool {
    client_id.starts_with("https://") || client_id.starts_with("http://")
}

/// The part of a client identifier that was verified by fetching its document: the host, with its port if it has one.
#[must_use]
pub fn verified_host(client_id: &str) -> Option<String> {
    let url = Url::parse(client_id).ok().filter(|_| is_address(client_id))?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

impl Location {
    /// Judges a client identifier; the error says what is wrong with it.
    pub fn parse(client_id: &str, places: &Places) -> Result<Self, &'static str> {
        const MALFORMED: &str = "it is not an address in its usual spelling";
        if client_id.len() > LONGEST {
            return Err("it is longer than 2048 characters");
        }
        let url =
            Url::parse(client_id).ok().filter(|url| url.as_str() == client_id).ok_or(MALFORMED)?;
        // A browser takes characters that no address has (RFC 3986 section 2).
        if !client_id.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)) {
            return Err(MALFORMED);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it has user information");
        }
        if url.fragment().is_some() {
            return Err("it has a fragment");
        }
        if url.path() == "/" || !is_plain(url.path()) {
            return Err("it has no path, or one with encoded dots or slashes");
        }
        let location = Self { url };
        let host = location.url.host().ok_or(MALFORMED)?;
        if places.allow_loopback && is_loopback(&host) {
            return Ok(location);
        }
        if location.url.scheme() != "https" {
            return Err("it is not https");
        }
        let Host::Domain(name) = host else {
            return Err("its host is a number; a document is at a name");
        };
        if !is_public_name(name) {
            return Err("its host is not a public name");
        }
        let with_port = format!("{name}:{}", location.port());
        if places.own_hosts.iter().any(|own| own == name || *own == with_port) {
            return Err("it is an address of this server");
        }
        if !places.ports.contains(&location.port()) {
            return Err("its port is not one that documents are fetched from");
        }
        Ok(location)
    }

    /// The address, byte for byte the client identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }
}

/// Whether no segment of a path could be read as another path.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    !["%2e", "%2f", "%5c", "%00"].iter().any(|code| lower.contains(code))
}

fn is_public_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    name.rsplit_once('.').is_some_and(|(_, last)| !PRIVATE_NAMES.contains(&last))
        && name.split('.').all(is_label)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match *host {
        Host::Domain(name) => is_loopback_name(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

pub(super) fn is_loopback_name(name: &str) -> bool {
    name == "localhost"
        || name.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
