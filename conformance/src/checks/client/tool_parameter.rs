//! Arguments that are repeated in headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::header::{decoded, needs_encoding};
use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::mcp;
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::honest::mcp::is_modern;
use crate::peer::message::Message;
use crate::peer::offer::{tool, tool_with};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Script, call, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const MIRRORED: &str = "look_up";
const GOOD: &str = "good";
const MOVED: &str = "moved";
const MISMATCH: &str = "a call without the header that the tool wants by now";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "tool-parameter/mirrored",
        title: "A tool wants arguments of every kind in headers.",
        inputs: || {
            let odd =
                prop_oneof!["[a-z]{2,6}[äß日本☃]{1,5}", "[a-z]{2,5}\n[a-z]{2,5}", " [a-z]{3,8} "];
            let sentinel = "=\\?base64\\?[A-Za-z0-9]{4,12}\\?=";
            data((
                "[A-Z][a-z]{2,6}-[A-Za-z0-9]{1,4}",
                odd,
                sentinel,
                -999_999i64..999_999,
                any::<bool>(),
            ))
        },
        runs: 1,
        script: |case| {
            let calls = arguments(case).map(|arguments| call_with(MIRRORED, &arguments));
            let mut steps = vec![list_tools()];
            steps.extend(calls);
            Script::honest().task(steps).offering(vec![tool_with(MIRRORED, &schema(&case[0]))])
        },
    },
    Scenario {
        id: "tool-parameter/broken",
        title: "Of the tools that want arguments in headers, all but one say so in a wrong way.",
        inputs: || data(prop::sample::select(broken()).prop_map(|(name, _)| name)),
        runs: 1,
        script: |case| {
            let good = json!({ "type": "object", "properties": { "of": { "type": "string", "x-mcp-header": "Of" } } });
            let mut tools: Vec<Value> =
                broken().iter().map(|(name, input)| tool_with(name, input)).collect();
            tools.insert(3, tool_with(GOOD, &good));
            let called = case.as_str().unwrap_or_default();
            let arguments = json!({ "of": "one", "as": "two", "in": { "of": "three" }, "all": [{ "of": "four" }] });
            Script::honest()
                .task([
                    list_tools(),
                    call_with(GOOD, &json!({ "of": "one" })),
                    call(READ_TOOL),
                    call_with(called, &arguments),
                ])
                .offering(tools)
        },
    },
    Scenario {
        id: "tool-parameter/moved",
        title: "A tool wants its argument in another header than it did when it was listed first.",
        inputs: || data(("[A-Z][a-z]{2,6}", "[A-Z][a-z]{7,9}")),
        runs: 1,
        script: |case| {
            let (before, by_now) = (case[0].clone(), case[1].clone());
            let header =
                format!("mcp-param-{}", by_now.as_str().unwrap_or_default()).to_lowercase();
            Script::honest()
                .task([call_with(MOVED, &json!({ "of": "one" }))])
                .offering(vec![tool(MOVED)])
                .on_rpc("tools/list", move |_, world, answer| {
                    let name = if world.marked(MISMATCH) > 0 { &by_now } else { &before };
                    let of = json!({ "type": "string", "x-mcp-header": name });
                    answer.change(|message| {
                        let tools = message["result"]["tools"].as_array_mut();
                        for tool in tools.into_iter().flatten().filter(|tool| tool["name"] == MOVED)
                        {
                            tool["inputSchema"]["properties"] = json!({ "of": of });
                        }
                    });
                })
                .on_call(MOVED, move |ask, world, answer| {
                    if is_modern(ask) && ask.header(&header).is_none() {
                        world.mark(MISMATCH);
                        let error = json!({ "code": -32020, "message": "Header mismatch" });
                        let id = ask.json()["id"].clone();
                        *answer = Answer::json(
                            400,
                            &json!({ "jsonrpc": "2.0", "id": id, "error": error }),
                        );
                    }
                })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "tool-parameter/mirrored",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#custom-headers-from-tool-parameters"),
        claim: "Arguments that a tool wants in headers are repeated there: texts, integers, \
                booleans, and those in objects.",
        on: On::Only(&["tool-parameter/mirrored"]),
        judge: Judge::Each(|run| headers_of(run, 0)),
    },
    ClientCheck {
        id: "tool-parameter/encoded",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#value-encoding"),
        claim: "Arguments that are not plain ASCII, or look encoded already, are encoded in headers.",
        on: On::Only(&["tool-parameter/mirrored"]),
        judge: Judge::Each(|run| headers_of(run, 1)),
    },
    ClientCheck {
        id: "tool-parameter/omitted",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#server-behavior-for-custom-headers"),
        claim: "An argument that is null or absent has no header.",
        on: On::Only(&["tool-parameter/mirrored"]),
        judge: Judge::Each(|run| headers_of(run, 2)),
    },
    ClientCheck {
        id: "tool-parameter/others-stay",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#schema-extension"),
        claim: "A tool that asks for headers in a wrong way leaves the other tools usable.",
        on: On::Only(&["tool-parameter/broken"]),
        judge: Judge::Each(good_stays),
    },
    ClientCheck {
        id: "tool-parameter/nothing-injected",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#schema-extension"),
        claim: "Nothing goes into headers for a tool that asks for them in a wrong way.",
        on: On::Only(&["tool-parameter/broken"]),
        judge: Judge::Each(nothing_for_broken),
    },
    ClientCheck {
        id: "tool-parameter/left-out",
        level: HARDENING,
        clause: mcp("server/tools#x-mcp-header"),
        claim: "A tool that asks for headers in a wrong way is not called.",
        on: On::Only(&["tool-parameter/broken"]),
        judge: Judge::Each(broken_is_not_called),
    },
    ClientCheck {
        id: "tool-parameter/mismatch",
        level: SHOULD,
        clause: mcp("basic/transports/streamable-http#client-behavior"),
        claim: "A client whose headers are refused lists the tools again and repeats the call.",
        on: On::Only(&["tool-parameter/moved"]),
        judge: Judge::Each(lists_again),
    },
    ClientCheck {
        id: "tool-parameter/listed-first",
        level: HARDENING,
        clause: mcp("basic/transports/streamable-http#client-behavior"),
        claim: "A client that is asked for a call before any list lists the tools first, and so \
                knows their headers.",
        on: On::Only(&["tool-parameter/moved"]),
        judge: Judge::Each(lists_first),
    },
];

