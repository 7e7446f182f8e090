//! Addresses that a client must not fetch, and certificates that it must not trust.
//!
//! The harness is on loopback, where a client may rightly fetch. What it can see is an address that
//! is neither https nor loopback and still arrives here: `0.0.0.0`. Requests to link-local and
//! private addresses would never arrive, so they are absent.

use proptest::prelude::*;
use serde_json::Value;

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{lookout, mcp};
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::honest::resource_document;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const TLS_PAGE: &str = "basic/authorization/security-considerations#communication-security";

const UNTRUSTED: &str = "untrusted connection";
const CLEAR: &str = "connection in the clear";
const REDIRECTED: &str = "a redirect to another origin";
const SENT: &str = "an address that is neither https nor loopback";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "address/untrusted-resource",
        title: "The MCP server has a certificate that nobody trusts.",
        inputs: same,
        runs: 1,
        script: |_| Script::honest().set(|setting| setting.untrusted = Some(Role::Resource)),
    },
    Scenario {
        id: "address/untrusted-authority",
        title: "The authorization server has a certificate that nobody trusts.",
        inputs: same,
        runs: 1,
        script: |_| Script::honest().set(|setting| setting.untrusted = Some(Role::Authority)),
    },
    Scenario {
        id: "address/in-the-clear",
        title: "The challenge or the resource metadata leads to http at an address that is not \
                loopback.",
        inputs: || data(prop::sample::select(vec!["pointer", "issuer"])),
        runs: 1,
        script: in_the_clear,
    },
    Scenario {
        id: "address/redirected",
        title: "The resource metadata redirects to http at an address that is not loopback.",
        inputs: || data(prop::sample::select(vec![301_u16, 302, 303, 307, 308])),
        runs: 1,
        script: redirected,
    },
    Scenario {
        id: "address/elsewhere",
        title: "The resource metadata redirects to another origin, whose document names another \
                authorization server.",
        inputs: || data(prop::sample::select(vec![301_u16, 302, 303, 307, 308])),
        runs: 1,
        script: elsewhere,
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "address/certificate",
        level: MUST,
        clause: mcp(TLS_PAGE),
        claim: "Nothing is sent to a server whose certificate is not trusted.",
        on: On::Only(&["address/untrusted-resource", "address/untrusted-authority"]),
        judge: Judge::Each(verifies_certificates),
    },
    ClientCheck {
        id: "address/no-fallback",
        level: MUST,
        clause: mcp(TLS_PAGE),
        claim: "What fails over TLS is not tried in the clear.",
        on: On::Only(&["address/untrusted-resource", "address/untrusted-authority"]),
        judge: Judge::Each(falls_back_to_nothing),
    },
    ClientCheck {
        id: "address/https",
        level: SHOULD,
        clause: mcp("basic/security_best_practices#server-side-request-forgery-ssrf"),
        claim: "Metadata is not fetched by http from an address that is not loopback.",
        on: On::Only(&["address/in-the-clear"]),
        judge: Judge::Each(fetches_no_http),
    },
    ClientCheck {
        id: "address/redirect",
        level: SHOULD,
        clause: mcp("basic/security_best_practices#server-side-request-forgery-ssrf"),
        claim: "No redirect of metadata is followed to http at an address that is not loopback.",
        on: On::Only(&["address/redirected"]),
        judge: Judge::Each(fetches_no_http),
    },
    ClientCheck {
        id: "address/own-origin",
        level: HARDENING,
        clause: lookout("an origin speaks for itself"),
        claim: "Resource metadata that a redirect fetches from another origin is not used.",
        on: On::Only(&["address/elsewhere"]),
        judge: Judge::Each(uses_own_origin),
    },
];

/// The strange host, at the address that stands for no host in particular and reaches this one.
fn unspecified(world: &World) -> String {
    world.places.base(Role::Stranger).replacen("127.0.0.1", "0.0.0.0", 1)
}

fn in_the_clear(case: &Value) -> Script {
    let is_pointer = case == "pointer";
    Script::honest()
        .on(Route::Mcp, move |_, world, answer| {
            if is_pointer && answer.status == 401 {
                world.mark(SENT);
                let metadata = format!("{}/about", unspecified(world));
                answer.set("www-authenticate", format!("Bearer resource_metadata=\"{metadata}\""));
            }
        })
        .on(Route::ResourceMetadata, move |_, world, answer| {
            if !is_pointer && answer.status == 200 {
                world.mark(SENT);
                let issuer = unspecified(world);
                answer.change(|document| {
                    document["authorization_servers"] = vec![issuer].into();
                });
            }
        })
}

fn redirected(case: &Value) -> Script {
    let status = case.as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(302);
    Script::honest().on(Route::ResourceMetadata, move |ask, world, answer| {
        if ask.role == Role::Resource && answer.status == 200 {
            world.mark(SENT);
            *answer = Answer::redirect(status, format!("{}/about", unspecified(world)));
        }
    })
}

fn elsewhere(case: &Value) -> Script {
    let status = case.as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(302);
    Script::honest().instead(move |ask, world| {
        if ask.role == Role::Stranger && ask.path == "/about" {
            let mut document = resource_document(world);
            let other = world.issuer(Role::OtherAuthority);
            document["authorization_servers"] = vec![other].into();
            return Some(Answer::json(200, &document));
        }
        (world.route(ask) == Route::ResourceMetadata && ask.role == Role::Resource).then(|| {
            world.mark(REDIRECTED);
            Answer::redirect(status, format!("{}/about", world.places.base(Role::Stranger)))
        })
    })
}

fn uses_own_origin(run: &Run) -> Outcome {
    run.reached(REDIRECTED)?;
    let used = run.at(Role::OtherAuthority).next();
    ensure(used.is_none(), "nothing is asked of the authorization server that it names", || {
        used.map(Ask::line).unwrap_or_default()
    })
}

fn verifies_certificates(run: &Run) -> Outcome {
    run.reached(UNTRUSTED)?;
    let Some(role) = run.world.setting.untrusted else { return Err(run.never(UNTRUSTED)) };
    let sent = run.at(role).next();
    ensure(sent.is_none(), format!("no request to {role}"), || {
        sent.map(Ask::line).unwrap_or_default()
    })
}

fn falls_back_to_nothing(run: &Run) -> Outcome {
    run.reached(UNTRUSTED)?;
    let count = run.world.marked(CLEAR);
    ensure(count == 0, "no connection without TLS", || format!("{count} connections without TLS"))
}

fn fetches_no_http(run: &Run) -> Outcome {
    run.reached(SENT)?;
    let fetched = run.at(Role::Stranger).next();
    ensure(fetched.is_none(), "no request to http at 0.0.0.0", || {
        let host = fetched.and_then(|ask| ask.header("host")).unwrap_or_default();
        format!("{} of host {host}", fetched.map(Ask::line).unwrap_or_default())
    })
}
