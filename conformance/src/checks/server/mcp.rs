//! The Model Context Protocol itself, as far as security rests on it.

use serde_json::{Value, json};

use crate::check::{Capability, Check, Level, mcp, mcp_2025};
use crate::outcome::{Outcome, ensure};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::{
    INITIALIZE, STATELESS, bearing, initialize, legacy, rpc, rpc_error, stateless, stateless_at,
};
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "mcp/origin",
        level: Level::Must,
        clause: mcp("basic/transports/streamable-http#security-%26-endpoint"),
        claim: "A request from a page of another origin is refused with 403, even with a good token.",
        needs: &[Capability::Token],
        run: origin,
    },
    Check {
        id: "mcp/host",
        level: Level::Hardening,
        clause: mcp("basic/transports/streamable-http#security-%26-endpoint"),
        claim: "A request for another host name is refused, even with a good token.",
        needs: &[Capability::Token],
        run: host,
    },
    Check {
        id: "mcp/initialize",
        level: Level::Must,
        clause: mcp_2025("basic/lifecycle#version-negotiation"),
        claim: "Every initialize revision that is supported is answered with itself, others with a supported one.",
        needs: &[Capability::Token, Capability::Initialize],
        run: initialize_revisions,
    },
    Check {
        id: "mcp/discover",
        level: Level::Must,
        clause: mcp("server/discover#discoverresult"),
        claim: "Discovery names this revision among the supported ones, and the tools capability.",
        needs: &[Capability::Token, Capability::Stateless],
        run: discover,
    },
    Check {
        id: "mcp/list",
        level: Level::Must,
        clause: mcp("server/tools#capabilities"),
        claim: "The list of tools is the same set each time, whatever else the caller did.",
        needs: &[Capability::Token, Capability::Stateless],
        run: list,
    },
    Check {
        id: "mcp/header-mismatch",
        level: Level::Must,
        clause: mcp("basic/transports/streamable-http#server-validation"),
        claim: "A header that contradicts the body, or is missing, is answered 400.",
        needs: &[Capability::Token, Capability::Stateless],
        run: header_mismatch,
    },
    Check {
        id: "mcp/missing-meta",
        level: Level::Must,
        clause: mcp("basic/index#meta"),
        claim: "A request without its version or capabilities in _meta is answered 400.",
        needs: &[Capability::Token, Capability::Stateless],
        run: missing_meta,
    },
    Check {
        id: "mcp/unknown-method",
        level: Level::Must,
        clause: mcp("basic/transports/streamable-http#protocol-version-header"),
        claim: "An unknown method is answered 404 with code -32601.",
        needs: &[Capability::Token, Capability::Stateless],
        run: unknown_method,
    },
    Check {
        id: "mcp/unknown-tool",
        level: Level::Must,
        clause: mcp("server/tools#error-handling"),
        claim: "A tool that does not exist is an error of the request, and runs nothing.",
        needs: &[Capability::Token],
        run: unknown_tool,
    },
    Check {
        id: "mcp/unsupported-version",
        level: Level::Must,
        clause: mcp("basic/versioning#protocol-version-negotiation"),
        claim: "A version that is not supported is answered 400 with code -32022 and those that are.",
        needs: &[Capability::Token, Capability::Stateless],
        run: unsupported_version,
    },
    Check {
        id: "mcp/post-only",
        level: Level::Should,
        clause: mcp("basic/transports/streamable-http#earlier-streamable-http-revisions"),
        claim: "GET and DELETE carry no message of this revision, and are refused.",
        needs: &[Capability::Token, Capability::Stateless],
        run: post_only,
    },
    Check {
        id: "mcp/no-session",
        level: Level::Should,
        clause: mcp("basic/transports/streamable-http#earlier-streamable-http-revisions"),
        claim: "No session id is minted for a request of this revision, and none that is sent matters.",
        needs: &[Capability::Token, Capability::Stateless],
        run: no_session,
    },
];

fn token(probe: &Probe<'_>) -> Outcome<Secret> {
    Ok(probe.token_of_all()?)
}

fn ordinary(probe: &Probe<'_>) -> Request {
    probe.message(&probe.site().endpoint, probe.site().heartbeat, json!({}))
}

