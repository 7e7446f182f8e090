//! From an endpoint to its authorization server (RFC 9728, RFC 8414, MCP 2026-07-28 basic/authorization).
//!
//! Invariant: an [`Authority`] exists only for metadata that names the endpoint byte for byte as its resource,
//! whose issuer is byte for byte the one that was asked for, and that offers PKCE with S256.
//! A document that fails a check ends the discovery; no later candidate and no default endpoint stands in for it.

mod candidates;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use self::candidates::{authority_candidates, resource_candidates};
use super::Challenge;
use super::wire::Wire;
use crate::Error;
use crate::endpoint::Endpoint;
use crate::events::event;
#[cfg(any(test, fuzzing))]
use crate::http::Answer;

/// An authorization server whose metadata was checked, and the resource that it was found for.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) issuer: String,
    /// The identifier of the resource at this server (RFC 8707 section 2).
    pub(crate) resource: String,
    /// The scopes that the resource says it has; empty when it does not say.
    pub(crate) resource_scopes: Vec<String>,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) registration_endpoint: Option<Url>,
    pub(crate) revocation_endpoint: Option<Url>,
    /// Whether every authorization response has `iss` (RFC 9207 section 3).
    pub(crate) sends_iss: bool,
    /// Whether a URL may be a client identifier.
    pub(crate) takes_documents: bool,
    /// How clients may authenticate; `None` when the server does not say.
    pub(crate) client_authentication: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct ProtectedResource {
    resource: String,
    authorization_servers: Option<Vec<String>>,
    scopes_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct AuthorityMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    registration_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
    client_id_metadata_document_supported: Option<bool>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Finds the authorization server of `endpoint`, starting from the challenge if there was one.
///
/// Of several servers the one that knows the client already is taken, which is `preferred`, else the first (RFC 9728 section 7.6).
pub(crate) async fn discover(
    wire: &Wire,
    endpoint: &Endpoint,
    challenge: Option<&Challenge>,
    preferred: Option<&str>,
) -> Result<Authority, Error> {
    let found = find(wire, endpoint, challenge, preferred).await;
    match &found {
        Ok(Authority { issuer, resource, .. }) => {
            event!(AUTH, info, "issuer.chosen", issuer, resource);
        }
        Err(error) => event!(AUTH, warn, "discovery.refused", reason = error.reason()),
    }
    found
}

async fn find(
    wire: &Wire,
    endpoint: &Endpoint,
    challenge: Option<&Challenge>,
    preferred: Option<&str>,
) -> Result<Authority, Error> {
    let resource = protected_resource(wire, endpoint, challenge).await?;
    let servers = resource.authorization_servers.as_deref().unwrap_or_default();
    let known = servers.iter().find(|server| Some(server.as_str()) == preferred);
    let Some(issuer) = known.or(servers.first()) else {
        return Err(Error::authorization(
            "the protected resource metadata names no authorization server; use a programmatic token",
        ));
    };
    let base = checked(endpoint, issuer, "the issuer")?;
    let metadata: AuthorityMetadata =
        first(wire, &authority_candidates(&base), "authorization server metadata").await?.1;
    check(endpoint, issuer, metadata, &resource)
}

async fn protected_resource(
    wire: &Wire,
    endpoint: &Endpoint,
    challenge: Option<&Challenge>,
) -> Result<ProtectedResource, Error> {
    let named = challenge.and_then(|challenge| challenge.resource_metadata.as_deref());
    let (candidates, what) = match named {
        Some(named) => (
            vec![checked(endpoint, named, "the challenge's resource_metadata")?],
            "protected resource metadata where the challenge says",
        ),
        None => (resource_candidates(endpoint.url()), "protected resource metadata"),
    };
    let (url, found): (&Url, ProtectedResource) = first(wire, &candidates, what).await?;
    let is_root = named.is_none() && url.path() == "/.well-known/oauth-protected-resource";
    describes(endpoint, &found, is_root)?;
    Ok(found)
}

/// The document at the root, if nobody pointed at it, may describe the origin as a whole (RFC 9728 section 3.3).
fn describes(endpoint: &Endpoint, found: &ProtectedResource, is_root: bool) -> Result<(), Error> {
    let origin = endpoint.url().origin().ascii_serialization();
    if found.resource != endpoint.as_str() && !(is_root && found.resource == origin) {
        return Err(Error::authorization(format!(
            "the protected resource metadata is for another resource than {}; connect to the URL that the server documents",
            endpoint.as_str()
        )));
    }
    Ok(())
}

/// What discovery makes of two documents that are there.
#[cfg(any(test, fuzzing))]
pub(super) fn of_documents(
    endpoint: &Endpoint,
    resource: &Answer,
    metadata: &Answer,
) -> Option<Authority> {
    let resource: ProtectedResource = resource.object()?.ok()?;
    describes(endpoint, &resource, true).ok()?;
    let issuer = resource.authorization_servers.as_deref()?.first()?;
    checked(endpoint, issuer, "the issuer").ok()?;
    check(endpoint, issuer, metadata.object()?.ok()?, &resource).ok()
}

fn check(
    endpoint: &Endpoint,
    issuer: &str,
    metadata: AuthorityMetadata,
    resource: &ProtectedResource,
) -> Result<Authority, Error> {
    if metadata.issuer != issuer {
        return Err(Error::authorization(
            "the authorization server metadata has another issuer than the protected resource names; it is not used (RFC 8414 section 3.3)",
        ));
    }
    let methods = metadata.code_challenge_methods_supported.unwrap_or_default();
    if !methods.iter().any(|method| method == "S256") {
        return Err(Error::authorization(
            "the authorization server does not offer PKCE with S256, so no sign-in is started",
        ));
    }
    let optional =
        |url: Option<String>, what| url.map(|url| checked(endpoint, &url, what)).transpose();
    let authorization_endpoint =
        checked(endpoint, &metadata.authorization_endpoint, "the authorization endpoint")?;
    // Its query is kept (RFC 6749 section 3.1), so it must not hold what the request is to say.
    if authorization_endpoint
        .query_pairs()
        .any(|(name, _)| super::flow::PARAMETERS.contains(&&*name))
    {
        return Err(Error::authorization(
            "the authorization endpoint is not accepted: its query holds parameters of the request",
        ));
    }
    let scopes = resource.scopes_supported.as_deref().unwrap_or_default().join(" ");
    Ok(Authority {
        authorization_endpoint,
        resource: resource.resource.clone(),
        resource_scopes: super::challenge::scopes(&scopes),
        token_endpoint: checked(endpoint, &metadata.token_endpoint, "the token endpoint")?,
        registration_endpoint: optional(
            metadata.registration_endpoint,
            "the registration endpoint",
        )?,
        revocation_endpoint: optional(metadata.revocation_endpoint, "the revocation endpoint")?,
        sends_iss: metadata.authorization_response_iss_parameter_supported.unwrap_or(false),
        takes_documents: metadata.client_id_metadata_document_supported.unwrap_or(false),
        client_authentication: metadata.token_endpoint_auth_methods_supported,
        issuer: metadata.issuer,
    })
}

fn checked(endpoint: &Endpoint, text: &str, what: &str) -> Result<Url, Error> {
    endpoint
        .permit(text)
        .map_err(|why| Error::authorization(format!("{what} is not accepted: {why}")))
}

/// The first of the documents that is there.
///
/// A page for people in its place is an absence like a 404. A server that cannot answer for one URL may for the next;
/// if none is there, what it said is the error.
async fn first<'a, T: DeserializeOwned>(
    wire: &Wire,
    candidates: &'a [Url],
    what: &str,
) -> Result<(&'a Url, T), Error> {
    let mut failure = None;
    for url in candidates {
        let answer = wire.get(url).await?;
        // The path is the server's own choice where a challenge names it, so it is left out.
        let origin = url.origin().ascii_serialization();
        event!(AUTH, debug, "discovery.document", document = what, origin, status = answer.status);
        match (answer.status, answer.object()) {
            (200, Some(document)) => {
                return document.map(|document| (url, document)).map_err(|error| {
                    Error::authorization(format!(
                        "the metadata at {} is not valid",
                        without_query(url)
                    ))
                    .caused_by(error)
                });
            }
            (200, None) => {
                failure.get_or_insert_with(|| {
                    Error::authorization(format!(
                        "the metadata at {} is not valid",
                        without_query(url)
                    ))
                });
            }
            (status, _) => {
                if let Some(unavailable) = crate::http::unavailable(status, &answer.headers) {
                    failure.get_or_insert(unavailable);
                }
            }
        }
    }
    Err(failure.unwrap_or_else(|| {
        Error::authorization(format!(
            "the server has no {what}; is this the URL of an MCP endpoint that uses OAuth?"
        ))
    }))
}

/// A URL to show; its query may hold what a server was told in confidence.
fn without_query(url: &Url) -> Url {
    let mut shown = url.clone();
    shown.set_query(None);
    shown
}
