//! The activity page: which tools were called, by whom, and how that ended.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::catalogue;
use url::form_urlencoded;

use super::chart::words::grouped;
use super::chrome::{Chrome, Place, framed};
use super::unavailable;
use super::untrusted::Shown;
use super::workspace::Member;
use crate::App;
use crate::app::{CALLS_OF_WORKSPACE, CallFilter, DAYS_OF_CALLS};
use crate::authority::Timestamp;
use crate::authority::parameters::Parameters;
use crate::metrics::CallOutcome;
use crate::store::activity::RecordedCall;
use crate::store::{GrantListing, StoreError};

#[derive(Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    chrome: Chrome,
    slug: String,
    refused: Option<&'static str>,
    tools: Vec<Choice>,
    outcomes: Vec<Choice>,
    grants: Vec<Choice>,
    is_filtered: bool,
    /// Whether there is anything to filter.
    has_filters: bool,
    /// Whether newer calls are on another page.
    is_later: bool,
    sees_everything: bool,
    days: i64,
    most: String,
    rows: Vec<Row>,
    /// The addresses of the first page and of the next one, with the same filters.
    newest: String,
    older: Option<String>,
}

/// An option of a filter.
struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

/// A call as a row of the table.
struct Row {
    at: String,
    shown_at: String,
    name: Shown,
    hint: String,
    person: Shown,
    tool: String,
    /// The class of the badge, and its word.
    outcome: (&'static str, &'static str),
    error: String,
    /// What a refused call would have needed.
    needed: String,
    duration: String,
    rows: String,
}

pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let member = match Member::of(&app, &mut parts).await {
        Ok(member) => member,
        Err(response) => return response,
    };
    let asked = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    match page(&app, &member, &asked).await {
        Ok(response) => response,
        Err(error) => unavailable(&error),
    }
}

async fn page(app: &App, member: &Member, asked: &Parameters) -> Result<Response, StoreError> {
    let (now, listings) = app.grants_seen_by(&member.visitor.user, &member.membership).await?;
    let (filter, mut refused) = filter(asked, &listings);
    let cursor = asked.value("before");
    let mut calls = Vec::new();
    let mut next = None;
    if refused.is_none() {
        let (user, membership) = (&member.visitor.user, &member.membership);
        match app.calls_seen_by(user, membership, filter.clone(), cursor).await? {
            Ok(found) => (calls, next) = found,
            Err(_) => {
                refused = Some(
                    "This address is not a page of the list with these filters. Start again from the newest calls.",
                )
            }
        }
    }
    let slug = &member.membership.slug;
    let sees_everything = member.membership.role.is_admin();
    let grant = filter.grant.as_deref();
    let (is_filtered, is_later) = (filter != CallFilter::default(), cursor.is_some());
    let page = ActivityPage {
        chrome: member.chrome(app, Place::Activity),
        slug: slug.clone(),
        refused,
        tools: tools(filter.tool.as_deref()),
        outcomes: outcomes(filter.outcome),
        grants: grants(now, &listings, grant, sees_everything),
        is_filtered,
        has_filters: is_filtered || is_later || refused.is_some() || !calls.is_empty(),
        is_later,
        sees_everything,
        days: DAYS_OF_CALLS,
        most: grouped(&CALLS_OF_WORKSPACE.to_string()),
        rows: calls.into_iter().map(Row::of).collect(),
        newest: address(slug, &filter, None),
        older: next.map(|cursor| address(slug, &filter, Some(&cursor))),
    };
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Ok(framed(status, &page))
}

