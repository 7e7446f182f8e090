//! The scope gate: shown, callable and granted are the same thing.

use serde_json::{Value, json};

use crate::catalogue::Tool;
use crate::check::{Capability, Check, Level, lookout, mcp, rfc};
use crate::outcome::{Outcome, Violation, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::authorize::Decision;
use crate::probe::browser::Landing;
use crate::probe::http::Reply;
use crate::probe::mcp::{bearing, rpc};
use crate::property::scope::{names, near_misses};
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "scope/gate",
        level: Level::Must,
        clause: mcp("basic/authorization#error-handling"),
        claim: "For every set of scopes and every tool: the call is let through exactly when the scopes suffice.",
        needs: &[Capability::Token, Capability::Scopes],
        run: gate,
    },
    Check {
        id: "scope/listed",
        level: Level::Must,
        clause: lookout("a token is shown exactly the tools that it may call"),
        claim: "For every set of scopes, tools/list shows exactly the tools that the scopes suffice for.",
        needs: &[Capability::Token, Capability::Scopes],
        run: listed,
    },
    Check {
        id: "scope/step-up",
        level: Level::Should,
        clause: mcp("basic/authorization#runtime-insufficient-scope-errors"),
        claim: "A call outside the scopes is answered 403 with all scopes it needs and the metadata pointer.",
        needs: &[Capability::Token, Capability::Scopes],
        run: step_up,
    },
    Check {
        id: "scope/no-side-effect",
        level: Level::Must,
        clause: rfc(6750, "3.1"),
        claim: "A call that was refused for its scopes changed nothing.",
        needs: &[Capability::Token, Capability::Scopes],
        run: no_side_effect,
    },
    Check {
        id: "scope/body-decides",
        level: Level::Must,
        clause: mcp("basic/transports/streamable-http#server-validation"),
        claim: "The gate judges the tool that would run, whatever name a header gives.",
        needs: &[Capability::Token, Capability::Scopes, Capability::Stateless],
        run: body_decides,
    },
    Check {
        id: "scope/default",
        level: Level::Must,
        clause: lookout("without a scope parameter a client gets the read and the write scope"),
        claim: "A request without a scope parameter is granted every scope of the resource.",
        needs: &[Capability::Consent, Capability::Scopes],
        run: default,
    },
    Check {
        id: "scope/near-miss",
        level: Level::Must,
        clause: rfc(6749, "3.3"),
        claim: "A value that only resembles a scope is never taken for it.",
        needs: &[Capability::Consent, Capability::Scopes],
        run: near_miss,
    },
    Check {
        id: "scope/consent-narrows",
        level: Level::Must,
        clause: rfc(6749, "3.3"),
        claim: "A token has no scope that the person unticked.",
        needs: &[Capability::Consent, Capability::Scopes],
        run: consent_narrows,
    },
    Check {
        id: "scope/response",
        level: Level::Must,
        clause: rfc(6749, "5.1"),
        claim: "A token response names the granted scopes whenever they differ from what was asked for.",
        needs: &[Capability::Consent, Capability::Scopes],
        run: response,
    },
    Check {
        id: "scope/second-resource",
        level: Level::Must,
        clause: lookout("the read-only address never lists or runs a tool that writes"),
        claim: "At the second resource no token is shown or may call a tool beyond that resource's scopes.",
        needs: &[Capability::Consent, Capability::Scopes, Capability::SecondResource],
        run: second_resource,
    },
];

/// Arguments that change nothing where the tool knows how to pretend.
pub(super) fn harmless_arguments(probe: &Probe<'_>, tool: &Tool) -> Value {
    let mut arguments = tool.arguments(&probe.site().values);
    if tool.input_schema.pointer("/properties/dry_run").is_some() {
        arguments["dry_run"] = json!(true);
    }
    arguments
}

fn is_gated(reply: &Reply) -> bool {
    matches!(reply.status, 401 | 403)
}

/// A tool that no server has.
pub(super) const STRANGER: &str = "no_such_tool_anywhere";

/// Whether `reply` is what a tool gets that does not exist, as `unknown` is. A server may hide what
/// a token may not call, and then it is neither shown nor let through.
pub(super) fn is_hidden(unknown: &Reply, tool: &Tool, reply: &Reply) -> bool {
    let renamed = rpc(unknown).to_string().replace(STRANGER, &tool.name);
    let same = serde_json::from_str::<Value>(&renamed).is_ok_and(|message| message == rpc(reply));
    unknown.status == reply.status && same
}

