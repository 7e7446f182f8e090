//! What a token is, for whoever holds it: whether it works, what it may do, and why not.
//!
//! The page never shows what was pasted. A token of somebody else, or of another workspace, is answered like one that does not exist.

use std::sync::Arc;

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::Scope;

use super::chrome::{Chrome, Place, framed};
use super::workspace::Member;
use super::{pages, unavailable};
use crate::App;
use crate::app::{Examined, Fate, describe};
use crate::audit::{Event, What};
use crate::authority::Resource;
use crate::authority::records::GrantKind;
use crate::gate;
use crate::http::address::ClientAddress;
use crate::http::rates::TooOften;
use crate::http::retry_later;
use crate::secret::SecretKind;

pub(super) const TEST: &str = "test token";

#[derive(Template)]
#[template(path = "test_token.html")]
struct TestPage<'a> {
    chrome: Chrome,
    slug: &'a str,
    csrf: String,
    is_admin: bool,
    answer: Option<Answer>,
}

struct Answer {
    tone: &'static str,
    title: &'static str,
    hint: String,
    about: Option<About>,
}

struct About {
    is_token: bool,
    name: String,
    person: String,
    scopes: Vec<Scope>,
    created: Safe<String>,
    expires: Safe<String>,
    places: Vec<At>,
}

/// What the token may do at one address.
struct At {
    address: String,
    /// The tools that are listed there; `None` when the token is not valid there.
    tools: Option<Vec<&'static str>>,
}

pub(super) async fn form(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match Member::of(&app, &mut parts).await {
        Ok(member) => page(&app, &member, StatusCode::OK, None),
        Err(response) => response,
    }
}

fn page(app: &App, member: &Member, status: StatusCode, answer: Option<Answer>) -> Response {
    let page = TestPage {
        chrome: member.chrome(app, Place::Tokens),
        slug: &member.membership.slug,
        csrf: member.form_token(app, TEST),
        is_admin: member.is_admin(),
        answer,
    };
    framed(status, &page)
}

pub(super) async fn test(State(app): State<Arc<App>>, request: Request) -> Response {
    let from = ClientAddress::in_extensions(request.extensions());
    let (member, form) = match Member::submitting(&app, request, TEST).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let typed = form.value("token").unwrap_or_default().trim();
    // People copy the whole header.
    let presented = typed.strip_prefix("Bearer ").unwrap_or(typed).trim();
    if presented.is_empty() {
        let answer = Answer {
            tone: "bad",
            title: "There is nothing to test",
            hint: "Paste a token into the field.".to_owned(),
            about: None,
        };
        return page(&app, &member, StatusCode::UNPROCESSABLE_ENTITY, Some(answer));
    }
    let (user, membership) = (&member.visitor.user, &member.membership);
    let examined = match app.rates.look_up(from).await {
        Ok(_turn) => app.examine(presented, user, membership).await,
        Err(too_often) => return slow_down(too_often),
    };
    let examined = match examined {
        Ok(examined) => examined,
        Err(error) => return unavailable(&error),
    };
    if examined.as_ref().is_none_or(|examined| examined.fate != Fate::Works) {
        let event = Event::refused(What::Bearer, "invalid_token").detail("tested on the page");
        app.audit(event.user(&user.id).workspace(&membership.workspace_id)).await;
        if let Err(too_often) = app.rates.failed_token(from) {
            return slow_down(too_often);
        }
    }
    let answer = match examined {
        Some(examined) => known(&app, examined),
        None => unknown(presented),
    };
    page(&app, &member, StatusCode::OK, Some(answer))
}

fn slow_down(TooOften { seconds }: TooOften) -> Response {
    let hint = "Too many tokens that your network presented do not work. Wait a minute and test again: this one was not looked at.";
    let page = pages::error(StatusCode::TOO_MANY_REQUESTS, "Too many attempts", hint);
    retry_later(page, seconds)
}

/// The answer about what is no token here. What it says beyond that follows from the text alone.
fn unknown(presented: &str) -> Answer {
    let hint = match SecretKind::of(presented) {
        Some(SecretKind::Access | SecretKind::Programmatic) => {
            "No token that you may see in this workspace is this one. It may belong to somebody else, to another workspace or to another deployment, or have ended so long ago that it is forgotten.".to_owned()
        }
        Some(kind) => format!(
            "This is a {}, which no tool can present. Tokens that you make here begin with lkmcp_.",
            describe(kind)
        ),
        None => "No token of Lookout looks like this. Copy the whole of it: a token that you made here begins with lkmcp_.".to_owned(),
    };
    Answer { tone: "bad", title: "This token is unknown", hint, about: None }
}

fn known(app: &App, examined: Examined) -> Answer {
    let Examined { fate, grant, user, expires_at, callers } = examined;
    let (tone, title, hint) = match fate {
        Fate::Works => ("good", "This token works", "This test does not count as a use of it."),
        Fate::Revoked => (
            "bad",
            "This token was revoked",
            "It has no access any more. Create another one if something still needs it.",
        ),
        Fate::Expired => (
            "bad",
            "This token has expired",
            "It has no access any more. Create another one if something still needs it.",
        ),
        Fate::Suspended => (
            "bad",
            "This token does not work now",
            "The account of its person is disabled, they are no member of the workspace any more, or its application was removed.",
        ),
    };
    let tools = |resource: Resource| {
        let (_, caller) = callers.iter().find(|(at, _)| *at == resource)?;
        let listed = gate::listed(app, caller.scopes, resource);
        Some(listed.map(|entry| entry.name.as_str()).collect())
    };
    let places = Resource::ALL.iter().map(|&resource| At {
        address: app.authority.issuer.join(resource.path()),
        tools: tools(resource),
    });
    let about = About {
        is_token: grant.kind == GrantKind::Programmatic,
        name: grant.name.clone(),
        person: user.email,
        scopes: grant.scopes.iter().collect(),
        created: pages::time(Some(grant.created_at), "never"),
        expires: pages::time(expires_at, "never"),
        places: if fate == Fate::Works { places.collect() } else { Vec::new() },
    };
    Answer { tone, title, hint: hint.to_owned(), about: Some(about) }
}
