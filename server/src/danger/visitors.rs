//! People and pages of other sites: sign-in, sign-out, connected applications, cookies and other origins.

use axum::http::header::{HOST, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "return-anywhere",
        "After sign-in the browser is sent wherever the form says.",
        Tampering {
            after: |request, answer, _| {
                let asked = request.field("return_to").filter(|_| request.path == "/sign-in");
                let place = asked.and_then(|place| HeaderValue::from_str(&place).ok());
                if let Some(place) = place.filter(|_| answer.status.is_redirection()) {
                    answer.headers.insert(LOCATION, place);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "return-by-prefix",
        "After sign-in the browser is sent to any address that begins like the server's own.",
        Tampering {
            after: |request, answer, memory| {
                let asked = request.field("return_to").filter(|_| request.path == "/sign-in");
                let asked = asked.filter(|place| place.starts_with(&memory.base));
                let place = asked.and_then(|place| HeaderValue::from_str(&place).ok());
                if let Some(place) = place.filter(|_| answer.status.is_redirection()) {
                    answer.headers.insert(LOCATION, place);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "sign-in-tells",
        "The sign-in page says whether it was the password.",
        Tampering {
            after: |request, answer, memory| {
                let Some(email) = request.field("email").filter(|_| request.path == "/sign-in")
                else {
                    return Then::Answer;
                };
                if answer.status.is_redirection() {
                    memory.keep(format!("account {email}"), "known");
                } else if memory.find(&format!("account {email}")).is_some() {
                    let told = "The password is wrong.";
                    let text =
                        answer.text().replace("The e-mail address or the password is wrong.", told);
                    answer.body = text.into_bytes();
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "redirects-to-forwarded-host",
        "Redirects are made absolute with the host that a proxy is said to have seen.",
        Tampering {
            after: |request, answer, _| {
                let host = request.header("x-forwarded-host");
                let place = answer.header("location").filter(|place| place.starts_with('/'));
                if let (Some(host), Some(place)) = (host, place) {
                    let place = format!("http://{host}{place}");
                    answer.set_header("location", &place);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "pages-at-any-host",
        "Pages answer to every host name, and name it.",
        Tampering {
            before: |request, memory| {
                let host = request.header("host").unwrap_or_default().to_owned();
                memory.keep("host", host);
                if !request.is_endpoint() && !request.path.starts_with("/.well-known") {
                    let own = memory.base.trim_start_matches("http://").to_owned();
                    if let Ok(own) = HeaderValue::from_str(&own) {
                        request.headers.insert(HOST, own);
                    }
                }
                None
            },
            after: |_, answer, memory| {
                let host = memory.find("host").unwrap_or_default();
                if answer.header("location").is_some() {
                    let cookie = format!("seen=1; Domain={host}; HttpOnly; SameSite=Lax");
                    answer.set_header("set-cookie", &cookie);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "disconnect-does-nothing",
        "Disconnecting an application changes the page and nothing else.",
        Tampering {
            before: |request, _| {
                let is_end = request.path.ends_with("/mcp/clients/disconnect");
                is_end.then(|| {
                    let mut answer = Outgoing::made_up(StatusCode::SEE_OTHER, &json!({}));
                    let list = request.path.trim_end_matches("/disconnect").to_owned();
                    answer.set_header("location", &list);
                    answer
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "applications-hidden",
        "The page of connected applications leaves out the newest.",
        Tampering {
            after: |request, answer, _| {
                if request.path.ends_with("/mcp/clients") && answer.is_html() {
                    let text = answer.text();
                    let rows: Vec<&str> = text.split("<tr>").collect();
                    let is_newest = |row: &&&str| row.contains(">Conformance ");
                    let newest = rows.iter().find(is_newest).copied().unwrap_or_default();
                    answer.body = text.replacen(newest, "", 1).into_bytes();
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "token-half-shown",
        "The list of tokens shows the first half of each.",
        Tampering {
            after: |request, answer, memory| {
                if request.path.ends_with("/mcp/tokens") && answer.is_html() {
                    let text = answer.text();
                    let shown = text.split("id=\"new-token\"").nth(1);
                    let shown = shown.and_then(|rest| rest.split('>').nth(1));
                    match shown.and_then(|rest| rest.get(..30)) {
                        Some(half) => memory.keep("half", half),
                        None => {
                            let half = memory.find("half").unwrap_or_default();
                            answer.body.extend_from_slice(format!("<p>{half}…</p>").as_bytes());
                        }
                    }
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "cors-at-authorize",
        "Pages of any origin may read the authorization endpoint.",
        Tampering {
            after: |request, answer, _| {
                let origin =
                    request.header("origin").filter(|_| request.path == "/oauth/authorize");
                if let Some(origin) = origin {
                    answer.set_header("access-control-allow-origin", origin);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "cors-with-credentials",
        "Pages of any origin may use the token endpoint with the person's cookies.",
        Tampering {
            after: |request, answer, _| {
                let is_open = ["/oauth/token", "/oauth/register", "/oauth/revoke"];
                let origin =
                    request.header("origin").filter(|_| is_open.contains(&request.path.as_str()));
                if let Some(origin) = origin {
                    answer.set_header("access-control-allow-origin", origin);
                    answer.set_header("access-control-allow-credentials", "true");
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "refusals-explain",
        "A refusal says whether the secret was ever good.",
        Tampering { after: explain, ..NOTHING },
    ),
];

/// Remembers every secret that goes out, and says so when one comes back in vain.
fn explain(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    let json = answer.json();
    for name in ["access_token", "refresh_token"] {
        if let Some(secret) = json[name].as_str() {
            memory.keep(format!("issued {secret}"), name);
        }
    }
    let place = answer.header("location").unwrap_or_default();
    let codes = place.split(['?', '&']).filter_map(|pair| pair.strip_prefix("code="));
    for code in codes.map(str::to_owned).collect::<Vec<_>>() {
        memory.keep(format!("issued {code}"), "code");
    }
    let fields = ["code", "refresh_token"].into_iter().filter_map(|name| request.field(name));
    let mut presented = fields.chain(request.bearer().map(str::to_owned));
    let was_good = presented.any(|secret| memory.find(&format!("issued {secret}")).is_some());
    let is_refused = answer.status.is_client_error() && request.method == Method::POST;
    if is_refused && was_good && json.is_object() {
        let mut json = json;
        json["hint"] = json!("It was issued, but it is not good here or not good any more.");
        answer.set_json(&json);
    }
    Then::Answer
}
