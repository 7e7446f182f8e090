//! The token and revocation endpoints.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::check::Capability;
use crate::outcome::{Outcome, ProbeError, Violation};
use crate::probe::Probe;
use crate::probe::authorize::{Authorization, Decision, Issued, Parameters};
use crate::probe::http::{Reply, Request};
use crate::probe::register::{Client, Method};
use crate::secret::Secret;

/// A request to the token or the revocation endpoint.
#[derive(Clone, Debug)]
pub(crate) struct TokenRequest {
    pub(crate) parameters: Parameters,
    pub(crate) basic: Option<(String, Secret)>,
}

impl TokenRequest {
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.set(name, value);
        self
    }

    pub(crate) fn also(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.also(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters = self.parameters.without(name);
        self
    }

    /// The same request made by another client, with that client's own authentication.
    pub(crate) fn by(self, client: &Client) -> Self {
        let request = self.without("client_id").without("client_secret");
        let parameters = request.parameters;
        match (client.method, &client.secret) {
            (Method::Basic, Some(secret)) => {
                Self { parameters, basic: Some((client.id.clone(), secret.clone())) }
            }
            (Method::Post, Some(secret)) => Self {
                parameters: parameters
                    .set("client_id", &client.id)
                    .set("client_secret", secret.expose()),
                basic: None,
            },
            _ => Self { parameters: parameters.set("client_id", &client.id), basic: None },
        }
    }

    pub(crate) fn to(&self, endpoint: &str) -> Request {
        let request = Request::post_form(endpoint, &self.parameters.0);
        match &self.basic {
            Some((id, secret)) => {
                let pair = STANDARD.encode(format!("{id}:{}", secret.expose()));
                request.header("authorization", format!("Basic {pair}"))
            }
            None => request,
        }
    }
}

/// What one successful token response carried.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) scope: Option<String>,
    pub(crate) expires_in: Option<u64>,
}

/// A client, what the person allowed it, and its first tokens.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client: Client,
    pub(crate) issued: Issued,
    pub(crate) tokens: Tokens,
}

impl Grant {
    pub(crate) fn refresh_token(&self) -> Result<&Secret, ProbeError> {
        self.tokens.refresh_token()
    }
}

impl Tokens {
    pub(crate) fn refresh_token(&self) -> Result<&Secret, ProbeError> {
        let missing = || ProbeError::step("obtain a refresh token", "none came back");
        self.refresh.as_ref().ok_or_else(missing)
    }
}

