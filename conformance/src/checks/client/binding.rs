//! Credentials stay with the authorization server that issued them.

use super::{Area, MUST, SHOULD};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, same};
use crate::peer::script::{Route, Script};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const PAGE: &str = "basic/authorization/client-registration#authorization-server-binding";

const MOVED: &str = "a 401 after the resource moved to another authorization server";
const TOLD: &str = "the metadata that names the other authorization server";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "binding/moved",
        title: "In the middle of a session the resource names another authorization server, and \
                clients have secrets.",
        inputs: same,
        runs: 1,
        script: |_| moving().set(|setting| setting.client_authentication = "client_secret_post"),
    },
    Scenario {
        id: "binding/known",
        title: "A client has an identifier at an authorization server, and then the resource \
                names another.",
        inputs: same,
        runs: 1,
        script: |_| moving().set(|setting| setting.known_client = true),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "binding/credentials",
        level: MUST,
        clause: mcp(PAGE),
        claim: "No client_id, client secret, code or refresh token of one authorization server is \
                sent to another.",
        on: On::Only(&["binding/moved", "binding/known"]),
        judge: Judge::Each(keeps_apart),
    },
    ClientCheck {
        id: "binding/registers-anew",
        level: MUST,
        clause: mcp(PAGE),
        claim: "A client that registered itself registers again where the resource names another \
                authorization server.",
        on: On::Only(&["binding/moved"]),
        judge: Judge::Each(registers_anew),
    },
    ClientCheck {
        id: "binding/change-seen",
        level: SHOULD,
        clause: rfc(9728, "5.2"),
        claim: "When a token is refused with a pointer to the resource metadata, the client reads \
                the metadata again.",
        on: On::Only(&["binding/moved", "binding/known"]),
        judge: Judge::Each(sees_change),
    },
    ClientCheck {
        id: "registration/known",
        level: SHOULD,
        clause: mcp("basic/authorization/client-registration#intro"),
        claim: "A client that was given an identifier uses it at its issuer and does not register.",
        on: On::Only(&["binding/known"]),
        judge: Judge::Each(uses_what_it_was_given),
    },
];

/// At the first call of a tool the resource moves, and all that was issued ends.
fn moving() -> Script {
    Script::honest()
        .instead(|ask, world| {
            let is_call = ask.tool().is_some() && ask.bearer().is_some();
            if is_call && world.authority == Role::Authority {
                world.authority = Role::OtherAuthority;
                world.end(|_| true);
                world.mark(MOVED);
            }
            None
        })
        .on(Route::ResourceMetadata, |_, world, answer| {
            if world.authority == Role::OtherAuthority && answer.status == 200 {
                world.mark(TOLD);
            }
        })
}

fn is_at_endpoint(world: &World, ask: &Ask) -> bool {
    let route = world.route(ask);
    matches!(route, Route::Register | Route::Authorize | Route::Token | Route::Revoke)
}

fn keeps_apart(run: &Run) -> Outcome {
    run.reached(TOLD)?;
    let world = &run.world;
    let mut any = false;
    let other = run.at(Role::OtherAuthority);
    for ask in other.filter(|ask| is_at_endpoint(world, ask)) {
        any = true;
        let id = ask.basic().map(|(id, _)| id).or_else(|| ask.param("client_id"));
        let clients = || world.clients.iter().filter(|client| client.at == Role::Authority);
        let old = id.filter(|id| clients().any(|client| client.id == *id));
        ensure(old.is_none(), "a client_id of the other authorization server", || {
            format!("the client_id of the first in {}", ask.line())
        })?;
        let body = String::from_utf8_lossy(&ask.body);
        let text = format!("{} {body}", ask.url);
        let basic = ask.basic().map(|(_, secret)| secret).unwrap_or_default();
        let secrets = clients().filter_map(|client| client.secret.as_deref());
        let tokens = world.tokens.iter().filter(|token| token.at == Role::Authority);
        let codes = world.codes.iter().filter(|code| code.at == Role::Authority);
        let leaked = secrets
            .map(|secret| ("client secret", secret))
            .chain(tokens.map(|token| ("token", token.value.as_str())))
            .chain(codes.map(|code| ("code", code.value.as_str())))
            .find(|(_, value)| text.contains(value) || basic == *value);
        ensure(leaked.is_none(), "nothing that the first authorization server issued", || {
            format!("a {} of the first in {}", leaked.unwrap_or_default().0, ask.line())
        })?;
    }
    if any { Ok(()) } else { Err(run.never("the other authorization server")) }
}

fn registers_anew(run: &Run) -> Outcome {
    run.reached(TOLD)?;
    let has_registered = run.at(Role::Authority).any(|ask| run.world.route(ask) == Route::Register);
    if !has_registered {
        return Err(run.never("a registration at the first authorization server"));
    }
    let mut at_other = run.at(Role::OtherAuthority);
    let registered = at_other.any(|ask| run.world.route(ask) == Route::Register);
    ensure(registered, "a registration at the other authorization server", || {
        let exit = run.exit().map(ToString::to_string).unwrap_or_default();
        let last = run.asks().last().map_or("nothing".to_owned(), Ask::line);
        format!("none; {exit}; its last request was {last}")
    })
}

fn sees_change(run: &Run) -> Outcome {
    run.reached(MOVED)?;
    ensure(run.world.marked(TOLD) > 0, "a request for the resource metadata after the 401", || {
        let last = run.asks().last().map_or("nothing".to_owned(), Ask::line);
        format!("none; its last request was {last}")
    })
}

fn uses_what_it_was_given(run: &Run) -> Outcome {
    let known = run.world.clients.first().map(|client| client.id.clone()).unwrap_or_default();
    let mut at_first = run.at(Role::Authority);
    let uses = at_first.any(|ask| {
        run.world.route(ask) == Route::Authorize
            && ask.param("client_id").is_some_and(|id| id == known)
    });
    if !uses {
        return Err(run.never("an authorization request with the identifier that it was given"));
    }
    let registered =
        run.at(Role::Authority).find(|ask| run.world.route(ask) == Route::Register).map(Ask::line);
    ensure(registered.is_none(), "no registration where the client is known", || {
        registered.unwrap_or_default()
    })
}
