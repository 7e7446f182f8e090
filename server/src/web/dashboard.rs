//! The page of a dashboard, which the links in tool results lead to: its definition and who saved it.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::DashboardSpec;

use super::chrome::Place;
use super::workspace::{Member, no_such_page};
use super::{pages, unavailable};
use crate::App;
use crate::workspace::rfc3339;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let member = match Member::of(&app, &mut parts).await {
        Ok(member) => member,
        Err(response) => return response,
    };
    // An address that is not text was answered above already, in the same way.
    let Ok(Path((_, slug))) = path else { return no_such_page() };
    let dashboard = match app.store.dashboard(&member.membership.workspace_id, &slug).await {
        Ok(Some(dashboard)) => dashboard,
        Ok(None) => {
            let hint = "It may have another name now. The tool list_dashboards names them all.";
            return pages::error(StatusCode::NOT_FOUND, "There is no such dashboard", hint);
        }
        Err(error) => return unavailable(&error),
    };
    let spec = serde_json::from_value::<DashboardSpec>(dashboard.spec);
    pages::dashboard(&pages::DashboardPage {
        chrome: member.chrome(&app, Place::Dashboards),
        title: &dashboard.title,
        description: &dashboard.description,
        revision: dashboard.revision,
        updated: rfc3339(dashboard.updated_at),
        by: dashboard.updated_by.as_deref().unwrap_or("somebody"),
        by_tool: dashboard.saved_by_tool,
        panels: spec.as_ref().map_or(&[][..], |spec| &spec.panels),
    })
}
