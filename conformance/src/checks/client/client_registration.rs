//! How a client registers itself, and what it makes of the answer.

use serde_json::Value;

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{lookout, mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::ask::Ask;
use crate::peer::honest::authority::is_same_redirect;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, same};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const TYPE_PAGE: &str =
    "basic/authorization/client-registration#application-type-and-redirect-uri-constraints";
const SCENARIOS: &[Scenario] = &[Scenario {
    id: "registration/again",
    title: "Registration returns a secret for HTTP Basic, and the client is started a second \
                time when its access token has ended.",
    inputs: same,
    runs: 1,
    script: |_| again(),
}];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "registration/application-type",
        level: MUST,
        clause: mcp(TYPE_PAGE),
        claim: "Every registration states its application_type.",
        on: On::Every,
        judge: Judge::Each(has_application_type),
    },
    ClientCheck {
        id: "registration/native",
        level: SHOULD,
        clause: mcp(TYPE_PAGE),
        claim: "A registration with loopback redirect URIs is of a native application.",
        on: On::Every,
        judge: Judge::Each(is_native),
    },
    ClientCheck {
        id: "registration/redirect-uris",
        level: MUST,
        clause: mcp("basic/authorization/security-considerations#communication-security"),
        claim: "Every registered redirect URI is https or at localhost.",
        on: On::Every,
        judge: Judge::Each(redirects_are_safe),
    },
    ClientCheck {
        id: "registration/redirect-used",
        level: MUST,
        clause: mcp("basic/authorization/security-considerations#open-redirection"),
        claim: "Every authorization request has a redirect URI that the client registered.",
        on: On::Every,
        judge: Judge::Each(redirect_is_registered),
    },
    ClientCheck {
        id: "registration/refresh-grant",
        level: SHOULD,
        clause: mcp("basic/authorization#refresh-tokens"),
        claim: "A client that refreshes has registered the refresh_token grant.",
        on: On::Every,
        judge: Judge::Each(has_refresh_grant),
    },
    ClientCheck {
        id: "registration/adopted",
        level: MUST,
        clause: rfc(7591, "3.2.1"),
        claim: "A client authenticates at the token endpoint in the way that its registration was \
                answered with.",
        on: On::Every,
        judge: Judge::Each(authenticates_as_told),
    },
    ClientCheck {
        id: "registration/remembered",
        level: HARDENING,
        clause: lookout("a client that is known does not register again"),
        claim: "A client that is started again with the same store does not register again.",
        on: On::Only(&["registration/again"]),
        judge: Judge::Each(registers_once),
    },
];

fn again() -> Script {
    Script::honest()
        .set(|setting| setting.client_authentication = "client_secret_basic")
        .started(2)
        .on(Route::Mcp, |ask, world, answer| {
            if ask.tool().is_some() && answer.status == 200 {
                world.end(|_| true);
            }
        })
}

fn registrations(run: &Run) -> impl Iterator<Item = &Ask> {
    run.to(Route::Register).filter(|ask| ask.method == "POST")
}

/// `judge` of every registration.
fn each_registration(run: &Run, judge: impl Fn(&Ask, &Value) -> Outcome) -> Outcome {
    let mut any = false;
    for ask in registrations(run) {
        any = true;
        judge(ask, &ask.json())?;
    }
    if any { Ok(()) } else { Err(run.never("a registration")) }
}

