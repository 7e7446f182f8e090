//! The HTTP client below both the MCP transport and the OAuth requests.
//!
//! Invariants: redirects are never followed, because they would carry a token, a code or a verifier to where a server points;
//! no body is read without a limit; no request runs without a deadline; and no encoding is undone, so nothing grows on arrival.
//! There is no retry and no cookie store here.

mod date;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, redirect};
use zeroize::Zeroizing;

use crate::Error;
use crate::endpoint::Endpoint;
use crate::error::Kind;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait that a server is believed to ask for, in seconds: one day.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// Builds a client for `endpoint`, with TLS by rustls and the roots of the platform.
pub(crate) fn client(endpoint: &Endpoint, user_agent: &str) -> Result<reqwest::Client, Error> {
    // reqwest takes the provider of the process. Losing the race to install one is fine: then there is one.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _already_there = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = || {
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(user_agent);
        if endpoint.is_loopback() {
            // A proxy would see the token of a plain-http endpoint, and cannot reach this machine's loopback anyway.
            builder.no_proxy()
        } else {
            builder.https_only(true).dns_resolver(Arc::new(resolve::Resolver::new(endpoint)))
        }
    };
    builder()
        .build()
        .or_else(|error| {
            // A machine without root certificates, such as a bare container, can still talk to itself: without roots every https request fails.
            if endpoint.is_loopback() { builder().tls_certs_only([]).build() } else { Err(error) }
        })
        .map_err(|error| {
            Error::configuration(
                "the HTTP client could not be set up; are root certificates installed?",
            )
            .caused_by(error)
        })
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
    while let Some(chunk) = response.chunk().await.map_err(|error| Error::http(what, error))? {
        if body.len() + chunk.len() > limit {
            return Err(too_long(what, limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
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