fn gate(probe: &Probe<'_>) -> Outcome {
    probe.for_scope_sets(|scopes| {
        let token = probe.token_of(scopes)?;
        let endpoint = &probe.site().endpoint;
        let unknown = probe.call_tool(endpoint, &token, STRANGER, &json!({}))?.alive()?;
        for tool in &probe.catalogue().tools {
            probe.forget_transcript();
            let arguments = harmless_arguments(probe, tool);
            let reply = probe.call_tool(endpoint, &token, &tool.name, &arguments)?.alive()?;
            let expected = tool.is_callable_with(scopes);
            let wanted = if expected { "let through" } else { "403" };
            let refused = is_gated(&reply) || is_hidden(&unknown, tool, &reply);
            let is_right = if expected { !refused } else { refused && reply.status != 401 };
            let input = format!("{} with scope {}", tool.name, scopes.join(" "));
            on(&input, ensure(is_right, wanted, || reply.summary()))?;
        }
        Ok(())
    })
}

fn listed(probe: &Probe<'_>) -> Outcome {
    probe.for_scope_sets(|scopes| {
        let mut shown = probe.list_tools(&probe.site().endpoint, &probe.token_of(scopes)?)?;
        shown.sort();
        let expected = probe.catalogue().callable_with(scopes);
        ensure(shown == expected, format!("{expected:?}"), || format!("{shown:?}"))
    })
}

/// Every tool with a set of scopes that does not suffice for it.
fn refusals<'a>(probe: &Probe<'a>) -> Vec<(Vec<String>, &'a Tool)> {
    let mut refusals = Vec::new();
    for scopes in probe.scope_sets() {
        for tool in probe.catalogue().tools.iter().filter(|tool| !tool.is_callable_with(&scopes)) {
            refusals.push((scopes.clone(), tool));
        }
    }
    refusals
}

fn step_up(probe: &Probe<'_>) -> Outcome {
    let mut held: Option<(Vec<String>, Secret)> = None;
    let refusals = refusals(probe);
    if refusals.is_empty() {
        return Err(not_tested("every scope suffices for every tool"));
    }
    for (scopes, tool) in refusals {
        let token = match &held {
            Some((have, token)) if *have == scopes => token.clone(),
            _ => probe.token_of(&scopes)?,
        };
        held = Some((scopes.clone(), token.clone()));
        probe.forget_transcript();
        let arguments = harmless_arguments(probe, tool);
        let reply = probe.call_tool(&probe.site().endpoint, &token, &tool.name, &arguments)?;
        let asked = names(&reply.challenge("scope").unwrap_or_default());
        let is_right = reply.status == 403
            && reply.challenge("error").as_deref() == Some("insufficient_scope")
            && tool.scopes.iter().all(|needed| asked.contains(needed))
            && reply.challenge("resource_metadata").is_some();
        let expected = format!(
            "403 insufficient_scope with scope {} and resource_metadata",
            tool.scopes.join(" ")
        );
        on(&tool.name, ensure(is_right, expected, || reply.summary()))?;
    }
    Ok(())
}

fn no_side_effect(probe: &Probe<'_>) -> Outcome {
    let writes: Vec<_> =
        refusals(probe).into_iter().filter(|(_, tool)| !tool.is_read_only()).collect();
    if writes.is_empty() {
        return Err(not_tested("the catalogue has no tool that writes"));
    }
    let all = probe.token_of(&probe.catalogue().scope_names())?;
    for (scopes, tool) in writes {
        let canary = format!("canary {}", probe.fresh_name());
        let mut arguments = tool.arguments(&probe.site().values);
        for name in ["title", "name"] {
            if tool.input_schema.pointer(&format!("/properties/{name}")).is_some() {
                arguments[name] = json!(canary);
            }
        }
        let token = probe.token_of(&scopes)?;
        let endpoint = &probe.site().endpoint;
        probe.call_tool(endpoint, &token, &tool.name, &arguments)?.is_no_failure()?;
        for reader in probe.catalogue().tools.iter().filter(|tool| tool.is_read_only()) {
            let Some(arguments) = reader.known_arguments(&probe.site().values) else { continue };
            let reply = probe.call_tool(endpoint, &all, &reader.name, &arguments)?.alive()?;
            ensure(!reply.body.contains(&canary), "nothing saved", || {
                format!("{} shows what {} was refused to save", reader.name, tool.name)
            })?;
        }
    }
    Ok(())
}

fn body_decides(probe: &Probe<'_>) -> Outcome {
    let mut refused = refusals(probe);
    refused.sort_by_key(|(_, tool)| tool.is_read_only());
    let Some((scopes, tool)) = refused.into_iter().next() else {
        return Err(not_tested("every scope suffices for every tool"));
    };
    let token = probe.token_of(&scopes)?;
    let allowed = probe.catalogue().callable_with(&scopes).into_iter().next().unwrap_or_default();
    let arguments = harmless_arguments(probe, tool);
    let params = json!({"name": tool.name, "arguments": arguments});
    for (header, value) in [("mcp-name", allowed.as_str()), ("mcp-method", "tools/list")] {
        let mut request =
            bearing(probe.message(&probe.site().endpoint, "tools/call", params.clone()), &token);
        request.headers.retain(|(name, _)| name != header);
        let reply = probe.send(&request.header(header, value))?.alive()?;
        let ran = reply.is_success() && rpc(&reply).get("result").is_some();
        let observed = || format!("{} and a result, with {header}: {value}", reply.summary());
        on(header, ensure(!ran, "a refusal", observed))?;
    }
    Ok(())
}

