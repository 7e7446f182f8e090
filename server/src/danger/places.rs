//! Credentials and parameters that are taken from the wrong place.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "token-found-anywhere",
        "A token is picked out of the address, an invented header or a malformed Authorization header.",
        Tampering { before: find_a_token, ..NOTHING },
    ),
    Fault::tampering(
        "scheme-in-one-case",
        "The scheme Bearer is accepted in one spelling only.",
        Tampering {
            before: |request, _| {
                let is_other = |value: &str| !value.starts_with("Bearer ");
                if request.is_endpoint() && request.header("authorization").is_some_and(is_other) {
                    request.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer none"));
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "last-token-remembered",
        "A request without a token is taken for one of the caller before.",
        Tampering {
            before: |request, memory| {
                match (request.bearer().map(str::to_owned), request.is_endpoint()) {
                    (Some(token), true) => memory.keep("last", token),
                    (None, true) if request.header("cookie").is_none() => {
                        let last = memory.find("last").unwrap_or("none");
                        request.set_header("authorization", &format!("Bearer {last}"));
                    }
                    _ => {}
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "session-opens-endpoint",
        "A signed-in browser reaches the endpoint with its cookie.",
        Tampering {
            before: |request, memory| {
                let is_bare = request.is_endpoint() && request.bearer().is_none();
                if is_bare && request.header("cookie").is_some() {
                    let token = memory.find("token").unwrap_or("none").to_owned();
                    request.set_header("authorization", &format!("Bearer {token}"));
                }
                None
            },
            after: |request, answer, memory| {
                if let Some(token) = answer.json()["access_token"].as_str()
                    && request.path == "/oauth/token"
                {
                    memory.keep("token", token);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "token-opens-pages",
        "A bearer token opens the pages of the person that it belongs to.",
        Tampering {
            before: |request, memory| {
                if let Some(cookie) = request.header("cookie").map(str::to_owned) {
                    memory.keep("cookie", cookie);
                } else if request.path.starts_with("/w/") && request.bearer().is_some() {
                    let cookie = memory.find("cookie").unwrap_or_default().to_owned();
                    request.set_header("cookie", &cookie);
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "forms-by-get",
        "Form endpoints answer GET and read the address as the form.",
        Tampering { before: read_the_address_as_the_form, ..NOTHING },
    ),
    Fault::tampering(
        "token-request-in-json",
        "A token request may be JSON.",
        Tampering {
            before: |request, _| {
                let kind = request.headers.get(CONTENT_TYPE);
                let is_json = kind.is_some_and(|kind| kind == "application/json");
                if request.path == "/oauth/token" && is_json {
                    let json = request.json();
                    let members = json.as_object().into_iter().flatten();
                    let form: Vec<(String, String)> = members
                        .filter_map(|(name, value)| {
                            Some((name.clone(), value.as_str()?.to_owned()))
                        })
                        .collect();
                    request.set_form(&form);
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "basic-ignored",
        "Client authentication in the Authorization header is advertised and not read.",
        Tampering {
            before: |request, _| {
                if request.path == "/oauth/token" {
                    request.headers.remove(AUTHORIZATION);
                }
                None
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "any-host",
        "The endpoint answers under every host name.",
        Tampering {
            before: |request, memory| {
                if request.is_endpoint() {
                    let own = memory.base.trim_start_matches("http://").to_owned();
                    request.set_header("host", &own);
                }
                None
            },
            ..NOTHING
        },
    ),
];

fn find_a_token(request: &mut Incoming, _: &mut Memory) -> Option<Outgoing> {
    if !request.is_endpoint() {
        return None;
    }
    let headers =
        ["authorization", "x-access-token"].map(|name| request.header(name).unwrap_or_default());
    let places = format!("{} {}", headers.join(" "), request.query);
    let start = places.find("lkoat_")?;
    let is_token = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let token: String = places[start..].chars().take_while(is_token).collect();
    request.headers.remove(AUTHORIZATION);
    request.set_header("authorization", &format!("Bearer {token}"));
    None
}

fn read_the_address_as_the_form(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    let is_form =
        ["/oauth/token", "/oauth/revoke", "/oauth/consent"].contains(&request.path.as_str());
    if is_form && request.method == Method::GET {
        request.method = Method::POST;
        request.body = std::mem::take(&mut request.query).into_bytes();
        request.set_header("content-type", "application/x-www-form-urlencoded");
        let own = memory.base.clone();
        request.set_header("origin", &own);
    }
    None
}
