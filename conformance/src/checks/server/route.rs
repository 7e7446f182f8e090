//! Routes to the same effect: the gate stands on every one of them.

use serde_json::{Value, json};

use crate::catalogue::Tool;
use crate::check::{Capability, Check, Level, mcp, rfc};
use crate::outcome::{Outcome, ProbeError, Violation, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::{bearing, rpc};
use crate::property::scope::sets;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "route/side-doors",
        level: Level::Must,
        clause: mcp(
            "basic/authorization/security-considerations#access-token-privilege-restriction",
        ),
        claim: "However a call outside the scopes is wrapped, it is not run.",
        needs: &[Capability::Consent],
        run: side_doors,
    },
    Check {
        id: "route/bad-token",
        level: Level::Must,
        clause: mcp("basic/authorization#token-handling"),
        claim: "A token that nobody issued is answered 401 on every method.",
        needs: &[],
        run: bad_token,
    },
    Check {
        id: "route/step-up-apart",
        level: Level::Must,
        clause: rfc(6749, "3.3"),
        claim: "A wider grant to the same client gives the tokens of an older one nothing.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: step_up_apart,
    },
];

/// A tool that writes, and a set of scopes that does not suffice for it.
fn forbidden<'a>(probe: &Probe<'a>) -> Outcome<(&'a Tool, Vec<String>)> {
    let writers = probe.catalogue().tools.iter().filter(|tool| !tool.is_read_only());
    for tool in writers {
        let sets = sets(&probe.catalogue().scope_names());
        if let Some(scopes) = sets.into_iter().find(|scopes| !tool.is_callable_with(scopes)) {
            return Ok((tool, scopes));
        }
    }
    Err(not_tested("every scope suffices for every tool that writes"))
}

/// Arguments that leave `canary` behind if they are used.
fn marked(probe: &Probe<'_>, tool: &Tool, canary: &str) -> Value {
    let mut arguments = tool.arguments(&probe.site().values);
    for name in ["title", "name"] {
        if tool.input_schema.pointer(&format!("/properties/{name}")).is_some() {
            arguments[name] = json!(canary);
        }
    }
    arguments
}

fn body_of(request: &Request) -> String {
    String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned()
}

fn with_body(mut request: Request, body: &str) -> Request {
    request.body = Some(body.as_bytes().to_vec());
    request
}

/// The same call in every wrapping that some server has been known to let through.
fn wrappings(
    probe: &Probe<'_>,
    tool: &Tool,
    arguments: &Value,
    allowed: &str,
) -> Vec<(&'static str, Request)> {
    let endpoint = &probe.site().endpoint;
    let params = json!({"name": tool.name, "arguments": arguments});
    let plain = || probe.message(endpoint, "tools/call", params.clone());
    let text = body_of(&plain());
    let mut message: Value = serde_json::from_str(&text).expect("the harness sends JSON");
    let batch = json!([message]).to_string();
    message.as_object_mut().map(|members| members.remove("id"));
    let named = format!("\"name\":{}", json!(tool.name));
    let twice = text.replacen(&named, &format!("\"name\":{},{named}", json!(allowed)), 1);
    let last = text.replacen(&named, &format!("{named},\"name\":{}", json!(allowed)), 1);
    let mut continued = params.clone();
    continued["requestState"] = json!("made up");
    continued["inputResponses"] = json!({});
    let mut retyped = plain();
    retyped.headers.retain(|(name, _)| name != "content-type");
    vec![
        ("a notification", with_body(plain(), &message.to_string())),
        ("a batch", with_body(plain(), &batch)),
        ("its name behind another", with_body(plain(), &twice)),
        ("its name before another", with_body(plain(), &last)),
        ("a continuation", probe.message(endpoint, "tools/call", continued)),
        ("plain text", retyped.header("content-type", "text/plain")),
        ("another method's header", plain().header("x-http-method-override", "GET")),
    ]
}

