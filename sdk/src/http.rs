//! The HTTP client below both the MCP transport and the OAuth requests.
//!
//! Invariants: redirects are never followed, because they would carry a token, a code or a verifier to where a server points;
//! no body is read without a limit; and no request runs without a deadline.
//! There is no retry and no cookie store here.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, redirect};
use zeroize::Zeroizing;

use crate::Error;
use crate::endpoint::Endpoint;
use crate::error::Kind;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

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
        // A proxy would see the token of a plain-http endpoint, and cannot reach this machine's loopback anyway.
        if endpoint.is_loopback() { builder.no_proxy() } else { builder.https_only(true) }
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
        429 | 500..=599 => {
            let wait = text(headers, &RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
            Some(Error::new(Kind::Status(status, wait.map(Duration::from_secs))))
        }
        _ => None,
    }
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