fn redirect_uris(registration: &Value) -> Vec<&str> {
    registration["redirect_uris"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn is_loopback(uri: &str) -> bool {
    url::Url::parse(uri).is_ok_and(|url| {
        url.scheme() == "http"
            && matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
    })
}

fn has_application_type(run: &Run) -> Outcome {
    each_registration(run, |_, registration| {
        let kind = &registration["application_type"];
        ensure(
            kind.as_str().is_some_and(|kind| !kind.is_empty()),
            "an application_type in the registration",
            || if kind.is_null() { "none".to_owned() } else { kind.to_string() },
        )
    })
}

fn is_native(run: &Run) -> Outcome {
    let is_local = |ask: &&Ask| {
        let registration = ask.json();
        let uris = redirect_uris(&registration);
        !uris.is_empty() && uris.iter().all(|uri| is_loopback(uri))
    };
    let Some(ask) = registrations(run).find(is_local) else {
        return Err(run.never("a registration with loopback redirect URIs alone"));
    };
    let kind = ask.json()["application_type"].clone();
    ensure(kind == "native", "application_type native", || {
        if kind.is_null() {
            "no application_type, which means web".to_owned()
        } else {
            kind.to_string()
        }
    })
}

fn redirects_are_safe(run: &Run) -> Outcome {
    each_registration(run, |_, registration| {
        let unsafe_uri = redirect_uris(registration)
            .into_iter()
            .find(|uri| !is_loopback(uri) && !uri.starts_with("https://"));
        ensure(unsafe_uri.is_none(), "redirect URIs that are https or at localhost", || {
            unsafe_uri.unwrap_or_default().to_owned()
        })
    })
}

fn redirect_is_registered(run: &Run) -> Outcome {
    let mut any = false;
    for ask in run.to(Route::Authorize) {
        let id = ask.param("client_id").unwrap_or_default();
        let Some(client) = run.world.client(ask.role, &id) else { continue };
        any = true;
        let used = ask.param("redirect_uri").unwrap_or_default();
        let is_registered = client.redirect_uris.iter().any(|uri| is_same_redirect(uri, &used));
        ensure(is_registered, format!("one of {}", client.redirect_uris.join(", ")), || {
            format!("redirect_uri={used} in an authorization request")
        })?;
    }
    if any { Ok(()) } else { Err(run.never("an authorization request of a registered client")) }
}

fn has_refresh_grant(run: &Run) -> Outcome {
    let refresh = run
        .to(Route::Token)
        .find(|ask| ask.param("grant_type").is_some_and(|kind| kind == "refresh_token"));
    let Some(refresh) = refresh else { return Err(run.never("a refresh")) };
    let id = refresh.basic().map(|(id, _)| id).or_else(|| refresh.param("client_id"));
    let client = run.world.client(refresh.role, &id.unwrap_or_default());
    let Some(client) = client.filter(|client| !client.asked.is_null()) else {
        return Err(run.never("a refresh of a client that registered"));
    };
    let grants = &client.asked["grant_types"];
    let has = grants.as_array().is_some_and(|all| all.iter().any(|one| one == "refresh_token"));
    ensure(has, "refresh_token among the grant_types of the registration", || {
        if grants.is_null() { "no grant_types".to_owned() } else { grants.to_string() }
    })
}

fn authenticates_as_told(run: &Run) -> Outcome {
    let told = run.world.setting.client_authentication;
    let is_registered = |ask: &&Ask| {
        let id = ask.basic().map(|(id, _)| id).or_else(|| ask.param("client_id"));
        id.is_none_or(|id| run.world.client(ask.role, &id).is_some_and(|one| !one.asked.is_null()))
    };
    let mut any = false;
    for ask in run.to(Route::Token).filter(|ask| ask.method == "POST").filter(is_registered) {
        any = true;
        let used = match (ask.header("authorization").is_some(), ask.param("client_secret")) {
            (true, None) => "client_secret_basic",
            (false, Some(_)) => "client_secret_post",
            (false, None) => "none",
            (true, Some(_)) => "two methods at once",
        };
        ensure(used == told, format!("a token request that authenticates by {told}"), || {
            format!("it authenticates by {used}")
        })?;
    }
    if any { Ok(()) } else { Err(run.never("a token request of a client that registered")) }
}

fn registers_once(run: &Run) -> Outcome {
    if run.exits.len() < 2 || !run.exits.first().is_some_and(|exit| exit.is_success()) {
        return Err(run.never("a second start after a first that did all it was asked"));
    }
    let count = registrations(run).count();
    if count == 0 {
        return Err(run.never("a registration"));
    }
    ensure(count == 1, "one registration in two starts", || format!("{count} registrations"))
}
