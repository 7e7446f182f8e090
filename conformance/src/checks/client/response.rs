//! The authorization response: what a client takes for one, and what it does with it.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use url::Url;

use super::opening::is_local;
use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{mcp, rfc};
use crate::outcome::{Halt, Outcome, ensure, not_tested};
use crate::peer::answer::Visit;
use crate::peer::ask::Ask;
use crate::peer::log::{Ending, Page, Sent, Visitor};
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{READ_TOOL, Route, Script, WRITE_TOOL, call, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const REDIRECTION: &str = "basic/authorization/security-considerations#open-redirection";

/// The person came back with something else than the honest answer.
pub(super) const ANSWERED: &str = "an authorization response";

/// What codes that nobody issued begin with.
const FORGED: &str = "forged-";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "response/forged",
        title: "Somebody else visits the redirect URI with a code and a wrong state, before the \
                person does.",
        inputs: || data(Just(STATES.to_vec()).prop_shuffle()),
        runs: 2,
        script: forged,
    },
    Scenario {
        id: "response/state",
        title: "The person comes back with a state that is not the one of the request.",
        inputs: || data(prop::sample::select(STATES.to_vec())),
        runs: 2,
        script: with_state,
    },
    Scenario {
        id: "response/old-state",
        title: "The second authorization response has the state of the first.",
        inputs: same,
        runs: 1,
        script: |_| with_old_state(),
    },
    Scenario {
        id: "response/doubled",
        title: "A parameter of the authorization response is there twice, with two values.",
        inputs: || data(prop::sample::select(vec!["code", "state", "iss"])),
        runs: 1,
        script: doubled,
    },
    Scenario {
        id: "response/error-and-code",
        title: "The authorization response has an error, and a code as well.",
        inputs: same,
        runs: 1,
        script: |_| error_and_code(),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "response/forged",
        level: SHOULD,
        clause: mcp(REDIRECTION),
        claim: "The code of an authorization response without the right state is not exchanged, \
                whoever delivers it.",
        on: On::Only(&["response/forged"]),
        judge: Judge::Each(drops_forged),
    },
    ClientCheck {
        id: "response/state",
        level: SHOULD,
        clause: mcp(REDIRECTION),
        claim: "An authorization response whose state is missing, or nearly right, is not acted \
                on.",
        on: On::Only(&["response/state"]),
        judge: Judge::Each(drops_answer),
    },
    ClientCheck {
        id: "response/old-state",
        level: SHOULD,
        clause: mcp(REDIRECTION),
        claim: "The state of an earlier authorization request is not taken for the one of the \
                latest.",
        on: On::Only(&["response/old-state"]),
        judge: Judge::Each(drops_answer),
    },
    ClientCheck {
        id: "response/doubled",
        level: HARDENING,
        clause: rfc(6749, "3.1"),
        claim: "An authorization response with a doubled parameter is not acted on.",
        on: On::Only(&["response/doubled"]),
        judge: Judge::Each(drops_answer),
    },
    ClientCheck {
        id: "response/error-and-code",
        level: HARDENING,
        clause: rfc(6749, "4.1.2.1"),
        claim: "The code in an error response is not exchanged.",
        on: On::Only(&["response/error-and-code"]),
        judge: Judge::Each(drops_answer),
    },
    ClientCheck {
        id: "response/code-once",
        level: MUST,
        clause: rfc(6749, "4.1.2"),
        claim: "No authorization code is sent again after the token endpoint has answered it.",
        on: On::Every,
        judge: Judge::Each(sends_codes_once),
    },
    ClientCheck {
        id: "response/patience",
        level: HARDENING,
        clause: rfc(8252, "8.3"),
        claim: "A client gives up waiting for an authorization response after the time it was \
                told to wait.",
        on: On::Only(&["response/state"]),
        judge: Judge::Each(gives_up),
    },
];

/// Ways to be another state than the right one.
const STATES: [&str; 5] = ["missing", "prefix", "case", "other", "longer"];