/// The names of the headers all begin with the generated one.
fn schema(name: &Value) -> Value {
    let name = name.as_str().unwrap_or_default();
    let property =
        |kind: &str, part: &str| json!({ "type": kind, "x-mcp-header": format!("{name}{part}") });
    json!({
        "type": "object",
        "properties": {
            "text": property("string", ""),
            "count": property("integer", "-Count"),
            "flag": property("boolean", "-Flag"),
            "in": { "type": "object", "properties": { "zone": property("string", "-Zone") } },
            "note": property("string", "-Note"),
            "free": { "type": "string" },
        },
    })
}

/// The arguments of three calls: plain ones, odd ones, none.
fn arguments(case: &Value) -> [Value; 3] {
    let (odd, sentinel, number, flag) = (&case[1], &case[2], &case[3], &case[4]);
    [
        json!({ "text": "us-west1", "count": number, "flag": flag, "in": { "zone": "a b" }, "free": "f" }),
        json!({ "text": odd, "in": { "zone": sentinel } }),
        json!({ "note": null, "in": {}, "free": "f" }),
    ]
}

/// The `Mcp-Param-*` headers that belong to one of the calls.
fn expected(case: &Value, number: usize) -> Vec<(String, String)> {
    let name = case[0].as_str().unwrap_or_default().to_lowercase();
    let arguments = &arguments(case)[number];
    let at = [
        ("/text", ""),
        ("/count", "-count"),
        ("/flag", "-flag"),
        ("/in/zone", "-zone"),
        ("/note", "-note"),
    ];
    let found = at.iter().filter_map(|(path, part)| {
        let value = match arguments.pointer(path)? {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some((format!("mcp-param-{name}{part}"), value))
    });
    found.collect()
}

fn mirrored<'a>(message: &'a Message<'_>) -> Vec<(&'a str, &'a str)> {
    let headers = message.ask.headers.iter().filter(|(name, _)| name.starts_with("mcp-param-"));
    headers.map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn headers_of(run: &Run, number: usize) -> Outcome {
    run.modern()?;
    let sent = arguments(&run.case)[number].clone();
    let calls = run.messages().filter(|message| message.ask.tool().as_deref() == Some(MIRRORED));
    let call =
        calls.filter(Message::is_modern).find(|call| call.body["params"]["arguments"] == sent);
    let Some(call) = call else { return Err(run.never("the call with these arguments")) };
    let expected = expected(&run.case, number);
    let found = mirrored(&call);
    for (name, value) in &expected {
        let values: Vec<&str> =
            found.iter().filter(|(known, _)| known == name).map(|(_, value)| *value).collect();
        let encoded = format!("=?base64?{}?=", STANDARD.encode(value));
        let is_right = match values[..] {
            [one] if needs_encoding(value) => one == encoded,
            [one] => decoded(one).as_ref() == Some(value),
            _ => false,
        };
        let wanted = if needs_encoding(value) { &encoded } else { value };
        ensure(is_right, format!("{name}: {wanted}, once"), || format!("{values:?}"))?;
    }
    let more = found.iter().find(|(name, _)| !expected.iter().any(|(known, _)| known == name));
    ensure(more.is_none(), "no other Mcp-Param header", || format!("{more:?}"))
}

/// Tools whose annotations break one rule each.
fn broken() -> Vec<(&'static str, Value)> {
    let of = |annotation: Value| json!({ "type": "object", "properties": { "of": annotation } });
    let text = |name: Value| of(json!({ "type": "string", "x-mcp-header": name }));
    let inner = json!({ "type": "string", "x-mcp-header": "Of" });
    let mut twice = text(json!("Of"));
    twice["properties"]["as"] = json!({ "type": "string", "x-mcp-header": "oF" });
    let mut referred = of(json!({ "$ref": "#/$defs/of" }));
    referred["$defs"] = json!({ "of": inner });
    let mut listed = of(json!({ "type": "string" }));
    listed["properties"]["all"] =
        json!({ "type": "array", "items": { "type": "object", "properties": { "of": inner } } });
    let mut chosen = of(json!({ "type": "string" }));
    chosen["oneOf"] = json!([{ "properties": { "of": inner } }, { "required": ["as"] }]);
    vec![
        ("broken_empty", text(json!(""))),
        ("broken_space", text(json!("Of This"))),
        ("broken_colon", text(json!("Of:"))),
        ("broken_line", text(json!("Of\r\nX-Injected"))),
        ("broken_letter", text(json!("Größe"))),
        ("broken_twice", twice),
        ("broken_number", of(json!({ "type": "number", "x-mcp-header": "Of" }))),
        ("broken_object", of(json!({ "type": "object", "x-mcp-header": "Of" }))),
        ("broken_reference", referred),
        ("broken_items", listed),
        ("broken_choice", chosen),
        ("broken_name", text(json!(7))),
    ]
}

fn good_stays(run: &Run) -> Outcome {
    run.modern()?;
    // Whoever leaves the broken tool out cannot call it afterwards, and says so in the end.
    if run.calls(GOOD).is_ok() {
        return Ok(());
    }
    if run.rpc("tools/list").next().is_none() {
        return Err(run.never("the list of tools"));
    }
    ensure(false, "a call of the good tool", || run.ending())
}

fn broken_calls(run: &Run) -> Outcome<Vec<Message<'_>>> {
    run.modern()?;
    run.calls(GOOD)?;
    let is_broken =
        |message: &Message<'_>| message.ask.tool().is_some_and(|name| name.starts_with("broken_"));
    Ok(run.messages().filter(is_broken).collect())
}

