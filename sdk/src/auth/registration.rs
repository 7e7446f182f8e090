//! Who this client is to an authorization server.
//!
//! Either the server knows it already, or it registers itself (RFC 7591), once per server: the identity is stored with the credentials.
//! An identity belongs to one issuer and is never shown to another.
//! Client ID Metadata Documents are not used yet.

use serde::{Deserialize, Serialize};

use super::discovery::Authority;
use super::secret::{ClientSecret, is_visible_ascii};
use super::wire::Wire;
use crate::Error;

/// A client identifier and how the client proves that it is the one.
#[derive(Clone, Debug)]
pub(crate) struct ClientIdentity {
    id: String,
    authentication: ClientAuthentication,
}

#[derive(Clone, Debug)]
pub(crate) enum ClientAuthentication {
    None,
    Basic(ClientSecret),
    Post(ClientSecret),
}

/// How a client gets its identity.
#[derive(Clone, Debug, Default)]
pub(crate) enum Registration {
    #[default]
    Dynamic,
    /// An identifier that a person got from this issuer.
    Known { issuer: String, client_id: String },
}

#[derive(Serialize)]
struct Request<'a> {
    client_name: &'a str,
    redirect_uris: [&'a str; 1],
    grant_types: [&'static str; 2],
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
    application_type: &'static str,
}

#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
    redirect_uris: Option<Vec<String>>,
}

impl ClientIdentity {
    /// Puts an identity together from its stored or received parts.
    pub(crate) fn from_parts(id: String, method: &str, secret: Option<String>) -> Option<Self> {
        let secret = secret.filter(|secret| !secret.is_empty()).map(ClientSecret::new);
        let authentication = match (method, secret) {
            ("none", _) => ClientAuthentication::None,
            ("client_secret_basic", Some(Some(secret))) => ClientAuthentication::Basic(secret),
            ("client_secret_post", Some(Some(secret))) => ClientAuthentication::Post(secret),
            _ => return None,
        };
        is_visible_ascii(&id).then_some(Self { id, authentication })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn authentication(&self) -> &ClientAuthentication {
        &self.authentication
    }

    /// The name of the authentication method and the secret (RFC 7591 section 2).
    pub(crate) fn parts(&self) -> (&'static str, Option<&ClientSecret>) {
        match &self.authentication {
            ClientAuthentication::None => ("none", None),
            ClientAuthentication::Basic(secret) => ("client_secret_basic", Some(secret)),
            ClientAuthentication::Post(secret) => ("client_secret_post", Some(secret)),
        }
    }
}

impl Registration {
    /// The identity of this client at `authority`, registering it there if need be.
    pub(crate) async fn identity(
        &self,
        wire: &Wire,
        authority: &Authority,
        client_name: &str,
        redirect_uri: &str,
    ) -> Result<ClientIdentity, Error> {
        match self {
            Self::Known { issuer, client_id } if *issuer == authority.issuer => {
                ClientIdentity::from_parts(client_id.clone(), "none", None).ok_or_else(|| {
                    Error::configuration("the client identifier is not visible ASCII")
                })
            }
            Self::Known { .. } => Err(Error::authorization(
                "the endpoint now names another authorization server than the one that the client is registered with; the client identifier is not sent there",
            )),
            Self::Dynamic => register(wire, authority, client_name, redirect_uri).await,
        }
    }
}

async fn register(
    wire: &Wire,
    authority: &Authority,
    client_name: &str,
    redirect_uri: &str,
) -> Result<ClientIdentity, Error> {
    let Some(url) = &authority.registration_endpoint else {
        return Err(Error::authorization(
            "the authorization server registers no clients by itself; get a client identifier from it and pass it to OAuth::registered_client",
        ));
    };
    let request = Request {
        client_name,
        redirect_uris: [redirect_uri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
        application_type: "native",
    };
    let body = serde_json::to_vec(&request).expect("a registration request is plain strings");
    let answer = wire.post_json(url, body).await?;
    if let Some(error) = crate::http::unavailable(answer.status, &answer.headers) {
        return Err(error);
    }
    if !answer.is_success() {
        return Err(Error::authorization(format!(
            "the authorization server refused to register the client (HTTP {}); get a client identifier from it and pass it to OAuth::registered_client",
            answer.status
        )));
    }
    // The cause is left out: it may quote the client secret.
    let registered: Registered = serde_json::from_slice(&answer.body)
        .map_err(|_| Error::authorization("the registration response is not valid"))?;
    if registered.redirect_uris.is_some_and(|uris| !uris.iter().any(|uri| uri == redirect_uri)) {
        return Err(Error::authorization(
            "the authorization server registered another redirect URI than was asked for",
        ));
    }
    // A server that gives a secret without saying how to use it means the default (RFC 7591 section 2).
    let default = if registered.client_secret.is_some() { "client_secret_basic" } else { "none" };
    let method = registered.token_endpoint_auth_method.as_deref().unwrap_or(default);
    ClientIdentity::from_parts(registered.client_id, method, registered.client_secret).ok_or_else(|| {
        Error::authorization("the registration response has a client identifier or an authentication method that cannot be used")
    })
}