fn origin(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let own = probe.site().origins.first().cloned().unwrap_or_default();
    let foreign = [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("{own}.evil.example"),
        "http://localhost.evil.example".to_owned(),
        "file://".to_owned(),
    ];
    probe.for_each(foreign, |origin| {
        let request = bearing(ordinary(probe), &token).header("origin", origin);
        probe.send(&request)?.has_status(&[403])
    })
}

fn host(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(["evil.example", "evil.example:80", "127.0.0.1.evil.example"], |host| {
        let reply = probe.send(&bearing(ordinary(probe), &token).header("host", *host))?;
        ensure((400..500).contains(&reply.status), "a refusal in the 400s", || reply.summary())
    })
}

fn initialize_revisions(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let endpoint = &probe.site().endpoint;
    let open = |version: &str| -> Outcome<(Reply, String)> {
        let reply = probe.send(&bearing(initialize(endpoint, version), &token))?.alive()?;
        let answered = rpc(&reply).pointer("/result/protocolVersion").cloned().unwrap_or_default();
        Ok((reply, answered.as_str().unwrap_or_default().to_owned()))
    };
    for version in INITIALIZE {
        let (reply, answered) = open(version)?;
        ensure(INITIALIZE.contains(&answered.as_str()), "a revision with initialize", || {
            format!("{} and {answered:?}", reply.summary())
        })?;
        let session = reply.header("mcp-session-id").map(str::to_owned);
        let next = |message: Value| {
            let request = bearing(legacy(endpoint, &answered, message), &token);
            match &session {
                Some(session) => request.header("mcp-session-id", session),
                None => request,
            }
        };
        probe.send(&next(json!({"method": "notifications/initialized"})))?.has_status(&[202])?;
        let listed = probe.send(&next(json!({"id": 2, "method": "tools/list"})))?.alive()?;
        let tools = rpc(&listed).pointer("/result/tools").is_some_and(Value::is_array);
        ensure(tools, "a list of tools", || listed.summary())?;
    }
    let (reply, answered) = open("1999-01-01")?;
    ensure(INITIALIZE.contains(&answered.as_str()), "a supported revision instead", || {
        format!("{} and {answered:?}", reply.summary())
    })
}

fn discover(probe: &Probe<'_>) -> Outcome {
    let reply = probe.mcp(&token(probe)?, "server/discover", json!({}))?.alive()?;
    let result = rpc(&reply).get("result").cloned().unwrap_or_default();
    let versions = crate::probe::site::strings(&result, "supportedVersions");
    ensure(versions.iter().any(|version| version == STATELESS), STATELESS, || {
        format!("{versions:?}")
    })?;
    let has = |pointer: &str| result.pointer(pointer).is_some();
    let tells = has("/capabilities/tools") && has("/resultType");
    ensure(tells, "resultType and capabilities.tools", || result.to_string())
}

fn list(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let once = || -> Outcome<Vec<String>> {
        let mut names = probe.list_tools(&probe.site().endpoint, &token)?;
        names.sort();
        Ok(names)
    };
    let first = once()?;
    for tool in probe.catalogue().tools.iter().filter(|tool| tool.is_read_only()).take(2) {
        let arguments = tool.arguments(&probe.site().values);
        probe.call_tool(&probe.site().endpoint, &token, &tool.name, &arguments)?.alive()?;
        let again = once()?;
        ensure(first == again, format!("{first:?} again"), || format!("{again:?}"))?;
    }
    Ok(())
}

fn header_mismatch(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let edits = [
        ("mcp-protocol-version", Some("2025-11-25")),
        ("mcp-protocol-version", None),
        ("mcp-method", Some("tools/call")),
        ("mcp-method", Some("TOOLS/LIST")),
        ("mcp-method", None),
        ("mcp-name", Some("no_such_tool")),
        ("mcp-name", None),
    ];
    let tool = probe.catalogue().tools.iter().find(|tool| tool.is_read_only());
    let params = tool
        .map(|tool| json!({"name": tool.name, "arguments": tool.arguments(&probe.site().values)}));
    probe.for_each(edits, |(header, value)| {
        let (method, params) = match (*header, &params) {
            ("mcp-name", Some(params)) => ("tools/call", params.clone()),
            _ => ("tools/list", json!({})),
        };
        let mut request = bearing(stateless(&probe.site().endpoint, method, params), &token);
        request.headers.retain(|(name, _)| name != header);
        if let Some(value) = value {
            request = request.header(header, *value);
        }
        let reply = probe.send(&request)?;
        reply.has_status(&[400])?;
        ensure(rpc_error(&reply) == Some(-32020), "code -32020", || {
            format!("{:?}", rpc_error(&reply))
        })
    })
}

