//! Clients that cannot register themselves, or need not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, MUST, SHOULD};
use crate::check::mcp;
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::Answer;
use crate::peer::log::Ending;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const TYPE_PAGE: &str =
    "basic/authorization/client-registration#application-type-and-redirect-uri-constraints";
const DOCUMENT_PAGE: &str = "basic/authorization/client-registration#implementation-requirements";

const REFUSED: &str = "a refused registration";
const NO_WAY: &str = "metadata without a way to register";

/// A client may try again with another application type or other redirect URIs.
const MOST_TRIES: usize = 6;

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "registration/refused",
        title: "Registration is refused.",
        inputs: || {
            data(prop::sample::select(vec![
                json!({ "status": 400, "error": "invalid_redirect_uri" }),
                json!({ "status": 400, "error": "invalid_client_metadata" }),
                json!({ "status": 403, "error": "access_denied" }),
                json!({ "status": 500, "error": "server_error" }),
            ]))
        },
        runs: 1,
        script: refused,
    },
    Scenario {
        id: "registration/none",
        title: "The authorization server offers no way to register.",
        inputs: same,
        runs: 1,
        script: |_| {
            Script::honest().set(|setting| setting.registration = false).on(
                Route::ServerMetadata,
                |_, world, answer| {
                    if answer.status == 200 {
                        world.mark(NO_WAY);
                    }
                },
            )
        },
    },
    Scenario {
        id: "registration/document",
        title: "The authorization server reads client metadata documents.",
        inputs: same,
        runs: 1,
        script: |_| Script::honest().set(|setting| setting.documents = true),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "registration/refused",
        level: MUST,
        clause: mcp(TYPE_PAGE),
        claim: "A refused registration ends the flow after a few tries, without a browser.",
        on: On::Only(&["registration/refused"]),
        judge: Judge::Each(survives_refusal),
    },
    ClientCheck {
        id: "registration/refusal-told",
        level: SHOULD,
        clause: mcp(TYPE_PAGE),
        claim: "A refused registration is told to the person, and is no success.",
        on: On::Only(&["registration/refused"]),
        judge: Judge::Each(tells_refusal),
    },
    ClientCheck {
        id: "registration/invented",
        level: MUST,
        clause: mcp("basic/authorization#client-registration"),
        claim: "Without a way to register there is no authorization request with an invented \
                client_id.",
        on: On::Only(&["registration/none"]),
        judge: Judge::Each(invents_nothing),
    },
    ClientCheck {
        id: "registration/document-address",
        level: MUST,
        clause: mcp(DOCUMENT_PAGE),
        claim: "A client_id that is an address is https and has a path.",
        on: On::Only(&["registration/document"]),
        judge: Judge::Each(document_address),
    },
];

fn refused(case: &Value) -> Script {
    let status = case["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let body = json!({ "error": case["error"], "error_description": "not this client" });
    Script::honest().instead(move |ask, world| {
        (world.route(ask) == Route::Register).then(|| {
            world.mark(REFUSED);
            Answer::json(status.unwrap_or(400), &body)
        })
    })
}

fn survives_refusal(run: &Run) -> Outcome {
    run.reached(REFUSED)?;
    let tries = run.world.marked(REFUSED);
    ensure(tries <= MOST_TRIES, format!("at most {MOST_TRIES} registrations"), || {
        format!("{tries} registrations")
    })?;
    let opened = run.opened().next().and_then(<[String]>::first);
    ensure(opened.is_none(), "no browser is opened", || {
        format!("the browser is sent to {}", opened.map_or("nothing", String::as_str))
    })?;
    let how = run.exit().map(|exit| exit.how);
    ensure(how == Some(Ending::Itself), "the client ends by itself", || {
        run.exit().map(ToString::to_string).unwrap_or_default()
    })
}

fn tells_refusal(run: &Run) -> Outcome {
    run.reached(REFUSED)?;
    ensure(!run.is_success(), "an exit code other than 0", || "exit code 0".to_owned())?;
    let is_silent = run.written().iter().all(u8::is_ascii_whitespace);
    ensure(!is_silent, "a message", || "it writes nothing".to_owned())
}

fn invents_nothing(run: &Run) -> Outcome {
    run.reached(NO_WAY)?;
    let invented = |id: &String| !id.starts_with("https://");
    let opened = run.opened().filter_map(|words| words.first());
    let asked = run.to(Route::Authorize).filter_map(|ask| ask.param("client_id"));
    let named = opened.filter_map(|address| {
        let url = url::Url::parse(address).ok()?;
        let id = url.query_pairs().find(|(name, _)| name == "client_id");
        Some(id.map(|(_, id)| id.into_owned()).unwrap_or_default())
    });
    let id = named.chain(asked).find(invented);
    ensure(id.is_none(), "no authorization request", || {
        format!("an authorization request with client_id={}", id.unwrap_or_default())
    })
}

fn document_address(run: &Run) -> Outcome {
    let ids = run.to(Route::Authorize).filter_map(|ask| ask.param("client_id"));
    let mut any = false;
    for id in ids.filter(|id| id.contains("://")) {
        any = true;
        let url = url::Url::parse(&id).ok();
        let is_good = url.is_some_and(|url| url.scheme() == "https" && url.path().len() > 1);
        ensure(is_good, "an https address with a path", || format!("client_id={id}"))?;
    }
    if any { Ok(()) } else { Err(run.never("an authorization request with a metadata document")) }
}
