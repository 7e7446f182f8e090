//! Redirects that would take secrets along, and secrets that stay behind in outputs and files.

use proptest::prelude::*;
use serde_json::Value;

use super::leak_address::carries;
use super::response_text::contains;
use super::{Area, HARDENING, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::honest::mcp::challenge;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const THEFT: &str = "basic/authorization/security-considerations#token-theft";

const SENT_AWAY: &str = "a redirect to a strange host";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "leak/endpoint",
        title: "The MCP endpoint redirects a call, with its access token, to a strange host.",
        inputs: || data(kept_or_not()),
        runs: 1,
        script: endpoint_redirects,
    },
    Scenario {
        id: "leak/exchange",
        title: "The token endpoint redirects the exchange of a code to a strange host.",
        inputs: || data(kept_or_not()),
        runs: 1,
        script: |case| token_redirects(case, "code"),
    },
    Scenario {
        id: "leak/refresh",
        title: "The token endpoint redirects a refresh to a strange host.",
        inputs: || data(kept_or_not()),
        runs: 1,
        script: |case| token_redirects(case, "refresh_token"),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "leak/endpoint",
        level: MUST,
        clause: rfc(6750, "5.3"),
        claim: "A redirect of the MCP endpoint takes no access token to another host.",
        on: On::Only(&["leak/endpoint"]),
        judge: Judge::Each(stranger_learns_nothing),
    },
    ClientCheck {
        id: "leak/exchange",
        level: HARDENING,
        clause: rfc(9700, "4.12"),
        claim: "A redirect of the token endpoint takes no code, verifier or client secret to \
                another host.",
        on: On::Only(&["leak/exchange"]),
        judge: Judge::Each(stranger_learns_nothing),
    },
    ClientCheck {
        id: "leak/refresh",
        level: MUST,
        clause: rfc(6749, "10.4"),
        claim: "A redirect of the token endpoint takes no refresh token to another host.",
        on: On::Only(&["leak/refresh"]),
        judge: Judge::Each(stranger_learns_nothing),
    },
    ClientCheck {
        id: "leak/output",
        level: HARDENING,
        clause: mcp(THEFT),
        claim: "No token, code, verifier or client secret is in what the client writes out.",
        on: On::Every,
        judge: Judge::Each(output_is_clean),
    },
    ClientCheck {
        id: "leak/files",
        level: MUST,
        clause: mcp(THEFT),
        claim: "Files with tokens or client secrets can be read by their owner only.",
        on: On::Every,
        judge: Judge::Each(files_are_closed),
    },
];

/// Redirects that keep method and body, and some that do not.
fn kept_or_not() -> impl Strategy<Value = u16> {
    prop_oneof![3 => prop::sample::select(vec![307_u16, 308]), 1 => prop::sample::select(vec![301_u16, 302, 303])]
}

fn status(case: &Value) -> u16 {
    case.as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(307)
}

fn endpoint_redirects(case: &Value) -> Script {
    let status = status(case);
    Script::honest().on(Route::Mcp, move |ask, world, answer| {
        if ask.tool().is_some() && answer.status == 200 {
            world.mark(SENT_AWAY);
            let to = format!("{}/mcp", world.places.base(Role::Stranger));
            *answer = Answer::redirect(status, to);
        }
    })
}

fn token_redirects(case: &Value, parameter: &'static str) -> Script {
    let status = status(case);
    let is_refresh = parameter == "refresh_token";
    let mut is_ended = false;
    Script::honest()
        .set(|setting| setting.client_authentication = "client_secret_post")
        .on(Route::Mcp, move |ask, world, answer| {
            if is_refresh && ask.tool().is_some() && !std::mem::replace(&mut is_ended, true) {
                world.expire_access();
                *answer = challenge(ask, world);
            }
        })
        .on(Route::Token, move |ask, world, answer| {
            if ask.param(parameter).is_some() {
                world.mark(SENT_AWAY);
                let to = format!("{}/collect", world.places.base(Role::Stranger));
                *answer = Answer::redirect(status, to);
            }
        })
}

fn stranger_learns_nothing(run: &Run) -> Outcome {
    run.reached(SENT_AWAY)?;
    for ask in run.at(Role::Stranger) {
        let carried = run.world.secrets.iter().find(|(_, secret)| carries(ask, secret));
        ensure(carried.is_none(), "no secret goes to the strange host", || {
            let kind = carried.map(|(kind, _)| *kind).unwrap_or_default();
            format!("a {kind} went there: {}", ask.line())
        })?;
    }
    Ok(())
}

fn output_is_clean(run: &Run) -> Outcome {
    let mut known = run.world.secrets.iter().filter(|(_, secret)| secret.len() >= 16).peekable();
    if known.peek().is_none() {
        return Err(run.never("being given a secret"));
    }
    let written = run.written();
    let shown = known.find(|(_, secret)| contains(&written, secret.as_bytes()));
    ensure(shown.is_none(), "an output without secrets", || {
        format!("a {} is in the output", shown.map(|(kind, _)| *kind).unwrap_or_default())
    })
}

fn files_are_closed(run: &Run) -> Outcome {
    let mut any = false;
    for file in &run.files {
        let Some(mode) = file.mode else { continue };
        let kept = run.world.secrets.iter().find(|(kind, secret)| {
            matches!(*kind, "access token" | "refresh token" | "client secret")
                && contains(&file.bytes, secret.as_bytes())
        });
        let Some((kind, _)) = kept else { continue };
        any = true;
        ensure(mode & 0o077 == 0, "permissions for the owner alone, as 0600", || {
            format!("{} has a {kind} in it, and mode {mode:04o}", file.name)
        })?;
    }
    if any { Ok(()) } else { Err(not_tested("it leaves no secret in the store")) }
}
