//! Dynamic client registration: what it refuses, and what it truly grants.

use serde_json::{Value, json};

use crate::check::{Capability, Check, Level, lookout, rfc};
use crate::outcome::{Outcome, ensure, on};
use crate::probe::Probe;
use crate::probe::authorize::Decision;
use crate::probe::browser::Landing;
use crate::probe::http::{Reply, Request};
use crate::probe::register::Method;
use crate::probe::site::strings;
use crate::property::scope::names;
use crate::property::uri::dangerous;

use super::robust::is_bounded;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "registration/dangerous-redirect",
        level: Level::Must,
        clause: rfc(7591, "5"),
        claim: "A redirect URI that runs code or travels in the clear is never registered.",
        needs: &[Capability::Registration],
        run: dangerous_redirect,
    },
    Check {
        id: "registration/effective-metadata",
        level: Level::Must,
        clause: rfc(7591, "3.2.1"),
        claim: "A registration response states the client's redirect URIs, method and secret as they are.",
        needs: &[Capability::Registration],
        run: effective_metadata,
    },
    Check {
        id: "registration/no-privilege",
        level: Level::Must,
        clause: rfc(7591, "3.2.1"),
        claim: "A client cannot choose its identifier, its secret, or a privilege by registering.",
        needs: &[Capability::Registration],
        run: no_privilege,
    },
    Check {
        id: "registration/unsupported",
        level: Level::Must,
        clause: rfc(7591, "2"),
        claim: "A method, grant or response type that the server lacks is never registered.",
        needs: &[Capability::Registration],
        run: unsupported,
    },
    Check {
        id: "registration/bounded",
        level: Level::Hardening,
        clause: rfc(7591, "5"),
        claim: "An outsized registration is refused.",
        needs: &[Capability::Registration, Capability::Stress],
        run: bounded,
    },
    Check {
        id: "registration/no-redirect",
        level: Level::Must,
        clause: rfc(7591, "5"),
        claim: "A client of the code flow is never registered without a redirect URI.",
        needs: &[Capability::Registration],
        run: no_redirect,
    },
    Check {
        id: "registration/kept",
        level: Level::Hardening,
        clause: lookout("an application stays registered, however many others come"),
        claim: "A client is still known after a dozen others registered.",
        needs: &[Capability::Registration],
        run: kept,
    },
    Check {
        id: "registration/management",
        level: Level::Must,
        clause: rfc(7592, "2"),
        claim: "A client's management address is open to its own registration token alone.",
        needs: &[Capability::Registration],
        run: management,
    },
];

const OWN: &str = "http://127.0.0.1:4711/callback";

fn is_refused(reply: &Reply, errors: &[&str]) -> Outcome {
    let error = reply.text("error").unwrap_or_default();
    ensure(
        reply.status == 400
            && errors.contains(&error.as_str())
            && reply.text("client_id").is_none(),
        format!("400 with error {}, and no client_id", errors.join(" or ")),
        || reply.summary(),
    )
}

fn dangerous_redirect(probe: &Probe<'_>) -> Outcome {
    probe.for_each(dangerous(), |(_, uri)| {
        let alone = probe.registration(Method::None, uri);
        is_refused(&probe.register(&alone)?, &["invalid_redirect_uri", "invalid_client_metadata"])
    })?;
    let mut second = probe.registration(Method::None, OWN);
    second["redirect_uris"] = json!([OWN, "javascript:alert(1)"]);
    is_refused(&probe.register(&second)?, &["invalid_redirect_uri", "invalid_client_metadata"])
}

