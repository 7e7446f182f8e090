//! The start page.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::chrome::{Chrome, Place, framed};
use super::{forms, sign_in_first, unavailable};
use crate::App;
use crate::app::Visitor;
use crate::authority::records::Membership;
use crate::store::StoreError;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    chrome: Chrome,
    workspaces: Vec<Membership>,
}

pub(super) async fn home(State(app): State<Arc<App>>, request: Request) -> Response {
    match look(&app, request, "/", Place::Home).await {
        Ok(Ok((chrome, workspaces))) => framed(StatusCode::OK, &HomePage { chrome, workspaces }),
        Ok(Err(response)) => response,
        Err(error) => unavailable(&error),
    }
}

/// The frame and the workspaces of a signed-in person; otherwise the way to sign in.
pub(super) async fn look(
    app: &App,
    request: Request,
    path: &str,
    place: Place,
) -> Result<Result<(Chrome, Vec<Membership>), Response>, StoreError> {
    let (parts, _) = request.into_parts();
    let cookie = forms::session_cookie(app, &parts);
    let Some(visitor): Option<Visitor> = app.visitor(cookie).await? else {
        return Ok(Err(sign_in_first(path)));
    };
    let workspaces = app.store.memberships(&visitor.user.id).await?;
    let chrome = Chrome::of(app, &visitor, cookie, workspaces.first(), &workspaces, place);
    Ok(Ok((chrome, workspaces)))
}
