//! Token endpoints that cannot be had for a while: the grant lives on, and the server is left alone
//! as long as it asks.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::renewal::{ending, is_access};
use super::{Area, HARDENING};
use crate::check::rfc;
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::{Answer, Body};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const AWAY: &str = "a refresh while the token endpoint was away";

/// A refresh is tried no more often than this by one start of a client.
const MOST_TRIES: usize = 10;

/// A clock may be that much too fast.
const SLACK: Duration = Duration::from_millis(20);

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "outage/busy",
        title: "The token endpoint is busy at the first refresh, and says when to come back.",
        inputs: || {
            let status = prop::sample::select(vec![503_u64, 429]);
            data((status, 1_u64..=2).prop_map(|(status, wait)| json!([status, wait])))
        },
        runs: 2,
        script: |case| {
            let status = if case[0] == 429 { 429 } else { 503 };
            let wait = case[1].as_u64().unwrap_or(1).to_string();
            away(1, move || {
                Answer::text(status, "text/plain", "come back later").with("retry-after", &wait)
            })
        },
    },
    Scenario {
        id: "outage/lasting",
        title: "The token endpoint fails at every refresh for a long while, and the client is \
                started a second time.",
        inputs: || data(prop::sample::select(vec!["500", "502", "503", "broken"])),
        runs: 1,
        script: |case| {
            let case = case.clone();
            away(12, move || failure(&case)).started(2)
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "outage/kept",
        level: HARDENING,
        clause: rfc(6749, "5.2"),
        claim: "A client keeps its refresh token when the token endpoint is busy or broken, and \
                does not ask the person instead.",
        on: On::Only(&["outage/busy", "outage/lasting"]),
        judge: Judge::Each(is_kept),
    },
    ClientCheck {
        id: "outage/retry-after",
        level: HARDENING,
        clause: rfc(9110, "10.2.3"),
        claim: "A client does not try a refresh again before the time that Retry-After names.",
        on: On::Only(&["outage/busy"]),
        judge: Judge::Each(comes_back_later),
    },
    ClientCheck {
        id: "outage/few-tries",
        level: HARDENING,
        clause: rfc(9110, "9.2.2"),
        claim: "A client tries a refresh that fails ten times at most, and then says that it \
                failed.",
        on: On::Only(&["outage/lasting"]),
        judge: Judge::Each(tries_a_few_times),
    },
];

fn failure(kind: &Value) -> Answer {
    match kind.as_str() {
        Some("broken") => {
            let piece = (Duration::ZERO, b"{\"access_token\":".to_vec());
            Answer { body: Body::Broken(vec![piece]), ..Answer::status(200) }
                .with("content-type", "application/json")
        }
        kind => {
            let status = kind.and_then(|kind| kind.parse().ok()).unwrap_or(500);
            Answer::text(status, "text/html", "<h1>Something went wrong</h1>")
        }
    }
}

/// Access tokens end after the first call, and so many refreshes fail.
fn away(refreshes: usize, answer: impl Fn() -> Answer + Send + 'static) -> Script {
    ending([1], Some(1), is_access).instead(move |ask, world| {
        let is_refresh = ask.param("grant_type").is_some_and(|kind| kind == "refresh_token");
        if world.route(ask) != Route::Token || !is_refresh || world.mark(AWAY) > refreshes {
            return None;
        }
        Some(answer())
    })
}

fn is_kept(run: &Run) -> Outcome {
    run.reached(AWAY)?;
    let mut tried: Option<(usize, String)> = None;
    for moment in run.moments() {
        if let Some(token) = moment.redeems() {
            if tried.as_ref().is_some_and(|(_, first)| *first == token) {
                return Ok(());
            }
            tried.get_or_insert((moment.start, token));
        }
        let is_same_start = tried.as_ref().is_some_and(|(start, _)| *start == moment.start);
        let is_flow = moment.route == Route::Authorize;
        ensure(!(is_flow && is_same_start), "another try with the same refresh token", || {
            "an authorization request, though the grant was still good".to_owned()
        })?;
    }
    let Some((first, _)) = tried else { return Err(run.never(AWAY)) };
    let later = || run.moments().filter(|moment| moment.start > first);
    let has_token = later().any(|moment| {
        let token = moment.ask.bearer().and_then(|bearer| run.world.token(bearer));
        token.is_some_and(|token| !token.is_live)
    });
    let flows = later().filter(|moment| moment.route == Route::Authorize).count();
    ensure(!has_token || flows == 0, "the next start tries the same refresh token", || {
        "it has the old access token, and asks the person instead".to_owned()
    })?;
    Err(not_tested("the client did not try again, and keeps no tokens from start to start"))
}

fn comes_back_later(run: &Run) -> Outcome {
    run.reached(AWAY)?;
    let mut named: Option<(Duration, Duration)> = None;
    for moment in run.moments().filter(|moment| moment.redeems().is_some()) {
        if let Some((at, wait)) = named {
            let came = moment.at.saturating_sub(at);
            return ensure(
                came + SLACK >= wait,
                format!("nothing before {} ms", wait.as_millis()),
                || format!("the next refresh after {} ms", came.as_millis()),
            );
        }
        let wait = moment.answer.header("retry-after").and_then(|wait| wait.parse().ok());
        named = wait.map(|wait| (moment.at, Duration::from_secs(wait)));
    }
    Err(run.never("a second refresh"))
}

fn tries_a_few_times(run: &Run) -> Outcome {
    run.reached(AWAY)?;
    for start in 1..=run.exits.len() {
        let mine = run.moments().filter(|moment| moment.start == start);
        let tries = mine.filter(|moment| moment.redeems().is_some()).count();
        ensure(tries <= MOST_TRIES, format!("at most {MOST_TRIES} tries"), || {
            format!("{tries} refreshes by one start of the client")
        })?;
    }
    Ok(())
}
