//! Structured content, and the schemas that tools declare for it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, MUST, SHOULD};
use crate::check::mcp;
use crate::outcome::{Outcome, Violation, ensure};
use crate::peer::answer::Answer;
use crate::peer::offer::tool;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Script, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const REPORT: &str = "report";
const GIVEN: &str = "structured content that the schema does not allow";
const LISTED: &str = "the list of tools";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "structured/wrong",
        title: "A result has structured content that the tool's output schema does not allow.",
        inputs: || data(wrong()),
        runs: 2,
        script: |case| {
            let content = case.clone();
            reporting(&schema()).on_call(REPORT, move |_, world, answer| {
                world.mark(GIVEN);
                give(answer, Some(&content));
            })
        },
    },
    Scenario {
        id: "structured/missing",
        title: "A result lacks the structured content that the tool's output schema promises.",
        inputs: same,
        runs: 1,
        script: |_| {
            reporting(&schema()).on_call(REPORT, |_, world, answer| {
                world.mark(GIVEN);
                give(answer, None);
            })
        },
    },
    Scenario {
        id: "structured/remote-schema",
        title: "A tool's output schema is at an address of another host.",
        inputs: || data("/[a-z]{3,8}\\.json"),
        runs: 1,
        script: |case| {
            let path = case.as_str().unwrap_or_default().to_owned();
            reporting(&schema())
                .instead(|ask, _| {
                    (ask.role == Role::Stranger).then(|| Answer::json(200, &json!(true)))
                })
                .on_rpc("tools/list", move |_, world, answer| {
                    world.mark(LISTED);
                    let remote = format!("{}{path}", world.places.base(Role::Stranger));
                    let schema =
                        json!({ "type": "object", "properties": { "rows": { "$ref": remote } } });
                    answer.change(|message| {
                        let tools = message["result"]["tools"].as_array_mut();
                        let tools = tools.into_iter().flatten();
                        for tool in tools.filter(|tool| tool["name"] == REPORT) {
                            tool["outputSchema"] = schema.clone();
                            tool["inputSchema"]["properties"] = json!({ "of": { "$ref": remote } });
                        }
                    });
                })
                .on_call(REPORT, |_, world, answer| {
                    world.mark(GIVEN);
                    give(answer, Some(&json!({ "rows": 1 })));
                })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "structured/wrong",
        level: SHOULD,
        clause: mcp("server/tools#output-schema"),
        claim: "Structured content that the tool's output schema does not allow is no success.",
        on: On::Only(&["structured/wrong"]),
        judge: Judge::Each(refuses),
    },
    ClientCheck {
        id: "structured/missing",
        level: SHOULD,
        clause: mcp("server/tools#output-schema"),
        claim: "A result without the structured content that its tool promises is no success.",
        on: On::Only(&["structured/missing"]),
        judge: Judge::Each(refuses),
    },
    ClientCheck {
        id: "structured/remote-schema",
        level: MUST,
        clause: mcp("basic/index#ref-resolution"),
        claim: "A schema's references to addresses in the network are not fetched.",
        on: On::Only(&["structured/remote-schema"]),
        judge: Judge::Each(fetches_nothing),
    },
    ClientCheck {
        id: "structured/uncheckable",
        level: SHOULD,
        clause: mcp("basic/index#ref-resolution"),
        claim: "Structured content is no success where a reference of its schema cannot be resolved.",
        on: On::Only(&["structured/remote-schema"]),
        judge: Judge::Each(refuses),
    },
];

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "rows": { "type": "integer", "minimum": 0 },
            "state": { "type": "string", "enum": ["new", "done"] },
        },
        "required": ["rows", "state"],
        "additionalProperties": false,
    })
}

/// Content that the schema does not allow, each for one reason.
fn wrong() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-1000i64..0).prop_map(|rows| json!({ "rows": rows, "state": "new" })),
        "[a-z]{1,6}".prop_map(|rows| json!({ "rows": rows, "state": "new" })),
        "[A-Z]{1,6}".prop_map(|state| json!({ "rows": 1, "state": state })),
        "[a-z]{1,6}s".prop_map(|more| json!({ "rows": 1, "state": "new", "more": more })),
        Just(json!({ "state": "done" })),
        Just(json!({ "rows": null, "state": "done" })),
        Just(json!({})),
    ]
}

fn reporting(output: &Value) -> Script {
    let mut report = tool(REPORT);
    report["outputSchema"] = output.clone();
    Script::honest().task([list_tools(), call_with(REPORT, &json!({}))]).offering(vec![report])
}

fn give(answer: &mut Answer, content: Option<&Value>) {
    answer.change(|message| {
        if let Some(content) = content {
            message["result"]["structuredContent"] = content.clone();
            message["result"]["content"][0]["text"] = content.to_string().into();
        }
    });
}

fn refuses(run: &Run) -> Outcome {
    run.reached(GIVEN)?;
    let taken = run.takes(REPORT)?;
    ensure(!taken, "an error, and not the exit code 0", || run.ending())
}

fn fetches_nothing(run: &Run) -> Outcome {
    run.reached(LISTED)?;
    match run.at(Role::Stranger).next() {
        None => Ok(()),
        Some(ask) => Err(Violation::new("no request for the schema", ask.line()).into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::TestRunner;

    use super::*;

    #[test]
    fn what_is_wrong_is_wrong() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let mut runner = TestRunner::deterministic();
        for _ in 0..200 {
            let content = wrong().new_tree(&mut runner).unwrap().current();
            assert!(!validator.is_valid(&content), "{content}");
        }
        assert!(validator.is_valid(&json!({ "rows": 0, "state": "new" })));
    }
}
