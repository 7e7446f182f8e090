//! The resource that a token is for: what metadata may name, and what requests must.

use proptest::prelude::*;
use serde_json::Value;

use super::near::{self, Near};
use super::{Area, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const PARAMETER: &str = "basic/authorization#resource-parameter-implementation";

const OF_ANOTHER: &str = "metadata of another resource";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "resource/elsewhere",
        title: "The resource metadata is for a resource at another host, port, scheme or path.",
        inputs: || data(near::placed()),
        runs: 1,
        script: another,
    },
    Scenario {
        id: "resource/prefix",
        title: "The resource metadata is for the endpoint's whole origin.",
        inputs: || data(near::prefixed()),
        runs: 3,
        script: another,
    },
    Scenario {
        id: "resource/spelled",
        title: "The resource metadata is for what a normalizing client takes for the endpoint.",
        inputs: || data(prop_oneof![3 => near::trimmed(), 1 => near::parsed()]),
        runs: 1,
        script: another,
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "resource/elsewhere",
        level: MUST,
        clause: rfc(9728, "3.3"),
        claim: "Metadata for a resource at another place is not used.",
        on: On::Only(&["resource/elsewhere"]),
        judge: Judge::Each(is_unused),
    },
    ClientCheck {
        id: "resource/prefix",
        level: MUST,
        clause: rfc(9728, "3.3"),
        claim: "Metadata for the origin of the endpoint is not used, since its path belongs to the identifier.",
        on: On::Only(&["resource/prefix"]),
        judge: Judge::Each(is_unused),
    },
    ClientCheck {
        id: "resource/identical",
        level: MUST,
        clause: rfc(9728, "3.3"),
        claim: "Metadata whose resource only resembles the endpoint's address is not used.",
        on: On::Only(&["resource/spelled"]),
        judge: Judge::Each(is_unused),
    },
    ClientCheck {
        id: "resource/authorization-request",
        level: MUST,
        clause: mcp(PARAMETER),
        claim: "Every authorization request names the MCP endpoint as its resource, and no other.",
        on: On::Every,
        judge: Judge::Each(in_authorization_requests),
    },
    ClientCheck {
        id: "resource/token-request",
        level: MUST,
        clause: mcp(PARAMETER),
        claim: "Every exchange of a code names the MCP endpoint as its resource, and no other.",
        on: On::Every,
        judge: Judge::Each(in_token_requests),
    },
    ClientCheck {
        id: "resource/refresh-request",
        level: MUST,
        clause: mcp(PARAMETER),
        claim: "Every refresh names the MCP endpoint as its resource, and no other.",
        on: On::Every,
        judge: Judge::Each(in_refresh_requests),
    },
];

fn another(case: &Value) -> Script {
    let near = serde_json::from_value(case.clone()).unwrap_or(Near::Slash);
    Script::honest().on(Route::ResourceMetadata, move |ask, world, answer| {
        if answer.status == 200 && ask.role == Role::Resource {
            world.mark(OF_ANOTHER);
            let other = world.places.base(Role::Stranger);
            let resource = near.of(&world.endpoint(), other);
            answer.change(|document| document["resource"] = resource.into());
        }
    })
}

/// The metadata leads nowhere: nobody is sent to sign in.
fn is_unused(run: &Run) -> Outcome {
    run.reached(OF_ANOTHER)?;
    let opened = run.opened().next().and_then(<[String]>::first).cloned();
    let asked = run.to(Route::Authorize).next().map(Ask::line);
    let request = opened.or(asked);
    ensure(request.is_none(), "no authorization request", || request.unwrap_or_default())
}

fn in_authorization_requests(run: &Run) -> Outcome {
    names_endpoint(run, run.to(Route::Authorize), "an authorization request")
}

fn in_token_requests(run: &Run) -> Outcome {
    names_endpoint(run, granting(run, "authorization_code"), "redeeming a code")
}

fn in_refresh_requests(run: &Run) -> Outcome {
    names_endpoint(run, granting(run, "refresh_token"), "a refresh")
}

fn granting<'a>(run: &'a Run, kind: &'a str) -> impl Iterator<Item = &'a Ask> {
    run.to(Route::Token).filter(move |ask| ask.param("grant_type").as_deref() == Some(kind))
}

fn names_endpoint<'a>(run: &Run, asks: impl Iterator<Item = &'a Ask>, what: &str) -> Outcome {
    // What is right after metadata for something else is judged elsewhere.
    if run.world.marked(OF_ANOTHER) > 0 {
        return Err(run.never(what));
    }
    let endpoint = run.world.endpoint();
    let mut any = false;
    for ask in asks {
        any = true;
        let named = ask.params("resource");
        ensure(named == [endpoint.as_str()], format!("resource={endpoint}, once"), || {
            let named =
                if named.is_empty() { "no resource".to_owned() } else { named.join(" and ") };
            format!("{named} in {what}")
        })?;
    }
    if any { Ok(()) } else { Err(run.never(what)) }
}
