//! Results: what a client puts up with in them, and what it takes for none.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::answer::{Answer, Body};
use crate::peer::log::Ending;
use crate::peer::offer::{now, tool};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Script, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// A tool that promises nothing about its results, so that nothing else is wrong with them.
const ONE: &str = "speak";
const NO_TYPE: &str = "says_no_type";
const MEMBERS: &str = "says_more";
const KIND: &str = "says_its_kind";
const ANY_VALUE: &str = "says_a_list";
const LARGE: &str = "says_a_lot";
/// A result that is large and still of a size that servers have.
const SIZE: usize = 3 << 20;
const GIVEN: &str = "the answer of the scenario";
const RETRIED: &str = "the call again";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "result/forms",
        title: "Every tool answers in a form of its own, all of them legal.",
        inputs: || data(("[a-z]{3,8}", "[a-zäöü日本 ]{4,12}")),
        runs: 1,
        script: forms,
    },
    Scenario {
        id: "result/unknown-type",
        title: "A result has a type that nobody has heard of.",
        inputs: || {
            let near = vec!["Complete", "complete ", "completed", "input-required", ""];
            data(prop_oneof![
                prop::sample::select(near).prop_map(str::to_owned),
                "[a-z]{4,10}_[a-z]{4,10}"
            ])
        },
        runs: 1,
        script: |case| {
            answering(case, |case, message| message["result"]["resultType"] = case.clone())
        },
    },
    Scenario {
        id: "result/input-required",
        title: "A call is answered with a state to send back, and done when the state comes back.",
        inputs: || data("[ -~äß]{12,40}"),
        runs: 1,
        script: |case| {
            let state = case.clone();
            speaking().on_call(ONE, move |ask, world, answer| {
                let is_retry = world.marked(GIVEN) > 0;
                if is_retry && ask.json()["params"].get("requestState").is_some() {
                    world.mark(RETRIED);
                    return;
                }
                world.mark(GIVEN);
                answer.change(|message| {
                    message["result"] =
                        json!({ "resultType": "input_required", "requestState": state });
                });
            })
        },
    },
    Scenario {
        id: "result/error",
        title: "A call is answered with a JSON-RPC error.",
        inputs: || data(prop::sample::select(vec![-32602, -32603, -32000, 1, 42])),
        runs: 1,
        script: |case| {
            answering(case, |case, message| {
                let error = json!({ "code": case, "message": "no" });
                *message = json!({ "jsonrpc": "2.0", "id": message["id"], "error": error });
            })
        },
    },
    Scenario {
        id: "result/is-error",
        title: "A tool says that it failed.",
        inputs: || data("[a-z]{4,10} failed"),
        runs: 1,
        script: |case| {
            answering(case, |case, message| {
                let content = json!([{ "type": "text", "text": case }]);
                message["result"]["content"] = content;
                message["result"]["isError"] = true.into();
                if let Some(result) = message["result"].as_object_mut() {
                    result.remove("structuredContent");
                }
            })
        },
    },
    Scenario {
        id: "result/cut",
        title: "The connection breaks before the end of an answer.",
        inputs: || data(prop::sample::select(vec!["in chunks", "with a length", "padded"])),
        runs: 1,
        script: |case| {
            let how = case.as_str().unwrap_or_default().to_owned();
            speaking().on_call(ONE, move |_, world, answer| {
                world.mark(GIVEN);
                cut(answer, &how);
            })
        },
    },
    Scenario {
        id: "result/malformed",
        title: "A call is answered with something that is no answer to it.",
        inputs: || data(prop::sample::select(MALFORMED.to_vec())),
        runs: 6,
        script: |case| {
            let how = case.as_str().unwrap_or_default().to_owned();
            speaking().on_call(ONE, move |_, world, answer| {
                world.mark(GIVEN);
                malformed(answer, &how);
            })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "result/absent-type",
        level: MUST,
        clause: mcp("basic/index#resulttype"),
        claim: "A result without resultType counts as complete.",
        on: On::Only(&["result/forms"]),
        judge: Judge::Each(|run| {
            run.modern()?;
            takes(run, NO_TYPE)
        }),
    },
    ClientCheck {
        id: "result/unknown-members",
        level: MUST,
        clause: mcp("basic/index#result-responses"),
        claim: "A result may have members that the client does not know.",
        on: On::Only(&["result/forms"]),
        judge: Judge::Each(|run| takes(run, MEMBERS)),
    },
    ClientCheck {
        id: "result/content-type",
        level: MUST,
        clause: rfc(9110, "8.3.1"),
        claim: "The type application/json counts whatever its case, and with parameters.",
        on: On::Only(&["result/forms"]),
        judge: Judge::Each(|run| takes(run, KIND)),
    },
    ClientCheck {
        id: "result/any-value",
        level: HARDENING,
        clause: mcp("server/tools#structured-content"),
        claim: "Structured content of 2026-07-28 may be any JSON value.",
        on: On::Only(&["result/forms"]),
        judge: Judge::Each(|run| {
            run.modern()?;
            takes(run, ANY_VALUE)
        }),
    },
    ClientCheck {
        id: "result/large",
        level: HARDENING,
        clause: mcp("server/tools#calling-tools"),
        claim: "A result of some megabytes is taken or refused, and ends nothing else.",
        on: On::Only(&["result/forms"]),
        judge: Judge::Each(survives_large),
    },
    ClientCheck {
        id: "result/unknown-type",
        level: MUST,
        clause: mcp("basic/index#resulttype"),
        claim: "A result of a type that the client does not know is no success.",
        on: On::Only(&["result/unknown-type"]),
        judge: Judge::Each(|run| {
            run.modern()?;
            refuses(run)
        }),
    },
    ClientCheck {
        id: "result/input-required",
        level: MUST,
        clause: mcp("basic/index#resulttype"),
        claim: "A result that asks for input is no success until the call has been repeated.",
        on: On::Only(&["result/input-required"]),
        judge: Judge::Each(|run| {
            run.modern()?;
            run.reached(GIVEN)?;
            if run.world.marked(RETRIED) > 0 { Ok(()) } else { refuses(run) }
        }),
    },
    ClientCheck {
        id: "result/request-state",
        level: MUST,
        clause: mcp("basic/patterns/mrtr#client-requirements-basic-workflow"),
        claim: "A call that is repeated because of its result has a new id, the same arguments, and \
                the state unchanged.",
        on: On::Only(&["result/input-required"]),
        judge: Judge::Each(repeats_with_state),
    },
    ClientCheck {
        id: "result/error",
        level: MUST,
        clause: mcp("basic/index#messages"),
        claim: "A JSON-RPC error is no success.",
        on: On::Only(&["result/error"]),
        judge: Judge::Each(refuses),
    },
    ClientCheck {
        id: "result/is-error",
        level: SHOULD,
        clause: mcp("server/tools#error-handling"),
        claim: "A result with isError is not reported as a success.",
        on: On::Only(&["result/is-error"]),
        judge: Judge::Each(refuses),
    },
    ClientCheck {
        id: "result/cut",
        level: MUST,
        clause: rfc(9112, "8"),
        claim: "An answer whose connection broke before its end is no success.",
        on: On::Only(&["result/cut"]),
        judge: Judge::Each(refuses),
    },
    ClientCheck {
        id: "result/malformed",
        level: HARDENING,
        clause: mcp("basic/index#responses"),
        claim: "What is no JSON-RPC response to the request is no success.",
        on: On::Only(&["result/malformed"]),
        judge: Judge::Each(refuses),
    },
];