/// What `how` makes of `state`; none is none at all.
fn spoiled(how: &str, state: &str) -> Option<String> {
    let half = state.chars().take(state.chars().count() / 2 + 4).collect::<String>();
    let swapped = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    let changed = match how {
        "missing" => return None,
        "prefix" => half,
        "case" => state.chars().map(swapped).collect(),
        "longer" => format!("{state}0"),
        _ => "a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3".to_owned(),
    };
    // A state without letters, or a very short one, leaves only another.
    Some(if changed == state { format!("{state}-other") } else { changed })
}

/// The address of the client's redirect URI with these parameters.
pub(super) fn callback(ask: &Ask, parameters: &[(&str, &str)]) -> Option<Url> {
    let mut url = Url::parse(&ask.param("redirect_uri")?).ok()?;
    url.query_pairs_mut().extend_pairs(parameters);
    Some(url)
}

fn forged(case: &Value) -> Script {
    let hows: Vec<String> = serde_json::from_value(case.clone()).unwrap_or_default();
    Script::honest().on(Route::Authorize, move |ask, world, answer| {
        let Some(state) = ask.param("state").filter(|_| world.mark(ANSWERED) == 1) else { return };
        for how in &hows {
            let code = format!("{FORGED}{how}-{}", world.random());
            let issuer = world.issuer(Role::Authority);
            let state = spoiled(how, &state);
            let mut parameters = vec![("code", code.as_str()), ("iss", issuer.as_str())];
            parameters.extend(state.as_deref().map(|state| ("state", state)));
            if let Some(url) = callback(ask, &parameters) {
                answer.before.push(Visit::get(url));
            }
        }
    })
}

fn with_state(case: &Value) -> Script {
    let how = case.as_str().unwrap_or_default().to_owned();
    let script = Script::honest().quiet_for(Duration::from_secs(3));
    script.on(Route::Authorize, move |ask, world, answer| {
        if let Some(state) = ask.param("state") {
            world.mark(ANSWERED);
            answer.redirect_param("state", spoiled(&how, &state).as_deref());
        }
    })
}

fn with_old_state() -> Script {
    let mut first = None;
    let script = Script::honest().quiet_for(Duration::from_secs(3));
    // The second sign-in is for a scope that the first did not ask for.
    script
        .set(|setting| setting.challenge_scope = Some("mcp:read".to_owned()))
        .task([list_tools(), call(READ_TOOL), call(WRITE_TOOL)])
        .on(Route::Authorize, move |ask, world, answer| {
            let Some(state) = ask.param("state") else { return };
            match &first {
                None => first = Some(state),
                Some(first) => {
                    world.mark(ANSWERED);
                    answer.redirect_param("state", Some(first));
                }
            }
        })
}

fn doubled(case: &Value) -> Script {
    let name = case.as_str().unwrap_or_default().to_owned();
    let script = Script::honest().quiet_for(Duration::from_secs(3));
    script.on(Route::Authorize, move |_, world, answer| {
        let Some(mut to) = answer.header("location").and_then(|to| Url::parse(to).ok()) else {
            return;
        };
        world.mark(ANSWERED);
        // The right one comes first, where the careless find it.
        to.query_pairs_mut().append_pair(&name, "another");
        answer.set("location", to);
    })
}

fn error_and_code() -> Script {
    let script = Script::honest().quiet_for(Duration::from_secs(3));
    script.on(Route::Authorize, |_, world, answer| {
        world.mark(ANSWERED);
        answer.redirect_param("error", Some("access_denied"));
    })
}

fn drops_forged(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    let mut any = false;
    for (visit, got) in run.visits(Visitor::Attacker) {
        let Some(how) = STATES.iter().find(|how| visit.url.contains(&format!("{FORGED}{how}")))
        else {
            continue;
        };
        any |= got.is_ok();
        let is_sent = run
            .to(Route::Token)
            .filter_map(|ask| ask.param("code"))
            .any(|code| code.starts_with(&format!("{FORGED}{how}")));
        ensure(!is_sent, "only the response with the right state is acted on", || {
            format!("the code of a response whose state was {how} went to the token endpoint")
        })?;
    }
    if any { Ok(()) } else { Err(unheard(run)) }
}

