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
        "lenient-endpoint",
        "The endpoint makes sense of whatever it is sent, and answers what it does not know with 200.",
        Tampering { before: make_sense, after: answer_all_the_same },
    ),
    Fault::tampering(
        "vague-endpoint",
        "Answers agree to any version, mint sessions, and say neither what is supported nor for how long.",
        Tampering { after: answer_vaguely, ..NOTHING },
    ),
    Fault::tampering(
        "gate-reads-the-header",
        "The gate judges the tool that the header names, and the body's tool runs.",
        Tampering { before: judge_the_header, ..NOTHING },
    ),
    Fault::tampering(
        "initialize-opens-the-rest",
        "In the revisions that begin with initialize only that message needs a token.",
        Tampering {
            after: |request, answer, _| {
                let is_later = request.header("mcp-method").is_none()
                    && request.header("mcp-protocol-version").is_some();
                if request.is_endpoint() && is_later && answer.status == StatusCode::UNAUTHORIZED {
                    *answer = ran();
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "initialize-ungated",
        "The revisions that begin with initialize run a tool whatever the token's scopes are.",
        Tampering {
            after: |request, answer, _| {
                let is_stateless = request.header("mcp-method").is_some();
                if request.is_endpoint() && !is_stateless && answer.status == StatusCode::FORBIDDEN
                {
                    *answer = ran();
                }
                Then::Answer
            },
            ..NOTHING
        },
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
    Fault {
        settings: Some(|settings| {
            settings.limits.unbounded_bodies = true;
            settings.limits.buffered_bytes = 1 << 30;
        }),
        ..Fault::tampering(
            "bodies-unbounded",
            "A body of any size is accepted.",
            Tampering {
                before: |request, _| {
                    (request.body.len() > 2 << 20)
                        .then(|| Outgoing::made_up(StatusCode::OK, &json!({})))
                },
                ..NOTHING
            },
        )
    },
    Fault::tampering(
        "errors-with-traces",
        "An error answer shows where in the source it happened.",
        Tampering {
            after: |_, answer, _| {
                let mut json = answer.json();
                if answer.status.is_client_error() && json.is_object() {
                    json["trace"] = json!("panicked at server/src/oauth.rs:42");
                    answer.set_json(&json);
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

/// Repairs the tool's name, adds what `_meta` lacks, and makes the headers agree with the body.
fn make_sense(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    let mut json = request.json();
    let name = json.pointer("/params/name").and_then(Value::as_str);
    let name = name.map(|name| name.trim().to_lowercase());
    let method = json["method"].as_str()?.to_owned();
    let params = json.get_mut("params")?;
    if let Some(name) = &name {
        params["name"] = json!(name);
    }
    let meta = params.get_mut("_meta")?.as_object_mut()?;
    meta.entry("io.modelcontextprotocol/clientCapabilities").or_insert_with(|| json!({}));
    let version = "io.modelcontextprotocol/protocolVersion";
    let version = meta.entry(version).or_insert_with(|| json!("2026-07-28"));
    request.set_header("mcp-protocol-version", version.as_str().unwrap_or_default());
    request.set_header("mcp-method", &method);
    request.set_header("mcp-name", name.as_deref().unwrap_or_default());
    request.body = json.to_string().into_bytes();
    None
}

fn answer_all_the_same(request: &Incoming, answer: &mut Outgoing, _: &mut Memory) -> Then {
    let unknown = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
    if request.is_endpoint() && unknown.contains(&answer.status) {
        answer.status = StatusCode::OK;
    }
    Then::Answer
}

fn answer_vaguely(request: &Incoming, answer: &mut Outgoing, _: &mut Memory) -> Then {
    if !request.is_endpoint() {
        return Then::Answer;
    }
    let asked = request.json();
    let mut json = answer.json();
    if json.pointer("/error/code") == Some(&json!(-32022)) {
        json["error"] = json!({"code": -32600, "message": "unsupported"});
        answer.set_json(&json);
    }
    if answer.status.is_success() {
        answer.set_header("mcp-session-id", "1");
    }
    result(request, answer, |result| {
        result.as_object_mut().map(|members| members.remove("ttlMs"));
        if let Some(version) = asked.pointer("/params/protocolVersion") {
            result["protocolVersion"] = version.clone();
        }
    })
}

fn judge_the_header(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    let json = request.json();
    let in_body = json.pointer("/params/name")?.as_str()?;
    let in_header = request.header("mcp-name")?;
    let is_let_through = in_header != in_body && in_header != "save_dashboard";
    is_let_through.then(ran)
}

/// What a tool that ran answers.
fn ran() -> Outgoing {
    let result = json!({"resultType": "complete", "content": [], "structuredContent": {}});
    Outgoing::made_up(StatusCode::OK, &json!({"jsonrpc": "2.0", "id": 1, "result": result}))
}
