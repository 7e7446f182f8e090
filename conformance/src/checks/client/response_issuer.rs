//! The issuer in an authorization response (RFC 9207), and codes of another server.

use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::response::ANSWERED;
use super::{Area, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::Answer;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const VALIDATION: &str = "basic/authorization#authorization-response-validation";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "response/iss-missing",
        title: "The metadata promises iss, and the authorization response has none.",
        inputs: || data(paths().prop_map(|path| Case { path, promise: Promise::True, way: None })),
        runs: 1,
        script: tampered,
    },
    Scenario {
        id: "response/iss-slash",
        title: "The iss of the response is the issuer with a slash behind it.",
        inputs: || data(cases(vec![Way::Slash])),
        runs: 1,
        script: tampered,
    },
    Scenario {
        id: "response/iss-spelled",
        title: "The iss of the response is what a URL parser takes for the issuer.",
        inputs: || data(cases(vec![Way::Scheme, Way::Dot, Way::Escape])),
        runs: 1,
        script: tampered,
    },
    Scenario {
        id: "response/iss-case",
        title: "The iss of the response is the issuer in other letters.",
        inputs: || data(cases(vec![Way::Case])),
        runs: 1,
        script: tampered,
    },
    Scenario {
        id: "response/iss-part",
        title: "The iss of the response goes on behind the issuer, or ends before it.",
        inputs: || data(cases(vec![Way::Longer, Way::Cut])),
        runs: 1,
        script: tampered,
    },
    Scenario {
        id: "response/mix-up",
        title: "The authorization server sends the person on to another one, which is honest, and \
                whose code comes back.",
        inputs: || data(prop::sample::select(vec![Promise::False, Promise::Absent])),
        runs: 1,
        script: mixed_up,
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "response/iss-missing",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "A response without iss is rejected when the metadata says that iss is supported.",
        on: On::Only(&["response/iss-missing"]),
        judge: Judge::Each(rejects),
    },
    ClientCheck {
        id: "response/iss-spelled",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "The iss of a response is compared as it is, without making a slash, a scheme in capitals, a dot \
                segment or percent-encoding disappear.",
        on: On::Only(&["response/iss-slash", "response/iss-spelled"]),
        judge: Judge::Each(rejects),
    },
    ClientCheck {
        id: "response/iss-case",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "The iss of a response is compared with case.",
        on: On::Only(&["response/iss-case"]),
        judge: Judge::Each(rejects),
    },
    ClientCheck {
        id: "response/iss-part",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "The iss of a response is compared as a whole.",
        on: On::Only(&["response/iss-part"]),
        judge: Judge::Each(rejects),
    },
    ClientCheck {
        id: "response/iss-unadvertised",
        level: MUST,
        clause: mcp(VALIDATION),
        claim: "A wrong iss is rejected also when the metadata does not say that iss is supported.",
        on: On::Only(&["response/mix-up"]),
        judge: Judge::Each(rejects),
    },
    ClientCheck {
        id: "response/mix-up",
        level: MUST,
        clause: rfc(9700, "4.4"),
        claim: "A code of one authorization server never goes to the token endpoint of another.",
        on: On::Only(&["response/mix-up"]),
        judge: Judge::Each(keeps_servers_apart),
    },
];

/// What the metadata says of iss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Promise {
    #[default]
    True,
    False,
    Absent,
}

/// One way to differ from an issuer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Way {
    Slash,
    Scheme,
    Dot,
    Escape,
    Case,
    Longer,
    Cut,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Case {
    /// The path of the issuer.
    path: String,
    promise: Promise,
    /// How iss differs; it is missing when unset.
    way: Option<Way>,
}

/// Issuers have a path, or none.
fn paths() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "/[A-Z][a-z]{2,6}"]
}

fn cases(ways: Vec<Way>) -> impl Strategy<Value = Case> {
    let promises = vec![Promise::True, Promise::False, Promise::Absent];
    (paths(), prop::sample::select(promises), prop::sample::select(ways))
        .prop_map(|(path, promise, way)| Case { path, promise, way: Some(way) })
}

