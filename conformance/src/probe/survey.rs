//! Finding out what a target offers, by doing the ordinary thing once.
//!
//! The survey decides what can be tested, never what passes. A capability that the target does not
//! claim makes checks not tested; one that it claims and that does not work makes them errors.

use serde_json::{Value, json};

use crate::check::Capability;
use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::http::Request;
use crate::probe::mcp::{INITIALIZE, Revision, bearing, initialize, rpc, stateless};
use crate::probe::programmatic::is_creation;
use crate::probe::site::{Lack, Second, Site, fetch_document, strings};
use crate::probe::token::Grant;

/// Adds to `site` what only a signed-in person and a token can find out.
pub(crate) fn survey(probe: &Probe<'_>) -> Site {
    let mut site = probe.site().clone();
    site.second = second_resource(probe);
    if site.second.is_none() {
        lack(&mut site, Capability::SecondResource, "no metadata below the endpoint's path");
    }
    if site.endpoint_of("registration_endpoint").is_err() {
        lack(&mut site, Capability::Registration, "no registration endpoint is advertised");
    }
    if site.endpoint_of("revocation_endpoint").is_err() {
        lack(&mut site, Capability::Revocation, "no revocation endpoint is advertised");
    }
    match first_grant(probe) {
        Ok(grant) => with_grant(probe, &mut site, &grant),
        Err(reason) => without_grant(&mut site, &reason),
    }
    if !site.lacks.contains_key(&Capability::Consent) {
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
    if probe.person().is_none() {
        return Err(Lack::NotOffered(
            "no account was given: add --user and a password to let the harness consent".to_owned(),
        ));
    }
    if probe.site().endpoint_of("registration_endpoint").is_err() {
        return Err(Lack::NotOffered("it needs dynamic client registration".to_owned()));
    }
    probe.grant().map_err(|error| Lack::Broken(format!("the ordinary flow does not work: {error}")))
}

fn without_grant(site: &mut Site, reason: &Lack) {
    let behind_consent = [
        Capability::Consent,
        Capability::Refresh,
        Capability::ProgrammaticTokens,
        Capability::Stateless,
        Capability::Initialize,
    ];
    for capability in behind_consent {
        site.lacks.insert(capability, reason.clone());
    }
}

fn with_grant(probe: &Probe<'_>, site: &mut Site, grant: &Grant) {
    let token = &grant.tokens.access;
    if grant.tokens.refresh.is_none() {
        lack(site, Capability::Refresh, "the token response has no refresh token");
    }
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
        without_grant(site, &Lack::Broken(reason.to_owned()));
    }
}

/// Learns values for tool arguments by calling the read-only tools whose arguments are known.
pub(crate) fn learn_values(probe: &Probe<'_>) -> Result<Site, ProbeError> {
    let mut site = probe.site().clone();
    let token = probe.grant()?.tokens.access;
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
