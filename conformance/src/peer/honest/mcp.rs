//! The MCP endpoint, in both kinds of revision.
//!
//! It is lenient about what other checks judge (headers that repeat the body, for example), so that
//! one mistake of a client does not hide all the others.

use serde_json::{Value, json};

use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::honest::tools;
use crate::peer::script::Revisions;
use crate::peer::world::{TokenKind, World};

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: [&str; 2] = ["2025-11-25", "2025-06-18"];
const UNSUPPORTED_VERSION: i64 = -32022;
const METHOD_NOT_FOUND: i64 = -32601;

pub(super) fn answer(ask: &Ask, world: &mut World) -> Answer {
    let Some(granted) = granted(ask, world) else { return challenge(ask, world) };
    if ask.method != "POST" {
        return Answer::status(405).with("allow", "POST");
    }
    let body = ask.json();
    let method = body["method"].as_str().unwrap_or_default().to_owned();
    let id = body.get("id").cloned();
    if method == "tools/call" {
        let needed = tools::scope(ask.tool().as_deref().unwrap_or_default());
        if !tools::covers(&granted, &needed) {
            return insufficient(world, &needed);
        }
    }
    if is_modern(ask) {
        modern(world, &granted, &method, &body, id)
    } else {
        legacy(ask, world, &granted, &method, &body, id)
    }
}

/// The scopes of the token that came with the request; none without a live one of the right server.
fn granted(ask: &Ask, world: &World) -> Option<String> {
    let token = world.token(ask.bearer()?)?;
    let is_right = token.is_live && token.kind == TokenKind::Access && token.at == world.authority;
    is_right.then(|| token.scope.clone())
}

/// 401 with the challenge of RFC 6750 section 3 and RFC 9728 section 5.1.
pub(crate) fn challenge(ask: &Ask, world: &World) -> Answer {
    let mut parameters = Vec::new();
    if ask.header("authorization").is_some() {
        parameters.push("error=\"invalid_token\"".to_owned());
    }
    if world.setting.names_metadata {
        parameters.push(format!("resource_metadata=\"{}\"", world.resource_metadata()));
    }
    if let Some(scope) = &world.setting.challenge_scope {
        parameters.push(format!("scope=\"{scope}\""));
    }
    Answer::status(401).with("www-authenticate", format!("Bearer {}", parameters.join(", ")).trim())
}

/// 403 with the scopes that the operation needs (RFC 6750 section 3.1).
pub(crate) fn insufficient(world: &mut World, needed: &str) -> Answer {
    world.mark("insufficient scope");
    let metadata = world.resource_metadata();
    let challenge = format!(
        "Bearer error=\"insufficient_scope\", scope=\"{needed}\", resource_metadata=\"{metadata}\""
    );
    Answer::status(403).with("www-authenticate", challenge)
}

/// Whether a request is of MCP 2026-07-28: `_meta` says so, or the header does.
pub(crate) fn is_modern(ask: &Ask) -> bool {
    version_in_meta(ask).is_some_and(|version| !LEGACY.contains(&version.as_str()))
        || ask.header("mcp-protocol-version").is_some_and(|version| version == MODERN)
}

/// The revision that `_meta` names.
pub(crate) fn version_in_meta(ask: &Ask) -> Option<String> {
    let body = ask.json();
    let version = body.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion");
    version.and_then(Value::as_str).map(str::to_owned)
}

fn modern(
    world: &mut World,
    granted: &str,
    method: &str,
    body: &Value,
    id: Option<Value>,
) -> Answer {
    if world.setting.revisions == Revisions::Legacy {
        // A server from before that revision knows no code for this.
        world.mark("refused the newer revision");
        return Answer::text(400, "text/plain", "Bad Request: unsupported protocol version");
    }
    let asked = body.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion");
    if asked.is_some_and(|version| version != MODERN) {
        let data = json!({ "supported": supported(world), "requested": asked });
        let error =
            json!({ "code": UNSUPPORTED_VERSION, "message": "unsupported version", "data": data });
        return Answer::json(400, &json!({ "jsonrpc": "2.0", "id": id, "error": error }));
    }
    let Some(id) = id else { return Answer::status(202) };
    let mut result = match method {
        "server/discover" => json!({
            "supportedVersions": supported(world),
            "capabilities": { "tools": {} },
            "ttlMs": 0,
            "cacheScope": "private",
        }),
        "tools/list" => {
            json!({ "tools": tools::list(granted), "ttlMs": 0, "cacheScope": "private" })
        }
        "tools/call" => called(world, body),
        _ => {
            let error = json!({ "code": METHOD_NOT_FOUND, "message": "unknown method" });
            return Answer::json(404, &json!({ "jsonrpc": "2.0", "id": id, "error": error }));
        }
    };
    result["resultType"] = "complete".into();
    result["_meta"] = json!({ "io.modelcontextprotocol/serverInfo": info() });
    message(world, &json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn supported(world: &World) -> Vec<&'static str> {
    match world.setting.revisions {
        Revisions::Both => vec![MODERN, LEGACY[0], LEGACY[1]],
        Revisions::Modern => vec![MODERN],
        Revisions::Legacy => LEGACY.to_vec(),
    }
}

fn called(world: &mut World, body: &Value) -> Value {
    let name = body.pointer("/params/name").and_then(Value::as_str).unwrap_or_default();
    world.mark(&format!("called {name}"));
    tools::result(name)
}

fn info() -> Value {
    json!({ "name": "lookout-conformance", "version": env!("CARGO_PKG_VERSION") })
}

fn legacy(
    ask: &Ask,
    world: &mut World,
    granted: &str,
    method: &str,
    body: &Value,
    id: Option<Value>,
) -> Answer {
    if world.setting.revisions == Revisions::Modern {
        let error = json!({ "code": METHOD_NOT_FOUND, "message": "unknown method" });
        return Answer::json(404, &json!({ "jsonrpc": "2.0", "id": id, "error": error }));
    }
    if method == "initialize" {
        return initialize(world, body, id.as_ref());
    }
    if world.setting.session {
        match ask.header("mcp-session-id") {
            None => {
                return Answer::text(400, "text/plain", "Bad Request: Mcp-Session-Id is missing");
            }
            Some(session) if !world.sessions.iter().any(|known| known == session) => {
                return Answer::status(404);
            }
            Some(_) => {}
        }
    }
    let is_response = body.get("result").or(body.get("error")).is_some();
    let Some(id) = id.filter(|_| !is_response) else { return Answer::status(202) };
    let result = match method {
        "ping" => json!({}),
        "tools/list" => json!({ "tools": tools::list(granted) }),
        "tools/call" => called(world, body),
        _ => {
            let error = json!({ "code": METHOD_NOT_FOUND, "message": "unknown method" });
            return Answer::json(200, &json!({ "jsonrpc": "2.0", "id": id, "error": error }));
        }
    };
    message(world, &json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn initialize(world: &mut World, body: &Value, id: Option<&Value>) -> Answer {
    let asked = body.pointer("/params/protocolVersion").and_then(Value::as_str);
    let version = LEGACY.into_iter().find(|known| asked == Some(known)).unwrap_or(LEGACY[0]);
    let result = json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": info(),
    });
    let answer = message(world, &json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    if !world.setting.session {
        return answer;
    }
    let session = world.random();
    world.sessions.push(session.clone());
    answer.with("mcp-session-id", session)
}

fn message(world: &World, message: &Value) -> Answer {
    if world.setting.streams {
        Answer::events(std::slice::from_ref(message))
    } else {
        Answer::json(200, message)
    }
}