/// Honest servers; the client calls one tool.
fn speaking() -> Script {
    Script::honest().task([list_tools(), call_with(ONE, &json!({}))]).offering(vec![tool(ONE)])
}

/// Such servers that answer the call with `change` made to the message.
fn answering(case: &Value, change: fn(&Value, &mut Value)) -> Script {
    let case = case.clone();
    speaking().on_call(ONE, move |_, world, answer| {
        world.mark(GIVEN);
        answer.change(|message| change(&case, message));
    })
}

fn forms(case: &Value) -> Script {
    let (name, text) = (case[0].clone(), case[1].clone());
    let names = [NO_TYPE, MEMBERS, KIND, ANY_VALUE, LARGE];
    let mut tools: Vec<Value> = names.iter().map(|name| tool(name)).collect();
    tools[1]["x-vendor"] = json!({ "of": name });
    let numbers = json!({ "type": "array", "items": { "type": "integer" } });
    let mut steps = vec![list_tools()];
    steps.extend(names.iter().map(|name| call_with(name, &json!({}))));
    Script::honest()
        .task(steps)
        .offering(tools)
        // Revisions with initialize have objects alone.
        .on_rpc("tools/list", move |ask, _, answer| {
            answer.change(|message| {
                let tools = message["result"]["tools"].as_array_mut();
                let listed =
                    tools.and_then(|tools| tools.iter_mut().find(|it| it["name"] == ANY_VALUE));
                if let (Some(tool), true) = (listed, crate::peer::honest::mcp::is_modern(ask)) {
                    tool["outputSchema"] = numbers.clone();
                }
            });
        })
        .on_call(NO_TYPE, |_, _, answer| {
            answer.change(|message| {
                if let Some(result) = message["result"].as_object_mut() {
                    result.remove("resultType");
                }
            });
        })
        .on_call(MEMBERS, move |_, _, answer| {
            answer.change(|message| {
                let result = &mut message["result"];
                result["x-vendor"] = json!({ "note": text, "list": [1, null, true] });
                result["_meta"]["com.example/note"] = text.clone();
                result["content"][0]["x-vendor"] = text.clone();
            });
        })
        .on_call(KIND, |_, _, answer| answer.set("content-type", "Application/JSON; charset=UTF-8"))
        .on_call(ANY_VALUE, |ask, _, answer| {
            if crate::peer::honest::mcp::is_modern(ask) {
                answer.change(|message| message["result"]["structuredContent"] = json!([1, 2, 3]));
            }
        })
        .on_call(LARGE, |_, _, answer| {
            answer.change(|message| {
                message["result"]["content"][0]["text"] = "x".repeat(SIZE).into()
            });
        })
}

