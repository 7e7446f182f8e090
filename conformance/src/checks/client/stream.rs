//! Streams that hold more than the answer, or end before it.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::era::{old, refusal};
use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{mcp, mcp_2025};
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::message::Message;
use crate::peer::offer::{after, event, now, tool};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Route, Script, call, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const ONE: &str = "speak";
const ASKED: &str = "a request of the server in a stream";
const BROKEN: &str = "a stream that breaks";
const ENDED: &str = "a stream that ends before the answer";
/// How long the server asks the client to wait before it goes on with a stream.
const RETRY: Duration = Duration::from_millis(500);

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "stream/request",
        title: "A stream of 2026-07-28 has a request of the server in it, which it must not.",
        inputs: || data(prop::sample::select(vec!["ping", "roots/list", "elicitation/create"])),
        runs: 1,
        script: |case| {
            let method = case.clone();
            Script::honest().on_call(READ_TOOL, move |_, world, answer| {
                world.mark(ASKED);
                let request = json!({ "jsonrpc": "2.0", "id": "of-the-server", "method": method, "params": {} });
                answer.stream(|message| {
                    vec![now(event(&request.to_string())), after(400, event(message))]
                });
            })
        },
    },
    Scenario {
        id: "stream/broken",
        title: "A stream breaks after the answer to another request, and before the one that \
                is waited for.",
        inputs: || data(any::<bool>()),
        runs: 1,
        script: |case| {
            let with_ids = case.as_bool().unwrap_or_default();
            Script::honest()
                .task([list_tools(), call_with(ONE, &json!({}))])
                .offering(vec![tool(ONE)])
                .on_call(ONE, move |_, world, answer| {
                    if world.mark(BROKEN) > 1 {
                        return;
                    }
                    let result = json!({ "resultType": "complete", "content": [] });
                    let other = json!({ "jsonrpc": "2.0", "id": 987_654, "result": result });
                    let id = if with_ids { "id: first\n" } else { "" };
                    let piece = format!("{id}data: {other}\n\n");
                    answer.stream(|_| vec![now(piece), after(100, ": \n\n")]);
                    answer.breaks();
                })
        },
    },
    Scenario {
        id: "stream/earlier",
        title: "Streams of 2025-11-25: one asks whether the client is there, one is to be gone on \
                with later.",
        inputs: || data(refusal()),
        runs: 1,
        script: |case| {
            let mut missed = Value::Null;
            old(case)
                .task([
                    list_tools(),
                    call_with("asks", &json!({})),
                    call_with("resumes", &json!({})),
                    call(READ_TOOL),
                ])
                .offering(vec![tool("asks"), tool("resumes")])
                .on_call("asks", |_, world, answer| {
                    world.mark(ASKED);
                    let ping = json!({ "jsonrpc": "2.0", "id": "of-the-server", "method": "ping" });
                    answer.stream(|message| {
                        vec![now(event(&ping.to_string())), after(400, event(message))]
                    });
                })
                .on(Route::Mcp, move |ask, world, answer| {
                    if answer.status == 200 && ask.tool().as_deref() == Some("resumes") {
                        world.mark(ENDED);
                        missed = answer.value();
                        let start = format!("id: first\nretry: {}\ndata:\n\n", RETRY.as_millis());
                        answer.stream(|_| vec![now(start)]);
                    } else if ask.method == "GET" && ask.header("last-event-id") == Some("first") {
                        *answer = Answer::events(std::slice::from_ref(&missed));
                    }
                })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "stream/no-response",
        level: MUST,
        clause: mcp("basic/transports/streamable-http#sending-messages"),
        claim: "A client of 2026-07-28 posts no response, whatever a stream asks of it.",
        on: On::Only(&["stream/request"]),
        judge: Judge::Each(posts_no_response),
    },
    ClientCheck {
        id: "stream/ping",
        level: MUST,
        clause: mcp_2025("basic/utilities/ping#behavior-requirements"),
        claim: "A client of the revisions with initialize answers a ping with an empty result.",
        on: On::Only(&["stream/earlier"]),
        judge: Judge::Each(answers_ping),
    },
    ClientCheck {
        id: "stream/incomplete",
        level: MUST,
        clause: mcp("basic/index#result-responses"),
        claim: "A call is no success while its answer has not come, though that to another request \
                has.",
        on: On::Only(&["stream/broken"]),
        judge: Judge::Each(needs_its_answer),
    },
    ClientCheck {
        id: "stream/new-id",
        level: MUST,
        clause: mcp("changelog#major-changes"),
        claim: "A call that is repeated after its stream broke is a new request with a new id.",
        on: On::Only(&["stream/broken"]),
        judge: Judge::Each(repeats_as_new),
    },
    ClientCheck {
        id: "stream/no-resumption",
        level: HARDENING,
        clause: mcp("basic/transports/streamable-http#receiving-messages"),
        claim: "A client of 2026-07-28 does not try to go on with a stream that broke.",
        on: On::Only(&["stream/broken"]),
        judge: Judge::Each(does_not_resume),
    },
    ClientCheck {
        id: "stream/resumed",
        level: SHOULD,
        clause: mcp_2025("basic/transports#resumability-and-redelivery"),
        claim: "A stream of the revisions with initialize that ended early is gone on with: a GET \
                with Last-Event-ID.",
        on: On::Only(&["stream/earlier"]),
        judge: Judge::Each(resumes),
    },
    ClientCheck {
        id: "stream/retry",
        level: MUST,
        clause: mcp_2025("basic/transports#sending-messages-to-the-server"),
        claim: "A client waits as long as the stream's retry says before it goes on with it.",
        on: On::Only(&["stream/earlier"]),
        judge: Judge::Each(waits_to_resume),
    },
];

