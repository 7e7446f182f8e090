//! Answers as streams of events, in every way that the standard for them allows.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Area, HARDENING, MUST};
use crate::check::mcp;
use crate::outcome::{Outcome, ensure};
use crate::peer::offer::{after, event, now, tool};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Script, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const FORMS: [&str; 7] = ["plain", "comments", "returns", "lines", "notices", "pieces", "fields"];

const SCENARIOS: &[Scenario] = &[Scenario {
    id: "stream/forms",
    title: "Every tool answers with a stream of events, each written in another way.",
    inputs: || data("[a-zäöü日本☃ ]{6,20}"),
    runs: 1,
    script: |case| {
        let mut steps = vec![list_tools()];
        steps.extend(FORMS.iter().map(|name| call_with(name, &json!({}))));
        let text = case.clone();
        let script =
            Script::honest().task(steps).offering(FORMS.iter().map(|name| tool(name)).collect());
        FORMS.iter().fold(script, |script, form| {
            let text = text.clone();
            script.on_call(*form, move |ask, _, answer| {
                answer.change(|message| message["result"]["content"][0]["text"] = text.clone());
                let token = ask.json()["params"]["_meta"]["progressToken"].clone();
                answer.stream(|message| written(form, message, &token));
            })
        })
    },
}];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "stream/plain",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#sending-messages"),
        claim: "An answer may be a stream of events.",
        on: On::Only(&["stream/forms"]),
        judge: Judge::Each(|run| reads(run, "plain")),
    },
    ClientCheck {
        id: "stream/comments",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#receiving-messages"),
        claim: "Comments in a stream are passed over.",
        on: On::Only(&["stream/forms"]),
        judge: Judge::Each(|run| reads(run, "comments")),
    },
    ClientCheck {
        id: "stream/fields",
        level: HARDENING,
        clause: mcp("basic/transports/streamable-http#receiving-messages"),
        claim: "Fields of a stream that mean nothing here are passed over.",
        on: On::Only(&["stream/forms"]),
        judge: Judge::Each(|run| reads(run, "fields")),
    },
    ClientCheck {
        id: "stream/line-ends",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#receiving-messages"),
        claim: "Lines of a stream may end with a carriage return and a line feed.",
        on: On::Only(&["stream/forms"]),
        judge: Judge::Each(|run| reads(run, "returns")),
    },
    ClientCheck {
        id: "stream/data-lines",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#receiving-messages"),
        claim: "The data of an event may have several lines, without a space and without the \
                event's name.",
        on: On::Only(&["stream/forms"]),
        judge: Judge::Each(|run| reads(run, "lines")),
    },
    ClientCheck {
        id: "stream/notifications",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#receiving-messages"),
        claim: "Notifications may come before the answer in a stream.",
        on: On::Only(&["stream/forms"]),
        judge: Judge::Each(|run| reads(run, "notices")),
    },
    ClientCheck {
        id: "stream/pieces",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#receiving-messages"),
        claim: "A stream may arrive in pieces that end within a line and within a character.",
        on: On::Only(&["stream/forms"]),
        judge: Judge::Each(|run| reads(run, "pieces")),
    },
];

/// One message as a stream, written in one of the ways that the standard allows.
fn written(form: &str, message: &str, progress: &Value) -> Vec<(Duration, Vec<u8>)> {
    let spread = || {
        let value: Value = serde_json::from_str(message).unwrap_or_default();
        serde_json::to_string_pretty(&value).unwrap_or_default()
    };
    match form {
        "comments" => {
            vec![now(format!(
                ": one\n\n:\n\nevent: message\n: two\ndata: {message}\n\n: three\n\n"
            ))]
        }
        "fields" => {
            vec![now(format!(
                "retry: 1000\n\nid: 7\nx-vendor: 1\nevent: message\ndata: {message}\n\n"
            ))]
        }
        "returns" => vec![now(format!(":\r\n\r\nevent: message\r\ndata: {message}\r\n\r\n"))],
        "lines" => {
            let lines: Vec<String> =
                spread().lines().map(|line| format!("data:{line}\n")).collect();
            vec![now(format!("{}\n", lines.concat()))]
        }
        "notices" => {
            // A server that was given no progress token has none to name.
            let notice = if progress.is_null() {
                json!({ "jsonrpc": "2.0", "method": "notifications/com.example/hint", "params": {} })
            } else {
                let params = json!({ "progressToken": progress, "progress": 1, "total": 2 });
                json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
            };
            vec![now(event(&notice.to_string())), after(50, event(message))]
        }
        "pieces" => {
            let bytes = event(message);
            let inside = bytes.iter().position(|byte| *byte >= 0xC0).map_or(9, |at| at + 1);
            let (start, end) = bytes.split_at(inside);
            vec![now(&start[..5]), after(20, &start[5..]), after(20, end)]
        }
        _ => vec![now(event(message))],
    }
}

fn reads(run: &Run, tool: &str) -> Outcome {
    let taken = run.takes(tool)?;
    ensure(taken, "the call succeeds, and the next step follows", || run.ending())
}
