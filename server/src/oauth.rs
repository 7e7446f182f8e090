//! The HTTP face of the authority: metadata, registration, authorization, tokens, revocation.
//!
//! Handlers read a request, run one decision in one transaction and write the reply. They judge nothing themselves but the form of the request.
//!
//! Not here: introspection, and every grant type but codes and refreshing.

mod authorize;
mod client_auth;
mod failure;
mod metadata;
mod register;
mod revoke;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use crate::App;
use crate::http::guard::readable_from_anywhere;

/// The routes of the authorization server; none when external access is off.
pub fn routes(app: &App) -> Router<Arc<App>> {
    if !app.config.external_access {
        return Router::new();
    }
    let for_clients = Router::new()
        .route("/.well-known/oauth-protected-resource", get(metadata::whole_endpoint))
        .route("/.well-known/oauth-protected-resource/mcp", get(metadata::whole_endpoint))
        .route(
            "/.well-known/oauth-protected-resource/mcp/readonly",
            get(metadata::readonly_endpoint),
        )
        .route("/.well-known/oauth-authorization-server", get(metadata::authorization_server))
        .route("/oauth/register", post(register::register))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(revoke::revoke))
        .route_layer(from_fn(readable_from_anywhere));
    let for_people = Router::new()
        .route("/oauth/authorize", get(authorize::by_get).post(authorize::by_post))
        .route("/oauth/consent", post(authorize::consent));
    for_clients.merge(for_people)
}
