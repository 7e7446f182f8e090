//! Access tokens that end in the middle of the work, and how they are replaced.
//!
//! [`ending`] ends the tokens at chosen calls, and [`is_good_call`] is how it counts them. The areas
//! of refusals, outages and schedules build on both.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Area, HARDENING, MUST};
use crate::check::rfc;
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Route, Script, call, list_tools};
use crate::peer::world::{TokenKind, World};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const ENDED: &str = "a call after its token had ended";
const ENDED_AGAIN: &str = "a call after its second token had ended";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "renewal/rotated",
        title: "Access tokens end twice during the work, every refresh token is replaced when it is \
                used, and the servers' clock is slow.",
        inputs: || data(endings(-660..=-600)),
        runs: 1,
        script: |case| {
            let case = Endings::read(case);
            skewed(ending(&case), case.skew)
        },
    },
    Scenario {
        id: "renewal/kept",
        title: "Access tokens of a confidential client end twice during the work, refresh tokens \
                are never replaced, and the servers' clock is fast.",
        inputs: || data(endings(600..=660)),
        runs: 2,
        script: |case| {
            let case = Endings::read(case);
            let method =
                if case.posts_secret { "client_secret_post" } else { "client_secret_basic" };
            skewed(ending(&case), case.skew)
                .set(|setting| setting.client_authentication = method)
                .on(Route::Token, keep_refresh_token)
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "renewal/without-browser",
        level: HARDENING,
        clause: rfc(6749, "1.5"),
        claim: "A client that has a refresh token gets its next access token with it, and not \
                from the person.",
        on: On::Only(&["renewal/rotated", "renewal/kept"]),
        judge: Judge::Each(refreshes),
    },
    ClientCheck {
        id: "renewal/same-call",
        level: HARDENING,
        clause: rfc(6749, "1.5"),
        claim: "A call whose token had ended is sent again with the next one, and done.",
        on: On::Only(&["renewal/rotated", "renewal/kept"]),
        judge: Judge::Each(calls_are_done),
    },
    ClientCheck {
        id: "renewal/kept-token",
        level: HARDENING,
        clause: rfc(6749, "6"),
        claim: "A refresh token that was not replaced is used for the next refresh too.",
        on: On::Only(&["renewal/kept"]),
        judge: Judge::Each(kept_is_used_again),
    },
    ClientCheck {
        id: "renewal/client-authentication",
        level: MUST,
        clause: rfc(6749, "6"),
        claim: "A confidential client authenticates at every refresh, in the one way it is \
                registered for.",
        on: On::Only(&["renewal/kept"]),
        judge: Judge::Each(authenticates),
    },
    ClientCheck {
        id: "renewal/clock",
        level: HARDENING,
        clause: rfc(6749, "5.1"),
        claim: "A clock of the servers that is ten minutes off causes no more refreshes than \
                tokens that ended.",
        on: On::Only(&["renewal/rotated", "renewal/kept"]),
        judge: Judge::Each(clock_is_left_alone),
    },
];

/// When access tokens end, and what the servers' clock says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Endings {
    /// The call, counted from one, before which they end.
    pub(super) first: usize,
    /// How many calls later they end again.
    pub(super) gap: usize,
    /// Seconds that the servers' clock is fast.
    pub(super) skew: i64,
    pub(super) posts_secret: bool,
}

impl Endings {
    pub(super) fn read(case: &Value) -> Self {
        let usual = Self { first: 1, gap: 2, skew: 0, posts_secret: false };
        serde_json::from_value(case.clone()).unwrap_or(usual)
    }
}

