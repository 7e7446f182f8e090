//! The end of a grant: what is revoked, and what is forgotten in any case.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, HARDENING};
use crate::check::rfc;
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::{Answer, Body};
use crate::peer::moment::Moment;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{READ_TOOL, Route, Script, call, list_tools, reconnect, sign_out};
use crate::peer::world::TokenKind;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// The tool that is called after signing out, and only then.
const AFTER: &str = "list_dashboards";
const CALLED: &str = "a call before signing out";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "sign-out/plain",
        title: "The client signs out at the end, and the authorization server revokes what it is \
                told to.",
        inputs: || {
            let methods = ["none", "client_secret_basic", "client_secret_post"];
            data(prop::sample::select(methods.to_vec()))
        },
        runs: 2,
        script: |case| {
            let method = match case.as_str() {
                Some("client_secret_basic") => "client_secret_basic",
                Some("client_secret_post") => "client_secret_post",
                _ => "none",
            };
            signing_out(vec![list_tools(), call(READ_TOOL), sign_out()])
                .set(|setting| setting.client_authentication = method)
        },
    },
    Scenario {
        id: "sign-out/unheard",
        title: "The revocation endpoint fails, and the client signs out, connects again, and is \
                started again.",
        inputs: || data(prop::sample::select(vec!["503", "500", "broken"])),
        runs: 1,
        // A client that reports the failure and ends is seen again at its second start.
        script: |case| unheard(case.clone()).started(2),
    },
    Scenario {
        id: "sign-out/nowhere",
        title: "The authorization server has no revocation endpoint, and the client signs out and \
                connects again.",
        inputs: same,
        runs: 1,
        script: |_| unheard(Value::Null),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "sign-out/revokes",
        level: HARDENING,
        clause: rfc(7009, "1"),
        claim: "Signing out revokes the refresh token at the authorization server.",
        on: On::Only(&["sign-out/plain"]),
        judge: Judge::Each(revokes),
    },
    ClientCheck {
        id: "sign-out/authentication",
        level: HARDENING,
        clause: rfc(7009, "2.1"),
        claim: "A revocation request names the token in a form, and authenticates the client as \
                it is registered.",
        on: On::Only(&["sign-out/plain"]),
        judge: Judge::Each(is_accepted),
    },
    ClientCheck {
        id: "sign-out/forgets",
        level: HARDENING,
        clause: rfc(7009, "2.2"),
        claim: "A client that has signed out does not use its old tokens again, though nobody \
                could revoke them.",
        on: On::Only(&["sign-out/unheard", "sign-out/nowhere"]),
        judge: Judge::Each(forgets),
    },
    ClientCheck {
        id: "sign-out/store",
        level: HARDENING,
        clause: rfc(7009, "2.2"),
        claim: "Once it has signed out a client keeps none of the old tokens in its store.",
        on: On::Only(&["sign-out/unheard", "sign-out/nowhere"]),
        judge: Judge::Each(deletes),
    },
    ClientCheck {
        id: "sign-out/ends",
        level: HARDENING,
        clause: rfc(7009, "2"),
        claim: "Signing out succeeds where tokens cannot be revoked at all.",
        on: On::Only(&["sign-out/nowhere"]),
        judge: Judge::Each(ends),
    },
];

fn signing_out(steps: Vec<Value>) -> Script {
    Script::honest().task(steps).on(Route::Mcp, |ask, world, answer| {
        if ask.tool().is_some_and(|tool| tool == READ_TOOL) && answer.status == 200 {
            world.mark(CALLED);
        }
    })
}

/// The revocation endpoint fails in the way that `how` says, or there is none.
fn unheard(how: Value) -> Script {
    let is_missing = how.is_null();
    let steps = vec![list_tools(), call(READ_TOOL), sign_out(), reconnect(), call(AFTER)];
    signing_out(steps)
        .on(Route::ServerMetadata, move |_, _, answer| {
            answer.change(|body| {
                if let (true, Some(body)) = (is_missing, body.as_object_mut()) {
                    body.remove("revocation_endpoint");
                    body.remove("revocation_endpoint_auth_methods_supported");
                }
            });
        })
        .instead(move |ask, world| {
            (world.route(ask) == Route::Revoke).then(|| match how.as_str() {
                Some("broken") => {
                    let body = Body::Broken(vec![(Duration::ZERO, b"{".to_vec())]);
                    Answer { body, ..Answer::status(200) }.with("content-type", "application/json")
                }
                Some("503") => {
                    Answer::text(503, "text/plain", "come back later").with("retry-after", "60")
                }
                None => Answer::status(404),
                _ => Answer::json(500, &json!({ "error": "server_error" })),
            })
        })
}

