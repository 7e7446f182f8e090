//! Hostile input: whatever is sent, no endpoint fails or falls over.

use serde_json::json;

use crate::check::{Capability, Check, Level, lookout};
use crate::outcome::{Outcome, ProbeError, ensure, on};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request, encode_form};
use crate::probe::mcp::bearing;
use crate::probe::register::Method;
use crate::property::body::{CONTENT_TYPES, bytes, hostile_json};
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "robust/endpoint-body",
        level: Level::Hardening,
        clause: lookout("no request makes a server fail"),
        claim: "No body sent to the MCP endpoint makes it fail.",
        needs: &[Capability::Token],
        run: endpoint_body,
    },
    Check {
        id: "robust/registration-body",
        level: Level::Hardening,
        clause: lookout("no request makes a server fail"),
        claim: "No body sent to the registration endpoint makes it fail.",
        needs: &[Capability::Registration],
        run: registration_body,
    },
    Check {
        id: "robust/form-body",
        level: Level::Hardening,
        clause: lookout("no request makes a server fail"),
        claim: "No body sent to the token or revocation endpoint makes it fail.",
        needs: &[],
        run: form_body,
    },
    Check {
        id: "robust/authorize-query",
        level: Level::Hardening,
        clause: lookout("no request makes a server fail"),
        claim: "No query sent to the authorization endpoint makes it fail.",
        needs: &[],
        run: authorize_query,
    },
    Check {
        id: "robust/oversize",
        level: Level::Hardening,
        clause: lookout("what a request may cost is bounded"),
        claim: "A body of megabytes is refused, and the server goes on answering.",
        needs: &[Capability::Stress],
        run: oversize,
    },
    Check {
        id: "robust/no-internals",
        level: Level::Hardening,
        clause: lookout("errors tell people what to do, and nothing about the inside"),
        claim: "No error answer shows a stack trace, a statement or a path of the server's.",
        needs: &[Capability::Registration],
        run: no_internals,
    },
];

fn survives(what: &str, reply: &Reply) -> Outcome {
    on(what, reply.is_no_failure())
}

fn endpoint_body(probe: &Probe<'_>) -> Outcome {
    let token = probe.token_of_all()?;
    let endpoint = &probe.site().endpoint;
    let post = |kind: &str, body: Vec<u8>| {
        probe.send(&bearing(Request::post(endpoint, kind, body), &token))
    };
    for (what, body) in hostile_json() {
        probe.forget_transcript();
        survives(what, &post("application/json", body.into_bytes())?)?;
    }
    for kind in CONTENT_TYPES {
        survives(kind, &post(kind, b"{}".to_vec())?)?;
    }
    probe.forall(&bytes(), |body| post("application/json", body.clone())?.is_no_failure())?;
    let params = json!({"name": ["not", "a", "name"], "arguments": "not an object", "cursor": -1});
    let reply = probe.mcp(&token, "tools/call", params)?;
    survives("wrong types in params", &reply)
}

fn registration_body(probe: &Probe<'_>) -> Outcome {
    let endpoint = probe.site().endpoint_of("registration_endpoint")?;
    for (what, body) in hostile_json() {
        probe.forget_transcript();
        let reply = probe.send(&Request::post(&endpoint, "application/json", body.into_bytes()))?;
        survives(what, &reply)?;
        let is_no_client = reply.text("client_id").is_none();
        on(what, ensure(is_no_client, "no client", || "a client was registered".to_owned()))?;
    }
    let good = probe.registration(Method::None, "http://127.0.0.1:4711/callback").to_string();
    for kind in CONTENT_TYPES {
        survives(kind, &probe.send(&Request::post(&endpoint, kind, good.clone().into_bytes()))?)?;
    }
    probe.forall(&bytes(), |body| {
        probe.send(&Request::post(&endpoint, "application/json", body.clone()))?.is_no_failure()
    })
}

