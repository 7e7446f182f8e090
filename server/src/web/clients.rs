//! The clients page: connected applications, and clients that a person registers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::chrome::Place;
use super::workspace::Member;
use super::{pages, unavailable};
use crate::App;
use crate::app::RegisterError;
use crate::authority::client::Registration;
use crate::authority::records::{Client, GrantKind, GrantType};
use crate::http::see_other;
use crate::secret::ClientSecret;
use crate::store::StoreError;

const CREATE: &str = "create client";
const DISCONNECT: &str = "disconnect client";

/// What registering a client came to.
#[derive(Default)]
struct Outcome {
    created: Option<(Client, Option<ClientSecret>)>,
    refused: Option<String>,
}

pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match Member::of(&app, &mut parts).await {
        Ok(member) => show(&app, &member, Outcome::default()).await,
        Err(response) => response,
    }
}

async fn show(app: &App, member: &Member, outcome: Outcome) -> Response {
    match page(app, member, outcome).await {
        Ok(response) => response,
        Err(error) => unavailable(&error),
    }
}

async fn page(app: &App, member: &Member, outcome: Outcome) -> Result<Response, StoreError> {
    let (now, listings) = app.grants_seen_by(&member.visitor.user, &member.membership).await?;
    let rows = listings.iter().filter(|listing| listing.grant.kind == GrantKind::OAuth);
    let status =
        if outcome.refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let created = outcome.created.as_ref();
    let page = pages::ClientsPage {
        chrome: member.chrome(app, Place::Clients),
        slug: &member.membership.slug,
        endpoint: &app.authority.issuer.join("/mcp"),
        create_csrf: &member.form_token(app, CREATE),
        disconnect_csrf: &member.form_token(app, DISCONNECT),
        created: created.map(|(client, _)| client.id.as_str()),
        secret: created.and_then(|(_, secret)| secret.as_ref()).map(ClientSecret::expose),
        refused: outcome.refused.as_deref(),
        rows: rows.map(|listing| pages::GrantRow::of(now, listing)).collect(),
    };
    Ok(pages::clients(status, &page))
}

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, CREATE).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let uris = form.value("redirect_uris").unwrap_or_default();
    let grant_types = [GrantType::AuthorizationCode, GrantType::RefreshToken];
    let registration = Registration {
        redirect_uris: uris.split_whitespace().map(str::to_owned).collect(),
        client_name: form.value("name").map(str::to_owned),
        auth_method: form.value("auth_method").map(str::to_owned),
        grant_types: Some(grant_types.map(|kind| kind.as_str().to_owned()).to_vec()),
        response_types: None,
        scope: None,
    };
    match app.register_client(&registration, Some(&member.visitor.user)).await {
        Ok(created) => show(&app, &member, Outcome { created: Some(created), refused: None }).await,
        Err(RegisterError::Store(error)) => unavailable(&error),
        Err(RegisterError::Refused(error)) => {
            let refused = Some(error.description.into_owned());
            show(&app, &member, Outcome { refused, created: None }).await
        }
        Err(error) => {
            show(&app, &member, Outcome { refused: Some(error.to_string()), created: None }).await
        }
    }
}

pub(super) async fn disconnect(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, DISCONNECT).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let id = form.value("grant").unwrap_or_default();
    match app.disconnect(&member.visitor.user, &member.membership, id).await {
        Ok(Ok(())) => see_other(&format!("/w/{}/mcp/clients", member.membership.slug)),
        Ok(Err(_)) => pages::no_such_grant(),
        Err(error) => unavailable(&error),
    }
}
