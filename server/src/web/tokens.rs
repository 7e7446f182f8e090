//! The tokens page: programmatic tokens, made and revoked by people.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::{Scope, ScopeSet};

use super::chrome::Place;
use super::workspace::Member;
use super::{pages, unavailable};
use crate::App;
use crate::app::TokenError;
use crate::authority::records::GrantKind;
use crate::http::see_other;
use crate::secret::ProgrammaticToken;
use crate::store::StoreError;

const CREATE: &str = "create token";
const REVOKE: &str = "revoke token";

pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match Member::of(&app, &mut parts).await {
        Ok(member) => show(&app, &member, Outcome::default()).await,
        Err(response) => response,
    }
}

/// What creating a token came to.
#[derive(Default)]
struct Outcome {
    created: Option<ProgrammaticToken>,
    refused: Option<String>,
}

async fn show(app: &App, member: &Member, outcome: Outcome) -> Response {
    match page(app, member, outcome).await {
        Ok(response) => response,
        Err(error) => unavailable(&error),
    }
}

async fn page(app: &App, member: &Member, outcome: Outcome) -> Result<Response, StoreError> {
    let (now, listings) = app.grants_seen_by(&member.visitor.user, &member.membership).await?;
    let rows = listings.iter().filter(|listing| listing.grant.kind == GrantKind::Programmatic);
    let status =
        if outcome.refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = pages::TokensPage {
        chrome: member.chrome(app, Place::Tokens),
        slug: &member.membership.slug,
        scopes: Scope::ALL,
        create_csrf: &member.form_token(app, CREATE),
        revoke_csrf: &member.form_token(app, REVOKE),
        created: outcome.created.as_ref().map(ProgrammaticToken::expose),
        refused: outcome.refused.as_deref(),
        rows: rows.map(|listing| pages::GrantRow::of(now, listing)).collect(),
    };
    Ok(pages::tokens(status, &page))
}

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, CREATE).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let scopes: ScopeSet =
        form.values("scope").filter_map(|name| name.parse::<Scope>().ok()).collect();
    let days = match form.value("days").map(str::parse::<i64>) {
        None => Ok(None),
        Some(days) => days.map(Some),
    };
    let Ok(days) = days else {
        let refused = Some("Give the number of days as digits.".to_owned());
        return show(&app, &member, Outcome { refused, created: None }).await;
    };
    let name = form.value("name").unwrap_or_default();
    let workspace_id = &member.membership.workspace_id;
    match app.create_token(&member.visitor.user, workspace_id, name, Some(scopes), days).await {
        Ok((token, _)) => {
            show(&app, &member, Outcome { created: Some(token), refused: None }).await
        }
        Err(TokenError::Store(error)) => unavailable(&error),
        Err(error) => {
            show(&app, &member, Outcome { refused: Some(error.to_string()), created: None }).await
        }
    }
}

pub(super) async fn revoke(State(app): State<Arc<App>>, request: Request) -> Response {
    let (member, form) = match Member::submitting(&app, request, REVOKE).await {
        Ok(submitted) => submitted,
        Err(response) => return response,
    };
    let id = form.value("grant").unwrap_or_default();
    match app.disconnect(&member.visitor.user, &member.membership, id).await {
        Ok(Ok(())) => see_other(&format!("/w/{}/mcp/tokens", member.membership.slug)),
        Ok(Err(_)) => pages::no_such_grant(),
        Err(error) => unavailable(&error),
    }
}
