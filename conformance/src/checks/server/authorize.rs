//! The authorization endpoint: how it answers, and what it never answers.

use crate::check::{Capability, Check, Level, mcp, rfc};
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::probe::Probe;
use crate::probe::authorize::{Authorization, Decision};
use crate::probe::browser::{Callback, Landing};
use crate::probe::form::ALLOW_WORDS;
use crate::probe::form::Page;
use crate::probe::register::{Client, Method};
use crate::property::body::{long_text, opaque_text};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "authorize/unknown-client",
        level: Level::Must,
        clause: rfc(6749, "4.1.2.1"),
        claim: "A request of an unknown client is answered on the server's own page, never by a redirect.",
        needs: &[Capability::Registration],
        run: unknown_client,
    },
    Check {
        id: "authorize/error-redirect",
        level: Level::Must,
        clause: rfc(6749, "4.1.2.1"),
        claim: "Any other error is redirected with error, the state as sent and the issuer, and no code.",
        needs: &[Capability::Consent],
        run: error_redirect,
    },
    Check {
        id: "authorize/response-type",
        level: Level::Must,
        clause: rfc(6749, "3.1.1"),
        claim: "A response type other than code yields neither a code nor a token.",
        needs: &[Capability::Consent],
        run: response_type,
    },
    Check {
        id: "authorize/repeated-parameter",
        level: Level::Must,
        clause: rfc(6749, "3.1"),
        claim: "A request that names a parameter twice yields no code.",
        needs: &[Capability::Consent],
        run: repeated_parameter,
    },
    Check {
        id: "authorize/unknown-parameter",
        level: Level::Must,
        clause: rfc(6749, "3.1"),
        claim: "A parameter that the server does not know changes nothing.",
        needs: &[Capability::Consent],
        run: unknown_parameter,
    },
    Check {
        id: "authorize/state",
        level: Level::Must,
        clause: rfc(6749, "4.1.2"),
        claim: "The state comes back exactly once and exactly as it was sent.",
        needs: &[Capability::Consent],
        run: state,
    },
    Check {
        id: "authorize/issuer",
        level: Level::Should,
        clause: mcp("basic/authorization#authorization-response-validation"),
        claim: "Every authorization response names the issuer once, byte for byte as the metadata does.",
        needs: &[Capability::Consent],
        run: issuer,
    },
    Check {
        id: "authorize/redirect-status",
        level: Level::Must,
        clause: rfc(9700, "4.12"),
        claim: "No redirect of the flow makes a browser repeat a form to the client.",
        needs: &[Capability::Consent],
        run: redirect_status,
    },
    Check {
        id: "authorize/address-as-client",
        level: Level::Must,
        clause: rfc(6749, "4.1.2.1"),
        claim: "An address that cannot be a client identifier is refused like an unknown client.",
        needs: &[Capability::Registration],
        run: address_as_client,
    },
];

/// Longer than any token that a client keeps in its state.
const USUAL_STATE: usize = 128;

/// Holds when `landing` is an error page of the server's own that does not lead to `uri`.
pub(super) fn is_refused_locally(landing: &Landing, uri: &str) -> Outcome {
    let expected = "an error page of the server's own, with no way to the redirect URI";
    let (reply, address) = match landing {
        Landing::Callback(callback) => {
            let observed = format!("redirected to {}", callback.uri);
            return Err(Violation::new(expected, observed).into());
        }
        Landing::Page { reply, address } => (reply, address),
    };
    let page = Page::read(&reply.body, address);
    if page.sign_in().is_some() && reply.is_success() {
        return Err(not_tested("the server asks for sign-in before it judges a request"));
    }
    let leads = |to: &str| !uri.is_empty() && to.starts_with(uri);
    let links = page.links.iter().any(|link| leads(&link.to))
        || page.forms.iter().any(|form| leads(&form.action))
        || (!uri.is_empty() && reply.body.contains(&format!("url={uri}")));
    ensure(!links, expected, || format!("{}, with a link to the redirect URI", reply.summary()))?;
    ensure((400..500).contains(&reply.status), expected, || match page.form_with(&ALLOW_WORDS) {
        Some(_) => format!("{}, a consent page", reply.summary()),
        None => reply.summary(),
    })
}

