//! Ending sessions, and what they are called in the list.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::{account, forged, forms, unavailable, unreadable};
use crate::App;
use crate::app::Visitor;
use crate::authority::parameters::Parameters;
use crate::http::{form as read_form, see_other};

pub(super) const END: &str = "end session";
pub(super) const END_OTHERS: &str = "end other sessions";

/// The signed-in person who sent the genuine form `name`, or what to answer instead.
pub(super) async fn submitting(
    app: &App,
    request: Request,
    name: &str,
) -> Result<(Visitor, String, Parameters), Response> {
    let (parts, form) = read_form(request).await.map_err(unreadable)?;
    if !forms::is_genuine(app, &parts, &form, name) {
        return Err(forged());
    }
    let cookie = forms::session_cookie(app, &parts).unwrap_or_default().to_owned();
    match app.visitor(Some(&cookie)).await {
        Ok(Some(visitor)) => Ok((visitor, cookie, form)),
        Ok(None) => Err(super::sign_in_first(account::PATH)),
        Err(error) => Err(unavailable(&error)),
    }
}

pub(super) async fn end(State(app): State<Arc<App>>, request: Request) -> Response {
    let (visitor, _, form) = match submitting(&app, request, END).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    match app.end_session(&visitor.user, form.value("session").unwrap_or_default()).await {
        Ok(()) => see_other(account::PATH),
        Err(error) => unavailable(&error),
    }
}

pub(super) async fn end_others(State(app): State<Arc<App>>, request: Request) -> Response {
    let visitor = match submitting(&app, request, END_OTHERS).await {
        Ok((visitor, ..)) => visitor,
        Err(response) => return response,
    };
    match app.end_other_sessions(&visitor).await {
        Ok(()) => see_other(account::PATH),
        Err(error) => unavailable(&error),
    }
}

/// What a browser is called: its family and system, both words of this server's own.
pub(super) fn label(user_agent: Option<&str>) -> String {
    let Some(agent) = user_agent else { return "Unknown browser".to_owned() };
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)
    };
    // Most browsers name others too, so the order matters.
    let family = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Chromium/", "Chromium"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    let family = family.unwrap_or("Unknown browser");
    system.map_or_else(|| family.to_owned(), |system| format!("{family} on {system}"))
}
