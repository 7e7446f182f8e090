//! The reference server of Lookout's external AI tools.
//!
//! A request to `/mcp` passes the gate, which turns a bearer token into the right to run one tool, and then the tool's handler.
//! Everything OAuth is decided in [`authority`]; the other modules carry messages to and from it.

pub mod app;
pub mod audit;
pub mod authority;
pub mod client_documents;
pub mod config;
#[cfg(feature = "danger-planted-faults")]
pub mod danger;
pub mod demo;
pub mod doctor;
pub mod gate;
pub mod http;
pub mod mcp;
pub mod metrics;
pub mod oauth;
mod outgoing;
mod reference;
pub mod secret;
pub mod serving;
pub mod store;
pub mod telemetry;
#[cfg(feature = "oidc")]
mod upstream;
pub mod visible;
pub mod warehouse;
pub mod web;
pub mod workspace;

#[rustfmt::skip]
mod generated;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use app::App;
pub use authority::bearer::Caller;
pub use config::Config;
pub use generated::Tools;
pub use serving::serve;

/// Every route of the server. Without external access there is no MCP endpoint, no OAuth and no MCP area.
pub fn router(app: Arc<App>) -> Router {
    let mut routes = Router::new().merge(oauth::routes(&app)).merge(web::routes(&app));
    if app.config.external_access {
        routes = routes.merge(mcp::routes());
    }
    routes
        .fallback(web::nothing_here)
        .layer(from_fn_with_state(Arc::clone(&app), http::rates::by_network))
        .layer(from_fn_with_state(Arc::clone(&app), http::guard::host_is_ours))
        .merge(http::health::routes())
        .layer(from_fn(audit::from_the_request))
        .layer(from_fn_with_state(Arc::clone(&app), telemetry::observe))
        .with_state(app)
}
