//! Messages that are not what the protocol says: envelopes, results, errors and hints for caches.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "challenge-missing",
        "A token that is missing or no good is refused without a challenge.",
        Tampering {
            after: |request, answer, _| {
                if request.is_endpoint() && answer.status == StatusCode::UNAUTHORIZED {
                    answer.headers.remove(WWW_AUTHENTICATE);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "ids-as-text",
        "The id of an answer is text, whatever it was in the request.",
        Tampering {
            after: |request, answer, _| {
                message(request, answer, |json| {
                    if let Some(id) = json.get("id").filter(|id| id.is_number()) {
                        json["id"] = json!(id.to_string());
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "errors-as-text",
        "The code of an error is its name.",
        Tampering {
            after: |request, answer, _| {
                message(request, answer, |json| {
                    if json["error"].is_object() {
                        json["error"]["code"] = json!("method_not_found");
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "own-error-codes",
        "Errors have codes that are reserved for the specification.",
        Tampering {
            after: |request, answer, _| {
                message(request, answer, |json| {
                    if json.pointer("/error/code") == Some(&json!(-32_602)) {
                        json["error"]["code"] = json!(-32_042);
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "answers-as-plain-text",
        "Answers of the endpoint are plain text.",
        Tampering {
            after: |request, answer, _| {
                if request.is_endpoint() {
                    answer.set_header("content-type", "text/plain");
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "notifications-answered",
        "A notification is answered with a result.",
        Tampering {
            after: |request, answer, _| {
                if request.is_endpoint() && answer.status == StatusCode::ACCEPTED {
                    answer.status = StatusCode::OK;
                    answer.set_json(&json!({"jsonrpc": "2.0", "id": null, "result": {}}));
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "bare-results",
        "Results say neither whether they are complete nor who gave them.",
        Tampering {
            after: |request, answer, _| {
                result(request, answer, |result| {
                    if let Some(members) = result.as_object_mut() {
                        members.remove("resultType");
                        members.remove("_meta");
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "list-for-everyone",
        "The list of tools, which depends on the token, is offered to shared caches.",
        Tampering {
            after: |request, answer, _| {
                result(request, answer, |result| {
                    if let Some(scope) = result.get_mut("cacheScope") {
                        *scope = json!("public");
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "list-shuffled",
        "Tools are listed in another order each time.",
        Tampering {
            after: |request, answer, memory| {
                let turn = memory.find("turn") != Some("back");
                memory.keep("turn", if turn { "back" } else { "forth" });
                result(request, answer, |result| {
                    if let Some(tools) = result.get_mut("tools").and_then(Value::as_array_mut)
                        && turn
                    {
                        tools.reverse();
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "list-follows-calls",
        "A tool that was called is listed from then on to nobody.",
        Tampering {
            after: |request, answer, memory| {
                if request.is_endpoint()
                    && let Some(name) = request.json().pointer("/params/name")
                {
                    memory.keep("called", name.as_str().unwrap_or_default());
                }
                let called = memory.find("called").unwrap_or_default().to_owned();
                result(request, answer, |result| {
                    if let Some(tools) = result.get_mut("tools").and_then(Value::as_array_mut) {
                        tools.retain(|tool| tool["name"] != called);
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "cursors-ignored",
        "A cursor that nobody gave begins the list anew.",
        Tampering {
            before: |request, _| {
                edit_body(request, |json| {
                    if let Some(params) = json.get_mut("params").and_then(Value::as_object_mut) {
                        params.remove("cursor");
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "names-not-decoded",
        "A name in a header is compared as it stands, encoded or not.",
        Tampering {
            before: |request, _| {
                if request.header("mcp-name").is_some_and(|name| name.starts_with("=?base64?")) {
                    request.set_header("mcp-name", "=?base64??=");
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "initialize-bare",
        "The answer to initialize does not say who answers.",
        Tampering {
            after: |request, answer, _| {
                result(request, answer, |result| {
                    result.as_object_mut().map(|members| members.remove("serverInfo"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "any-older-version",
        "Outside of the newest revision the version header is not looked at.",
        Tampering {
            before: |request, _| {
                let is_older = request.json().pointer("/params/_meta").is_none();
                if request.is_endpoint() && is_older {
                    request.set_header("mcp-protocol-version", "2025-11-25");
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "older-methods-guessed",
        "In the older revisions an unknown method has an empty result, and ping a full one.",
        Tampering {
            after: |request, answer, _| {
                let asked = request.json();
                if !request.is_endpoint() || asked.pointer("/params/_meta").is_some() {
                    return Then::Answer;
                }
                message(request, answer, |json| {
                    if json.pointer("/error/code") == Some(&json!(-32_601)) {
                        *json = json!({"jsonrpc": "2.0", "id": asked["id"], "result": {}});
                    } else if asked["method"] == "ping" {
                        json["result"] = json!({"pong": true});
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "sessions-never-end",
        "A session that was ended goes on.",
        Tampering {
            before: |request, memory| {
                let ends = request.is_endpoint() && request.method == Method::DELETE;
                if ends && request.header("mcp-session-id").is_some() {
                    return Some(Outgoing::made_up(StatusCode::OK, &json!({})));
                }
                let next = format!("{:032x}", memory.texts.len().wrapping_mul(0x9e37_79b9));
                memory.keep(format!("session {next}"), "open");
                memory.keep("next", next);
                None
            },
            after: |request, answer, memory| {
                if request.json()["method"] == "initialize" && answer.status.is_success() {
                    let next = memory.find("next").unwrap_or_default().to_owned();
                    answer.set_header("mcp-session-id", &next);
                }
                Then::Answer
            },
        },
    ),
];

/// Changes the JSON of an answer of the endpoint.
pub(super) fn message(
    request: &Incoming,
    answer: &mut Outgoing,
    change: impl FnOnce(&mut Value),
) -> Then {
    let mut json = answer.json();
    if request.is_endpoint() && json.is_object() {
        change(&mut json);
        answer.set_json(&json);
    }
    Then::Answer
}

/// Changes the result of a successful call.
pub(super) fn result(
    request: &Incoming,
    answer: &mut Outgoing,
    change: impl FnOnce(&mut Value),
) -> Then {
    message(request, answer, |json| {
        if let Some(result) = json.get_mut("result") {
            change(result);
        }
    })
}

/// Changes the JSON of a request to the endpoint.
pub(super) fn edit_body(
    request: &mut Incoming,
    change: impl FnOnce(&mut Value),
) -> Option<Outgoing> {
    let mut json = request.json();
    if request.is_endpoint() && json.is_object() {
        change(&mut json);
        request.body = json.to_string().into_bytes();
    }
    None
}

/// Remembers the token that was last seen to run what writes.
pub(super) fn remember_a_writer(request: &Incoming, answer: &Outgoing, memory: &mut Memory) {
    let is_list = request.is_endpoint() && request.json()["method"] == "tools/list";
    if is_list && answer.text().contains("save_dashboard") {
        memory.keep("writer", request.bearer().unwrap_or_default());
    }
    let is_wide = answer.json()["scope"].as_str().is_some_and(|scope| scope.contains("mcp:write"));
    if is_wide && request.path == "/oauth/token" {
        memory.keep("writer", answer.json()["access_token"].as_str().unwrap_or_default());
    }
}
