//! Tokens that are looked up, kept or ended wrongly.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Fault;
use super::documents::edit;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "found-by-prefix",
        "A secret is looked up by its first characters.",
        Tampering { before: complete_known_secrets, after: remember_secrets },
    ),
    Fault::tampering(
        "numbered-tokens",
        "Access tokens are numbers, counted up.",
        Tampering { before: number_to_token, after: token_to_number },
    ),
    Fault::tampering(
        "access-token-refreshes",
        "An access token is accepted where a refresh token belongs.",
        Tampering {
            before: |request, memory| {
                let presented = request.field("refresh_token")?;
                let partner = memory.find(&format!("refresh of {presented}"))?.to_owned();
                replace(request, "refresh_token", &partner);
                None
            },
            after: |request, answer, memory| {
                if let Some((access, refresh)) = issued(request, answer) {
                    memory.keep(format!("refresh of {access}"), refresh);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "refresh-token-redeemed",
        "A refresh token is accepted where a code belongs.",
        Tampering {
            before: |request, _| {
                let code = request.field("code").filter(|code| code.starts_with("lkort_"))?;
                let client = request.field("client_id").unwrap_or_default();
                request.set_form(&[
                    ("grant_type".to_owned(), "refresh_token".to_owned()),
                    ("refresh_token".to_owned(), code),
                    ("client_id".to_owned(), client),
                ]);
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "answers-cached",
        "The endpoint answers from a cache that a revocation does not empty.",
        Tampering { before: answer_from_the_cache, after: fill_the_cache },
    ),
    Fault::tampering(
        "reuse-ends-the-client",
        "Reuse of a refresh token ends every grant of its client.",
        Tampering {
            after: |request, answer, memory| {
                remember_of_client(request, answer, memory);
                let is_refused = request.path == "/oauth/token"
                    && answer.status == StatusCode::BAD_REQUEST
                    && request.field("grant_type").as_deref() == Some("refresh_token");
                if is_refused { revoke_all_of_client(request, memory) } else { Then::Answer }
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "revocation-ends-the-client",
        "Revoking one grant ends every grant of its client.",
        Tampering {
            after: |request, answer, memory| {
                remember_of_client(request, answer, memory);
                if request.path == "/oauth/revoke" {
                    revoke_all_of_client(request, memory)
                } else {
                    Then::Answer
                }
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "foreign-replay-revokes",
        "A used code ends its grant, whoever presents it.",
        Tampering {
            before: |request, memory| {
                let code = request.field("code").filter(|_| request.path == "/oauth/token")?;
                let owner = memory.find(&format!("redeemer of {code}"))?.to_owned();
                replace(request, "client_id", &owner);
                None
            },
            after: |request, answer, memory| {
                if issued(request, answer).is_some()
                    && let (Some(code), Some(client)) =
                        (request.field("code"), request.field("client_id"))
                {
                    memory.keep(format!("redeemer of {code}"), client);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "tokens-cacheable",
        "Answers of the token endpoint may be cached.",
        Tampering {
            after: |request, answer, _| {
                if request.path == "/oauth/token" {
                    answer.headers.remove("cache-control");
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "little-chance",
        "Only four characters of an access token are chance.",
        Tampering {
            before: number_to_token,
            after: |request, answer, memory| {
                if let Some((access, _)) = issued(request, answer) {
                    let alias = format!("lkoat_{}{:045}", &access[6..10], 0);
                    edit("/oauth/token", request, answer, |json| {
                        json["access_token"] = json!(alias);
                    });
                    memory.keep(alias, access);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "tokens-in-pairs",
        "Every second access token is the one before it with another end.",
        Tampering {
            before: number_to_token,
            after: |request, answer, memory| {
                if let Some((access, _)) = issued(request, answer) {
                    let client = request.field("client_id").unwrap_or_default();
                    let key = format!("last of {client}");
                    let alias = match memory.find(&key).filter(|last| !last.is_empty()) {
                        Some(last) => format!("{}{}", &last[..45], &access[45..]),
                        None => access.clone(),
                    };
                    let next = if alias == access { access.clone() } else { String::new() };
                    memory.keep(key, next);
                    edit("/oauth/token", request, answer, |json| {
                        json["access_token"] = json!(alias);
                    });
                    memory.keep(alias, access);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "step-up-widens-all",
        "A client's older tokens may do whatever its newest may.",
        Tampering {
            before: |request, memory| {
                let owner = memory.find(&format!("owner of {}", request.bearer()?))?;
                let newest = memory.find(&format!("newest of {owner}"))?.to_owned();
                request.set_header("authorization", &format!("Bearer {newest}"));
                None
            },
            after: |request, answer, memory| {
                if let (Some((access, _)), Some(client)) =
                    (issued(request, answer), request.field("client_id"))
                {
                    memory.keep(format!("owner of {access}"), client.clone());
                    if request.field("grant_type").as_deref() == Some("authorization_code") {
                        memory.keep(format!("newest of {client}"), access);
                    }
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "lifetime-unsaid",
        "A token response does not say how long the token lives.",
        Tampering {
            after: |request, answer, _| {
                edit("/oauth/token", request, answer, |json| {
                    json.as_object_mut().map(|members| members.remove("expires_in"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "errors-of-its-own",
        "Errors of the token endpoint have names of the server's own, and so do unknown parameters.",
        Tampering {
            before: |request, _| {
                let is_unknown =
                    request.path == "/oauth/token" && request.field("x-unknown").is_some();
                is_unknown.then(|| {
                    Outgoing::made_up(
                        StatusCode::BAD_REQUEST,
                        &json!({"error": "unknown_parameter"}),
                    )
                })
            },
            after: |request, answer, _| {
                let mut json = answer.json();
                let own = match json["error"].as_str() {
                    Some("unsupported_grant_type") => "no_such_grant",
                    Some("invalid_client") => "no_such_client",
                    _ => return Then::Answer,
                };
                if request.path == "/oauth/token" {
                    json["error"] = json!(own);
                    answer.set_json(&json);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "errors-as-pages",
        "Errors of the token endpoint are pages for people.",
        Tampering {
            after: |request, answer, _| {
                if request.path == "/oauth/token" && answer.status.is_client_error() {
                    answer.set_header("content-type", "text/html");
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
];

/// As many characters as a server shows of a token in a list.
const SHOWN: usize = 16;

fn replace(request: &mut Incoming, name: &str, value: &str) {
    let mut form = request.form();
    for (_, old) in form.iter_mut().filter(|(have, _)| have == name) {
        value.clone_into(old);
    }
    request.set_form(&form);
}

/// The access and the refresh token of a token response.
pub(super) fn issued(request: &Incoming, answer: &Outgoing) -> Option<(String, String)> {
    if request.path != "/oauth/token" || !answer.status.is_success() {
        return None;
    }
    let json = answer.json();
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("access_token")?, text("refresh_token").unwrap_or_default()))
}

fn remember_secrets(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    let mut texts = vec![answer.text()];
    texts.extend(answer.header("location").map(str::to_owned));
    if !answer.status.is_success() && !answer.status.is_redirection()
        || request.path == "/oauth/authorize"
    {
        return Then::Answer;
    }
    for text in texts {
        for (start, _) in text.match_indices("lk") {
            let secret: String = text[start..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if secret.len() == 55 {
                memory.keep(secret[..SHOWN].to_owned(), secret);
            }
        }
    }
    Then::Answer
}

fn complete_known_secrets(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    let complete = |presented: &str| {
        presented.get(..SHOWN).and_then(|shown| memory.find(shown)).map(str::to_owned)
    };
    if let Some(token) = request.bearer().and_then(complete) {
        request.set_header("authorization", &format!("Bearer {token}"));
    }
    for name in ["code", "refresh_token"] {
        if let Some(secret) = request.field(name).as_deref().and_then(complete) {
            replace(request, name, &secret);
        }
    }
    None
}

fn token_to_number(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if let Some((access, _)) = issued(request, answer) {
        let number = format!("lkoat_{:049}", memory.texts.len());
        edit("/oauth/token", request, answer, |json| json["access_token"] = json!(number));
        memory.keep(number, access);
    }
    Then::Answer
}

fn number_to_token(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    if let Some(token) = request.bearer().and_then(|number| memory.find(number)).map(str::to_owned)
    {
        request.set_header("authorization", &format!("Bearer {token}"));
    }
    for name in ["token", "refresh_token", "code"] {
        let known = request.field(name).and_then(|number| memory.find(&number).map(str::to_owned));
        if let Some(token) = known {
            replace(request, name, &token);
        }
    }
    None
}

fn cache_key(request: &Incoming) -> Option<String> {
    let token =
        request.bearer().filter(|_| request.is_endpoint() && request.method == Method::POST)?;
    let headers = format!("{:?}", request.headers);
    Some(format!("{} {token} {headers} {}", request.path, String::from_utf8_lossy(&request.body)))
}

fn answer_from_the_cache(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    let body = memory.find(&cache_key(request)?)?;
    Some(Outgoing::made_up(StatusCode::OK, &serde_json::from_str(body).unwrap_or_default()))
}

fn fill_the_cache(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if let Some(key) = cache_key(request).filter(|_| answer.status == StatusCode::OK) {
        memory.keep(key, answer.text());
    }
    Then::Answer
}

fn remember_of_client(request: &Incoming, answer: &Outgoing, memory: &mut Memory) {
    if let (Some((_, refresh)), Some(client)) =
        (issued(request, answer), request.field("client_id"))
    {
        let key = format!("tokens of {client}");
        let known = memory.find(&key).unwrap_or_default().to_owned();
        memory.keep(key, format!("{known} {refresh}"));
    }
}

fn revoke_all_of_client(request: &Incoming, memory: &Memory) -> Then {
    let client = request.field("client_id").unwrap_or_default();
    let tokens = memory.find(&format!("tokens of {client}")).unwrap_or_default();
    let revocations = tokens.split_whitespace().map(|token| revocation_of(request, token, &client));
    Then::Also(revocations.collect())
}

/// The revocation of `token` by the public client `client`, sent like `request`.
pub(super) fn revocation_of(request: &Incoming, token: &str, client: &str) -> Incoming {
    let mut revocation = request.clone();
    "/oauth/revoke".clone_into(&mut revocation.path);
    revocation.set_form(&[
        ("token".to_owned(), token.to_owned()),
        ("client_id".to_owned(), client.to_owned()),
    ]);
    revocation
}
