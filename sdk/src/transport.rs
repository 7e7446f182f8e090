//! MCP over HTTP (MCP 2026-07-28 basic/transports/streamable-http).
//!
//! Speaks 2026-07-28 and, with a server that does not, one of the revisions that begin with `initialize`; which one is found once and remembered.
//! Invariants: one POST for one request, and a token goes into the `Authorization` header and nowhere else.
//! There is no retry of a request that may have changed something, and no stream that belongs to no request.

mod body;
mod direct;
mod era;
mod legacy;
mod message;
mod post;
mod sse;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lookout_schema::protocol::{INITIALIZE_REVISIONS, MODERN_REVISION as MODERN};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, RwLock};

use self::body::{Body, Meta};
pub(crate) use self::direct::{Slot, Take};
use self::era::{Era, Verdict};
use self::legacy::Cancellation;
use self::message::Response;
pub(crate) use self::post::header_value;
use self::post::{Head, Post, SESSION_ID};
use crate::Error;
use crate::auth::{AccessToken, Challenge};
use crate::endpoint::Endpoint;
use crate::error::Kind;
use crate::events::event;

const WHAT: &str = "the MCP request";

#[derive(Debug)]
pub(crate) struct Transport {
    post: Arc<Post>,
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
    /// The headers that repeat arguments (MCP 2026-07-28 basic/transports/streamable-http#custom-headers-from-tool-parameters).
    pub(crate) mirrored: &'a [(HeaderName, HeaderValue)],
    /// Whether it changes nothing, so that it can be sent again when its answer got lost.
    pub(crate) repeatable: bool,
    pub(crate) token: Option<&'a AccessToken>,
    /// Gets the result if it is an ordinary one; then nothing of it is returned.
    pub(crate) taker: Option<&'a dyn Take>,
}

impl<'a> Request<'a> {
    /// A request that repeats no argument in a header and changes nothing.
    pub(crate) fn plain(
        method: &'a str,
        params: &'a Map<String, Value>,
        token: Option<&'a AccessToken>,
    ) -> Self {
        Self { method, params, mirrored: &[], repeatable: true, token, taker: None }
    }
}

