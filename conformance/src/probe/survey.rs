//! Finding out what a target offers, by doing the ordinary thing once.
//!
//! The survey decides what can be tested, never what passes. A capability that the target does not
//! claim makes checks not tested; one that it claims and that does not work makes them errors.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalogue::Tool;
use crate::check::Capability;
use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::http::Request;
use crate::probe::mcp::{INITIALIZE, Revision, bearing, initialize, rpc, stateless};
use crate::probe::programmatic::is_creation;
use crate::probe::site::{Lack, Second, Site, fetch_document, strings};
use crate::probe::token::Grant;
use crate::secret::Secret;
use crate::target::Registration;

/// Adds to `site` what only a signed-in person and a token can find out.
pub(crate) fn survey(probe: &Probe<'_>) -> Site {
    let mut site = probe.site().clone();
    site.second = second_resource(probe);
    if site.second.is_none() {
        lack(&mut site, Capability::SecondResource, "no metadata below the endpoint's path");
    }
    let registration = &probe.target.registration;
    if !matches!(registration, Registration::Dynamic { .. }) {
        let reason = format!("the target has clients of kind {:?}", registration.name());
        lack(&mut site, Capability::Registration, &reason);
    } else if site.endpoint_of("registration_endpoint").is_err() {
        lack(&mut site, Capability::Registration, "no registration endpoint is advertised");
    }
    if site.endpoint_of("revocation_endpoint").is_err() {
        lack(&mut site, Capability::Revocation, "no revocation endpoint is advertised");
    }
    if probe.target.limits.polite {
        let reason = "the target is tested politely (limits.polite)";
        lack(&mut site, Capability::Stress, reason);
    }
    if probe.target.limits.requests_per_second.is_some() {
        let reason = "requests are spaced (limits.requests_per_second)";
        lack(&mut site, Capability::Parallel, reason);
    }
    if probe.catalogue().tools.is_empty() || probe.catalogue().scopes.is_empty() {
        let reason = "the target file has no [tools.NAME] with scopes, and no catalogue";
        lack(&mut site, Capability::Scopes, reason);
    }
    let grant = first_grant(probe);
    match &grant {
        Ok(grant) if grant.tokens.refresh.is_some() => {}
        Ok(_) => {
            lack(&mut site, Capability::Refresh, "the token response has no refresh token");
        }
        Err(reason) => without_grant(&mut site, reason),
    }
    match token(probe, &grant) {
        Ok(token) => with_token(probe, &mut site, &token),
        Err(reason) => without_token(&mut site, &reason),
    }
    if probe.form_hints().is_none() && !site.lacks.contains_key(&Capability::Pages) {
        let driver = probe.target.consent.as_ref().map_or("none", |consent| consent.driver.name());
        let reason =
            format!("only the \"forms\" driver reads pages, and the target has {driver:?}");
        lack(&mut site, Capability::Pages, &reason);
    }
    if !site.lacks.contains_key(&Capability::Pages) {
        site.tokens_page = tokens_page(probe);
    }
    if site.tokens_page.is_none() {
        lack(&mut site, Capability::ProgrammaticTokens, "no page for them was found");
    }
    site
}

fn lack(site: &mut Site, capability: Capability, reason: &str) {
    site.lacks.insert(capability, Lack::NotOffered(reason.to_owned()));
}

fn first_grant(probe: &Probe<'_>) -> Result<Grant, Lack> {
    if probe.target.consent.is_none() {
        return Err(Lack::NotOffered(
            "no account was given: add --user and a password, or [consent] to the target file, to \
             let the harness consent"
                .to_owned(),
        ));
    }
    let is_dynamic = matches!(probe.target.registration, Registration::Dynamic { .. });
    if is_dynamic && probe.site().endpoint_of("registration_endpoint").is_err() {
        return Err(Lack::NotOffered(
            "no registration endpoint is advertised: name clients in [registration] of the target \
             file"
                .to_owned(),
        ));
    }
    probe.grant().map_err(|error| match error {
        ProbeError::Unavailable(reason) => Lack::NotOffered(reason),
        error => Lack::Broken(format!("the ordinary flow does not work: {error}")),
    })
}

fn without_grant(site: &mut Site, reason: &Lack) {
    let behind_consent = [
        Capability::Consent,
        Capability::Pages,
        Capability::Refresh,
        Capability::ProgrammaticTokens,
    ];
    for capability in behind_consent {
        site.lacks.insert(capability, reason.clone());
    }
}