fn unknown_client(probe: &Probe<'_>) -> Outcome {
    let own = probe.client()?;
    let ids = [
        "",
        "nobody",
        "00000000-0000-0000-0000-000000000000",
        "' OR '1'='1",
        "../../admin",
        "é\u{0}",
    ];
    probe.for_each(ids, |id| {
        let client = Client { id: (*id).to_owned(), method: Method::None, ..own.clone() };
        let request = probe.authorization(&client);
        is_refused_locally(&probe.ask(&request)?, &own.redirect_uri)
    })?;
    let without = probe.authorization(&own).without("client_id");
    is_refused_locally(&probe.ask(&without)?, &own.redirect_uri)
}

/// Requests that are wrong in one respect other than client and redirect URI, and the errors that
/// RFC 6749 and RFC 8707 give them.
fn wrong_requests(
    good: &Authorization,
) -> Vec<(&'static str, Authorization, &'static [&'static str])> {
    let good = || good.clone();
    vec![
        (
            "no response_type",
            good().without("response_type"),
            &["invalid_request", "unsupported_response_type"],
        ),
        (
            "another response_type",
            good().set("response_type", "token"),
            &["unsupported_response_type"],
        ),
        // A server may ignore the scope, and then there is nothing left to grant.
        ("an unknown scope", good().set("scope", "no:such"), &["invalid_scope", "access_denied"]),
        (
            "a foreign resource",
            good().set("resource", "https://evil.example/mcp"),
            &["invalid_target"],
        ),
        ("no challenge", good().without("code_challenge"), &["invalid_request"]),
        ("the plain method", good().set("code_challenge_method", "plain"), &["invalid_request"]),
    ]
}

fn error_redirect(probe: &Probe<'_>) -> Outcome {
    let good = probe.authorization(&probe.client()?);
    for (what, request, errors) in wrong_requests(&good) {
        probe.forget_transcript();
        let landing = probe.authorize(&request, &Decision::Allow)?;
        let expected = format!("a redirect with error {} for {what}", errors.join(" or "));
        let Landing::Callback(callback) = &landing else {
            let Landing::Page { reply, .. } = &landing else { continue };
            return Err(Violation::new(expected, reply.summary()).on(what).into());
        };
        let error = callback.one("error").unwrap_or_default();
        let is_error = errors.contains(&error) && callback.one("code").is_none();
        ensure(is_error && callback.uri.starts_with(&good.client.redirect_uri), expected, || {
            format!("redirect to {}", callback.uri)
        })?;
        carries_state_and_issuer(probe, &request, callback)?;
    }
    Ok(())
}

/// Exactly one state, as sent, and exactly one issuer when the server says that it sends one.
pub(super) fn carries_state_and_issuer(
    probe: &Probe<'_>,
    request: &Authorization,
    callback: &Callback,
) -> Outcome {
    let sent = request.parameters.find("state").unwrap_or_default();
    let states: Vec<&str> = callback.all("state").collect();
    ensure(states == [sent], "the state as sent, once", || format!("{states:?}"))?;
    let member = "authorization_response_iss_parameter_supported";
    let advertised = probe.site().metadata.get(member).and_then(serde_json::Value::as_bool);
    let issuers: Vec<&str> = callback.all("iss").collect();
    if advertised != Some(true) && issuers.is_empty() {
        return Ok(());
    }
    let issuer = probe.site().issuer.as_str();
    ensure(issuers == [issuer], format!("iss {issuer}, once"), || format!("{issuers:?}"))
}

fn response_type(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let types = [
        "token",
        "id_token",
        "code token",
        "code id_token",
        "token code",
        "none",
        "CODE",
        "code ",
        "",
    ];
    probe.for_each(types, |kind| {
        let request = probe.authorization(&client).set("response_type", *kind);
        let landing = probe.authorize(&request, &Decision::Allow)?;
        probe.gives_no_code(&landing)?;
        match &landing {
            Landing::Callback(callback) => {
                ensure(!callback.uri.contains("access_token"), "no token", || callback.uri.clone())
            }
            Landing::Page { .. } => Ok(()),
        }
    })
}

fn repeated_parameter(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let names = [
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
    ];
    let mut inputs: Vec<(&str, bool)> = names.iter().map(|name| (*name, true)).collect();
    inputs.extend(names.iter().map(|name| (*name, false)));
    probe.for_each(inputs, |(name, is_same)| {
        let request = probe.authorization(&client);
        let first = request.parameters.find(name).unwrap_or_default().to_owned();
        let second = if *is_same { first } else { format!("{first}x") };
        let landing = probe.authorize(&request.also(name, second), &Decision::Allow)?;
        probe.gives_no_code(&landing)
    })
}

fn unknown_parameter(probe: &Probe<'_>) -> Outcome {
    let request = probe.authorization(&probe.client()?);
    let request = request.also("x-unknown", "1").also("ui_locales", "xx");
    match probe.authorize(&request, &Decision::Allow)? {
        Landing::Callback(callback) if callback.one("code").is_some() => Ok(()),
        Landing::Callback(callback) => Err(Violation::new("a code", callback.uri).into()),
        Landing::Page { reply, .. } => {
            Err(Violation::new("a code", reply.alive()?.summary()).into())
        }
    }
}

fn state(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let comes_back_with = |decision: Decision, text: &String| {
        let request = probe.authorization(&client).set("state", text);
        let landing = probe.authorize(&request, &decision)?;
        let Landing::Callback(callback) = landing else {
            // A state of unusual length may be refused, but not shortened.
            if text.len() > USUAL_STATE {
                return probe.gives_no_code(&landing);
            }
            return Err(Violation::new("a redirect with the state", "a page").into());
        };
        let states: Vec<&str> = callback.all("state").collect();
        ensure(states == [text.as_str()], format!("state {text:?}, once"), || format!("{states:?}"))
    };
    let comes_back = |text: &String| {
        comes_back_with(Decision::Deny, text)?;
        comes_back_with(Decision::Allow, text)
    };
    probe.forall(&opaque_text(), comes_back)?;
    probe.forall_in(probe.options.cases.div_ceil(4), &long_text(), comes_back)
}

fn issuer(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let issuer = probe.site().issuer.as_str();
    for decision in [Decision::Allow, Decision::Deny] {
        let landing = probe.authorize(&probe.authorization(&client), &decision)?;
        let Landing::Callback(callback) = landing else {
            return Err(Violation::new("a redirect with iss", "a page").into());
        };
        let issuers: Vec<&str> = callback.all("iss").collect();
        ensure(issuers == [issuer], format!("iss {issuer}, once"), || format!("{issuers:?}"))?;
    }
    Ok(())
}

fn redirect_status(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    for decision in [Decision::Allow, Decision::Deny] {
        let landing = probe.authorize(&probe.authorization(&client), &decision)?;
        if let Landing::Callback(callback) = landing {
            let Some(status) = callback.status else {
                return Err(not_tested("this driver does not show the status of a redirect"));
            };
            let repeats = matches!(status, 307 | 308);
            ensure(!repeats, "a redirect other than 307 and 308", || status.to_string())?;
        }
    }
    Ok(())
}

/// Addresses that no client metadata document may have; a server that reads none knows none at all.
fn address_as_client(probe: &Probe<'_>) -> Outcome {
    let own = probe.client()?;
    let ids = [
        "http://client.invalid/client.json",
        "https://client.invalid",
        "https://client.invalid/",
        "https://user:secret@client.invalid/client.json",
        "https://client.invalid/client.json#fragment",
        "https://client.invalid/a/../client.json",
        "https://127.0.0.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ];
    probe.for_each(ids, |id| {
        let client = Client { id: (*id).to_owned(), method: Method::None, ..own.clone() };
        is_refused_locally(&probe.ask(&probe.authorization(&client))?, &own.redirect_uri)
    })
}
