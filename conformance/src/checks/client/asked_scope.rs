//! Which scopes are asked for first.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::mcp;
use crate::outcome::{Halt, Outcome, ensure, not_tested};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const LISTED: &str = "resource metadata with the scopes of this scenario";
const OFFLINE: &str = "offline_access";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "asked-scope/challenged",
        title: "The challenge names scopes that have nothing to do with those in the metadata.",
        inputs: || {
            data((words(), any::<bool>()).prop_map(|(scope, offline)| json!([scope, offline])))
        },
        runs: 2,
        script: |case| {
            let scope = case[0].as_str().unwrap_or("mcp:read").to_owned();
            let is_offline = case[1] == true;
            first_request().set(move |setting| setting.challenge_scope = Some(scope)).on(
                Route::ServerMetadata,
                move |_, _, answer| {
                    answer.change(|body| {
                        if let (Some(listed), true) =
                            (body["scopes_supported"].as_array_mut(), is_offline)
                        {
                            listed.push(OFFLINE.into());
                        }
                    });
                },
            )
        },
    },
    Scenario {
        id: "asked-scope/listed",
        title: "The challenge names no scope, and the resource metadata lists some.",
        inputs: || data(words()),
        runs: 1,
        script: |case| {
            let listed: Vec<String> =
                case.as_str().unwrap_or("mcp:read").split(' ').map(str::to_owned).collect();
            unnamed(listed.into())
        },
    },
    Scenario {
        id: "asked-scope/nowhere",
        title: "Neither the challenge nor the resource metadata names a scope.",
        inputs: same,
        runs: 1,
        script: |_| unnamed(Value::Null),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "asked-scope/all-challenged",
        level: MUST,
        clause: mcp("basic/authorization#scope-selection-strategy"),
        claim: "The authorization request asks for every scope of the challenge, whether or not \
                the metadata lists it.",
        on: On::Only(&["asked-scope/challenged"]),
        judge: Judge::Each(asks_for_challenged),
    },
    ClientCheck {
        id: "asked-scope/only-challenged",
        level: SHOULD,
        clause: mcp("basic/authorization#scope-selection-strategy"),
        claim: "The authorization request asks for no scope that the challenge does not name.",
        on: On::Only(&["asked-scope/challenged"]),
        judge: Judge::Each(asks_for_no_other),
    },
    ClientCheck {
        id: "asked-scope/listed-scopes",
        level: SHOULD,
        clause: mcp("basic/authorization#scope-selection-strategy"),
        claim: "When the challenge names no scope the client asks for all that the resource \
                metadata lists, and for no other.",
        on: On::Only(&["asked-scope/listed"]),
        judge: Judge::Each(asks_for_listed),
    },
    ClientCheck {
        id: "asked-scope/omitted",
        level: SHOULD,
        clause: mcp("basic/authorization#scope-selection-strategy"),
        claim: "When nothing names a scope the authorization request has no scope parameter.",
        on: On::Only(&["asked-scope/nowhere"]),
        judge: Judge::Each(asks_for_none),
    },
    ClientCheck {
        id: "asked-scope/offline-access",
        level: HARDENING,
        clause: mcp("basic/authorization#refresh-tokens"),
        claim: "No authorization request asks for offline_access when the authorization server \
                does not list it.",
        on: On::Every,
        judge: Judge::Each(does_not_stay),
    },
];

/// One to three scopes: those of the tools, and others that no metadata lists.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("mcp:read".to_owned()),
        Just("mcp:write".to_owned()),
        "[a-z][a-zA-Z0-9:._/-]{0,11}",
    ];
    prop::collection::btree_set(word, 1..=3)
        .prop_map(|words| words.into_iter().collect::<Vec<_>>().join(" "))
}

fn first_request() -> Script {
    Script::honest().task([list_tools()])
}

