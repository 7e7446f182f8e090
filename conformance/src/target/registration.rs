//! How clients come to be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// How clients come to be.
#[derive(Clone, Debug)]
pub enum Registration {
    /// The harness registers as many as it needs (RFC 7591). Some servers want an initial access
    /// token for that.
    Dynamic {
        /// The initial access token of RFC 7591 section 3.
        initial_access_token: Option<Secret>,
    },
    /// Each client identifier is the address of a document about the client, which the operator
    /// hosts (OAuth Client ID Metadata Document). These clients are public.
    MetadataDocument(Vec<KnownClient>),
    /// Somebody registered these clients beforehand.
    PreRegistered(Vec<KnownClient>),
}

impl Default for Registration {
    fn default() -> Self {
        Self::Dynamic { initial_access_token: None }
    }
}

impl Registration {
    /// The clients that exist already.
    pub fn known_clients(&self) -> &[KnownClient] {
        match self {
            Self::Dynamic { .. } => &[],
            Self::MetadataDocument(clients) | Self::PreRegistered(clients) => clients,
        }
    }

    /// The word for it in `target.toml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dynamic { .. } => "dynamic",
            Self::MetadataDocument(_) => "metadata-document",
            Self::PreRegistered(_) => "pre-registered",
        }
    }
}

/// A client that the authorization server knows already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownClient {
    /// Its identifier.
    pub id: String,
    /// Its secret, unless it is public.
    pub secret: Option<Secret>,
    /// How it authenticates at the token endpoint.
    pub method: ClientMethod,
    /// Its redirect URIs; the harness uses the first. None of them is ever contacted.
    pub redirect_uris: Vec<String>,
}

impl KnownClient {
    /// A public client with one redirect URI.
    pub fn public(id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            method: ClientMethod::None,
            redirect_uris: vec![redirect_uri.into()],
        }
    }

    /// The document to host at the client's identifier (OAuth Client ID Metadata Document).
    pub fn document(&self) -> serde_json::Value {
        serde_json::json!({
            "client_id": self.id,
            "client_name": "Lookout conformance harness",
            "redirect_uris": self.redirect_uris,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })
    }
}

/// How a client authenticates at the token endpoint, in the words of RFC 7591 section 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientMethod {
    /// It does not: it is public.
    #[default]
    None,
    /// HTTP Basic with its secret (RFC 6749 section 2.3.1).
    ClientSecretBasic,
    /// Its secret in the form.
    ClientSecretPost,
}
