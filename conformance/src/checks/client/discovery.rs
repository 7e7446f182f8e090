//! Where a client looks for metadata, and in which order.

use serde_json::{Value, json};

use super::discovery_end::Failure;
use super::{Area, MUST, near};
use crate::check::mcp;
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::honest::{authority, resource_document};
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const PAGE: &str = "basic/authorization/authorization-server-discovery#protected-resource-metadata-discovery-requirements";
const SERVER_PAGE: &str =
    "basic/authorization/authorization-server-discovery#authorization-server-metadata-discovery";

const BARE: &str = "a 401 without a challenge";
const POINTLESS: &str = "a challenge without a pointer";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "discovery/pointer",
        title: "The challenge points to resource metadata at an address of its own, and the \
                authorization server has an OpenID document only.",
        inputs: || data(near::path()),
        runs: 1,
        script: pointer,
    },
    Scenario {
        id: "discovery/last",
        title: "The challenge points nowhere, and each document is at the last address that a \
                client has to try.",
        inputs: || data(near::path()),
        runs: 1,
        script: last,
    },
    Scenario {
        id: "discovery/bare",
        title: "The 401 has no challenge at all.",
        inputs: same,
        runs: 1,
        script: |_| {
            Script::honest().on(Route::Mcp, |_, world, answer| {
                if answer.status == 401 {
                    world.mark(BARE);
                    answer.headers.retain(|(name, _)| name != "www-authenticate");
                }
            })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "discovery/pointer-first",
        level: MUST,
        clause: mcp(PAGE),
        claim: "A client asks for resource metadata where the challenge says, and nowhere before.",
        on: On::Only(&["discovery/pointer"]),
        judge: Judge::Each(pointer_is_first),
    },
    ClientCheck {
        id: "discovery/resource-order",
        level: MUST,
        clause: mcp(PAGE),
        claim: "Without a pointer a client tries the well-known address with the endpoint's path \
                and then the one at the root.",
        on: On::Only(&["discovery/last"]),
        judge: Judge::Each(resource_order),
    },
    ClientCheck {
        id: "discovery/bare",
        level: MUST,
        clause: mcp(PAGE),
        claim: "A 401 without a challenge leads to the well-known address of the resource \
                metadata too.",
        on: On::Only(&["discovery/bare"]),
        judge: Judge::Each(bare_is_enough),
    },
    ClientCheck {
        id: "discovery/server-order",
        level: MUST,
        clause: mcp(SERVER_PAGE),
        claim: "A client tries the well-known addresses of an issuer in their order until it has \
                the metadata.",
        on: On::Only(&["discovery/last", "discovery/pointer"]),
        judge: Judge::Each(server_order),
    },
    ClientCheck {
        id: "discovery/completes",
        level: MUST,
        clause: mcp(SERVER_PAGE),
        claim: "Wherever the documents are among the addresses to try, the client gets its token.",
        on: On::Only(&["discovery/last", "discovery/pointer"]),
        judge: Judge::Each(completes),
    },
];

/// The addresses at which the metadata of `role` may be, in the order of MCP 2026-07-28.
fn server_addresses(world: &World, role: Role) -> Vec<String> {
    let issuer = world.issuer(role);
    let origin = world.places.origin(role);
    let path = &issuer[origin.len()..];
    let mut addresses = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        addresses.push(format!("{issuer}/.well-known/openid-configuration"));
    }
    addresses
}

/// The addresses at which the resource metadata may be when nothing points to it.
fn resource_addresses(world: &World) -> Vec<String> {
    let origin = world.places.origin(Role::Resource);
    vec![
        format!(
            "{origin}/.well-known/oauth-protected-resource{}",
            &world.endpoint()[origin.len()..]
        ),
        format!("{origin}/.well-known/oauth-protected-resource"),
    ]
}

/// The document at the address with this number, counted from the end, and a failure elsewhere.
pub(super) fn serve_server(
    ask: &Ask,
    world: &mut World,
    from_end: usize,
    failure: Failure,
) -> Option<Answer> {
    if world.route(ask) != Route::ServerMetadata {
        return None;
    }
    let addresses = server_addresses(world, Role::Authority);
    if addresses.iter().rev().nth(from_end) == Some(&ask.url) {
        world.mark("the authorization server's metadata");
        let mut document = authority::document(Role::Authority, world);
        if ask.url.contains("openid") {
            // What OpenID Connect Discovery section 3 requires beyond RFC 8414.
            document["jwks_uri"] = world.at(Role::Authority, "keys").into();
            document["subject_types_supported"] = json!(["public"]);
            document["id_token_signing_alg_values_supported"] = json!(["RS256"]);
        }
        return Some(Answer::json(200, &document));
    }
    Some(failure.answer(ask))
}

