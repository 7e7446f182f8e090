//! MCP over HTTP (MCP 2026-07-28 basic/transports/streamable-http).
//!
//! Speaks 2026-07-28 and, with a server that does not, one of the revisions that begin with `initialize`; which one is found once and remembered.
//! Invariants: one POST for one request, and a token goes into the `Authorization` header and nowhere else.
//! There is no retry of a request that the server may have run, no GET stream, no resumption and no answer to requests of the server.

mod era;
mod message;
mod sse;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lookout_schema::protocol::{INITIALIZE_REVISIONS, MODERN_REVISION as MODERN, header, meta};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, RwLock};
use zeroize::Zeroizing;

use self::era::{Era, Verdict};
use self::message::Response;
use crate::Error;
use crate::auth::{AccessToken, Challenge};
use crate::endpoint::Endpoint;
use crate::error::Kind;

/// How long one answer may be, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;
const WHAT: &str = "the MCP request";

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static(header::PROTOCOL_VERSION);
const METHOD: HeaderName = HeaderName::from_static(header::METHOD);
const NAME: HeaderName = HeaderName::from_static(header::NAME);
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    endpoint: Endpoint,
    /// Name and version of the client.
    identity: (String, String),
    timeout: Duration,
    next_id: AtomicU64,
    era: RwLock<Option<Era>>,
    /// Held during `initialize`, so that calls that start together open one session.
    opening: Mutex<()>,
}

/// One request, before it is put in the shape of a revision.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) params: &'a Map<String, Value>,
    pub(crate) token: Option<&'a AccessToken>,
}

/// One response, before it is judged.
struct Exchange {
    status: u16,
    headers: HeaderMap,
    response: Option<Response>,
}