impl Way {
    /// `issuer` with this difference.
    fn of(self, issuer: &str) -> String {
        let (start, last) = issuer.split_at(issuer.len().saturating_sub(1));
        let host = issuer.find("://").map_or(0, |at| at + 3);
        let path = issuer[host..].find('/').map_or(issuer.len(), |at| host + at);
        match self {
            Self::Slash => format!("{issuer}/"),
            Self::Scheme => issuer.replacen("http", "HTTP", 1),
            Self::Dot => format!("{}/.{}", &issuer[..path], &issuer[path..]),
            Self::Escape if path < issuer.len() => {
                let escaped: String = last.bytes().map(|byte| format!("%{byte:02X}")).collect();
                format!("{start}{escaped}")
            }
            Self::Escape => issuer.replacen('.', "%2E", 1),
            Self::Case if path < issuer.len() => {
                format!("{}{}", &issuer[..path], issuer[path..].to_ascii_lowercase())
            }
            Self::Case => issuer.replacen("http", "Http", 1),
            Self::Longer => format!("{issuer}0"),
            Self::Cut => start.to_owned(),
        }
    }
}

fn tampered(case: &Value) -> Script {
    let case: Case = serde_json::from_value(case.clone()).unwrap_or_default();
    let path = case.path.clone();
    let script = Script::honest().set(|setting| setting.issuer_path = path);
    promising(script, case.promise).quiet_for(Duration::from_secs(3)).on(
        Route::Authorize,
        move |ask, world, answer| {
            world.mark(ANSWERED);
            let iss = case.way.map(|way| way.of(&world.issuer(ask.role)));
            answer.redirect_param("iss", iss.as_deref());
        },
    )
}

fn promising(script: Script, promise: Promise) -> Script {
    script.on(Route::ServerMetadata, move |ask, _, answer| {
        const NAME: &str = "authorization_response_iss_parameter_supported";
        if ask.role != Role::Authority {
            return;
        }
        answer.change(|document| match (promise, document.as_object_mut()) {
            (Promise::Absent, Some(members)) => {
                members.remove(NAME);
            }
            (_, Some(members)) => {
                members.insert(NAME.to_owned(), (promise == Promise::True).into());
            }
            (_, None) => {}
        });
    })
}

/// The client begins with the server that the resource names. That one knows the client's
/// identifier at the other, or has registered there in its name.
fn mixed_up(case: &Value) -> Script {
    let promise = serde_json::from_value(case.clone()).unwrap_or_default();
    let script = Script::honest().quiet_for(Duration::from_secs(3));
    promising(script, promise).instead(|ask, world| {
        if world.route(ask) != Route::Authorize || ask.role != Role::Authority {
            return None;
        }
        let id = ask.param("client_id").unwrap_or_default();
        let mut client = world.client(Role::Authority, &id)?.clone();
        client.at = Role::OtherAuthority;
        world.clients.push(client);
        world.mark(ANSWERED);
        let query = ask.query.as_deref().unwrap_or_default();
        let on = world.at(Role::OtherAuthority, "authorize");
        Some(Answer::redirect(302, format!("{on}?{query}")))
    })
}

fn rejects(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    let sent = run.to(Route::Token).find(|ask| ask.param("code").is_some());
    ensure(sent.is_none(), "the response is rejected before the code goes anywhere", || {
        sent.map(|ask| format!("the code was sent: {}", ask.line())).unwrap_or_default()
    })
}

fn keeps_servers_apart(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    let is_of = |code: &str, role| {
        run.world.codes.iter().any(|known| known.value == code && known.at == role)
    };
    let sent = run.to(Route::Token).find(|ask| {
        ask.param("code")
            .is_some_and(|code| is_of(&code, Role::OtherAuthority) && ask.role == Role::Authority)
    });
    ensure(sent.is_none(), "the code goes nowhere, or to the server that issued it", || {
        sent.map(|ask| format!("code and verifier went to the attacker: {}", ask.line()))
            .unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_leads_to_another_issuer() {
        let ways = [
            (Way::Slash, "http://127.0.0.1:4000/Ab/", "http://127.0.0.1:4000/"),
            (Way::Scheme, "HTTP://127.0.0.1:4000/Ab", "HTTP://127.0.0.1:4000"),
            (Way::Dot, "http://127.0.0.1:4000/./Ab", "http://127.0.0.1:4000/."),
            (Way::Escape, "http://127.0.0.1:4000/A%62", "http://127%2E0.0.1:4000"),
            (Way::Case, "http://127.0.0.1:4000/ab", "Http://127.0.0.1:4000"),
            (Way::Longer, "http://127.0.0.1:4000/Ab0", "http://127.0.0.1:40000"),
            (Way::Cut, "http://127.0.0.1:4000/A", "http://127.0.0.1:400"),
        ];
        for (way, with_path, without) in ways {
            assert_eq!(way.of("http://127.0.0.1:4000/Ab"), with_path);
            assert_eq!(way.of("http://127.0.0.1:4000"), without);
        }
    }
}
