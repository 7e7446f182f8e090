//! Settings › Integrations: what connects to Lookout, and why nothing does when the deployment says so.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::chrome::{Chrome, Place, framed};
use super::home::look;
use super::unavailable;
use crate::App;
use crate::authority::records::Membership;

#[derive(Template)]
#[template(path = "integrations.html")]
struct IntegrationsPage {
    chrome: Chrome,
    workspaces: Vec<Membership>,
    endpoint: String,
    read_only_endpoint: String,
    /// Whether the person looks after any workspace: those are told how the deployment is configured.
    is_admin: bool,
}

pub(super) async fn show(State(app): State<Arc<App>>, request: Request) -> Response {
    match look(&app, request, "/settings/integrations", Place::Integrations).await {
        Ok(Ok((chrome, workspaces))) => {
            let page = IntegrationsPage {
                chrome,
                is_admin: workspaces.iter().any(|membership| membership.role.is_admin()),
                workspaces,
                endpoint: app.authority.issuer.join("/mcp"),
                read_only_endpoint: app.authority.issuer.join("/mcp/readonly"),
            };
            framed(StatusCode::OK, &page)
        }
        Ok(Err(response)) => response,
        Err(error) => unavailable(&error),
    }
}
