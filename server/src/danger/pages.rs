//! Pages that decide for the person, can be framed, or tell too much.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

const AUTHORIZE: &str = "/oauth/authorize";
const CONSENT: &str = "/oauth/consent";

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "consent-skipped",
        "A signed-in person is not asked.",
        Tampering { after: answer_in_their_place, ..NOTHING },
    ),
    Fault::tampering(
        "state-lost-with-the-code",
        "The state comes back with an error and not with a code.",
        Tampering {
            after: |_, answer, _| {
                let address = answer.header("location").filter(|to| to.contains("code=lkoac_"));
                if let Some(address) = address.map(str::to_owned) {
                    let parts = address.split('&').filter(|part| !part.starts_with("state="));
                    answer.set_header("location", &parts.collect::<Vec<_>>().join("&"));
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "redirect-repeats-the-form",
        "The answer to the consent form is a redirect that repeats it.",
        Tampering {
            after: |request, answer, _| {
                if request.path == CONSENT && answer.status == StatusCode::SEE_OTHER {
                    answer.status = StatusCode::TEMPORARY_REDIRECT;
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "unknown-client-redirected",
        "An error is sent to the redirect URI of a client that nobody knows.",
        Tampering {
            after: |request, answer, _| {
                let uri = request.parameter("redirect_uri").filter(|uri| !uri.is_empty());
                if request.path == AUTHORIZE
                    && answer.status == StatusCode::BAD_REQUEST
                    && let Some(uri) = uri.and_then(|uri| HeaderValue::from_str(&uri).ok())
                {
                    answer.status = StatusCode::SEE_OTHER;
                    answer.headers.insert(LOCATION, uri);
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "first-redirect-by-default",
        "A client with several redirect URIs that names none is sent to the first.",
        Tampering {
            before: |request, memory| {
                let client =
                    request.parameter("client_id").filter(|_| request.path == AUTHORIZE)?;
                if request.parameter("redirect_uri").is_none() {
                    let first = memory.find(&client)?;
                    request.query = format!("{}&redirect_uri={first}", request.query);
                }
                None
            },
            after: |request, answer, memory| {
                let json = answer.json();
                let first = json.pointer("/redirect_uris/0").and_then(Value::as_str);
                if request.path == "/oauth/register"
                    && let (Some(client), Some(first)) = (json["client_id"].as_str(), first)
                {
                    memory.keep(client, first);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "unknown-parameters-refused",
        "A parameter that the server does not know is an error.",
        Tampering {
            before: |request, _| {
                let is_unknown =
                    request.path == AUTHORIZE && request.parameter("x-unknown").is_some();
                is_unknown.then(|| Outgoing::made_up(StatusCode::BAD_REQUEST, &json!({})))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "names-unescaped",
        "Names on pages are not escaped.",
        Tampering {
            after: |_, answer, _| {
                if answer.is_html() {
                    let text = answer.text();
                    let text =
                        text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"");
                    let text =
                        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
                    answer.body = text.into_bytes();
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "redirect-host-hidden",
        "The consent page does not say where it leads.",
        Tampering {
            after: |_, answer, _| {
                if answer.is_html() {
                    answer.body = answer.text().replace("app.example", "the app").into_bytes();
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "bare-pages",
        "Pages and cookies carry none of the headers that protect them, error pages not even against framing.",
        Tampering { after: answer_barely, ..NOTHING },
    ),
    Fault::tampering(
        "session-fixed",
        "The cookie from before sign-in carries the session after it.",
        Tampering { before: follow_the_session, after: remember_the_session },
    ),
    Fault::tampering(
        "sign-out-keeps-the-session",
        "Signing out removes the cookie and leaves the session.",
        Tampering {
            before: |request, _| {
                (request.path == "/sign-out").then(|| {
                    let mut answer = Outgoing::made_up(StatusCode::SEE_OTHER, &json!({}));
                    answer.set_header("location", "/sign-in");
                    answer.set_header("set-cookie", "sid=; Path=/; HttpOnly; Max-Age=0");
                    answer
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "token-shown-again",
        "The tokens page shows the newest token whenever it is opened.",
        Tampering {
            after: |request, answer, memory| {
                if request.path.ends_with("/mcp/tokens") && answer.is_html() {
                    let text = answer.text();
                    let shown = text.split("id=\"new-token\"").nth(1);
                    let shown = shown.and_then(|rest| rest.split('>').nth(1));
                    match shown.and_then(|rest| rest.split('<').next()) {
                        Some(token) => memory.keep("token", token),
                        None => {
                            let token = memory.find("token").unwrap_or_default();
                            answer.body.extend_from_slice(format!("<p>{token}</p>").as_bytes());
                        }
                    }
                }
                Then::Answer
            },
            ..NOTHING
        },
    ),
];

fn answer_barely(_: &Incoming, answer: &mut Outgoing, _: &mut Memory) -> Then {
    if answer.is_html() {
        answer.headers.remove(CACHE_CONTROL);
        answer.headers.remove(REFERRER_POLICY);
        answer.set_header("content-security-policy", "frame-ancestors 'none'");
        if !answer.status.is_success() {
            answer.headers.remove(X_FRAME_OPTIONS);
            answer.headers.remove(CONTENT_SECURITY_POLICY);
        }
    }
    if let Some(cookie) = answer.header("set-cookie").map(str::to_owned) {
        answer.set_header("set-cookie", &cookie.replace("; HttpOnly", ""));
    }
    Then::Answer
}

/// The value of the hidden field `name` on a page of ours.
fn hidden(html: &str, name: &str) -> Option<String> {
    let after = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    after.split('"').next().map(str::to_owned)
}

fn answer_in_their_place(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if request.path != AUTHORIZE || request.method != Method::GET || !answer.status.is_success() {
        return Then::Answer;
    }
    let html = answer.text();
    let mut form = vec![("decision".to_owned(), "allow".to_owned())];
    for name in ["request", "csrf", "workspace"] {
        let Some(value) = hidden(&html, name) else { return Then::Answer };
        form.push((name.to_owned(), value));
    }
    for scope in ["mcp:read", "mcp:write"] {
        if html.contains(&format!("value=\"{scope}\"")) {
            form.push(("scope".to_owned(), scope.to_owned()));
        }
    }
    let mut consent = request.clone();
    consent.method = Method::POST;
    CONSENT.clone_into(&mut consent.path);
    consent.query = String::new();
    consent.set_form(&form);
    let own = memory.base.clone();
    consent.set_header("origin", &own);
    Then::Instead(consent)
}

/// The session cookie that a `Cookie` or `Set-Cookie` header begins with.
fn session(header: &str) -> Option<String> {
    let pair = header.split(';').next()?.trim();
    pair.starts_with("sid=").then(|| pair.to_owned())
}

fn remember_the_session(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    let before = request.header("cookie").and_then(session);
    let after =
        answer.headers.get(SET_COOKIE).and_then(|value| value.to_str().ok()).and_then(session);
    if let (Some(before), Some(after)) = (before, after)
        && request.path == "/sign-in"
        && request.method == Method::POST
    {
        memory.keep(before, after);
    }
    Then::Answer
}

fn follow_the_session(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    let later = request
        .header("cookie")
        .and_then(session)
        .and_then(|sid| memory.find(&sid).map(str::to_owned));
    if let Some(later) = later.filter(|_| request.path != "/sign-in") {
        request.set_header("cookie", &later);
    }
    None
}
