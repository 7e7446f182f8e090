//! Signing in and out.
//!
//! A browser without a session gets a cookie value of its own first, which is not stored and proves nothing; it ties the sign-in form to that browser.
//! Signing in always makes a new value, so one that somebody planted is worth nothing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use zeroize::Zeroizing;

use super::{forged, forms, pages, unavailable, unreadable};
use crate::App;
use crate::authority::parameters::Parameters;
use crate::http::{form as read_form, see_other};
use crate::secret::SessionSecret;

const FORM: &str = "sign-in";

pub(super) async fn form(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let return_to = forms::own_path(query.value("return_to"));
    let presented =
        forms::session_cookie(&app, &parts).filter(|value| SessionSecret::parse(value).is_some());
    match app.visitor(presented).await {
        Ok(Some(_)) => return see_other(return_to),
        Ok(None) => {}
        Err(error) => return unavailable(&error),
    }
    let Some(presented) = presented else {
        let anonymous = SessionSecret::mint(&*app.entropy);
        let csrf = forms::token(&app, Some(anonymous.expose()), FORM);
        let page = pages::sign_in(StatusCode::OK, return_to, &csrf, None);
        return with_cookie(page, &forms::set_cookie(&app, &anonymous, None));
    };
    pages::sign_in(StatusCode::OK, return_to, &forms::token(&app, Some(presented), FORM), None)
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
    let email = form.value("email").unwrap_or_default();
    let password = Zeroizing::new(form.value("password").unwrap_or_default().to_owned());
    match app.sign_in(email, password).await {
        Ok(Some(secret)) => {
            let age = Some(app.config.lifetimes.session_absolute);
            with_cookie(see_other(return_to), &forms::set_cookie(&app, &secret, age))
        }
        Ok(None) => {
            let csrf = forms::token(&app, forms::session_cookie(&app, &parts), FORM);
            let why = "The e-mail address or the password is wrong.";
            pages::sign_in(StatusCode::UNAUTHORIZED, return_to, &csrf, Some(why))
        }
        Err(error) => unavailable(&error),
    }
}

pub(super) async fn sign_out(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, form) = match read_form(request).await {
        Ok(read) => read,
        Err(error) => return unreadable(error),
    };
    if !forms::is_genuine(&app, &parts, &form, pages::SIGN_OUT_FORM) {
        return forged();
    }
    let ended = match app.visitor(forms::session_cookie(&app, &parts)).await {
        Ok(Some(visitor)) => app.sign_out(&visitor.session).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => with_cookie(see_other("/sign-in"), &forms::clear_cookie(&app)),
        Err(error) => unavailable(&error),
    }
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}
