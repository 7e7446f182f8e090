//! Tokens that end for several calls at once, tokens that say when they end, and what holds for every
//! refresh whatever the servers do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::renewal::{ENDED, authorizations, ending, good_call, is_access, wants_refresh};
use super::{Area, HARDENING, MUST};
use crate::check::rfc;
use crate::outcome::{Outcome, ensure};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Route, Script, call, calls_at_once, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const TOGETHER: &str = "several calls at once that were refused together";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "renewal/parallel",
        title: "The token of several calls ends while all of them are on their way.",
        inputs: || data(2_usize..=5),
        runs: 2,
        script: |case| parallel(case.as_u64().unwrap_or(2) as usize),
    },
    Scenario {
        id: "renewal/short",
        title: "Tokens live for a second or two, and two calls take longer than that.",
        inputs: || data(1_u64..=2),
        runs: 1,
        script: |case| ending([1, 3], case.as_u64(), is_access),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "renewal/replaced-token",
        level: MUST,
        clause: rfc(6749, "6"),
        claim: "A refresh token is not sent again once the tokens that replaced it are in use.",
        on: On::Every,
        judge: Judge::Each(replaced_is_discarded),
    },
    ClientCheck {
        id: "renewal/scope",
        level: MUST,
        clause: rfc(6749, "6"),
        claim: "A refresh asks for no scope that was not granted.",
        on: On::Every,
        judge: Judge::Each(asks_for_no_more),
    },
    ClientCheck {
        id: "renewal/single-flight",
        level: HARDENING,
        clause: rfc(9700, "4.14.2"),
        claim: "However many calls are refused at once, there is one refresh.",
        on: On::Only(&["renewal/parallel"]),
        judge: Judge::Each(refreshes_once),
    },
    ClientCheck {
        id: "renewal/all-done",
        level: HARDENING,
        clause: rfc(6749, "1.5"),
        claim: "Calls that are refused at once are all done after the refresh, without the person.",
        on: On::Only(&["renewal/parallel"]),
        judge: Judge::Each(all_are_done),
    },
    ClientCheck {
        id: "renewal/time-over",
        level: HARDENING,
        clause: rfc(6749, "5.1"),
        claim: "A token whose time is over is replaced before it is sent again.",
        on: On::Only(&["renewal/short"]),
        judge: Judge::Each(is_replaced_in_time),
    },
];

fn parallel(calls: usize) -> Script {
    const REFUSED: &str = "a call whose token had ended";
    Script::honest()
        .task([list_tools(), call(READ_TOOL), calls_at_once(READ_TOOL, calls)])
        .instead(|ask, world| {
            if good_call(ask, world)? == 2 {
                world.expire_access();
            }
            None
        })
        .on(Route::Mcp, move |ask, world, answer| {
            if answer.status == 401 && ask.tool().is_some() && ask.bearer().is_some() {
                if world.mark(REFUSED) == 2 {
                    world.mark(TOGETHER);
                }
                // All of them are refused before any of them hears of it.
                *answer = answer.clone().held(REFUSED, calls, Duration::from_millis(1500));
            }
        })
        .on(Route::Token, |ask, _, answer| {
            if ask.param("refresh_token").is_some() {
                // Time enough for another refresh to be begun.
                *answer = answer.clone().held("never", 1, Duration::from_millis(300));
            }
        })
}

/// A refresh token that was replaced, and what replaced it.
struct Replaced {
    start: usize,
    old: String,
    new: String,
    access: String,
    /// Whether the client has shown that it received the new ones.
    is_in_use: bool,
}

fn replaced_is_discarded(run: &Run) -> Outcome {
    let mut replaced: Vec<Replaced> = Vec::new();
    let mut is_tried = false;
    for moment in run.moments() {
        let redeemed = moment.redeems();
        let bearer = moment.ask.bearer();
        for one in &mut replaced {
            one.is_in_use |=
                bearer == Some(one.access.as_str()) || redeemed.as_ref() == Some(&one.new);
        }
        let Some(redeemed) = redeemed else { continue };
        // What a client knew when it was killed, its next start need not know.
        let of_start = |one: &&Replaced| one.start == moment.start && one.is_in_use;
        is_tried |= replaced.iter().any(|one| of_start(&one));
        ensure(
            !replaced.iter().filter(of_start).any(|one| one.old == redeemed),
            "the refresh token that came last",
            || format!("one that had been replaced, {} s into the run", moment.at.as_secs()),
        )?;
        if let (Some(new), Some(access)) =
            (moment.issued("refresh_token"), moment.issued("access_token"))
            && new != redeemed
        {
            let start = moment.start;
            replaced.push(Replaced { start, old: redeemed, new, access, is_in_use: false });
        }
    }
    if is_tried { Ok(()) } else { Err(run.never("a refresh after one that replaced the token")) }
}

fn asks_for_no_more(run: &Run) -> Outcome {
    let mut granted: BTreeSet<String> = BTreeSet::new();
    let add = |granted: &mut BTreeSet<String>, scope: &str| {
        granted.extend(scope.split(' ').map(str::to_owned));
    };
    run.world.tokens.iter().for_each(|token| add(&mut granted, &token.scope));
    for (_, answer, _) in run.exchanges().filter(|(ask, ..)| run.world.route(ask) == Route::Token) {
        add(&mut granted, answer.value()["scope"].as_str().unwrap_or_default());
    }
    let mut any = false;
    for moment in run.moments().filter(|moment| moment.redeems().is_some()) {
        any = true;
        let asked = moment.ask.param("scope").unwrap_or_default();
        let beyond: Vec<&str> =
            asked.split(' ').filter(|word| !word.is_empty() && !granted.contains(*word)).collect();
        ensure(beyond.is_empty(), "scopes of the grant, or none", || {
            format!("a refresh with the scope {}", beyond.join(" "))
        })?;
    }
    if any { Ok(()) } else { Err(run.never("a refresh")) }
}

fn refreshes_once(run: &Run) -> Outcome {
    run.reached(TOGETHER)?;
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for token in run.moments().filter_map(|moment| moment.redeems()) {
        *sent.entry(token).or_default() += 1;
    }
    let total: usize = sent.values().sum();
    if total == 0 {
        return Err(run.never("a refresh"));
    }
    ensure(total == 1, "one refresh", || {
        let most = sent.values().max().copied().unwrap_or_default();
        format!("{total} refreshes, {most} of them with the same token")
    })
}

fn all_are_done(run: &Run) -> Outcome {
    run.reached(TOGETHER)?;
    wants_refresh(run)?;
    ensure(
        run.is_success() && authorizations(run) == 1,
        "exit code 0, and no authorization request after the first",
        || {
            let exit = run.exit().map(ToString::to_string).unwrap_or_default();
            format!("{exit}, after {} authorization requests", authorizations(run))
        },
    )
}

fn is_replaced_in_time(run: &Run) -> Outcome {
    run.reached(ENDED)?;
    let mut calls = run.moments().filter(|moment| {
        moment.route == Route::Mcp && moment.ask.tool().is_some() && moment.ask.bearer().is_some()
    });
    let (Some(first), Some(second)) = (calls.next(), calls.next()) else {
        return Err(run.never(ENDED));
    };
    ensure(first.ask.bearer() != second.ask.bearer(), "the second call has another token", || {
        let lifetime = run.world.setting.expires_in;
        format!("it has the same one, of which expires_in said {lifetime}")
    })
}
