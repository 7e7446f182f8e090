//! `/metrics`, on an address of its own and never on the public one.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::App;
use crate::metrics::metrics;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves the counters for as long as the process lives.
pub(super) async fn serve(address: SocketAddr, app: Arc<App>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("metrics.listen: cannot listen on {address}"))?;
    let router = Router::new().route("/metrics", get(counters)).with_state(app);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "/metrics is served no more");
        }
    });
    Ok(())
}

async fn counters(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT)], metrics().text(&app))
}
