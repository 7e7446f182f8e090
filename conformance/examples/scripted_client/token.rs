//! The token endpoint (RFC 6749 sections 3.2 and 5, RFC 8707), and what an answer must be.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::clock;
use crate::failure::{Failure, Outcome, fail};
use crate::faults::{Fault, has};
use crate::registration;
use crate::store::{Client, Grant};
use crate::strict;
use crate::web::{self, Web};

/// No token lives longer than ten years.
const LONGEST_LIFETIME: u64 = 10 * 366 * 24 * 60 * 60;

/// A request to the token endpoint, or to another that a client authenticates at.
pub(crate) struct Form {
    pairs: Vec<(String, String)>,
    bearer: Option<String>,
}

impl Form {
    pub(crate) fn new(grant_type: &str, identifier: &str) -> Self {
        let mut form = Self::bare();
        form.add("grant_type", grant_type);
        form.add("resource", &resource(identifier));
        form
    }

    pub(crate) fn bare() -> Self {
        Self { pairs: Vec::new(), bearer: None }
    }

    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.pairs.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.pairs.retain(|(have, _)| have != name);
    }

    /// With the fault, an access token goes to the authorization server.
    pub(crate) fn carry(&mut self, access: &str) {
        if has(Fault::AccessTokenToAuthorizationServer) {
            self.bearer = Some(format!("Bearer {access}"));
        }
    }

    /// Sends it as `client`: the outer failure is no answer at all.
    pub(crate) fn post(&self, web: &Web, endpoint: &Url, client: &Client) -> Outcome<web::Answer> {
        let mut pairs = self.pairs.clone();
        let mut authorization = self.bearer.clone();
        let secret = client.secret.as_deref().unwrap_or_default();
        if client.method == "client_secret_basic" {
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let both = format!("{}:{}", encoded(&client.id), encoded(secret));
            authorization = Some(format!("Basic {}", STANDARD.encode(both)));
        } else if !has(Fault::ClientIdMissingAtToken) {
            pairs.push(("client_id".to_owned(), client.id.clone()));
        }
        if client.method == "client_secret_post" {
            pairs.push(("client_secret".to_owned(), secret.to_owned()));
        }
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(&pairs).finish();
        let kind = "application/x-www-form-urlencoded";
        web.post(endpoint, kind, authorization.as_deref(), &body)
    }

    /// Sends it to the token endpoint.
    pub(crate) fn send(
        &self,
        web: &Web,
        endpoint: &Url,
        client: &Client,
    ) -> Outcome<Result<Answer, Refused>> {
        let answer = self.post(web, endpoint, client)?;
        if answer.status == 200 { Answer::read(&answer).map(Ok) } else { Ok(Err(Refused(answer))) }
    }
}

/// The name that a token is asked for, and its mistaken spellings.
pub(crate) fn resource(identifier: &str) -> String {
    if has(Fault::ResourceWithSlash) {
        return format!("{identifier}/");
    }
    match Url::parse(identifier) {
        Ok(url) if has(Fault::ResourceIsOrigin) => crate::address::origin(&url),
        _ => identifier.to_owned(),
    }
}

/// What the token endpoint said instead of a token.
pub(crate) struct Refused(web::Answer);

impl Refused {
    pub(crate) fn error(&self) -> String {
        let found = strict::object(&self.0.body, "an error").unwrap_or_default();
        found.get("error").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.0.status, 429 | 500..=599)
    }

    /// How long the server wants to be left alone (RFC 9110 section 10.2.3).
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.0.headers.get("retry-after")?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
        let at = u64::try_from(at.as_second()).unwrap_or(0);
        Some(Duration::from_secs(at.saturating_sub(clock::now())))
    }

    pub(crate) fn said(&self, what: &str) -> Failure {
        registration::refusal(what, &self.0)
    }
}

/// A token response that is what it has to be.
pub(crate) struct Answer {
    access: String,
    refresh: Option<String>,
    lifetime: Option<u64>,
    scopes: Option<BTreeSet<String>>,
}

impl Answer {
    fn read(answer: &web::Answer) -> Outcome<Self> {
        let found = strict::object(&answer.body, "the token response")?;
        if found.contains_key("error") && !has(Fault::ErrorBesideTokenIgnored) {
            return fail("the token response is an error");
        }
        let kind = match found.get("token_type") {
            None | Some(Value::Null) if has(Fault::TokenTypeAbsentAccepted) => "bearer",
            kind => kind.and_then(Value::as_str).unwrap_or_default(),
        };
        if !kind.eq_ignore_ascii_case("bearer") && !has(Fault::TokenTypeUnchecked) {
            return fail("the token is of a type that this client cannot use");
        }
        let access = match found.get("access_token") {
            Some(Value::Number(number)) if has(Fault::NumberAsTokenAccepted) => number.to_string(),
            Some(Value::String(text))
                if text.contains(char::is_control) && has(Fault::TokenCharactersUnchecked) =>
            {
                text.chars().filter(|c| !c.is_control()).collect()
            }
            Some(value) => token(value)?,
            None => return fail("the token response has no access token"),
        };
        let refresh = found.get("refresh_token").filter(|value| !value.is_null());
        let scopes = found.get("scope").filter(|value| !value.is_null());
        let scopes = match scopes.map(|value| value.as_str().map(words)) {
            Some(None) => return fail("the scope of the token is no text"),
            other => other.flatten(),
        };
        let refresh = refresh.map(token).transpose()?;
        Ok(Self { access, refresh, lifetime: lifetime(&found)?, scopes })
    }

    /// The grant this makes, which goes on from an `old` one if there is one.
    pub(crate) fn grant(
        self,
        issuer: &str,
        asked: &BTreeSet<String>,
        asked_at: u64,
        old: Option<&Grant>,
    ) -> Grant {
        let kept = || old.and_then(|old| old.refresh.clone());
        let refresh = if old.is_some() && self.refresh.is_some() && has(Fault::RotationIgnored) {
            kept()
        } else if self.refresh.is_none() && old.is_some() && has(Fault::UnrotatedTokenDropped) {
            self.refresh
        } else {
            self.refresh.or_else(kept)
        };
        Grant {
            issuer: issuer.to_owned(),
            access: self.access,
            refresh,
            scopes: self.scopes.unwrap_or_else(|| asked.clone()),
            issued_at: asked_at,
            lifetime: self.lifetime,
        }
    }
}

/// A string of visible ASCII, which is all that fits into a header.
fn token(value: &Value) -> Outcome<String> {
    match value.as_str() {
        Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(text.to_owned())
        }
        _ => fail("a token is not made of visible characters"),
    }
}

fn lifetime(found: &Map<String, Value>) -> Outcome<Option<u64>> {
    match found.get("expires_in") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            // A token that is void at once is none that could have been meant.
            Some(seconds) if seconds <= LONGEST_LIFETIME => Ok((seconds > 0).then_some(seconds)),
            _ if has(Fault::LifetimeUnchecked) => Ok(None),
            _ => fail("the lifetime of the token is no sane number of seconds"),
        },
    }
}

/// The scopes of a space-separated list.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
