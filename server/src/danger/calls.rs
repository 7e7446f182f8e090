//! Tools that are described, gated, run or answered wrongly.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Fault;
use super::messages::{edit_body, message, remember_a_writer, result};
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "schemaless-tool",
        "A tool without arguments has no input schema.",
        Tampering {
            after: |request, answer, _| {
                tools(request, answer, |tools| tools[0]["inputSchema"] = Value::Null)
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "odd-tool-names",
        "The name of a tool has a space.",
        Tampering {
            after: |request, answer, _| {
                tools(request, answer, |tools| tools[0]["name"] = json!("describe table"))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "description-from-data",
        "The description of a tool quotes what was saved last.",
        Tampering {
            after: |request, answer, memory| {
                if let Some(title) = request.json().pointer("/params/arguments/title") {
                    memory.keep("title", title.as_str().unwrap_or_default());
                }
                let title = memory.find("title").unwrap_or_default().to_owned();
                tools(request, answer, |tools| tools[0]["description"] = json!(title))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "results-without-content",
        "The result of a tool is structured content alone.",
        Tampering {
            after: |request, answer, _| {
                result(request, answer, |result| {
                    result.as_object_mut().map(|members| members.remove("content"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "results-off-schema",
        "Structured content has other names than the tool's output schema.",
        Tampering {
            after: |request, answer, _| {
                result(request, answer, |result| {
                    if let Some(content) = result.get("structuredContent").cloned() {
                        result["structuredContent"] = json!({ "data": content });
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "arguments-unchecked",
        "A tool runs whatever its arguments are.",
        Tampering {
            after: |request, answer, _| {
                let is_call = request.json()["method"] == "tools/call";
                message(request, answer, |json| {
                    let is_refused = json.pointer("/result/isError") == Some(&json!(true))
                        || json.pointer("/error/code") == Some(&json!(-32_602));
                    if is_call && is_refused {
                        *json = ran(&json["id"]);
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "sql-by-first-word",
        "A statement that begins with SELECT or WITH is taken for one that reads.",
        Tampering {
            before: |request, _| {
                let json = request.json();
                let sql = json.pointer("/params/arguments/sql")?.as_str()?.to_lowercase();
                let reads = sql.starts_with("select") || sql.starts_with("with");
                let writes = ["drop ", "create ", "insert ", "load_extension"];
                let runs = reads && writes.iter().any(|word| sql.contains(word));
                runs.then(|| Outgoing::made_up(StatusCode::OK, &ran(&json["id"])))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "token-echoed",
        "An error repeats the request that it is about, headers and all.",
        Tampering {
            after: |request, answer, _| {
                let headers = format!("{:?}", request.headers);
                message(request, answer, |json| {
                    if json["error"].is_object() {
                        json["error"]["data"] = json!(headers);
                    }
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "batches-ungated",
        "The first message of a batch runs, and the gate does not look into it.",
        Tampering {
            before: |request, memory| {
                let first = request.json().get(0).cloned();
                if let Some(first) = first.filter(|_| request.is_endpoint()) {
                    request.body = first.to_string().into_bytes();
                    as_a_writer(request, memory);
                }
                None
            },
            after: |request, answer, memory| {
                remember_a_writer(request, answer, memory);
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "bad-token-is-anonymous",
        "A token that is no good is taken for none, and discovery needs none.",
        Tampering {
            before: |request, _| {
                let is_known = |token: &str| token.starts_with("lk");
                let is_bad = request.bearer().is_some_and(|token| !is_known(token));
                let asks = request.json()["method"] == "server/discover";
                (is_bad && asks && request.is_endpoint())
                    .then(|| Outgoing::made_up(StatusCode::OK, &ran(&request.json()["id"])))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "continuations-ungated",
        "A call that continues another is not judged again.",
        Tampering {
            before: |request, memory| {
                if request.json().pointer("/params/requestState").is_some() {
                    as_a_writer(request, memory);
                    return edit_body(request, |json| {
                        json["params"].as_object_mut().map(|params| {
                            params.remove("requestState");
                            params.remove("inputResponses")
                        });
                    });
                }
                None
            },
            after: |request, answer, memory| {
                remember_a_writer(request, answer, memory);
                Then::Answer
            },
        },
    ),
];

/// Changes the tools of a list.
fn tools(request: &Incoming, answer: &mut Outgoing, change: impl FnOnce(&mut Vec<Value>)) -> Then {
    result(request, answer, |result| {
        if let Some(tools) = result.get_mut("tools").and_then(Value::as_array_mut) {
            change(tools);
        }
    })
}

/// The answer of a tool that ran.
fn ran(id: &Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "result": {"resultType": "complete", "content": [], "structuredContent": {}},
    })
}

/// Lets the request pass for one of whoever may write.
fn as_a_writer(request: &mut Incoming, memory: &Memory) {
    if let Some(writer) = memory.find("writer").map(str::to_owned) {
        request.set_header("authorization", &format!("Bearer {writer}"));
    }
}
