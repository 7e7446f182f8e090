//! Kinds of credentials: each opens its own door and no other.

use serde_json::json;

use crate::check::{Capability, Check, Level, lookout, rfc};
use crate::outcome::{Outcome, ProbeError, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::authorize::s256;
use crate::probe::browser::{Browser, Landing};
use crate::probe::form::{Form, Page};
use crate::probe::http::Request;
use crate::probe::mcp::bearing;
use crate::probe::programmatic::is_creation;
use crate::probe::register::Method;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "kind/bearer",
        level: Level::Must,
        clause: rfc(6749, "1.4"),
        claim: "Only an access token opens the endpoint: no code, refresh token, secret or cookie does.",
        needs: &[Capability::Consent],
        run: bearer,
    },
    Check {
        id: "kind/refresh-grant",
        level: Level::Must,
        clause: rfc(6749, "6"),
        claim: "Only a refresh token can be refreshed.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: refresh_grant,
    },
    Check {
        id: "kind/code-grant",
        level: Level::Must,
        clause: rfc(6749, "4.1.3"),
        claim: "Only a code can be redeemed.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: code_grant,
    },
    Check {
        id: "kind/session-at-endpoint",
        level: Level::Must,
        clause: lookout("tokens are separate from the web session"),
        claim: "A signed-in browser's cookies alone open neither the endpoint nor the token endpoint.",
        needs: &[Capability::Consent],
        run: session_at_endpoint,
    },
    Check {
        id: "kind/token-at-page",
        level: Level::Must,
        clause: lookout("tokens are separate from the web session"),
        claim: "No token opens a page that is for the signed-in person.",
        needs: &[Capability::ProgrammaticTokens],
        run: token_at_page,
    },
];

/// One of every other kind, all of them alive, with a name for each.
fn others(probe: &Probe<'_>) -> Result<Vec<(&'static str, Secret)>, ProbeError> {
    let mut kinds = Vec::new();
    let unspent = probe.code(&probe.authorization(&probe.client()?))?;
    kinds.push(("a code", unspent.code.clone()));
    kinds.push(("a verifier", unspent.authorization.verifier));
    kinds.push(("a client identifier", Secret::new(&probe.client()?.id)));
    let methods = probe.site().advertised("token_endpoint_auth_methods_supported");
    let knows_secrets = methods.iter().any(|method| method == Method::Post.name());
    match probe.new_client(Method::Post) {
        _ if !knows_secrets => {}
        Ok(client) => kinds.extend(client.secret.map(|secret| ("a client secret", secret))),
        Err(ProbeError::Unavailable(_)) => {}
        Err(error) => return Err(error),
    }
    for cookie in probe.browser().cookies().into_values() {
        kinds.push(("a cookie", Secret::new(cookie.value)));
    }
    // A server may consent by itself and have no such page.
    if let Ok(consent) = probe.consent(&probe.authorization(&probe.client()?)) {
        for field in consent.page.forms.iter().flat_map(Form::hidden) {
            kinds.push(("a value of the consent form", Secret::new(&field.value)));
        }
    }
    Ok(kinds)
}

/// Values that a bearer header can carry at all.
fn is_sendable(secret: &Secret) -> bool {
    let value = secret.expose();
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic())
}

fn bearer(probe: &Probe<'_>) -> Outcome {
    let mut kinds = others(probe)?;
    let grant = probe.grant()?;
    if let Some(refresh) = &grant.tokens.refresh {
        kinds.push(("a refresh token", refresh.clone()));
    }
    for (what, secret) in kinds.iter().filter(|(_, secret)| is_sendable(secret)) {
        probe.forget_transcript();
        let reply = probe.mcp(secret, "tools/list", json!({}))?;
        let refused = ensure(matches!(reply.status, 400 | 401), "401", || reply.summary());
        on(what, refused)?;
    }
    Ok(())
}

fn refresh_grant(probe: &Probe<'_>) -> Outcome {
    let mut kinds = others(probe)?;
    let grant = probe.grant()?;
    kinds.push(("an access token", grant.tokens.access.clone()));
    for (what, secret) in &kinds {
        probe.forget_transcript();
        let reply = probe.token(&probe.refreshing(&grant.client, secret))?;
        on(what, reply.is_refused(&["invalid_grant", "invalid_request"]))?;
    }
    Ok(())
}

fn code_grant(probe: &Probe<'_>) -> Outcome {
    let grant = probe.grant()?;
    let mut kinds = others(probe)?;
    kinds.retain(|(what, _)| *what != "a code");
    kinds.push(("an access token", grant.tokens.access.clone()));
    kinds.push(("a refresh token", grant.refresh_token()?.clone()));
    kinds.push(("a challenge", Secret::new(s256(grant.issued.authorization.verifier.expose()))));
    for (what, secret) in &kinds {
        probe.forget_transcript();
        let request = probe.exchange(&grant.issued).set("code", secret.expose());
        let reply = probe.token(&request)?;
        on(what, reply.is_refused(&["invalid_grant", "invalid_request"]))?;
    }
    Ok(())
}

fn session_at_endpoint(probe: &Probe<'_>) -> Outcome {
    let Some(cookies) = probe.browser().header() else {
        return Err(not_tested("nobody signs in: the flow sets no cookie"));
    };
    // A grant of the same person is there to be reached.
    probe.grant()?;
    let endpoint = &probe.site().endpoint;
    let request = probe.message(endpoint, "tools/list", json!({})).header("cookie", &cookies);
    probe.send(&request)?.has_status(&[401])?;
    // A person's cookies are no client authentication either.
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let token_endpoint = probe.site().endpoint_of("token_endpoint")?;
    let nameless = probe.exchange(&issued).without("client_id");
    probe.token_by(&nameless.to(&token_endpoint).header("cookie", &cookies))?.gives_no_token()
}

fn token_at_page(probe: &Probe<'_>) -> Outcome {
    let Some(address) = probe.site().tokens_page.clone() else { return Ok(()) };
    let grant = probe.grant()?;
    let programmatic = probe.create_programmatic(None)?;
    let tokens =
        [("an access token", grant.tokens.access), ("a programmatic token", programmatic.token)];
    for (what, token) in tokens {
        let placements = [
            bearing(Request::get(&address), &token),
            Request::get(format!("{address}?access_token={}", token.expose())),
            Request::get(&address).header("cookie", session_cookie_of(probe, &token)),
        ];
        for request in placements {
            let landing = probe.walk(&Browser::default(), request)?;
            let opened = match &landing {
                Landing::Page { reply, address } => {
                    reply.is_success()
                        && Page::read(&reply.body, address).forms.iter().any(is_creation)
                }
                Landing::Callback(_) => false,
            };
            let refused =
                ensure(!opened, "the sign-in page, or a refusal", || "the page".to_owned());
            on(what, refused)?;
        }
    }
    Ok(())
}

/// The browser's cookies with every value replaced by `token`.
fn session_cookie_of(probe: &Probe<'_>, token: &Secret) -> String {
    let cookies = probe.browser().cookies();
    let pairs: Vec<String> =
        cookies.keys().map(|name| format!("{name}={}", token.expose())).collect();
    pairs.join("; ")
}
