//! The pages as templates. What a page shows is decided before it gets here.

use askama::Template;
use askama::filters::Safe;
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::Scope;

use super::chrome::{Chrome, framed};
use super::untrusted::Shown;
use crate::App;
use crate::app::Visitor;
use crate::authority::Timestamp;
use crate::authority::records::{AuthorizationRequest, Client, Membership};
use crate::authority::redirect::Parts;
use crate::client_documents::location::verified_host;
use crate::http::{html, html_leading_to};

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
    client_name: Shown,
    /// The host that the client was verified to belong to.
    verified_host: Option<String>,
    /// The redirect URI in three parts; the middle one is where it leads.
    redirect: [&'a str; 3],
    is_loopback: bool,
    email: Shown,
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
        client_name: Shown::of(&client.name),
        verified_host: client.document_fresh_until.and_then(|_| verified_host(&client.id)),
        redirect: [before, destination, after],
        is_loopback: parts.is_some_and(|parts| parts.is_loopback()),
        email: Shown::of(&visitor.user.email),
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

pub(super) fn moment(at: Option<Timestamp>, otherwise: &str) -> String {
    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
    at.map_or_else(|| otherwise.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A time as an element of a page, or what is said when there is none.
pub(super) fn time(at: Option<Timestamp>, otherwise: &'static str) -> Safe<String> {
    let shown = moment(at, otherwise);
    let machine = at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
    Safe(machine.map_or_else(
        || shown.clone(),
        |at| format!("<time datetime=\"{}\">{shown}</time>", at.strftime("%Y-%m-%dT%H:%MZ")),
    ))
}
