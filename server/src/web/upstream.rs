//! Signing in through the OpenID provider: the way there, the way back, and linking.
//!
//! A cookie of its own ties both ways to one browser. It proves nothing else, and may serve several sign-ins at once.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use zeroize::Zeroizing;

use super::sessions::{self, submitting};
use super::sign_in::{in_time, welcome_to, with_cookie};
use super::{account, forms, pages, sign_in_first, unavailable};
use crate::App;
use crate::app::upstream::{Outcome, Return, UpstreamError};
use crate::authority::parameters::Parameters;
use crate::authority::upstream::{Identity, PATIENCE, UpstreamRefusal};
use crate::http::address::ClientAddress;
use crate::http::{cookie, header, html, retry_later, see_other};
use crate::secret::SessionSecret;
use crate::upstream::RETURN;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in/oidc", get(leave))
        .route(RETURN, get(come_back))
        .route("/account/oidc/link", post(link))
        .route("/account/oidc/unlink", post(unlink))
}

#[derive(Template)]
#[template(path = "provider.html")]
struct LinkPage<'a> {
    provider: &'a str,
    email: &'a str,
    location: &'a str,
}

/// The way to the provider.
async fn leave(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let return_to = forms::own_path(query.value("return_to"));
    let Some(upstream) = &app.upstream else { return sign_in_first(return_to) };
    // No other site sends people there: they look at the sign-in page first.
    let site = header(&parts, &HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return sign_in_first(return_to);
    }
    match app.visitor(forms::session_cookie(&app, &parts)).await {
        Ok(Some(_)) => return see_other(return_to),
        Ok(None) => {}
        Err(error) => return unavailable(&error),
    }
    let browser = Browser::of(&app, &parts);
    let address = ClientAddress::of(&parts);
    match app.begin_upstream(upstream, &browser.0, return_to, None, address).await {
        Ok(location) => browser.keep(&app, see_other(&location)),
        Err(error) => refused(&app, error),
    }
}

/// The way back.
async fn come_back(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let Some(upstream) = &app.upstream else { return sign_in_first("/") };
    let visitor = match app.visitor(forms::session_cookie(&app, &parts)).await {
        Ok(visitor) => visitor,
        Err(error) => return unavailable(&error),
    };
    if query.repeated().is_some() {
        return refused(&app, UpstreamError::Refused(UpstreamRefusal::Unknown));
    }
    let back = Return {
        state: query.value("state").unwrap_or_default(),
        code: query.value("code").filter(|_| query.value("error").is_none()),
        issuer: query.value("iss"),
        browser: cookie(&parts, browser_cookie(&app)).unwrap_or_default(),
        visitor: visitor.as_ref(),
        address: ClientAddress::of(&parts),
        label: &sessions::label(header(&parts, &USER_AGENT)),
    };
    match app.finish_upstream(upstream, back).await {
        Ok(Outcome::SignedIn { welcome, return_to }) => {
            welcome_to(&app, &welcome, forms::own_path(Some(&return_to)))
        }
        Ok(Outcome::Linked) => see_other("/account?linked"),
        Err(error) => refused(&app, error),
    }
}

async fn link(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (browser, address) = (Browser::of(&app, &parts), ClientAddress::of(&parts));
    let request = Request::from_parts(parts, body);
    let (visitor, session, form) = match submitting(&app, request, account::LINK).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let Some(upstream) = &app.upstream else { return see_other(account::PATH) };
    // A link is a way in that outlives the session, so the session alone does not make one.
    let current = Zeroizing::new(form.value("current").unwrap_or_default().to_owned());
    if let Err(refusal) = app.confirm(&visitor, current).await {
        return account::refused(&app, &visitor, &session, refusal).await;
    }
    let begun =
        app.begin_upstream(upstream, &browser.0, account::PATH, Some(&visitor), address).await;
    match begun {
        // A form of this server leads nowhere else, so the last step is a link.
        Ok(location) => {
            let page = LinkPage {
                provider: provider(&app),
                email: &visitor.user.email,
                location: &location,
            };
            browser.keep(&app, html(StatusCode::OK, pages::render(&page)))
        }
        Err(error) => refused(&app, error),
    }
}

async fn unlink(State(app): State<Arc<App>>, request: Request) -> Response {
    let (visitor, cookie, form) = match submitting(&app, request, account::UNLINK).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let identity = Identity {
        issuer: app.config.oidc.as_ref().map(|oidc| oidc.issuer.clone()).unwrap_or_default(),
        subject: form.value("subject").unwrap_or_default().to_owned(),
    };
    match app.unlink_own_identity(&visitor, &identity).await {
        Ok(Ok(())) => see_other(account::PATH),
        Ok(Err(_)) => {
            let why = "Nothing was changed: without the link you could not sign in any more. Choose a password first, or ask an administrator.";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let outcome = account::Outcome { status, done: None, refused: Some(why) };
            account::page(&app, &visitor, &cookie, &outcome).await
        }
        Err(error) => unavailable(&error),
    }
}

