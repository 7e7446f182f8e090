//! Audience: a token works at the resource it was issued for.

use crate::check::{Capability, Check, Level, mcp, rfc};
use crate::outcome::{Outcome, ensure};
use crate::probe::Probe;
use crate::probe::authorize::Decision;
use crate::probe::browser::Landing;
use crate::property::uri::resource_lookalikes;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "audience/other-resource",
        level: Level::Must,
        clause: mcp("basic/authorization#token-handling"),
        claim: "A token issued for one resource is refused at the other.",
        needs: &[Capability::Consent, Capability::SecondResource],
        run: other_resource,
    },
    Check {
        id: "audience/lookalike",
        level: Level::Should,
        clause: rfc(8707, "2"),
        claim: "No code is issued for a resource that only resembles one of the server's.",
        needs: &[Capability::Consent],
        run: lookalike,
    },
    Check {
        id: "audience/exchange",
        level: Level::Must,
        clause: rfc(8707, "2.2"),
        claim: "A code for one resource is never redeemed for another.",
        needs: &[Capability::Consent],
        run: exchange,
    },
    Check {
        id: "audience/refresh",
        level: Level::Must,
        clause: rfc(8707, "2.2"),
        claim: "A refresh never yields a token for a resource that was not granted.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: refresh,
    },
    Check {
        id: "audience/omitted",
        level: Level::Must,
        clause: mcp("basic/authorization#token-handling"),
        claim: "A token asked for without a resource never works at two resources.",
        needs: &[Capability::Consent, Capability::SecondResource],
        run: omitted,
    },
    Check {
        id: "audience/spelling",
        level: Level::Observe,
        clause: mcp("basic/authorization#canonical-server-uri"),
        claim: "A resource with a trailing slash or an upper-case scheme either is the same one or is not.",
        needs: &[Capability::Consent],
        run: spelling,
    },
];

fn other_resource(probe: &Probe<'_>) -> Outcome {
    let Some(second) = &probe.site().second else { return Ok(()) };
    let first = &probe.site().endpoint;
    let client = probe.client()?;
    for (own, other) in [(first, &second.endpoint), (&second.endpoint, first)] {
        let request = probe.authorization(&client).set("resource", own);
        let request = request.set("scope", second.scopes.join(" "));
        let token = probe.grant_for(&request)?.tokens.access;
        let works = probe.is_live_at(own, &token)?;
        ensure(works, format!("a token that works at {own}"), || "401".to_owned())?;
        let leaks = probe.is_live_at(other, &token)?;
        ensure(!leaks, format!("401 at {other}"), || format!("a token of {own} works there"))?;
    }
    Ok(())
}

fn lookalike(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    probe.for_each(resource_lookalikes(&probe.site().endpoint), |(_, resource)| {
        let request = probe.authorization(&client).set("resource", resource);
        let landing = probe.authorize(&request, &Decision::Allow)?;
        probe.gives_no_code(&landing)?;
        match &landing {
            Landing::Callback(callback) => {
                let error = callback.one("error").unwrap_or_default();
                ensure(
                    matches!(error, "invalid_target" | "invalid_request"),
                    "invalid_target",
                    || callback.uri.clone(),
                )
            }
            Landing::Page { .. } => Ok(()),
        }
    })
}

fn exchange(probe: &Probe<'_>) -> Outcome {
    let lookalikes = resource_lookalikes(&probe.site().endpoint).into_iter().map(|(_, uri)| uri);
    // The authorization endpoint is tried with all of them; here each costs a whole flow.
    let mut others: Vec<String> = lookalikes.take(4).collect();
    others.extend(probe.site().second.iter().map(|second| second.endpoint.clone()));
    let client = probe.client()?;
    probe.for_each(others, |other| {
        let issued = probe.code(&probe.authorization(&client))?;
        let reply = probe.token(&probe.exchange(&issued).set("resource", other))?;
        reply.is_refused(&["invalid_target", "invalid_grant", "invalid_request"])
    })
}

fn refresh(probe: &Probe<'_>) -> Outcome {
    let mut others = vec!["https://evil.example/mcp".to_owned()];
    others.extend(probe.site().second.iter().map(|second| second.endpoint.clone()));
    probe.for_each(others, |other| {
        let grant = probe.grant()?;
        let request =
            probe.refreshing(&grant.client, grant.refresh_token()?).set("resource", other);
        let reply = probe.token(&request)?;
        reply.is_refused(&["invalid_target", "invalid_grant", "invalid_request"])
    })
}

fn omitted(probe: &Probe<'_>) -> Outcome {
    let Some(second) = &probe.site().second else { return Ok(()) };
    let request = probe.authorization(&probe.client()?).without("resource");
    let landing = probe.authorize(&request, &Decision::Allow)?;
    let Landing::Callback(callback) = &landing else {
        // Refusing such a request is one of the legal policies.
        return probe.gives_no_code(&landing);
    };
    let Some(issued) = request.issued(callback) else { return Ok(()) };
    let token = probe.redeem(&issued)?.tokens.access;
    let both = probe.is_live(&token)? && probe.is_live_at(&second.endpoint, &token)?;
    ensure(!both, "a token that works at one resource at most", || "it works at both".to_owned())
}

fn spelling(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let endpoint = &probe.site().endpoint;
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let mut notes = Vec::new();
    for (what, resource) in [
        ("a trailing slash", format!("{endpoint}/")),
        ("an upper-case scheme", format!("{}://{rest}", scheme.to_uppercase())),
    ] {
        let request = probe.authorization(&client).set("resource", resource);
        let landing = probe.authorize(&request, &Decision::Allow)?;
        let is_same =
            matches!(&landing, Landing::Callback(callback) if callback.one("code").is_some());
        notes.push(format!("{what} is {}", if is_same { "the same" } else { "another" }));
    }
    probe.observe(notes.join(", "))
}
