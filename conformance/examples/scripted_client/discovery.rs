//! From a challenge to an authorization server (RFC 9728, RFC 8414, OpenID Connect Discovery).
//!
//! A document is used only if it names the address it was asked for. What is asked for is a fixed
//! and short list, so that no server can keep the client busy.

use serde_json::{Map, Value};
use url::Url;

use crate::address::{Reach, origin};
use crate::challenge::Bearer;
use crate::failure::{Outcome, fail, inert};
use crate::faults::{Fault, has};
use crate::strict;
use crate::web::Web;

/// The protected resource, as its metadata describes it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) identifier: String,
    pub(crate) issuer: String,
    pub(crate) scopes: Vec<String>,
}

/// An authorization server, as its metadata describes it.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) registration_endpoint: Option<Url>,
    pub(crate) revocation_endpoint: Option<Url>,
    /// Whether every authorization response names the issuer (RFC 9207).
    pub(crate) names_itself: bool,
    /// Whether a client may be known by the address of its metadata document.
    pub(crate) reads_documents: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) auth_methods: Vec<String>,
}

/// Fetches the metadata of the MCP server at `endpoint`; `known` issuers come before others.
pub(crate) fn resource(
    web: &Web,
    endpoint: &Url,
    challenge: Option<&Bearer>,
    known: &[String],
) -> Outcome<Resource> {
    let place = endpoint.as_str().to_owned();
    let mut candidates = Vec::new();
    let pointed = challenge.and_then(|bearer| bearer.resource_metadata.as_deref());
    if let Some(url) = pointed.filter(|_| !has(Fault::ChallengePointerIgnored)) {
        candidates.push((web.reach.admit(url)?, vec![place.clone()]));
    }
    let well_known = format!("{}/.well-known/oauth-protected-resource", origin(endpoint));
    let tail = &endpoint[url::Position::BeforePath..url::Position::AfterQuery];
    if tail != "/" {
        candidates.push((web.reach.admit(&format!("{well_known}{tail}"))?, vec![place.clone()]));
    }
    let root = web.reach.admit(&well_known)?;
    candidates.push((root.clone(), vec![origin(endpoint), place]));
    if has(Fault::RootFormFirst) {
        candidates.reverse();
    }
    for (url, expected) in candidates {
        let is_root = url == root;
        let is_skipped = (is_root && has(Fault::RootFormSkipped))
            || (!is_root && pointed != Some(url.as_str()) && has(Fault::PathFormSkipped));
        if is_skipped {
            continue;
        }
        let Some(found) = document(web, &url)? else { continue };
        return described(&found, &expected, known, &web.reach);
    }
    fail("the server has no protected resource metadata")
}

fn described(
    found: &Map<String, Value>,
    expected: &[String],
    known: &[String],
    reach: &Reach,
) -> Outcome<Resource> {
    let identifier = found.get("resource").and_then(Value::as_str).unwrap_or_default();
    let is_expected = |expected: &String| {
        identifier == expected
            || has(Fault::ResourceUnchecked)
            || (expected.starts_with(identifier) && has(Fault::ResourcePrefixAccepted))
            || (identifier.trim_end_matches('/') == expected.trim_end_matches('/')
                && has(Fault::ResourceSlashIgnored))
    };
    if !expected.iter().any(is_expected) {
        return fail(format!("the metadata is for another resource: {}", inert(identifier)));
    }
    let issuers = strings(found, "authorization_servers");
    let Some(issuer) = issuers.iter().find(|it| known.contains(it)).or(issuers.first()) else {
        return fail("the resource metadata names no authorization server");
    };
    let url = reach.admit(issuer)?;
    if url.query().is_some() {
        return fail(format!("{} is no issuer", inert(issuer)));
    }
    let scopes = strings(found, "scopes_supported");
    Ok(Resource { identifier: identifier.to_owned(), issuer: issuer.clone(), scopes })
}

