//! Sessions of the revisions with initialize.

use super::era::{old, refusals};
use super::{Area, MUST, SHOULD};
use crate::check::mcp_2025;
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::message::Message;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario};
use crate::peer::script::{READ_TOOL, Route, call, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const LOST: &str = "a request in a session that the server has ended";

const SCENARIOS: &[Scenario] = &[Scenario {
    id: "session/lost",
    title: "The server ends a session in the midst of the work.",
    inputs: refusals,
    runs: 1,
    script: |case| {
        old(case)
            .task([list_tools(), call(READ_TOOL), call("list_dashboards")])
            .on_call(READ_TOOL, |_, world, _| world.sessions.clear())
            .on(Route::Mcp, |ask, world, answer| {
                if answer.status == 404 && ask.header("mcp-session-id").is_some() {
                    world.mark(LOST);
                }
            })
    },
}];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "session/kept",
        level: MUST,
        clause: mcp_2025("basic/transports#session-management"),
        claim: "Every request of a session has the session id that the server assigned.",
        on: On::Every,
        judge: Judge::Each(keeps_the_id),
    },
    ClientCheck {
        id: "session/anew",
        level: MUST,
        clause: mcp_2025("basic/transports#session-management"),
        claim: "A client whose session has ended begins a new one with initialize.",
        on: On::Only(&["session/lost"]),
        judge: Judge::Each(begins_anew),
    },
    ClientCheck {
        id: "session/without-id",
        level: MUST,
        clause: mcp_2025("basic/transports#session-management"),
        claim: "The initialize request of a new session has no session id.",
        on: On::Every,
        judge: Judge::Each(opens_without_id),
    },
    ClientCheck {
        id: "session/ended",
        level: SHOULD,
        clause: mcp_2025("basic/transports#session-management"),
        claim: "A client that is done with a session ends it with DELETE.",
        on: On::Only(&["stream/earlier", "initialize/older", "session/lost"]),
        judge: Judge::Each(ends_its_session),
    },
];

fn keeps_the_id(run: &Run) -> Outcome {
    run.needs_initialize()?;
    let mut assigned: Option<String> = None;
    let mut any = false;
    for (ask, answer, _) in run.exchanges().filter(|(ask, ..)| run.world.route(ask) == Route::Mcp) {
        if ask.rpc_method().as_deref() == Some("initialize") {
            assigned = answer.header("mcp-session-id").map(str::to_owned);
        } else if let Some(id) = &assigned
            && !crate::peer::honest::mcp::is_modern(ask)
        {
            any = true;
            ensure(ask.header("mcp-session-id") == Some(id), "the session id", || {
                let sent = ask.header("mcp-session-id").map_or("no", |_| "another");
                format!("{} with {sent} session id", ask.line())
            })?;
        }
    }
    if any { Ok(()) } else { Err(run.never("a request in a session with an id")) }
}

fn begins_anew(run: &Run) -> Outcome {
    run.reached(LOST)?;
    let messages: Vec<_> = run.messages().collect();
    let lost = messages.iter().position(|message| message.answer.status == 404);
    let after = messages.iter().skip(lost.map_or(0, |at| at + 1));
    let again = after.into_iter().any(|message| message.method() == "initialize");
    ensure(again, "initialize after the 404", || run.ending())
}

fn opens_without_id(run: &Run) -> Outcome {
    run.needs_initialize()?;
    for message in run.messages().filter(|message| message.method() == "initialize") {
        let id = message.ask.header("mcp-session-id");
        ensure(id.is_none(), "initialize without a session id", || {
            "initialize with the id of an earlier session".to_owned()
        })?;
    }
    Ok(())
}

fn ends_its_session(run: &Run) -> Outcome {
    let opened = |message: &Message<'_>| message.answer.header("mcp-session-id").is_some();
    if !run.messages().any(|message| opened(&message)) {
        return Err(not_tested("the client was assigned no session id"));
    }
    if !run.is_success() {
        return Err(not_tested(format!("the client did not end well: {}", run.ending())));
    }
    let ended = run.to(Route::Mcp).any(|ask| ask.method == "DELETE");
    ensure(ended, "DELETE with the session id", || run.ending())
}