impl Request<'_> {
    /// The method with the name of its tool.
    pub(crate) fn operation(&self) -> String {
        match self.params.get("name").and_then(Value::as_str) {
            Some(name) => format!("{} {name}", self.method),
            None => self.method.to_owned(),
        }
    }
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
            post: Arc::new(Post::new(http, endpoint.url().clone(), timeout)),
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

    /// Sends a request and returns its result, or `null` in place of one that was taken.
    pub(crate) async fn request(&self, request: Request<'_>) -> Result<Value, Error> {
        let mut opened = false;
        let mut undecided = false;
        let mut repeatable = request.repeatable;
        loop {
            let remembered = self.era.read().await.clone();
            let era = remembered.clone().unwrap_or(Era::Modern);
            let exchange = match self.exchange(&era, request).await {
                // The stream broke: what is asked again is a new request, with an id of its own.
                Err(error) if error.is_broken_stream() && std::mem::take(&mut repeatable) => {
                    continue;
                }
                other => other?,
            };
            match era::judge(&era, exchange)? {
                Verdict::Complete(result) => {
                    if remembered.is_none() {
                        event!(CALL, info, "protocol.revision", revision = MODERN);
                        *self.era.write().await = Some(era);
                    }
                    return Ok(result);
                }
                // It did not run the request, and names the revision that the request has.
                Verdict::Undecided(_) if !undecided => undecided = true,
                Verdict::Refused(error) | Verdict::Undecided(error) => return Err(error),
                Verdict::Ambiguous(error) if remembered.is_some() => return Err(error),
                Verdict::Ambiguous(error)
                    if Box::pin(self.speaks_modern(request.token)).await? =>
                {
                    return Err(error);
                }
                Verdict::OtherEra(error, _) | Verdict::SessionLost(error) if opened => {
                    return Err(error);
                }
                // What was remembered no longer holds; the request was not run, so it may start from the beginning.
                Verdict::OtherEra(..) if remembered.is_some() => {
                    self.era.write().await.take();
                }
                Verdict::OtherEra(_, Some(version)) => {
                    Box::pin(self.open(remembered.as_ref(), version, request.token)).await?;
                    opened = true;
                }
                Verdict::Ambiguous(_) | Verdict::OtherEra(..) | Verdict::SessionLost(_) => {
                    let newest = INITIALIZE_REVISIONS[0];
                    Box::pin(self.open(remembered.as_ref(), newest, request.token)).await?;
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
        let request = Request::plain("server/discover", &params, None);
        let exchange = self.exchange(&Era::Modern, request).await?;
        Ok((exchange.status == 401).then(|| Challenge::from_headers(&exchange.headers)).flatten())
    }

    /// Forgets the token that was sent last.
    pub(crate) fn sign_out(&self) {
        self.post.forget();
    }

    /// Ends the session of an earlier revision, and waits for what is still to be said in it.
    pub(crate) async fn close(&self) {
        if let Some(era) = self.era.write().await.take() {
            self.post.end_session(&era);
        }
        self.post.settle().await;
    }

    /// Whether a refusal that could have come from either side of the change of revisions came from a server of today.
    async fn speaks_modern(&self, token: Option<&AccessToken>) -> Result<bool, Error> {
        let params = Map::new();
        let request = Request::plain("server/discover", &params, token);
        let exchange = self.exchange(&Era::Modern, request).await?;
        let found = matches!(era::judge(&Era::Modern, exchange)?, Verdict::Complete(result)
            if result["supportedVersions"].as_array().is_some_and(|all| all.iter().any(|one| one == MODERN)));
        if found {
            event!(CALL, info, "protocol.revision", revision = MODERN);
            *self.era.write().await = Some(Era::Modern);
        }
        Ok(found)
    }

    /// Begins with `initialize` (MCP 2025-11-25 basic/lifecycle), unless another call has begun anew since `lost`.
    async fn open(
        &self,
        lost: Option<&Era>,
        offered: &str,
        token: Option<&AccessToken>,
    ) -> Result<(), Error> {
        let _opening = self.opening.lock().await;
        let session = |era: Option<&Era>| era.and_then(Era::session).cloned();
        match &*self.era.read().await {
            Some(era) if session(Some(era)) != session(lost) || lost.is_none() => return Ok(()),
            _ => {}
        }
        self.era.write().await.take();
        let params = json!({ "protocolVersion": offered, "capabilities": {}, "clientInfo": self.client_info() });
        let Value::Object(params) = params else { unreachable!("the literal is an object") };
        let blank = Era::Legacy { version: "", session: None, opened: Value::Null.into() };
        let exchange = self.exchange(&blank, Request::plain("initialize", &params, token)).await?;
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
        event!(CALL, info, "protocol.revision", revision = *version);
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
        let body = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
        let head = Head::of(era, "notifications/initialized", token);
        let response = self.post.send(head, body).await?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            401 => Err(era::unauthorized(response.headers())),
            status => Err(Error::protocol(format!(
                "the server refused notifications/initialized (HTTP {status})"
            ))),
        }
    }

    async fn exchange(&self, era: &Era, request: Request<'_>) -> Result<Exchange, Error> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut head = Head::of(era, request.method, request.token);
        let mut meta = None;
        if let Era::Modern = era {
            meta = Some(Meta { name: &self.identity.0, version: &self.identity.1 });
            head.mirror(request.params, request.mirrored);
        }
        let body = Body { id, method: request.method, params: request.params, meta }.to_json();
        let exchange = async {
            let mut cancellation = Cancellation::of(&self.post, era, request, id);
            let exchanged = async {
                let mut response = self.post.send(head, body).await?;
                let status = response.status().as_u16();
                let headers = std::mem::take(response.headers_mut());
                let conversation = legacy::Conversation::of(&self.post, era, request.token);
                let response =
                    message::receive(response, &headers, id, request.taker, conversation).await?;
                Ok(Exchange { status, headers, response })
            };
            let exchanged: Result<Exchange, Error> = exchanged.await;
            // A deadline that passed leaves the request running at the server.
            if !exchanged.as_ref().is_err_and(Error::is_timeout) {
                cancellation.disarm();
            }
            exchanged
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Timeout("the server did not answer in time"))))
    }

    fn client_info(&self) -> Value {
        json!({ "name": self.identity.0, "version": self.identity.1 })
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        if let Some(era) = self.era.get_mut().take() {
            self.post.end_session(&era);
        }
    }
}
