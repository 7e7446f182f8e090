//! The fake on its port: a thread with a runtime of its own.
//!
//! It serves whatever the test does meanwhile, also a test that blocks or that is not asynchronous,
//! and when it is told to stop the port is closed before that returns.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::world::Shared;
use super::{authority, endpoint, person};

const LONGEST_BODY: usize = 1 << 20;

/// A request, read whole.
pub(super) struct Received {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: hyper::HeaderMap,
    pub(super) body: Bytes,
}

/// What becomes of a request.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Bytes,
    pub(super) delay: Option<Duration>,
    pub(super) end: End,
}

/// How a response ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    /// The connection breaks where the body would go on.
    Broken,
    /// The connection closes before the response.
    Closed,
}

impl Reply {
    pub(super) fn new(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Self {
        let headers =
            vec![(CONTENT_TYPE, media_type.to_owned()), (CACHE_CONTROL, "no-store".to_owned())];
        Self { status, headers, body: body.into(), delay: None, end: End::Whole }
    }

    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(super) fn text(status: StatusCode, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body.to_owned())
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The server as long as it runs.
pub(super) struct Running {
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
    visits: mpsc::UnboundedSender<String>,
}

impl Running {
    pub(super) fn start(listener: TcpListener, shared: Arc<Shared>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, mut stopped) = oneshot::channel();
        let (visits, mut visitors) = mpsc::unbounded_channel();
        let work = move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)
                    .expect("a listener on loopback can be polled");
                let mut tasks = JoinSet::new();
                loop {
                    tokio::select! {
                        _ = &mut stopped => return,
                        Ok((stream, _)) = listener.accept() => {
                            tasks.spawn(serve(stream, Arc::clone(&shared)));
                        }
                        Some(url) = visitors.recv() => {
                            tasks.spawn(person::visit(url, Arc::clone(&shared)));
                        }
                        Some(_) = tasks.join_next() => {}
                    }
                }
            });
        };
        let thread = std::thread::Builder::new().name("fake-lookout".to_owned()).spawn(work)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), visits })
    }

    /// Where the person's browser gets its URLs from.
    pub(super) fn visits(&self) -> mpsc::UnboundedSender<String> {
        self.visits.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only ends early by a panic, which has been printed.
            let _ended = thread.join();
        }
    }
}

async fn serve(stream: tokio::net::TcpStream, shared: Arc<Shared>) {
    let answer = service_fn(move |request| respond(request, Arc::clone(&shared)));
    stream.set_nodelay(true).ok();
    // How a connection ends is the client's business.
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

async fn respond(request: Request<Incoming>, shared: Arc<Shared>) -> io::Result<Response<Octets>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(io::Error::other)?;
    let received = Received {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    let reply = match received.path.as_str() {
        "/mcp" => endpoint::reply(&shared, &received),
        _ => authority::reply(&shared, &received),
    };
    if let Some(delay) = reply.delay {
        tokio::time::sleep(delay).await;
    }
    if reply.end == End::Closed {
        return Err(io::Error::other("the connection was to close here"));
    }
    let breaks = reply.end == End::Broken;
    let mut response = Response::new(Octets { rest: Some(reply.body), breaks, sent: false });
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        let value = HeaderValue::try_from(value).expect("the fake sends visible ASCII");
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// A body, which may break.
struct Octets {
    rest: Option<Bytes>,
    breaks: bool,
    /// What was there before the break is on its way.
    sent: bool,
}

impl Body for Octets {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.rest.take() {
            Some(octets) => Some(Ok(Frame::data(octets))),
            None if self.breaks && !self.sent => {
                self.sent = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            None if self.breaks => Some(Err(io::Error::other("the stream was to break here"))),
            None => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        match &self.rest {
            Some(octets) if !self.breaks => SizeHint::with_exact(octets.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