/// Why nobody but the person could deliver anything.
pub(super) fn unheard(run: &Run) -> Halt {
    match local_redirect(run) {
        Err(halt) => halt,
        Ok(url) => not_tested(format!("nothing answers at the redirect URI {url}")),
    }
}

/// The redirect URI, when it is a listener on this machine.
pub(super) fn local_redirect(run: &Run) -> Result<Url, Halt> {
    let mut asked = run.to(Route::Authorize);
    let Some(ask) = asked.next() else { return Err(run.never("an authorization request")) };
    let url = ask.param("redirect_uri").and_then(|uri| Url::parse(&uri).ok());
    let local = url.filter(|url| url.scheme() == "http" && is_local(url));
    local.ok_or_else(|| not_tested("its redirect URI is no listener on this machine"))
}

/// What the harness found at an address with `word` in it; none when it found nobody there.
pub(super) fn found<'r>(run: &'r Run, word: &str) -> Option<&'r Page> {
    let mut visits = run.visits(Visitor::Attacker);
    visits.find(|(visit, _)| visit.url.contains(word)).and_then(|(_, got)| got.as_ref().ok())
}

/// No code of a response that was tampered with goes to a token endpoint.
fn drops_answer(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    // The codes of earlier, honest responses are exchanged.
    let tampered: Vec<String> = run
        .exchanges()
        .filter(|(ask, ..)| run.world.route(ask) == Route::Authorize)
        .filter(|(ask, answer, _)| !is_honest(ask, answer.header("location").unwrap_or_default()))
        .flat_map(|(_, answer, _)| codes(answer.header("location").unwrap_or_default()))
        .collect();
    let mut sent = run.to(Route::Token).filter_map(|ask| ask.param("code"));
    let is_sent = sent.any(|code| tampered.contains(&code));
    ensure(!is_sent, "the response is dropped, or ends the flow", || {
        "its code went to the token endpoint".to_owned()
    })
}

fn is_honest(ask: &Ask, location: &str) -> bool {
    let Ok(url) = Url::parse(location) else { return false };
    let all = |name: &str| -> Vec<String> {
        let pairs = url.query_pairs().filter(|(known, _)| known == name);
        pairs.map(|(_, value)| value.into_owned()).collect()
    };
    all("state") == ask.params("state")
        && all("code").len() == 1
        && all("iss").len() < 2
        && all("error").is_empty()
}

fn codes(location: &str) -> Vec<String> {
    let Ok(url) = Url::parse(location) else { return Vec::new() };
    let pairs = url.query_pairs().filter(|(name, _)| name == "code");
    pairs.map(|(_, value)| value.into_owned()).collect()
}

fn sends_codes_once(run: &Run) -> Outcome {
    let mut answered: BTreeMap<String, u16> = BTreeMap::new();
    for (ask, answer, sent) in run.exchanges() {
        let code = ask.param("code").filter(|_| run.world.route(ask) == Route::Token);
        let Some(code) = code else { continue };
        if let Some(status) = answered.get(&code) {
            let observed = format!("it was sent again after an answer with status {status}");
            return ensure(false, "one request for each code", || observed);
        }
        // What was never answered, or with a failure of the server, may be tried again.
        if sent == Sent::Whole && answer.status < 500 {
            answered.insert(code, answer.status);
        }
    }
    if answered.is_empty() { Err(run.never("exchanging a code")) } else { Ok(()) }
}

fn gives_up(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    let exit = run.exit();
    let is_waiting = exit.is_some_and(|exit| matches!(exit.how, Ending::Quiet | Ending::Timeout));
    ensure(!is_waiting, "it ends by itself once nobody can be expected any more", || {
        exit.map(ToString::to_string).unwrap_or_default()
    })
}
