//! The reference page, and the same as JSON and as Markdown.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse as _, Response};
use lookout_schema::{Scope, ScopeSet};

use super::chrome::{Chrome, Place, framed};
use super::workspace::Member;
use super::{pages, unavailable};
use crate::App;
use crate::authority::Resource;
use crate::authority::parameters::Parameters;
use crate::http;
use crate::mcp;
use crate::reference::{Reference, View};

#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage<'a> {
    chrome: Chrome,
    slug: &'a str,
    reference: &'a Reference,
    query: String,
    tokens: Vec<Choice>,
    endpoints: Vec<Choice>,
}

/// A link of a switch.
struct Choice {
    words: String,
    query: String,
    is_chosen: bool,
}

pub(super) async fn show(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, view, reference) = match document(&app, request).await {
        Ok(document) => document,
        Err(Refusal::Page(response)) => return *response,
        Err(Refusal::Query(problem)) => {
            let hint = format!("{problem} Open Reference from the MCP area to see every tool.");
            return pages::error(StatusCode::BAD_REQUEST, "The reference has no such view", &hint);
        }
    };
    let read = ScopeSet::of(&[Scope::McpRead]);
    let token = |words: &str, scopes| {
        let chosen = View { scopes, ..view };
        Choice { words: words.to_owned(), query: query(chosen), is_chosen: chosen == view }
    };
    let endpoint = |&resource: &Resource| {
        let chosen = View { resource, ..view };
        Choice {
            words: resource.path().to_owned(),
            query: query(chosen),
            is_chosen: chosen == view,
        }
    };
    let page = ReferencePage {
        chrome: member.chrome(&app, Place::Reference),
        slug: &member.membership.slug,
        reference: &reference,
        query: query(view),
        tokens: vec![token("read and write", ScopeSet::all()), token("only read", read)],
        endpoints: Resource::ALL.iter().map(endpoint).collect(),
    };
    framed(StatusCode::OK, &page)
}

/// The reference as JSON; [`Reference`] says what its members mean.
pub(super) async fn json(State(app): State<Arc<App>>, request: Request) -> Response {
    match document(&app, request).await {
        Ok((_, _, reference)) => mcp::json_response(StatusCode::OK, &reference),
        Err(refusal) => refusal.of_a_twin(),
    }
}

/// The reference as Markdown.
pub(super) async fn markdown(State(app): State<Arc<App>>, request: Request) -> Response {
    let (_, _, reference) = match document(&app, request).await {
        Ok(document) => document,
        Err(refusal) => return refusal.of_a_twin(),
    };
    let headers = [
        (CONTENT_TYPE, "text/markdown; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, reference.markdown()).into_response()
}

/// Why there is no reference to show.
enum Refusal {
    /// The visitor does not see it.
    Page(Box<Response>),
    /// The query asks for a view that there is not.
    Query(String),
}

impl Refusal {
    fn of_a_twin(self) -> Response {
        match self {
            Self::Page(response) => *response,
            Self::Query(problem) => http::text(StatusCode::BAD_REQUEST, format!("{problem}\n")),
        }
    }
}

async fn document(app: &App, request: Request) -> Result<(Member, View, Reference), Refusal> {
    let (mut parts, _) = request.into_parts();
    let page = |response| Refusal::Page(Box::new(response));
    let member = Member::of(app, &mut parts).await.map_err(page)?;
    let parameters = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let view = view(&parameters).map_err(Refusal::Query)?;
    let sample = app.tools().sample(&member.membership).await;
    let sample = sample.map_err(|error| page(unavailable(&error)))?;
    Ok((member, view, Reference::of(app, view, &sample)))
}

/// The view that a query asks for.
fn view(parameters: &Parameters) -> Result<View, String> {
    let mut view = View::WHOLE;
    if let Some(scopes) = parameters.value("scope") {
        let known = scopes.parse::<ScopeSet>().ok().filter(|scopes| !scopes.is_empty());
        view.scopes = known.ok_or_else(|| {
            format!("`scope` is one or more of {}, separated by spaces.", ScopeSet::all())
        })?;
    }
    if let Some(path) = parameters.value("resource") {
        view.resource = Resource::from_path(path)
            .ok_or_else(|| "`resource` is /mcp or /mcp/readonly.".to_owned())?;
    }
    Ok(view)
}

/// The query that asks for a view, with its question mark; empty for the whole.
fn query(view: View) -> String {
    let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::new();
    if view.scopes != View::WHOLE.scopes {
        pairs.push(("scope", view.scopes.to_string().into()));
    }
    if view.resource != View::WHOLE.resource {
        pairs.push(("resource", view.resource.path().into()));
    }
    if pairs.is_empty() {
        return String::new();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("?{query}")
}

/// The badge of a tool's scopes.
pub(super) const fn badge(only_reads: bool) -> &'static str {
    if only_reads { "read" } else { "write" }
}
