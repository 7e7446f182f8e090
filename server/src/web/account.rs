//! A person's own account: password, sessions, and what they gave access to.

use std::sync::Arc;

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use zeroize::Zeroizing;

use super::chrome::{Chrome, Place, framed};
use super::sessions::{self, submitting};
use super::setup::sentence;
use super::sign_in::in_time;
use super::{forms, pages, sign_in_first, unavailable};
use crate::App;
use crate::app::{ChangeRefusal, Visitor};
use crate::authority::records::GrantKind;
use crate::http::retry_later;
use crate::store::StoreError;

pub(super) const PATH: &str = "/account";
const PASSWORD: &str = "change password";
/// The form that links the account with the OpenID provider.
pub(super) const LINK: &str = "link provider";
/// The form that ends that.
pub(super) const UNLINK: &str = "unlink provider";

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    chrome: Chrome,
    name: &'a str,
    email: &'a str,
    done: Option<&'a str>,
    refused: Option<&'a str>,
    has_passwords: bool,
    /// What the OpenID provider is called, when there is one.
    provider: Option<&'a str>,
    /// Who the person is there.
    subjects: Vec<String>,
    /// Whether linking asks for the password.
    asks_password: bool,
    link_csrf: String,
    unlink_csrf: String,
    sessions: Vec<SessionRow>,
    access: Vec<Access>,
    password_csrf: String,
    end_csrf: String,
    others_csrf: String,
}

struct SessionRow {
    id: String,
    label: String,
    /// When it began, for the name of its button.
    created: String,
    began: Safe<String>,
    seen: Safe<String>,
    ends: Safe<String>,
    is_this: bool,
}

/// What somebody else uses in a person's name, in one workspace.
struct Access {
    workspace: String,
    slug: String,
    tokens: usize,
    clients: usize,
}

/// What a form of the page came to.
#[derive(Default)]
pub(super) struct Outcome<'a> {
    pub(super) status: StatusCode,
    pub(super) done: Option<&'a str>,
    pub(super) refused: Option<&'a str>,
}

pub(super) async fn show(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let cookie = forms::session_cookie(&app, &parts).unwrap_or_default();
    let visitor = match app.visitor(Some(cookie)).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return sign_in_first(PATH),
        Err(error) => return unavailable(&error),
    };
    let done = (parts.uri.query() == Some("linked"))
        .then_some("Your account is linked: you can sign in through the provider now.");
    page(&app, &visitor, cookie, &Outcome { done, ..Outcome::default() }).await
}

pub(super) async fn page(
    app: &App,
    visitor: &Visitor,
    cookie: &str,
    outcome: &Outcome<'_>,
) -> Response {
    match render(app, visitor, cookie, outcome).await {
        Ok(response) => response,
        Err(error) => unavailable(&error),
    }
}

async fn render(
    app: &App,
    visitor: &Visitor,
    cookie: &str,
    outcome: &Outcome<'_>,
) -> Result<Response, StoreError> {
    let user = &visitor.user;
    let token = |name| forms::token(app, Some(cookie), name);
    let workspaces = app.store.memberships(&user.id).await?;
    let mut access = Vec::new();
    for membership in workspaces.iter().filter(|_| app.config.external_access) {
        let (now, listings) = app.store.grants(&membership.workspace_id).await?;
        let mut counts = (0, 0);
        for grant in listings.iter().map(|listing| &listing.grant) {
            let is_live = grant.revoked_at.is_none() && grant.expires_at.is_none_or(|at| now < at);
            match grant.kind {
                GrantKind::Programmatic if is_live && grant.user_id == user.id => counts.0 += 1,
                GrantKind::OAuth if is_live && grant.user_id == user.id => counts.1 += 1,
                _ => {}
            }
        }
        if counts != (0, 0) {
            access.push(Access {
                workspace: membership.workspace_name.clone(),
                slug: membership.slug.clone(),
                tokens: counts.0,
                clients: counts.1,
            });
        }
    }
    let rows = app.live_sessions(user).await?.into_iter().map(|session| SessionRow {
        is_this: session.digest == visitor.session.digest,
        created: pages::moment(Some(session.created_at), ""),
        began: pages::time(Some(session.created_at), ""),
        seen: pages::time(Some(session.seen_at), ""),
        ends: pages::time(Some(app.session_ends(&session)), ""),
        label: if session.label.is_empty() { "Unknown browser".to_owned() } else { session.label },
        id: session.id,
    });
    let oidc = app.config.oidc.as_ref();
    let mut subjects = Vec::new();
    if let Some(oidc) = oidc {
        let mut identities = app.store.identities(&user.id).await?;
        identities.retain(|identity| identity.issuer == oidc.issuer);
        subjects.extend(identities.into_iter().map(|identity| identity.subject));
    }
    let page = AccountPage {
        has_passwords: app.config.has_passwords(),
        provider: oidc.map(|oidc| oidc.name.as_str()),
        subjects,
        asks_password: oidc.is_some() && app.has_password(user).await?,
        link_csrf: token(LINK),
        unlink_csrf: token(UNLINK),
        chrome: Chrome::of(
            app,
            visitor,
            Some(cookie),
            workspaces.first(),
            &workspaces,
            Place::Account,
        ),
        name: &user.display_name,
        email: &user.email,
        done: outcome.done,
        refused: outcome.refused,
        sessions: rows.collect(),
        access,
        password_csrf: token(PASSWORD),
        end_csrf: token(sessions::END),
        others_csrf: token(sessions::END_OTHERS),
    };
    Ok(framed(outcome.status, &page))
}

pub(super) async fn change_password(State(app): State<Arc<App>>, request: Request) -> Response {
    let (visitor, cookie, form) = match submitting(&app, request, PASSWORD).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let password = |name| Zeroizing::new(form.value(name).unwrap_or_default().to_owned());
    let unlink = form.value("unlink").is_some();
    match app.change_password(&visitor, password("current"), password("new"), unlink).await {
        Ok(()) => {
            let done = "Your password is changed, and you are signed out everywhere else. What you gave access to lives on: see below.";
            let outcome = Outcome { done: Some(done), ..Outcome::default() };
            page(&app, &visitor, &cookie, &outcome).await
        }
        Err(why) => refused(&app, &visitor, &cookie, why).await,
    }
}

/// The page that says why a person was not believed, or what else there is to do.
pub(super) async fn refused(
    app: &App,
    visitor: &Visitor,
    cookie: &str,
    refusal: ChangeRefusal,
) -> Response {
    let (status, why, wait) = match refusal {
        ChangeRefusal::Store(error) => return unavailable(&error),
        ChangeRefusal::TooOften { seconds } => {
            let why = format!("There were too many attempts. Try again {}.", in_time(seconds));
            (StatusCode::TOO_MANY_REQUESTS, why, Some(seconds))
        }
        why => (StatusCode::UNPROCESSABLE_ENTITY, sentence(&why.to_string()), None),
    };
    let outcome = Outcome { status, done: None, refused: Some(&why) };
    let page = page(app, visitor, cookie, &outcome).await;
    match wait {
        Some(seconds) => retry_later(page, u32::try_from(seconds).unwrap_or(u32::MAX)),
        None => page,
    }
}
