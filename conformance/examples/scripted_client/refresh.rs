//! A refresh token used: once for many, patiently, and never again after it was refused.

use std::thread;
use std::time::Duration;

use crate::clock::{jitter, now};
use crate::discovery::{Issuer, Resource};
use crate::failure::{Failure, Outcome};
use crate::faults::{Fault, has};
use crate::store::{Client, Grant};
use crate::token::Form;
use crate::web::Web;

/// The longest wait that a server is granted.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
const TRIES: u32 = 3;

/// What became of a refresh token.
pub(crate) enum Refreshed {
    New(Grant),
    /// The server knows it no more.
    Void,
    /// The server does not even know the client.
    ClientVoid,
}

/// Exchanges the refresh token of `grant`. A failure leaves the token as good as it was.
pub(crate) fn refresh(
    web: &Web,
    resource: &Resource,
    issuer: &Issuer,
    client: &Client,
    grant: &Grant,
) -> Outcome<Refreshed> {
    let token = grant.refresh.as_deref().unwrap_or_default();
    let mut form = Form::new("refresh_token", &resource.identifier);
    form.add("refresh_token", token);
    form.carry(&grant.access);
    if has(Fault::ResourceMissingAtRefresh) {
        form.remove("resource");
    }
    if has(Fault::RefreshAsksForMore) {
        form.add("scope", "mcp:read mcp:write admin");
    }
    let mut last = Failure::new("the token cannot be refreshed");
    for attempt in 1..=30 {
        let asked_at = now();
        if has(Fault::RefreshTokenSentTwice) {
            form.send(web, &issuer.token_endpoint, client).ok();
        }
        let wait = match form.send(web, &issuer.token_endpoint, client) {
            Ok(Ok(answer)) => {
                let grant = answer.grant(&issuer.issuer, &grant.scopes, asked_at, Some(grant));
                return Ok(Refreshed::New(grant));
            }
            Ok(Err(refused)) if refused.is_passing() => {
                if has(Fault::UnavailableEndsGrant) {
                    return Ok(Refreshed::Void);
                }
                last = refused.said("the token cannot be refreshed now");
                refused.retry_after()
            }
            Ok(Err(refused)) => {
                let error = refused.error();
                if matches!(error.as_str(), "invalid_client" | "unauthorized_client") {
                    return Ok(Refreshed::ClientVoid);
                }
                let is_void = error == "invalid_grant";
                if is_void && has(Fault::InvalidGrantRetried) {
                    for _ in 0..20 {
                        form.send(web, &issuer.token_endpoint, client).ok();
                    }
                }
                if is_void && !has(Fault::InvalidGrantEndsStep) {
                    return Ok(Refreshed::Void);
                }
                return Err(refused.said("the token was not refreshed"));
            }
            Err(failure) if failure.is_late => return Err(failure),
            // Whether the token was used is not known: only its issuer can tell.
            Err(failure) => {
                last = failure;
                None
            }
        };
        let backoff = Duration::from_millis(250 * u64::from(attempt) + jitter(250));
        let wait = match wait {
            _ if has(Fault::UnavailableHammered) || has(Fault::RetryAfterIgnored) => Duration::ZERO,
            Some(asked) => asked + Duration::from_millis(jitter(250)),
            None => backoff,
        };
        let is_last = attempt >= TRIES && !has(Fault::UnavailableHammered);
        if is_last || wait > LONGEST_WAIT || wait >= web.left() {
            break;
        }
        thread::sleep(wait);
    }
    Err(last)
}
