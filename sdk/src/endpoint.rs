//! Which URLs this crate talks to.
//!
//! Invariant: a request leaves this process only over https, or over http to this very machine,
//! and a server names no URL in a network that only its client can reach.
//! The text of an endpoint is its identity (RFC 8707 section 2): it is compared and sent byte for byte, never normalised.

mod place;

use std::net::IpAddr;

use url::{Host, Url};

use self::place::Place;
use crate::Error;

/// The MCP endpoint, which is also the OAuth resource.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    text: String,
    url: Url,
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let url = well_formed(text).map_err(|why| {
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
        self.place() == Place::ThisMachine
    }

    /// Parses a URL that the server named: one that may be requested, or shown to a person.
    ///
    /// A server must not send a client to where the server itself is not: a port of the client's machine, its local network,
    /// or an address that has a meaning on the link alone, such as the metadata service of a cloud (RFC 9728 section 7.7).
    pub(crate) fn permit(&self, text: &str) -> Result<Url, &'static str> {
        let url = well_formed(text)?;
        match (Place::of(&url), self.place()) {
            (Place::Public, _) => Ok(url),
            (Place::ThisMachine, Place::ThisMachine) | (Place::Private, Place::Private) => Ok(url),
            (Place::ThisMachine, _) => Err("a remote server must not name a URL on this machine"),
            (Place::Private, _) => Err("its address is in a private network"),
            (Place::Special, _) => Err("its address is of a special kind"),
        }
    }

    /// Whether a name that this server used may stand for `address`; its own name may stand for any.
    pub(crate) fn permits_address(&self, name: &str, address: IpAddr) -> bool {
        let own = self.url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(name));
        own || matches!(Place::of_address(address), Place::Public | Place::Private)
    }

    fn place(&self) -> Place {
        Place::of(&self.url)
    }
}

/// Parses an https URL, or one of http to loopback, that is written as RFC 3986 has it.
///
/// The URL parser repairs what browsers repair; a URL that needs it is not what its author meant, or is meant for another parser.
fn well_formed(text: &str) -> Result<Url, &'static str> {
    if text.len() > 4096 {
        return Err("the URL is too long");
    }
    if !text.bytes().all(is_url_byte) {
        return Err("it holds characters that no URL has");
    }
    let url = Url::parse(text).map_err(|_| "it is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user name or a password is not accepted");
    }
    if url.fragment().is_some() {
        return Err("a URL with a fragment is not accepted");
    }
    let has_authority = text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    match url.scheme() {
        "http" | "https" if !has_authority => Err("it is not a URL"),
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("plain http is accepted for loopback alone"),
        _ => Err("its scheme is not https"),
    }
}

/// Checks where an application wants its answer: https, http to this machine, or a scheme of its own (RFC 8252 section 7, OAuth 2.1 section 2.3).
///
/// A scheme of one's own is a domain name backwards, which keeps `javascript`, `data` and their like out.
pub(crate) fn check_redirect_uri(text: &str) -> Result<(), &'static str> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    if matches!(scheme, "http" | "https") {
        let url = well_formed(text)?;
        let canonical = url.as_str();
        let is_same = text == canonical || Some(text) == canonical.strip_suffix('/');
        return if is_same { Ok(()) } else { Err("it is not in its canonical form") };
    }
    let legal =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let labels = || scheme.split('.');
    if labels().count() < 2 || labels().any(str::is_empty) || !scheme.bytes().all(legal) {
        return Err(
            "its scheme is neither https, nor http to loopback, nor a domain name backwards",
        );
    }
    if text.len() > 4096 || !text.bytes().all(is_url_byte) || text.contains(['#', '[', ']']) {
        return Err("it holds characters that no redirect URI has");
    }
    Url::parse(text).map(|_| ()).map_err(|_| "it is not a URI")
}

fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// Whether the URL names this machine without a doubt; a name such as `x.localhost` depends on who resolves it.
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
    fn a_redirect_uri_is_https_or_loopback_or_of_a_scheme_of_its_own() {
        for good in [
            "https://app.example/callback",
            "https://app.example",
            "https://app.example/callback?tenant=7",
            "http://127.0.0.1:4321/callback",
            "http://[::1]/callback",
            "http://localhost/callback",
            "com.example.app:/oauth2redirect",
            "com.example.app://callback/path",
        ] {
            assert_eq!(check_redirect_uri(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "callback",
            "http://app.example/callback",
            "https://app.example/callback#top",
            "https://me@app.example/callback",
            "https://APP.example/callback",
            "https://app.example/a/../b",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "myapp:/callback",
            "com..app:/callback",
            ".com:/callback",
            "com.example.app:/x#y",
            "com.example.app:/x y",
            "com.example.app:/x\ny",
            "Com.Example.App:/x",
        ] {
            assert!(check_redirect_uri(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn an_endpoint_is_https_or_loopback_and_canonical() {
        for good in [
            "https://lookout.example/mcp",
            "https://lookout.example",
            "https://lookout.example/",
            "http://127.0.0.1:8787/mcp",
            "http://[::1]:8787/mcp",
            "http://localhost/mcp",
            "https://10.0.0.7/mcp",
        ] {
            assert_eq!(Endpoint::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "http://lookout.example/mcp",
            "http://127.0.0.1.evil.example/mcp",
            "http://x.localhost/mcp",
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
    fn a_server_names_no_url_in_a_network_that_it_is_not_in() {
        let public = Endpoint::parse("https://lookout.example/mcp").unwrap();
        let private = Endpoint::parse("https://10.1.2.3/mcp").unwrap();
        let local = Endpoint::parse("http://127.0.0.1:8787/mcp").unwrap();
        let judged = |url: &str| [&public, &private, &local].map(|from| from.permit(url).is_ok());
        assert_eq!(judged("https://auth.example/"), [true, true, true]);
        assert_eq!(judged("https://93.184.216.34/"), [true, true, true]);
        for url in [
            "http://127.0.0.1:2375/",
            "https://localhost/",
            "https://[::1]/",
            "https://a.localhost/",
        ] {
            assert_eq!(judged(url), [false, false, true], "{url}");
        }
        for url in [
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://172.16.0.1/",
            "https://[fd00::1]/",
        ] {
            assert_eq!(judged(url), [false, true, false], "{url}");
        }
        for url in [
            "https://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://0.0.0.0/",
            "https://[::]/",
            "https://2852039166/",
            "http://169.254.169.254/",
        ] {
            assert_eq!(judged(url), [false; 3], "{url}");
        }
    }

    #[test]
    fn a_url_that_only_a_browser_would_repair_is_refused() {
        let endpoint = Endpoint::parse("https://lookout.example/mcp").unwrap();
        for odd in [
            "https:auth.example/",
            "https:/auth.example/",
            "https:///auth.example/",
            "https://auth.example\\@evil.example/",
            "https://auth.example/a b",
            "https://auth.example/\n",
            "https://auth.example/\"onmouseover",
            "https://\u{e4}uth.example/",
            "--flag",
            "-https://auth.example/",
        ] {
            assert!(endpoint.permit(odd).is_err(), "{odd:?} was accepted");
        }
        assert!(endpoint.permit("https://auth.example/$(calc)?x=1&y='z'").is_ok());
    }

    #[test]
    fn a_name_is_not_followed_to_this_machine_or_the_link() {
        let endpoint = Endpoint::parse("https://lookout.example/mcp").unwrap();
        let permits =
            |name: &str, address: &str| endpoint.permits_address(name, address.parse().unwrap());
        assert!(permits("auth.example", "93.184.216.34"));
        assert!(
            permits("auth.example", "10.0.0.1"),
            "an internal name may have an internal address"
        );
        assert!(!permits("auth.example", "127.0.0.1"));
        assert!(!permits("auth.example", "169.254.169.254"));
        assert!(!permits("auth.example", "::1"));
        assert!(permits("lookout.example", "127.0.0.1"), "the person named this one");
    }
}
