//! Signing in and out.
//!
//! A browser without a session gets a cookie value of its own first, which is not stored and proves nothing; it ties the sign-in form to that browser.
//! Signing in always makes a new value, so one that somebody planted is worth nothing.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use zeroize::Zeroizing;

use super::{chrome, forged, forms, pages, sessions, sign_in_first, unavailable, unreadable};
use crate::App;
use crate::app::{Attempt, SignIn, Welcome};
use crate::authority::parameters::Parameters;
use crate::http::address::ClientAddress;
use crate::http::{cookie, form as read_form, header, html, retry_later, see_other};
use crate::secret::SessionSecret;
use crate::visible;

const FORM: &str = "sign-in";
/// The longest e-mail address that is kept in the form when it was wrong.
const LONGEST_EMAIL: usize = 254;
/// How long a browser is remembered as one that signed in to an account, in seconds.
const KNOWN_FOR: i64 = 366 * 86_400;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    return_to: &'a str,
    csrf: &'a str,
    /// What was typed before.
    email: &'a str,
    refused: Option<&'a str>,
    /// Whether an application's request comes next.
    is_asked: bool,
    has_passwords: bool,
    /// What the OpenID provider is called, when there is one.
    provider: Option<&'a str>,
    /// What the provider's button says besides.
    provider_query: String,
}

fn page(
    app: &App,
    status: StatusCode,
    return_to: &str,
    csrf: &str,
    (email, refused): (&str, Option<&str>),
) -> Response {
    let provider_query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    let page = SignInPage {
        return_to,
        csrf,
        email,
        refused,
        is_asked: return_to.starts_with("/oauth/authorize?"),
        has_passwords: app.config.has_passwords(),
        provider: app.config.oidc.as_ref().map(|oidc| oidc.name.as_str()),
        provider_query,
    };
    html(status, pages::render(&page))
}

pub(super) async fn form(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let return_to = forms::own_path(query.value("return_to"));
    match app.visitor(forms::session_cookie(&app, &parts)).await {
        Ok(Some(_)) => return see_other(return_to),
        Ok(None) => {}
        Err(error) => return unavailable(&error),
    }
    with_anonymous(&app, &parts, |cookie| {
        let csrf = forms::token(&app, Some(cookie), FORM);
        page(&app, StatusCode::OK, return_to, &csrf, ("", None))
    })
}

/// A page with a form for a browser that may have no cookie yet.
pub(super) fn with_anonymous(
    app: &App,
    parts: &Parts,
    page: impl FnOnce(&str) -> Response,
) -> Response {
    let presented =
        forms::session_cookie(app, parts).filter(|value| SessionSecret::parse(value).is_some());
    if let Some(presented) = presented {
        return page(presented);
    }
    let anonymous = SessionSecret::mint(&*app.entropy);
    with_cookie(page(anonymous.expose()), &forms::set_cookie(app, &anonymous, None))
}

pub(super) async fn submit(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, form) = match read_form(request).await {
        Ok(read) => read,
        Err(error) => return unreadable(error),
    };
    if !forms::is_genuine(&app, &parts, &form, FORM) {
        return forged();
    }
    let return_to = forms::own_path(form.value("return_to"));
    let attempt = Attempt {
        email: form.value("email").unwrap_or_default(),
        password: Zeroizing::new(form.value("password").unwrap_or_default().to_owned()),
        address: ClientAddress::of(&parts),
        known: cookie(&parts, known_cookie(&app)),
        label: &sessions::label(header(&parts, &USER_AGENT)),
    };
    let refused = |status, why: &str| {
        let csrf = forms::token(&app, forms::session_cookie(&app, &parts), FORM);
        let typed = visible::line(form.value("email").unwrap_or_default(), LONGEST_EMAIL);
        page(&app, status, return_to, &csrf, (&typed, Some(why)))
    };
    match app.attempt(attempt).await {
        Ok(SignIn::Welcome(welcome)) => welcome_to(&app, &welcome, return_to),
        Ok(SignIn::Wrong) => {
            refused(StatusCode::UNAUTHORIZED, "The e-mail address or the password is wrong.")
        }
        Ok(SignIn::TooOften { seconds }) => {
            let why = format!("There were too many attempts. Try again {}.", in_time(seconds));
            let page = refused(StatusCode::TOO_MANY_REQUESTS, &why);
            retry_later(page, u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        Err(error) => unavailable(&error),
    }
}

/// A wait in words.
pub(super) fn in_time(seconds: i64) -> String {
    match seconds {
        ..=1 => "in a second".to_owned(),
        2..=90 => format!("in {seconds} seconds"),
        _ => format!("in {} minutes", (seconds + 59) / 60),
    }
}

/// The answer to a sign-in that succeeded.
pub(super) fn welcome_to(app: &App, welcome: &Welcome, place: &str) -> Response {
    let age = Some(app.config.lifetimes.session_absolute);
    let response = with_cookie(see_other(place), &forms::set_cookie(app, &welcome.session, age));
    with_cookie(
        response,
        &format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax{}; Max-Age={KNOWN_FOR}",
            known_cookie(app),
            welcome.known,
            forms::secure(app)
        ),
    )
}

const fn known_cookie(app: &App) -> &'static str {
    if app.config.public_url.is_https { "__Host-known" } else { "known" }
}

pub(super) async fn sign_out(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, form) = match read_form(request).await {
        Ok(read) => read,
        Err(error) => return unreadable(error),
    };
    if !forms::is_genuine(&app, &parts, &form, chrome::SIGN_OUT_FORM) {
        return forged();
    }
    let ended = match app.visitor(forms::session_cookie(&app, &parts)).await {
        Ok(Some(visitor)) => app.sign_out(&visitor.session).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    let next = match form.value("return_to") {
        Some(path) => sign_in_first(forms::own_path(Some(path))),
        None => see_other("/sign-in"),
    };
    match ended {
        Ok(()) => with_cookie(next, &forms::clear_cookie(&app)),
        Err(error) => unavailable(&error),
    }
}

/// The response with one more cookie.
pub(super) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
