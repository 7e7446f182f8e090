//! The dashboards of a workspace.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::{DashboardEntry, ErrorCode};
use url::form_urlencoded;

use super::chrome::{Chrome, Place, framed};
use super::dashboard::Moment;
use super::pages;
use super::workspace::Member;
use crate::App;
use crate::authority::parameters::Parameters;
use crate::http::retry_later;
use crate::workspace::Reader;

/// Dashboards of one page.
const PAGE: i64 = 50;
/// Longest search, as the tool takes it.
const LONGEST_SEARCH: usize = 200;

#[derive(Template)]
#[template(path = "dashboards.html")]
struct DashboardsPage {
    chrome: Chrome,
    search: String,
    rows: Vec<Row>,
    /// The query of the next page.
    next: Option<String>,
    is_first: bool,
}

/// A dashboard as a row of the table.
struct Row {
    slug: String,
    title: String,
    description: String,
    panels: i64,
    updated: Moment,
    by: String,
    by_tool: bool,
}

impl Row {
    fn of((entry, by_tool): (DashboardEntry, bool)) -> Self {
        let updated = entry.updated_at.parse::<jiff::Timestamp>().unwrap_or_default();
        Self {
            slug: entry.slug,
            title: entry.title,
            description: entry.description,
            panels: entry.panel_count,
            updated: Moment::of(updated.as_millisecond()),
            by: entry.updated_by.unwrap_or_else(|| "somebody".to_owned()),
            by_tool,
        }
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let member = match Member::of(&app, &mut parts).await {
        Ok(member) => member,
        Err(response) => return response,
    };
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let search: String =
        query.value("search").unwrap_or_default().trim().chars().take(LONGEST_SEARCH).collect();
    let cursor = query.value("after");
    let wanted = Some(search.as_str()).filter(|search| !search.is_empty());
    let reader = Reader::member(&member.visitor.user, &member.membership);
    let (dashboards, next) = match app.tools().dashboards(reader, wanted, cursor, PAGE).await {
        Ok(page) => page,
        Err(error) if *error.code() == ErrorCode::InvalidCursor => {
            let hint = "The list has changed its order, or the address is not whole. Begin at the first page.";
            return pages::error(
                StatusCode::BAD_REQUEST,
                "There is no such part of the list",
                hint,
            );
        }
        Err(_) => {
            let page = pages::error(
                StatusCode::SERVICE_UNAVAILABLE,
                "Lookout is busy",
                "Reload the page in a moment.",
            );
            return retry_later(page, 1);
        }
    };
    let next = next.map(|cursor| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !search.is_empty() {
            query.append_pair("search", &search);
        }
        query.append_pair("after", &cursor).finish()
    });
    let page = DashboardsPage {
        chrome: member.chrome(&app, Place::Dashboards),
        is_first: cursor.is_none(),
        search,
        rows: dashboards.into_iter().map(Row::of).collect(),
        next,
    };
    framed(StatusCode::OK, &page)
}
