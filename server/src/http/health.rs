//! What load balancers ask: whether the process is alive, and whether to send it requests.
//!
//! They call machines by address, so these two answer whatever the `Host` header says. They say nothing but a word.
//!
//! Migrations are applied before a server listens, so one that answers has a schema that it knows.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;

use super::text;
use crate::App;

/// How long the database may take to say something.
const PATIENCE: Duration = Duration::from_secs(1);

/// `/healthz` and `/readyz`.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> Response {
    said(StatusCode::OK, "alive\n")
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let refuse = |word| said(StatusCode::SERVICE_UNAVAILABLE, word);
    if app.draining.has_begun() {
        return refuse("draining\n");
    }
    if !app.keys.are_readable() {
        return refuse("keys\n");
    }
    match tokio::time::timeout(PATIENCE, app.store.answer()).await {
        Ok(Ok(())) => said(StatusCode::OK, "ready\n"),
        Ok(Err(_)) | Err(_) => refuse("store\n"),
    }
}

fn said(status: StatusCode, word: &'static str) -> Response {
    let mut response = text(status, word);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
