//! Redirect URIs: which can be registered, and which of a request is a registered one.
//!
//! They are compared as bytes and never parsed for comparison (RFC 9700 section 2.1). The one exception is the port of a loopback URI (RFC 8252 section
//! 7.3). What can be registered is an allow-list, because lists of dangerous schemes are never complete.

use url::{Url, form_urlencoded};

const LONGEST: usize = 2048;
const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
/// Private-use schemes without a dot that well-known MCP clients use. Others need a reverse domain name (RFC 8252 section 7.1).
const KNOWN_SCHEMES: [&str; 5] = ["cursor", "vscode", "vscode-insiders", "windsurf", "zed"];
/// Parameters that the authorization response adds, so the URI must not bring them along.
const RESPONSE_PARAMETERS: [&str; 6] =
    ["code", "state", "iss", "error", "error_description", "error_uri"];

/// A redirect URI taken apart, without decoding anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Before the first colon.
    pub scheme: &'a str,
    /// Between `//` and the next `/` or `?`; empty for a private-use URI without one.
    pub authority: &'a str,
    /// The path and query.
    pub rest: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes `uri` apart; `None` when it holds a character that no URI has, a fragment, or no scheme.
    #[must_use]
    pub fn of(uri: &'a str) -> Option<Self> {
        let legal = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
        if uri.len() > LONGEST || !uri.bytes().all(legal) {
            return None;
        }
        let (scheme, after) = uri.split_once(':')?;
        let mut bytes = scheme.bytes();
        let scheme_is_legal = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+.-".contains(&b));
        if !scheme_is_legal {
            return None;
        }
        let (authority, rest) = match after.strip_prefix("//") {
            None => ("", after),
            Some(after) => after.split_at(after.find(['/', '?']).unwrap_or(after.len())),
        };
        Some(Self { scheme, authority, rest })
    }

    /// The host and the port as written, or `None` when there is user information or a malformed host or port.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(&'a str, Option<&'a str>)> {
        let host_end = match self.authority.strip_prefix('[') {
            Some(inner) => inner.find(']')? + 2,
            None => self.authority.find(':').unwrap_or(self.authority.len()),
        };
        let (host, port) = self.authority.split_at(host_end);
        let host_is_legal = match host.strip_prefix('[') {
            Some(address) => address.trim_end_matches(']').parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                host.starts_with(|first: char| first.is_ascii_alphanumeric())
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            }
        };
        if !host_is_legal {
            return None;
        }
        match port.strip_prefix(':') {
            None => port.is_empty().then_some((host, None)),
            Some(port) => port_is_well_formed(port).then_some((host, Some(port))),
        }
    }

    /// Whether the URI points back at the person's own machine over HTTP.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.scheme == "http"
            && self.host_and_port().is_some_and(|(host, _)| LOOPBACK_HOSTS.contains(&host))
    }

    /// What a `form-action` directive must list for a browser to follow the redirect: an origin, or the bare scheme.
    ///
    /// A host source cannot be an IPv6 address (CSP Level 3 section 2.3.1), so those get the bare scheme as well.
    #[must_use]
    pub fn form_action_source(&self) -> String {
        match self.scheme {
            "https" | "http" if !self.authority.starts_with('[') => {
                format!("{}://{}", self.scheme, self.authority)
            }
            scheme => format!("{scheme}:"),
        }
    }
}

fn port_is_well_formed(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit())
        && !port.starts_with('0')
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether a client may register `uri`.
#[must_use]
pub fn is_registrable(uri: &str) -> bool {
    // What a browser cannot read it cannot be sent to, and what it reads otherwise leads elsewhere than it says.
    let (Some(parts), Ok(read)) = (Parts::of(uri), Url::parse(uri)) else { return false };
    let place_is_allowed = match parts.scheme {
        "https" => parts.host_and_port().is_some_and(|(host, _)| {
            read.host_str().is_some_and(|read| read.eq_ignore_ascii_case(host))
        }),
        "http" => parts.is_loopback(),
        scheme => {
            let scheme_is_private = KNOWN_SCHEMES.contains(&scheme)
                || (scheme.contains('.') && !scheme.starts_with('.') && !scheme.ends_with('.'));
            scheme_is_private && !parts.rest.is_empty() && !parts.authority.contains('@')
        }
    };
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    place_is_allowed
        && form_urlencoded::parse(query.as_bytes())
            .all(|(name, _)| !RESPONSE_PARAMETERS.contains(&name.as_ref()))
}

/// Whether `requested` is the registered URI `registered`: the same bytes, or the same loopback URI with another port.
#[must_use]
pub fn matches(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    let (Some(registered), Some(requested)) = (Parts::of(registered), Parts::of(requested)) else {
        return false;
    };
    let host = |parts: &Parts<'_>| parts.host_and_port().map(|(host, _)| host.to_owned());
    registered.is_loopback()
        && requested.is_loopback()
        && host(&registered) == host(&requested)
        && registered.rest == requested.rest
}

/// `uri` with `parameters` added to its query.
#[must_use]
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let separator = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let added = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{uri}{separator}{added}")
}