/// What ties the way back to the way there.
struct Browser(String);

impl Browser {
    fn of(app: &App, parts: &Parts) -> Self {
        let presented =
            cookie(parts, browser_cookie(app)).filter(|text| SessionSecret::parse(text).is_some());
        Self(match presented {
            Some(presented) => presented.to_owned(),
            None => SessionSecret::mint(&*app.entropy).expose().to_owned(),
        })
    }

    fn keep(&self, app: &App, response: Response) -> Response {
        let (name, secure) = (browser_cookie(app), forms::secure(app));
        let text = &self.0;
        with_cookie(
            response,
            &format!("{name}={text}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={PATIENCE}"),
        )
    }
}

const fn browser_cookie(app: &App) -> &'static str {
    if app.config.public_url.is_https { "__Host-upstream" } else { "upstream" }
}

fn provider(app: &App) -> &str {
    app.config.oidc.as_ref().map_or("the provider", |oidc| oidc.name.as_str())
}

/// The page that says why, and what to do.
fn refused(app: &App, error: UpstreamError) -> Response {
    let provider = provider(app);
    let other_way = if app.config.has_passwords() {
        "sign in with your password"
    } else {
        "ask an administrator"
    };
    let refusal = match error {
        UpstreamError::Store(error) => return unavailable(&error),
        UpstreamError::TooOften { seconds } => {
            let hint = format!("Try again {}.", in_time(seconds));
            let page =
                pages::error(StatusCode::TOO_MANY_REQUESTS, "There were too many attempts", &hint);
            return retry_later(page, u32::try_from(seconds).unwrap_or(u32::MAX));
        }
        UpstreamError::Outage => {
            let hint = format!(
                "Sign-in with {provider} does not work at the moment. Try again in a minute, or {other_way}."
            );
            let title = format!("{provider} does not answer");
            return retry_later(pages::error(StatusCode::SERVICE_UNAVAILABLE, &title, &hint), 60);
        }
        UpstreamError::Refused(refusal) => refusal,
    };
    let again = "Start again from the sign-in page.";
    let (status, title, hint) = match refusal {
        UpstreamRefusal::Unknown => (
            StatusCode::BAD_REQUEST,
            "This sign-in is over",
            format!("It was finished already, took longer than ten minutes, or did not begin here. {again}"),
        ),
        UpstreamRefusal::OtherBrowser => (
            StatusCode::BAD_REQUEST,
            "This sign-in began in another browser",
            format!("Cookies must be allowed, and the browser must stay the same. If you did not begin it, close this page. {again}"),
        ),
        UpstreamRefusal::OtherIssuer | UpstreamRefusal::Unproven(_) => (
            StatusCode::FORBIDDEN,
            "The answer could not be verified",
            format!("What {provider} sent does not prove who you are, so nobody was signed in. {again} If it happens again, tell an administrator: the audit log says why."),
        ),
        UpstreamRefusal::Denied => (
            StatusCode::FORBIDDEN,
            "You were not signed in",
            format!("{provider} ended the sign-in, perhaps because you declined. Start again from the sign-in page, or {other_way}."),
        ),
        UpstreamRefusal::Unlinked => {
            let hint = if app.config.has_passwords() {
                format!("Sign in with your password and link your account on the page Your account, or ask an administrator to link it: your e-mail address at {provider} alone links nothing.")
            } else {
                format!("Ask an administrator to link your account: your e-mail address at {provider} alone links nothing.")
            };
            (StatusCode::FORBIDDEN, "No account here is linked to you", hint)
        }
        UpstreamRefusal::Disabled => (
            StatusCode::FORBIDDEN,
            "This account is disabled",
            "Ask an administrator.".to_owned(),
        ),
        UpstreamRefusal::Taken => (
            StatusCode::CONFLICT,
            "This account is linked already",
            format!("Somebody else here signs in with it. Choose another account at {provider}, or ask an administrator."),
        ),
        UpstreamRefusal::OtherPerson => (
            StatusCode::FORBIDDEN,
            "Nothing was linked",
            "The person who began to link is not signed in here any more. Sign in and start again from the page Your account.".to_owned(),
        ),
        UpstreamRefusal::OnlyWayIn => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nothing was changed",
            "It is the only way to sign in to the account.".to_owned(),
        ),
    };
    pages::error(status, title, &hint)
}
