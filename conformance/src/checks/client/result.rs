//! Results that are no success, and answers that are none at all.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::answer::{Answer, Body};
use crate::peer::offer::{now, tool};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Script, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// A tool that promises nothing about its results, so that nothing else is wrong with them.
const ONE: &str = "speak";
const GIVEN: &str = "the answer of the scenario";
const RETRIED: &str = "the call again";

const SCENARIOS: &[Scenario] = &[
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
                        json!({ "resultType": "input_required", "requestState": state, "content": [] });
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

fn refuses(run: &Run) -> Outcome {
    run.reached(GIVEN)?;
    let taken = run.takes(ONE)?;
    ensure(!taken, "an error, and not the exit code 0", || run.ending())
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
