//! Client metadata as JSON (RFC 7591 section 2), of a registration request and of a client's own document.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::client::Registration;
use super::error::{OAuthError, OAuthErrorCode};

impl Registration {
    /// Reads the body of a registration request.
    pub fn read(bytes: &[u8]) -> Result<Self, OAuthError> {
        let metadata: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| invalid("the body is not a JSON object"))?;
        Self::of(&metadata)
    }

    /// Takes what this server uses out of client metadata.
    pub fn of(metadata: &Map<String, Value>) -> Result<Self, OAuthError> {
        Ok(Self {
            redirect_uris: texts(metadata, "redirect_uris")
                .map_err(|_| {
                    OAuthError::new(
                        OAuthErrorCode::InvalidRedirectUri,
                        "redirect_uris must be an array of strings",
                    )
                })?
                .unwrap_or_default(),
            client_name: text(metadata, "client_name")?,
            auth_method: text(metadata, "token_endpoint_auth_method")?,
            grant_types: texts(metadata, "grant_types")?,
            response_types: texts(metadata, "response_types")?,
            scope: text(metadata, "scope")?,
        })
    }
}

fn text(metadata: &Map<String, Value>, key: &str) -> Result<Option<String>, OAuthError> {
    match metadata.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(format!("{key} must be a string"))),
    }
}

fn texts(metadata: &Map<String, Value>, key: &str) -> Result<Option<Vec<String>>, OAuthError> {
    let wrong = || invalid(format!("{key} must be an array of strings"));
    match metadata.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) => {
            let texts =
                values.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(wrong));
            texts.collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(wrong()),
    }
}

fn invalid(why: impl Into<Cow<'static, str>>) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidClientMetadata, why)
}