fn nothing_for_broken(run: &Run) -> Outcome {
    let calls = broken_calls(run)?;
    for call in &calls {
        let injected = call.ask.header("x-injected").is_some();
        ensure(mirrored(call).is_empty() && !injected, "no Mcp-Param header", || {
            format!("{:?} for {}", mirrored(call), call.ask.tool().unwrap_or_default())
        })?;
    }
    Ok(())
}

fn broken_is_not_called(run: &Run) -> Outcome {
    let calls = broken_calls(run)?;
    let name = calls.first().and_then(|call| call.ask.tool());
    ensure(name.is_none(), "no call of such a tool", || name.clone().unwrap_or_default())
}

fn lists_again(run: &Run) -> Outcome {
    run.modern()?;
    run.reached(MISMATCH)?;
    ensure(run.is_success(), "tools/list, and the call again with the right header", || {
        run.ending()
    })
}

fn lists_first(run: &Run) -> Outcome {
    run.modern()?;
    let is_call = |message: &Message<'_>| message.ask.tool().as_deref() == Some(MOVED);
    if !run.messages().any(|message| is_call(&message)) {
        return Err(not_tested("the client never came to the call"));
    }
    let accepted = |message: &Message<'_>| message.is_accepted() || message.answer.status == 400;
    let first = run
        .messages()
        .filter(accepted)
        .find(|message| is_call(message) || message.method() == "tools/list");
    ensure(first.is_some_and(|message| message.method() == "tools/list"), "tools/list", || {
        "the call, of whose headers the client knows nothing".to_owned()
    })
}
