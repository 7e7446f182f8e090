//! From an endpoint to its authorization server (RFC 9728, RFC 8414, MCP 2026-07-28 basic/authorization).
//!
//! Invariant: an [`Authority`] exists only for metadata that names the endpoint byte for byte as its resource,
//! whose issuer is byte for byte the one that was asked for, and that offers PKCE with S256.
//! A document that fails a check ends the discovery; no later candidate and no default endpoint stands in for it.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::Challenge;
use super::wire::Wire;
use crate::Error;
use crate::endpoint::{Endpoint, permitted};

/// An authorization server whose metadata was checked.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) registration_endpoint: Option<Url>,
    pub(crate) revocation_endpoint: Option<Url>,
    /// Whether every authorization response has `iss` (RFC 9207 section 3).
    pub(crate) sends_iss: bool,
}

#[derive(Deserialize)]
struct ProtectedResource {
    resource: String,
    authorization_servers: Vec<String>,
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
}

/// Finds the authorization server of `endpoint`, starting from the challenge if there was one.
pub(crate) async fn discover(
    wire: &Wire,
    endpoint: &Endpoint,
    challenge: Option<&Challenge>,
) -> Result<Authority, Error> {
    let resource = protected_resource(wire, endpoint, challenge).await?;
    if resource.resource != endpoint.as_str() {
        return Err(Error::authorization(format!(
            "the protected resource metadata is for another resource than {}; connect to the URL that the server documents",
            endpoint.as_str()
        )));
    }
    let Some(issuer) = resource.authorization_servers.first() else {
        return Err(Error::authorization(
            "the protected resource metadata names no authorization server; use a programmatic token",
        ));
    };
    authority(wire, endpoint, issuer).await
}

async fn protected_resource(
    wire: &Wire,
    endpoint: &Endpoint,
    challenge: Option<&Challenge>,
) -> Result<ProtectedResource, Error> {
    if let Some(named) = challenge.and_then(|challenge| challenge.resource_metadata.as_deref()) {
        let url = checked(endpoint, named, "the challenge's resource_metadata")?;
        let found = fetch(wire, &url).await?;
        return found
            .ok_or_else(|| missing("the protected resource metadata that the challenge names"));
    }
    for url in resource_candidates(endpoint.url()) {
        if let Some(found) = fetch(wire, &url).await? {
            return Ok(found);
        }
    }
    Err(missing("protected resource metadata"))
}

/// The well-known URLs of a resource: with its path inserted, then at the root (RFC 9728 section 3.1).
fn resource_candidates(resource: &Url) -> Vec<Url> {
    let mut candidates = Vec::new();
    if resource.path() != "/" {
        candidates
            .push(well_known(resource, &format!("oauth-protected-resource{}", resource.path())));
    }
    let mut root = well_known(resource, "oauth-protected-resource");
    root.set_query(None);
    candidates.push(root);
    candidates
}

/// The well-known URLs of an issuer, in the order that MCP 2026-07-28 basic/authorization gives.
fn authority_candidates(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut candidates = vec![
        well_known(issuer, &format!("oauth-authorization-server{path}")),
        well_known(issuer, &format!("openid-configuration{path}")),
    ];
    if !path.is_empty() {
        let mut appended = issuer.clone();
        appended.set_path(&format!("{path}/.well-known/openid-configuration"));
        candidates.push(appended);
    }
    candidates
}

fn well_known(base: &Url, suffix: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("/.well-known/{suffix}"));
    url
}

async fn authority(wire: &Wire, endpoint: &Endpoint, issuer: &str) -> Result<Authority, Error> {
    let base = checked(endpoint, issuer, "the issuer")?;
    for url in authority_candidates(&base) {
        let Some(metadata) = fetch::<AuthorityMetadata>(wire, &url).await? else { continue };
        return check(endpoint, issuer, metadata);
    }
    Err(missing("authorization server metadata"))
}

fn check(
    endpoint: &Endpoint,
    issuer: &str,
    metadata: AuthorityMetadata,
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
    Ok(Authority {
        authorization_endpoint: checked(
            endpoint,
            &metadata.authorization_endpoint,
            "the authorization endpoint",
        )?,
        token_endpoint: checked(endpoint, &metadata.token_endpoint, "the token endpoint")?,
        registration_endpoint: optional(
            metadata.registration_endpoint,
            "the registration endpoint",
        )?,
        revocation_endpoint: optional(metadata.revocation_endpoint, "the revocation endpoint")?,
        sends_iss: metadata.authorization_response_iss_parameter_supported.unwrap_or(false),
        issuer: metadata.issuer,
    })
}

fn checked(endpoint: &Endpoint, text: &str, what: &str) -> Result<Url, Error> {
    permitted(text, endpoint.is_loopback())
        .map_err(|why| Error::authorization(format!("{what} is not accepted: {why}")))
}

fn missing(what: &str) -> Error {
    Error::authorization(format!(
        "the server has no {what}; is this the URL of an MCP endpoint that uses OAuth?"
    ))
}

/// The document at `url`, or `None` if there is none; anything but a 200 with the right members counts as an absence only when it is a 4xx.
async fn fetch<T: DeserializeOwned>(wire: &Wire, url: &Url) -> Result<Option<T>, Error> {
    let answer = wire.get(url).await?;
    match answer.status {
        200 => serde_json::from_slice(&answer.body).map(Some).map_err(|error| {
            Error::authorization(format!("the metadata at {url} is not valid")).caused_by(error)
        }),
        400..=499 if answer.status != 429 => Ok(None),
        status => Err(crate::http::unavailable(status, &answer.headers).unwrap_or_else(|| {
            Error::authorization(format!("the metadata at {url} was answered with HTTP {status}"))
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(urls: Vec<Url>) -> Vec<String> {
        urls.into_iter().map(String::from).collect()
    }

    #[test]
    fn well_known_urls_come_in_the_order_of_the_specification() {
        let resource = Url::parse("https://x.example/mcp/readonly").unwrap();
        assert_eq!(
            texts(resource_candidates(&resource)),
            [
                "https://x.example/.well-known/oauth-protected-resource/mcp/readonly",
                "https://x.example/.well-known/oauth-protected-resource",
            ]
        );
        let plain = Url::parse("https://x.example").unwrap();
        assert_eq!(
            texts(authority_candidates(&plain)),
            [
                "https://x.example/.well-known/oauth-authorization-server",
                "https://x.example/.well-known/openid-configuration",
            ]
        );
        let tenant = Url::parse("https://x.example/tenant1").unwrap();
        assert_eq!(
            texts(authority_candidates(&tenant)),
            [
                "https://x.example/.well-known/oauth-authorization-server/tenant1",
                "https://x.example/.well-known/openid-configuration/tenant1",
                "https://x.example/tenant1/.well-known/openid-configuration",
            ]
        );
    }
}