fn default(probe: &Probe<'_>) -> Outcome {
    let request = probe.authorization(&probe.client()?).without("scope");
    let token = probe.grant_for(&request)?.tokens.access;
    let mut shown = probe.list_tools(&probe.site().endpoint, &token)?;
    shown.sort();
    let expected = probe.catalogue().callable_with(&probe.catalogue().scope_names());
    ensure(shown == expected, format!("{expected:?}"), || format!("{shown:?}"))
}

fn near_miss(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let scopes = probe.catalogue().scope_names();
    let inputs: Vec<(String, String)> = scopes
        .iter()
        .flat_map(|scope| {
            near_misses(scope).into_iter().map(move |(_, value)| (scope.clone(), value))
        })
        .collect();
    probe.for_each(inputs, |(scope, value)| {
        let request = probe.authorization(&client).set("scope", value);
        let landing = probe.authorize(&request, &Decision::Allow)?;
        let Landing::Callback(callback) = &landing else { return probe.gives_no_code(&landing) };
        let Some(issued) = request.issued(callback) else { return Ok(()) };
        // A server may ignore what it does not know, but it must not read the scope into it.
        let granted = probe.redeem(&issued)?.tokens.scope.unwrap_or_default();
        ensure(!names(&granted).contains(scope), format!("no {scope}"), || {
            format!("scope {granted:?}")
        })
    })
}

fn consent_narrows(probe: &Probe<'_>) -> Outcome {
    if !probe.site().has_scope_boxes {
        return Err(not_tested("the consent page has no box for each scope"));
    }
    let client = probe.client()?;
    let locked = &probe.site().locked_scopes;
    probe.for_scope_sets(|kept| {
        // Nobody can choose a set without what is part of every approval.
        if !locked.iter().all(|scope| kept.contains(scope)) {
            return Ok(());
        }
        let request = probe.authorization(&client);
        let grant = probe.grant_after(&request, &Decision::AllowOnly(kept.clone()))?;
        let mut shown = probe.list_tools(&probe.site().endpoint, &grant.tokens.access)?;
        shown.sort();
        let expected = probe.catalogue().callable_with(kept);
        ensure(shown == expected, format!("the tools of {kept:?}: {expected:?}"), || {
            format!("{shown:?}")
        })?;
        let Ok(refresh) = grant.refresh_token() else { return Ok(()) };
        let refreshed = probe.refresh(&grant.client, refresh)?;
        let mut shown = probe.list_tools(&probe.site().endpoint, &refreshed.access)?;
        shown.sort();
        ensure(shown == expected, "the same after a refresh", || format!("{shown:?}"))
    })
}

fn response(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let all = probe.catalogue().scope_names();
    let locked = &probe.site().locked_scopes;
    let least =
        if locked.is_empty() { all.iter().take(1).cloned().collect() } else { locked.clone() };
    let mut cases = vec![(all.clone(), all.clone())];
    if probe.site().has_scope_boxes {
        cases.insert(0, (all, least));
    }
    probe.for_each(cases, |(asked, kept)| {
        let request = probe.authorization(&client).set("scope", asked.join(" "));
        let grant = probe.grant_after(&request, &Decision::AllowOnly(kept.clone()))?;
        match &grant.tokens.scope {
            None if asked == kept => Ok(()),
            None => {
                Err(Violation::new(format!("scope {}", kept.join(" ")), "no scope member").into())
            }
            Some(scope) => {
                let mut granted = names(scope);
                granted.sort();
                ensure(granted == *kept, format!("scope {}", kept.join(" ")), || {
                    format!("{scope:?}")
                })
            }
        }
    })
}

fn second_resource(probe: &Probe<'_>) -> Outcome {
    let Some(second) = &probe.site().second else { return Ok(()) };
    let request = probe.authorization(&probe.client()?).set("resource", &second.endpoint);
    for request in [request.clone(), request.without("scope")] {
        let token = probe.grant_for(&request)?.tokens.access;
        let mut shown = probe.list_tools(&second.endpoint, &token)?;
        shown.sort();
        let expected = probe.catalogue().callable_with(&second.scopes);
        ensure(shown == expected, format!("{expected:?}"), || format!("{shown:?}"))?;
        let beyond = probe.catalogue().tools.iter().filter(|tool| !expected.contains(&tool.name));
        for tool in beyond {
            let arguments = harmless_arguments(probe, tool);
            let reply =
                probe.call_tool(&second.endpoint, &token, &tool.name, &arguments)?.alive()?;
            let ran = rpc(&reply).pointer("/result/isError") == Some(&json!(false))
                || rpc(&reply).pointer("/result/structuredContent").is_some();
            ensure(!ran, format!("a refusal of {}", tool.name), || reply.summary())?;
        }
    }
    Ok(())
}
