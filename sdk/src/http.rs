//! The HTTP client below both the MCP transport and the OAuth requests.
//!
//! Invariants: redirects are never followed, because they would carry a token, a code or a verifier to where a server points;
//! no body is read without a limit, which counts what an encoding unfolds to; and no request runs without a deadline.
//! There is no retry and no cookie store here.

mod date;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Certificate, RequestBuilder, Response, redirect};
use url::Url;
use zeroize::Zeroizing;

use crate::Error;
use crate::endpoint::Endpoint;
use crate::error::Kind;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait that a server is believed to ask for, in seconds: one day.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// How to reach servers, as the caller set it.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) proxy: Proxy,
    /// Certificates to trust besides those of the platform, each a PEM bundle.
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) connect_timeout: Duration,
}

#[derive(Clone)]
pub(crate) enum Proxy {
    Environment,
    Never,
    /// The URL, which may hold a password.
    At(Zeroizing<String>),
}

impl Default for Settings {
    fn default() -> Self {
        Self { proxy: Proxy::Environment, roots: Vec::new(), connect_timeout: CONNECT_TIMEOUT }
    }
}

/// Builds a client for `endpoint`, with TLS by rustls and the roots of the platform.
pub(crate) fn client(
    endpoint: &Endpoint,
    user_agent: &str,
    settings: &Settings,
) -> Result<reqwest::Client, Error> {
    // reqwest takes the provider of the process. Losing the race to install one is fine: then there is one.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _already_there = rustls::crypto::ring::default_provider().install_default();
    }
    let mut roots = Vec::new();
    for bundle in &settings.roots {
        let found = Certificate::from_pem_bundle(bundle).ok().filter(|found| !found.is_empty());
        roots.extend(found.ok_or_else(|| {
            Error::configuration("the root certificates are not a PEM bundle of certificates")
        })?);
    }
    let proxy = match &settings.proxy {
        Proxy::At(url) => Some(proxy(url)?),
        _ => None,
    };
    let builder = || {
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .user_agent(user_agent);
        let builder = encodings(builder);
        if endpoint.is_loopback() {
            // A proxy would see the token of a plain-http endpoint, and cannot reach this machine's loopback anyway.
            return builder.no_proxy();
        }
        let (builder, proxies) = match &proxy {
            Some((proxy, host)) => (builder.proxy(proxy.clone()), vec![host.clone()]),
            None if matches!(settings.proxy, Proxy::Never) => (builder.no_proxy(), Vec::new()),
            None => (builder, proxies_of_environment()),
        };
        builder.https_only(true).dns_resolver(Arc::new(resolve::Resolver::new(endpoint, proxies)))
    };
    builder()
        .tls_certs_merge(roots.clone())
        .build()
        .or_else(|error| {
            // A machine without root certificates, such as a bare container, can still talk to itself, and to whom it was told to trust:
            // without roots every other https request fails.
            if endpoint.is_loopback() || !roots.is_empty() {
                builder().tls_certs_only(roots).build()
            } else {
                Err(error)
            }
        })
        .map_err(|error| {
            Error::configuration(
                "the HTTP client could not be set up; are root certificates installed?",
            )
            .caused_by(error)
        })
}

/// What a body may come in. Another crate of the program may compile further encodings in, so each is said.
fn encodings(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    let builder = builder.no_brotli().no_deflate().no_zstd();
    #[cfg(feature = "compression")]
    return builder.gzip(true);
    #[cfg(not(feature = "compression"))]
    builder.no_gzip()
}

/// The proxy at `url` and the name of its host; the URL is left out of errors, because it may hold a password.
fn proxy(url: &str) -> Result<(reqwest::Proxy, String), Error> {
    let refused = || Error::configuration("the proxy must be an http or https URL with a host");
    let parsed = Url::parse(url).map_err(|_| refused())?;
    let host = parsed.host_str().filter(|_| matches!(parsed.scheme(), "http" | "https"));
    let host = host.ok_or_else(refused)?.to_owned();
    Ok((reqwest::Proxy::all(url).map_err(|_| refused())?, host))
}

