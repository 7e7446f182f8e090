//! Where secrets go, whatever the servers do: each only to whom it is meant for, and in its place.

use super::{Area, HARDENING, MUST};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, Violation, ensure};
use crate::peer::ask::Ask;
use crate::peer::log::{Sent, What};
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On};
use crate::peer::script::Route;
use crate::peer::world::TokenKind;

pub(super) const AREA: Area = Area { scenarios: &[], checks: CHECKS };

const USAGE: &str = "basic/authorization#token-requirements";

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "leak/header",
        level: MUST,
        clause: mcp(USAGE),
        claim: "An access token travels in the Authorization header of a request, as a Bearer \
                token, and nowhere else in it.",
        on: On::Every,
        judge: Judge::Each(is_in_header),
    },
    ClientCheck {
        id: "leak/every-request",
        level: MUST,
        clause: mcp(USAGE),
        claim: "Once the server has accepted an access token, every request to it has one.",
        on: On::Every,
        judge: Judge::Each(every_request_has_token),
    },
    ClientCheck {
        id: "leak/address",
        level: MUST,
        clause: rfc(6749, "2.3.1"),
        claim: "No token, code, verifier or client secret is in the address of a request, or in \
                one that the browser is opened with.",
        on: On::Every,
        judge: Judge::Each(addresses_are_clean),
    },
    ClientCheck {
        id: "leak/access-token",
        level: MUST,
        clause: rfc(6750, "5.3"),
        claim: "An access token goes to the MCP server, and to be revoked to the server that \
                issued it, and to nobody else.",
        on: On::Every,
        judge: Judge::Each(access_tokens_arrive),
    },
    ClientCheck {
        id: "leak/own-server",
        level: MUST,
        clause: mcp("basic/authorization#token-handling"),
        claim: "The MCP server is sent no token but those of an authorization server that it names.",
        on: On::Every,
        judge: Judge::Each(tokens_are_of_own_server),
    },
    ClientCheck {
        id: "leak/refresh-token",
        level: MUST,
        clause: rfc(6749, "10.4"),
        claim: "A refresh token goes to the authorization server that issued it, and to nobody \
                else.",
        on: On::Every,
        judge: Judge::Each(refresh_tokens_arrive),
    },
    ClientCheck {
        id: "leak/code",
        level: HARDENING,
        clause: rfc(9700, "4.12"),
        claim: "Codes, verifiers and client secrets go to authorization servers only.",
        on: On::Every,
        judge: Judge::Each(codes_arrive),
    },
];

/// The secrets of a run that are long enough to be recognised, of these kinds.
fn secrets<'r>(run: &'r Run, kinds: &'r [&str]) -> impl Iterator<Item = (&'static str, &'r str)> {
    let all = run.world.secrets.iter().map(|(kind, value)| (*kind, value.as_str()));
    all.filter(|(kind, value)| value.len() >= 16 && kinds.contains(kind))
}

const ALL: [&str; 5] = ["access token", "refresh token", "code", "verifier", "client secret"];

/// Whether `ask` has `secret` in it, wherever.
pub(super) fn carries(ask: &Ask, secret: &str) -> bool {
    let in_basic = ask.basic().is_some_and(|(user, word)| user == secret || word == secret);
    in_basic
        || ask.url.contains(secret)
        || is_in_body(ask, secret)
        || ask.headers.iter().any(|(_, value)| value.contains(secret))
}

fn is_in_body(ask: &Ask, secret: &str) -> bool {
    super::response_text::contains(&ask.body, secret.as_bytes())
}

fn is_in_header(run: &Run) -> Outcome {
    let mut any = false;
    for ask in run.to(Route::Mcp) {
        for (kind, token) in secrets(run, &["access token"]) {
            any |= ask.bearer() == Some(token);
            let elsewhere = ask.url.contains(token)
                || is_in_body(ask, token)
                || ask.headers.iter().any(|(name, value)| {
                    value.contains(token)
                        && (name != "authorization" || ask.bearer() != Some(token))
                });
            ensure(!elsewhere, "Authorization: Bearer, and nothing more", || {
                format!("the {kind} is elsewhere in {}", ask.line())
            })?;
        }
    }
    if any { Ok(()) } else { Err(run.never("using an access token")) }
}