impl Transport {
    pub(crate) fn new(
        http: reqwest::Client,
        endpoint: Endpoint,
        identity: (String, String),
        timeout: Duration,
    ) -> Self {
        Self {
            http,
            endpoint,
            identity,
            timeout,
            next_id: AtomicU64::new(1),
            era: RwLock::default(),
            opening: Mutex::default(),
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request and returns its result.
    pub(crate) async fn request(&self, request: Request<'_>) -> Result<Value, Error> {
        let mut opened = false;
        loop {
            let remembered = self.era.read().await.clone();
            let era = remembered.clone().unwrap_or(Era::Modern);
            let exchange = self.post(&era, request).await?;
            match era::judge(&era, exchange)? {
                Verdict::Complete(result) => {
                    if remembered.is_none() {
                        *self.era.write().await = Some(era);
                    }
                    return Ok(result);
                }
                Verdict::Refused(error) => return Err(error),
                Verdict::Ambiguous(error) if remembered.is_some() => return Err(error),
                Verdict::Ambiguous(error) if self.speaks_modern(request.token).await? => {
                    return Err(error);
                }
                Verdict::OtherEra(error) if opened => return Err(error),
                // What was remembered no longer holds; the request was not run, so it may start from the beginning.
                Verdict::OtherEra(_) if remembered.is_some() => {
                    self.era.write().await.take();
                }
                Verdict::Ambiguous(_) | Verdict::OtherEra(_) => {
                    self.open(request.token).await?;
                    opened = true;
                }
            }
        }
    }

    /// The name and version that the server gave in `initialize`, if that is how the connection began.
    pub(crate) async fn opened(&self) -> Option<Value> {
        match &*self.era.read().await {
            Some(Era::Legacy { opened, .. }) => Some(Value::clone(opened)),
            _ => None,
        }
    }

    /// Sends a request without a token, for the challenge that answers it.
    pub(crate) async fn challenge(&self) -> Result<Option<Challenge>, Error> {
        let params = Map::new();
        let request = Request { method: "server/discover", params: &params, token: None };
        let exchange = self.post(&Era::Modern, request).await?;
        Ok((exchange.status == 401).then(|| Challenge::from_headers(&exchange.headers)).flatten())
    }

    /// Whether a refusal that could have come from either side of the change of revisions came from a server of today.
    async fn speaks_modern(&self, token: Option<&AccessToken>) -> Result<bool, Error> {
        let params = Map::new();
        let request = Request { method: "server/discover", params: &params, token };
        let exchange = self.post(&Era::Modern, request).await?;
        let found = matches!(era::judge(&Era::Modern, exchange)?, Verdict::Complete(result)
            if result["supportedVersions"].as_array().is_some_and(|all| all.iter().any(|one| one == MODERN)));
        if found {
            *self.era.write().await = Some(Era::Modern);
        }
        Ok(found)
    }

    /// Begins with `initialize` (MCP 2025-11-25 basic/lifecycle).
    async fn open(&self, token: Option<&AccessToken>) -> Result<(), Error> {
        let _opening = self.opening.lock().await;
        if self.era.read().await.is_some() {
            return Ok(());
        }
        let params = json!({ "protocolVersion": INITIALIZE_REVISIONS[0], "capabilities": {}, "clientInfo": self.client_info() });
        let Value::Object(params) = params else { unreachable!("the literal is an object") };
        let blank = Era::Legacy { version: "", session: None, opened: Value::Null.into() };
        let exchange =
            self.post(&blank, Request { method: "initialize", params: &params, token }).await?;
        let session = exchange.headers.get(&SESSION_ID).cloned();
        let Verdict::Complete(opened) = era::judge(&blank, exchange)? else {
            return Err(Error::protocol(format!(
                "the server speaks neither MCP {MODERN} nor a revision with `initialize`; is this the URL of an MCP endpoint?"
            )));
        };
        let Some(version) =
            INITIALIZE_REVISIONS.iter().find(|&&version| opened["protocolVersion"] == version)
        else {
            return Err(Error::protocol(
                "the server speaks a revision of MCP that this client does not know",
            ));
        };
        let era = Era::Legacy { version, session, opened: opened.into() };
        self.notify_initialized(&era, token).await?;
        *self.era.write().await = Some(era);
        Ok(())
    }

    async fn notify_initialized(
        &self,
        era: &Era,
        token: Option<&AccessToken>,
    ) -> Result<(), Error> {
        let body = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let response = self.send(era, "notifications/initialized", None, &body, token).await?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(Error::protocol(format!(
                "the server refused notifications/initialized (HTTP {status})"
            ))),
        }
    }

    async fn post(&self, era: &Era, request: Request<'_>) -> Result<Exchange, Error> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut params = request.params.clone();
        if let Era::Modern = era {
            params.insert(
                "_meta".to_owned(),
                json!({
                    meta::PROTOCOL_VERSION: MODERN,
                    meta::CLIENT_CAPABILITIES: {},
                    meta::CLIENT_INFO: self.client_info(),
                }),
            );
        }
        let name = match request.method {
            "tools/call" => params.get("name").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let body =
            json!({ "jsonrpc": "2.0", "id": id, "method": request.method, "params": params });
        let exchange = async {
            let mut response =
                self.send(era, request.method, name.as_deref(), &body, request.token).await?;
            let status = response.status().as_u16();
            let headers = std::mem::take(response.headers_mut());
            let response = message::receive(&mut response, &headers, id, LIMIT).await?;
            Ok(Exchange { status, headers, response })
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Timeout("the server did not answer in time"))))
    }

    async fn send(
        &self,
        era: &Era,
        method: &str,
        name: Option<&str>,
        body: &Value,
        token: Option<&AccessToken>,
    ) -> Result<reqwest::Response, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match era {
            Era::Modern => {
                headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(MODERN));
                headers.insert(METHOD, header_value(method));
                if let Some(name) = name {
                    headers.insert(NAME, header_value(name));
                }
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
        self.http
            .post(self.endpoint.url().clone())
            .timeout(self.timeout)
            .headers(headers)
            .body(body.to_string())
            .send()
            .await
            .map_err(|error| Error::http(WHAT, error))
    }

    fn client_info(&self) -> Value {
        json!({ "name": self.identity.0, "version": self.identity.1 })
    }
}

/// A header value, with text that a header cannot carry as it is in the encoding of MCP 2026-07-28 basic/transports/streamable-http#value-encoding.
fn header_value(text: &str) -> HeaderValue {
    let plain = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte) || byte == b' ')
        && text.trim() == text
        && !text.starts_with("=?base64?");
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
        assert_eq!(header_value(" a"), "=?base64?IGE=?=");
        assert_eq!(
            header_value("x\r\nAuthorization: y"),
            "=?base64?eA0KQXV0aG9yaXphdGlvbjogeQ==?="
        );
        assert_eq!(header_value("é"), "=?base64?w6k=?=");
        assert_eq!(header_value("=?base64?YQ==?="), "=?base64?PT9iYXNlNjQ/WVE9PT89?=");
    }
}
