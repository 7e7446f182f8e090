//! Token responses that are not what RFC 6749 section 5.1 has them be.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, HARDENING, MUST};
use crate::check::{Level, mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::{Answer, Body};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const ISSUED: &str = "a token response that was tampered with";

/// A header that no client sends of itself.
const INJECTED: &str = "x-lookout-injected";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "token-response/plain",
        title: "The token response has the fewest members, a type in odd letters, and members that \
                nobody knows; iss is neither promised nor sent.",
        inputs: || data(bearer_spellings()),
        runs: 1,
        script: plain,
    },
    Scenario {
        id: "token-response/type",
        title: "The token is of a type that is not Bearer.",
        inputs: || data(prop::sample::select(vec!["DPoP", "mac", "N_A", "bearer-of-gifts", "pop"])),
        runs: 1,
        script: |case| {
            let kind = case.clone();
            with_member("token_type", kind)
        },
    },
    Scenario {
        id: "token-response/no-type",
        title: "The token has no type.",
        inputs: same,
        runs: 1,
        script: |_| with_member("token_type", Value::Null),
    },
    Scenario {
        id: "token-response/characters",
        title: "The access token has characters that would end the header it belongs into.",
        inputs: || data(odd_characters()),
        runs: 2,
        script: with_characters,
    },
    Scenario {
        id: "token-response/token",
        title: "The access token is a number.",
        inputs: || data(1_000_000..9_999_999_u32),
        runs: 1,
        script: |case| with_member("access_token", case.clone()),
    },
    Scenario {
        id: "token-response/lifetime",
        title: "The lifetime of the access token is negative, or no number.",
        inputs: || data(no_lifetimes()),
        runs: 1,
        script: |case| with_member("expires_in", case.clone()),
    },
    Scenario {
        id: "token-response/body",
        title: "The token response is not a JSON object, or an error with status 200.",
        inputs: || data(prop::sample::select(BODIES.to_vec())),
        runs: 2,
        script: with_body,
    },
    Scenario {
        id: "token-response/doubled",
        title: "The token response has two access tokens.",
        inputs: same,
        runs: 1,
        script: |_| with_text(|honest, _| honest.replacen('{', r#"{"access_token":"another","#, 1)),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "token-response/plain",
        level: MUST,
        clause: rfc(6749, "5.1"),
        claim: "A token response is understood with its type in any letters, without optional \
                members, and with members that nobody knows.",
        on: On::Only(&["token-response/plain"]),
        judge: Judge::Each(uses_plain),
    },
    ClientCheck {
        id: "response/iss-unknown",
        level: Level::Observe,
        clause: mcp("basic/authorization#authorization-response-validation"),
        claim: "A response without iss is accepted when the metadata does not promise any.",
        on: On::Only(&["token-response/plain"]),
        judge: Judge::Each(goes_on_without_iss),
    },
    ClientCheck {
        id: "token-response/type",
        level: MUST,
        clause: rfc(6749, "7.1"),
        claim: "A token of a type that the client does not understand is not used.",
        on: On::Only(&["token-response/type"]),
        judge: Judge::Each(uses_no_token),
    },
    ClientCheck {
        id: "token-response/no-type",
        level: HARDENING,
        clause: rfc(6749, "5.1"),
        claim: "A token without a type is not used.",
        on: On::Only(&["token-response/no-type"]),
        judge: Judge::Each(uses_no_token),
    },
    ClientCheck {
        id: "token-response/injection",
        level: HARDENING,
        clause: rfc(9110, "5.5"),
        claim: "No part of an access token becomes a header of its own.",
        on: On::Only(&["token-response/characters"]),
        judge: Judge::Each(injects_nothing),
    },
    ClientCheck {
        id: "token-response/characters",
        level: HARDENING,
        clause: rfc(6750, "2.1"),
        claim: "An access token with characters that no bearer token has is not used.",
        on: On::Only(&["token-response/characters"]),
        judge: Judge::Each(uses_no_token),
    },
    ClientCheck {
        id: "token-response/token",
        level: HARDENING,
        clause: rfc(6749, "5.1"),
        claim: "An access token that is a number is not used.",
        on: On::Only(&["token-response/token"]),
        judge: Judge::Each(uses_no_token),
    },
    ClientCheck {
        id: "token-response/lifetime",
        level: HARDENING,
        clause: rfc(6749, "5.1"),
        claim: "A token whose lifetime is negative or no number is not used.",
        on: On::Only(&["token-response/lifetime"]),
        judge: Judge::Each(uses_no_token),
    },
    ClientCheck {
        id: "token-response/body",
        level: HARDENING,
        clause: rfc(6749, "5.1"),
        claim: "A token is taken from nothing but a JSON object without an error.",
        on: On::Only(&["token-response/body"]),
        judge: Judge::Each(uses_no_token),
    },
    ClientCheck {
        id: "token-response/doubled",
        level: HARDENING,
        clause: rfc(8259, "4"),
        claim: "A token response that has two access tokens is not used.",
        on: On::Only(&["token-response/doubled"]),
        judge: Judge::Each(uses_no_token),
    },
];

/// What stands in place of the document.
const BODIES: [&str; 5] = ["form", "page", "array", "cut", "error"];

/// `Bearer` in any letters but its own.
fn bearer_spellings() -> impl Strategy<Value = String> {
    (1..63_u32).prop_map(|other| {
        let letter = |(at, c): (usize, char)| {
            let is_upper = c.is_ascii_uppercase() != (other >> at & 1 == 1);
            if is_upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        };
        "Bearer".chars().enumerate().map(letter).collect()
    })
}

/// What is put behind a real token.
fn odd_characters() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => prop::sample::select(vec!["\r\n", "\n", "\r"])
            .prop_map(|end| format!("{end}{INJECTED}: yes")),
        1 => prop::sample::select(vec!["é", "\u{0}", "\t", " x", "\u{202e}", "\""])
            .prop_map(str::to_owned),
    ]
}