fn cut(answer: &mut Answer, how: &str) {
    let Body::Whole(bytes) = &answer.body else { return };
    let half = bytes[..bytes.len() / 2].to_vec();
    let (length, sent) = match how {
        "in chunks" => (None, half),
        "with a length" => (Some(bytes.len()), half),
        // All of the message arrives, but not all of what was announced.
        _ => (Some(bytes.len() + 64), bytes.clone()),
    };
    if let Some(length) = length {
        answer.set("content-length", length.to_string());
    }
    answer.body = Body::Broken(vec![now(sent)]);
}

const MALFORMED: &[&str] = &[
    "the id of another request",
    "the id as a text",
    "no id",
    "nothing",
    "no JSON",
    "a page",
    "a list",
    "result and error",
    "neither result nor error",
    "a result that is no object",
    "content that is no list",
    "202",
    "204",
];

fn malformed(answer: &mut Answer, how: &str) {
    match how {
        "nothing" => answer.body = Body::Whole(Vec::new()),
        "no JSON" => answer.body = Body::Whole(b"{\"jsonrpc\":\"2.0\",".to_vec()),
        "a page" => *answer = Answer::text(200, "text/html", "<html><body>Welcome</body></html>"),
        "202" => *answer = Answer::status(202),
        "204" => *answer = Answer::status(204),
        _ => answer.change(|message| match how {
            "the id of another request" => message["id"] = json!(987_654),
            "the id as a text" => message["id"] = format!("{}x", message["id"]).into(),
            "no id" => message["id"] = Value::Null,
            "a list" => *message = json!([message]),
            "result and error" => message["error"] = json!({ "code": -32603, "message": "no" }),
            "a result that is no object" => message["result"] = json!("done"),
            "content that is no list" => message["result"]["content"] = json!("done"),
            _ => *message = json!({ "jsonrpc": "2.0", "id": message["id"] }),
        }),
    }
}

fn takes(run: &Run, tool: &str) -> Outcome {
    let taken = run.takes(tool)?;
    ensure(taken, "the call succeeds, and the next step follows", || run.ending())
}

fn refuses(run: &Run) -> Outcome {
    run.reached(GIVEN)?;
    let taken = run.takes(ONE)?;
    ensure(!taken, "an error, and not the exit code 0", || run.ending())
}

fn survives_large(run: &Run) -> Outcome {
    run.calls(LARGE)?;
    let how = run.exit().map(|exit| exit.how);
    ensure(how == Some(Ending::Itself), "an end by itself", || run.ending())
}

fn repeats_with_state(run: &Run) -> Outcome {
    run.modern()?;
    run.reached(GIVEN)?;
    let calls = run.calls(ONE)?;
    let [first, again, ..] = &calls[..] else {
        return Err(not_tested("the client does not repeat a call that asks for input"));
    };
    ensure(first.body["id"] != again.body["id"], "a new id", || again.body["id"].to_string())?;
    let state = &again.body["params"]["requestState"];
    ensure(*state == run.case, format!("requestState {}", run.case), || state.to_string())?;
    let (old, new) = (&first.body["params"]["arguments"], &again.body["params"]["arguments"]);
    if old != new {
        return Err(Violation::new(format!("arguments {old}"), new.to_string()).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_malformed_answer_differs_from_the_right_one() {
        let right = json!({ "jsonrpc": "2.0", "id": 7, "result": { "content": [] } });
        for how in MALFORMED {
            let mut answer = Answer::json(200, &right);
            malformed(&mut answer, how);
            assert!(answer.status != 200 || answer.value() != right, "{how}");
        }
    }
}
