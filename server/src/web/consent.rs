//! The consent page: who asks, for whom, for what, for how long, and where the answer goes.
//!
//! A client can make itself look like any other, so everything that it says of itself is marked as its own words, and what this server knows is said apart.

use askama::Template;
use axum::response::Response;
use lookout_schema::{Scope, ScopeSet, catalogue};

use super::chrome::SIGN_OUT_FORM;
use super::forms;
use super::lookalike::{Oddity, is_encoded};
use super::pages::{moment, render};
use super::untrusted::Shown;
use crate::App;
use crate::app::Visitor;
use crate::authority::records::{AuthorizationRequest, Client, GrantType, Membership};
use crate::authority::redirect::Parts;
use crate::client_documents::location::verified_host;
use crate::http::html_leading_to;

/// What the person is asked, and by whom.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// Who is asked.
    pub(crate) visitor: &'a Visitor,
    /// The cookie of their session.
    pub(crate) cookie: Option<&'a str>,
    /// Who asks.
    pub(crate) client: &'a Client,
    /// What is asked.
    pub(crate) request: &'a AuthorizationRequest,
    /// The path that asks the same again, of whoever is signed in then.
    pub(crate) again: &'a str,
    /// The person's workspaces.
    pub(crate) workspaces: &'a [Membership],
    /// The token of the form.
    pub(crate) csrf: &'a str,
}

/// What is known of a client besides what it says.
enum Standing {
    /// Its name and callbacks were read from this host.
    Described { host: String, is_encoded: bool },
    /// A signed-in person wrote it down.
    Registered { by_you: bool, on: String },
    /// Nothing.
    Unknown,
}

impl Standing {
    fn of(client: &Client, visitor: &Visitor) -> Self {
        let host = client.document_fresh_until.and_then(|_| verified_host(&client.id));
        match (host, &client.registered_by) {
            (Some(host), _) => Self::Described { is_encoded: is_encoded(&host), host },
            (None, Some(person)) => Self::Registered {
                by_you: *person == visitor.user.id,
                on: moment(Some(client.created_at), ""),
            },
            (None, None) => Self::Unknown,
        }
    }

    const fn is_described(&self) -> bool {
        matches!(self, Self::Described { .. })
    }
}

/// Where the answer goes, such that what decides about it stands out.
struct Destination<'a> {
    /// The URI; the middle part is the host, or the scheme when there is none.
    parts: [&'a str; 3],
    is_loopback: bool,
    /// It has a scheme that belongs to an application of the computer.
    is_application: bool,
    is_encoded: bool,
    /// What the page must be allowed to lead to.
    source: String,
}

impl<'a> Destination<'a> {
    fn of(uri: &'a str) -> Self {
        let parts = Parts::of(uri);
        let host = parts
            .and_then(|parts| Some((parts.scheme.len() + "://".len(), parts.host_and_port()?.0)));
        let (start, length) = match (host, parts) {
            (Some((start, host)), _) => (start, host.len()),
            (None, Some(parts)) => (0, parts.scheme.len()),
            (None, None) => (0, uri.len()),
        };
        let (before, rest) = uri.split_at(start);
        let (destination, after) = rest.split_at(length);
        Self {
            parts: [before, destination, after],
            is_loopback: parts.is_some_and(|parts| parts.is_loopback()),
            is_application: parts.is_some_and(|parts| !matches!(parts.scheme, "http" | "https")),
            is_encoded: is_encoded(destination),
            source: parts.map_or_else(String::new, |parts| parts.form_action_source()),
        }
    }
}

/// A scope as a row with the tools that it opens.
struct Permission {
    scope: Scope,
    tools: Vec<&'static str>,
    /// It cannot be left out: without it the answer would be to deny.
    is_locked: bool,
}

/// The permissions that `scopes` are, of which the first is what the others build on.
fn permissions(scopes: ScopeSet) -> Vec<Permission> {
    let permission = |(position, scope)| {
        let needs = |tool: &&lookout_schema::ToolEntry| tool.scopes.contains(scope);
        let tools = catalogue().tools.iter().filter(needs).map(|tool| tool.name.as_str());
        Permission { scope, tools: tools.collect(), is_locked: position == 0 }
    };
    scopes.iter().enumerate().map(permission).collect()
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    client_name: Shown,
    standing: Standing,
    oddity: Option<String>,
    destination: Destination<'a>,
    person: Option<Shown>,
    email: Shown,
    again: &'a str,
    sign_out_csrf: String,
    workspaces: &'a [Membership],
    permissions: Vec<Permission>,
    /// How long one access token lasts.
    access: String,
    /// How long the connection lasts, and unused; not for a client that cannot renew.
    connection: Option<[String; 2]>,
    request: &'a str,
    csrf: &'a str,
}

/// The page.
pub(crate) fn page(app: &App, question: &Question<'_>) -> Response {
    let Question { visitor, client, request, .. } = question;
    let name = &visitor.user.display_name;
    let lifetimes = &app.config.lifetimes;
    let renews = client.grant_types.contains(&GrantType::RefreshToken);
    let page = ConsentPage {
        client_name: Shown::of(&client.name),
        standing: Standing::of(client, visitor),
        oddity: Oddity::of(&client.name).map(Oddity::sentence),
        destination: Destination::of(&request.redirect_uri),
        person: (!name.is_empty() && *name != visitor.user.email).then(|| Shown::of(name)),
        email: Shown::of(&visitor.user.email),
        again: question.again,
        sign_out_csrf: forms::token(app, question.cookie, SIGN_OUT_FORM),
        workspaces: question.workspaces,
        permissions: permissions(request.scopes),
        access: span(lifetimes.access),
        connection: renews
            .then(|| [span(lifetimes.refresh_absolute), span(lifetimes.refresh_idle)]),
        request: &request.id,
        csrf: question.csrf,
    };
    html_leading_to(render(&page), &page.destination.source)
}

/// A span of time in the largest unit that it is whole in.
fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds % size == 0).unwrap_or((1, "second"));
    match seconds / size {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}
