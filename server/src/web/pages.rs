//! The pages as templates. What a page shows is decided before it gets here.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::Scope;

use super::chrome::{Chrome, framed};
use crate::App;
use crate::app::Visitor;
use crate::authority::Timestamp;
use crate::authority::records::{AuthorizationRequest, Client, Membership};
use crate::authority::redirect::Parts;
use crate::client_documents::location::verified_host;
use crate::http::{html, html_leading_to};
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
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    return_to: &'a str,
    csrf: &'a str,
    refused: Option<&'a str>,
    has_passwords: bool,
    /// What the OpenID provider is called, when there is one.
    provider: Option<&'a str>,
    /// What the provider's button says besides.
    provider_query: String,
}

pub(super) fn sign_in(
    app: &App,
    status: StatusCode,
    return_to: &str,
    csrf: &str,
    refused: Option<&str>,
) -> Response {
    let provider_query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    let page = SignInPage {
        return_to,
        csrf,
        refused,
        has_passwords: app.config.has_passwords(),
        provider: app.config.oidc.as_ref().map(|oidc| oidc.name.as_str()),
        provider_query,
    };
    html(status, render(&page))
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    client_name: &'a str,
    /// The host that the client was verified to belong to.
    verified_host: Option<String>,
    /// The redirect URI in three parts; the middle one is where it leads.
    redirect: [&'a str; 3],
    is_loopback: bool,
    email: &'a str,
    workspaces: &'a [Membership],
    scopes: Vec<Scope>,
    offers_write: bool,
    request: &'a str,
    csrf: &'a str,
}

pub(crate) fn consent(
    visitor: &Visitor,
    client: &Client,
    request: &AuthorizationRequest,
    workspaces: &[Membership],
    csrf: &str,
) -> Response {
    let uri = request.redirect_uri.as_str();
    let parts = Parts::of(uri);
    let host =
        parts.and_then(|parts| Some((parts.scheme.len() + "://".len(), parts.host_and_port()?.0)));
    let (start, length) = match (host, parts) {
        (Some((start, host)), _) => (start, host.len()),
        (None, Some(parts)) => (0, parts.scheme.len()),
        (None, None) => (0, uri.len()),
    };
    let (before, rest) = uri.split_at(start);
    let (destination, after) = rest.split_at(length);
    let page = ConsentPage {
        client_name: &client.name,
        verified_host: client.document_fresh_until.and_then(|_| verified_host(&client.id)),
        redirect: [before, destination, after],
        is_loopback: parts.is_some_and(|parts| parts.is_loopback()),
        email: &visitor.user.email,
        workspaces,
        scopes: request.scopes.iter().collect(),
        offers_write: request.scopes.contains(Scope::McpWrite),
        request: &request.id,
        csrf,
    };
    html_leading_to(
        render(&page),
        &parts.map_or_else(String::new, |parts| parts.form_action_source()),
    )
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
