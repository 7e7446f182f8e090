//! What a caller without a good token is told.

use serde_json::{Value, json};

use crate::check::{Capability, Check, Level, mcp, rfc};
use crate::outcome::{Outcome, ProbeError, ensure};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::{INITIALIZE, bearing, initialize};
use crate::probe::site::strings;
use crate::property::scope::names;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "challenge/unauthorized",
        level: Level::Must,
        clause: rfc(6750, "3"),
        claim: "A request without a token is answered 401 with a Bearer challenge.",
        needs: &[],
        run: unauthorized,
    },
    Check {
        id: "challenge/pointer",
        level: Level::Should,
        clause: rfc(9728, "5.1"),
        claim: "The challenge points to this resource's metadata.",
        needs: &[],
        run: pointer,
    },
    Check {
        id: "challenge/no-error",
        level: Level::Should,
        clause: rfc(6750, "3.1"),
        claim: "A challenge to a request without a token names no error.",
        needs: &[],
        run: no_error,
    },
    Check {
        id: "challenge/scope",
        level: Level::Should,
        clause: mcp(
            "basic/authorization/authorization-server-discovery#protected-resource-metadata-discovery-requirements",
        ),
        claim: "A challenge names the scopes to ask for, and every one of them is supported.",
        needs: &[],
        run: scope,
    },
    Check {
        id: "challenge/every-method",
        level: Level::Must,
        clause: mcp("basic/authorization#token-requirements"),
        claim: "No method of the endpoint answers without a token.",
        needs: &[],
        run: every_method,
    },
    Check {
        id: "challenge/invalid-token",
        level: Level::Must,
        clause: mcp("basic/authorization#token-handling"),
        claim: "A token that nobody issued is answered 401 with a challenge.",
        needs: &[],
        run: invalid_token,
    },
    Check {
        id: "challenge/invalid-token-code",
        level: Level::Should,
        clause: rfc(6750, "3.1"),
        claim: "The challenge to a token that nobody issued says invalid_token, and points to the metadata.",
        needs: &[],
        run: invalid_token_code,
    },
    Check {
        id: "challenge/second-resource",
        level: Level::Should,
        clause: rfc(9728, "5.1"),
        claim: "The second resource points to its own metadata and asks for its own scopes.",
        needs: &[Capability::SecondResource],
        run: second_resource,
    },
];

fn unauthorized(probe: &Probe<'_>) -> Outcome {
    let reply = ask(probe, &probe.site().endpoint)?;
    is_challenged(&reply)
}

fn is_challenged(reply: &Reply) -> Outcome {
    let holds = reply.status == 401 && reply.is_bearer_challenge();
    ensure(holds, "401 with a Bearer challenge", || reply.summary())
}

fn ask(probe: &Probe<'_>, endpoint: &str) -> Result<Reply, ProbeError> {
    probe.send(&probe.message(endpoint, "tools/list", json!({})))
}

fn points_to(probe: &Probe<'_>, reply: &Reply, endpoint: &str) -> Outcome {
    is_challenged(reply)?;
    let address = reply.challenge("resource_metadata").unwrap_or_default();
    ensure(!address.is_empty(), "a resource_metadata parameter", || reply.summary())?;
    let document = probe.send(&Request::get(&address))?;
    let resource = document.text("resource").unwrap_or_default();
    ensure(resource == endpoint, format!("metadata of {endpoint} at {address}"), || {
        format!("{} with resource {resource:?}", document.summary())
    })
}

fn pointer(probe: &Probe<'_>) -> Outcome {
    let endpoint = &probe.site().endpoint;
    points_to(probe, &ask(probe, endpoint)?, endpoint)
}

fn no_error(probe: &Probe<'_>) -> Outcome {
    let reply = ask(probe, &probe.site().endpoint)?.alive()?;
    ensure(reply.challenge("error").is_none(), "a challenge without error", || reply.summary())
}

fn scope(probe: &Probe<'_>) -> Outcome {
    let reply = ask(probe, &probe.site().endpoint)?.alive()?;
    let asked = names(&reply.challenge("scope").unwrap_or_default());
    let supported = strings(&probe.site().resource, "scopes_supported");
    let is_supported = |scope: &String| supported.is_empty() || supported.contains(scope);
    ensure(
        !asked.is_empty() && asked.iter().all(is_supported),
        format!("scopes out of {supported:?}"),
        || format!("scope {asked:?}"),
    )
}

fn every_method(probe: &Probe<'_>) -> Outcome {
    let endpoint = &probe.site().endpoint;
    let methods = [
        "server/discover",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/read",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "subscriptions/listen",
        "ping",
        "notifications/initialized",
        "no/such/method",
    ];
    probe.for_each(methods, |method| {
        let tool =
            probe.catalogue().tools.first().map(|tool| tool.name.as_str()).unwrap_or_default();
        let params = json!({"name": tool, "arguments": {}});
        is_unauthorized(&probe.send(&probe.message(endpoint, method, params))?)
    })?;
    is_unauthorized(&probe.send(&initialize(endpoint, INITIALIZE[0]))?)?;
    probe.for_each(["GET", "DELETE"], |verb| {
        let request = Request::new(verb, endpoint).header("accept", "text/event-stream");
        probe.send(&request)?.has_status(&[401, 405])
    })
}

fn is_unauthorized(reply: &Reply) -> Outcome {
    ensure(reply.status == 401 && reply.json().get("result").is_none(), "401 and no result", || {
        reply.summary()
    })
}

fn invalid_token_code(probe: &Probe<'_>) -> Outcome {
    let message = probe.message(&probe.site().endpoint, "tools/list", Value::Null);
    let reply = probe.send(&bearing(message, &Secret::new("nobody-issued-this")))?;
    reply.is_invalid_token()?;
    let pointer = reply.challenge("resource_metadata").is_some();
    ensure(pointer, "the pointer again", || reply.summary())
}

fn invalid_token(probe: &Probe<'_>) -> Outcome {
    let endpoint = &probe.site().endpoint;
    let made_up = [
        "x".to_owned(),
        "null".to_owned(),
        "undefined".to_owned(),
        "a.b.c".to_owned(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.".to_owned(),
        "lkoat_".to_owned(),
        format!("lkoat_{}", "A".repeat(49)),
        format!("lkmcp_{}", "0".repeat(49)),
        "A".repeat(2_000),
        "A~-._+/=".to_owned(),
    ];
    probe.for_each(made_up, |token| {
        let message = probe.message(endpoint, "tools/list", Value::Null);
        let reply = probe.send(&bearing(message, &Secret::new(token)))?;
        is_challenged(&reply)
    })
}

fn second_resource(probe: &Probe<'_>) -> Outcome {
    let Some(second) = &probe.site().second else { return Ok(()) };
    let reply = ask(probe, &second.endpoint)?;
    points_to(probe, &reply, &second.endpoint)?;
    let asked = names(&reply.challenge("scope").unwrap_or_default());
    ensure(asked == second.scopes, format!("scope {:?}", second.scopes), || format!("{asked:?}"))
}
