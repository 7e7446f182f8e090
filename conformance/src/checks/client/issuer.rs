//! Metadata of an authorization server: whose it is, and what it must say.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::near::{self, Near};
use super::{Area, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const PROOF_PAGE: &str =
    "basic/authorization/security-considerations#authorization-code-protection";

const OF_ANOTHER: &str = "metadata of another issuer";
const WITHOUT_S256: &str = "metadata without S256";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case {
    path: String,
    near: Near,
}

fn cases(near: impl Strategy<Value = Near> + 'static) -> BoxedStrategy<Value> {
    data((near::path(), near).prop_map(|(path, near)| Case { path, near }))
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "issuer/trimmed",
        title: "The metadata names an issuer that is the right one but for a slash or for case.",
        inputs: || cases(near::trimmed()),
        runs: 1,
        script: another,
    },
    Scenario {
        id: "issuer/parsed",
        title: "The metadata names an issuer that parsing makes equal to the right one.",
        inputs: || cases(near::parsed()),
        runs: 1,
        script: another,
    },
    Scenario {
        id: "issuer/another",
        title: "The metadata names the issuer of somebody else.",
        inputs: || cases(prop_oneof![near::placed(), near::prefixed()]),
        runs: 1,
        script: another,
    },
    Scenario {
        id: "issuer/no-methods",
        title: "The metadata has no code_challenge_methods_supported.",
        inputs: same,
        runs: 1,
        script: |_| methods(None),
    },
    Scenario {
        id: "issuer/other-methods",
        title: "The metadata has code_challenge_methods_supported without S256.",
        inputs: || data(prop::sample::select(vec![json!([]), json!(["plain"]), json!(["s256"])])),
        runs: 1,
        script: |case| methods(Some(case.clone())),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "issuer/identical",
        level: MUST,
        clause: rfc(8414, "3.3"),
        claim: "Metadata whose issuer is not identical to the one that was asked for is not used.",
        on: On::Only(&["issuer/trimmed", "issuer/parsed", "issuer/another"]),
        judge: Judge::Each(is_unused),
    },
    ClientCheck {
        id: "issuer/proof-key-absent",
        level: MUST,
        clause: mcp(PROOF_PAGE),
        claim: "A client does not go on where the metadata names no code challenge methods.",
        on: On::Only(&["issuer/no-methods"]),
        judge: Judge::Each(opens_nothing),
    },
    ClientCheck {
        id: "issuer/proof-key-other",
        level: MUST,
        clause: mcp(PROOF_PAGE),
        claim: "A client opens nothing where the metadata names no S256.",
        on: On::Only(&["issuer/other-methods"]),
        judge: Judge::Each(opens_nothing),
    },
];

fn another(case: &Value) -> Script {
    let read = serde_json::from_value(case.clone());
    let Case { path, near } = read.unwrap_or(Case { path: "/a".to_owned(), near: Near::Slash });
    Script::honest().set(|setting| setting.issuer_path = path).on(
        Route::ServerMetadata,
        move |ask, world, answer| {
            if answer.status == 200 && ask.role == Role::Authority {
                world.mark(OF_ANOTHER);
                let other = world.places.base(Role::OtherAuthority);
                let issuer = near.of(&world.issuer(Role::Authority), other);
                answer.change(|document| document["issuer"] = issuer.into());
            }
        },
    )
}

fn methods(methods: Option<Value>) -> Script {
    Script::honest().on(Route::ServerMetadata, move |_, world, answer| {
        if answer.status == 200 {
            world.mark(WITHOUT_S256);
            answer.change(|document| {
                let members = document.as_object_mut();
                if let Some(members) = members {
                    members.remove("code_challenge_methods_supported");
                }
                if let Some(methods) = &methods {
                    document["code_challenge_methods_supported"] = methods.clone();
                }
            });
        }
    })
}

/// Nothing goes to an endpoint that only the document names.
fn is_unused(run: &Run) -> Outcome {
    run.reached(OF_ANOTHER)?;
    let uses = |ask: &&Ask| {
        let route = run.world.route(ask);
        matches!(route, Route::Authorize | Route::Register | Route::Token | Route::Revoke)
    };
    let used = run.asks().find(uses);
    ensure(used.is_none(), "nothing is sent to the endpoints that it names", || {
        used.map(Ask::line).unwrap_or_default()
    })
}

fn opens_nothing(run: &Run) -> Outcome {
    run.reached(WITHOUT_S256)?;
    let opened = run.opened().next().and_then(<[String]>::first).cloned();
    let asked = run.to(Route::Authorize).next().map(Ask::line);
    let request = opened.or(asked);
    ensure(request.is_none(), "no authorization request", || request.unwrap_or_default())
}
