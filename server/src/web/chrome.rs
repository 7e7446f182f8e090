//! What surrounds the page of a signed-in person.

use askama::Template;
use askama::filters::Safe;
use axum::http::StatusCode;
use axum::response::Response;

use super::{forms, pages};
use crate::App;
use crate::app::Visitor;
use crate::authority::records::Membership;
use crate::http::html_with_script;

/// What the sign-out form's token is bound to.
pub(super) const SIGN_OUT_FORM: &str = "sign-out";

/// Where a page is among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Home,
    Dashboards,
    Connect,
    Clients,
    Tokens,
    Reference,
    Activity,
    Integrations,
    Account,
}

impl Place {
    /// The pages of the MCP area, what their paths end with after `/w/{workspace}/mcp`, and their titles.
    pub(super) const MCP_AREA: [(Self, &str, &str); 5] = [
        (Self::Connect, "", "Connect"),
        (Self::Clients, "/clients", "Clients"),
        (Self::Tokens, "/tokens", "Tokens"),
        (Self::Reference, "/reference", "Reference"),
        (Self::Activity, "/activity", "Activity"),
    ];
}

/// Who is signed in, and where else they can go.
pub(super) struct Chrome {
    place: Place,
    pub(super) user_name: String,
    pub(super) user_email: String,
    /// The workspace of the links; empty when the person has none.
    pub(super) slug: String,
    pub(super) workspace: String,
    /// The other workspaces of the person.
    pub(super) others: Vec<Membership>,
    pub(super) has_mcp_area: bool,
    pub(super) sign_out_csrf: String,
}

impl Chrome {
    /// The frame of a page for the browser with this session cookie; its links lead into `workspace`.
    pub(super) fn of(
        app: &App,
        visitor: &Visitor,
        cookie: Option<&str>,
        workspace: Option<&Membership>,
        workspaces: &[Membership],
        place: Place,
    ) -> Self {
        let slug = workspace.map(|membership| membership.slug.clone()).unwrap_or_default();
        let others = workspaces.iter().filter(|other| other.slug != slug);
        Self {
            place,
            user_name: visitor.user.display_name.clone(),
            user_email: visitor.user.email.clone(),
            others: others.cloned().collect(),
            slug,
            workspace: workspace
                .map(|membership| membership.workspace_name.clone())
                .unwrap_or_default(),
            has_mcp_area: app.config.external_access,
            sign_out_csrf: forms::token(app, cookie, SIGN_OUT_FORM),
        }
    }

    /// The mark of a link to `place`, when the page is there.
    pub(super) fn here(&self, place: Place) -> Safe<&'static str> {
        Safe(if self.place == place { " aria-current=\"page\"" } else { "" })
    }

    /// The mark of the link to the MCP area, when the page is in it.
    pub(super) fn in_mcp_area(&self) -> Safe<&'static str> {
        let is_in = Place::MCP_AREA.iter().any(|(place, ..)| *place == self.place);
        Safe(if is_in { " aria-current=\"true\"" } else { "" })
    }
}

/// A page with the frame around it, which may run the script of this server and no other.
pub(super) fn framed(status: StatusCode, page: &impl Template) -> Response {
    html_with_script(status, pages::render(page))
}
