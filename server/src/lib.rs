//! The reference server of Lookout's external AI tools.
//!
//! A request to `/mcp` passes the gate, which turns a bearer token into the right to run one tool, and then the tool's handler.
//! Everything OAuth is decided in [`authority`]; the other modules carry messages to and from it.

pub mod app;
pub mod authority;
pub mod client_documents;
pub mod config;
#[cfg(feature = "danger-planted-faults")]
pub mod danger;
pub mod demo;
pub mod gate;
pub mod http;
pub mod mcp;
pub mod oauth;
pub mod secret;
pub mod serving;
pub mod store;
pub mod warehouse;
pub mod web;
pub mod workspace;

#[rustfmt::skip]
mod generated;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

pub use app::App;
pub use authority::bearer::Caller;
pub use config::Config;
pub use generated::Tools;

const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Every route of the server. Without external access there is no MCP endpoint, no OAuth and no MCP area.
pub fn router(app: Arc<App>) -> Router {
    let mut routes = Router::new().merge(oauth::routes(&app)).merge(web::routes(&app));
    if app.config.external_access {
        routes = routes.merge(mcp::routes());
    }
    routes
        .fallback(web::nothing_here)
        .layer(from_fn_with_state(Arc::clone(&app), http::guard::host_is_ours))
        .with_state(app)
}

/// Answers requests for `router` on `listener` until `shutdown` completes, and then finishes those in progress.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // Small responses must not wait for an acknowledgement of the one before.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its small packets back");
        }
    });
    let sweeper = tokio::spawn(sweep_now_and_then(app));
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown).await;
    sweeper.abort();
    served
}

async fn sweep_now_and_then(app: Arc<App>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = app.sweep().await {
            tracing::warn!(%error, "dead rows were not removed");
        }
    }
}
