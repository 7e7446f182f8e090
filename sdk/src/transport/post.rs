//! The HTTP requests to the endpoint: their headers, and those that nobody waits for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lookout_schema::protocol::{MODERN_REVISION as MODERN, header};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;
use url::Url;
use zeroize::Zeroizing;

use super::WHAT;
use super::era::Era;
use crate::Error;
use crate::auth::AccessToken;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static(header::PROTOCOL_VERSION);
const METHOD: HeaderName = HeaderName::from_static(header::METHOD);
const NAME: HeaderName = HeaderName::from_static(header::NAME);
pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// How long a message that nobody waits for may take.
const ASIDE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Post {
    http: reqwest::Client,
    url: Url,
    timeout: Duration,
    /// The token of the latest request of a session, for messages that follow from it.
    token: Mutex<Option<AccessToken>>,
    /// Messages that nobody waits for, and that may still be on their way.
    aside: Mutex<Vec<JoinHandle<()>>>,
}

/// The headers of one request.
#[derive(Debug)]
pub(super) struct Head {
    headers: HeaderMap,
    token: Option<AccessToken>,
}

impl Head {
    pub(super) fn of(era: &Era, method: &str, token: Option<&AccessToken>) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        match era {
            Era::Modern => {
                headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(MODERN));
                headers.insert(METHOD, header_value(method));
            }
            Era::Legacy { version, session, .. } => {
                if !version.is_empty() {
                    headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(version));
                }
                if let Some(session) = session {
                    headers.insert(SESSION_ID, session.clone());
                }
            }
        }
        if let Some(token) = token {
            let value = Zeroizing::new(format!("Bearer {}", token.expose()));
            let mut value = HeaderValue::from_str(&value).expect("a token is visible ASCII");
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        // Only a session has messages that follow from a request.
        let token = token.filter(|_| matches!(era, Era::Legacy { .. })).cloned();
        Self { headers, token }
    }

    /// Repeats what routers on the way want to see without reading the body.
    pub(super) fn mirror(
        &mut self,
        params: &Map<String, Value>,
        mirrored: &[(HeaderName, HeaderValue)],
    ) {
        if let Some(name) = params.get("name").and_then(Value::as_str) {
            self.headers.insert(NAME, header_value(name));
        }
        self.headers.extend(mirrored.iter().cloned());
    }

    pub(super) fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }
}

impl Post {
    pub(super) fn new(http: reqwest::Client, url: Url, timeout: Duration) -> Self {
        Self { http, url, timeout, token: Mutex::default(), aside: Mutex::default() }
    }

    /// Posts a message.
    pub(super) async fn send(&self, head: Head, body: String) -> Result<reqwest::Response, Error> {
        self.request(Method::POST, head, Some(body)).await
    }

    pub(super) async fn get(&self, head: Head) -> Result<reqwest::Response, Error> {
        self.request(Method::GET, head, None).await
    }

    async fn request(
        &self,
        method: Method,
        head: Head,
        body: Option<String>,
    ) -> Result<reqwest::Response, Error> {
        let Head { headers, token } = head;
        if token.is_some() {
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        }
        // The headers are set as they are: a builder would copy them one by one.
        let mut request = reqwest::Request::new(method, self.url.clone());
        *request.headers_mut() = headers;
        *request.timeout_mut() = Some(self.timeout);
        if let Some(body) = body {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        self.http.execute(request).await.map_err(|error| Error::http(WHAT, error))
    }

    /// Sends a message that nobody waits for; without a runtime it stays unsaid.
    pub(super) fn send_aside(self: &Arc<Self>, head: Head, body: Value) {
        self.aside(Method::POST, head, Some(body));
    }

    /// Forgets the token, which has ended.
    pub(super) fn forget(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Tells a server of an earlier revision that its session is over (MCP 2025-11-25 basic/transports#session-management).
    pub(super) fn end_session(self: &Arc<Self>, era: &Era) {
        if era.session().is_some() {
            let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
            self.aside(Method::DELETE, Head::of(era, "", token.as_ref()), None);
        }
    }

    fn aside(self: &Arc<Self>, method: Method, head: Head, body: Option<Value>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let post = Arc::clone(self);
        let task = runtime.spawn(async move {
            let sent = post.request(method, head, body.map(|body| body.to_string()));
            // Whether it arrives makes no difference here.
            let _outcome = tokio::time::timeout(ASIDE, sent).await;
        });
        let mut tasks = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    /// Waits for the messages that nobody waited for.
    pub(super) async fn settle(&self) {
        let tasks = std::mem::take(&mut *self.aside.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            let _cut_off = task.await;
        }
    }
}

/// A header value, with text that a header cannot carry as it is in the encoding of MCP 2026-07-28 basic/transports/streamable-http#value-encoding.
pub(crate) fn header_value(text: &str) -> HeaderValue {
    let looks_encoded = text.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("=?base64?"));
    let plain = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        && text.trim() == text
        && !looks_encoded;
    let encoded =
        if plain { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text)) };
    HeaderValue::from_str(&encoded).expect("the text is printable ASCII, by test or by encoding")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_header_cannot_carry_are_encoded() {
        assert_eq!(header_value("list_tables"), "list_tables");
        assert_eq!(header_value("a b"), "a b");
        assert_eq!(header_value(""), "");
        assert_eq!(header_value(" a"), "=?base64?IGE=?=");
        assert_eq!(
            header_value("x\r\nAuthorization: y"),
            "=?base64?eA0KQXV0aG9yaXphdGlvbjogeQ==?="
        );
        assert_eq!(header_value("é"), "=?base64?w6k=?=");
        assert_eq!(header_value("=?base64?YQ==?="), "=?base64?PT9iYXNlNjQ/WVE9PT89?=");
    }
}
