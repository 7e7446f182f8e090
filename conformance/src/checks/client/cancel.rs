//! Calls that are not waited for.

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{mcp, mcp_2025};
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::log::Sent;
use crate::peer::message::Message;
use crate::peer::offer::{after, event, now, tool};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, same};
use crate::peer::script::{READ_TOOL, Script, call, cancel_call, list_tools};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const SLOW: &str = "slow";
const BEGUN: &str = "a call that takes its time";
/// How long the answer to the slow call takes, in milliseconds.
const WAIT: u64 = 2500;

const SCENARIOS: &[Scenario] = &[Scenario {
    id: "cancel/asked",
    title: "A tool takes its time, and the client is asked to cancel the call.",
    inputs: same,
    runs: 1,
    script: |_| {
        Script::honest()
            .task([list_tools(), cancel_call(SLOW, 300), call(READ_TOOL)])
            .offering(vec![tool(SLOW)])
            .on_call(SLOW, waits)
    },
}];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "cancel/closed",
        level: SHOULD,
        clause: mcp("basic/patterns/cancellation#transport-specific-cancellation"),
        claim: "A client of 2026-07-28 cancels a call by closing the stream of its answer.",
        on: On::Only(&["cancel/asked"]),
        judge: Judge::Each(closes),
    },
    ClientCheck {
        id: "cancel/not-posted",
        level: HARDENING,
        clause: mcp("basic/patterns/cancellation#transport-specific-cancellation"),
        claim: "A client of 2026-07-28 posts no notifications/cancelled.",
        on: On::Only(&["cancel/asked"]),
        judge: Judge::Each(posts_nothing),
    },
    ClientCheck {
        id: "cancel/goes-on",
        level: MUST,
        clause: mcp("basic/patterns/cancellation#timing-considerations"),
        claim: "A client goes on with other calls after it has cancelled one.",
        on: On::Only(&["cancel/asked"]),
        judge: Judge::Each(goes_on),
    },
    ClientCheck {
        id: "cancel/told",
        level: SHOULD,
        clause: mcp_2025("basic/transports#sending-messages-to-the-server"),
        claim: "A client of the revisions with initialize cancels a call with \
                notifications/cancelled.",
        on: On::Only(&["cancel/asked", "initialize/older"]),
        judge: Judge::Each(tells),
    },
    ClientCheck {
        id: "cancel/right-id",
        level: MUST,
        clause: mcp_2025("basic/utilities/cancellation#behavior-requirements"),
        claim: "Every notifications/cancelled names a request that the client has sent and that \
                still waits for its answer.",
        on: On::Only(&["cancel/asked", "initialize/older"]),
        judge: Judge::Each(names_the_call),
    },
];

/// The answer to a call begins at once and ends much later.
pub(super) fn waits(_: &Ask, world: &mut World, answer: &mut Answer) {
    world.mark(BEGUN);
    answer.stream(|message| vec![now(": working\n\n"), after(WAIT, event(message))]);
}

fn slow_call(run: &Run) -> Outcome<Message<'_>> {
    run.reached(BEGUN)?;
    if let Some(name) = run.unsupported() {
        return Err(not_tested(format!("it does not offer {name}")));
    }
    let calls = run.calls(SLOW)?;
    calls.into_iter().next_back().ok_or_else(|| run.never(BEGUN))
}

fn closes(run: &Run) -> Outcome {
    let slow = slow_call(run)?;
    if !slow.is_modern() {
        return Err(not_tested("the client did not speak MCP 2026-07-28"));
    }
    ensure(slow.sent == Sent::Cut, "the connection is closed before the answer is complete", || {
        format!("the client read the whole answer; {}", run.ending())
    })
}

fn posts_nothing(run: &Run) -> Outcome {
    let slow = slow_call(run)?;
    if !slow.is_modern() {
        return Err(not_tested("the client did not speak MCP 2026-07-28"));
    }
    match run.rpc("notifications/cancelled").next() {
        None => Ok(()),
        Some(_) => Err(Violation::new("nothing posted", "notifications/cancelled").into()),
    }
}

fn goes_on(run: &Run) -> Outcome {
    slow_call(run)?;
    ensure(run.is_success(), "the call that follows succeeds", || run.ending())
}

fn cancellations(run: &Run) -> Outcome<(Message<'_>, Vec<Message<'_>>)> {
    let slow = slow_call(run)?;
    if slow.is_modern() {
        return Err(not_tested("the client spoke MCP 2026-07-28"));
    }
    let found = run.messages().filter(|message| message.method() == "notifications/cancelled");
    Ok((slow, found.collect()))
}

fn tells(run: &Run) -> Outcome {
    let (_, found) = cancellations(run)?;
    ensure(!found.is_empty(), "notifications/cancelled", || run.ending())
}

fn names_the_call(run: &Run) -> Outcome {
    let (slow, found) = cancellations(run)?;
    if found.is_empty() {
        return Err(not_tested("the client sends no notifications/cancelled"));
    }
    for message in found {
        let named = &message.body["params"]["requestId"];
        let id = &slow.body["id"];
        ensure(named == id, format!("requestId {id}"), || format!("requestId {named}"))?;
    }
    Ok(())
}
