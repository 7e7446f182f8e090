//! Refusals that tell an attacker nothing: whatever is wrong with a secret, the answer is the same.

use crate::check::{Capability, Check, Level, lookout};
use crate::outcome::{Outcome, ProbeError, ensure, not_tested};
use crate::probe::Probe;
use crate::probe::browser::{Browser, Landing};
use crate::probe::form::Page;
use crate::probe::http::Reply;
use crate::probe::register::Method;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "answer/refresh-tokens",
        level: Level::Hardening,
        clause: lookout("a refusal does not say what is wrong with a secret"),
        claim: "An unknown refresh token and another client's are refused in the same words.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: refresh_tokens,
    },
    Check {
        id: "answer/codes",
        level: Level::Hardening,
        clause: lookout("a refusal does not say what is wrong with a secret"),
        claim: "An unknown code and another client's are refused in the same words.",
        needs: &[Capability::Consent],
        run: codes,
    },
    Check {
        id: "answer/access-tokens",
        level: Level::Hardening,
        clause: lookout("a refusal does not say what is wrong with a secret"),
        claim: "An unknown access token and a revoked one are refused in the same words.",
        needs: &[Capability::Consent, Capability::Revocation],
        run: access_tokens,
    },
    Check {
        id: "answer/sign-in",
        level: Level::Hardening,
        clause: lookout("nobody learns from the sign-in page who has an account"),
        claim: "A wrong password and an unknown account are refused in the same words.",
        needs: &[Capability::Pages],
        run: sign_in,
    },
];

/// What an attacker can compare: the status, the challenge and the words.
fn words(reply: &Reply) -> (u16, Option<String>, String) {
    let challenge = reply.header("www-authenticate").map(str::to_owned);
    (reply.status, challenge, reply.body.clone())
}

fn are_alike(one: &Reply, other: &Reply) -> Outcome {
    let (one, other) = (words(one), words(other));
    ensure(one == other, format!("{one:?}"), || format!("{other:?}"))
}

/// A value shaped like `secret` that nobody issued.
fn shaped_like(secret: &Secret) -> Secret {
    let text = secret.expose();
    let start = text.find('_').map_or(0, |at| at + 1);
    let rest: String = text[start..].chars().rev().collect();
    Secret::new(format!("{}{rest}", &text[..start]))
}

fn refresh_tokens(probe: &Probe<'_>) -> Outcome {
    let grant = probe.grant()?;
    let token = grant.refresh_token()?;
    let stranger = probe.new_client(Method::None)?;
    let unknown = probe.token(&probe.refreshing(&stranger, &shaped_like(token)))?.alive()?;
    let foreign = probe.token(&probe.refreshing(&stranger, token))?.alive()?;
    are_alike(&unknown, &foreign)
}

fn codes(probe: &Probe<'_>) -> Outcome {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let stranger = probe.new_client(Method::None)?;
    let mut made_up = issued.clone();
    made_up.code = shaped_like(&issued.code);
    let unknown = probe.token(&probe.exchange(&made_up).by(&stranger))?.alive()?;
    let foreign = probe.token(&probe.exchange(&issued).by(&stranger))?.alive()?;
    are_alike(&unknown, &foreign)
}

fn access_tokens(probe: &Probe<'_>) -> Outcome {
    let grant = probe.grant()?;
    let token = &grant.tokens.access;
    probe.revoke(&grant.client, token)?;
    let heartbeat = probe.site().heartbeat;
    let unknown = probe.mcp(&shaped_like(token), heartbeat, serde_json::json!({}))?.alive()?;
    let revoked = probe.mcp(token, heartbeat, serde_json::json!({}))?.alive()?;
    are_alike(&unknown, &revoked)
}

fn sign_in(probe: &Probe<'_>) -> Outcome {
    let Some(person) = probe.person() else { return Ok(()) };
    let attempt = |user: &str| -> Outcome<(Option<u16>, String)> {
        let browser = Browser::default();
        let request = probe.authorize_url(&probe.authorization(&probe.client()?))?;
        let Landing::Page { reply, address } = probe.walk(&browser, request)? else {
            return Err(not_tested("nobody signs in"));
        };
        let page = Page::read(&reply.body, &address);
        let Some(form) = page.sign_in() else {
            return Err(ProbeError::page("sign-in", "it asks for no password").into());
        };
        let mut form = form.clone();
        for field in &mut form.fields {
            match field.kind.as_str() {
                "password" => "not the password".clone_into(&mut field.value),
                "" | "text" | "email" => user.clone_into(&mut field.value),
                _ => {}
            }
        }
        let entries = form.entries(form.buttons.first());
        match probe.walk(&browser, form.request(&entries))? {
            Landing::Page { reply, address } => {
                let page = probe.read_page(&reply.body, &address);
                if page.offers_consent() {
                    return Err(not_tested("any password signs in"));
                }
                Ok((Some(reply.alive()?.status), page.text.replace(user, "someone")))
            }
            Landing::Callback(callback) => Ok((callback.status, callback.uri)),
        }
    };
    let known = attempt(&person.user)?;
    let domain = person.user.split_once('@').map_or(String::new(), |(_, host)| format!("@{host}"));
    let unknown = attempt(&format!("nobody-of-that-name{domain}"))?;
    ensure(known == unknown, format!("{unknown:?}"), || format!("{known:?}"))
}
