//! The listener that waits for the person to come back.

use serde_json::Value;
use url::Url;

use super::opening::is_of_the_web;
use super::response::{callback, found, local_redirect};
use super::{Area, HARDENING, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::Visit;
use crate::peer::ask::Ask;
use crate::peer::browser::outer_address;
use crate::peer::honest;
use crate::peer::log::Visitor;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, same};
use crate::peer::script::{Route, Script};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const PROBED: &str = "the wait for an authorization response";
const PROBED_AFTER: &str = "a tool call after the sign-in";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "listener/strays",
        title: "Before the person comes back, the listener hears of requests that are not the \
                response, though they have its state.",
        inputs: same,
        runs: 1,
        script: |_| strays(),
    },
    Scenario {
        id: "listener/afterwards",
        title: "After the sign-in, somebody visits the redirect URI again with the same response.",
        inputs: same,
        runs: 1,
        script: |_| afterwards(),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "listener/redirect-uri",
        level: MUST,
        clause: mcp("basic/authorization/security-considerations#communication-security"),
        claim: "Every redirect URI is of https, or of this machine.",
        on: On::Every,
        judge: Judge::Each(redirect_is_safe),
    },
    ClientCheck {
        id: "listener/outside",
        level: HARDENING,
        clause: rfc(8252, "8.3"),
        claim: "The listener is not reachable from other machines.",
        on: On::Only(&["listener/strays"]),
        judge: Judge::Each(is_not_outside),
    },
    ClientCheck {
        id: "listener/path",
        level: HARDENING,
        clause: rfc(8252, "7.3"),
        claim: "A request to another path than the redirect URI's is not taken for the response.",
        on: On::Only(&["listener/strays"]),
        judge: Judge::Each(|run| ignores(run, "path")),
    },
    ClientCheck {
        id: "listener/host",
        level: HARDENING,
        clause: rfc(8252, "8.3"),
        claim: "A request with the Host of somebody else is not taken for the response.",
        on: On::Only(&["listener/strays"]),
        judge: Judge::Each(|run| ignores(run, "host")),
    },
    ClientCheck {
        id: "listener/method",
        level: HARDENING,
        clause: rfc(6749, "4.1.2"),
        claim: "A POST to the redirect URI is not taken for the response.",
        on: On::Only(&["listener/strays"]),
        judge: Judge::Each(|run| ignores(run, "method")),
    },
    ClientCheck {
        id: "listener/closes",
        level: HARDENING,
        clause: rfc(8252, "8.3"),
        claim: "The listener closes once the response has come.",
        on: On::Only(&["listener/afterwards"]),
        judge: Judge::Each(is_closed),
    },
    ClientCheck {
        id: "listener/replay",
        level: MUST,
        clause: rfc(6749, "4.1.2"),
        claim: "A response that is delivered again is not acted on again.",
        on: On::Only(&["listener/afterwards"]),
        judge: Judge::Each(acts_once),
    },
];

fn strays() -> Script {
    Script::honest().on(Route::Authorize, |ask, world, answer| {
        if world.mark(PROBED) == 1 {
            answer.before = strays_of(ask, world).unwrap_or_default();
        }
    })
}

/// Everything but the response itself, with codes that nobody issued.
fn strays_of(ask: &Ask, world: &mut World) -> Option<Vec<Visit>> {
    let state = ask.param("state").unwrap_or_default();
    let issuer = world.issuer(Role::Authority);
    let random = world.random();
    let with_code = |kind: &str| {
        let code = format!("stray-{kind}-{random}");
        callback(ask, &[("code", &code), ("state", &state), ("iss", &issuer)])
    };
    let mut all = Vec::new();
    let mut outside = callback(ask, &[])?;
    if let Some(address) = outer_address()
        && outside.set_ip_host(address).is_ok()
    {
        outside.set_path("/");
        outside.set_query(Some("outside"));
        all.push(Visit::get(outside));
    }
    let mut path = with_code("path")?;
    path.set_path(&format!("{}/elsewhere", path.path().trim_end_matches('/')));
    all.push(Visit::get(path));
    let mut host = Visit::get(with_code("host")?);
    host.headers.push(("host", "sign-in.invalid".to_owned()));
    all.push(host);
    let mut method = Visit::get(with_code("method")?);
    method.method = "POST";
    all.push(method);
    Some(all)
}

fn afterwards() -> Script {
    let mut response = None;
    Script::honest().instead(move |ask, world| match world.route(ask) {
        Route::Authorize => {
            let answer = honest::answer(ask, world);
            response = answer.header("location").map(str::to_owned);
            Some(answer)
        }
        Route::Mcp if ask.tool().is_some() && ask.bearer().is_some() => {
            let mut answer = honest::answer(ask, world);
            if let Some(url) = response.take() {
                world.mark(PROBED_AFTER);
                answer.before.push(Visit::get(url));
            }
            Some(answer)
        }
        _ => None,
    })
}

fn redirect_is_safe(run: &Run) -> Outcome {
    let registered = run.to(Route::Register).flat_map(|ask| match &ask.json()["redirect_uris"] {
        Value::Array(uris) => uris.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    });
    let used = run.to(Route::Authorize).filter_map(|ask| ask.param("redirect_uri"));
    let mut any = false;
    for uri in registered.chain(used) {
        any = true;
        let is_safe = Url::parse(&uri).is_ok_and(|url| is_of_the_web(&url));
        ensure(is_safe, "https, or http at a loopback address", || uri.clone())?;
    }
    if any { Ok(()) } else { Err(run.never("naming a redirect URI")) }
}

fn is_not_outside(run: &Run) -> Outcome {
    run.reached(PROBED)?;
    local_redirect(run)?;
    let mut visits = run.visits(Visitor::Attacker);
    let Some((visit, got)) = visits.find(|(visit, _)| visit.url.ends_with("?outside")) else {
        return Err(not_tested("this machine has no address but loopback"));
    };
    ensure(got.is_err(), "nothing answers at another address than loopback", || {
        format!("it answers at {}", visit.url)
    })
}

fn ignores(run: &Run, kind: &str) -> Outcome {
    run.reached(PROBED)?;
    local_redirect(run)?;
    let word = format!("stray-{kind}-");
    let mut codes = run.to(Route::Token).filter_map(|ask| ask.param("code"));
    let is_taken = codes.any(|code| code.starts_with(&word));
    ensure(!is_taken, "only the response itself is taken", || {
        format!("the code of a request with another {kind} went to the token endpoint")
    })?;
    // Not even an answer: earlier strays have ended the wait, or it never listened.
    if found(run, &word).is_some() {
        Ok(())
    } else {
        Err(not_tested("the listener did not answer"))
    }
}

fn is_closed(run: &Run) -> Outcome {
    run.reached(PROBED_AFTER)?;
    local_redirect(run)?;
    let got = run.visits(Visitor::Attacker).next().map(|(_, got)| got);
    ensure(got.is_none_or(Result::is_err), "nothing listens at the redirect URI any more", || {
        format!(
            "it answers with status {:?}",
            got.and_then(|got| got.as_ref().ok()).map(|page| page.status)
        )
    })
}

fn acts_once(run: &Run) -> Outcome {
    run.reached(PROBED_AFTER)?;
    local_redirect(run)?;
    let sent = run.to(Route::Token).filter(|ask| ask.param("code").is_some()).count();
    ensure(sent == 1, "the code goes to the token endpoint once", || {
        format!("{sent} requests with a code")
    })
}
