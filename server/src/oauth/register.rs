//! Dynamic client registration (RFC 7591).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::failure::Failure;
use crate::App;
use crate::audit::{Event, What};
use crate::authority::client::Registration;
use crate::authority::records::{Client, GrantType};
use crate::authority::{OAuthError, OAuthErrorCode};
use crate::http::depth::{DEEPEST, nests_deeper_than};
use crate::http::{body, private_json};
use crate::secret::ClientSecret;

pub(super) async fn register(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Failure> {
    let (_, bytes) =
        body(request, "application/json", app.config.limits.registration_bytes).await?;
    let registration = if nests_deeper_than(&bytes, DEEPEST) {
        let why = format!("the document nests deeper than {DEEPEST}");
        Err(OAuthError::new(OAuthErrorCode::InvalidClientMetadata, why))
    } else {
        Registration::read(&bytes)
    };
    let registration = match registration {
        Ok(registration) => registration,
        Err(error) => {
            app.audit(Event::refused(What::Register, error.code.as_str())).await;
            return Err(error.into());
        }
    };
    let (client, secret) = app.register_client(&registration, None).await?;
    Ok(private_json(StatusCode::CREATED, &describe(&client, secret.as_ref())))
}

/// The client information response: what is in effect (RFC 7591 section 3.2.1).
fn describe(client: &Client, secret: Option<&ClientSecret>) -> Value {
    let grant_types: Vec<&str> =
        client.grant_types.iter().copied().map(GrantType::as_str).collect();
    let mut document = json!({
        "client_id": client.id,
        "client_id_issued_at": client.created_at.0 / 1000,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": client.auth_method.as_str(),
        "grant_types": grant_types,
        "response_types": ["code"],
        "scope": client.scopes.to_string(),
    });
    if let Some(secret) = secret {
        document["client_secret"] = secret.expose().into();
        document["client_secret_expires_at"] = 0.into();
    }
    document
}
