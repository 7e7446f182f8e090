//! Choosing a password with a setup link.
//!
//! The address with the secret is left at once: it moves to a cookie that lasts as long as choosing takes, so the address bar, the history and what is
//! linked from the page have only `/setup`. Opening a link spends nothing, because programs that look into mail open links too.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::response::Response;
use zeroize::Zeroizing;

use super::sign_in::{welcome_to, with_anonymous, with_cookie};
use super::{forged, forms, pages, sessions, unavailable, unreadable};
use crate::App;
use crate::app::SetupRefusal;
use crate::http::{cookie, form as read_form, header, html, see_other};
use crate::secret::SetupSecret;
use crate::store::StoreError;

const FORM: &str = "setup";
/// Seconds that the cookie lasts.
const CHOOSING: i64 = 900;

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage<'a> {
    email: &'a str,
    ends: String,
    csrf: &'a str,
    refused: Option<&'a str>,
}

const fn cookie_name(app: &App) -> &'static str {
    if app.config.public_url.is_https { "__Host-setup" } else { "setup" }
}

fn set_cookie(app: &App, secret: &str, seconds: i64) -> String {
    let name = cookie_name(app);
    format!(
        "{name}={secret}; Path=/; HttpOnly; SameSite=Lax{}; Max-Age={seconds}",
        forms::secure(app)
    )
}

/// The same answer for every link that is no good: it tells nobody whether there was one.
fn dead(app: &App) -> Response {
    let page = pages::error(
        StatusCode::NOT_FOUND,
        "This link does not work any more",
        "A setup link works once and for a short time. Ask an administrator for a new one: lookout-server user setup-link, with your e-mail address.",
    );
    with_cookie(page, &set_cookie(app, "", 0))
}

pub(super) async fn arrive(State(app): State<Arc<App>>, Path(secret): Path<String>) -> Response {
    match SetupSecret::parse(&secret) {
        Some(secret) => {
            with_cookie(see_other("/setup"), &set_cookie(&app, secret.expose(), CHOOSING))
        }
        None => dead(&app),
    }
}

pub(super) async fn form(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match page(&app, &parts, None).await {
        Ok(response) => response,
        Err(error) => unavailable(&error),
    }
}

async fn page(app: &App, parts: &Parts, refused: Option<&str>) -> Result<Response, StoreError> {
    let presented = cookie(parts, cookie_name(app)).unwrap_or_default();
    let Some((link, user)) = app.setup_link(presented).await? else { return Ok(dead(app)) };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(with_anonymous(app, parts, |session| {
        let page = SetupPage {
            email: &user.email,
            ends: pages::moment(Some(link.expires_at), ""),
            csrf: &forms::token(app, Some(session), FORM),
            refused,
        };
        html(status, pages::render(&page))
    }))
}

pub(super) async fn submit(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, form) = match read_form(request).await {
        Ok(read) => read,
        Err(error) => return unreadable(error),
    };
    if !forms::is_genuine(&app, &parts, &form, FORM) {
        return forged();
    }
    let presented = cookie(&parts, cookie_name(&app)).unwrap_or_default();
    let password = Zeroizing::new(form.value("password").unwrap_or_default().to_owned());
    let answer = if form.value("again") == Some(password.as_str()) {
        let label = sessions::label(header(&parts, &USER_AGENT));
        match app.set_up(presented, password, &label).await {
            Ok(welcome) => {
                return with_cookie(welcome_to(&app, &welcome, "/"), &set_cookie(&app, "", 0));
            }
            Err(SetupRefusal::Dead) => return dead(&app),
            Err(SetupRefusal::Store(error)) => Err(error),
            Err(SetupRefusal::Unsuitable(why)) => {
                page(&app, &parts, Some(&sentence(&why.to_string()))).await
            }
        }
    } else {
        page(&app, &parts, Some("The two passwords differ. Type the same one twice.")).await
    };
    answer.unwrap_or_else(|error| unavailable(&error))
}

/// A reason as a sentence.
pub(super) fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
