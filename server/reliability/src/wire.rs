//! Requests to one replica, over connections that are kept.
//!
//! What matters here is what a failure means: without a connection nothing happened, after one nobody knows.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::history::Outcome;

/// How long an answer may take before its outcome counts as unknown.
const PATIENCE: Duration = Duration::from_secs(12);
const CONNECTING: Duration = Duration::from_secs(3);

/// How many connections there are, and how many there were at most.
#[derive(Debug, Default)]
pub struct Connections {
    open: AtomicUsize,
    peak: AtomicUsize,
}

/// One of them.
struct Counted(Arc<Connections>);

impl Connections {
    /// The most that there ever were at a time.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    fn one_more(self: &Arc<Self>) -> Counted {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(open, Ordering::Relaxed);
        Counted(Arc::clone(self))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One replica.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    connections: Arc<Connections>,
    client: Option<IpAddr>,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The fields of the header.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There was no connection.
    NotSent,
    /// There was one.
    Unknown,
}

impl Ask {
    /// A request for a page.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    /// A form.
    #[must_use]
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.extend_pairs(fields).finish();
        let ask = Self { method: Method::POST, body: body.into(), ..Self::get(path) };
        ask.with("content-type", "application/x-www-form-urlencoded")
    }

    /// A JSON document.
    #[must_use]
    pub fn json(path: &str, body: &serde_json::Value) -> Self {
        let ask = Self { method: Method::POST, body: body.to_string().into(), ..Self::get(path) };
        ask.with("content-type", "application/json")
    }

    /// The same with one more header field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Reply {
    /// A field of the header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, or `null`.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Wire {
    /// The replica at an address.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self::counted(address, Arc::default())
    }

    /// The same, with connections that are counted together with others.
    #[must_use]
    pub const fn counted(address: SocketAddr, connections: Arc<Connections>) -> Self {
        Self { address, connections, client: None, idle: Mutex::new(Vec::new()) }
    }

    /// The same as a proxy in front of it would send for a client elsewhere.
    #[must_use]
    pub const fn on_behalf_of(mut self, client: IpAddr) -> Self {
        self.client = Some(client);
        self
    }

    /// The connections that it is counted with.
    #[must_use]
    pub const fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The origin of its pages.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// When no whole answer came.
    pub async fn send(&self, ask: Ask) -> Result<Reply, Trouble> {
        let ask = match self.client {
            Some(client) => ask.with("x-forwarded-for", &client.to_string()),
            None => ask,
        };
        let connection = match self.kept() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        timeout(PATIENCE, self.exchange(connection, ask)).await.unwrap_or(Err(Trouble::Unknown))
    }

    /// Forgets every connection, as after a restart.
    pub fn hang_up(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn kept(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if !connection.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Trouble> {
        let stream = timeout(CONNECTING, TcpStream::connect(self.address)).await;
        let stream = stream.map_err(|_| Trouble::NotSent)?.map_err(|_| Trouble::NotSent)?;
        stream.set_nodelay(true).map_err(|_| Trouble::NotSent)?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|_| Trouble::NotSent)?;
        let counted = self.connections.one_more();
        // It ends with the sender or with the server.
        tokio::spawn(async move {
            let _ended = connection.await;
            drop(counted);
        });
        Ok(sender)
    }

    async fn exchange(
        &self,
        mut connection: SendRequest<Full<Bytes>>,
        ask: Ask,
    ) -> Result<Reply, Trouble> {
        connection.ready().await.map_err(|_| Trouble::NotSent)?;
        let mut request = Request::new(Full::new(ask.body));
        *request.method_mut() = ask.method;
        *request.uri_mut() = ask.path.parse().map_err(|_| Trouble::NotSent)?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Trouble::NotSent);
        request.headers_mut().insert(HOST, value(&self.address.to_string())?);
        for (name, text) in &ask.headers {
            request.headers_mut().insert(*name, value(text)?);
        }
        let response = connection.send_request(request).await.map_err(|_| Trouble::Unknown)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| Trouble::Unknown)?.to_bytes();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// What an answer says of an operation; `denied` is the status that calls a token or a code invalid.
#[must_use]
pub fn outcome_of(answer: &Result<Reply, Trouble>, denied: u16) -> Outcome {
    match answer {
        Err(Trouble::NotSent) => Outcome::NotSent,
        Err(Trouble::Unknown) => Outcome::Unknown,
        Ok(reply) => match reply.status {
            200..=299 | 303 => Outcome::Done,
            status if status == denied => Outcome::Denied,
            429 => Outcome::Limited,
            503 => Outcome::Unavailable { says_when: reply.headers.contains_key(RETRY_AFTER) },
            status => Outcome::Wrong(status),
        },
    }
}