/// The hosts of the proxies that the environment names; how they are used is reqwest's to know.
fn proxies_of_environment() -> Vec<String> {
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let values = named.iter().filter_map(|name| std::env::var(name).ok());
    let hosts = values.filter_map(|value| {
        let url = if value.contains("://") { value } else { format!("http://{value}") };
        Some(Url::parse(&url).ok()?.host_str()?.to_owned())
    });
    hosts.collect()
}

/// A whole response, at most as long as was allowed.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Sends the request and reads at most `limit` bytes of the body.
    pub(crate) async fn fetch(
        request: RequestBuilder,
        what: &str,
        limit: usize,
    ) -> Result<Self, Error> {
        let mut response = request.send().await.map_err(|error| Error::http(what, error))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = read(&mut response, what, limit).await?;
        Ok(Self { status, headers, body })
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as a JSON object; no other JSON passes, though serde would take an array for a struct.
    pub(crate) fn object<T: serde::de::DeserializeOwned>(
        &self,
    ) -> Option<Result<T, serde_json::Error>> {
        let start = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        (start == Some(&b'{')).then(|| serde_json::from_slice(&self.body))
    }
}

/// Reads the rest of a body of at most `limit` bytes.
pub(crate) async fn read(
    response: &mut Response,
    what: &str,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut body = Zeroizing::new(Vec::new());
    read_into(&mut body, response, what, limit).await?;
    Ok(body)
}

/// Reads the rest of a body, which makes `body` at most `limit` bytes long.
pub(crate) async fn read_into(
    body: &mut Vec<u8>,
    response: &mut Response,
    what: &str,
    limit: usize,
) -> Result<(), Error> {
    while let Some(chunk) = response.chunk().await.map_err(|error| Error::http(what, error))? {
        if body.len() + chunk.len() > limit {
            return Err(too_long(what, limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

pub(crate) fn too_long(what: &str, limit: usize) -> Error {
    Error::protocol(format!("the answer to {what} is longer than {limit} bytes"))
}

/// The error for a status that means the server cannot serve now, or points elsewhere.
pub(crate) fn unavailable(status: u16, headers: &HeaderMap) -> Option<Error> {
    match status {
        300..=399 => Some(Error::protocol(format!(
            "the server answered with a redirect (HTTP {status}), which is not followed because it would carry credentials elsewhere; check the endpoint's URL"
        ))),
        429 | 500..=599 => Some(Error::new(Kind::Status(status, retry_after(headers)))),
        _ => None,
    }
}

/// The wait that the server asks for, as seconds or as a date (RFC 9110 section 10.2.3); a date counts from the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let wait = text(headers, &RETRY_AFTER)?.trim();
    let seconds = match wait.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) if !wait.is_empty() && wait.bytes().all(|byte| byte.is_ascii_digit()) => {
            LONGEST_WAIT
        }
        Err(_) => date::seconds(wait)?.saturating_sub(date::seconds(text(headers, &DATE)?)?),
    };
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}

/// A random part of `longest`, so that the clients of a server that was down do not come back all at once.
pub(crate) fn jitter(longest: Duration) -> Duration {
    let mut byte = [0];
    // Without random numbers there is no jitter, which does no harm.
    let _no_matter = getrandom::fill(&mut byte);
    longest.mul_f64(f64::from(byte[0]) / 256.0)
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date_and_is_bounded() {
        let waits = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, "Sun, 22 Nov 2026 10:00:00 GMT".parse().unwrap());
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(waits("120"), Some(120));
        assert_eq!(waits("Sun, 22 Nov 2026 10:01:30 GMT"), Some(90));
        assert_eq!(waits("Sun, 22 Nov 2026 09:00:00 GMT"), Some(0));
        assert_eq!(waits("99999999999999999999999999"), Some(LONGEST_WAIT));
        for wrong in ["", "-1", "soon", "1.5", "Sun, 99 Foo 2026 10:00:00 GMT"] {
            assert_eq!(waits(wrong), None, "{wrong}");
        }
    }
}