/// The challenge names no scope, and the metadata lists these, or none.
fn unnamed(listed: Value) -> Script {
    first_request().set(|setting| setting.challenge_scope = None).on(
        Route::ResourceMetadata,
        move |_, world, answer| {
            if answer.status == 200 {
                world.mark(LISTED);
            }
            let listed = listed.clone();
            answer.change(|body| match (listed, body.as_object_mut()) {
                (Value::Null, Some(body)) => drop(body.remove("scopes_supported")),
                (listed, _) => body["scopes_supported"] = listed,
            });
        },
    )
}

/// The scopes of a list as OAuth writes it.
pub(super) fn scopes(text: &str) -> BTreeSet<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The scopes of each authorization request; none where the parameter is missing.
pub(super) fn asked(run: &Run) -> Vec<Option<BTreeSet<String>>> {
    run.to(Route::Authorize).map(|ask| ask.param("scope").map(|text| scopes(&text))).collect()
}

/// Whether the authorization server lists the scope for access while nobody is there.
pub(super) fn is_offline_listed(run: &Run) -> bool {
    run.exchanges().any(|(ask, answer, _)| {
        let listed = &answer.value()["scopes_supported"];
        let listed = listed.as_array().is_some_and(|words| words.contains(&OFFLINE.into()));
        run.world.route(ask) == Route::ServerMetadata && listed
    })
}

fn first(run: &Run) -> Result<Option<BTreeSet<String>>, Halt> {
    asked(run).into_iter().next().ok_or_else(|| run.never("an authorization request"))
}

fn listed(words: &BTreeSet<String>) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn challenged(run: &Run) -> BTreeSet<String> {
    scopes(run.world.setting.challenge_scope.as_deref().unwrap_or_default())
}

fn asks_for_challenged(run: &Run) -> Outcome {
    let asked = first(run)?.unwrap_or_default();
    let challenged = challenged(run);
    ensure(asked.is_superset(&challenged), format!("scope={}", listed(&challenged)), || {
        format!("scope={}", listed(&asked))
    })
}

fn asks_for_no_other(run: &Run) -> Outcome {
    let asked = first(run)?.unwrap_or_default();
    let challenged = challenged(run);
    let beyond = beyond(run, &asked, &challenged);
    ensure(beyond.is_empty(), format!("nothing beyond {}", listed(&challenged)), || {
        format!("{} as well", listed(&beyond))
    })
}

/// What was asked for and is not among `allowed`; offline access is allowed where it is listed.
pub(super) fn beyond(
    run: &Run,
    asked: &BTreeSet<String>,
    allowed: &BTreeSet<String>,
) -> BTreeSet<String> {
    let is_listed = is_offline_listed(run);
    let is_allowed = |word: &String| allowed.contains(word) || (is_listed && word == OFFLINE);
    asked.iter().filter(|word| !is_allowed(word)).cloned().collect()
}

fn asks_for_listed(run: &Run) -> Outcome {
    run.reached(LISTED)?;
    let asked = first(run)?.unwrap_or_default();
    let wanted = scopes(run.case.as_str().unwrap_or_default());
    ensure(asked == wanted, format!("scope={}", listed(&wanted)), || {
        format!("scope={}", listed(&asked))
    })
}

fn asks_for_none(run: &Run) -> Outcome {
    run.reached(LISTED)?;
    let asked = first(run)?;
    ensure(asked.is_none(), "no scope parameter", || {
        format!("scope={}", listed(&asked.unwrap_or_default()))
    })
}

fn does_not_stay(run: &Run) -> Outcome {
    if is_offline_listed(run) {
        return Err(not_tested("the authorization server lists offline_access"));
    }
    let challenges_it = run.exchanges().any(|(_, answer, _)| {
        answer
            .headers
            .iter()
            .any(|(name, value)| name == "www-authenticate" && value.contains(OFFLINE))
    });
    if challenges_it {
        return Err(not_tested("the MCP server asks for offline_access"));
    }
    first(run)?;
    let asks = asked(run).into_iter().flatten().any(|words| words.contains(OFFLINE));
    ensure(!asks, "no offline_access", || "a request for offline_access".to_owned())
}
