//! The revocation endpoint (RFC 7009).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};

use super::client_auth::Claim;
use super::failure::Failure;
use super::token::refuse_repeated;
use crate::App;
use crate::authority::{OAuthError, OAuthErrorCode};
use crate::http::address::ClientAddress;
use crate::http::form;
use crate::secret::SecretKind;

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, form) = form(request).await?;
    refuse_repeated(&app, &form)?;
    let claim = Claim::of(&parts, &form)?;
    app.rates.token_request(ClientAddress::of(&parts), claim.client_id())?;
    let mut transaction = app.store.begin().await?;
    let client = claim.verify(&app, &mut *transaction).await?;
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
    let decision = app.authority.revoke(now, &client, token, form.value("token_type_hint"));
    transaction.commit(decision.changes).await?;
    decision.reply?;
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response())
}
