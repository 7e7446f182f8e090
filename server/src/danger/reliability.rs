//! Faults that a client that asks one thing after the other cannot see.
//!
//! They show when requests overlap, on another replica, when the store is in trouble, or when a process is killed.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::Fault;
use super::failpoint::{APART, BELIEVED, EARLY, UNWRITTEN};
use super::races;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};
use crate::authority::Policy;
use crate::config::Seconds;
use crate::secret::entropy::SystemEntropy;
use crate::secret::password::hash;

/// How long a replica remembers that a bearer was admitted, in milliseconds.
const REMEMBERED: u128 = 3000;

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "bearer-cache",
        "A replica remembers for some seconds that a token was valid.",
        Tampering { before: answer_from_memory, after: remember_answers },
    ),
    Fault::setting(
        "reply-before-commit",
        "A decision is acknowledged, and committed a little later.",
        |_| EARLY.store(true, Ordering::Relaxed),
    ),
    Fault {
        pause: Some(|request| races::pause_for(request, "refresh_token")),
        ..Fault::tampering(
            "revocation-by-token",
            "A revocation updates the tokens that are known, in place of their grant.",
            Tampering { before: races::end_what_is_known, after: races::remember_the_family },
        )
    },
    Fault {
        policy: Policy { refresh_unrotated: |_| true, ..Policy::STRICT },
        pause: Some(|request| races::pause_for(request, "refresh_token")),
        ..Fault::tampering(
            "refresh-without-lock",
            "Two requests can use one refresh token, because neither waits for the other.",
            Tampering {
                before: |request, memory| {
                    races::refuse_what_was_used("refresh_token", request, memory)
                },
                after: |request, answer, memory| {
                    races::use_up("refresh_token", request, answer, memory)
                },
            },
        )
    },
    Fault::tampering(
        "trouble-is-a-denial",
        "A token that cannot be checked, because the store is in trouble, is called invalid.",
        Tampering { after: deny_in_trouble, ..NOTHING },
    ),
    Fault::setting(
        "exchange-in-two-transactions",
        "That a code was used is committed before the tokens for it.",
        |_| APART.store(true, Ordering::Relaxed),
    ),
    Fault::setting(
        "asynchronous-commit",
        "PostgreSQL is told to acknowledge a commit before it is written.",
        |_| UNWRITTEN.store(true, Ordering::Relaxed),
    ),
    Fault::tampering(
        "broken-until-restarted",
        "A server that was in trouble once refuses every call until it is restarted.",
        Tampering { before: refuse_for_ever, after: note_trouble },
    ),
    Fault::tampering(
        "passwords-before-calls",
        "A password is checked where requests are answered, and calls wait for it.",
        Tampering { before: hash_here, ..NOTHING },
    ),
    Fault::setting(
        "never-ends",
        "A server that is asked to end goes on for an hour.",
        |settings| {
            settings.limits.notice_seconds = Seconds(3600.0);
        },
    ),
    Fault::setting(
        "connections-without-end",
        "Slow and idle connections are kept for ever, as many as there are.",
        |settings| {
            let limits = &mut settings.limits;
            limits.connections = 1_000_000;
            for seconds in
                [&mut limits.header_seconds, &mut limits.idle_seconds, &mut limits.body_seconds]
            {
                *seconds = Seconds(3600.0);
            }
        },
    ),
    Fault::setting(
        "machine-clock",
        "The clock of the machine is believed also when it was set back.",
        |_| BELIEVED.store(true, Ordering::Relaxed),
    ),
];

/// The same call of the same bearer.
fn remembered(request: &Incoming) -> Option<String> {
    let bearer = request.bearer().filter(|_| request.is_endpoint())?;
    Some(format!("{bearer} {}", String::from_utf8_lossy(&request.body)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is planted here has no store whose clock it could ask"
)]
fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}

fn answer_from_memory(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    let (at, answer) = memory.find(&remembered(request)?)?.split_once(' ')?;
    let is_young = milliseconds() - at.parse::<u128>().ok()? < REMEMBERED;
    is_young.then(|| {
        Outgoing::made_up(StatusCode::OK, &serde_json::from_str(answer).unwrap_or_default())
    })
}

fn remember_answers(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if let Some(key) = remembered(request).filter(|_| answer.status == StatusCode::OK)
        && memory.find(&key).is_none()
    {
        memory.keep(key, format!("{} {}", milliseconds(), answer.text()));
    }
    Then::Answer
}

fn deny_in_trouble(request: &Incoming, answer: &mut Outgoing, _: &mut Memory) -> Then {
    if answer.status == StatusCode::SERVICE_UNAVAILABLE {
        let status =
            if request.is_endpoint() { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        *answer = Outgoing::made_up(status, &json!({"error": "invalid_grant"}));
    }
    Then::Answer
}

fn refuse_for_ever(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    memory.find("trouble").filter(|_| request.is_endpoint())?;
    let mut answer = Outgoing::made_up(StatusCode::SERVICE_UNAVAILABLE, &json!({}));
    answer.set_header("retry-after", "1");
    Some(answer)
}

fn note_trouble(_: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if answer.status == StatusCode::SERVICE_UNAVAILABLE {
        memory.keep("trouble", "");
    }
    Then::Answer
}

fn hash_here(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    if request.method == Method::POST && request.path == "/sign-in" {
        drop(hash(&request.body, &SystemEntropy));
    }
    None
}
