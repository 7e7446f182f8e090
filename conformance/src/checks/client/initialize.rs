//! Sessions begun with initialize, in the revision that the server chose.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::era::{OLD_SERVERS, REFUSED, old, refusal, refusals};
use super::header::after_initialize;
use super::{Area, MUST, SHOULD};
use crate::check::{mcp, mcp_2025};
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::honest::mcp::is_modern;
use crate::peer::message::Message;
use crate::peer::offer::tool;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Route, call, cancel_call, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// A revision with `initialize` that is not the newest.
const OLDER: &str = "2025-06-18";
const OPENED: &str = "initialize";
/// How long the answer to `initialize` takes in one scenario.
const SLOW: Duration = Duration::from_millis(400);

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "initialize/older",
        title: "The server speaks 2025-06-18 alone, takes its time to say so, and lets a call \
                wait.",
        inputs: refusals,
        runs: 1,
        script: |case| {
            old(case)
                .task([list_tools(), call(READ_TOOL), cancel_call("slow", 300)])
                .offering(vec![tool("slow")])
                .on_call("slow", super::cancel::waits)
                .on_rpc("initialize", |_, world, answer| {
                    world.mark(OPENED);
                    answer.change(|message| message["result"]["protocolVersion"] = OLDER.into());
                    *answer = answer.clone().held("never", 1, SLOW);
                })
        },
    },
    Scenario {
        id: "initialize/unknown-version",
        title: "The server answers initialize with a revision that nobody has heard of.",
        inputs: || {
            data(
                (prop_oneof!["20[3-9][0-9]-0[1-9]-1[0-9]", "19[0-9]{2}-0[1-9]-1[0-9]"], refusal())
                    .prop_map(
                        |(version, refusal)| json!({ "version": version, "refusal": refusal }),
                    ),
            )
        },
        runs: 1,
        script: |case| {
            let version = case["version"].clone();
            old(&case["refusal"]).on_rpc("initialize", move |_, world, answer| {
                world.mark(OPENED);
                answer.change(|message| message["result"]["protocolVersion"] = version.clone());
            })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "initialize/first",
        level: MUST,
        clause: mcp_2025("basic/lifecycle#initialization"),
        claim: "A client of the revisions with initialize sends it before all else, with version, \
                capabilities and client info.",
        on: On::Only(OLD_SERVERS),
        judge: Judge::Each(begins_with_initialize),
    },
    ClientCheck {
        id: "initialize/initialized",
        level: MUST,
        clause: mcp_2025("basic/lifecycle#initialization"),
        claim: "A client that goes on after initialize sends notifications/initialized.",
        on: On::Only(OLD_SERVERS),
        judge: Judge::Each(says_initialized),
    },
    ClientCheck {
        id: "initialize/waits",
        level: SHOULD,
        clause: mcp_2025("basic/lifecycle#initialization"),
        claim: "A client sends no other request before initialize is answered.",
        on: On::Only(&["initialize/older"]),
        judge: Judge::Each(waits_for_initialize),
    },
    ClientCheck {
        id: "initialize/older",
        level: MUST,
        clause: mcp_2025("basic/lifecycle#operation"),
        claim: "A client that takes an older revision from the server completes in it.",
        on: On::Only(&["initialize/older"]),
        judge: Judge::Each(completes_in_older),
    },
    ClientCheck {
        id: "initialize/unknown-version",
        level: SHOULD,
        clause: mcp_2025("basic/lifecycle#version-negotiation"),
        claim: "A client ends when initialize is answered with a revision that it does not know.",
        on: On::Only(&["initialize/unknown-version"]),
        judge: Judge::Each(ends_at_unknown_version),
    },
    ClientCheck {
        id: "initialize/remembered",
        level: SHOULD,
        clause: mcp("basic/versioning#backward-compatibility-with-initialization-based-versions"),
        claim: "A client that has opened a session with initialize does not try 2026-07-28 again.",
        on: On::Only(&["initialize/older"]),
        judge: Judge::Each(remembers),
    },
];

fn begins_with_initialize(run: &Run) -> Outcome {
    let mut of_sessions = run.messages().filter(|message| !message.is_modern());
    let Some(first) = of_sessions.next() else {
        return Err(not_tested("the client speaks no revision with initialize"));
    };
    ensure(first.method() == "initialize", "initialize", || first.ask.line())?;
    let params = &first.body["params"];
    let info = &params["clientInfo"];
    ensure(
        params["protocolVersion"].is_string()
            && params["capabilities"].is_object()
            && info["name"].is_string()
            && info["version"].is_string(),
        "protocolVersion, capabilities, and clientInfo with name and version",
        || params.to_string(),
    )
}

fn says_initialized(run: &Run) -> Outcome {
    run.needs_initialize()?;
    let messages: Vec<_> = run.messages().filter(Message::is_accepted).collect();
    let openings: Vec<usize> =
        (0..messages.len()).filter(|at| messages[*at].method() == "initialize").collect();
    let mut any = false;
    for (number, opening) in openings.iter().enumerate() {
        let end = openings.get(number + 1).copied().unwrap_or(messages.len());
        let session = &messages[opening + 1..end];
        let Some(next) = session.iter().find(|message| message.is_request()) else { continue };
        any = true;
        ensure(
            session.iter().any(|message| message.method() == "notifications/initialized"),
            "notifications/initialized after initialize",
            || format!("{} without it", next.ask.line()),
        )?;
    }
    if any { Ok(()) } else { Err(run.never("a request after initialize")) }
}

fn waits_for_initialize(run: &Run) -> Outcome {
    run.reached(OPENED)?;
    let arrived: Vec<_> =
        run.arrivals().filter(|(_, ask)| run.world.route(ask) == Route::Mcp).collect();
    let opened = arrived.iter().rposition(|(_, ask)| ask.rpc_method().as_deref() == Some(OPENED));
    let Some(opened) = opened else { return Err(run.never(OPENED)) };
    let (begun, _) = arrived[opened];
    // A request that arrives almost when the answer leaves may have crossed it.
    let is_early = |at: Duration| at < begun + SLOW / 2;
    match arrived[opened + 1..].iter().find(|(at, _)| is_early(*at)) {
        None => Ok(()),
        Some((_, ask)) => {
            Err(Violation::new("nothing before initialize is answered", ask.line()).into())
        }
    }
}

fn completes_in_older(run: &Run) -> Outcome {
    run.reached(OPENED)?;
    if run.rpc("notifications/initialized").next().is_none() && !run.is_success() {
        return Err(not_tested(format!("the client does not speak {OLDER}")));
    }
    let called = run.calls(READ_TOOL).is_ok();
    ensure(called && run.takes(READ_TOOL)?, "the tools are listed and one is called", || {
        let last = run.asks().last().map_or("nothing".to_owned(), |ask| ask.line());
        format!("{}; its last request was {last}", run.ending())
    })
}

fn ends_at_unknown_version(run: &Run) -> Outcome {
    run.reached(OPENED)?;
    ensure(!run.is_success(), "an error", || run.ending())?;
    match run.rpc("tools/list").chain(run.rpc("tools/call")).find(|ask| !is_modern(ask)) {
        None => Ok(()),
        Some(ask) => Err(Violation::new("no request in that revision", ask.line()).into()),
    }
}

fn remembers(run: &Run) -> Outcome {
    run.reached(REFUSED)?;
    let mut opened = false;
    for message in run.messages() {
        let again = opened && message.is_modern();
        ensure(!again, "no request of 2026-07-28 after initialize", || message.ask.line())?;
        opened |= message.method() == "initialize" && message.is_accepted();
    }
    after_initialize(run, |_, _| Ok(()))
}
