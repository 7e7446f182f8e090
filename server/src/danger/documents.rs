//! Published documents that are not true, and registrations that are not bounded.

use serde_json::{Value, json};

use super::Fault;
use super::tamper::{Incoming, Memory, NOTHING, Outgoing, Tampering, Then};

const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
const SERVER: &str = "/.well-known/oauth-authorization-server";

pub(super) const FAULTS: &[Fault] = &[
    Fault::tampering(
        "resource-with-slash",
        "The resource metadata names the endpoint with a slash behind it.",
        Tampering {
            after: |request, answer, _| {
                edit(RESOURCE, request, answer, |json| {
                    let named = json["resource"].as_str().unwrap_or_default();
                    json["resource"] = json!(format!("{named}/"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "issuer-with-slash",
        "The metadata names the issuer with a slash behind it.",
        Tampering {
            after: |request, answer, _| {
                edit(SERVER, request, answer, |json| {
                    let named = json["issuer"].as_str().unwrap_or_default();
                    json["issuer"] = json!(format!("{named}/"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "metadata-from-a-template",
        "The metadata is a template that claims what others support, and an address in the clear.",
        Tampering { after: answer_with_a_template, ..NOTHING },
    ),
    Fault::tampering(
        "metadata-from-host",
        "Addresses in published documents are made from the Host header.",
        Tampering { before: take_any_host, after: answer_with_that_host },
    ),
    Fault::tampering(
        "registration-misreported",
        "A registration response repeats the wishes, and leaves out what was registered.",
        Tampering {
            after: |request, answer, _| {
                let asked = request.json();
                edit("/oauth/register", request, answer, |json| {
                    for (name, value) in asked.as_object().into_iter().flatten() {
                        if name != "client_id" && name != "client_secret" {
                            json[name] = value.clone();
                        }
                    }
                    json.as_object_mut().map(|members| members.remove("redirect_uris"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "unsupported-registered",
        "A registration with unknown methods and grants is accepted as if it were an ordinary one.",
        Tampering {
            before: |request, _| {
                if request.path == "/oauth/register" {
                    let mut json = request.json();
                    if let Some(members) = json.as_object_mut() {
                        for name in ["grant_types", "response_types"] {
                            members.remove(name);
                        }
                        request.body = json.to_string().into_bytes();
                    }
                }
                None
            },
            after: |request, answer, _| {
                let asked = request.json();
                edit("/oauth/register", request, answer, |json| {
                    let method = &asked["token_endpoint_auth_method"];
                    json["token_endpoint_auth_method"] = method.clone();
                    json["grant_types"] = json!(["password", "client_credentials", "implicit"]);
                })
            },
        },
    ),
    Fault::setting("registration-unbounded", "A registration may be of any size.", |settings| {
        settings.limits.registration_bytes = 1 << 20;
        settings.limits.redirect_uris = 1_000_000;
    }),
];

/// Changes the JSON of a successful answer at `path`.
pub(super) fn edit(
    path: &str,
    request: &Incoming,
    answer: &mut Outgoing,
    change: impl FnOnce(&mut Value),
) -> Then {
    if request.path == path && answer.status.is_success() {
        let mut json = answer.json();
        change(&mut json);
        answer.set_json(&json);
    }
    Then::Answer
}

fn answer_with_a_template(request: &Incoming, answer: &mut Outgoing, _: &mut Memory) -> Then {
    edit(RESOURCE, request, answer, |json| {
        json["scopes_supported"] = json!(["mcp:read", "mcp:write", "offline_access"]);
    });
    edit(SERVER, request, answer, |json| {
        json["code_challenge_methods_supported"] = json!(["plain", "S256"]);
        json["grant_types_supported"] = json!(["authorization_code", "refresh_token", "password"]);
        json["introspection_endpoint"] = json!("http://lookout.example/introspect");
    })
}

fn take_any_host(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    if request.path.starts_with("/.well-known/") {
        let host = request.header("host").unwrap_or_default().to_owned();
        memory.keep("host", host);
        let own = memory.base.trim_start_matches("http://").to_owned();
        request.set_header("host", &own);
    }
    None
}

fn answer_with_that_host(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if request.path.starts_with("/.well-known/") {
        let host = memory.find("host").unwrap_or_default();
        answer.body = answer.text().replace(&memory.base, &format!("http://{host}")).into_bytes();
    }
    Then::Answer
}
