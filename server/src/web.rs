//! Pages for people: sign-in, consent, and the MCP area.
//!
//! They are rendered here and need no script. A form counts only when this server's own page sent it (`forms`). Everything that clients or people wrote is
//! escaped by the templates.
//!
//! A session opens pages and nothing else; no token opens a page.

mod account;
mod activity;
pub(crate) mod assets;
mod chart;
mod chrome;
mod clients;
mod connect;
pub(crate) mod consent;
mod dashboard;
mod dashboards;
pub(crate) mod forms;
mod grants;
mod home;
mod integrations;
mod lookalike;
pub(crate) mod pages;
mod prose;
mod reference;
mod sessions;
mod setup;
mod sign_in;
mod test_token;
mod tokens;
mod untrusted;
#[cfg(feature = "oidc")]
mod upstream;
mod workspace;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use axum::response::Response;
use axum::routing::{get, post};
use url::form_urlencoded;

use crate::App;
use crate::http::{BodyError, retry_later, see_other, text};
use crate::store::StoreError;

pub(crate) use assets::script_integrity;

/// The routes of the pages; without the MCP area when external access is off.
pub fn routes(app: &App) -> Router<Arc<App>> {
    let router = Router::new()
        .route("/", get(home::home))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/setup", get(setup::form).post(setup::submit))
        .route("/setup/{secret}", get(setup::arrive))
        .route("/account", get(account::show))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/end", post(sessions::end))
        .route("/account/sessions/end-others", post(sessions::end_others))
        .route("/settings/integrations", get(integrations::show))
        .route("/w/{workspace}/dashboards", get(dashboards::list))
        .route("/w/{workspace}/d/{slug}", get(dashboard::show))
        .route("/assets/lookout.css", get(assets::stylesheet))
        .route("/assets/lookout.js", get(assets::script))
        .route("/assets/lookout.svg", get(assets::mark));
    #[cfg(feature = "oidc")]
    let router = match &app.upstream {
        Some(_) => router.merge(upstream::routes()),
        None => router,
    };
    if !app.config.external_access {
        return router;
    }
    router
        .route("/w/{workspace}/mcp", get(connect::show))
        .route("/w/{workspace}/mcp/reference", get(reference::show))
        .route("/w/{workspace}/mcp/reference.json", get(reference::json))
        .route("/w/{workspace}/mcp/reference.md", get(reference::markdown))
        .route("/w/{workspace}/mcp/tokens", get(tokens::list).post(tokens::create))
        .route("/w/{workspace}/mcp/tokens/revoke", post(tokens::revoke))
        .route("/w/{workspace}/mcp/tokens/test", get(test_token::form).post(test_token::test))
        .route("/w/{workspace}/mcp/clients", get(clients::list).post(clients::create))
        .route("/w/{workspace}/mcp/clients/disconnect", post(clients::disconnect))
        .route("/w/{workspace}/mcp/activity", get(activity::list))
}

/// What is answered where there is nothing.
pub async fn nothing_here(request: Request) -> Response {
    let is_browser = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if is_browser {
        pages::error(
            StatusCode::NOT_FOUND,
            "There is no such page",
            "Check the address, or go to the start page.",
        )
    } else {
        text(StatusCode::NOT_FOUND, "not found\n")
    }
}

/// Sends a person to the sign-in page and back to `return_to`, a path of this server.
pub(crate) fn sign_in_first(return_to: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    see_other(&format!("/sign-in?{query}"))
}

pub(crate) fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "a page could not be made");
    let page = pages::error(
        StatusCode::SERVICE_UNAVAILABLE,
        "Lookout is busy",
        "Go back in a moment and look whether it was done before you try again.",
    );
    retry_later(page, 1)
}

pub(crate) fn unreadable(error: BodyError) -> Response {
    pages::error(
        error.explain().0,
        "This form could not be read",
        "Go back, reload the page and try again.",
    )
}

pub(crate) fn forged() -> Response {
    pages::error(
        StatusCode::FORBIDDEN,
        "This form did not come from your session",
        "Nothing was changed. Go back, reload the page and try again.",
    )
}
