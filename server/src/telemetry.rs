//! What is said about every request while it is answered: a span, one line of the access log, and the counters.
//!
//! A request is named by the trace that its client is in (`traceparent`), or by a name of this server's. Lines have the template of the route, never the
//! path with what a client wrote into it, no query and no header.

pub mod context;
#[cfg(feature = "otel")]
pub mod otel;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, Span, field};

use crate::App;
use crate::metrics::{Lasting, Route, metrics};
use context::TraceContext;

/// Answers a request inside its span, and says what came of it.
pub async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let begun = Instant::now();
    let _lasting = Lasting::new(&metrics().in_flight);
    let route = Route::of(request.uri().path());
    let method = word(request.method());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let trace = TraceContext::of_headers(request.headers());
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        method,
        route = route.template(),
        id = count,
        trace = field::Empty,
        status = field::Empty
    );
    if let Some(trace) = &trace {
        trace.adopt(&span);
    }
    let response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    span.record("status", status);
    metrics().answered(route, status, took);
    if app.config.telemetry.access_log {
        let _in_span = span.enter();
        tracing::info!(
            target: "lookout::access",
            status,
            microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
    response
}

/// The span of one MCP message, inside the trace that its `_meta` names.
#[must_use]
pub(crate) fn message_span(method: &str, meta: Option<&serde_json::Value>) -> Span {
    // Only methods that this server has; anything else would be a text of the client's.
    let known = ["initialize", "ping", "server/discover", "tools/list", "tools/call"];
    let method = known.into_iter().find(|known| *known == method).unwrap_or("other");
    let span = tracing::info_span!("mcp", method, trace = field::Empty);
    if let Some(trace) = meta.and_then(TraceContext::of_meta) {
        trace.adopt(&span);
    }
    span
}

fn word(method: &Method) -> &'static str {
    let known =
        [Method::GET, Method::POST, Method::HEAD, Method::OPTIONS, Method::DELETE, Method::PUT];
    let place = known.iter().position(|known| known == method);
    place.map_or("other", |place| ["GET", "POST", "HEAD", "OPTIONS", "DELETE", "PUT"][place])
}
