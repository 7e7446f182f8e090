//! Requests to the provider: without redirects, cookies or proxies, to safe addresses only, and small and quick in what they read.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::redirect;
use url::Url;

use crate::config::is_safe;
use crate::outgoing;

/// From connecting to the last byte.
const TIME: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const LARGEST: usize = 256 * 1024;

/// Why there is no answer. Never says what was in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    /// It names an address that secrets must not go to.
    #[error("it names an address that is not https")]
    Unsafe,
    /// This server has no trusted certificates, or another fault of its own.
    #[error("requests cannot be made here: {0}")]
    Client(String),
    /// No connection, or it broke.
    #[error("no answer: {0}")]
    Connection(String),
    /// Too large.
    #[error("the answer was too large")]
    Size,
    /// Too slow.
    #[error("the time was up")]
    Time,
}

/// Makes requests.
pub(super) struct Requests {
    /// Whether plain http on this machine is fine, because the provider itself is there.
    allow_loopback: bool,
    /// Made when it is first needed, because it reads the platform's certificates.
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl Requests {
    pub(super) const fn new(allow_loopback: bool) -> Self {
        Self { allow_loopback, client: OnceLock::new() }
    }

    /// Whether browsers and requests may go to an address that the provider names.
    pub(super) fn may_go_to(&self, url: &Url) -> bool {
        is_safe(url) && (url.scheme() == "https" || self.allow_loopback)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, RequestError> {
        let client = self.client.get_or_init(client).as_ref();
        let client = client.map_err(|error| RequestError::Client(error.clone()))?;
        tokio::time::timeout(TIME, self.read(client, request))
            .await
            .unwrap_or(Err(RequestError::Time))
    }

    async fn read(
        &self,
        client: &reqwest::Client,
        request: HttpRequest,
    ) -> Result<HttpResponse, RequestError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| RequestError::Unsafe)?;
        if !self.may_go_to(&url) {
            return Err(RequestError::Unsafe);
        }
        let broken =
            |error: reqwest::Error| RequestError::Connection(outgoing::chain(&error.without_url()));
        let sent = client.request(parts.method, url).headers(parts.headers).body(body).send();
        let mut response = sent.await.map_err(broken)?;
        let mut answer = http::Response::new(Vec::new());
        *answer.status_mut() = response.status();
        answer.headers_mut().clone_from(response.headers());
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if answer.body().len() + chunk.len() > LARGEST {
                return Err(RequestError::Size);
            }
            answer.body_mut().extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Requests {
    type Error = RequestError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, RequestError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn client() -> Result<reqwest::Client, String> {
    let client = outgoing::client().redirect(redirect::Policy::none()).no_proxy().build();
    client.map_err(|error| outgoing::chain(&error))
}
