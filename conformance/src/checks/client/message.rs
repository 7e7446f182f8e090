//! JSON-RPC messages: one in each POST, and their identifiers.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::{Area, MUST};
use crate::check::{mcp, mcp_2025};
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::message::Message;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, same};
use crate::peer::script::{READ_TOOL, Script, calls_at_once, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const CALLS: usize = 3;
const TOGETHER: &str = "calls that were under way at the same time";
const ARRIVED: &str = "a call arrived";

const SCENARIOS: &[Scenario] = &[Scenario {
    id: "message/parallel",
    title: "The answers to several calls are held back until all of them have arrived.",
    inputs: same,
    runs: 1,
    script: |_| {
        Script::honest().task([list_tools(), calls_at_once(READ_TOOL, CALLS)]).on_call(
            READ_TOOL,
            |_, world, answer| {
                if world.mark(ARRIVED) >= CALLS {
                    world.mark(TOGETHER);
                }
                *answer = answer.clone().held(ARRIVED, CALLS, Duration::from_secs(2));
            },
        )
    },
}];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "message/single",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#sending-messages"),
        claim: "The body of every POST to the MCP endpoint is one JSON-RPC message, never a batch.",
        on: On::Every,
        judge: Judge::Each(is_one_message),
    },
    ClientCheck {
        id: "message/id",
        level: MUST,
        clause: mcp("basic/index#requests"),
        claim: "Every request has an id that is a string or an integer, and no notification has \
                one.",
        on: On::Every,
        judge: Judge::Each(ids_are_well_formed),
    },
    ClientCheck {
        id: "message/id-in-flight",
        level: MUST,
        clause: mcp("basic/index#requests"),
        claim: "No request has the id of another that still waits for its answer.",
        on: On::Only(&["message/parallel"]),
        judge: Judge::Each(ids_differ_in_flight),
    },
    ClientCheck {
        id: "message/id-in-session",
        level: MUST,
        clause: mcp_2025("basic/index#requests"),
        claim: "No two requests of a session that initialize began have the same id.",
        on: On::Every,
        judge: Judge::Each(ids_differ_in_session),
    },
    ClientCheck {
        id: "message/progress-token",
        level: MUST,
        clause: mcp("basic/patterns/progress#progress-flow"),
        claim: "Progress tokens are strings or integers, and differ among requests that wait for \
                their answers.",
        on: On::Only(&["message/parallel"]),
        judge: Judge::Each(progress_tokens_differ),
    },
];

fn is_one_message(run: &Run) -> Outcome {
    let mut any = false;
    for message in run.messages() {
        any = true;
        let kinds = [
            message.method() != "" && !message.has("result") && !message.has("error"),
            message.is_response() && message.has("result") != message.has("error"),
        ];
        ensure(
            message.body["jsonrpc"] == "2.0" && kinds.contains(&true),
            "one JSON-RPC 2.0 object: a request, a notification or a response",
            || {
                let shape = if message.body.is_array() { "an array" } else { "something else" };
                format!("{} with {shape}: {}", message.ask.line(), start(&message.body))
            },
        )?;
    }
    if any { Ok(()) } else { Err(run.never("a message to the MCP server")) }
}

fn start(body: &Value) -> String {
    body.to_string().chars().take(120).collect()
}

/// Whether JSON has a string or a whole number here.
fn is_identifier(value: &Value) -> bool {
    let is_whole = |number: f64| number.fract() == 0.0;
    value.is_string() || value.is_i64() || value.is_u64() || value.as_f64().is_some_and(is_whole)
}

fn ids_are_well_formed(run: &Run) -> Outcome {
    let mut any = false;
    for message in run.messages().filter(|message| message.method() != "") {
        any = true;
        let id = message.body.get("id");
        if message.method().starts_with("notifications/") {
            ensure(id.is_none(), "a notification without an id", || message.ask.line())?;
            continue;
        }
        ensure(id.is_some_and(is_identifier), "a string or an integer as the id", || {
            let shown = id.map_or("no id".to_owned(), |id| format!("the id {id}"));
            format!("{} with {shown}", message.ask.line())
        })?;
    }
    if any { Ok(()) } else { Err(run.never("a request to the MCP server")) }
}

fn ids_differ_in_flight(run: &Run) -> Outcome {
    let mut seen = BTreeSet::new();
    for message in together(run)? {
        let id = message.body["id"].to_string();
        ensure(seen.insert(id.clone()), "a different id for each of the calls", || {
            format!("the id {id} in two of them")
        })?;
    }
    Ok(())
}

/// The calls that were under way at the same time.
fn together(run: &Run) -> Outcome<Vec<Message<'_>>> {
    run.reached(TOGETHER)?;
    run.calls(READ_TOOL)
}

fn progress_tokens_differ(run: &Run) -> Outcome {
    let mut seen = BTreeSet::new();
    for message in together(run)? {
        let Some(token) = message.body.pointer("/params/_meta/progressToken") else { continue };
        ensure(is_identifier(token), "a string or an integer", || token.to_string())?;
        ensure(seen.insert(token.to_string()), "a different token for each of the calls", || {
            format!("the token {token} in two of them")
        })?;
    }
    if seen.is_empty() {
        return Err(not_tested("the client asks for no progress"));
    }
    Ok(())
}

fn ids_differ_in_session(run: &Run) -> Outcome {
    run.needs_initialize()?;
    let mut seen = BTreeSet::new();
    let of_sessions = |message: &Message<'_>| {
        message.is_request() && message.is_accepted() && !message.is_modern()
    };
    // The same message sent again, after a refusal that was no answer to it, is no new request.
    for message in run.messages().filter(of_sessions) {
        if message.method() == "initialize" {
            seen.clear();
        }
        let id = message.body["id"].to_string();
        if !seen.insert(id.clone()) {
            let observed = format!("the id {id} again in {}", message.ask.line());
            return Err(Violation::new("an id that the session has not had", observed).into());
        }
    }
    Ok(())
}