fn effective_metadata(probe: &Probe<'_>) -> Outcome {
    let advertised = probe.site().advertised("token_endpoint_auth_methods_supported");
    let methods = [Method::None, Method::Basic, Method::Post];
    let offered =
        methods.iter().filter(|method| advertised.iter().any(|name| name == method.name()));
    for method in offered {
        let reply = probe.register(&probe.registration(*method, OWN))?;
        ensure(reply.status == 201, "201 for an ordinary registration", || reply.summary())?;
        let json = reply.json();
        ensure(strings(&json, "redirect_uris") == [OWN], format!("redirect_uris [{OWN}]"), || {
            format!("{:?}", json.get("redirect_uris"))
        })?;
        let effective = json.get("token_endpoint_auth_method").and_then(Value::as_str);
        ensure(effective == Some(method.name()), method.name(), || format!("{effective:?}"))?;
        let has_secret = json.get("client_secret").is_some();
        ensure(
            has_secret == (*method != Method::None),
            "a secret for a confidential client and none for a public one",
            || format!("{}: secret {has_secret}", method.name()),
        )?;
        let expires = json.get("client_secret_expires_at").is_some();
        ensure(!has_secret || expires, "client_secret_expires_at beside a secret", || {
            "it is missing".to_owned()
        })?;
    }
    Ok(())
}

fn no_privilege(probe: &Probe<'_>) -> Outcome {
    let mut document = probe.registration(Method::None, OWN);
    let chosen = format!("chosen-{}", probe.fresh_name());
    let wishes = json!({
        "client_id": chosen,
        "client_secret": "chosen-secret",
        "client_id_issued_at": 1,
        "trusted": true,
        "first_party": true,
        "skip_consent": true,
        "admin": true,
        "scope": format!("{} admin", probe.catalogue().scope_names().join(" ")),
        "software_statement": "eyJhbGciOiJub25lIn0.e30.",
    });
    for (name, value) in wishes.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    let reply = probe.register(&document)?.alive()?;
    if reply.status != 201 {
        return is_refused(
            &reply,
            &[
                "invalid_client_metadata",
                "invalid_software_statement",
                "unapproved_software_statement",
            ],
        );
    }
    let json = reply.json();
    for name in ["client_id", "client_secret"] {
        let given = json.get(name).and_then(Value::as_str).unwrap_or_default();
        let wished = wishes[name].as_str().unwrap_or_default();
        ensure(given != wished, format!("a {name} of the server's own"), || given.to_owned())?;
    }
    for name in ["trusted", "first_party", "skip_consent", "admin"] {
        let granted = json.get(name).and_then(Value::as_bool).unwrap_or(false);
        ensure(!granted, format!("no {name}"), || format!("{name} true"))?;
    }
    let client = crate::probe::register::Client {
        id: reply.text("client_id").unwrap_or_default(),
        secret: None,
        method: Method::None,
        redirect_uri: OWN.to_owned(),
    };
    // A scope may be registered that is never granted.
    let scopes = names(json.get("scope").and_then(Value::as_str).unwrap_or_default());
    if scopes.iter().any(|scope| scope == "admin") {
        let request = probe.authorization(&client).set("scope", "admin");
        if let Landing::Callback(callback) = probe.authorize(&request, &Decision::Allow)?
            && let Some(issued) = request.issued(&callback)
        {
            let granted = probe.redeem(&issued)?.tokens.scope.unwrap_or_default();
            let has_admin = names(&granted).iter().any(|scope| scope == "admin");
            ensure(!has_admin, "no token with a scope that the server does not have", || {
                format!("a token with scope {granted:?}")
            })?;
        }
    }
    if probe.asks_somebody().is_err() {
        return Ok(());
    }
    // The client that asked to skip consent is asked for consent like any other.
    let landing = probe.ask(&probe.authorization(&client))?;
    probe.gives_no_code(&landing)
}

