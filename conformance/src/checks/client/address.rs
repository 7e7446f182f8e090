//! Addresses that a client must not fetch, and certificates that it must not trust.
//!
//! The harness is on loopback, where a client may rightly fetch. What it can see is an address that
//! is neither https nor loopback and still arrives here: `0.0.0.0`. Requests to link-local and
//! private addresses would never arrive, so they are absent.

use proptest::prelude::*;
use serde_json::Value;

use super::{Area, MUST, SHOULD};
use crate::check::mcp;
use crate::outcome::{Outcome, ensure};
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const TLS_PAGE: &str = "basic/authorization/security-considerations#communication-security";

const UNTRUSTED: &str = "untrusted connection";
const CLEAR: &str = "connection in the clear";
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
        runs: 2,
        script: in_the_clear,
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
