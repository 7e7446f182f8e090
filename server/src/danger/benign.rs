//! Legal servers of other policies, to measure whether the harness raises a false alarm.
//!
//! Each differs from the strict server where the standards leave a choice, or in what nobody should depend on. None of them is a mistake.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};
use super::tokens::{issued, revocation_of};
use crate::authority::records::{Token, TokenKind};
use crate::authority::revoke::Reach;
use crate::authority::{Policy, Timestamp};

const STRICT: Policy = Policy::STRICT;
const SERVER: &str = "/.well-known/oauth-authorization-server";

/// The window of `grace-refresh`, in seconds.
pub const GRACE: u64 = 3;

/// How long `revocation-spreads` may answer from what it knew, in milliseconds.
pub const SPREAD: u64 = 400;

pub(super) const VARIANTS: &[Fault] = &[
    Fault::tampering(
        "found-for-see-other",
        "Redirects after a form are 302 in place of 303.",
        Tampering {
            after: |_, answer, _| {
                if answer.status == StatusCode::SEE_OTHER {
                    answer.status = StatusCode::FOUND;
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::decision(
        "grace-refresh",
        "A replaced refresh token may be used again for a few seconds.",
        Policy { refresh_unrotated: is_replaced_recently, ..STRICT },
    ),
    Fault::tampering(
        "failed-exchange-burns",
        "A failed exchange uses the code up.",
        Tampering { before: refuse_burnt, after: burn },
    ),
    Fault::decision(
        "access-revocation-cascades",
        "Revoking an access token ends its grant.",
        Policy {
            revocation_reach: |kind, _| match kind {
                TokenKind::Access | TokenKind::Refresh => Reach::Grant,
                TokenKind::Programmatic => Reach::Nothing,
            },
            ..STRICT
        },
    ),
    Fault::tampering(
        "richer-metadata",
        "The metadata has further members, in another order.",
        Tampering {
            after: |request, answer, _| {
                let is_metadata = request.path.starts_with("/.well-known/oauth-");
                if let (true, Value::Object(members)) = (is_metadata, answer.json()) {
                    let mut richer = json!({
                        "x_vendor": {"edition": 7},
                        "op_policy_uri": "https://lookout.example/policy",
                    });
                    for (name, value) in members.into_iter().rev() {
                        richer[name] = value;
                    }
                    answer.set_json(&richer);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "other-words",
        "Error descriptions and pages are worded differently.",
        Tampering {
            after: |request, answer, _| {
                let mut json = answer.json();
                if request.path.starts_with("/oauth/") && json.get("error").is_some() {
                    json["error_description"] = json!("no");
                    json["error_uri"] = json!("https://lookout.example/errors");
                    answer.set_json(&json);
                }
                if answer.is_html() {
                    answer.body = answer.text().replace(">Allow<", ">Approve<").into_bytes();
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "stranger-is-invalid-client",
        "A code presented by another client is answered invalid_client.",
        Tampering {
            after: |request, answer, memory| {
                if let Some(code) = request.field("code").filter(|_| request.path == "/oauth/token")
                {
                    let client = request.field("client_id").unwrap_or_default();
                    let is_stranger = memory.find(&code).is_some_and(|owner| owner != client);
                    if is_stranger && answer.status == StatusCode::BAD_REQUEST {
                        let mut json = answer.json();
                        json["error"] = json!("invalid_client");
                        answer.status = StatusCode::UNAUTHORIZED;
                        answer.set_header("www-authenticate", "Basic realm=\"token\"");
                        answer.set_json(&json);
                    }
                }
                remember_who_asked(request, answer, memory);
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "no-refresh-tokens",
        "No refresh tokens are issued.",
        Tampering {
            before: |request, _| {
                let is_refresh = request.path == "/oauth/token"
                    && request.field("grant_type").as_deref() == Some("refresh_token");
                is_refresh.then(|| refusal("unsupported_grant_type"))
            },
            after: |request, answer, _| {
                let mut json = answer.json();
                if request.path == "/oauth/token" && json.get("refresh_token").is_some() {
                    if let Some(members) = json.as_object_mut() {
                        members.remove("refresh_token");
                    }
                    answer.set_json(&json);
                }
                if request.path == SERVER && answer.status.is_success() {
                    json["grant_types_supported"] = json!(["authorization_code"]);
                    answer.set_json(&json);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "challenge-with-realm",
        "A challenge names a realm, and a second scheme is offered.",
        Tampering {
            after: |request, answer, _| {
                let challenge = answer.header("www-authenticate").map(str::to_owned);
                let bearer = challenge.as_deref().and_then(|text| text.strip_prefix("Bearer "));
                if let Some(rest) = bearer.filter(|_| request.is_endpoint()) {
                    let with_realm = format!("Bearer realm=\"lookout, \\\"mcp\\\"\", {rest}");
                    answer.set_header("www-authenticate", &with_realm);
                    let other = HeaderValue::from_static("Negotiate");
                    answer.headers.append("www-authenticate", other);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "lower-case-escapes",
        "Percent escapes in redirects are in lower case.",
        Tampering {
            after: |_, answer, _| {
                if let Some(location) = answer.header("location").map(lower_escapes) {
                    answer.set_header("location", &location);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::setting(
        "consent-replaces",
        "A new consent ends the client's older grants.",
        |settings| {
            settings.limits.grants_per_client = 1;
        },
    ),
    Fault::tampering(
        "consent-joins",
        "A person and a client have one grant, which a new consent joins.",
        Tampering { after: end_together, ..NOTHING },
    ),
    Fault {
        pause: Some(|_| Duration::from_millis(8)),
        ..Fault::tampering("slow", "Every answer takes its time.", NOTHING)
    },
    Fault::tampering(
        "revocation-spreads",
        "The endpoint may take a revoked token for live for a moment.",
        Tampering { after: answer_from_memory, ..NOTHING },
    ),
    Fault::tampering(
        "redirect-required-at-token",
        "A token request must repeat the redirect URI.",
        Tampering {
            before: |request, _| {
                let lacks = request.path == "/oauth/token"
                    && request.field("grant_type").as_deref() == Some("authorization_code")
                    && request.field("redirect_uri").is_none();
                lacks.then(|| refusal("invalid_request"))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "resource-required",
        "An authorization request must name the resource.",
        Tampering {
            before: |request, _| {
                if request.path == "/oauth/authorize"
                    && request.method == Method::GET
                    && request.parameter("client_id").is_some()
                    && request.parameter("resource").is_none()
                {
                    request.query.push_str("&resource=none");
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "refresh-ends-older-access",
        "A refresh ends the access tokens that were there before.",
        Tampering {
            after: |request, answer, memory| {
                let Some((access, refresh)) = issued(request, answer) else { return Then::Answer };
                let presented = request.field("refresh_token");
                let older = presented.and_then(|old| memory.find(&old).map(str::to_owned));
                memory.keep(refresh, access);
                let client = request.field("client_id").unwrap_or_default();
                Then::Also(older.iter().map(|old| revocation_of(request, old, &client)).collect())
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "consent-without-boxes",
        "A consent is for everything that was asked for, or for nothing.",
        Tampering {
            after: |request, answer, _| {
                if request.path == "/oauth/authorize" && answer.is_html() {
                    let html = answer.text();
                    let hidden = html.replace(
                        "type=\"checkbox\" name=\"scope\"",
                        "type=\"hidden\" name=\"scope\"",
                    );
                    answer.body = hidden.into_bytes();
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "scope-left-out",
        "A token response names the scope only where it is less than everything.",
        Tampering {
            after: |request, answer, _| {
                let mut json = answer.json();
                let is_all =
                    json.get("scope").and_then(Value::as_str) == Some("mcp:read mcp:write");
                if request.path == "/oauth/token" && is_all {
                    if let Some(members) = json.as_object_mut() {
                        members.remove("scope");
                    }
                    answer.set_json(&json);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
];

/// What ends one grant of a client ends all of them: any refresh token of a grant stands for it, a spent one too.
fn end_together(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    let mut own = request.form();
    own.retain(|(name, _)| name.starts_with("client_"));
    let client = format!("grants of {own:?} {:?}", request.header("authorization"));
    let known = memory.find(&client).unwrap_or_default().to_owned();
    if let Some((_, refresh)) = issued(request, answer) {
        let code = code(request).unwrap_or_default();
        memory.keep(client, format!("{known} {refresh} {code}"));
        return Then::Answer;
    }
    let is_end = match request.path.as_str() {
        "/oauth/revoke" => answer.status.is_success(),
        "/oauth/token" => answer.json()["error"] == "invalid_grant",
        _ => false,
    };
    let mut presented =
        ["token", "refresh_token", "code"].iter().filter_map(|name| request.field(name));
    if !is_end || !presented.any(|secret| known.split(' ').any(|known| known == secret)) {
        return Then::Answer;
    }
    memory.keep(client, String::new());
    let revocation = |token: &str| {
        let mut revocation = request.clone();
        "/oauth/revoke".clone_into(&mut revocation.path);
        revocation.set_form(&[own.clone(), vec![("token".to_owned(), token.to_owned())]].concat());
        revocation
    };
    Then::Also(
        known.split(' ').filter(|known| known.starts_with("lkort_")).map(revocation).collect(),
    )
}

fn refusal(error: &str) -> Outgoing {
    let mut refusal = Outgoing::made_up(StatusCode::BAD_REQUEST, &json!({"error": error}));
    refusal.set_header("cache-control", "no-store");
    refusal
}

#[expect(clippy::disallowed_methods, reason = "a decision about a token is not told the time")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn is_replaced_recently(token: &Token) -> bool {
    let window = i64::try_from(GRACE).unwrap_or(0);
    token.superseded_at.is_none_or(|at| now() < at.plus_seconds(window))
}

/// The code of a token request.
fn code(request: &Incoming) -> Option<String> {
    request.field("code").filter(|_| request.path == "/oauth/token")
}

fn refuse_burnt(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    if memory.find(&code(request)?) == Some("burnt") {
        // The strict server's own words for a code that it does not know.
        let form = request.form().into_iter().map(|(name, value)| match name.as_str() {
            "code" => (name, "lkoac_burnt".to_owned()),
            _ => (name, value),
        });
        request.set_form(&form.collect::<Vec<_>>());
    }
    None
}

fn burn(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if let Some(code) = code(request) {
        let is_redeemed = answer.status.is_success();
        if is_redeemed {
            memory.keep(code, "redeemed");
        } else if memory.find(&code).is_none()
            && answer.json()["error"] == "invalid_grant"
            && code.starts_with("lkoac_")
        {
            memory.keep(code, "burnt");
        }
    }
    Then::Answer
}

/// Keeps which client each code was issued to, from the redirect that carries it.
fn remember_who_asked(request: &Incoming, answer: &Outgoing, memory: &mut Memory) {
    // The client's name is on the page that was shown, by the request's own identifier.
    if request.path == "/oauth/token"
        && answer.status.is_success()
        && let (Some(code), Some(client)) = (request.field("code"), request.field("client_id"))
    {
        memory.keep(code, client);
    }
}

/// `%3A` as `%3a`.
fn lower_escapes(location: &str) -> String {
    let mut lower = String::with_capacity(location.len());
    let mut escaped = 0;
    for character in location.chars() {
        if escaped > 0 {
            escaped -= 1;
            lower.push(character.to_ascii_lowercase());
        } else {
            escaped = if character == '%' { 2 } else { 0 };
            lower.push(character);
        }
    }
    lower
}

/// A cache of answers to the same call, no older than the spread.
fn answer_from_memory(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    let Some(token) = request.bearer().filter(|_| request.is_endpoint()) else {
        return Then::Answer;
    };
    let body = String::from_utf8_lossy(&request.body);
    let key = format!("{} {} {token} {body}", request.method, request.path);
    let at = now().0;
    if answer.status == StatusCode::OK {
        memory.keep(key, format!("{at} {}", answer.text()));
    } else if answer.status == StatusCode::UNAUTHORIZED
        && let Some((kept, body)) = memory.find(&key).and_then(|kept| kept.split_once(' '))
        && kept.parse::<i64>().is_ok_and(|kept| at - kept < i64::try_from(SPREAD).unwrap_or(0))
    {
        *answer =
            Outgoing::made_up(StatusCode::OK, &serde_json::from_str(body).unwrap_or_default());
    }
    Then::Answer
}