fn form_body(probe: &Probe<'_>) -> Outcome {
    let form = "application/x-www-form-urlencoded";
    let hostile = [
        "",
        "&&&===",
        "%",
        "%zz=%zz",
        "grant_type",
        "grant_type=%00",
        "grant_type=authorization_code&code=%ff%fe",
        "grant_type=refresh_token&refresh_token=%F0%9F%92%A1",
        "grant_type=authorization_code&client_id=%00&code=%00&code_verifier=%00",
        "token=%ff&client_id=%ff",
        "a[]=1&a[b]=2",
    ];
    for member in ["token_endpoint", "revocation_endpoint"] {
        let Ok(endpoint) = probe.site().endpoint_of(member) else { continue };
        for body in hostile {
            probe.forget_transcript();
            survives(body, &probe.send(&Request::post(&endpoint, form, body.into()))?)?;
        }
        let basic = Request::post(&endpoint, form, b"grant_type=refresh_token".to_vec());
        for header in ["Basic", "Basic %%%", "Basic Og==", "Basic //79", "Bearer x"] {
            survives(header, &probe.send(&basic.clone().header("authorization", header))?)?;
        }
        probe.forall(&bytes(), |body| {
            probe.send(&Request::post(&endpoint, form, body.clone()))?.is_no_failure()
        })?;
    }
    Ok(())
}

fn authorize_query(probe: &Probe<'_>) -> Outcome {
    let endpoint = probe.site().endpoint_of("authorization_endpoint")?;
    let long = format!("state={}", "s".repeat(20_000));
    let queries = [
        "",
        "%",
        "%zz",
        "client_id=%00",
        "client_id=%ff",
        "client_id=a&client_id=a",
        "&&&&",
        &long,
    ];
    for query in queries {
        probe.forget_transcript();
        survives(query, &probe.send(&Request::get(format!("{endpoint}?{query}")))?)?;
    }
    let names = ["client_id", "redirect_uri", "scope", "state", "resource", "response_type"];
    let pairs = proptest::collection::vec(
        (proptest::sample::select(names.to_vec()), crate::property::body::opaque_text()),
        0..8,
    );
    probe.forall(&pairs, |pairs| {
        probe.send(&Request::get(format!("{endpoint}?{}", encode_form(pairs))))?.is_no_failure()
    })
}

fn oversize(probe: &Probe<'_>) -> Outcome {
    let megabytes = vec![b'a'; 8 << 20];
    let mut endpoints = vec![("the endpoint", probe.site().endpoint.clone(), "application/json")];
    for (member, kind) in [
        ("token_endpoint", "application/x-www-form-urlencoded"),
        ("revocation_endpoint", "application/x-www-form-urlencoded"),
        ("registration_endpoint", "application/json"),
    ] {
        endpoints
            .extend(probe.site().endpoint_of(member).ok().map(|address| (member, address, kind)));
    }
    for (what, address, kind) in endpoints {
        probe.forget_transcript();
        is_bounded(probe, what, Request::post(&address, kind, megabytes.clone()))?;
    }
    Ok(())
}

/// Holds when the server refuses what is too large, by a status or by closing the connection, and
/// goes on answering.
pub(super) fn is_bounded(probe: &Probe<'_>, what: &str, request: Request) -> Outcome {
    let address = request.url.clone();
    // The server may refuse on the announced length, before anything is sent.
    match probe.send(&request.header("expect", "100-continue")) {
        Ok(reply) => {
            let refused = (400..500).contains(&reply.status);
            on(what, ensure(refused, "a refusal in the 400s", || reply.summary()))?;
        }
        Err(ProbeError::NoAnswer { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    // An idle connection may have been closed along with the busy one.
    let mut answers = (0..3).map(|_| probe.send(&Request::get(&address)));
    ensure(answers.any(|answer| answer.is_ok()), "an answer afterwards", || "none".to_owned())
}

fn no_internals(probe: &Probe<'_>) -> Outcome {
    let token = Secret::new("nothing");
    let endpoint = probe.site().endpoint.clone();
    let authorize = probe.site().endpoint_of("authorization_endpoint")?;
    let client = probe.client()?;
    let replies = [
        probe.send(&Request::get(format!("{endpoint}/nothing/here")))?,
        probe.send(&Request::get(format!("{authorize}?client_id='%20OR%201=1--")))?,
        probe.token(&probe.refreshing(&client, &Secret::new("' OR 1=1 --")))?,
        probe
            .send(&bearing(Request::post(&endpoint, "application/json", b"{".to_vec()), &token))?,
        probe.register(&json!({"redirect_uris": [{"a": 1}]}))?,
    ];
    let tells = [
        "panicked at",
        "stack backtrace",
        ".rs:",
        "SELECT ",
        "sqlx",
        "rusqlite",
        "SQLSTATE",
        "/src/",
    ];
    for reply in replies {
        let told = tells.iter().find(|tell| reply.body.contains(**tell));
        ensure(told.is_none(), "an error without internals", || {
            format!("{} shows {told:?}", reply.summary())
        })?;
    }
    Ok(())
}
