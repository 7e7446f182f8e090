//! The ordinary flow, and what holds in it whatever the servers do.

use std::collections::BTreeSet;

use super::{Area, MUST, SHOULD};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ProbeError, Violation, ensure};
use crate::peer::ask::Ask;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, same};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const SCENARIOS: &[Scenario] = &[Scenario {
    id: "flow/plain",
    title: "The servers do everything right.",
    inputs: same,
    // Chance is judged over several flows.
    runs: 3,
    script: |_| Script::honest(),
}];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "flow/completes",
        level: MUST,
        clause: mcp("basic/authorization"),
        claim: "A client gets a token from servers that do everything right, and does with it what \
                it was asked to do.",
        on: On::Only(&["flow/plain"]),
        judge: Judge::Each(completes),
    },
    ClientCheck {
        id: "proof-key/s256",
        level: MUST,
        clause: mcp("basic/authorization/security-considerations#authorization-code-protection"),
        claim: "Every authorization request has a code challenge of method S256.",
        on: On::Every,
        judge: Judge::Each(has_s256),
    },
    ClientCheck {
        id: "proof-key/verifier",
        level: MUST,
        clause: rfc(7636, "4.1"),
        claim: "Every code verifier is 43 to 128 characters of the unreserved set.",
        on: On::Every,
        judge: Judge::Each(verifier_is_well_formed),
    },
    ClientCheck {
        id: "proof-key/fresh",
        level: MUST,
        clause: rfc(7636, "7.1"),
        claim: "No two authorization requests share a code challenge.",
        on: On::Every,
        judge: Judge::Together(challenges_differ),
    },
    ClientCheck {
        id: "state/fresh",
        level: SHOULD,
        clause: mcp("basic/authorization/security-considerations#open-redirection"),
        claim: "Every authorization request has a state, and no two share it.",
        on: On::Every,
        judge: Judge::Together(states_differ),
    },
];

fn completes(run: &Run) -> Outcome {
    if run.asks().next().is_none() {
        let exit = run.exit().map(ToString::to_string).unwrap_or_default();
        let written = String::from_utf8_lossy(&run.written()).trim().to_owned();
        let observed = format!("it sent nothing; {exit}; it wrote: {written:?}");
        return Err(ProbeError::step("start the client", observed).into());
    }
    ensure(run.is_success(), "every step is done and the exit code is 0", || {
        let exit = run.exit().map(ToString::to_string).unwrap_or_default();
        let last = run.asks().last().map_or("nothing".to_owned(), |ask| ask.line());
        format!("{exit}; its last request was {last}")
    })
}

fn has_s256(run: &Run) -> Outcome {
    let mut any = false;
    for ask in run.to(Route::Authorize) {
        any = true;
        let method = ask.param("code_challenge_method");
        let challenge = ask.param("code_challenge").unwrap_or_default();
        ensure(
            method.as_deref() == Some("S256") && challenge.len() == 43,
            "code_challenge_method=S256 and a challenge of 43 characters",
            || format!("method {method:?}, a challenge of {} characters", challenge.len()),
        )?;
    }
    if any { Ok(()) } else { Err(run.never("an authorization request")) }
}

fn verifier_is_well_formed(run: &Run) -> Outcome {
    let mut any = false;
    let codes = run.to(Route::Token).filter(|ask| ask.param("code").is_some());
    for ask in codes {
        any = true;
        let verifier = ask.param("code_verifier").unwrap_or_default();
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        ensure(
            (43..=128).contains(&verifier.len()) && verifier.chars().all(is_legal),
            "a verifier of 43 to 128 unreserved characters",
            || format!("a verifier of {} characters", verifier.len()),
        )?;
    }
    if any { Ok(()) } else { Err(run.never("redeeming a code")) }
}

fn challenges_differ(runs: &[&Run]) -> Outcome {
    differ(runs, "code_challenge")
}

fn states_differ(runs: &[&Run]) -> Outcome {
    differ(runs, "state")
}

/// No two authorization requests have the same value of a parameter, and every one has some.
fn differ(runs: &[&Run], name: &str) -> Outcome {
    let mut seen = BTreeSet::new();
    let mut flows = 0;
    for run in runs {
        let mut asked: Vec<&Ask> = Vec::new();
        for ask in run.to(Route::Authorize) {
            // A server may send the browser on to another with the very same request.
            let is_passed_on =
                asked.iter().any(|before| before.query == ask.query && before.role != ask.role);
            asked.push(ask);
            if is_passed_on {
                continue;
            }
            flows += 1;
            let value = ask.param(name).unwrap_or_default();
            let observed = if value.is_empty() {
                format!("a request without {name}")
            } else if seen.insert(value) {
                continue;
            } else {
                format!("the same {name} in two of {flows} authorization requests")
            };
            return Err(Violation::new(format!("a new {name} each time"), observed).into());
        }
    }
    match (flows, runs.first()) {
        (2.., _) => Ok(()),
        (_, Some(run)) => Err(run.never("a second authorization request")),
        (_, None) => Ok(()),
    }
}
