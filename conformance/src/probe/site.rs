//! What the server under test says about itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::Capability;
use crate::outcome::ProbeError;
use crate::probe::http::{Http, Reply, Request};
use crate::probe::mcp::{INITIALIZE, Revision, initialize};
use crate::profile::{Declared, Profile};
use crate::target::Target;

/// The facts of one server, discovered before any check runs and never changed after.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The MCP endpoint: the protected resource.
    pub(crate) endpoint: String,
    /// What tokens for it are asked for: its resource identifier (RFC 8707).
    pub(crate) identifier: String,
    /// The resource metadata document, or `Null`.
    pub(crate) resource: Value,
    /// The identifier of the authorization server.
    pub(crate) issuer: String,
    /// The authorization server metadata document, or `Null`.
    pub(crate) metadata: Value,
    /// Origins that belong to the server under test.
    pub(crate) origins: Vec<String>,
    pub(crate) revision: Revision,
    /// A method that needs a token and nothing else: whether it is answered tells live from dead.
    pub(crate) heartbeat: &'static str,
    /// Another protected resource of the same authorization server.
    pub(crate) second: Option<Second>,
    pub(crate) tokens_page: Option<String>,
    /// Values for tool arguments, learnt by calling tools: `dashboard` → an id.
    pub(crate) values: BTreeMap<String, Value>,
    /// What this target lacks, and why.
    pub(crate) lacks: BTreeMap<Capability, Lack>,
    /// Whether the consent page lets a person choose among the scopes.
    pub(crate) has_scope_boxes: bool,
    /// Scopes that the consent page asks for all or nothing: nobody can leave them out of an approval.
    pub(crate) locked_scopes: Vec<String>,
    /// Whether revoking a spent refresh token still ends its grant; nobody knows unless it was seen.
    pub(crate) spent_revocation: Option<bool>,
    /// What this server chose where the standards leave a choice.
    pub(crate) profile: Profile,
    /// Tells the names of this run from those of others.
    pub(crate) salt: String,
}

/// The second protected resource.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    pub(crate) endpoint: String,
    pub(crate) scopes: Vec<String>,
}

/// Why a capability is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// The target does not have it; its checks are not tested.
    NotOffered(String),
    /// The target claims to have it and it does not work; its checks cannot conclude.
    Broken(String),
}

/// The target could not be exercised at all. The text says what to do.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Unusable(pub String);

impl Site {
    /// An endpoint of the authorization server, by the member that names it.
    pub(crate) fn endpoint_of(&self, member: &str) -> Result<String, ProbeError> {
        let endpoint = self.metadata.get(member).and_then(Value::as_str);
        let missing = || ProbeError::step("read the server's metadata", format!("no {member}"));
        endpoint.map(str::to_owned).ok_or_else(missing)
    }