/// The call that meets an end is counted again when it is repeated, and that one is not refused.
fn endings(skew: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = Endings> {
    (1_usize..=2, 2_usize..=3, skew, any::<bool>())
        .prop_map(|(first, gap, skew, posts_secret)| Endings { first, gap, skew, posts_secret })
}

/// Whether `ask` calls a tool with a token that would do.
pub(super) fn is_good_call(ask: &Ask, world: &World) -> bool {
    let token = ask.bearer().and_then(|bearer| world.token(bearer));
    world.route(ask) == Route::Mcp
        && ask.tool().is_some()
        && token.is_some_and(|token| token.is_live && token.kind == TokenKind::Access)
}

/// How many calls with a good token there have been, if `ask` is one.
pub(super) fn good_call(ask: &Ask, world: &mut World) -> Option<usize> {
    is_good_call(ask, world).then(|| world.mark("a call with a token"))
}

/// The client calls a tool four times, and the access tokens end twice.
pub(super) fn ending(case: &Endings) -> Script {
    let (first, second) = (case.first, case.first + case.gap);
    let mut steps = vec![list_tools()];
    steps.resize(5, call(READ_TOOL));
    Script::honest().set(|setting| setting.expires_in = 590).task(steps).instead(
        move |ask, world| {
            let number = good_call(ask, world)?;
            if number == first || number == second {
                world.expire_access();
                world.mark(if number == first { ENDED } else { ENDED_AGAIN });
            }
            None
        },
    )
}

/// The `Date` of what the servers answer is off by so many seconds.
fn skewed(mut script: Script, seconds: i64) -> Script {
    let routes =
        [Route::ResourceMetadata, Route::ServerMetadata, Route::Register, Route::Token, Route::Mcp];
    for route in routes {
        script = script.on(route, move |_, _, answer| {
            let now = Timestamp::now() + SignedDuration::from_secs(seconds);
            let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
            if let Ok(date) = printer.timestamp_to_rfc9110_string(&now) {
                answer.set("date", date);
            }
        });
    }
    script
}

/// Takes the new refresh token back: the old one goes on.
fn keep_refresh_token(ask: &Ask, world: &mut World, answer: &mut Answer) {
    let Some(old) = ask.param("refresh_token").filter(|_| answer.status == 200) else { return };
    let new = answer.value()["refresh_token"].as_str().map(str::to_owned);
    answer.change(|body| {
        body.as_object_mut().map(|body| body.remove("refresh_token"));
    });
    for token in &mut world.tokens {
        token.is_live |= token.value == old;
        token.is_live &= Some(&token.value) != new.as_ref();
    }
}

/// How many authorization requests there were.
pub(super) fn authorizations(run: &Run) -> usize {
    run.to(Route::Authorize).count()
}

/// Stops where the client said that it does not want refresh tokens.
pub(super) fn wants_refresh(run: &Run) -> Outcome {
    let is_unwanted = |asked: &Value| {
        let kinds = asked["grant_types"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().all(|kind| kind != "refresh_token"))
    };
    match run.world.clients.iter().any(|client| is_unwanted(&client.asked)) {
        true => Err(not_tested("the client did not register for the grant type refresh_token")),
        false => Ok(()),
    }
}

fn refreshes(run: &Run) -> Outcome {
    run.reached(ENDED)?;
    wants_refresh(run)?;
    let refreshes = run.moments().filter(|moment| moment.redeems().is_some()).count();
    ensure(
        refreshes > 0 && authorizations(run) == 1,
        "a refresh, and no other authorization request than the first",
        || format!("{refreshes} refreshes, {} authorization requests", authorizations(run)),
    )
}

fn calls_are_done(run: &Run) -> Outcome {
    run.reached(ENDED)?;
    let done = run.exchanges().filter(|(ask, answer, _)| {
        ask.tool().is_some() && run.world.route(ask) == Route::Mcp && answer.status == 200
    });
    let done = done.count();
    ensure(done >= 4 && run.is_success(), "all four calls are done, and the exit code is 0", || {
        let exit = run.exit().map(ToString::to_string).unwrap_or_default();
        format!("{done} calls were answered with 200, and {exit}")
    })
}

fn kept_is_used_again(run: &Run) -> Outcome {
    run.reached(ENDED)?;
    let sent: Vec<String> = run.moments().filter_map(|moment| moment.redeems()).collect();
    if sent.is_empty() {
        return Err(run.never("a refresh"));
    }
    run.reached(ENDED_AGAIN)?;
    let distinct = sent.iter().collect::<BTreeSet<_>>().len();
    ensure(
        sent.len() >= 2 && distinct == 1 && authorizations(run) == 1,
        "two refreshes with the same token, and no authorization request after the first",
        || {
            let flows = authorizations(run);
            format!(
                "{} refreshes with {distinct} tokens, {flows} authorization requests",
                sent.len()
            )
        },
    )
}

fn authenticates(run: &Run) -> Outcome {
    let mut any = false;
    for moment in run.moments().filter(|moment| moment.redeems().is_some()) {
        any = true;
        let ask = moment.ask;
        let basic = ask.basic();
        let posted = ask.param("client_secret").map(|secret| {
            let id = ask.param("client_id").unwrap_or_default();
            (id, secret)
        });
        let is_right = |credentials: &Option<(String, String)>| {
            credentials.as_ref().is_some_and(|(id, secret)| {
                let client = run.world.client(ask.role, id);
                client.is_some_and(|client| client.secret.as_ref() == Some(secret))
            })
        };
        let method = run.world.setting.client_authentication;
        let (used, unused) =
            if method == "client_secret_post" { (&posted, &basic) } else { (&basic, &posted) };
        ensure(is_right(used) && unused.is_none(), format!("a refresh with {method}"), || {
            let shown = |has: bool| if has { "with" } else { "without" };
            let (header, body) = (shown(basic.is_some()), shown(posted.is_some()));
            format!("one {header} HTTP Basic and {body} a secret in the body")
        })?;
    }
    if any { Ok(()) } else { Err(run.never("a refresh")) }
}

fn clock_is_left_alone(run: &Run) -> Outcome {
    run.reached(ENDED)?;
    let ended = run.world.marked(ENDED) + run.world.marked(ENDED_AGAIN);
    let refreshes = run.moments().filter(|moment| moment.redeems().is_some()).count();
    if refreshes == 0 {
        return Err(run.never("a refresh"));
    }
    ensure(refreshes <= ended, format!("no more than {ended} refreshes"), || {
        format!("{refreshes} refreshes")
    })
}
