//! Grants that end, servers that refuse every token, and clients that die in the middle of a
//! refresh.

use std::collections::BTreeSet;

use super::renewal::{ENDED, authorizations, ending, good_call, is_access};
use super::{Area, HARDENING, MUST};
use crate::check::{Level, mcp, rfc};
use crate::outcome::{Halt, Outcome, ensure, not_tested};
use crate::peer::honest::mcp::challenge;
use crate::peer::moment::Moment;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Route, Script, call, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const REFUSED: &str = "a call that the server refuses whatever the token";
const USED: &str = "the first use of a refreshed token";
const REFRESHED: &str = "a refresh";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "refusal/revoked",
        title: "All tokens are revoked during the work.",
        inputs: || data(1_usize..=3),
        runs: 1,
        script: |case| ending([count(case)], Some(1), |_| true),
    },
    Scenario {
        id: "refusal/unrefreshable",
        title: "No refresh token is issued, and the access token ends during the work.",
        inputs: || data(1_usize..=3),
        runs: 1,
        script: |case| working(count(case)).set(|setting| setting.refresh = false),
    },
    Scenario {
        id: "refusal/every-token",
        title: "From some call on the MCP server answers 401 whatever the token.",
        inputs: || data(1_usize..=2),
        runs: 1,
        script: |case| refusing(count(case)),
    },
    Scenario {
        id: "refusal/death-at-use",
        title: "The client is killed when it first uses a refreshed token, and started again.",
        inputs: || data(1_usize..=2),
        runs: 1,
        script: |case| {
            working(count(case)).started(2).on(Route::Mcp, |_, world, answer| {
                // The old token has ended: what is accepted after a refresh is the new one.
                let is_new = world.marked("refreshed") > 0 && answer.status == 200;
                if is_new && world.mark(USED) == 1 {
                    answer.kills = true;
                }
            })
        },
    },
    Scenario {
        id: "refusal/death-at-refresh",
        title: "The client is killed before it has the answer to a refresh, and started again.",
        inputs: || data(1_usize..=2),
        runs: 1,
        script: |case| {
            working(count(case)).started(2).on(Route::Token, |ask, world, answer| {
                let is_refresh = ask.param("refresh_token").is_some() && answer.status == 200;
                if is_refresh && world.mark(REFRESHED) == 1 {
                    answer.kills = true;
                }
            })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "refusal/not-sent-again",
        level: HARDENING,
        clause: rfc(6749, "5.2"),
        claim: "A refresh token that was refused with invalid_grant is not sent again.",
        on: On::Only(&["refusal/revoked"]),
        judge: Judge::Each(revoked_is_dropped),
    },
    ClientCheck {
        id: "refusal/one-new-grant",
        level: HARDENING,
        clause: mcp("basic/authorization#error-handling"),
        claim: "When all tokens were revoked the person is asked once more, and the work goes on.",
        on: On::Only(&["refusal/revoked"]),
        judge: Judge::Each(asks_once_more),
    },
    ClientCheck {
        id: "refusal/no-refresh-token",
        level: MUST,
        clause: mcp("basic/authorization#refresh-tokens"),
        claim: "A client works with an authorization server that issues no refresh token, and \
                does not make one up.",
        on: On::Only(&["refusal/unrefreshable"]),
        judge: Judge::Each(works_without),
    },
    ClientCheck {
        id: "refusal/gives-up",
        level: HARDENING,
        clause: mcp("basic/authorization#error-handling"),
        claim: "A client whose every token is refused stops after three more refreshes and three \
                more authorization requests at most, and says that it failed.",
        on: On::Only(&["refusal/every-token"]),
        judge: Judge::Each(gives_up),
    },
    ClientCheck {
        id: "refusal/kept-before-use",
        level: HARDENING,
        clause: rfc(6749, "6"),
        claim: "A client that dies at the first use of a refreshed token does not send the \
                replaced refresh token at its next start.",
        on: On::Only(&["refusal/death-at-use"]),
        judge: Judge::Each(is_kept_before_use),
    },
    ClientCheck {
        id: "refusal/second-start",
        level: Level::Observe,
        clause: mcp("basic/authorization#refresh-tokens"),
        claim: "A client that finds a valid token at its next start does not ask the person again.",
        on: On::Only(&["refusal/death-at-use"]),
        judge: Judge::Each(needs_nobody),
    },
    ClientCheck {
        id: "refusal/after-death",
        level: HARDENING,
        clause: rfc(6749, "6"),
        claim: "A client that died during a refresh tries the old refresh token once at most, asks \
                the person once at most, and goes on.",
        on: On::Only(&["refusal/death-at-refresh"]),
        judge: Judge::Each(recovers),
    },
];

fn count(case: &serde_json::Value) -> usize {
    case.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(1)
}

/// Access tokens end after one call.
fn working(after: usize) -> Script {
    ending([after], Some(1), is_access)
}

fn refusing(from: usize) -> Script {
    Script::honest().task([list_tools(), call(READ_TOOL), call(READ_TOOL)]).instead(
        move |ask, world| {
            let begins = good_call(ask, world).is_some_and(|number| number >= from);
            if world.route(ask) != Route::Mcp || !(begins || world.marked(REFUSED) > 0) {
                return None;
            }
            world.mark(REFUSED);
            Some(challenge(ask, world))
        },
    )
}

fn revoked_is_dropped(run: &Run) -> Outcome {
    run.reached(ENDED)?;
    if refused_is_dropped(run)? { Ok(()) } else { Err(run.never("a refresh that was refused")) }
}

