//! Servers whose behaviour changes from request to request, and what must hold however it does.
//!
//! The scenario is an opponent that moves whenever the client does: one list of moves for the calls,
//! one for the refreshes. When both lists are used up the servers are honest, so a client that does
//! not give up comes to its end.

use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::refused_is_dropped;
use super::{Area, HARDENING};
use crate::check::lookout;
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::{Answer, Body};
use crate::peer::ask::Ask;
use crate::peer::honest::mcp::insufficient;
use crate::peer::log::Ending;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Route, Script, call, list_tools};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const CALLS: usize = 4;
const MOVED: &str = "a call";
const SLOW: &str = "a slow answer";

const SCENARIOS: &[Scenario] = &[Scenario {
    id: "schedule/any",
    title: "From call to call and from refresh to refresh the servers do something else.",
    inputs: || data(schedule()),
    runs: 3,
    script: |case| script(&Schedule::read(case)),
}];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "schedule/ends",
        level: HARDENING,
        clause: lookout("a client comes to its end whatever the servers do"),
        claim: "A client neither crashes nor goes on sending for ever, in whatever order calls and \
                refreshes fail.",
        on: On::Only(&["schedule/any"]),
        judge: Judge::Each(ends),
    },
    ClientCheck {
        id: "schedule/bounded",
        level: HARDENING,
        clause: lookout("a client comes to its end whatever the servers do"),
        claim: "Each failure leads to one more authorization request and to a few more requests \
                for tokens at most.",
        on: On::Only(&["schedule/any"]),
        judge: Judge::Each(is_bounded),
    },
    ClientCheck {
        id: "schedule/refused-token",
        level: HARDENING,
        clause: lookout("a client comes to its end whatever the servers do"),
        claim: "In whatever order calls and refreshes fail, no refresh token is sent again after \
                it was refused.",
        on: On::Only(&["schedule/any"]),
        judge: Judge::Each(void_is_dropped),
    },
    ClientCheck {
        id: "schedule/honest",
        level: HARDENING,
        clause: lookout("a client comes to its end whatever the servers do"),
        claim: "A client that says that it did everything got an answer to every call.",
        on: On::Only(&["schedule/any"]),
        judge: Judge::Each(is_honest),
    },
];

/// What the servers do, request by request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Schedule {
    /// Seconds that access tokens are said to live.
    lifetime: u64,
    calls: Vec<AtCall>,
    refreshes: Vec<AtRefresh>,
}

/// What happens at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AtCall {
    Fine,
    /// The access tokens have ended.
    Ended,
    /// All tokens have.
    Revoked,
    /// The scope is said to be too little.
    TooLittle,
    Busy,
    Broken,
    Slow,
}

/// What happens at one refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AtRefresh {
    Fine,
    Busy,
    Broken,
    Slow,
    /// The refresh token has ended.
    Refused,
}

impl Schedule {
    fn read(case: &Value) -> Self {
        serde_json::from_value(case.clone()).unwrap_or_default()
    }

    /// How many moves are not what an honest server does.
    fn failures(&self) -> usize {
        let calls = self.calls.iter().filter(|one| !matches!(one, AtCall::Fine | AtCall::Slow));
        let refreshes =
            self.refreshes.iter().filter(|one| !matches!(one, AtRefresh::Fine | AtRefresh::Slow));
        calls.count() + refreshes.count()
    }
}

fn schedule() -> impl Strategy<Value = Schedule> {
    use {AtCall as C, AtRefresh as R};
    // A list shrinks from its first: what is simplest comes first.
    let call = prop::sample::select(vec![
        C::Fine,
        C::Ended,
        C::Slow,
        C::Revoked,
        C::TooLittle,
        C::Ended,
        C::Broken,
        C::Busy,
    ]);
    let refresh = prop::sample::select(vec![R::Fine, R::Slow, R::Busy, R::Broken, R::Refused]);
    let lifetime = prop::sample::select(vec![600_u64, 2, 1, 0]);
    (lifetime, prop::collection::vec(call, 1..=8), prop::collection::vec(refresh, 0..=4))
        .prop_map(|(lifetime, calls, refreshes)| Schedule { lifetime, calls, refreshes })
}

fn script(schedule: &Schedule) -> Script {
    let mut steps = vec![list_tools()];
    steps.resize(CALLS + 1, call(READ_TOOL));
    let mut calls = schedule.calls.clone().into_iter();
    let mut refreshes = schedule.refreshes.clone().into_iter();
    let lifetime = schedule.lifetime;
    Script::honest()
        .set(|setting| setting.expires_in = lifetime)
        .task(steps)
        .instead(move |ask, world| match world.route(ask) {
            Route::Mcp if ask.tool().is_some() && ask.bearer().is_some() => {
                world.mark(MOVED);
                at_call(calls.next()?, world)
            }
            Route::Token if ask.param("grant_type")? == "refresh_token" => {
                at_refresh(refreshes.next()?, ask, world)
            }
            _ => None,
        })
        .on(Route::Mcp, slow_down())
        .on(Route::Token, slow_down())
}

