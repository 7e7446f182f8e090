//! How the client's process ends, whatever the servers do.

use super::{Area, HARDENING, scenario};
use crate::check::lookout;
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::log::{Ending, Sent};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On};
use crate::peer::script::Route;

pub(super) const AREA: Area = Area { scenarios: &[], checks: CHECKS };

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "ending/crash",
        level: HARDENING,
        clause: lookout("a client outlives its servers' mistakes"),
        claim: "No answer of a server crashes the client.",
        on: On::Every,
        judge: Judge::Each(ends_orderly),
    },
    ClientCheck {
        id: "ending/time",
        level: HARDENING,
        clause: lookout("a client outlives its servers' mistakes"),
        claim: "No answer of a server keeps the client busy until its time is over.",
        on: On::Every,
        judge: Judge::Each(ends_in_time),
    },
    ClientCheck {
        id: "ending/exit-code",
        level: HARDENING,
        clause: lookout("exit code 0 means that every step was done"),
        claim: "The client ends with 0 only if every tool that it was asked to call has answered.",
        on: On::Every,
        judge: Judge::Together(claims_what_it_did),
    },
];

/// Exit codes with which run-time environments and shells report a panic, an abort or a signal.
const CRASHES: [i32; 9] = [101, 129, 132, 133, 134, 135, 136, 138, 139];

fn ends_orderly(run: &Run) -> Outcome {
    for exit in &run.exits {
        let is_crash = matches!(exit.how, Ending::Signal(_))
            || exit.code.is_some_and(|code| CRASHES.contains(&code) || code < 0);
        ensure(!is_crash, "an ordinary exit code", || exit.to_string())?;
    }
    Ok(())
}

fn ends_in_time(run: &Run) -> Outcome {
    let late = run.exits.iter().find(|exit| exit.how == Ending::Timeout);
    ensure(late.is_none(), "an end by itself", || late.map(ToString::to_string).unwrap_or_default())
}

fn claims_what_it_did(runs: &[&Run]) -> Outcome {
    let is_call = |run: &&&Run| run.to(Route::Mcp).any(|ask| ask.tool().is_some());
    if !runs.iter().any(|run| is_call(&run)) {
        return Err(not_tested("the client never calls a tool"));
    }
    for run in runs.iter().filter(|run| run.is_success() && run.unsupported().is_none()) {
        for tool in asked_for(run) {
            let is_answered = run.exchanges().any(|(ask, answer, sent)| {
                ask.tool().as_ref() == Some(&tool)
                    && (200..300).contains(&answer.status)
                    && sent != Sent::Cut
            });
            if !is_answered {
                let observed = format!("exit code 0, though no call of {tool} was answered");
                let violation = Violation::new("another exit code", observed);
                return Err(violation.on(run.scenario).into());
            }
        }
    }
    Ok(())
}

/// The tools that the scenario asks the client to call.
fn asked_for(run: &Run) -> Vec<String> {
    let Some(scenario) = scenario(run.scenario) else { return Vec::new() };
    let steps = (scenario.script)(&run.case).steps;
    let names = steps.iter().flat_map(|step| match step["do"].as_str() {
        Some("call-tool") => vec![&step["name"]],
        Some("call-tools") => {
            step["calls"].as_array().into_iter().flatten().map(|call| &call["name"]).collect()
        }
        _ => Vec::new(),
    });
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