/// A token to look around with: that of the first grant, or one that exists already.
fn token(probe: &Probe<'_>, grant: &Result<Grant, Lack>) -> Result<Secret, Lack> {
    match (grant, probe.target.tokens.iter().max_by_key(|ready| ready.scopes.len())) {
        (Ok(grant), _) => Ok(grant.tokens.access.clone()),
        (Err(_), Some(ready)) => Ok(ready.token.clone()),
        (Err(reason), None) => Err(reason.clone()),
    }
}

fn without_token(site: &mut Site, reason: &Lack) {
    for capability in [Capability::Token, Capability::Stateless, Capability::Initialize] {
        site.lacks.insert(capability, reason.clone());
    }
}

fn with_token(probe: &Probe<'_>, site: &mut Site, token: &Secret) {
    let answers = |request: Request| {
        let reply = probe.send(&bearing(request, token));
        reply.is_ok_and(|reply| reply.is_success() && rpc(&reply).get("result").is_some())
    };
    let is_stateless = answers(stateless(&site.endpoint, "server/discover", json!({})));
    let has_initialize = answers(initialize(&site.endpoint, INITIALIZE[0]));
    site.revision = if is_stateless { Revision::Stateless } else { Revision::Initialize };
    // Discovery is the cheapest call, but some servers answer it to anybody.
    let discovery = stateless(&site.endpoint, "server/discover", json!({}));
    if is_stateless && probe.send(&discovery).is_ok_and(|reply| reply.status == 401) {
        site.heartbeat = "server/discover";
    }
    if !is_stateless {
        lack(site, Capability::Stateless, "server/discover was not answered");
    }
    if !has_initialize {
        lack(site, Capability::Initialize, "initialize was not answered");
    }
    if !is_stateless && !has_initialize {
        let reason = "the endpoint answers neither server/discover nor initialize with a token";
        let broken = Lack::Broken(reason.to_owned());
        without_token(site, &broken);
        without_grant(site, &broken);
    }
}

/// What `tools/list` says of the arguments of each tool, where some tool's are not known.
pub(crate) fn schemas(probe: &Probe<'_>) -> BTreeMap<String, Value> {
    let is_bare = |tool: &Tool| tool.input_schema.get("properties").is_none();
    if !probe.catalogue().tools.iter().any(is_bare) {
        return BTreeMap::new();
    }
    let Ok(token) = probe.token_of_all() else { return BTreeMap::new() };
    let found = probe.described_tools(&probe.site().endpoint, &token).unwrap_or_default();
    let named = found.into_iter().filter_map(|tool| {
        Some((tool.get("name")?.as_str()?.to_owned(), tool.get("inputSchema")?.clone()))
    });
    named.collect()
}

/// Learns values for tool arguments by calling the read-only tools whose arguments are known.
pub(crate) fn learn_values(probe: &Probe<'_>) -> Result<Site, ProbeError> {
    let mut site = probe.site().clone();
    let token = probe.token_of_all()?;
    for _ in 0..2 {
        for tool in probe.catalogue().tools.iter().filter(|tool| tool.is_read_only()) {
            let Some(arguments) = tool.known_arguments(&site.values) else { continue };
            let reply = probe.call_tool(&site.endpoint, &token, &tool.name, &arguments)?;
            let result = rpc(&reply).get("result").cloned().unwrap_or_default();
            let content = result.get("structuredContent").cloned().unwrap_or_default();
            crate::catalogue::sample::harvest(&content, &mut site.values);
        }
    }
    Ok(site)
}

fn second_resource(probe: &Probe<'_>) -> Option<Second> {
    let endpoint = format!("{}/readonly", probe.site().endpoint);
    let address = Site::resource_metadata_address(&endpoint);
    let document = fetch_document(&probe.send(&Request::get(address)).ok()?);
    let resource = document.get("resource").and_then(Value::as_str)?;
    (resource != probe.site().endpoint)
        .then(|| Second { endpoint, scopes: strings(&document, "scopes_supported") })
}

/// The declared page, or the one that links named "MCP" and "Tokens" lead to from the home page.
fn tokens_page(probe: &Probe<'_>) -> Option<String> {
    let home = format!("{}/", probe.site().origins.first()?);
    if let Some(page) = &probe.target.tokens_page {
        return Some(url::Url::parse(&home).ok()?.join(page).ok()?.into());
    }
    let mut address = home;
    for name in ["MCP", "Tokens", "Programmatic tokens"] {
        let (_, page) =
            probe.page_after(Request::get(&address), "look for the tokens page").ok()?;
        if page.forms.iter().any(is_creation) && address.contains("token") {
            return Some(address);
        }
        if let Some(next) = page.link(name) {
            next.clone_into(&mut address);
        }
    }
    let (_, page) = probe.page_after(Request::get(&address), "look for the tokens page").ok()?;
    page.forms.iter().any(is_creation).then_some(address)
}