/// No refresh token is sent again after `invalid_grant`; whether there was one to send.
pub(super) fn refused_is_dropped(run: &Run) -> Outcome<bool> {
    let mut refused = BTreeSet::new();
    for moment in run.moments() {
        let Some(token) = moment.redeems() else { continue };
        let is_again = refused.contains(&token);
        ensure(!is_again, "no further request with the refused refresh token", || {
            "it was sent again after invalid_grant".to_owned()
        })?;
        if moment.is_invalid_grant() {
            refused.insert(token);
        }
    }
    Ok(!refused.is_empty())
}

fn asks_once_more(run: &Run) -> Outcome {
    run.reached(ENDED)?;
    let flows = authorizations(run);
    ensure(
        flows == 2 && run.is_success(),
        "one authorization request after the first, and exit code 0",
        || {
            let exit = run.exit().map(ToString::to_string).unwrap_or_default();
            format!("{} after the first, and {exit}", flows.saturating_sub(1))
        },
    )
}

fn gives_up(run: &Run) -> Outcome {
    run.reached(REFUSED)?;
    let flows = authorizations(run).saturating_sub(1);
    let refreshes = run.moments().filter(|moment| moment.redeems().is_some()).count();
    let calls = run.world.marked(REFUSED);
    ensure(
        flows <= 3 && refreshes <= 3 && !run.is_success(),
        "at most three of each, and an exit code that says so",
        || {
            let exit = run.exit().map(ToString::to_string).unwrap_or_default();
            format!(
                "{calls} refused requests, {refreshes} refreshes, {flows} more authorization \
                 requests, and {exit}"
            )
        },
    )
}

fn works_without(run: &Run) -> Outcome {
    if !run.moments().any(|moment| moment.issued("access_token").is_some()) {
        return Err(run.never("a token response"));
    }
    let is_done = run.world.marked(&format!("called {READ_TOOL}")) > 0;
    let refreshes = run.moments().filter(|moment| moment.redeems().is_some()).count();
    ensure(is_done && refreshes == 0, "a call that is done, and no refresh", || {
        let exit = run.exit().map(ToString::to_string).unwrap_or_default();
        let done = if is_done { "a call was done" } else { "no call was done" };
        format!("{done}, {refreshes} refreshes, and {exit}")
    })
}

/// What the second start sent, if it shows that something was kept from the first.
fn second_start(run: &Run) -> Result<Vec<Moment<'_>>, Halt> {
    let (first, second): (Vec<Moment<'_>>, Vec<Moment<'_>>) =
        run.moments().partition(|moment| moment.start == 1);
    if second.is_empty() {
        return Err(run.never("a second start"));
    }
    let known: BTreeSet<String> = first
        .iter()
        .flat_map(|moment| ["access_token", "refresh_token"].map(|kind| issued(moment, kind)))
        .flatten()
        .collect();
    let is_kept = second.iter().any(|moment| {
        let redeemed = moment.redeems().is_some_and(|token| known.contains(&token));
        redeemed || moment.ask.bearer().is_some_and(|token| known.contains(token))
    });
    if is_kept {
        Ok(second)
    } else {
        Err(not_tested("the client keeps no tokens from start to start"))
    }
}

/// A token in the answer of the token endpoint, whether or not it got out.
fn issued(moment: &Moment<'_>, member: &str) -> Option<String> {
    let token = moment.answer.value()[member].as_str().map(str::to_owned);
    token.filter(|_| moment.route == Route::Token)
}

fn is_kept_before_use(run: &Run) -> Outcome {
    run.reached(USED)?;
    let second = second_start(run)?;
    let replaced: BTreeSet<String> = run
        .moments()
        .filter(|moment| moment.start == 1 && moment.issued("refresh_token").is_some())
        .filter_map(|moment| moment.redeems())
        .collect();
    if replaced.is_empty() {
        return Err(run.never("a refresh that replaced the token"));
    }
    let again = second.iter().filter_map(Moment::redeems).any(|token| replaced.contains(&token));
    ensure(!again, "the next start knows the tokens that were in use", || {
        "the next start sent the refresh token that had been replaced".to_owned()
    })
}

fn needs_nobody(run: &Run) -> Outcome {
    run.reached(USED)?;
    let second = second_start(run)?;
    let is_found = second.iter().any(|moment| {
        moment.ask.bearer().is_some() && moment.route == Route::Mcp && moment.answer.status == 200
    });
    let flows = second.iter().filter(|moment| moment.route == Route::Authorize).count();
    if !is_found {
        return Err(run.never("a request of the second start that was accepted"));
    }
    ensure(flows == 0, "no authorization request at the second start", || format!("{flows}"))
}

fn recovers(run: &Run) -> Outcome {
    run.reached(REFRESHED)?;
    let second = second_start(run)?;
    let first = run.moments().find_map(|moment| moment.redeems()).unwrap_or_default();
    let tries = second.iter().filter(|moment| moment.redeems().as_ref() == Some(&first)).count();
    let flows = second.iter().filter(|moment| moment.route == Route::Authorize).count();
    ensure(
        tries <= 1 && flows <= 1 && run.is_success(),
        "the old refresh token once, one authorization request, and exit code 0",
        || {
            let exit = run.exit().map(ToString::to_string).unwrap_or_default();
            format!(
                "the old refresh token {tries} times, {flows} authorization requests, and {exit}"
            )
        },
    )
}
