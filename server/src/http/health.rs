//! What load balancers ask: whether the process is alive, and whether to send it requests.
//!
//! They call machines by address, so these two answer whatever the `Host` header says. They say nothing but a word.
//!
//! Everybody may ask, so the database is asked once a second at most, and those who ask meanwhile share what it said. Nothing else depends on that.
//!
//! Migrations are applied before a server listens, so one that answers has a schema that it knows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::text;
use crate::App;

/// How long the database may take to say something.
const PATIENCE: Duration = Duration::from_secs(1);

/// For how long what it said is repeated.
const REPEATED: Duration = Duration::from_secs(1);

/// When the database was asked last, and whether it answered. Locked while it is asked.
type LastAnswer = Mutex<Option<(Instant, bool)>>;

/// `/healthz` and `/readyz`.
pub fn routes() -> Router<Arc<App>> {
    let last = Arc::new(LastAnswer::default());
    let ready = move |State(app): State<Arc<App>>| async move { ready(&app, &last).await };
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> Response {
    said(StatusCode::OK, "alive\n")
}

async fn ready(app: &App, last: &LastAnswer) -> Response {
    let refuse = |word| said(StatusCode::SERVICE_UNAVAILABLE, word);
    if app.draining.has_begun() {
        return refuse("draining\n");
    }
    if !app.keys.are_readable() {
        return refuse("keys\n");
    }
    let mut last = last.lock().await;
    let answers = match *last {
        Some((asked, answers)) if asked.elapsed() < REPEATED => answers,
        _ => {
            let answers = matches!(timeout(PATIENCE, app.store.answer()).await, Ok(Ok(())));
            *last = Some((Instant::now(), answers));
            answers
        }
    };
    if answers { said(StatusCode::OK, "ready\n") } else { refuse("store\n") }
}

fn said(status: StatusCode, word: &'static str) -> Response {
    let mut response = text(status, word);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
