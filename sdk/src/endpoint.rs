//! Which URLs this crate talks to.
//!
//! Invariant: a request leaves this process only over https, or over http to this very machine.
//! The text of an endpoint is its identity (RFC 8707 section 2): it is compared and sent byte for byte, never normalised.

use url::{Host, Url};

use crate::Error;

/// The MCP endpoint, which is also the OAuth resource.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    text: String,
    url: Url,
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let url = permitted(text, true).map_err(|why| {
            Error::configuration(format!(
                "the endpoint must be an https URL, or http to loopback: {why}"
            ))
        })?;
        let canonical = url.as_str();
        let without_root =
            canonical.strip_suffix('/').filter(|_| url.path() == "/" && url.query().is_none());
        if text != canonical && Some(text) != without_root {
            return Err(Error::configuration(format!(
                "write the endpoint in its canonical form: {canonical}"
            )));
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// The identifier of the resource, as the caller wrote it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }
}

/// Parses a URL that may be requested or shown to a person: https, or http to loopback where that is allowed.
///
/// A server that is not on this machine must not send a client to a port of this machine.
pub(crate) fn permitted(text: &str, loopback: bool) -> Result<Url, &'static str> {
    if text.len() > 4096 {
        return Err("the URL is too long");
    }
    let url = Url::parse(text).map_err(|_| "it is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user name or a password is not accepted");
    }
    if url.fragment().is_some() {
        return Err("a URL with a fragment is not accepted");
    }
    match url.scheme() {
        "http" | "https" if is_loopback(&url) && !loopback => {
            Err("a remote server must not name a URL on this machine")
        }
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("plain http is accepted for loopback alone"),
        _ => Err("its scheme is not https"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_loopback_and_canonical() {
        for good in [
            "https://lookout.example/mcp",
            "https://lookout.example",
            "https://lookout.example/",
            "http://127.0.0.1:8787/mcp",
            "http://[::1]:8787/mcp",
            "http://localhost/mcp",
        ] {
            assert_eq!(Endpoint::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "http://lookout.example/mcp",
            "http://127.0.0.1.evil.example/mcp",
            "ftp://127.0.0.1/mcp",
            "javascript:alert(1)",
            "https://me:secret@lookout.example/mcp",
            "https://lookout.example/mcp#top",
            "https://LOOKOUT.example/mcp",
            "https://lookout.example:443/mcp",
            "https://lookout.example/a/../mcp",
            " https://lookout.example/mcp",
            "",
        ] {
            assert!(Endpoint::parse(bad).unwrap_err().is_configuration(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_remote_server_cannot_name_a_url_on_this_machine() {
        assert!(permitted("http://127.0.0.1:2375/", false).is_err());
        assert!(permitted("https://localhost/", false).is_err());
        assert!(permitted("https://auth.example/", false).is_ok());
    }
}
