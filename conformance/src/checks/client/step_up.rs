//! Calls that need more scopes than were granted.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::asked_scope::{asked, beyond, scopes};
use super::{Area, HARDENING, SHOULD};
use crate::check::mcp;
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::Answer;
use crate::peer::honest::mcp::insufficient;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{READ_TOOL, Route, Script, WRITE_TOOL, call, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// The honest MCP server marks it, and so do the scenarios in its place.
const INSUFFICIENT: &str = "insufficient scope";
const FORBIDDEN: &str = "a call that is forbidden for another reason";
const STEP_UP: &str = "basic/authorization#step-up-authorization-flow";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "step-up/once",
        title: "A call needs a scope that the first challenge did not name.",
        inputs: || data("([a-z][a-z0-9:._-]{0,11})?"),
        runs: 1,
        script: |case| {
            let extra = case.as_str().unwrap_or_default().to_owned();
            writing().on(Route::Mcp, move |_, world, answer| {
                if answer.status == 403 && !extra.is_empty() {
                    *answer = insufficient(world, &format!("mcp:write {extra}"));
                }
            })
        },
    },
    Scenario {
        id: "step-up/denied",
        title: "A call needs a scope that the person never grants.",
        inputs: same,
        runs: 1,
        script: |_| writing().set(|setting| setting.granted = Some("mcp:read".to_owned())),
    },
    Scenario {
        id: "step-up/alternating",
        title: "A call is refused whatever the token, now for one scope and now for another.",
        inputs: || data(("[a-z]{3,8}", "[a-z]{3,8}").prop_map(|(one, other)| json!([one, other]))),
        runs: 1,
        script: |case| {
            let words = [0, 1].map(|at| format!("mcp:{}", case[at].as_str().unwrap_or("more")));
            writing().instead(move |ask, world| {
                let is_call = ask.tool().is_some_and(|tool| tool == WRITE_TOOL);
                (is_call && ask.bearer().is_some()).then(|| {
                    let turn = world.marked(INSUFFICIENT) % 2;
                    insufficient(world, &words[turn])
                })
            })
        },
    },
    Scenario {
        id: "step-up/forbidden",
        title: "A call is forbidden, and not for want of a scope.",
        inputs: || {
            data(prop::sample::select(vec![
                "",
                "Bearer error=\"access_denied\"",
                "Bearer realm=\"insufficient_scope\"",
                "Basic realm=\"staff\"",
            ]))
        },
        runs: 1,
        script: |case| forbidding(case.clone()),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "step-up/attempted",
        level: SHOULD,
        clause: mcp(STEP_UP),
        claim: "A client that acts for a person asks for more scopes when a call needs them, and \
                does the call then.",
        on: On::Only(&["step-up/once"]),
        judge: Judge::Each(steps_up),
    },
    ClientCheck {
        id: "step-up/union",
        level: SHOULD,
        clause: mcp(STEP_UP),
        claim: "A step-up asks for the scopes that were asked for before and for those of the \
                challenge.",
        on: On::Only(&["step-up/once"]),
        judge: Judge::Each(asks_for_union),
    },
    ClientCheck {
        id: "step-up/no-more",
        level: SHOULD,
        clause: mcp("basic/authorization#scope-selection-strategy"),
        claim: "A step-up asks for no scope that no challenge has named.",
        on: On::Only(&["step-up/once", "step-up/alternating"]),
        judge: Judge::Each(asks_for_no_more),
    },
    ClientCheck {
        id: "step-up/bounded",
        level: SHOULD,
        clause: mcp(STEP_UP),
        claim: "A call that stays forbidden leads to three more authorization requests at most.",
        on: On::Only(&["step-up/denied", "step-up/alternating"]),
        judge: Judge::Each(is_bounded),
    },
    ClientCheck {
        id: "step-up/reported",
        level: HARDENING,
        clause: mcp(STEP_UP),
        claim: "A client whose call was never allowed does not say that it was done.",
        on: On::Only(&["step-up/denied", "step-up/alternating"]),
        judge: Judge::Each(is_reported),
    },
    ClientCheck {
        id: "step-up/other-refusals",
        level: HARDENING,
        clause: mcp("basic/authorization#runtime-insufficient-scope-errors"),
        claim: "A call that is forbidden for another reason than its scope leads to no new \
                authorization request.",
        on: On::Only(&["step-up/forbidden"]),
        judge: Judge::Each(does_not_ask),
    },
];

