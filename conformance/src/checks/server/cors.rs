//! What pages of other origins may do from a person's browser.

use serde_json::json;

use crate::check::{Check, Level, lookout, rfc};
use crate::outcome::{Outcome, ensure, on};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::site::Site;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "cors/authorization-endpoint",
        level: Level::Must,
        clause: rfc(9700, "2.6"),
        claim: "No page of another origin may read the authorization endpoint.",
        needs: &[],
        run: authorization_endpoint,
    },
    Check {
        id: "cors/credentials",
        level: Level::Hardening,
        clause: lookout("a page of another origin never acts with a person's cookies"),
        claim: "No endpoint lets pages of other origins send cookies along.",
        needs: &[],
        run: credentials,
    },
];

const EVIL: &str = "https://evil.example";

/// The request itself, and the question that a browser asks before it.
fn asked_from(origin: &str, request: &Request) -> [Request; 2] {
    let preflight = Request::new("OPTIONS", &request.url)
        .header("origin", origin)
        .header("access-control-request-method", &request.method)
        .header("access-control-request-headers", "authorization, content-type");
    [request.clone().header("origin", origin), preflight]
}

fn allowed_origin(reply: &Reply) -> Option<&str> {
    reply.header("access-control-allow-origin")
}

fn authorization_endpoint(probe: &Probe<'_>) -> Outcome {
    let request = Request::get(probe.site().endpoint_of("authorization_endpoint")?);
    probe.for_each([EVIL, "null"], |origin| {
        for request in asked_from(origin, &request) {
            let reply = probe.send(&request)?;
            ensure(allowed_origin(&reply).is_none(), "no Access-Control-Allow-Origin", || {
                format!("{} with {:?}", reply.summary(), allowed_origin(&reply))
            })?;
        }
        Ok(())
    })
}

fn credentials(probe: &Probe<'_>) -> Outcome {
    let site = probe.site();
    let mut requests = vec![
        Request::get(Site::resource_metadata_address(&site.endpoint)),
        Request::get(Site::metadata_address(&site.issuer)),
        probe.message(&site.endpoint, "tools/list", json!({})),
    ];
    for member in ["token_endpoint", "revocation_endpoint"] {
        let form = [("client_id", "nobody")];
        requests.extend(site.endpoint_of(member).ok().map(|url| Request::post_form(url, &form)));
    }
    let register = site.endpoint_of("registration_endpoint").ok();
    requests.extend(register.map(|url| Request::post_json(url, &json!({}))));
    for request in &requests {
        probe.forget_transcript();
        for request in asked_from(EVIL, request) {
            let reply = probe.send(&request)?;
            let with_cookies = reply
                .header("access-control-allow-credentials")
                .is_some_and(|value| value.eq_ignore_ascii_case("true"));
            let is_open = with_cookies && allowed_origin(&reply).is_some();
            let expected = "no Access-Control-Allow-Credentials for another origin";
            on(&request.name(), ensure(!is_open, expected, || reply.summary()))?;
        }
    }
    Ok(())
}