fn no_lifetimes() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => (-100_000..-1_i32).prop_map(Value::from),
        1 => prop::sample::select(vec![json!("soon"), json!([600]), json!({}), json!(true)]),
    ]
}

/// Changes the answer to every exchange of a code that succeeds.
fn with_answer(change: impl Fn(&mut Answer) + Send + 'static) -> Script {
    Script::honest().on(Route::Token, move |ask, world, answer| {
        if answer.status == 200 && ask.param("code").is_some() {
            world.mark(ISSUED);
            change(answer);
        }
    })
}

fn with_member(name: &'static str, value: Value) -> Script {
    with_answer(move |answer| {
        answer.change(|document| match document.as_object_mut() {
            Some(members) if value.is_null() => {
                members.remove(name);
            }
            _ => document[name] = value.clone(),
        });
    })
}

/// The text of the answer, made of its honest text and the access token in it.
fn with_text(change: impl Fn(&str, &str) -> String + Send + 'static) -> Script {
    with_answer(move |answer| {
        let document = answer.value();
        let token = document["access_token"].as_str().unwrap_or_default();
        answer.body = Body::Whole(change(&document.to_string(), token).into_bytes());
    })
}

fn plain(case: &Value) -> Script {
    let kind = case.clone();
    with_answer(move |answer| {
        answer.change(|document| {
            *document = json!({
                "access_token": document["access_token"],
                "token_type": kind,
                "lookout_member": { "of": ["nobody's", 1, null] },
            });
        });
    })
    .set(|setting| setting.iss = false)
}

fn with_characters(case: &Value) -> Script {
    let behind = case.as_str().unwrap_or_default().to_owned();
    with_answer(move |answer| {
        answer.change(|document| {
            let token = document["access_token"].as_str().unwrap_or_default();
            document["access_token"] = format!("{token}{behind}").into();
        });
    })
}

fn with_body(case: &Value) -> Script {
    let kind = case.as_str().unwrap_or_default().to_owned();
    let text = {
        let kind = kind.clone();
        move |honest: &str, token: &str| match kind.as_str() {
            "form" => format!("access_token={token}&token_type=Bearer&expires_in=600"),
            "page" => format!("<!doctype html><title>Signed in</title><p>{token}</p>"),
            "array" => format!("[{honest}]"),
            "cut" => honest[..honest.len() - 1].to_owned(),
            _ => json!({ "error": "temporarily_unavailable" }).to_string(),
        }
    };
    let script = with_text(text);
    let is_page = kind == "page";
    script.on(Route::Token, move |_, _, answer| {
        if is_page {
            answer.set("content-type", "text/html");
        }
    })
}

fn uses_plain(run: &Run) -> Outcome {
    run.reached(ISSUED)?;
    let is_used = run
        .to(Route::Mcp)
        .any(|ask| ask.bearer().and_then(|token| run.world.token(token)).is_some());
    ensure(is_used && run.is_success(), "the token is used, and every step is done", || {
        run.exit().map(ToString::to_string).unwrap_or_default()
    })
}

fn goes_on_without_iss(run: &Run) -> Outcome {
    if run.to(Route::Authorize).next().is_none() {
        return Err(run.never("an authorization request"));
    }
    let is_sent = run.to(Route::Token).any(|ask| ask.param("code").is_some());
    ensure(is_sent, "the code is exchanged", || "the response was dropped".to_owned())
}

fn uses_no_token(run: &Run) -> Outcome {
    run.reached(ISSUED)?;
    let used = run.to(Route::Mcp).find(|ask| ask.header("authorization").is_some());
    ensure(used.is_none(), "no request to the MCP server with an Authorization header", || {
        used.map(|ask| format!("the token was used: {}", ask.line())).unwrap_or_default()
    })?;
    ensure(!run.is_success(), "an exit code that is not 0", || {
        "the client says that everything was done".to_owned()
    })
}

fn injects_nothing(run: &Run) -> Outcome {
    run.reached(ISSUED)?;
    let injected = run.asks().find(|ask| ask.header(INJECTED).is_some());
    ensure(injected.is_none(), "a token is one value of one header, or refused", || {
        injected.map(|ask| format!("{} has a header {INJECTED}", ask.line())).unwrap_or_default()
    })
}