/// Stops where the client does not sign out.
fn offers(run: &Run) -> Outcome {
    run.reached(CALLED)?;
    match run.unsupported() {
        Some(name) => Err(not_tested(format!("the client does not offer {name}"))),
        None => Ok(()),
    }
}

/// The tokens that a client had when it called a tool for the first time.
fn first_tokens(run: &Run) -> BTreeSet<String> {
    let response = run.moments().find(|moment| moment.issued("access_token").is_some());
    let kinds = ["access_token", "refresh_token"];
    response.iter().flat_map(|moment| kinds.map(|kind| moment.issued(kind))).flatten().collect()
}

fn revokes(run: &Run) -> Outcome {
    offers(run)?;
    if !run.is_success() && run.to(Route::Revoke).next().is_none() {
        return Err(run.never("signing out"));
    }
    let named: BTreeSet<String> =
        run.to(Route::Revoke).filter_map(|ask| ask.param("token")).collect();
    let refresh: Vec<&String> = run
        .world
        .tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Refresh)
        .map(|token| &token.value)
        .collect();
    let is_named = refresh.last().is_some_and(|last| named.contains(*last));
    ensure(is_named, "a revocation request with the refresh token", || {
        format!("{} revocation requests, none of them with it", named.len())
    })
}

fn is_accepted(run: &Run) -> Outcome {
    offers(run)?;
    let mut any = false;
    for (ask, answer, _) in
        run.exchanges().filter(|(ask, ..)| run.world.route(ask) == Route::Revoke)
    {
        any = true;
        let is_named = ask.method == "POST" && ask.param("token").is_some();
        ensure(is_named, "a POST with the token in a form", || ask.line())?;
        let method = run.world.setting.client_authentication;
        ensure(
            answer.status == 200,
            format!("a request that is authenticated by {method}"),
            || {
                let error = answer.value()["error_description"].as_str().map(str::to_owned);
                format!("it was refused: {}", error.unwrap_or_default())
            },
        )?;
    }
    if any { Ok(()) } else { Err(run.never("a revocation request")) }
}

fn forgets(run: &Run) -> Outcome {
    offers(run)?;
    let old = first_tokens(run);
    let is_after = |moment: &Moment<'_>| {
        moment.start > 1 || moment.ask.tool().is_some_and(|tool| tool == AFTER)
    };
    let after: Vec<Moment<'_>> = run.moments().filter(is_after).collect();
    if after.is_empty() && run.to(Route::Authorize).count() < 2 {
        return Err(run.never("connecting again after signing out"));
    }
    // No token ended here, so nothing but forgetfulness can be in want of a refresh.
    let is_old = |token: &str| old.contains(token);
    let is_used = after.iter().any(|moment| moment.ask.bearer().is_some_and(is_old));
    let is_redeemed = run.moments().filter_map(|moment| moment.redeems()).any(|one| is_old(&one));
    ensure(!is_used && !is_redeemed, "other tokens, or none", || {
        let kind = if is_used { "access" } else { "refresh" };
        format!("the {kind} token from before")
    })
}

fn deletes(run: &Run) -> Outcome {
    offers(run)?;
    let old = first_tokens(run);
    let holds = |token: &String| {
        let found = |bytes: &[u8]| bytes.windows(token.len()).any(|part| part == token.as_bytes());
        run.files.iter().find(|file| found(&file.bytes))
    };
    let found = old.iter().find_map(holds).map(|file| file.name.as_str());
    ensure(found.is_none(), "a store without the old tokens", || {
        format!("one of them is in {}", found.unwrap_or_default())
    })?;
    // That nothing is found says something only of a client that uses its store.
    if run.files.iter().any(|file| !file.bytes.is_empty()) {
        Ok(())
    } else {
        Err(not_tested("the client keeps nothing in its store"))
    }
}

fn ends(run: &Run) -> Outcome {
    offers(run)?;
    ensure(run.is_success(), "exit code 0, after connecting again", || {
        run.exit().map(ToString::to_string).unwrap_or_default()
    })
}
