//! Errors of the endpoints that clients call (RFC 6749 section 5.2, RFC 7591 section 3.2.2).

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::RegisterError;
use crate::authority::{OAuthError, OAuthErrorCode};
use crate::http::rates::TooOften;
use crate::http::{BodyError, private_json, retry_later};
use crate::store::StoreError;

/// Why a request got no positive answer.
pub(super) enum Failure {
    OAuth(OAuthError),
    /// The body could not be read.
    Body(BodyError),
    /// Too many clients registered.
    Crowded,
    /// The client asks too often.
    TooOften(TooOften),
    Unavailable(StoreError),
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<TooOften> for Failure {
    fn from(refusal: TooOften) -> Self {
        Self::TooOften(refusal)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Refused(error) => Self::OAuth(error),
            RegisterError::Crowded => Self::Crowded,
            error @ RegisterError::AlreadySent { .. } => Self::OAuth(OAuthError::new(
                OAuthErrorCode::InvalidClientMetadata,
                error.to_string(),
            )),
            RegisterError::Store(error) => Self::Unavailable(error),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let document = |code: OAuthErrorCode, why: &str| json!({ "error": code.as_str(), "error_description": why });
        match self {
            Self::OAuth(error) if error.code == OAuthErrorCode::InvalidClient => {
                let mut response = private_json(
                    StatusCode::UNAUTHORIZED,
                    &document(error.code, &error.description),
                );
                let challenge = HeaderValue::from_static("Basic realm=\"lookout\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                response
            }
            Self::OAuth(error) => {
                private_json(StatusCode::BAD_REQUEST, &document(error.code, &error.description))
            }
            Self::Body(error) => {
                let (status, why) = error.explain();
                private_json(status, &document(OAuthErrorCode::InvalidRequest, &why))
            }
            Self::Crowded => {
                let why = "too many clients are registered and unused; try again later";
                let document = document(OAuthErrorCode::TemporarilyUnavailable, why);
                retry_later(private_json(StatusCode::TOO_MANY_REQUESTS, &document), 60)
            }
            Self::TooOften(refusal) => refusal.for_client(),
            Self::Unavailable(error) => {
                tracing::error!(%error, "a decision could not be made");
                let why = "the server cannot decide this now; try again";
                let document = document(OAuthErrorCode::TemporarilyUnavailable, why);
                retry_later(private_json(StatusCode::SERVICE_UNAVAILABLE, &document), 1)
            }
        }
    }
}
