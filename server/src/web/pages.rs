//! The pages as templates. What a page shows is decided before it gets here.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::{Panel, Scope};

use super::chrome::{Chrome, framed};
use crate::authority::Timestamp;
use crate::authority::records::Membership;
use crate::http::html;
use crate::store::GrantListing;

/// A page is text put together in memory, so writing it cannot fail.
pub(super) fn render(template: &impl Template) -> String {
    template.render().expect("a template that was compiled renders into memory")
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    hint: &'a str,
}

/// A page that says what went wrong and what to do.
pub(crate) fn error(status: StatusCode, title: &str, hint: &str) -> Response {
    html(status, render(&ErrorPage { title, hint }))
}

pub(super) fn no_such_grant() -> Response {
    let hint =
        "It may have been revoked already, or it belongs to somebody else. Nothing was changed.";
    error(StatusCode::NOT_FOUND, "There is nothing to revoke here", hint)
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    chrome: Chrome,
    workspaces: &'a [Membership],
}

pub(super) fn home(chrome: Chrome, workspaces: &[Membership]) -> Response {
    framed(StatusCode::OK, &HomePage { chrome, workspaces })
}

#[derive(Template)]
#[template(path = "integrations.html")]
struct IntegrationsPage<'a> {
    chrome: Chrome,
    workspaces: &'a [Membership],
    endpoint: &'a str,
}

pub(super) fn integrations(chrome: Chrome, workspaces: &[Membership], endpoint: &str) -> Response {
    framed(StatusCode::OK, &IntegrationsPage { chrome, workspaces, endpoint })
}

/// A grant as a row of a table.
pub(super) struct GrantRow {
    id: String,
    name: String,
    hint: String,
    person: String,
    scopes: String,
    created: String,
    last_used: String,
    expires: String,
    is_live: bool,
    state: &'static str,
}

impl GrantRow {
    pub(super) fn of(now: Timestamp, listing: &GrantListing) -> Self {
        let grant = &listing.grant;
        let is_expired = grant.expires_at.is_some_and(|ends| ends <= now);
        let state = match grant.revoked_at {
            Some(_) => "revoked",
            None if is_expired => "expired",
            None => "live",
        };
        Self {
            id: grant.id.clone(),
            name: grant.name.clone(),
            hint: listing.hint.clone(),
            person: listing.user_email.clone(),
            scopes: grant.scopes.to_string(),
            created: moment(Some(grant.created_at), "–"),
            last_used: moment(listing.last_used_at, "never"),
            expires: moment(grant.expires_at, "never"),
            is_live: state == "live",
            state,
        }
    }
}

pub(super) fn moment(at: Option<Timestamp>, otherwise: &str) -> String {
    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
    at.map_or_else(|| otherwise.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[derive(Template)]
#[template(path = "tokens.html")]
pub(super) struct TokensPage<'a> {
    pub(super) chrome: Chrome,
    pub(super) slug: &'a str,
    pub(super) scopes: &'a [Scope],
    pub(super) create_csrf: &'a str,
    pub(super) revoke_csrf: &'a str,
    pub(super) created: Option<&'a str>,
    pub(super) refused: Option<&'a str>,
    pub(super) rows: Vec<GrantRow>,
}

pub(super) fn tokens(status: StatusCode, page: &TokensPage<'_>) -> Response {
    framed(status, page)
}

#[derive(Template)]
#[template(path = "clients.html")]
pub(super) struct ClientsPage<'a> {
    pub(super) chrome: Chrome,
    pub(super) slug: &'a str,
    pub(super) endpoint: &'a str,
    pub(super) create_csrf: &'a str,
    pub(super) disconnect_csrf: &'a str,
    pub(super) created: Option<&'a str>,
    pub(super) secret: Option<&'a str>,
    pub(super) refused: Option<&'a str>,
    pub(super) rows: Vec<GrantRow>,
}

pub(super) fn clients(status: StatusCode, page: &ClientsPage<'_>) -> Response {
    framed(status, page)
}

#[derive(Template)]
#[template(path = "dashboard.html")]
pub(super) struct DashboardPage<'a> {
    pub(super) chrome: Chrome,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) revision: i64,
    pub(super) updated: String,
    pub(super) by: &'a str,
    pub(super) by_tool: bool,
    pub(super) panels: &'a [Panel],
}

pub(super) fn dashboard(page: &DashboardPage<'_>) -> Response {
    framed(StatusCode::OK, page)
}
