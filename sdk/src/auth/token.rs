//! The token endpoint: redeeming a code, refreshing, and judging what comes back (RFC 6749 sections 5.1 and 5.2).
//!
//! A response counts only if every member it must have is there once, of the right type and harmless in a header.
//! Errors never quote the response, because it may hold tokens.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::challenge::scopes;
use super::discovery::Authority;
use super::registration::ClientIdentity;
use super::secret::{AccessToken, AuthorizationCode, CodeVerifier, RefreshToken};
use super::wire::Wire;
use crate::Error;
use crate::error::Kind;
use crate::events::event;
use crate::http::Answer;

/// The longest lifetime of an access token that is believed: ten years, in seconds.
const LONGEST_LIFETIME: u64 = 10 * 365 * 24 * 60 * 60;

/// What an authorization server granted.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: AccessToken,
    pub(crate) refresh: Option<RefreshToken>,
    /// When to stop using the access token, in seconds since 1970 on this machine's clock.
    pub(crate) expires_at: Option<u64>,
    /// Sorted, each once.
    pub(crate) scopes: Vec<String>,
}

/// Why a token request brought no tokens.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The server will not take the code or the refresh token again, whatever the reason; the code of the error (RFC 6749 section 5.2).
    Final(String),
    /// The server does not know this client any more.
    InvalidClient,
    /// Anything else; what was sent may still be good.
    Other(Error),
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
    scope: Option<String>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
}

impl Tokens {
    /// Whether the access token should be replaced before it is used again.
    ///
    /// The margin is taken off when the token arrives: a quarter of its lifetime, at most 15 seconds.
    pub(crate) fn is_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| unix_now() >= at)
    }
}

/// What a code is redeemed with besides itself.
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a AuthorizationCode,
    pub(crate) verifier: &'a CodeVerifier,
    pub(crate) redirect_uri: &'a str,
    pub(crate) resource: &'a str,
    /// The scopes that were asked for.
    pub(crate) scopes: &'a [String],
}

/// Redeems an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2).
pub(crate) async fn redeem(
    wire: &Wire,
    authority: &Authority,
    client: &ClientIdentity,
    redemption: Redemption<'_>,
) -> Result<Tokens, Refusal> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", redemption.code.expose()),
        ("code_verifier", redemption.verifier.expose()),
        ("redirect_uri", redemption.redirect_uri),
        ("resource", redemption.resource),
    ];
    let answer =
        wire.post_form(&authority.token_endpoint, client, &fields).await.map_err(Refusal::Other)?;
    judge(&answer, redemption.scopes)
}

/// Exchanges a refresh token for fresh tokens (RFC 6749 section 6); a server that does not rotate keeps the old refresh token good.
pub(crate) async fn refresh(
    wire: &Wire,
    authority: &Authority,
    client: &ClientIdentity,
    old: &Tokens,
    token: &RefreshToken,
) -> Result<Tokens, Refusal> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.expose()),
        ("resource", &*authority.resource),
    ];
    let answer =
        wire.post_form(&authority.token_endpoint, client, &fields).await.map_err(Refusal::Other)?;
    let mut fresh = judge(&answer, &old.scopes)?;
    fresh.refresh.get_or_insert_with(|| token.clone());
    Ok(fresh)
}

/// Revokes the refresh token, and with it the grant, then the access token, which may live on by itself (RFC 7009 section 2.1).
///
/// Both are tried whatever happens to the other; without a revocation endpoint there is nothing to ask.
pub(crate) async fn revoke(
    wire: &Wire,
    authority: &Authority,
    client: &ClientIdentity,
    tokens: &Tokens,
) -> Result<(), Error> {
    let Some(url) = &authority.revocation_endpoint else { return Ok(()) };
    let refresh = tokens.refresh.as_ref().map(|token| (token.expose(), "refresh_token"));
    let mut outcome = Ok(());
    for (token, kind) in refresh.into_iter().chain([(tokens.access.expose(), "access_token")]) {
        let fields = [("token", token), ("token_type_hint", kind)];
        let done = wire.post_form(url, client, &fields).await.and_then(|answer| revoked(&answer));
        match &done {
            Ok(()) => event!(AUTH, info, "revoke", kind, outcome = "revoked"),
            Err(error) => {
                event!(AUTH, warn, "revoke", kind, outcome = "failed", reason = error.reason());
            }
        }
        outcome = outcome.and(done);
    }
    outcome
}

fn revoked(answer: &Answer) -> Result<(), Error> {
    if answer.is_success() {
        return Ok(());
    }
    Err(crate::http::unavailable(answer.status, &answer.headers).unwrap_or_else(|| {
        Error::authorization(format!(
            "the server did not revoke the token (HTTP {})",
            answer.status
        ))
    }))
}

/// Judges the answer to a request for tokens with the scopes `asked`.
pub(super) fn judge(answer: &Answer, asked: &[String]) -> Result<Tokens, Refusal> {
    let other = |what: &str| Refusal::Other(Error::authorization(what));
    if let Some(error) = crate::http::unavailable(answer.status, &answer.headers) {
        return Err(Refusal::Other(error));
    }
    if answer.status != 200 {
        let response: Option<ErrorResponse> = answer.object().and_then(Result::ok);
        return Err(match response.as_ref().map(|response| response.error.as_str()) {
            Some("invalid_client") => Refusal::InvalidClient,
            Some("temporarily_unavailable" | "server_error") => {
                Refusal::Other(Error::new(Kind::Status(answer.status, None)))
            }
            Some(code) if is_error_code(code) => Refusal::Final(code.to_owned()),
            _ => other(&format!(
                "the authorization server refused the token request (HTTP {})",
                answer.status
            )),
        });
    }
    // The cause is left out: it may quote a token.
    let response: TokenResponse = answer
        .object()
        .and_then(Result::ok)
        .ok_or_else(|| other("the token response is not valid"))?;
    if response.error.is_some() {
        return Err(other("the token response is an error and a success at once"));
    }
    if !response.token_type.eq_ignore_ascii_case("bearer") {
        return Err(other("the token response has a token type other than Bearer"));
    }
    let access = AccessToken::new(response.access_token)
        .ok_or_else(|| other("the token response has an access token that no header can carry"))?;
    let refresh = response
        .refresh_token
        .map(|token| {
            RefreshToken::new(token)
                .ok_or_else(|| other("the token response has a malformed refresh token"))
        })
        .transpose()?;
    if response.expires_in.is_some_and(|seconds| !(1..=LONGEST_LIFETIME).contains(&seconds)) {
        return Err(other("the token response has a lifetime that makes no sense"));
    }
    let granted = response.scope.as_deref().map_or_else(|| asked.to_vec(), scopes);
    // A request that named no scope left the choice to the server.
    if !asked.is_empty() && !granted.iter().all(|scope| asked.contains(scope)) {
        return Err(other(
            "the authorization server granted scopes that were not asked for; its tokens are not used",
        ));
    }
    let expires_at =
        response.expires_in.map(|seconds| unix_now() + seconds - (seconds / 4).min(15));
    Ok(Tokens { access, refresh, expires_at, scopes: granted })
}

/// Whether the text is short and plain enough to show to a person.
pub(crate) fn is_error_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[expect(
    clippy::disallowed_methods,
    reason = "an expiry outlives the process, so it is kept on this machine's clock; the server still decides"
)]
fn unix_now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
