//! The revisions that begin with `initialize`, as far as a caller can see them.

use serde_json::{Value, json};

use crate::check::{Capability, Check, Level, mcp_2025, rfc};
use crate::outcome::{Outcome, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::{INITIALIZE, bearing, initialize, legacy, rpc, rpc_error};
use crate::secret::Secret;

use super::scope::{STRANGER, harmless_arguments, is_hidden};

const NO_SESSIONS: &str = "the endpoint gives no session ids";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "legacy/initialize-result",
        level: Level::Must,
        clause: mcp_2025("basic/lifecycle#initialization"),
        claim: "The answer to initialize names the version, the tools capability and the server.",
        needs: &[Capability::Token, Capability::Initialize],
        run: initialize_result,
    },
    Check {
        id: "legacy/version-header",
        level: Level::Must,
        clause: mcp_2025("basic/transports#protocol-version-header"),
        claim: "A version header that the server does not support is answered 400.",
        needs: &[Capability::Token, Capability::Initialize],
        run: version_header,
    },
    Check {
        id: "legacy/ping",
        level: Level::Must,
        clause: mcp_2025("basic/utilities/ping#behavior-requirements"),
        claim: "A ping is answered with an empty result.",
        needs: &[Capability::Token, Capability::Initialize],
        run: ping,
    },
    Check {
        id: "legacy/get",
        level: Level::Must,
        clause: mcp_2025("basic/transports#listening-for-messages-from-the-server"),
        claim: "GET opens an event stream or is answered 405.",
        needs: &[Capability::Token, Capability::Initialize],
        run: get,
    },
    Check {
        id: "legacy/session-id",
        level: Level::Must,
        clause: mcp_2025("basic/transports#session-management"),
        claim: "A session id is visible ASCII, never the same twice, and opens nothing without a token.",
        needs: &[Capability::Token, Capability::Initialize],
        run: session_id,
    },
    Check {
        id: "legacy/ended-session",
        level: Level::Must,
        clause: mcp_2025("basic/transports#session-management"),
        claim: "A request for a session that was ended is answered 404.",
        needs: &[Capability::Token, Capability::Initialize],
        run: ended_session,
    },
    Check {
        id: "legacy/token",
        level: Level::Must,
        clause: mcp_2025("basic/authorization#access-token-usage"),
        claim: "Every message needs a token, however the conversation was opened.",
        needs: &[Capability::Consent, Capability::Initialize],
        run: token,
    },
    Check {
        id: "legacy/scope",
        level: Level::Must,
        clause: rfc(6750, "3.1"),
        claim: "A token is shown and may call the same tools as in any other revision.",
        needs: &[Capability::Consent, Capability::Initialize],
        run: scope,
    },
    Check {
        id: "legacy/unknown-method",
        level: Level::Must,
        clause: mcp_2025("basic/index#error-responses"),
        claim: "An unknown method is answered with an error, never with a result.",
        needs: &[Capability::Token, Capability::Initialize],
        run: unknown_method,
    },
];

/// A conversation that was opened.
struct Opened {
    token: Secret,
    reply: Reply,
    version: String,
    session: Option<String>,
}

fn open(probe: &Probe<'_>) -> Outcome<Opened> {
    let token = probe.token_of_all()?;
    let request = bearing(initialize(&probe.site().endpoint, INITIALIZE[0]), &token);
    let reply = probe.send(&request)?.succeeded("initialize")?;
    let version = rpc(&reply).pointer("/result/protocolVersion").cloned().unwrap_or_default();
    Ok(Opened {
        token,
        version: version.as_str().unwrap_or(INITIALIZE[0]).to_owned(),
        session: reply.header("mcp-session-id").map(str::to_owned),
        reply,
    })
}

impl Opened {
    fn later(&self, probe: &Probe<'_>, message: Value) -> Request {
        let request = bearing(legacy(&probe.site().endpoint, &self.version, message), &self.token);
        match &self.session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        }
    }
}

fn initialize_result(probe: &Probe<'_>) -> Outcome {
    let result = rpc(&open(probe)?.reply)["result"].clone();
    let is_right = result["protocolVersion"].is_string()
        && result["capabilities"]["tools"].is_object()
        && result["serverInfo"]["name"].is_string()
        && result["serverInfo"]["version"].is_string();
    let expected = "protocolVersion, capabilities.tools, and serverInfo with name and version";
    ensure(is_right, expected, || result.to_string())
}

fn version_header(probe: &Probe<'_>) -> Outcome {
    let opened = open(probe)?;
    probe.for_each(["1999-01-01", "2099-01-01", "nonsense", "2025-11-25x"], |version| {
        let mut request = opened.later(probe, json!({"id": 2, "method": "tools/list"}));
        request.headers.retain(|(name, _)| name != "mcp-protocol-version");
        probe.send(&request.header("mcp-protocol-version", *version))?.has_status(&[400])
    })
}

fn ping(probe: &Probe<'_>) -> Outcome {
    let opened = open(probe)?;
    let reply = probe.send(&opened.later(probe, json!({"id": "ping", "method": "ping"})))?;
    let answer = rpc(&reply);
    let is_empty = answer["result"].as_object().is_some_and(serde_json::Map::is_empty);
    ensure(is_empty && answer["id"] == "ping", "an empty result", || {
        format!("{} with {answer}", reply.summary())
    })
}

