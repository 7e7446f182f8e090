//! `/metrics`, on an address of its own and never on the public one. It is for a few who ask now and then, so each connection is for one request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::listener::OUT_OF_ROOM;
use crate::App;
use crate::metrics::metrics;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Connections at the same time; others wait until one of them ends.
const AT_ONCE: usize = 16;
/// For the headers of a request.
const HEADERS: Duration = Duration::from_secs(3);
/// For everything.
const IN_ALL: Duration = Duration::from_secs(10);

/// Serves the counters for as long as the process lives.
pub(super) async fn serve(address: SocketAddr, app: Arc<App>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("metrics.listen: cannot listen on {address}"))?;
    let router = Router::new().route("/metrics", get(counters)).with_state(app);
    tokio::spawn(answer(listener, router));
    Ok(())
}

async fn answer(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let service = TowerToHyperService::new(router);
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "no connection for /metrics can be taken now");
                sleep(OUT_OF_ROOM).await;
                continue;
            }
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(async move {
            // Whoever does not ask or read in time gets nothing.
            let _ = timeout(IN_ALL, connection).await;
            drop(place);
        });
    }
}

async fn counters(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT)], metrics().text(&app))
}