fn every_request_has_token(run: &Run) -> Outcome {
    // Signing out where nothing can be revoked cannot be seen, but only what follows from it. A
    // client that finds its token's time over has none, and need not say so to anybody.
    if run.scenario.starts_with("sign-out/") || run.world.setting.expires_in <= 60 {
        return Err(run.never("a request with a token that it had no reason to leave out"));
    }
    let mut any = false;
    // Whether a token is known to work, on this connection.
    let mut has_token = false;
    for happened in &run.log {
        let (ask, answer, sent) = match &happened.what {
            What::Started(_) => {
                has_token = false;
                continue;
            }
            What::Asked { ask, answer, sent } => (ask, answer, *sent),
            _ => continue,
        };
        let route = run.world.route(ask);
        // Whoever begins anew, signs out or lets a token go has none for a while.
        let begins = matches!(ask.rpc_method().as_deref(), Some("initialize" | "server/discover"));
        if matches!(route, Route::Token | Route::Revoke | Route::Authorize) || begins {
            has_token = false;
        }
        if route != Route::Mcp {
            continue;
        }
        if has_token {
            ensure(ask.header("authorization").is_some(), "the access token", || {
                format!("{} has no Authorization header", ask.line())
            })?;
            any = true;
        }
        let is_accepted = (200..300).contains(&answer.status) && sent == Sent::Whole;
        has_token = match answer.status {
            401 | 403 => false,
            _ => has_token || (is_accepted && ask.bearer().is_some()),
        };
    }
    if any { Ok(()) } else { Err(run.never("a request after one with an access token")) }
}

fn addresses_are_clean(run: &Run) -> Outcome {
    let mut any = false;
    let asked = run.asks().map(|ask| ask.url.clone());
    for address in asked.chain(run.opened().flatten().cloned()) {
        for (kind, secret) in secrets(run, &ALL) {
            any = true;
            if address.contains(secret) {
                let expected = "secrets in headers and bodies only";
                return Err(Violation::new(expected, format!("a {kind} in {address}")).into());
            }
        }
    }
    if any { Ok(()) } else { Err(run.never("being given a secret")) }
}

fn access_tokens_arrive(run: &Run) -> Outcome {
    let mut any = false;
    for ask in run.asks() {
        for (kind, token) in secrets(run, &["access token"]) {
            if !carries(ask, token) {
                continue;
            }
            any = true;
            let at = run.world.token(token).map(|token| token.at);
            let is_meant = ask.role == Role::Resource
                || (run.world.route(ask) == Route::Revoke && at == Some(ask.role));
            ensure(is_meant, "the MCP server alone", || sent_to(kind, ask))?;
        }
    }
    if any { Ok(()) } else { Err(run.never("using an access token")) }
}

fn tokens_are_of_own_server(run: &Run) -> Outcome {
    let mut any = false;
    let named = |at: Role| {
        let issuer = run.world.issuer(at);
        run.exchanges().any(|(ask, answer, _)| {
            ask.role == Role::Resource && answer.value().to_string().contains(&issuer)
        })
    };
    for ask in run.to(Route::Mcp) {
        let Some(token) = ask.bearer().and_then(|token| run.world.token(token)) else { continue };
        any = true;
        let is_meant = token.kind == TokenKind::Access
            && (token.at != Role::OtherAuthority || named(token.at));
        ensure(is_meant, "access tokens of the server that the MCP server names", || {
            format!("a {:?} token of {} in {}", token.kind, token.at, ask.line())
        })?;
    }
    if any { Ok(()) } else { Err(run.never("using an access token")) }
}

fn refresh_tokens_arrive(run: &Run) -> Outcome {
    let mut any = false;
    for ask in run.asks() {
        for (kind, token) in secrets(run, &["refresh token"]) {
            if !carries(ask, token) {
                continue;
            }
            any = true;
            let at = run.world.token(token).map(|token| token.at);
            let is_meant = at == Some(ask.role)
                && matches!(run.world.route(ask), Route::Token | Route::Revoke);
            ensure(is_meant, "the server that issued it", || sent_to(kind, ask))?;
        }
    }
    if any { Ok(()) } else { Err(run.never("using a refresh token")) }
}

fn codes_arrive(run: &Run) -> Outcome {
    let mut any = false;
    for ask in run.asks() {
        for (kind, secret) in secrets(run, &["code", "verifier", "client secret"]) {
            if !carries(ask, secret) {
                continue;
            }
            any = true;
            let is_meant =
                !matches!(ask.role, Role::Stranger) && run.world.route(ask) != Route::Mcp;
            ensure(is_meant, "authorization servers only", || sent_to(kind, ask))?;
        }
    }
    if any { Ok(()) } else { Err(run.never("exchanging a code")) }
}

fn sent_to(kind: &str, ask: &Ask) -> String {
    format!("a {kind} went to {}: {}", ask.role, ask.line())
}