pub(super) fn serve_resource_at_root(
    ask: &Ask,
    world: &mut World,
    failure: Failure,
) -> Option<Answer> {
    if world.route(ask) != Route::ResourceMetadata || ask.role != Role::Resource {
        return None;
    }
    if resource_addresses(world).last() == Some(&ask.url) {
        world.mark("the resource metadata");
        return Some(Answer::json(200, &resource_document(world)));
    }
    Some(failure.answer(ask))
}

fn pointer(case: &Value) -> Script {
    let path = case.as_str().unwrap_or("/about").to_owned();
    let document = path.clone();
    Script::honest()
        .on(Route::Mcp, move |_, world, answer| {
            if answer.status == 401 {
                world.mark("a challenge with a pointer");
                let base = world.places.base(Role::Resource);
                let challenge = format!("Bearer resource_metadata=\"{base}{path}\"");
                answer.set("www-authenticate", challenge);
            }
        })
        .instead(move |ask, world| {
            if ask.role == Role::Resource && ask.path == document {
                world.mark("the resource metadata");
                return Some(Answer::json(200, &resource_document(world)));
            }
            if world.route(ask) == Route::ResourceMetadata {
                return Some(Answer::status(404));
            }
            serve_server(ask, world, 0, Failure::NotFound)
        })
}

fn last(case: &Value) -> Script {
    let path = case.as_str().unwrap_or("/tenant").to_owned();
    Script::honest()
        .set(|setting| {
            setting.issuer_path = path;
            setting.names_metadata = false;
        })
        .on(Route::Mcp, |_, world, answer| {
            if answer.status == 401 {
                world.mark(POINTLESS);
            }
        })
        .instead(|ask, world| serve_resource_at_root(ask, world, Failure::NotFound))
        .instead(|ask, world| serve_server(ask, world, 0, Failure::NotFound))
}

fn pointer_is_first(run: &Run) -> Outcome {
    run.reached("a challenge with a pointer")?;
    let path = run.case.as_str().unwrap_or_default();
    let first = run.asks().find(|ask| ask.method == "GET" && run.world.route(ask) != Route::Mcp);
    ensure(
        first.is_some_and(|ask| ask.role == Role::Resource && ask.path == path),
        format!("after the 401, a GET of the address in the challenge, {path}"),
        || first.map_or("no request for metadata".to_owned(), Ask::line),
    )
}

fn resource_order(run: &Run) -> Outcome {
    run.reached(POINTLESS)?;
    if !run.world.places.prefix(Role::Resource).is_empty() {
        return Err(not_tested("the servers share one origin, and its root is nobody's"));
    }
    in_order(run, &resource_addresses(&run.world))
}

fn bare_is_enough(run: &Run) -> Outcome {
    run.reached(BARE)?;
    let addresses = resource_addresses(&run.world);
    let has_asked = run.asks().any(|ask| addresses.first() == Some(&ask.url));
    ensure(has_asked, format!("a request for {}", addresses[0]), || {
        let last = run.asks().last().map_or("nothing".to_owned(), Ask::line);
        format!("none; its last request was {last}")
    })
}

fn server_order(run: &Run) -> Outcome {
    run.reached("the resource metadata")?;
    in_order(run, &server_addresses(&run.world, Role::Authority))
}

/// Every address was tried, and none before the ones that stand before it.
fn in_order(run: &Run, addresses: &[String]) -> Outcome {
    let mut tried: Vec<&str> = Vec::new();
    for ask in run.asks().filter(|ask| addresses.contains(&ask.url)) {
        if !tried.contains(&ask.url.as_str()) {
            tried.push(&ask.url);
        }
    }
    ensure(tried == addresses, format!("requests for {}", addresses.join(", then ")), || {
        if tried.is_empty() { "none of them".to_owned() } else { tried.join(", then ") }
    })
}

fn completes(run: &Run) -> Outcome {
    run.reached("the authorization server's metadata")?;
    ensure(run.is_success(), "every step is done and the exit code is 0", || {
        let exit = run.exit().map(ToString::to_string).unwrap_or_default();
        let last = run.asks().last().map_or("nothing".to_owned(), Ask::line);
        format!("{exit}; its last request was {last}")
    })
}