impl Probe<'_> {
    /// The request that redeems `issued` as its own client would.
    pub(crate) fn exchange(&self, issued: &Issued) -> TokenRequest {
        let sent = &issued.authorization.parameters;
        let mut parameters = Parameters::default()
            .set("grant_type", "authorization_code")
            .set("code", issued.code.expose())
            .set("redirect_uri", sent.find("redirect_uri").unwrap_or_default())
            .set("code_verifier", issued.authorization.verifier.expose());
        if let Some(resource) = sent.find("resource") {
            parameters = parameters.set("resource", resource);
        }
        TokenRequest { parameters, basic: None }.by(&issued.authorization.client)
    }

    /// The request that refreshes with `token`.
    pub(crate) fn refreshing(&self, client: &Client, token: &Secret) -> TokenRequest {
        let parameters = Parameters::default()
            .set("grant_type", "refresh_token")
            .set("refresh_token", token.expose());
        TokenRequest { parameters, basic: None }.by(client)
    }

    /// Sends a token request and takes any tokens of the answer into custody.
    pub(crate) fn token(&self, request: &TokenRequest) -> Result<Reply, ProbeError> {
        self.token_by(&request.to(&self.site().endpoint_of("token_endpoint")?))
    }

    /// The same for a request that was put together by hand.
    pub(crate) fn token_by(&self, request: &Request) -> Result<Reply, ProbeError> {
        let reply = self.send(request)?;
        for (member, kind) in [("access_token", "access token"), ("refresh_token", "refresh token")]
        {
            if let Some(token) = reply.text(member) {
                self.learn(kind, &token);
            }
        }
        Ok(reply)
    }

    /// Reads a token response; anything else is a step that failed.
    pub(crate) fn tokens(&self, reply: Reply, step: &str) -> Result<Tokens, ProbeError> {
        let reply = reply.succeeded(step)?;
        let Some(access) = reply.text("access_token") else {
            return Err(ProbeError::step(step, "the answer has no access_token"));
        };
        Ok(Tokens {
            access: Secret::new(access),
            refresh: reply.text("refresh_token").map(Secret::new),
            scope: reply.text("scope"),
            expires_in: reply.json().get("expires_in").and_then(serde_json::Value::as_u64),
        })
    }

    /// Redeems `issued` and keeps the grant for tidying up.
    pub(crate) fn redeem(&self, issued: &Issued) -> Result<Grant, ProbeError> {
        let tokens = self.tokens(self.token(&self.exchange(issued))?, "exchange a code")?;
        let client = issued.authorization.client.clone();
        Ok(Grant { client, issued: issued.clone(), tokens })
    }

    /// Refreshes as the grant's own client.
    pub(crate) fn refresh(&self, client: &Client, token: &Secret) -> Result<Tokens, ProbeError> {
        let tokens = self.tokens(self.token(&self.refreshing(client, token))?, "refresh")?;
        Ok(tokens)
    }

    /// A grant of every scope to this check's own client.
    pub(crate) fn grant(&self) -> Result<Grant, ProbeError> {
        self.grant_for(&self.authorization(&self.client()?))
    }

    /// A grant of exactly `scopes` to this check's own client.
    pub(crate) fn grant_of(&self, scopes: &[String]) -> Result<Grant, ProbeError> {
        let request = self.authorization(&self.client()?);
        self.grant_for(&match scopes {
            [] => request.without("scope"),
            scopes => request.set("scope", scopes.join(" ")),
        })
    }

    /// An access token of every scope: that of a new grant, or where grants cannot be had, the one
    /// of the target's ready tokens that has most.
    pub(crate) fn token_of_all(&self) -> Result<Secret, ProbeError> {
        if self.has_grants() {
            return Ok(self.grant()?.tokens.access);
        }
        let widest = self.target.tokens.iter().max_by_key(|ready| ready.scopes.len());
        let none =
            || ProbeError::unavailable("there is neither [consent] nor a token in [[tokens]]");
        Ok(widest.ok_or_else(none)?.token.clone())
    }

    /// An access token of exactly `scopes`, in the same ways.
    pub(crate) fn token_of(&self, scopes: &[String]) -> Result<Secret, ProbeError> {
        if self.has_grants() {
            return Ok(self.grant_of(scopes)?.tokens.access);
        }
        let wanted: BTreeSet<&String> = scopes.iter().collect();
        let mut ready = self.target.tokens.iter();
        let fit = ready.find(|ready| ready.scopes.iter().collect::<BTreeSet<_>>() == wanted);
        let none = || {
            let scopes = scopes.join(" ");
            ProbeError::unavailable(format!(
                "no token in [[tokens]] has exactly the scopes {scopes:?}"
            ))
        };
        Ok(fit.ok_or_else(none)?.token.clone())
    }

    /// Whether grants can be had, as far as is known.
    pub(crate) fn has_grants(&self) -> bool {
        self.target.consent.is_some() && !self.site().lacks.contains_key(&Capability::Consent)
    }

    /// Runs `request` through consent and exchange.
    pub(crate) fn grant_for(&self, request: &Authorization) -> Result<Grant, ProbeError> {
        self.redeem(&self.code(request)?)
    }

    /// The same, with a decision on the consent page.
    pub(crate) fn grant_after(
        &self,
        request: &Authorization,
        decision: &Decision,
    ) -> Result<Grant, ProbeError> {
        self.redeem(&self.code_after(request, decision)?)
    }

    /// The request that revokes `token` as `client`.
    pub(crate) fn revocation(&self, client: &Client, token: &Secret) -> TokenRequest {
        let parameters = Parameters::default().set("token", token.expose());
        TokenRequest { parameters, basic: None }.by(client)
    }

    /// Sends a revocation request and returns whatever came back.
    pub(crate) fn revoke_by(&self, request: &TokenRequest) -> Result<Reply, ProbeError> {
        self.send(&request.to(&self.site().endpoint_of("revocation_endpoint")?))
    }

    /// Revokes, and holds when the server acknowledges with 200 (RFC 7009 section 2.2).
    pub(crate) fn revoke(&self, client: &Client, token: &Secret) -> Outcome {
        let reply = self.revoke_by(&self.revocation(client, token))?;
        if reply.status == 200 {
            return Ok(());
        }
        Err(Violation::new("200 for a revocation request", reply.summary()).into())
    }
}