/// The client reads, writes and reads again; the first challenge and the metadata name the scope to
/// read alone.
fn writing() -> Script {
    Script::honest()
        .set(|setting| setting.challenge_scope = Some("mcp:read".to_owned()))
        .task([list_tools(), call(READ_TOOL), call(WRITE_TOOL), call(READ_TOOL)])
        .on(Route::ResourceMetadata, |_, _, answer| {
            if answer.status == 200 {
                answer.change(|body| body["scopes_supported"] = json!(["mcp:read"]));
            }
        })
}

fn forbidding(challenge: Value) -> Script {
    Script::honest().task([list_tools(), call(READ_TOOL), call(WRITE_TOOL)]).instead(
        move |ask, world| {
            let is_call = ask.tool().is_some_and(|tool| tool == WRITE_TOOL);
            (is_call && ask.bearer().is_some()).then(|| {
                world.mark(FORBIDDEN);
                let answer = Answer::text(403, "text/plain", "not here");
                match challenge.as_str() {
                    None | Some("") => answer,
                    Some(challenge) => answer.with("www-authenticate", challenge),
                }
            })
        },
    )
}

/// The scopes that the challenges to calls named.
fn challenged(run: &Run) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (_, answer, _) in run.exchanges().filter(|(_, answer, _)| answer.status == 403) {
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        let named = challenge.split("scope=\"").nth(1).and_then(|rest| rest.split('"').next());
        words.extend(scopes(named.unwrap_or_default()));
    }
    words
}

fn shown(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn ending(run: &Run) -> String {
    run.exit().map(ToString::to_string).unwrap_or_default()
}

fn steps_up(run: &Run) -> Outcome {
    run.reached(INSUFFICIENT)?;
    let flows = asked(run).len();
    let is_done = run.world.marked(&format!("called {WRITE_TOOL}")) > 0;
    ensure(
        flows > 1 && is_done && run.is_success(),
        "a second authorization request, and the call done",
        || {
            let done = if is_done { "done" } else { "not done" };
            format!("{flows} authorization requests, the call {done}, and {}", ending(run))
        },
    )
}

fn asks_for_union(run: &Run) -> Outcome {
    run.reached(INSUFFICIENT)?;
    let asked = asked(run);
    let [Some(first), Some(second), ..] = asked.as_slice() else {
        return Err(run.never("a second authorization request with scopes"));
    };
    let wanted: BTreeSet<String> = first.union(&challenged(run)).cloned().collect();
    ensure(second.is_superset(&wanted), format!("scope={}", shown(&wanted)), || {
        format!("scope={}", shown(second))
    })
}

fn asks_for_no_more(run: &Run) -> Outcome {
    run.reached(INSUFFICIENT)?;
    let asked = asked(run);
    let mut allowed = challenged(run);
    allowed.extend(scopes(run.world.setting.challenge_scope.as_deref().unwrap_or_default()));
    if asked.len() < 2 {
        return Err(run.never("a second authorization request"));
    }
    // What the first asks for is another claim's matter, and may be asked for again.
    allowed.extend(asked[0].clone().unwrap_or_default());
    for words in asked[1..].iter().flatten() {
        let beyond = beyond(run, words, &allowed);
        ensure(beyond.is_empty(), format!("scopes among {}", shown(&allowed)), || {
            format!("{} as well", shown(&beyond))
        })?;
    }
    Ok(())
}

fn is_bounded(run: &Run) -> Outcome {
    run.reached(INSUFFICIENT)?;
    let more = asked(run).len().saturating_sub(1);
    let refused = run.world.marked(INSUFFICIENT);
    ensure(more <= 3 && refused <= 8, "at most three more", || {
        format!("{more} more authorization requests, {refused} refused calls, and {}", ending(run))
    })
}

fn is_reported(run: &Run) -> Outcome {
    run.reached(INSUFFICIENT)?;
    let is_done = run.world.marked(&format!("called {WRITE_TOOL}")) > 0;
    ensure(is_done || !run.is_success(), "an exit code that says so", || ending(run))
}

fn does_not_ask(run: &Run) -> Outcome {
    run.reached(FORBIDDEN)?;
    let flows = asked(run).len();
    ensure(flows == 1, "no authorization request after the first", || {
        format!("{} after the first", flows.saturating_sub(1))
    })
}