/// What is asked for, without what cannot be, and why that cannot.
fn filter(asked: &Parameters, listings: &[GrantListing]) -> (CallFilter, Option<&'static str>) {
    let mut refused = None;
    let mut filter = CallFilter::default();
    if let Some(name) = asked.value("tool") {
        filter.tool = catalogue().tool(name).map(|tool| tool.name.clone());
        if filter.tool.is_none() {
            refused = Some("There is no tool of that name. Choose one of the list.");
        }
    }
    if let Some(word) = asked.value("outcome") {
        filter.outcome = CallOutcome::parse(word);
        if filter.outcome.is_none() {
            refused = Some("There is no such outcome. Choose one of the list.");
        }
    }
    if let Some(id) = asked.value("grant") {
        let is_listed = listings.iter().any(|listing| listing.grant.id == id);
        filter.grant = is_listed.then(|| id.to_owned());
        if filter.grant.is_none() {
            refused =
                Some("There is no such client or token here any more. Choose one of the list.");
        }
    }
    (filter, refused)
}

fn tools(chosen: Option<&str>) -> Vec<Choice> {
    let names = catalogue().tools.iter().map(|tool| tool.name.as_str());
    let choice = |name: &str| Choice {
        value: name.to_owned(),
        label: name.to_owned(),
        is_chosen: chosen == Some(name),
    };
    names.map(choice).collect()
}

fn outcomes(chosen: Option<CallOutcome>) -> Vec<Choice> {
    let choice = |outcome: CallOutcome| Choice {
        value: outcome.as_str().to_owned(),
        label: shown(outcome).1.to_owned(),
        is_chosen: chosen == Some(outcome),
    };
    CallOutcome::ALL.map(choice).into()
}

/// The clients and tokens that were used lately, and the chosen one.
fn grants(
    now: Timestamp,
    listings: &[GrantListing],
    chosen: Option<&str>,
    sees_everything: bool,
) -> Vec<Choice> {
    let since = now.plus_seconds(-86_400 * DAYS_OF_CALLS);
    let choice = |listing: &GrantListing| {
        let is_chosen = chosen == Some(listing.grant.id.as_str());
        let is_recent = listing.last_used_at.is_some_and(|used| used >= since);
        let mut label = Shown::of(&listing.grant.name).text().to_owned();
        if !listing.hint.is_empty() {
            label = format!("{label} ({}…)", listing.hint);
        }
        if sees_everything {
            label = format!("{label}, {}", Shown::of(&listing.user_email).text());
        }
        let value = listing.grant.id.clone();
        (is_recent || is_chosen).then_some(Choice { value, label, is_chosen })
    };
    listings.iter().filter_map(choice).collect()
}

/// The address of a page of the list.
fn address(slug: &str, filter: &CallFilter, cursor: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let parameters = [
        ("grant", filter.grant.as_deref()),
        ("tool", filter.tool.as_deref()),
        ("outcome", filter.outcome.map(CallOutcome::as_str)),
        ("before", cursor),
    ];
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/w/{slug}/mcp/activity{mark}{query}")
}

/// The class of an outcome's badge, and its word for people.
const fn shown(outcome: CallOutcome) -> (&'static str, &'static str) {
    match outcome {
        CallOutcome::Ok => ("good", "OK"),
        CallOutcome::Error => ("bad", "Error"),
        CallOutcome::Refused => ("warn", "Refused"),
        CallOutcome::Abandoned => ("", "Abandoned"),
    }
}

impl Row {
    fn of(call: RecordedCall) -> Self {
        let at = jiff::Timestamp::from_millisecond(call.at.0).unwrap_or_default();
        let needed = catalogue().tool(&call.tool).map(|tool| tool.scopes.to_string());
        let needed = needed.filter(|_| call.outcome == CallOutcome::Refused).unwrap_or_default();
        Self {
            at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            shown_at: at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            name: Shown::of(call.grant_name),
            hint: call.hint,
            person: Shown::of(call.user_email),
            tool: call.tool,
            outcome: shown(call.outcome),
            error: call.error,
            needed,
            duration: grouped(&call.duration_ms.to_string()),
            rows: call.rows.map_or_else(|| "–".to_owned(), |rows| grouped(&rows.to_string())),
        }
    }
}
