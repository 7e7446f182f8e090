//! How a client says who it is, at the token and revocation endpoints (RFC 6749 section 2.3.1).

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::App;
use crate::authority::client::Presented;
use crate::authority::parameters::Parameters;
use crate::authority::records::{Client, ClientAuthMethod};
use crate::authority::{OAuthError, OAuthErrorCode};
use crate::secret::{ClientSecret, SecretKind};
use crate::store::AuthorityTransaction;

use super::failure::Failure;

/// What the request says about its client.
pub(super) struct Claim {
    client_id: String,
    method: ClientAuthMethod,
    secret: Option<ClientSecret>,
}

impl Claim {
    /// Reads the claim of a request.
    pub(super) fn of(parts: &Parts, form: &Parameters) -> Result<Self, OAuthError> {
        let in_body = form.value("client_id");
        if parts.headers.contains_key(AUTHORIZATION) {
            let (client_id, secret) = basic(parts).ok_or_else(|| {
                invalid_client(
                    "the Authorization header is not Basic with client_id and client_secret",
                )
            })?;
            if form.value("client_secret").is_some() {
                return Err(OAuthError::new(
                    OAuthErrorCode::InvalidRequest,
                    "the client authenticates in two ways; use the one that it registered",
                ));
            }
            if in_body.is_some_and(|in_body| in_body != client_id) {
                return Err(invalid_client("client_id differs from the Authorization header"));
            }
            return Ok(Self {
                client_id,
                method: ClientAuthMethod::Basic,
                secret: ClientSecret::parse(&secret),
            });
        }
        let client_id = in_body.ok_or_else(|| invalid_client("client_id is missing"))?.to_owned();
        Ok(match form.value("client_secret") {
            Some(secret) => {
                let secret = ClientSecret::parse(secret);
                Self { client_id, method: ClientAuthMethod::Post, secret }
            }
            None => Self { client_id, method: ClientAuthMethod::None, secret: None },
        })
    }

    /// The client, if the claim holds.
    pub(super) async fn verify(
        &self,
        app: &App,
        transaction: &mut dyn AuthorityTransaction,
    ) -> Result<Client, Failure> {
        let client = transaction.client(&self.client_id).await?;
        let secret = self.secret.as_ref().and_then(|secret| {
            // The stored one says which key it was made with; without one, any will do.
            let stored = client.as_ref().and_then(|client| client.secret);
            stored.map_or_else(
                || Some(app.keys.digest(secret)),
                |stored| app.keys.digest_under(stored.1, SecretKind::Client, secret.expose()),
            )
        });
        let presented = Presented { method: self.method, secret: secret.as_ref() };
        let verified = app.authority.authenticate(client.as_ref(), presented);
        if verified.is_err() && self.secret.is_some() {
            app.is_unknown()?;
        }
        Ok(verified?.clone())
    }
}

fn invalid_client(why: &'static str) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidClient, why)
}

/// The client identifier and secret of a Basic header; both are form-encoded inside (RFC 6749 section 2.3.1).
fn basic(parts: &Parts) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = crate::http::header(parts, &AUTHORIZATION)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let plain = |text: &str| {
        let mut pairs = url::form_urlencoded::parse(text.as_bytes());
        pairs.next().map(|(name, _)| name.replace('\0', "\u{fffd}")).unwrap_or_default()
    };
    Some((plain(id), Zeroizing::new(plain(secret))))
}
