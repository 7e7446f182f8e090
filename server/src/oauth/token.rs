//! The token endpoint (RFC 6749 section 3.2).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::json;
use tokio::time::Instant;

use super::client_auth::Claim;
use super::failure::Failure;
use crate::App;
use crate::app::Issued;
use crate::audit::{Event, What};
use crate::authority::parameters::Parameters;
use crate::authority::records::GrantType;
use crate::authority::refresh::RefreshRequest;
use crate::authority::token::{ExchangeRequest, FreshTokens};
use crate::authority::{Change, OAuthError, OAuthErrorCode};
use crate::http::{form, private_json};
use crate::secret::{AccessToken, AuthorizationCode, RefreshToken, SecretKind};

pub(super) async fn token(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, form) = form(request).await?;
    let mut seen = Seen { what: What::Exchange, client_id: None, is_recorded: false };
    let answer = answer(&app, &parts, &form, &mut seen).await;
    if let Err(Failure::OAuth(error)) = &answer
        && !seen.is_recorded
    {
        let mut event = Event::refused(seen.what, error.code.as_str());
        event.client_id = seen.client_id;
        app.audit(event).await;
    }
    answer
}

/// What is known of a request when it is refused.
struct Seen {
    what: What,
    client_id: Option<String>,
    is_recorded: bool,
}

async fn answer(
    app: &App,
    parts: &Parts,
    form: &Parameters,
    seen: &mut Seen,
) -> Result<Response, Failure> {
    let begun = Instant::now();
    refuse_repeated(app, form)?;
    let claim = Claim::of(parts, form)?;
    let access = AccessToken::mint(&*app.entropy);
    let refresh = RefreshToken::mint(&*app.entropy);
    let fresh =
        FreshTokens { access: app.keys.digest(&access), refresh: app.keys.digest(&refresh) };

    let mut transaction = app.store.begin().await?;
    let client = claim.verify(app, &mut *transaction).await?;
    seen.client_id = Some(client.id.clone());
    let now = transaction.now();
    let missing = |why| OAuthError::new(OAuthErrorCode::InvalidRequest, why);
    let grant_type = form.value("grant_type").ok_or_else(|| missing("grant_type is missing"))?;
    let standing_of;
    let mut decision = match GrantType::parse(grant_type) {
        Some(GrantType::AuthorizationCode) => {
            let code = form.value("code").ok_or_else(|| missing("code is missing"))?;
            let code = match AuthorizationCode::parse(code) {
                Some(code) => app.code(&mut *transaction, &code).await?,
                None => None,
            };
            let request = ExchangeRequest {
                redirect_uri: form.value("redirect_uri"),
                verifier: form.value("code_verifier"),
                resource: form.value("resource"),
            };
            standing_of = code.as_ref().map(|(_, standing)| standing.grant.clone());
            let code = code.as_ref().map(|(code, standing)| (code, standing));
            app.authority.exchange(now, &client, code, request, fresh)
        }
        Some(GrantType::RefreshToken) => {
            seen.what = What::Refresh;
            let presented =
                form.value("refresh_token").ok_or_else(|| missing("refresh_token is missing"))?;
            let token = match RefreshToken::parse(presented) {
                Some(token) => {
                    app.token(&mut *transaction, SecretKind::Refresh, token.expose()).await?
                }
                None => None,
            };
            let request =
                RefreshRequest { scope: form.value("scope"), resource: form.value("resource") };
            standing_of = token.as_ref().map(|(_, standing)| standing.grant.clone());
            let token = token.as_ref().map(|(token, standing)| (token, standing));
            app.authority.refresh(now, &client, token, request, fresh)
        }
        None => {
            return Err(Failure::OAuth(OAuthError::new(
                OAuthErrorCode::UnsupportedGrantType,
                "grant_type must be authorization_code or refresh_token",
            )));
        }
    };
    if decision.reply.is_err() && !decision.changes.is_empty() {
        tracing::warn!(
            client = client.id,
            "a used code or refresh token came back; its grant ends"
        );
    }
    // What has to be revoked is revoked however often it is asked for.
    if let (Ok(_), Some(grant)) = (&decision.reply, &standing_of) {
        app.rates.issue(&grant.id)?;
    }
    let event = match &decision.reply {
        Ok(issued) => Some(Event::allowed(seen.what).detail(issued.scopes.to_string())),
        Err(error) if !decision.changes.is_empty() => {
            Some(Event::refused(What::Reuse, error.code.as_str()).detail(grant_type))
        }
        Err(_) => None,
    };
    if let (Some(event), Some(grant)) = (event, &standing_of) {
        let event = event.client(&client.id).user(&grant.user_id).workspace(&grant.workspace_id);
        decision.changes.push(Change::Audit(event.grant(&grant.id)));
        seen.is_recorded = true;
    }
    // A refusal can revoke a grant, so its changes are committed like those of a success.
    let committed = transaction.commit(decision.changes).await;
    let issued = decision.reply;
    if let Err(error) = committed {
        // The database may have done it and only not said so. A client that tried again would present what is used by now, and lose its grant.
        let grant = standing_of.filter(|_| issued.is_ok());
        let issued = match &grant {
            Some(grant) => app.was_issued(&grant.id, fresh.access, begun).await,
            None => Issued::No,
        };
        if issued == Issued::Unknown {
            tracing::warn!(client = client.id, "the outcome of a commit is not known");
        }
        if issued != Issued::Yes {
            return Err(error.into());
        }
    }
    let issued = issued?;
    let mut document = json!({
        "access_token": access.expose(),
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": issued.scopes.to_string(),
    });
    if issued.with_refresh {
        document["refresh_token"] = refresh.expose().into();
    }
    Ok(private_json(StatusCode::OK, &document))
}

/// Refuses a form that repeats a parameter (RFC 6749 section 3.2; RFC 8707 section 2 for `resource`, as a grant has one).
pub(super) fn refuse_repeated(app: &App, form: &Parameters) -> Result<(), OAuthError> {
    match (app.policy().repeated_parameter)(form) {
        None => Ok(()),
        Some("resource") => Err(OAuthError::new(
            OAuthErrorCode::InvalidTarget,
            "resource is given more than once; a grant is for one resource",
        )),
        Some(_) => Err(OAuthError::new(
            OAuthErrorCode::InvalidRequest,
            "a parameter is given more than once",
        )),
    }
}