/// Fetches the metadata of the authorization server named `issuer`.
pub(crate) fn issuer(web: &Web, issuer: &str) -> Outcome<Issuer> {
    let base = web.reach.admit(issuer)?;
    let (host, path) = (origin(&base), base.path().trim_end_matches('/'));
    let path = if !path.is_empty() && has(Fault::IssuerPathIgnored) { "" } else { path };
    let first = format!("{host}/.well-known/oauth-authorization-server{path}");
    let mut candidates = vec![
        (first.clone(), None),
        (format!("{host}/.well-known/openid-configuration{path}"), Some(Fault::OpenidSkipped)),
    ];
    if !path.is_empty() {
        let appended = format!("{host}{path}/.well-known/openid-configuration");
        candidates.push((appended, Some(Fault::OpenidAppendedSkipped)));
    }
    if has(Fault::OpenidFirst) {
        candidates.reverse();
    }
    for (url, skipped) in candidates {
        if skipped.is_some_and(|fault| has(fault) || has(Fault::OpenidSkipped)) {
            continue;
        }
        let Some(found) = document(web, &web.reach.admit(&url)?)? else { continue };
        return usable(&found, issuer, &web.reach);
    }
    if has(Fault::DiscoveryEndless) {
        for _ in 0..40 {
            document(web, &web.reach.admit(&first)?)?;
        }
    }
    if has(Fault::DefaultEndpoints) {
        let mut found = Map::new();
        found.insert("issuer".to_owned(), issuer.into());
        found.insert("authorization_endpoint".to_owned(), format!("{host}/authorize").into());
        found.insert("token_endpoint".to_owned(), format!("{host}/token").into());
        found.insert("registration_endpoint".to_owned(), format!("{host}/register").into());
        found.insert("code_challenge_methods_supported".to_owned(), vec!["S256"].into());
        return usable(&found, issuer, &web.reach);
    }
    fail(format!("the authorization server {} has no metadata", inert(issuer)))
}

/// The document at `url`, or nothing if there is none that can be read.
fn document(web: &Web, url: &Url) -> Outcome<Option<Map<String, Value>>> {
    let answer = match web.document(url) {
        Ok(answer) => answer,
        Err(failure) if failure.is_late => return Err(failure),
        Err(_) => return Ok(None),
    };
    if answer.status != 200 {
        if has(Fault::DiscoveryStopsAt404) {
            return fail(format!("there is nothing at {url}"));
        }
        return Ok(None);
    }
    Ok(strict::object(&answer.body, "a metadata document").ok())
}

fn usable(found: &Map<String, Value>, wanted: &str, reach: &Reach) -> Outcome<Issuer> {
    let named = found.get("issuer").and_then(Value::as_str).unwrap_or_default();
    let is_same = named == wanted
        || has(Fault::IssuerUnchecked)
        || (named.to_lowercase().trim_end_matches('/')
            == wanted.to_lowercase().trim_end_matches('/')
            && has(Fault::IssuerNormalized));
    if !is_same {
        return fail(format!("the metadata is of another issuer: {}", inert(named)));
    }
    let methods = found.get("code_challenge_methods_supported");
    let has_s256 = strings(found, "code_challenge_methods_supported").iter().any(|m| m == "S256");
    let is_excused = || {
        has(Fault::ChallengeMethodsUnchecked)
            || (methods.is_none() && has(Fault::ChallengeMethodsAbsentAccepted))
    };
    if !has_s256 && !is_excused() {
        return fail("the authorization server does not say that it supports PKCE with S256");
    }
    let optional = |name: &str| match found.get(name).and_then(Value::as_str) {
        Some(text) => reach.admit(text).map(Some),
        None => Ok(None),
    };
    let required = |name: &str| match optional(name)? {
        Some(url) => Ok(url),
        None => fail(format!("the authorization server's metadata lacks {name}")),
    };
    let is_set = |name: &str| found.get(name) == Some(&Value::Bool(true));
    Ok(Issuer {
        issuer: if named == wanted || !has(Fault::IssuerUnchecked) { wanted } else { named }
            .to_owned(),
        authorization_endpoint: required("authorization_endpoint")?,
        token_endpoint: required("token_endpoint")?,
        registration_endpoint: optional("registration_endpoint")?,
        revocation_endpoint: optional("revocation_endpoint")?,
        names_itself: is_set("authorization_response_iss_parameter_supported"),
        reads_documents: is_set("client_id_metadata_document_supported"),
        scopes: strings(found, "scopes_supported"),
        auth_methods: strings(found, "token_endpoint_auth_methods_supported"),
    })
}

fn strings(found: &Map<String, Value>, name: &str) -> Vec<String> {
    let list = found.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
