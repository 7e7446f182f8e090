//! Who looks at a page of a workspace.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::response::Response;

use super::chrome::{Chrome, Place};
use super::{forged, forms, pages, sign_in_first, unavailable, unreadable};
use crate::App;
use crate::app::Visitor;
use crate::authority::parameters::Parameters;
use crate::authority::records::Membership;
use crate::http::form;

/// What is answered where there is no page, and where there is one of a workspace that the visitor is not a member of.
pub(super) fn no_such_page() -> Response {
    let hint = "Check the address, or ask for an invitation to the workspace.";
    pages::error(StatusCode::NOT_FOUND, "There is no such page", hint)
}

/// A signed-in member, looking at one workspace.
pub(super) struct Member {
    pub(super) visitor: Visitor,
    pub(super) membership: Membership,
    workspaces: Vec<Membership>,
    cookie: String,
}

impl Member {
    /// The member who sent `parts` to a route with `{workspace}`, or what to answer instead.
    pub(super) async fn of(app: &App, parts: &mut Parts) -> Result<Self, Response> {
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, &()).await;
        let slug =
            path.ok().and_then(|mut path| path.0.remove("workspace")).ok_or_else(no_such_page)?;
        let cookie = forms::session_cookie(app, parts).unwrap_or_default().to_owned();
        let visitor = app.visitor(Some(&cookie)).await.map_err(|error| unavailable(&error))?;
        let address = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let Some(visitor) = visitor else { return Err(sign_in_first(address)) };
        let memberships =
            app.store.memberships(&visitor.user.id).await.map_err(|error| unavailable(&error))?;
        let membership = memberships.iter().find(|membership| membership.slug == slug).cloned();
        let membership = membership.ok_or_else(no_such_page)?;
        Ok(Self { membership, workspaces: memberships, visitor, cookie })
    }

    /// The member who sent a genuine form named `name`, and the form.
    pub(super) async fn submitting(
        app: &App,
        request: Request,
        name: &str,
    ) -> Result<(Self, Parameters), Response> {
        let (mut parts, form) = form(request).await.map_err(unreadable)?;
        let member = Self::of(app, &mut parts).await?;
        let name = format!("{name} {}", member.membership.workspace_id);
        if !forms::is_genuine(app, &parts, &form, &name) {
            return Err(forged());
        }
        Ok((member, form))
    }

    /// Whether they see what everybody granted, and not only what they did themselves.
    pub(super) const fn is_admin(&self) -> bool {
        self.membership.role.is_admin()
    }

    /// The token of this member's form `name`.
    pub(super) fn form_token(&self, app: &App, name: &str) -> String {
        forms::token(app, Some(&self.cookie), &format!("{name} {}", self.membership.workspace_id))
    }

    /// The frame of this member's page at `place`.
    pub(super) fn chrome(&self, app: &App, place: Place) -> Chrome {
        let Self { visitor, membership, workspaces, cookie } = self;
        Chrome::of(app, visitor, Some(cookie), Some(membership), workspaces, place)
    }
}
