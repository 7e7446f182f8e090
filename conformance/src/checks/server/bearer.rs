//! Where a token may stand, and that only the exact token counts.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::check::{Capability, Check, Level, mcp, rfc};
use crate::outcome::{Outcome, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::http::{Request, encode_form};
use crate::probe::mcp::{bearing, rpc};
use crate::probe::token::Grant;
use crate::property::header::values;
use crate::property::token::mutation;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "bearer/header-works",
        level: Level::Must,
        clause: rfc(6750, "2.1"),
        claim: "A token in the Authorization header is accepted, the scheme in any case.",
        needs: &[Capability::Token],
        run: header_works,
    },
    Check {
        id: "bearer/query",
        level: Level::Must,
        clause: mcp("basic/authorization#token-requirements"),
        claim: "A token in the address is never accepted.",
        needs: &[Capability::Token],
        run: query,
    },
    Check {
        id: "bearer/body",
        level: Level::Must,
        clause: mcp("basic/authorization#token-requirements"),
        claim: "A token in the body, a cookie or another header is never accepted.",
        needs: &[Capability::Token],
        run: body,
    },
    Check {
        id: "bearer/two-headers",
        level: Level::Should,
        clause: rfc(6750, "3.1"),
        claim: "A request with two Authorization headers is refused, whichever of them is good.",
        needs: &[Capability::Token],
        run: two_headers,
    },
    Check {
        id: "bearer/malformed",
        level: Level::Must,
        clause: rfc(6750, "2.1"),
        claim: "A good token in a malformed Authorization header is never accepted.",
        needs: &[Capability::Token],
        run: malformed,
    },
    Check {
        id: "bearer/altered",
        level: Level::Must,
        clause: mcp("basic/authorization#token-handling"),
        claim: "Only the exact token is accepted, never one that differs in any character.",
        needs: &[Capability::Token],
        run: altered,
    },
    Check {
        id: "bearer/every-request",
        level: Level::Must,
        clause: mcp("basic/authorization#token-requirements"),
        claim: "A token on one request authorizes no other request of the same connection.",
        needs: &[Capability::Token],
        run: every_request,
    },
    Check {
        id: "bearer/lifetime",
        level: Level::Should,
        clause: rfc(6749, "5.1"),
        claim: "A token that nobody ended works until the lifetime that its response named is nearly over.",
        needs: &[Capability::Consent],
        run: lifetime,
    },
    Check {
        id: "bearer/expiry",
        level: Level::Must,
        clause: mcp("basic/authorization#token-handling"),
        claim: "An access token is refused once its lifetime is over.",
        needs: &[Capability::Consent],
        run: expiry,
    },
];

fn message(probe: &Probe<'_>) -> Request {
    probe.message(&probe.site().endpoint, probe.site().heartbeat, json!({}))
}

fn token(probe: &Probe<'_>) -> Outcome<Secret> {
    let token = probe.token_of_all()?;
    probe.works_before(&token)?;
    Ok(token)
}

fn header_works(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(values().into_iter().filter(|value| value.admitted), |value| {
        let request = message(probe).header("authorization", value.with(token.expose()));
        let reply = probe.send(&request)?.alive()?;
        let answered = reply.status == 200 || rpc(&reply).get("result").is_some();
        ensure(answered || reply.status != 401, "200", || reply.summary())
    })
}

fn query(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(["access_token", "token", "bearer", "authorization"], |name| {
        let mut request = message(probe);
        request.url = format!("{}?{}", request.url, encode_form(&[(*name, token.expose())]));
        probe.send(&request)?.has_status(&[400, 401])
    })
}

fn body(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let secret = token.expose();
    let endpoint = &probe.site().endpoint;
    let in_params = json!({"access_token": secret, "_token": secret});
    let placements = [
        ("a form", Request::post_form(endpoint, &[("access_token", secret)])),
        ("params", probe.message(endpoint, "tools/list", in_params)),
        (
            "a cookie",
            message(probe).header("cookie", format!("access_token={secret}; token={secret}")),
        ),
        ("X-Access-Token", message(probe).header("x-access-token", secret)),
        ("X-Authorization", message(probe).header("x-authorization", format!("Bearer {secret}"))),
        (
            "Proxy-Authorization",
            message(probe).header("proxy-authorization", format!("Bearer {secret}")),
        ),
        ("Mcp-Session-Id", message(probe).header("mcp-session-id", secret)),
    ];
    for (what, request) in placements {
        let reply = probe.send(&request)?;
        on(what, reply.has_status(&[400, 401, 415]))?;
    }
    Ok(())
}

fn two_headers(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    let good = format!("Bearer {}", token.expose());
    let pairs = [
        ("the good one twice", good.clone(), good.clone()),
        ("the good one first", good.clone(), "Bearer nonsense".to_owned()),
        ("the good one last", "Bearer nonsense".to_owned(), good.clone()),
        ("Basic beside it", good, "Basic eDp5".to_owned()),
    ];
    for (what, first, second) in pairs {
        let request = message(probe).header("authorization", first).header("authorization", second);
        let reply = probe.send(&request)?;
        on(what, reply.has_status(&[400, 401]))?;
    }
    Ok(())
}

fn malformed(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    probe.for_each(values().into_iter().filter(|value| !value.admitted), |value| {
        let request = message(probe).header("authorization", value.with(token.expose()));
        probe.send(&request)?.has_status(&[400, 401])
    })
}

fn altered(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    // Cheap requests, so many more inputs than a flow could afford.
    probe.forall_in(probe.options.cases * 3, &mutation(), |mutation| {
        let Some(altered) = mutation.apply(token.expose()) else { return Ok(()) };
        probe.send(&bearing(message(probe), &Secret::new(altered)))?.has_status(&[400, 401])
    })
}

fn every_request(probe: &Probe<'_>) -> Outcome {
    let token = token(probe)?;
    for _ in 0..2 {
        probe.still_works(&token, "nothing happened to it")?;
        probe.send(&message(probe))?.has_status(&[401])?;
    }
    Ok(())
}

/// A fresh grant, and how long its token lives, if that can be waited for.
fn short_lived(probe: &Probe<'_>) -> Outcome<(Grant, Duration)> {
    let grant = probe.grant()?;
    let Some(lifetime) = grant.tokens.expires_in else {
        return Err(not_tested("the token response names no lifetime"));
    };
    let longest = probe.options.max_wait.as_secs();
    if lifetime > longest {
        let reason =
            format!("tokens live {lifetime} s, longer than a check may wait ({longest} s)");
        return Err(not_tested(reason));
    }
    Ok((grant, Duration::from_secs(lifetime)))
}

fn lifetime(probe: &Probe<'_>) -> Outcome {
    let (grant, lifetime) = short_lived(probe)?;
    // Clocks of whole seconds, and the way here and back.
    thread::sleep(lifetime.saturating_sub(Duration::from_millis(1_100)));
    let reason = format!("its lifetime is {} s", lifetime.as_secs());
    probe.still_works(&grant.tokens.access, &reason)
}

fn expiry(probe: &Probe<'_>) -> Outcome {
    let (grant, lifetime) = short_lived(probe)?;
    thread::sleep(lifetime + Duration::from_millis(1_100));
    probe.is_dead(&grant.tokens.access, "its lifetime is over")
}
