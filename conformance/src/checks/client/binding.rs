//! Credentials stay with the authorization server that issued them.

use super::{Area, MUST, SHOULD};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, Violation, ensure};
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, same};
use crate::peer::script::{READ_TOOL, Route, Script, call, list_tools};
use crate::peer::world::World;

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const PAGE: &str = "basic/authorization/client-registration#authorization-server-binding";

const MOVED: &str = "a 401 after the resource moved to another authorization server";
const TOLD: &str = "the metadata that names the other authorization server";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "binding/moved",
        title: "The resource moves to another authorization server and back, and clients have \
                secrets.",
        inputs: same,
        runs: 1,
        script: |_| moving().set(|setting| setting.client_authentication = "client_secret_post"),
    },
    Scenario {
        id: "binding/known",
        title: "A client was given an identifier at an authorization server, and the resource \
                moves to another and back.",
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

/// The resource moves at the first call of a tool, and back at the second. Each time all that was
/// issued ends.
fn moving() -> Script {
    Script::honest()
        .task([list_tools(), call(READ_TOOL), call(READ_TOOL)])
        .instead(|ask, world| {
            let is_call = ask.tool().is_some() && ask.bearer().is_some();
            let calls = world.marked(&format!("called {READ_TOOL}"));
            if is_call && calls < 2 && world.marked(MOVED) == calls {
                world.authority = match world.authority {
                    Role::Authority => Role::OtherAuthority,
                    _ => Role::Authority,
                };
                world.end(|_| true);
                world.mark(MOVED);
            }
            None
        })
        .on(Route::ResourceMetadata, |_, world, answer| {
            if world.marked(MOVED) > 0 && answer.status == 200 {
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
    if !run.at(Role::OtherAuthority).any(|ask| is_at_endpoint(world, ask)) {
        return Err(run.never("an endpoint of the other authorization server"));
    }
    for ask in run.asks().filter(|ask| is_at_endpoint(world, ask)) {
        let is_foreign = |at: Role| at != ask.role;
        let (named, secret) = match ask.basic() {
            Some((id, secret)) => (Some(id), Some(secret)),
            None => (ask.param("client_id"), ask.param("client_secret")),
        };
        let clients = || world.clients.iter().filter(|client| is_foreign(client.at));
        let tokens = || world.tokens.iter().filter(|token| is_foreign(token.at));
        let sends = |name: &str, value: &str| ask.param(name).is_some_and(|sent| sent == value);
        let foreign = if named.is_some_and(|id| clients().any(|client| client.id == id)) {
            "client_id"
        } else if secret.is_some() && clients().any(|client| client.secret == secret) {
            "client secret"
        } else if tokens()
            .any(|token| sends("refresh_token", &token.value) || sends("token", &token.value))
        {
            "token"
        } else if world.codes.iter().any(|code| is_foreign(code.at) && sends("code", &code.value)) {
            "code"
        } else {
            continue;
        };
        return Err(Violation::new(
            format!("nothing at {} that another authorization server issued", ask.role),
            format!("a {foreign} of another in {}", ask.line()),
        )
        .into());
    }
    Ok(())
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
