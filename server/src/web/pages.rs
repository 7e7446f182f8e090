//! The pages as templates. What a page shows is decided before it gets here.

use askama::Template;
use askama::filters::Safe;
use axum::http::StatusCode;
use axum::response::Response;

use crate::authority::Timestamp;
use crate::http::html;

/// A page is text put together in memory, so writing it cannot fail.
pub(super) fn render(template: &impl Template) -> String {
    template.render().expect("a template that was compiled renders into memory")
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    hint: &'a str,
}

/// A page that says what went wrong and what to do.
pub(crate) fn error(status: StatusCode, title: &str, hint: &str) -> Response {
    html(status, render(&ErrorPage { title, hint }))
}

pub(super) fn no_such_grant() -> Response {
    let hint =
        "It may have been revoked already, or it belongs to somebody else. Nothing was changed.";
    error(StatusCode::NOT_FOUND, "There is nothing to revoke here", hint)
}

pub(super) fn moment(at: Option<Timestamp>, otherwise: &str) -> String {
    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
    at.map_or_else(|| otherwise.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A time as an element of a page, or what is said when there is none.
pub(super) fn time(at: Option<Timestamp>, otherwise: &'static str) -> Safe<String> {
    let shown = moment(at, otherwise);
    let machine = at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
    Safe(machine.map_or_else(
        || shown.clone(),
        |at| format!("<time datetime=\"{}\">{shown}</time>", at.strftime("%Y-%m-%dT%H:%MZ")),
    ))
}
