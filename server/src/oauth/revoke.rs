//! The revocation endpoint (RFC 7009).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::client_auth::Claim;
use super::failure::Failure;
use super::token::refuse_repeated;
use crate::App;
use crate::audit::{Event, What};
use crate::authority::parameters::Parameters;
use crate::authority::{Change, OAuthError, OAuthErrorCode};
use crate::http::form;
use crate::secret::SecretKind;

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, form) = form(request).await?;
    let answer = answer(&app, &parts, &form).await;
    if let Err(Failure::OAuth(error)) = &answer {
        app.audit(Event::refused(What::Revoke, error.code.as_str())).await;
    }
    answer
}

async fn answer(app: &App, parts: &Parts, form: &Parameters) -> Result<Response, Failure> {
    refuse_repeated(app, form)?;
    let claim = Claim::of(parts, form)?;
    let mut transaction = app.store.begin().await?;
    let client = claim.verify(app, &mut *transaction).await?;
    let presented = form
        .value("token")
        .ok_or_else(|| OAuthError::new(OAuthErrorCode::InvalidRequest, "token is missing"))?;
    // The kind is in the token itself, so a wrong token_type_hint changes nothing.
    let token = match SecretKind::of(presented) {
        Some(kind) => app.token(&mut *transaction, kind, presented).await?,
        None => None,
    };
    let token = token.as_ref().map(|(token, standing)| (token, standing));
    let now = transaction.now();
    let mut decision = app.authority.revoke(now, &client, token, form.value("token_type_hint"));
    if let (false, Some((token, standing))) = (decision.changes.is_empty(), token) {
        let grant = &standing.grant;
        let event = Event::allowed(What::Revoke).client(&client.id).user(&grant.user_id);
        let event = event.workspace(&grant.workspace_id).grant(&grant.id);
        decision.changes.push(Change::Audit(event.detail(token.kind.as_str())));
    }
    let is_nothing = decision.changes.is_empty();
    transaction.commit(decision.changes).await?;
    decision.reply?;
    if is_nothing {
        // The client is told the same, so that it learns nothing about the tokens of others.
        app.audit(Event::refused(What::Revoke, "not_its_token").client(&client.id)).await;
    }
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response())
}