fn missing_meta(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let keys =
        ["io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"];
    probe.for_each(keys, |key| {
        let mut request = bearing(ordinary(probe), &token);
        let mut body: Value = request.body.as_deref().map_or(Value::Null, |body| {
            serde_json::from_slice(body).expect("the harness sends JSON")
        });
        if let Some(meta) = body.pointer_mut("/params/_meta").and_then(Value::as_object_mut) {
            meta.remove(*key);
        }
        request.body = Some(body.to_string().into_bytes());
        let reply = probe.send(&request)?;
        reply.has_status(&[400])?;
        let code = rpc_error(&reply);
        ensure(matches!(code, Some(-32602 | -32020)), "code -32602", || format!("{code:?}"))
    })
}

fn unknown_method(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(
        ["no/such", "tools", "Tools/list", "tools/list ", "ping", "initialize"],
        |method| {
            let request = stateless(&probe.site().endpoint, method, json!({}));
            // Headers are trimmed on the way, so a trailing space would be a mismatch instead.
            let reply = probe.send(&bearing(request, &token))?;
            if method.trim() != *method {
                return reply.has_status(&[400, 404]);
            }
            reply.has_status(&[404])?;
            ensure(rpc_error(&reply) == Some(-32601), "code -32601", || {
                format!("{:?}", rpc_error(&reply))
            })
        },
    )
}

fn unknown_tool(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let known = probe.catalogue().tools.first().map(|tool| tool.name.clone()).unwrap_or_default();
    let names =
        ["no_such_tool".to_owned(), known.to_uppercase(), format!("{known} "), String::new()];
    probe.for_each(names, |name| {
        let mut request =
            stateless(&probe.site().endpoint, "tools/call", json!({"name": name, "arguments": {}}));
        request.headers.retain(|(header, value)| header != "mcp-name" || value.trim() == value);
        let reply = probe.send(&bearing(request, &token))?.alive()?;
        let ran = rpc(&reply).pointer("/result/structuredContent").is_some();
        let is_error = rpc_error(&reply).is_some() && !ran;
        ensure(is_error, "a JSON-RPC error and no result", || reply.summary())
    })
}

fn unsupported_version(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(["1999-01-01", "2099-01-01", "nonsense"], |version| {
        let request = stateless_at(version, &probe.site().endpoint, "tools/list", json!({}));
        let reply = probe.send(&bearing(request, &token))?;
        reply.has_status(&[400])?;
        ensure(rpc_error(&reply) == Some(-32022), "code -32022", || {
            format!("{:?}", rpc_error(&reply))
        })?;
        let supported = rpc(&reply).pointer("/error/data/supported").cloned().unwrap_or_default();
        let named = supported.as_array().is_some_and(|list| list.contains(&json!(STATELESS)));
        ensure(named, format!("data.supported with {STATELESS}"), || supported.to_string())
    })
}

fn post_only(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    // An endpoint that also serves the older revisions may open their stream or end their session.
    let is_older_too = !probe.site().lacks.contains_key(&Capability::Initialize);
    let statuses: &[u16] = if is_older_too { &[405, 400, 404, 406] } else { &[405] };
    probe.for_each(["GET", "DELETE"], |verb| {
        let request =
            Request::new(verb, &probe.site().endpoint).header("accept", "text/event-stream");
        let reply = probe.send(&bearing(request, &token))?;
        let stream = reply.header("content-type").is_some_and(|kind| kind.contains("event-stream"));
        if is_older_too && *verb == "GET" && stream { Ok(()) } else { reply.has_status(statuses) }
    })
}

fn no_session(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    for header in [None, Some("mcp-session-id"), Some("last-event-id")] {
        let mut request = bearing(ordinary(probe), &token);
        if let Some(header) = header {
            request = request.header(header, "made-up");
        }
        let reply = probe.send(&request)?;
        reply.has_status(&[200])?;
        ensure(reply.header("mcp-session-id").is_none(), "no session id", || {
            "a session id was minted".to_owned()
        })?;
    }
    Ok(())
}
