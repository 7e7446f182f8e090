//! What goes wrong only when two requests overlap, or when a reply is faster than its effect.
//!
//! Each fault checks when a request arrives and acts when it is done, with a pause between, so that it shows whenever requests meet and not by luck.
//! One after another these servers decide as the strict one does.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};
use super::tokens::{issued, revocation_of};
use crate::authority::Policy;

const STRICT: Policy = Policy::STRICT;

/// Between check and act: longer than two connections take to meet.
const PAUSE: Duration = Duration::from_millis(40);

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        policy: Policy { code_unused: |_| true, ..STRICT },
        pause: Some(|request| pause_for(request, "code")),
        ..Fault::tampering(
            "code-checked-before-it-is-used",
            "Whether a code was redeemed is looked up first and written down later.",
            Tampering {
                before: |request, memory| refuse_what_was_used("code", request, memory),
                after: |request, answer, memory| use_up("code", request, answer, memory),
            },
        )
    },
    Fault {
        policy: Policy { refresh_unrotated: |_| true, ..STRICT },
        pause: Some(|request| pause_for(request, "refresh_token")),
        ..Fault::tampering(
            "refresh-checked-before-it-is-used",
            "Whether a refresh token was used is looked up first and written down later.",
            Tampering {
                before: |request, memory| refuse_what_was_used("refresh_token", request, memory),
                after: |request, answer, memory| use_up("refresh_token", request, answer, memory),
            },
        )
    },
    Fault {
        pause: Some(|request| pause_for(request, "refresh_token")),
        ..Fault::tampering(
            "revocation-misses-the-newest",
            "A revocation ends the tokens that are there, and not the one that is being made.",
            Tampering { before: end_what_is_known, after: remember_the_family },
        )
    },
    Fault::tampering(
        "revocation-later",
        "A revocation is acknowledged before it is carried out.",
        Tampering {
            before: |request, _| {
                let is_revocation = request.path == "/oauth/revoke"
                    && request.method == Method::POST
                    && request.field("token").is_some();
                is_revocation.then(|| Outgoing::made_up(StatusCode::OK, &json!({})))
            },
            after: |request, answer, _| {
                if request.path != "/oauth/revoke" || answer.text() != "{}" {
                    return Then::Answer;
                }
                Then::Later(PAUSE, vec![request.clone()])
            },
        },
    ),
    Fault::tampering(
        "reuse-ends-the-person",
        "Reuse of a refresh token ends every grant of every client.",
        Tampering {
            after: |request, answer, memory| {
                if let Some((_, refresh)) = issued(request, answer) {
                    let client = request.field("client_id").unwrap_or_default();
                    memory.keep(format!("grant {refresh}"), client);
                }
                let is_reuse = request.path == "/oauth/token"
                    && answer.status == StatusCode::BAD_REQUEST
                    && request
                        .field("refresh_token")
                        .is_some_and(|token| memory.find(&format!("grant {token}")).is_some());
                if !is_reuse {
                    return Then::Answer;
                }
                let grants = memory.texts.iter().filter_map(|(key, client)| {
                    Some(revocation_of(request, key.strip_prefix("grant ")?, client))
                });
                Then::Also(grants.collect())
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "unknown-parameter-refused",
        "A token request with a parameter that nobody defined is refused.",
        Tampering {
            before: |request, _| {
                let is_unknown = |(name, _): &(String, String)| name.starts_with("x_");
                (request.path == "/oauth/token" && request.form().iter().any(is_unknown)).then(
                    || {
                        Outgoing::made_up(
                            StatusCode::BAD_REQUEST,
                            &json!({"error": "invalid_request"}),
                        )
                    },
                )
            },
            ..NOTHING
        },
    ),
];

/// A pause for token requests that bring `name`.
pub(super) fn pause_for(request: &Incoming, name: &str) -> Duration {
    let is_one = request.path == "/oauth/token" && request.field(name).is_some();
    if is_one { PAUSE } else { Duration::ZERO }
}

fn used(name: &str, request: &Incoming) -> Option<String> {
    let secret = request.field(name).filter(|_| request.path == "/oauth/token")?;
    Some(format!("used {secret}"))
}

fn refusal() -> Outgoing {
    let body = json!({"error": "invalid_grant"});
    let mut refusal = Outgoing::made_up(StatusCode::BAD_REQUEST, &body);
    refusal.set_header("cache-control", "no-store");
    refusal
}

/// Refuses what another request had used up before this one arrived.
pub(super) fn refuse_what_was_used(
    name: &str,
    request: &mut Incoming,
    memory: &mut Memory,
) -> Option<Outgoing> {
    memory.find(&used(name, request)?).map(|_| refusal())
}

/// Writes down that it was used, and ends the grant when that had been known on arrival.
pub(super) fn use_up(
    name: &str,
    request: &Incoming,
    answer: &Outgoing,
    memory: &mut Memory,
) -> Then {
    let Some(key) = used(name, request) else { return Then::Answer };
    let client = request.field("client_id").unwrap_or_default();
    if let Some((_, refresh)) = issued(request, answer) {
        memory.keep(key, format!("{client} {refresh}"));
        return Then::Answer;
    }
    let known = memory.find(&key).and_then(|known| known.split_once(' '));
    match known {
        Some((owner, refresh)) if owner == client && !refresh.is_empty() => {
            Then::Also(vec![revocation_of(request, refresh, owner)])
        }
        _ => Then::Answer,
    }
}

/// Keeps for every token the first refresh token of its grant.
pub(super) fn remember_the_family(
    request: &Incoming,
    answer: &mut Outgoing,
    memory: &mut Memory,
) -> Then {
    if let Some((access, refresh)) = issued(request, answer) {
        let presented = request.field("refresh_token");
        let family = presented.and_then(|old| memory.find(&format!("family of {old}")));
        let family = family.map_or_else(|| refresh.clone(), str::to_owned);
        let client = request.field("client_id").unwrap_or_default();
        memory.keep(format!("client of {family}"), client);
        memory.keep(format!("family of {access}"), family.clone());
        memory.keep(format!("family of {refresh}"), family);
    }
    Then::Answer
}

/// Answers for the tokens that a revocation ended, and takes revocations of whole grants.
pub(super) fn end_what_is_known(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    if request.path == "/oauth/revoke" {
        let token = request.field("token").filter(|token| token.starts_with("lkort_"))?;
        let family = memory.find(&format!("family of {token}"))?.to_owned();
        if memory.find(&format!("client of {family}")) != request.field("client_id").as_deref() {
            return None;
        }
        let key = |(key, value): (&String, &String)| {
            (*value == family).then(|| key.strip_prefix("family of ").map(str::to_owned)).flatten()
        };
        let members: Vec<String> = memory.texts.iter().filter_map(key).collect();
        for member in members {
            memory.keep(format!("dead {member}"), "");
        }
        return Some(Outgoing::made_up(StatusCode::OK, &json!({})));
    }
    if request.path == "/oauth/token" {
        let token = request.field("refresh_token")?;
        return memory.find(&format!("dead {token}")).map(|_| refusal());
    }
    let token = request.bearer().filter(|_| request.is_endpoint())?.to_owned();
    if memory.find(&format!("dead {token}")).is_some() {
        // The strict server's own words for a token that it does not know.
        request.set_header("authorization", "Bearer lkoat_dead");
    }
    None
}