fn unsupported(probe: &Probe<'_>) -> Outcome {
    let wishes = [
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_method", json!("tls_client_auth")),
        ("token_endpoint_auth_method", json!("nonsense")),
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["client_credentials"])),
        ("grant_types", json!(["implicit"])),
        ("response_types", json!(["token"])),
        ("response_types", json!(["code token"])),
    ];
    let advertised = |member: &str| {
        probe.site().advertised(&format!("{member}s_supported").replace("ss_", "s_"))
    };
    probe.for_each(wishes, |(member, wish)| {
        let asked: Vec<String> = match wish {
            Value::String(name) => vec![name.clone()],
            _ => wish
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|v| Some(v.as_str()?.to_owned()))
                .collect(),
        };
        if asked.iter().any(|name| advertised(member).contains(name)) {
            return Ok(());
        }
        let mut document = probe.registration(Method::None, OWN);
        document[*member] = wish.clone();
        let reply = probe.register(&document)?;
        if reply.status != 201 {
            return is_refused(&reply, &["invalid_client_metadata"]);
        }
        let effective = reply.json().get(*member).cloned().unwrap_or_default();
        let kept = |name: &String| {
            effective == json!(name) || strings(&reply.json(), member).contains(name)
        };
        ensure(!asked.iter().any(kept), format!("a {member} that is advertised"), || {
            effective.to_string()
        })
    })
}

fn bounded(probe: &Probe<'_>) -> Outcome {
    let many: Vec<String> = (0..5_000).map(|index| format!("{OWN}/{index}")).collect();
    let mut long_name = probe.registration(Method::None, OWN);
    long_name["client_name"] = json!("n".repeat(300_000));
    let mut many_uris = probe.registration(Method::None, OWN);
    many_uris["redirect_uris"] = json!(many);
    let mut long_uri = probe.registration(Method::None, OWN);
    long_uri["redirect_uris"] = json!([format!("{OWN}/{}", "u".repeat(100_000))]);
    let documents =
        [("a long name", long_name), ("many redirect URIs", many_uris), ("a long URI", long_uri)];
    let endpoint = probe.site().endpoint_of("registration_endpoint")?;
    for (what, document) in documents {
        is_bounded(probe, what, Request::post_json(&endpoint, &document))?;
    }
    Ok(())
}

fn no_redirect(probe: &Probe<'_>) -> Outcome {
    let mut without = probe.registration(Method::None, OWN);
    without.as_object_mut().map(|members| members.remove("redirect_uris"));
    let mut empty = probe.registration(Method::None, OWN);
    empty["redirect_uris"] = json!([]);
    for document in [without, empty] {
        let reply = probe.register(&document)?;
        is_refused(&reply, &["invalid_redirect_uri", "invalid_client_metadata"])?;
    }
    Ok(())
}

fn kept(probe: &Probe<'_>) -> Outcome {
    let first = probe.client()?;
    for _ in 0..12 {
        probe.new_client(Method::None)?;
    }
    let landing = probe.ask(&probe.authorization(&first))?;
    match landing {
        Landing::Page { reply, .. } => {
            ensure(reply.is_success(), "a known client", || reply.summary())
        }
        Landing::Callback(callback) => {
            ensure(callback.one("error").is_none(), "a known client", || callback.uri.clone())
        }
    }
}

fn management(probe: &Probe<'_>) -> Outcome {
    let register = || -> Outcome<(Option<String>, Option<String>)> {
        let document = probe.registration(Method::None, OWN);
        let reply = probe.register(&document)?.succeeded("register a client")?;
        let token = reply.text("registration_access_token");
        if let Some(token) = &token {
            probe.learn("registration token", token);
        }
        Ok((reply.text("registration_client_uri"), token))
    };
    let (Some(address), Some(own)) = register()? else {
        return probe.observe("no management of clients is offered");
    };
    let (_, other) = register()?;
    let bearing =
        |token: &str| Request::get(&address).header("authorization", format!("Bearer {token}"));
    let mut strangers = vec![
        ("no token", Request::get(&address)),
        ("a made-up token", bearing("made-up")),
        ("the own token, altered", bearing(&format!("{own}x"))),
    ];
    strangers.extend(other.map(|token| ("another client's token", bearing(&token))));
    for (what, request) in strangers {
        let reply = probe.send(&request)?;
        let refused = matches!(reply.status, 400 | 401 | 403) && reply.text("client_id").is_none();
        on(what, ensure(refused, "401 or 403", || reply.summary()))?;
    }
    Ok(())
}