fn posts_no_response(run: &Run) -> Outcome {
    run.modern()?;
    run.reached(ASKED)?;
    if run.rpc("initialize").next().is_some() {
        return Err(not_tested("the client spoke a revision with initialize"));
    }
    match run.messages().find(Message::is_response) {
        None => Ok(()),
        Some(message) => Err(Violation::new("no response", message.body.to_string()).into()),
    }
}

fn answers_ping(run: &Run) -> Outcome {
    run.reached(ASKED)?;
    let answer = run.messages().find(Message::is_response);
    let Some(answer) = answer else {
        return Err(Violation::new("a response to the ping", run.ending()).into());
    };
    let is_right = answer.body["id"] == "of-the-server" && answer.body["result"] == json!({});
    ensure(is_right, "an empty result with the ping's id", || answer.body.to_string())
}

fn needs_its_answer(run: &Run) -> Outcome {
    run.reached(BROKEN)?;
    let calls = run.calls(ONE)?;
    // Only what was repeated has been answered.
    if calls.len() > 1 {
        return Ok(());
    }
    ensure(!run.is_success(), "an error, and not the exit code 0", || run.ending())
}

fn repeats_as_new(run: &Run) -> Outcome {
    run.modern()?;
    run.reached(BROKEN)?;
    let calls = run.calls(ONE)?;
    let [first, again, ..] = &calls[..] else {
        return Err(not_tested("the client does not repeat a call whose stream broke"));
    };
    ensure(first.body["id"] != again.body["id"], "a new id", || again.body["id"].to_string())
}

fn does_not_resume(run: &Run) -> Outcome {
    run.modern()?;
    run.reached(BROKEN)?;
    let resumed = run.to(Route::Mcp).find(|ask| ask.header("last-event-id").is_some());
    ensure(resumed.is_none(), "no Last-Event-ID", || {
        resumed.map(|ask| ask.line()).unwrap_or_default()
    })
}

fn resumptions(run: &Run) -> Outcome<Vec<(Duration, &crate::peer::ask::Ask)>> {
    run.reached(ENDED)?;
    let is_one = |ask: &crate::peer::ask::Ask| {
        ask.role == crate::peer::place::Role::Resource && ask.header("last-event-id").is_some()
    };
    Ok(run.arrivals().filter(|(_, ask)| is_one(ask)).collect())
}

fn resumes(run: &Run) -> Outcome {
    let found = resumptions(run)?;
    let Some((_, ask)) = found.first() else {
        return Err(Violation::new("GET with Last-Event-ID: first", run.ending()).into());
    };
    let is_right = ask.method == "GET" && ask.header("last-event-id") == Some("first");
    ensure(is_right, "GET with Last-Event-ID: first", || {
        format!(
            "{} with Last-Event-ID: {}",
            ask.line(),
            ask.header("last-event-id").unwrap_or_default()
        )
    })?;
    ensure(run.takes("resumes")?, "the call succeeds", || run.ending())
}

fn waits_to_resume(run: &Run) -> Outcome {
    let found = resumptions(run)?;
    let Some((resumed, _)) = found.first() else {
        return Err(not_tested("the client does not go on with a stream that ended"));
    };
    let begun = run.arrivals().find(|(_, ask)| ask.tool().as_deref() == Some("resumes"));
    let waited = resumed.saturating_sub(begun.map_or(Duration::ZERO, |(at, _)| at));
    ensure(waited >= RETRY, format!("{} ms of waiting", RETRY.as_millis()), || {
        format!("{} ms", waited.as_millis())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::answer::Body;

    #[test]
    fn a_broken_stream_keeps_what_was_sent() {
        let mut answer = Answer::json(200, &json!({ "id": 1 }));
        answer.stream(|message| vec![now(event(message))]);
        answer.breaks();
        assert!(matches!(&answer.body, Body::Broken(pieces) if pieces.len() == 1));
    }
}