fn has_run(reply: &Reply) -> bool {
    reply.is_success() && rpc(reply).get("result").is_some_and(|result| result["isError"] != true)
}

fn side_doors(probe: &Probe<'_>) -> Outcome {
    let (tool, scopes) = forbidden(probe)?;
    let endpoint = &probe.site().endpoint;
    let narrow = probe.grant_of(&scopes)?.tokens.access;
    let all = probe.grant()?.tokens.access;
    let allowed = probe.catalogue().callable_with(&scopes).into_iter().next().unwrap_or_default();
    let canary = format!("canary {}", probe.fresh_name());
    let arguments = marked(probe, tool, &canary);
    for (what, request) in wrappings(probe, tool, &arguments, &allowed) {
        probe.forget_transcript();
        let reply = probe.say(endpoint, &narrow, request)?.alive()?;
        on(what, ensure(!has_run(&reply), "a refusal", || reply.summary()))?;
        is_unseen(probe, &all, &canary).map_err(|found| {
            found.unwrap_or_else(|| {
                let observed = format!("{} was run as {what}", tool.name);
                Violation::new("nothing saved", observed).on(what).into()
            })
        })?;
    }
    Ok(())
}

/// Whether no tool that reads shows `canary`; the error is an obstacle, if there was one.
fn is_unseen(
    probe: &Probe<'_>,
    token: &Secret,
    canary: &str,
) -> Result<(), Option<crate::outcome::Halt>> {
    let obstacle = |error: ProbeError| Some(error.into());
    for reader in probe.catalogue().tools.iter().filter(|tool| tool.is_read_only()) {
        // Lists, which need nothing, show what was added.
        if !crate::probe::site::strings(&reader.input_schema, "required").is_empty() {
            continue;
        }
        let arguments = reader.arguments(&probe.site().values);
        let reply = probe
            .call_tool(&probe.site().endpoint, token, &reader.name, &arguments)
            .map_err(obstacle)?;
        if reply.alive().map_err(obstacle)?.body.contains(canary) {
            return Err(None);
        }
    }
    Ok(())
}

fn bad_token(probe: &Probe<'_>) -> Outcome {
    let methods = [
        "server/discover",
        "initialize",
        "tools/list",
        "tools/call",
        "resources/list",
        "prompts/list",
        "ping",
        "no/such",
    ];
    let token = Secret::new("nobody-issued-this");
    probe.for_each(methods, |method| {
        let tool =
            probe.catalogue().tools.first().map(|tool| tool.name.as_str()).unwrap_or_default();
        let params = json!({"name": tool, "arguments": {}});
        let message = probe.message(&probe.site().endpoint, method, params);
        let reply = probe.send(&bearing(message, &token))?;
        let refused = reply.status == 401 && rpc(&reply).get("result").is_none();
        ensure(refused, "401 and no result", || reply.summary())
    })
}

fn step_up_apart(probe: &Probe<'_>) -> Outcome {
    let all = probe.catalogue().scope_names();
    let sets = sets(&all).into_iter().filter(|set| set.len() < all.len());
    probe.for_each(sets, |narrow| {
        let older = probe.grant_of(narrow)?;
        probe.grant()?;
        let mut tokens = vec![older.tokens.access.clone()];
        // A server may end a client's older grant when the person consents anew.
        if let Some(refresh) = &older.tokens.refresh {
            let renewed = probe.token(&probe.refreshing(&older.client, refresh))?.alive()?;
            tokens.extend(renewed.text("access_token").map(Secret::new));
        }
        for token in tokens {
            if !probe.is_live(&token)? {
                continue;
            }
            let mut shown = probe.list_tools(&probe.site().endpoint, &token)?;
            shown.sort();
            let within = probe.catalogue().callable_with(narrow);
            let is_within = shown.iter().all(|name| within.contains(name));
            ensure(is_within, format!("the tools of {narrow:?}"), || format!("{shown:?}"))?;
        }
        Ok(())
    })
}
