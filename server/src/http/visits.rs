//! Requests that show a session, and whether there was one: those that show none are free, and those that show a wrong one cost a look-up.

use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use crate::App;
use crate::secret::SessionSecret;
use crate::web::forms;

const SIGN_IN: &str = "/sign-in";

/// A request whose session will be looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    /// Whether the sign-in page is what it asked for.
    is_to_sign_in: bool,
}

impl Visit {
    /// The visit that a request is, if its cookie can be that of a session. Clients of the endpoints for machines show none.
    pub(super) fn of(app: &App, parts: &Parts) -> Option<Self> {
        let path = parts.uri.path();
        let machines = [
            "/mcp",
            "/oauth/token",
            "/oauth/register",
            "/oauth/revoke",
            "/assets/",
            "/.well-known",
        ];
        if machines.iter().any(|start| path.starts_with(start)) {
            return None;
        }
        SessionSecret::parse(forms::session_cookie(app, parts)?)?;
        Some(Self { is_to_sign_in: path == SIGN_IN && parts.method == Method::GET })
    }

    /// Whether there was no such session: then people are asked to sign in.
    pub(super) fn failed(self, response: &Response) -> bool {
        if self.is_to_sign_in {
            return response.status() == StatusCode::OK;
        }
        let location = response.headers().get(LOCATION).map(|location| location.as_bytes());
        response.status() == StatusCode::SEE_OTHER
            && location.is_some_and(|location| location.starts_with(b"/sign-in?return_to="))
    }
}