/// Holds the answer to the request that was marked as slow.
fn slow_down() -> impl FnMut(&Ask, &mut World, &mut Answer) + Send + 'static {
    |_, world, answer| {
        if world.marks.remove(SLOW).is_some() {
            *answer = answer.clone().held("never", 1, Duration::from_millis(400));
        }
    }
}

fn at_call(what: AtCall, world: &mut World) -> Option<Answer> {
    match what {
        AtCall::Fine => None,
        AtCall::Ended => {
            world.expire_access();
            None
        }
        AtCall::Revoked => {
            world.end(|_| true);
            None
        }
        AtCall::TooLittle => Some(insufficient(world, "mcp:read mcp:write")),
        AtCall::Busy => Some(busy()),
        AtCall::Broken => Some(broken()),
        AtCall::Slow => {
            world.mark(SLOW);
            None
        }
    }
}

fn at_refresh(what: AtRefresh, ask: &Ask, world: &mut World) -> Option<Answer> {
    match what {
        AtRefresh::Fine => None,
        AtRefresh::Slow => {
            world.mark(SLOW);
            None
        }
        AtRefresh::Busy => Some(busy()),
        AtRefresh::Broken => Some(broken()),
        AtRefresh::Refused => {
            let token = ask.param("refresh_token");
            world.end(|known| Some(&known.value) == token.as_ref());
            None
        }
    }
}

fn busy() -> Answer {
    Answer::text(503, "text/plain", "come back later").with("retry-after", "1")
}

fn broken() -> Answer {
    Answer { body: Body::Broken(vec![(Duration::ZERO, b"{".to_vec())]), ..Answer::status(200) }
        .with("content-type", "application/json")
}

fn ends(run: &Run) -> Outcome {
    run.reached(MOVED)?;
    let Some(exit) = run.exit() else { return Err(run.never("an end")) };
    let last = run.moments().last().map_or(Duration::ZERO, |moment| moment.at);
    let end = run.log.last().map_or(Duration::ZERO, |happened| happened.at);
    let is_busy = end.saturating_sub(last) < Duration::from_secs(2);
    match exit.how {
        Ending::Itself => Ok(()),
        Ending::Timeout if !is_busy => {
            Err(not_tested("the client was waiting when it was stopped"))
        }
        Ending::Quiet | Ending::Killed => {
            Err(not_tested("the client was waiting when it was stopped"))
        }
        Ending::Timeout | Ending::Signal(_) => {
            ensure(false, "it ends by itself", || exit.to_string())
        }
    }
}

fn is_bounded(run: &Run) -> Outcome {
    run.reached(MOVED)?;
    let failures = Schedule::read(&run.case).failures();
    let flows = run.to(Route::Authorize).count();
    ensure(
        flows <= 2 + failures,
        format!("at most {} authorization requests", 2 + failures),
        || format!("{flows} for {failures} failures"),
    )?;
    let requests = run.to(Route::Mcp).count();
    let most = 2 * CALLS + 4 * failures + 8;
    ensure(requests <= most, format!("at most {most} MCP requests"), || {
        format!("{requests} for {failures} failures")
    })?;
    // Tokens that live for no time at all may be replaced before every request.
    let refreshes = run.moments().filter(|moment| moment.redeems().is_some()).count();
    let most = requests + 4 * failures;
    ensure(refreshes <= most, format!("at most {most} refreshes"), || {
        format!("{refreshes} for {requests} MCP requests and {failures} failures")
    })
}

fn void_is_dropped(run: &Run) -> Outcome {
    run.reached(MOVED)?;
    let refused = refused_is_dropped(run)?;
    if refused { Ok(()) } else { Err(run.never("a refresh that was refused")) }
}

fn is_honest(run: &Run) -> Outcome {
    run.reached(MOVED)?;
    if !run.is_success() {
        return Err(not_tested("the client says that it did not do everything"));
    }
    let done = run.exchanges().filter(|(ask, answer, _)| {
        let is_whole = matches!(answer.body, Body::Whole(_));
        ask.tool().is_some() && answer.status == 200 && is_whole
    });
    let done = done.count();
    ensure(done >= CALLS, format!("{CALLS} calls that were answered"), || format!("{done}"))
}
