//! What clients call the server. It becomes the issuer identifier and part of every resource identifier, so nothing about it is guessed or repaired.

use std::net::IpAddr;

use super::ConfigError;

/// The public URL: `https`, or `http` on loopback, and no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Without a trailing slash; the issuer identifier.
    pub base: String,
    /// What the `Host` header of a request to it says.
    pub authority: String,
    /// Whether browsers reach it over TLS.
    pub is_https: bool,
    /// Whether it is reached from this machine only.
    pub is_loopback: bool,
}

impl PublicUrl {
    /// Reads a public URL.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let refuse = |why: &str| Err(ConfigError(format!("public_url: {text:?} {why}")));
        let Ok(url) = url::Url::parse(text) else {
            return refuse("is not a URL; write it like \"https://lookout.example\"");
        };
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let Some(host) = url.host_str().filter(|_| is_bare) else {
            return refuse("must be a scheme and a host only, like \"https://lookout.example\"");
        };
        let is_loopback = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            _ => return refuse("must be https; http is only for loopback addresses"),
        }
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self {
            base: format!("{}://{authority}", url.scheme()),
            authority,
            is_https: url.scheme() == "https",
            is_loopback,
        })
    }
}
