//! What happens to every request before a route is chosen: where it comes from, its body, its turn.
//!
//! The body is read here, before the request takes one of the places of those that are worked on, so that a peer that sends slowly costs a connection and
//! nothing else. A body that cannot be read becomes one that fails with [`BodyError`]: what is answered, and after which other judgements, is the route's
//! decision.
//!
//! A panic in a handler is answered like trouble with the database: try again. What it said is for the log.

use std::any::Any;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Method, StatusCode, Version};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::bodies::{Bodies, Taken};
use super::places::Places;
use super::progress::{Progress, Sending};
use crate::App;
use crate::http::address::ClientAddress;
use crate::http::{BodyError, LARGEST_PARAMETERS, retry_later, text};
use crate::mcp;

/// Bytes of the address of a request.
const LONGEST_ADDRESS: usize = 16 * 1024;
/// What is answered without waiting for a turn: somebody has to be able to ask what is wrong.
const WITHOUT_WAITING: [&str; 2] = ["/healthz", "/readyz"];

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    app: Arc<App>,
    routes: TowerToHyperService<Router>,
    bodies: Bodies,
    places: Places,
}

impl Shared {
    pub(super) fn new(app: Arc<App>, routes: Router) -> Self {
        let limits = &app.config.limits;
        Self {
            bodies: Bodies::new(limits),
            places: Places::new(limits.requests, limits.waiting_requests),
            routes: TowerToHyperService::new(routes),
            app,
        }
    }
}

/// The service of one connection.
#[derive(Clone, Debug)]
pub(super) struct Front {
    shared: Arc<Shared>,
    peer: IpAddr,
    progress: Progress,
}

impl Front {
    pub(super) const fn new(shared: Arc<Shared>, peer: IpAddr, progress: Progress) -> Self {
        Self { shared, peer, progress }
    }

    pub(super) const fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Service<hyper::Request<Incoming>> for Front {
    type Response = Response<Sent>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let asking = self.progress.ask();
        let is_leaving = self.progress.is_leaving();
        let shared = Arc::clone(&self.shared);
        let peer = self.peer;
        Box::pin(async move {
            let response = if is_leaving { busy() } else { respond(&shared, peer, request).await };
            let sending = asking.answer();
            Ok(response.map(|body| Sent { body, _sending: sending }))
        })
    }
}

async fn respond(shared: &Shared, peer: IpAddr, request: hyper::Request<Incoming>) -> Response {
    let (mut parts, incoming) = request.into_parts();
    // HTTP/2 says in `:authority` what HTTP/1 says in `Host` (RFC 9113 section 8.3.1).
    if let Some(authority) = parts.uri.authority()
        && parts.version == Version::HTTP_2
        && !parts.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(HOST, host);
    }
    let proxies = &shared.app.config.limits.trusted_proxies;
    parts.extensions.insert(ClientAddress::behind(proxies, peer, &parts.headers));
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > LONGEST_ADDRESS) {
        return text(StatusCode::URI_TOO_LONG, "the address is too long\n");
    }
    let separators = parts.uri.query().unwrap_or_default().bytes().filter(|&byte| byte == b'&');
    if separators.count() >= LARGEST_PARAMETERS {
        return text(StatusCode::BAD_REQUEST, "the address has too many parameters\n");
    }
    let is_known = async || {
        let _place = shared.places.take().await.ok_or(BodyError::Crowded)?;
        let is_known = mcp::is_known(&shared.app, &parts).await.ok_or(BodyError::Crowded)?;
        if !is_known {
            // That it was one too many is said when the token is looked up again, if it comes to that.
            let _ = shared.app.rates.failed_token(ClientAddress::of(&parts));
        }
        Ok(is_known)
    };
    let (body, _held) = match shared.bodies.take(&parts, incoming, is_known).await {
        Taken::Whole(bytes, held) => (Body::from(bytes), Some(held)),
        Taken::Not(BodyError::Crowded) => return busy(),
        // These have no use for a body, so no route would say what is wrong with it.
        Taken::Not(error) if [Method::GET, Method::HEAD].contains(&parts.method) => {
            let (status, why) = error.explain();
            return text(status, why);
        }
        Taken::Not(error) => (Body::new(Refused(Some(error))), None),
    };
    let path = parts.uri.path();
    let _place = if WITHOUT_WAITING.contains(&path) {
        None
    } else {
        match shared.places.take().await {
            Some(place) => Some(place),
            None => return busy(),
        }
    };
    let routed = shared.routes.call(Request::from_parts(parts, body));
    match caught(routed).await {
        Ok(Ok(response)) => response,
        Err(panic) => {
            tracing::error!(panic = message(&*panic), "a handler panicked");
            busy()
        }
    }
}

/// What is answered to those who come when there is no room.
fn busy() -> Response {
    let response = text(StatusCode::SERVICE_UNAVAILABLE, "the server is busy; try again\n");
    retry_later(response, 1)
}

/// Runs a future and catches its panic. It is not polled again after one.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = Box::pin(future);
    poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// A body that was not read, in the place of the one that was sent.
struct Refused(Option<BodyError>);

impl HttpBody for Refused {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

/// The body of a response, which is on its way until it is dropped.
#[derive(Debug)]
pub(super) struct Sent {
    body: Body,
    _sending: Sending,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