    /// The metadata member that names `address`, whichever replica it is at.
    pub(crate) fn name_of(&self, address: &str) -> Option<&'static str> {
        let path = |address: &str| Some(url::Url::parse(address).ok()?.path().to_owned());
        let asked = path(address)?;
        ENDPOINTS.into_iter().find(|member| {
            let endpoint = self.metadata.get(*member).and_then(Value::as_str);
            endpoint.and_then(path).is_some_and(|endpoint| endpoint == asked)
        })
    }

    /// The strings of a metadata array; empty when it is absent.
    pub(crate) fn advertised(&self, member: &str) -> Vec<String> {
        strings(&self.metadata, member)
    }

    /// Every address that discovery found.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let endpoints = ENDPOINTS.iter().filter_map(|member| self.metadata.get(*member)?.as_str());
        endpoints.map(str::to_owned).chain([self.issuer.clone(), self.endpoint.clone()]).collect()
    }

    /// The scopes that the resource publishes, or else the authorization server.
    pub(crate) fn published_scopes(&self) -> Vec<String> {
        let scopes = strings(&self.resource, "scopes_supported");
        if scopes.is_empty() { self.advertised("scopes_supported") } else { scopes }
    }

    /// Where the resource metadata of `endpoint` belongs (RFC 9728 section 3.1).
    pub(crate) fn resource_metadata_address(endpoint: &str) -> String {
        well_known(endpoint, "oauth-protected-resource")
    }

    /// Where the metadata of `issuer` belongs (RFC 8414 section 3.1).
    pub(crate) fn metadata_address(issuer: &str) -> String {
        well_known(issuer, "oauth-authorization-server")
    }

    /// Where the metadata of `issuer` may be, in the order clients try them (MCP 2026-07-28
    /// basic/authorization): RFC 8414, then OpenID Connect Discovery in both its places.
    fn metadata_addresses(issuer: &str) -> Vec<String> {
        let issuer = issuer.trim_end_matches('/');
        let mut addresses = vec![
            Self::metadata_address(issuer),
            well_known(issuer, "openid-configuration"),
            format!("{issuer}/.well-known/openid-configuration"),
        ];
        addresses.dedup();
        addresses
    }

    /// Reads the public documents, beginning from the address a person gave.
    pub(crate) fn discover(http: &Http, target: &Target) -> Result<Self, Unusable> {
        let url = &target.url;
        let base = url::Url::parse(url).ok().filter(|url| url.has_host());
        let Some(base) = base.filter(|base| matches!(base.scheme(), "http" | "https")) else {
            return Err(Unusable(format!("{url} is no http or https address")));
        };
        let origin = base.origin().ascii_serialization();
        let (endpoint, resource) = find_resource(http, &base, &origin)?;
        let named = strings(&resource, "authorization_servers").into_iter().next();
        let issuer = target.issuer.clone().or(named).unwrap_or_else(|| origin.clone());
        let mut metadata = Value::Null;
        for address in
            Self::metadata_addresses(&issuer).into_iter().chain([Self::metadata_address(&origin)])
        {
            if metadata.is_null() {
                metadata = fetch(http, &address)?;
            }
        }
        if resource.is_null() && metadata.is_null() {
            return Err(Unusable(format!(
                "{url} publishes neither protected resource nor authorization server metadata. \
                 Give the address of an MCP server that requires OAuth, or its MCP endpoint."
            )));
        }
        if !http.may_contact(&endpoint) {
            return Err(Unusable(foreign(&endpoint, &metadata, http)));
        }
        let mut origins = vec![origin];
        for member in ENDPOINTS {
            let Some(address) = metadata.get(member).and_then(Value::as_str) else { continue };
            if !http.may_contact(address) {
                return Err(Unusable(foreign(&endpoint, &metadata, http)));
            }
            if let Ok(url) = url::Url::parse(address) {
                origins.push(url.origin().ascii_serialization());
            }
        }
        let mut salt = [0; 3];
        getrandom::fill(&mut salt)
            .map_err(|error| Unusable(format!("this machine gives no random numbers: {error}")))?;
        let named = resource.get("resource").and_then(Value::as_str).map(str::to_owned);
        let identifier = target.resource.clone().or(named).unwrap_or_else(|| endpoint.clone());
        Ok(Self {
            endpoint,
            identifier,
            resource,
            issuer,
            metadata,
            origins,
            revision: Revision::Stateless,
            heartbeat: "tools/list",
            second: None,
            tokens_page: None,
            values: BTreeMap::new(),
            lacks: BTreeMap::new(),
            has_scope_boxes: false,
            locked_scopes: Vec::new(),
            spent_revocation: None,
            profile: Profile::assuming(&Declared::default()),
            salt: salt.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

/// Members of authorization server metadata that are addresses the harness goes to.
const ENDPOINTS: [&str; 4] =
    ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"];

/// Why a run does not begin: every host that the documents name and the target does not.
fn foreign(endpoint: &str, metadata: &Value, http: &Http) -> String {
    let addresses = ENDPOINTS.iter().filter_map(|member| metadata.get(member)?.as_str());
    let addresses = addresses.chain([endpoint]);
    let strange = addresses.filter(|address| !http.may_contact(address));
    let mut hosts: Vec<String> = strange
        .filter_map(|address| {
            Some(crate::target::ownership::authority(&url::Url::parse(address).ok()?))
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    format!(
        "the server has endpoints on other hosts, which are not contacted unasked. \
         When they belong to the target, add hosts = {hosts:?} to the target file"
    )
}

/// An address with a path is the endpoint; one without is asked where its endpoint is.
fn find_resource(http: &Http, base: &url::Url, origin: &str) -> Result<(String, Value), Unusable> {
    if base.path() != "/" {
        let endpoint = base.as_str().trim_end_matches('/').to_owned();
        let mut document = fetch(http, &Site::resource_metadata_address(&endpoint))?;
        if document.is_null() {
            document = fetch(http, &Site::resource_metadata_address(origin))?;
        }
        if document.is_null()
            && let Some(address) = challenged(http, &endpoint)
        {
            document = fetch(http, &address)?;
        }
        return Ok((endpoint, document));
    }
    let usual = format!("{origin}/mcp");
    let root = fetch(http, &Site::resource_metadata_address(origin))?;
    match root.get("resource").and_then(Value::as_str) {
        Some(endpoint) => Ok((endpoint.to_owned(), root.clone())),
        None => {
            let document = fetch(http, &Site::resource_metadata_address(&usual))?;
            Ok((usual, document))
        }
    }
}

/// Where the challenge of an endpoint says that its metadata is (RFC 9728 section 5.1).
fn challenged(http: &Http, endpoint: &str) -> Option<String> {
    let reply = http.send(&http.dressed(&initialize(endpoint, INITIALIZE[0]))).ok()?;
    let challenge = reply.header("www-authenticate")?;
    let (_, rest) = challenge.split_once("resource_metadata=")?;
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split([',', ' ']).next()?,
    };
    Some(value.to_owned())
}

/// A JSON document, or `Null` when the server does not have it.
fn fetch(http: &Http, address: &str) -> Result<Value, Unusable> {
    if !http.may_contact(address) {
        let host = url::Url::parse(address).map(|url| crate::target::ownership::authority(&url));
        let host = host.unwrap_or_else(|_| address.to_owned());
        return Err(Unusable(format!(
            "discovery leads to {address}, and other hosts are not contacted unasked. When it \
             belongs to the target, add hosts = [{host:?}] to the target file{}",
            crate::target::ownership::if_plain(address)
        )));
    }
    let unreachable = |error: ProbeError| {
        Unusable(format!("{error}. Is the server running, and is this its address? ({address})"))
    };
    let reply = http.send(&http.dressed(&Request::get(address))).map_err(unreachable)?;
    Ok(if reply.is_success() { reply.json() } else { Value::Null })
}

pub(crate) fn fetch_document(reply: &Reply) -> Value {
    if reply.is_success() { reply.json() } else { Value::Null }
}

pub(crate) fn strings(document: &Value, member: &str) -> Vec<String> {
    let values = document.get(member).and_then(Value::as_array).cloned().unwrap_or_default();
    values.iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect()
}

/// Inserts `/.well-known/{name}` between host and path.
fn well_known(identifier: &str, name: &str) -> String {
    match url::Url::parse(identifier) {
        Ok(url) => {
            let path = url.path().trim_end_matches('/');
            format!("{}/.well-known/{name}{path}", url.origin().ascii_serialization())
        }
        Err(_) => identifier.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_known_path_goes_between_host_and_path() {
        assert_eq!(
            Site::resource_metadata_address("https://h:1/a/b/"),
            "https://h:1/.well-known/oauth-protected-resource/a/b"
        );
        assert_eq!(
            Site::metadata_address("https://h"),
            "https://h/.well-known/oauth-authorization-server"
        );
    }
}
