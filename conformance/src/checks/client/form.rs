//! Results in every form that a client has to put up with.

use serde_json::{Value, json};

use super::{Area, HARDENING, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::log::Ending;
use crate::peer::offer::tool;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Script, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const NO_TYPE: &str = "says_no_type";
const MEMBERS: &str = "says_more";
const KIND: &str = "says_its_kind";
const ANY_VALUE: &str = "says_a_list";
const LARGE: &str = "says_a_lot";
/// A result that is large and still of a size that servers have.
const SIZE: usize = 3 << 20;

const SCENARIOS: &[Scenario] = &[Scenario {
    id: "result/forms",
    title: "Every tool answers in a form of its own, all of them legal.",
    inputs: || data(("[a-z]{3,8}", "[a-zäöü日本 ]{4,12}")),
    runs: 1,
    script: forms,
}];

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
];

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

fn takes(run: &Run, tool: &str) -> Outcome {
    let taken = run.takes(tool)?;
    ensure(taken, "the call succeeds, and the next step follows", || run.ending())
}

fn survives_large(run: &Run) -> Outcome {
    run.calls(LARGE)?;
    let how = run.exit().map(|exit| exit.how);
    ensure(how == Some(Ending::Itself), "an end by itself", || run.ending())
}
