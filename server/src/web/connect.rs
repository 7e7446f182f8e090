//! The connect page: how to get from nothing to a first answer, and what to type into which tool.

mod ways;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::{Scope, catalogue};

use self::ways::{Tool, tools};
use super::chrome::{Chrome, Place, framed};
use super::workspace::Member;
use crate::App;
use crate::authority::Resource;
use crate::authority::parameters::Parameters;
use crate::reference::Example;

#[derive(Template)]
#[template(path = "connect.html")]
struct ConnectPage<'a> {
    chrome: Chrome,
    slug: &'a str,
    endpoint: &'a str,
    is_read_only: bool,
    /// Whether the address leads only to the machine of who reads it.
    is_loopback: bool,
    /// Names of the tools that need the permission to write.
    writing: Vec<&'a str>,
    /// The warehouse that the first query runs on.
    warehouse: Option<&'a str>,
    /// The table that it counts.
    table: Option<&'a str>,
    first_call: &'a str,
    tools: Vec<Tool>,
}

pub(super) async fn show(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let member = match Member::of(&app, &mut parts).await {
        Ok(member) => member,
        Err(response) => return response,
    };
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let is_read_only = query.value("access") == Some("read");
    let resource = if is_read_only { Resource::McpReadonly } else { Resource::Mcp };
    let endpoint = resource.uri(&app.authority.issuer);
    let sample = app.tools().sample_warehouse(&member.membership.slug).await;
    // Without a warehouse there is nothing to query, and that is the first answer then.
    let first = if sample.warehouse.is_some() { "query_warehouse" } else { "list_warehouses" };
    let first_call = catalogue().tool(first).map(|tool| Example::of(tool, &endpoint, &sample).curl);
    let first_call = first_call.unwrap_or_default();
    let writing = catalogue().tools.iter().filter(|tool| tool.scopes.contains(Scope::McpWrite));
    let page = ConnectPage {
        chrome: member.chrome(&app, Place::Connect),
        slug: &member.membership.slug,
        endpoint: &endpoint,
        is_read_only,
        is_loopback: app.config.public_url.is_loopback,
        writing: writing.map(|tool| tool.name.as_str()).collect(),
        warehouse: sample.warehouse.as_deref(),
        table: sample.table.as_deref(),
        first_call: &first_call,
        tools: tools(&endpoint, resource.scopes(), first_call.clone()),
    };
    framed(StatusCode::OK, &page)
}
