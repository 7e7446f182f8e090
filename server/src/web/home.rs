//! The start page and the integrations settings.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::chrome::{Chrome, Place};
use super::{forms, pages, sign_in_first, unavailable};
use crate::App;
use crate::app::Visitor;
use crate::authority::records::Membership;
use crate::store::StoreError;

pub(super) async fn home(State(app): State<Arc<App>>, request: Request) -> Response {
    match look(&app, request, "/", Place::Home).await {
        Ok(Ok((chrome, workspaces))) => pages::home(chrome, &workspaces),
        Ok(Err(response)) => response,
        Err(error) => unavailable(&error),
    }
}

pub(super) async fn integrations(State(app): State<Arc<App>>, request: Request) -> Response {
    match look(&app, request, "/settings/integrations", Place::Integrations).await {
        Ok(Ok((chrome, workspaces))) => {
            pages::integrations(chrome, &workspaces, &app.authority.issuer.join("/mcp"))
        }
        Ok(Err(response)) => response,
        Err(error) => unavailable(&error),
    }
}

/// The frame and the workspaces of a signed-in person; otherwise the way to sign in.
async fn look(
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
