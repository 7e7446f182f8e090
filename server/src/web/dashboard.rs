//! The page of a dashboard, which the links in tool results lead to: its panels with their data, run for the member who looks at it.

mod failure;
mod inputs;
mod panels;
mod table;

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use lookout_schema::DashboardSpec;

use self::inputs::{Inputs, Kind};
use self::panels::{Body, PanelView};
use self::table::Cell;
use super::chrome::{Chrome, Place, framed};
use super::workspace::{Member, no_such_page};
use super::{pages, unavailable};
use crate::App;
use crate::authority::parameters::Parameters;
use crate::workspace::{Reader, resolve, rfc3339};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    chrome: Chrome,
    slug: String,
    title: String,
    description: String,
    revision: i64,
    updated: Moment,
    by: String,
    by_tool: bool,
    inputs: Inputs,
    is_changed: bool,
    /// Why nothing was run.
    refused: Option<&'static str>,
    range: Option<String>,
    panels: Vec<PanelView>,
}

/// A moment in words and for programs.
pub(super) struct Moment {
    pub(super) text: String,
    pub(super) exact: String,
}

impl Moment {
    pub(super) fn of(milliseconds: i64) -> Self {
        let at = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
        let text = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        Self { text, exact: rfc3339(milliseconds) }
    }
}

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
            let hint = "It may have another name now. The list of dashboards has them all.";
            return pages::error(StatusCode::NOT_FOUND, "There is no such dashboard", hint);
        }
        Err(error) => return unavailable(&error),
    };
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let (spec, is_readable) = match serde_json::from_value::<DashboardSpec>(dashboard.spec.clone())
    {
        Ok(spec) => (Some(spec), true),
        Err(error) => {
            tracing::error!(%error, "the definition of a dashboard cannot be read");
            (None, false)
        }
    };
    let parameters = spec.as_ref().map(|spec| spec.parameters.as_slice()).unwrap_or_default();
    let inputs = Inputs::read(parameters, &query);
    let resolved = resolve(parameters, &inputs.given, Timestamp::now());
    let refused = match &resolved {
        _ if !is_readable => Some(
            "The definition of this dashboard cannot be read. Save it again with the tool that made it.",
        ),
        _ if inputs.are_refused() => {
            Some("Nothing was run. Correct what is marked and apply it again.")
        }
        Err(_) => Some(
            "Nothing was run: a default of this dashboard is not allowed any more. Choose values and apply them.",
        ),
        Ok(_) => None,
    };
    let reader = Reader::member(&member.visitor.user, &member.membership);
    let panels = match (&spec, &resolved, refused) {
        (Some(spec), Ok(resolved), None) => {
            panels::run(app.tools(), reader, &dashboard, spec, resolved).await
        }
        (Some(spec), ..) => panels::not_run(spec),
        (None, ..) => Vec::new(),
    };
    let range = resolved.ok().and_then(|resolved| resolved.time_range).and_then(|range| {
        Some(inputs::between(range.start.parse().ok()?, range.end.parse().ok()?))
    });
    let status = if inputs.are_refused() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = DashboardPage {
        chrome: member.chrome(&app, Place::Dashboards),
        slug: dashboard.slug,
        title: dashboard.title,
        description: dashboard.description,
        revision: dashboard.revision,
        updated: Moment::of(dashboard.updated_at),
        by: dashboard.updated_by.unwrap_or_else(|| "somebody".to_owned()),
        by_tool: dashboard.saved_by_tool,
        is_changed: !inputs.given.is_empty() || inputs.are_refused(),
        inputs,
        refused,
        range: range.filter(|_| refused.is_none()),
        panels,
    };
    framed(status, &page)
}
