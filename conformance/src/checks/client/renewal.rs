//! Access tokens that end in the middle of the work, and how they are replaced.
//!
//! [`ending`] ends tokens after chosen calls. The areas of expiry, refusals and outages build on it.

use std::collections::BTreeSet;
use std::time::Duration;

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
use crate::peer::world::{Token, TokenKind, World};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// Once for each time that tokens ended.
pub(super) const ENDED: &str = "a call after its token had ended";
const ENDED_AGAIN: &str = "a call after its second token had ended";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "renewal/rotated",
        title: "Access tokens end twice before their time, every refresh token is replaced when it \
                is used, and the servers' clock is off.",
        inputs: || data(endings(prop_oneof![-660_i64..=-600, 600_i64..=660])),
        runs: 1,
        script: |case| {
            let case = Endings::read(case);
            skewed(ending(case.ends(), None, is_access), case.skew)
        },
    },
    Scenario {
        id: "renewal/kept",
        title: "Access tokens of a confidential client end twice at their time, and refresh tokens \
                are never replaced.",
        inputs: || data(endings(Just(0))),
        runs: 2,
        script: |case| {
            let case = Endings::read(case);
            let method =
                if case.posts_secret { "client_secret_post" } else { "client_secret_basic" };
            ending(case.ends(), Some(1), is_access)
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
        on: On::Only(&["renewal/rotated"]),
        judge: Judge::Each(clock_is_left_alone),
    },
];

/// When access tokens end, and what the servers' clock says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Endings {
    /// The call, counted from one, after which they end.
    first: usize,
    /// How many calls later they end again.
    gap: usize,
    /// Seconds that the servers' clock is fast.
    skew: i64,
    posts_secret: bool,
}

impl Endings {
    fn read(case: &Value) -> Self {
        let usual = Self { first: 1, gap: 1, skew: 0, posts_secret: false };
        serde_json::from_value(case.clone()).unwrap_or(usual)
    }

    fn ends(&self) -> [usize; 2] {
        [self.first, self.first + self.gap]
    }
}

/// The last of four calls comes after the second end.
fn endings(skew: impl Strategy<Value = i64>) -> impl Strategy<Value = Endings> {
    (1_usize..=2, Just(1_usize), skew, any::<bool>())
        .prop_map(|(first, gap, skew, posts_secret)| Endings { first, gap, skew, posts_secret })
}

/// Whether `ask` calls a tool with a token that would do.
fn is_good_call(ask: &Ask, world: &World) -> bool {
    let token = ask.bearer().and_then(|bearer| world.token(bearer));
    world.route(ask) == Route::Mcp
        && ask.tool().is_some()
        && token.is_some_and(|token| token.is_live && token.kind == TokenKind::Access)
}

/// How many calls with a good token there have been, if `ask` is one.
pub(super) fn good_call(ask: &Ask, world: &mut World) -> Option<usize> {
    is_good_call(ask, world).then(|| world.mark("a call with a token"))
}

/// The client calls a tool four times; after the answers to the calls `numbers` the tokens that
/// `which` picks end. With a `lifetime` these answers take longer than that many seconds, so that
/// clients that look at their clock and clients that wait for the 401 both replace the tokens.
pub(super) fn ending(
    numbers: impl IntoIterator<Item = usize>,
    lifetime: Option<u64>,
    which: fn(&Token) -> bool,
) -> Script {
    const OVER: &str = "tokens that ended";
    let numbers: Vec<usize> = numbers.into_iter().collect();
    let mut steps = vec![list_tools()];
    steps.resize(5, call(READ_TOOL));
    Script::honest()
        .set(|setting| setting.expires_in = lifetime.unwrap_or(590))
        .task(steps)
        .instead(|ask, world| {
            let is_next = ask.tool().is_some() || ask.param("refresh_token").is_some();
            if is_next && world.marked(OVER) > world.marked(ENDED) {
                world.mark(ENDED);
            }
            None
        })
        .on(Route::Mcp, move |ask, world, answer| {
            let is_done = ask.tool().is_some() && answer.status == 200;
            if !is_done || !numbers.contains(&world.mark("a call that is done")) {
                return;
            }
            world.end(which);
            world.mark(OVER);
            if let Some(seconds) = lifetime {
                let time = Duration::from_millis(seconds * 1000 + 600);
                *answer = answer.clone().held("never", 1, time);
            }
        })
}

/// Picks access tokens.
pub(super) fn is_access(token: &Token) -> bool {
    token.kind == TokenKind::Access
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
    if run.world.marked(ENDED) < 2 {
        return Err(run.never(ENDED_AGAIN));
    }
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
    let ended = run.world.marked(ENDED);
    let refreshes = run.moments().filter(|moment| moment.redeems().is_some()).count();
    if refreshes == 0 {
        return Err(run.never("a refresh"));
    }
    ensure(refreshes <= ended, format!("no more than {ended} refreshes"), || {
        format!("{refreshes} refreshes")
    })
}