fn get(probe: &Probe<'_>) -> Outcome {
    let opened = open(probe)?;
    let request = Request::get(&probe.site().endpoint).header("accept", "text/event-stream");
    let request = bearing(request, &opened.token).header("mcp-protocol-version", &opened.version);
    let request = match &opened.session {
        // A stream that opens stays open, and this harness reads to the end.
        Some(_) => return Ok(()),
        None => request,
    };
    let reply = probe.send(&request)?;
    let stream = reply.header("content-type").is_some_and(|kind| kind.contains("event-stream"));
    ensure(reply.status == 405 || stream, "405, or an event stream", || reply.summary())
}

fn session_id(probe: &Probe<'_>) -> Outcome {
    let (first, second) = (open(probe)?, open(probe)?);
    let (Some(one), Some(two)) = (&first.session, &second.session) else {
        return Err(not_tested(NO_SESSIONS));
    };
    let is_visible = one.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    ensure(is_visible, "characters from ! to ~", || format!("{one:?}"))?;
    ensure(one != two, "another session id the second time", || format!("{one:?} again"))?;
    ensure(one.len() >= 16, "16 characters or more", || format!("{one:?}"))?;
    let mut request = first.later(probe, json!({"id": 2, "method": "tools/list"}));
    request.headers.retain(|(name, _)| name != "authorization");
    probe.send(&request)?.has_status(&[401])
}

fn ended_session(probe: &Probe<'_>) -> Outcome {
    let opened = open(probe)?;
    let Some(session) = &opened.session else { return Err(not_tested(NO_SESSIONS)) };
    let request = Request::new("DELETE", &probe.site().endpoint)
        .header("mcp-session-id", session)
        .header("mcp-protocol-version", &opened.version);
    let ended = probe.send(&bearing(request, &opened.token))?.alive()?;
    if !ended.is_success() {
        return Err(not_tested("the server keeps its sessions to itself"));
    }
    let later = opened.later(probe, json!({"id": 2, "method": "tools/list"}));
    probe.send(&later)?.has_status(&[404])
}

fn token(probe: &Probe<'_>) -> Outcome {
    let opened = open(probe)?;
    let tool = probe.catalogue().tools.first();
    let call =
        tool.map(|tool| json!({"name": tool.name, "arguments": harmless_arguments(probe, tool)}));
    let messages = [
        ("tools/list", json!({})),
        ("tools/call", call.unwrap_or_default()),
        ("ping", json!({})),
        ("prompts/list", json!({})),
    ];
    for token in [None, Some(Secret::new("nothing"))] {
        probe.for_each(&messages, |(method, params)| {
            let message = json!({"id": 2, "method": method, "params": params});
            let mut request = opened.later(probe, message);
            request.headers.retain(|(name, _)| name != "authorization");
            let request = match &token {
                Some(token) => bearing(request, token),
                None => request,
            };
            probe.send(&request)?.has_status(&[401])
        })?;
    }
    Ok(())
}

fn scope(probe: &Probe<'_>) -> Outcome {
    let endpoint = &probe.site().endpoint;
    for version in INITIALIZE {
        probe.for_scope_sets(|scopes| {
            let token = probe.token_of(scopes)?;
            let ask =
                |method: &str, params| probe.mcp_since(version, endpoint, &token, method, &params);
            let unknown = ask("tools/call", json!({"name": STRANGER, "arguments": {}}))?.alive()?;
            let listed = ask("tools/list", json!({}))?;
            // A server may refuse to list anything for want of scopes, which shows none.
            let is_gated = listed.challenge("error").as_deref() == Some("insufficient_scope");
            let listed = if is_gated { listed } else { listed.succeeded("list tools")? };
            let shown = rpc(&listed).pointer("/result/tools").and_then(Value::as_array).cloned();
            for tool in &probe.catalogue().tools {
                let is_shown =
                    shown.iter().flatten().any(|shown| shown["name"] == tool.name.as_str());
                let expected = tool.is_callable_with(scopes);
                let input = format!("{} with scope {} in {version}", tool.name, scopes.join(" "));
                let wanted = if expected { "listed" } else { "not listed" };
                let observed = || if is_shown { "listed" } else { "not listed" }.to_owned();
                // Where there are more tools than fit on one page, only what is shown can be judged.
                let is_whole = rpc(&listed).pointer("/result/nextCursor").is_none();
                on(
                    &input,
                    ensure(is_shown == expected || (!is_shown && !is_whole), wanted, observed),
                )?;
                if !expected {
                    let arguments = harmless_arguments(probe, tool);
                    let params = json!({"name": tool.name, "arguments": arguments});
                    let reply = ask("tools/call", params)?.alive()?;
                    let refused = reply.status == 403 || is_hidden(&unknown, tool, &reply);
                    on(&input, ensure(refused, "403", || reply.summary()))?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn unknown_method(probe: &Probe<'_>) -> Outcome {
    let opened = open(probe)?;
    probe.for_each(["no/such", "tools/List", "initialise"], |method| {
        let reply =
            probe.send(&opened.later(probe, json!({"id": 2, "method": method})))?.alive()?;
        let is_error = rpc(&reply).get("result").is_none()
            && (rpc_error(&reply).is_some() || reply.status >= 400);
        ensure(is_error, "an error", || format!("{} with {}", reply.summary(), rpc(&reply)))
    })
}
