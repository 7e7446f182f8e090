//! Clients whose word is taken for what they did not prove or register.

use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Fault;
use super::tamper::{Incoming, Memory, Outgoing, Tampering, Then};

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "revocation-unauthenticated",
        "The revocation endpoint takes a client's word for who it is.",
        Tampering {
            before: |request, memory| {
                if request.path == "/oauth/revoke" {
                    authenticate_for_them(request, memory);
                }
                None
            },
            after: remember_registrations,
        },
    ),
    Fault::tampering(
        "refresh-unauthenticated",
        "A refresh takes a client's word for who it is.",
        Tampering {
            before: |request, memory| {
                if request.field("grant_type").as_deref() == Some("refresh_token") {
                    authenticate_for_them(request, memory);
                }
                None
            },
            after: remember_registrations,
        },
    ),
    Fault::tampering(
        "code-for-registered-redirects",
        "A code is redeemed with any redirect URI that its client registered.",
        Tampering {
            before: |request, memory| {
                let client =
                    request.field("client_id").filter(|_| request.path == "/oauth/token")?;
                let uri = request.field("redirect_uri")?;
                let registered: Value =
                    serde_json::from_str(memory.find(&client)?).unwrap_or_default();
                let uris = registered["redirect_uris"].as_array()?;
                let is_form = request.header("content-type")?.starts_with("application/x-www-form");
                let (named, others): (Vec<_>, Vec<_>) =
                    request.form().into_iter().partition(|(name, _)| name == "redirect_uri");
                if is_form && named.len() == 1 && uris.iter().any(|known| known == uri.as_str()) {
                    request.set_form(&others);
                }
                None
            },
            after: remember_registrations,
        },
    ),
];

fn remember_registrations(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    let json = answer.json();
    if let Some(client) = json["client_id"].as_str().filter(|_| request.path == "/oauth/register") {
        memory.keep(client, json.to_string());
    }
    Then::Answer
}

/// Puts the client's registered credentials in the place of the presented ones.
fn authenticate_for_them(request: &mut Incoming, memory: &Memory) -> Option<()> {
    let basic = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|pair| String::from_utf8(STANDARD.decode(pair).ok()?).ok());
    let named = basic.as_deref().and_then(|pair| pair.split_once(':')).map(|(id, _)| id.to_owned());
    let client = named.or_else(|| request.field("client_id"))?;
    let registered: Value = serde_json::from_str(memory.find(&client)?).unwrap_or_default();
    let secret = registered["client_secret"].as_str()?;
    let is_credential = |name: &str| matches!(name, "client_id" | "client_secret");
    let mut form: Vec<_> =
        request.form().into_iter().filter(|(name, _)| !is_credential(name)).collect();
    if registered["token_endpoint_auth_method"] == "client_secret_post" {
        form.push(("client_id".to_owned(), client));
        form.push(("client_secret".to_owned(), secret.to_owned()));
        request.headers.remove(AUTHORIZATION);
    } else {
        let pair = STANDARD.encode(format!("{client}:{secret}"));
        request.set_header("authorization", &format!("Basic {pair}"));
    }
    request.set_form(&form);
    Some(())
}
