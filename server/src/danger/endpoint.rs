//! An MCP endpoint that is vague, forgetful or easily confused.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "challenge-without-pointer",
        "A challenge does not say where the metadata is.",
        Tampering {
            after: |_, answer, _| challenge(answer, |value| without(value, "resource_metadata")),
            ..NOTHING
        },
    ),
    Fault::tampering(
        "challenge-with-error",
        "A challenge to a request without a token names an error.",
        Tampering {
            after: |request, answer, _| match request.bearer() {
                None => challenge(answer, |value| format!("{value}, error=\"invalid_token\"")),
                Some(_) => Then::Answer,
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "challenge-without-scope",
        "A challenge does not say which scopes to ask for.",
        Tampering {
            after: |_, answer, _| challenge(answer, |value| without(value, "scope")),
            ..NOTHING
        },
    ),
    Fault::tampering(
        "one-method-open",
        "One method is answered without a token.",
        Tampering {
            before: |request, _| {
                let is_open = request.is_endpoint() && request.json()["method"] == "prompts/list";
                is_open.then(|| {
                    let body = json!({"jsonrpc": "2.0", "id": 1, "result": {"prompts": []}});
                    Outgoing::made_up(StatusCode::OK, &body)
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "any-version-initialized",
        "initialize agrees to whatever version is asked for.",
        Tampering {
            after: |request, answer, _| {
                let asked = request.json();
                let version = asked.pointer("/params/protocolVersion").cloned().unwrap_or_default();
                result(request, answer, |result| {
                    if asked["method"] == "initialize" {
                        result["protocolVersion"] = version;
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "no-cache-hints",
        "Results do not say how long they hold.",
        Tampering {
            after: |request, answer, _| {
                result(request, answer, |result| {
                    result.as_object_mut().map(|members| members.remove("ttlMs"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "headers-not-compared",
        "Headers that contradict the body are overlooked.",
        Tampering { before: headers_from_the_body, ..NOTHING },
    ),
    Fault::tampering(
        "gate-reads-the-header",
        "The gate judges the tool that the header names, and the body's tool runs.",
        Tampering { before: judge_the_header, ..NOTHING },
    ),
    Fault::tampering(
        "writing-listed-at-readonly",
        "The read-only endpoint lists a tool that writes.",
        Tampering {
            after: |request, answer, _| {
                if request.path != "/mcp/readonly" {
                    return Then::Answer;
                }
                result(request, answer, |result| {
                    if let Some(tools) = result.get_mut("tools").and_then(Value::as_array_mut) {
                        tools.push(json!({"name": "save_dashboard", "inputSchema": {}}));
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "meta-optional",
        "A request without its version and capabilities is served.",
        Tampering { before: add_meta, ..NOTHING },
    ),
    Fault::tampering(
        "unknown-methods-answered",
        "An unknown method is answered 200.",
        Tampering {
            after: |request, answer, _| {
                if request.is_endpoint() && answer.status == StatusCode::NOT_FOUND {
                    answer.status = StatusCode::OK;
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "tool-names-repaired",
        "A tool is found by its name in any case.",
        Tampering { before: repair_the_tool_name, ..NOTHING },
    ),
    Fault::tampering(
        "version-error-vague",
        "An unsupported version is refused without saying which are supported.",
        Tampering {
            after: |request, answer, _| {
                let mut json = answer.json();
                if request.is_endpoint() && json.pointer("/error/code") == Some(&json!(-32022)) {
                    json["error"] = json!({"code": -32600, "message": "unsupported"});
                    answer.set_json(&json);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "get-answered",
        "GET at the endpoint is answered as if there were a stream.",
        Tampering {
            after: |request, answer, _| {
                if request.is_endpoint() && answer.status == StatusCode::METHOD_NOT_ALLOWED {
                    answer.status = StatusCode::OK;
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "sessions-minted",
        "Every answer of the endpoint mints a session.",
        Tampering {
            after: |request, answer, _| {
                if request.is_endpoint() && answer.status.is_success() {
                    answer.set_header("mcp-session-id", "1");
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "fails-on-odd-bytes",
        "Text with a NUL makes the server fail.",
        Tampering {
            before: |request, _| {
                let odd = [request.query.as_bytes(), &request.body].into_iter().any(|text| {
                    let text = String::from_utf8_lossy(text);
                    text.contains("%00") || text.contains("\\u0000") || text.contains('\0')
                });
                odd.then(|| Outgoing::made_up(StatusCode::INTERNAL_SERVER_ERROR, &json!({})))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "bodies-unbounded",
        "A body of any size is accepted.",
        Tampering {
            before: |request, _| {
                (request.body.len() > 2 << 20)
                    .then(|| Outgoing::made_up(StatusCode::OK, &json!({})))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "errors-with-traces",
        "An error answer shows where in the source it happened.",
        Tampering {
            after: |_, answer, _| {
                if answer.status.is_client_error() {
                    answer.body.extend_from_slice(b"\npanicked at server/src/oauth.rs:42");
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
];

/// Rewrites the challenge of a refusal.
fn challenge(answer: &mut Outgoing, rewrite: impl FnOnce(&str) -> String) -> Then {
    let is_bearer = |value: &&str| value.starts_with("Bearer");
    if let Some(value) = answer.header("www-authenticate").filter(is_bearer).map(str::to_owned) {
        answer.set_header("www-authenticate", &rewrite(&value));
    }
    Then::Answer
}

/// A challenge without one of its parameters. No value of ours holds a comma.
fn without(challenge: &str, parameter: &str) -> String {
    let parameters = challenge.trim_start_matches("Bearer ").split(", ");
    let prefix = format!("{parameter}=");
    let kept: Vec<&str> = parameters.filter(|part| !part.starts_with(&prefix)).collect();
    format!("Bearer {}", kept.join(", "))
}

/// Changes the result of a successful call.
fn result(request: &Incoming, answer: &mut Outgoing, change: impl FnOnce(&mut Value)) -> Then {
    if request.is_endpoint() {
        let mut json = answer.json();
        if let Some(result) = json.get_mut("result") {
            change(result);
            answer.set_json(&json);
        }
    }
    Then::Answer
}

fn headers_from_the_body(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    let json = request.json();
    let version = json.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion")?;
    let pairs = [
        ("mcp-protocol-version", version.as_str()),
        ("mcp-method", json["method"].as_str()),
        ("mcp-name", json.pointer("/params/name").and_then(Value::as_str)),
    ];
    for (name, value) in pairs {
        if let Some(value) = value {
            request.set_header(name, value);
        }
    }
    None
}

fn judge_the_header(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    let json = request.json();
    let in_body = json.pointer("/params/name")?.as_str()?;
    let in_header = request.header("mcp-name")?;
    let is_let_through = in_header != in_body && in_header != "save_dashboard";
    is_let_through.then(|| {
        let result = json!({"resultType": "complete", "content": [], "structuredContent": {}});
        Outgoing::made_up(StatusCode::OK, &json!({"jsonrpc": "2.0", "id": 1, "result": result}))
    })
}

fn add_meta(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    let mut json = request.json();
    let meta = json.pointer_mut("/params/_meta")?.as_object_mut()?;
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    let version = "io.modelcontextprotocol/protocolVersion";
    meta.entry(capabilities).or_insert_with(|| json!({}));
    meta.entry(version).or_insert_with(|| json!("2026-07-28"));
    request.body = json.to_string().into_bytes();
    None
}

fn repair_the_tool_name(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    let mut json = request.json();
    let repaired = json.pointer("/params/name")?.as_str()?.trim().to_lowercase();
    json["params"]["name"] = json!(repaired);
    request.body = json.to_string().into_bytes();
    request.set_header("mcp-name", &repaired);
    None
}
