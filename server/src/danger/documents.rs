//! Published documents that are not true, and registrations that are not bounded.

use axum::http::StatusCode;
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
    Fault::tampering(
        "resource-metadata-unpublished",
        "The resource metadata is nowhere.",
        Tampering {
            before: |request, _| {
                let is_asked = request.path.starts_with("/.well-known/oauth-protected-resource");
                is_asked.then(|| Outgoing::made_up(StatusCode::NOT_FOUND, &json!({})))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "methods-unadvertised",
        "The metadata says nothing of code challenges, nor of clients without a secret.",
        Tampering {
            after: |request, answer, _| {
                edit(SERVER, request, answer, |json| {
                    json["token_endpoint_auth_methods_supported"] =
                        json!(["client_secret_basic", "client_secret_post"]);
                    json.as_object_mut()
                        .map(|members| members.remove("code_challenge_methods_supported"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "documents-incomplete",
        "Published documents lack required members and have empty lists.",
        Tampering {
            after: |request, answer, _| {
                edit(RESOURCE, request, answer, |json| {
                    json["resource_signing_alg_values_supported"] = json!([]);
                });
                edit(SERVER, request, answer, |json| {
                    json.as_object_mut().map(|members| members.remove("response_types_supported"));
                })
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "registered-without-redirect",
        "A client is registered without a redirect URI.",
        Tampering {
            before: |request, _| {
                let uris = request.json().get("redirect_uris").cloned().unwrap_or_default();
                let is_bare = uris.as_array().is_none_or(Vec::is_empty);
                (request.path == "/oauth/register" && is_bare && request.json().is_object())
                    .then(|| Outgoing::made_up(StatusCode::CREATED, &json!({"client_id": "bare"})))
            },
            ..NOTHING
        },
    ),
    Fault::tampering(
        "registrations-evicted",
        "Only the eight newest clients are kept.",
        Tampering {
            before: |request, memory| {
                let client = request.parameter("client_id")?;
                let number: usize = memory.find(&client)?.parse().ok()?;
                let is_old = number + 8 < memory.texts.len();
                is_old.then(|| Outgoing::made_up(StatusCode::BAD_REQUEST, &json!({})))
            },
            after: |request, answer, memory| {
                let id = answer.json()["client_id"].as_str().map(str::to_owned);
                if let Some(id) = id.filter(|_| request.path == "/oauth/register") {
                    let number = memory.texts.len().to_string();
                    memory.keep(id, number);
                }
                Then::Answer
            },
        },
    ),
    Fault::tampering(
        "management-open",
        "Whoever knows a client's management address reads the client.",
        Tampering {
            before: |request, memory| {
                let client = request.path.strip_prefix("/oauth/register/")?;
                let text = memory.find(client)?;
                let json = serde_json::from_str(text).unwrap_or_default();
                Some(Outgoing::made_up(StatusCode::OK, &json))
            },
            after: |request, answer, memory| {
                let base = memory.base.clone();
                let then = edit("/oauth/register", request, answer, |json| {
                    let id = json["client_id"].as_str().unwrap_or_default().to_owned();
                    json["registration_client_uri"] = json!(format!("{base}/oauth/register/{id}"));
                    json["registration_access_token"] = json!(format!("manage-{id}"));
                });
                if let Some(id) = answer.json()["client_id"].as_str() {
                    memory.keep(id, answer.text());
                }
                then
            },
        },
    ),
    Fault::tampering(
        "any-address-is-a-client",
        "A client identifier that is an address stands for a client, whatever address it is.",
        Tampering {
            before: |request, memory| {
                let id = request.parameter("client_id").filter(|id| id.contains("://"))?;
                let last = memory.find("last").unwrap_or_default().to_owned();
                let encode = |text: &str| {
                    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                request.query = request.query.replace(&encode(&id), &encode(&last));
                None
            },
            after: |request, answer, memory| {
                let id = answer.json()["client_id"].as_str().map(str::to_owned);
                if let Some(id) = id.filter(|_| request.path == "/oauth/register") {
                    memory.keep("last", id);
                }
                Then::Answer
            },
        },
    ),
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
