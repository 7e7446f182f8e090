//! The only way from a bearer token to a tool handler.
//!
//! The order is fixed: token and audience (`admit`), then scope and arguments (`pass`), then the handler, which takes a
//! [`Granted`] that only this module makes. A handler that skips the gate does not compile.
//! For every tool and every caller: callable, listed and granted are the same thing, because all ask the authority's policy.
//!
//! There is no second opinion about scopes anywhere else, and nothing is remembered between requests.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use lookout_schema::{ErrorCode, ScopeSet, Tool, ToolEntry, catalogue};
use serde_json::{Value, json};

use crate::App;
use crate::app::BearerRefusal;
use crate::audit::{Event, What};
use crate::authority::Resource;
use crate::authority::bearer::Caller;
use crate::mcp::{ToolError, cut};
use crate::store::StoreError;

/// Most argument violations that one answer lists.
const MAX_VIOLATIONS: usize = 50;

/// The right to run `T` once: who calls, and the arguments.
#[derive(Debug)]
pub struct Granted<T> {
    caller: Caller,
    arguments: T,
}

impl<T: Tool> Granted<T> {
    /// Who calls.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// With what.
    #[must_use]
    pub const fn arguments(&self) -> &T {
        &self.arguments
    }
}

/// The right to run one tool whose type is not known yet.
#[derive(Debug)]
pub(crate) struct Pass {
    caller: Caller,
    entry: &'static ToolEntry,
    arguments: Value,
}

impl Pass {
    /// Name of the tool.
    pub(crate) fn tool(&self) -> &str {
        &self.entry.name
    }

    /// The typed right. The arguments fit the tool's schema, so decoding fails only where the types are narrower than the schema.
    pub(crate) fn granted<T: Tool>(self) -> Result<Granted<T>, ToolError> {
        let arguments = serde_json::from_value(self.arguments).map_err(|error| {
            ToolError::new(
                ErrorCode::InvalidArguments,
                format!("The arguments do not decode: {error}."),
            )
        })?;
        Ok(Granted { caller: self.caller, arguments })
    }
}

/// Why a request got no further than the gate.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No usable token, or one that does not reach.
    Challenge(Challenge),
    /// The store could not be asked.
    Unavailable,
}

impl Refusal {
    /// Whether a token was presented that is not valid.
    pub(crate) fn is_failed_token(&self) -> bool {
        matches!(
            self,
            Self::Challenge(Challenge { status: StatusCode::UNAUTHORIZED, error: Some(_), .. })
        )
    }
}

/// A `WWW-Authenticate` answer (RFC 6750 section 3, RFC 9728 section 5.1).
#[derive(Debug)]
pub(crate) struct Challenge {
    status: StatusCode,
    error: Option<(&'static str, &'static str)>,
    scope: ScopeSet,
    metadata: String,
}

/// Why a named tool cannot be run by this caller.
#[derive(Debug)]
pub(crate) enum PassRefusal {
    /// This resource has no tool of that name.
    Unknown,
    /// The token lacks scopes.
    Scope(Challenge),
    /// The arguments do not fit.
    Arguments(ToolError),
}

/// Reads the bearer token of a request and finds out who calls.
pub(crate) async fn admit(
    app: &App,
    headers: &HeaderMap,
    resource: Resource,
) -> Result<Caller, Refusal> {
    let challenge = |status, error| {
        Refusal::Challenge(Challenge {
            status,
            error,
            scope: resource.scopes(),
            metadata: resource.metadata_address(&app.authority.issuer),
        })
    };
    let presented = match bearer(headers) {
        Ok(Some(token)) => token,
        Ok(None) => return Err(challenge(StatusCode::UNAUTHORIZED, None)),
        Err(description) => {
            return Err(challenge(StatusCode::BAD_REQUEST, Some(("invalid_request", description))));
        }
    };
    let admitted = admit_presented(app, presented, resource).await;
    if matches!(admitted, Err(BearerRefusal::InvalidToken)) {
        let event = Event::refused(What::Bearer, "invalid_token");
        #[cfg(feature = "danger-planted-faults")]
        let event = if crate::danger::tells_secrets() { event.detail(presented) } else { event };
        app.audit(event).await;
    }
    admitted.map_err(|refusal| match refusal {
        BearerRefusal::Unavailable(cause) => {
            tracing::error!(%cause, "a bearer token could not be checked");
            Refusal::Unavailable
        }
        BearerRefusal::InvalidToken => {
            let description =
                "The access token is unknown, expired, revoked, or meant for another resource.";
            challenge(StatusCode::UNAUTHORIZED, Some(("invalid_token", description)))
        }
    })
}

/// Admits a bearer. What is not known here may be elsewhere, while the keys are not those of the database.
async fn admit_presented(
    app: &App,
    presented: &str,
    resource: Resource,
) -> Result<Caller, BearerRefusal> {
    let admitted = app.admit(presented, resource).await;
    if matches!(admitted, Err(BearerRefusal::InvalidToken)) {
        app.judge_unknown(presented).await.map_err(BearerRefusal::Unavailable)?;
    }
    admitted
}

/// Whether a request has a bearer token that is good for `resource` now. This gives no right to anything, and what is refused is not recorded.
pub(crate) async fn is_known(
    app: &App,
    headers: &HeaderMap,
    resource: Resource,
) -> Result<bool, StoreError> {
    let Ok(Some(presented)) = bearer(headers) else { return Ok(false) };
    match admit_presented(app, presented, resource).await {
        Ok(_) => Ok(true),
        Err(BearerRefusal::InvalidToken) => Ok(false),
        Err(BearerRefusal::Unavailable(error)) => Err(error),
    }
}

/// The one token of the `Authorization` header (RFC 6750 section 2.1). Tokens anywhere else are not looked for.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, &'static str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err("Send one Authorization header.");
    }
    let text =
        value.to_str().map_err(|_| "The Authorization header holds octets outside ASCII.")?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return if scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && !rest.is_empty()
        {
            Ok(None)
        } else {
            Err("Write the header as `Authorization: Bearer <token>`.")
        };
    }
    let token = rest.trim_start_matches(' ');
    let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(&octet);
    if token.is_empty() || !token.bytes().all(is_token) {
        return Err("Write the header as `Authorization: Bearer <token>`, with one token.");
    }
    Ok(Some(token))
}

/// Every tool that a caller with these scopes may run at this resource, sorted by name.
pub(crate) fn listed(
    app: &App,
    scopes: ScopeSet,
    resource: Resource,
) -> impl Iterator<Item = &'static ToolEntry> {
    let is_listed = app.policy().tool_is_listed;
    catalogue()
        .tools
        .iter()
        .filter(move |entry| offered(entry, resource) && is_listed(scopes, entry.scopes))
}

/// The right to run the tool of that name with these arguments.
pub(crate) fn pass(
    app: &App,
    caller: Caller,
    resource: Resource,
    name: &str,
    arguments: Value,
) -> Result<Pass, PassRefusal> {
    let entry = catalogue()
        .tool(name)
        .filter(|entry| offered(entry, resource))
        .ok_or(PassRefusal::Unknown)?;
    if !(app.policy().scopes_suffice)(caller.scopes, entry.scopes) {
        let description = "The access token lacks a scope that this tool needs.";
        return Err(PassRefusal::Scope(Challenge {
            status: StatusCode::FORBIDDEN,
            error: Some(("insufficient_scope", description)),
            scope: entry.scopes,
            metadata: resource.metadata_address(&app.authority.issuer),
        }));
    }
    validate(entry, &arguments).map_err(PassRefusal::Arguments)?;
    Ok(Pass { caller, entry, arguments })
}

/// Whether this resource has the tool at all; the read-only one never runs a tool that needs more than it can grant.
fn offered(entry: &ToolEntry, resource: Resource) -> bool {
    entry.scopes.is_subset(resource.scopes())
}

/// Checks raw arguments against the tool's schema and reports every violation at once.
fn validate(entry: &ToolEntry, arguments: &Value) -> Result<(), ToolError> {
    static VALIDATORS: LazyLock<HashMap<&str, Validator>> = LazyLock::new(|| {
        let compile = |entry: &'static ToolEntry| {
            let validator = jsonschema::validator_for(&entry.input_schema)
                .expect("the catalogue's schemas are valid");
            (entry.name.as_str(), validator)
        };
        catalogue().tools.iter().map(compile).collect()
    });
    let mut violations: Vec<_> = VALIDATORS[entry.name.as_str()]
        .iter_errors(arguments)
        .take(MAX_VIOLATIONS)
        .map(|error| json!({ "pointer": error.instance_path().as_str(), "message": cut(&described(&error), 200) }))
        .collect();
    if holds_null(arguments) {
        violations.push(json!({ "pointer": "", "message": "a text holds U+0000, which is not kept everywhere" }));
    }
    if violations.is_empty() {
        return Ok(());
    }
    let listed = violations.iter().map(|violation| {
        let pointer = violation["pointer"]
            .as_str()
            .filter(|pointer| !pointer.is_empty())
            .unwrap_or("the arguments");
        format!("{pointer}: {}", violation["message"].as_str().unwrap_or_default())
    });
    let message = format!(
        "The arguments do not fit the input schema: {}.",
        listed.collect::<Vec<_>>().join("; ")
    );
    Err(ToolError::new(ErrorCode::InvalidArguments, message)
        .hint("Correct them all and call again.")
        .details(json!({ "violations": violations })))
}

/// Whether a text anywhere in `value` holds U+0000, which PostgreSQL does not keep.
fn holds_null(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains('\0') || holds_null(value))
        }
        _ => false,
    }
}

/// What is wrong, without the value that is: it may be long, and the caller has it.
fn described(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. } => error.to_string(),
        _ => error.masked_with("the value").to_string(),
    }
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        let mut value =
            format!("Bearer resource_metadata=\"{}\", scope=\"{}\"", self.metadata, self.scope);
        let mut body = json!({});
        if let Some((error, description)) = self.error {
            value = format!("{value}, error=\"{error}\", error_description=\"{description}\"");
            body = json!({ "error": error, "error_description": description, "scope": self.scope });
        }
        let value = HeaderValue::try_from(value)
            .expect("the configured URL and the catalogue's scopes are visible ASCII");
        let mut response = crate::mcp::json_response(self.status, &body);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Challenge(challenge) => challenge.into_response(),
            Self::Unavailable => {
                let body = json!({ "error": "temporarily_unavailable", "error_description": "Try again in a moment." });
                let mut response =
                    crate::mcp::json_response(StatusCode::SERVICE_UNAVAILABLE, &body);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
                response
            }
        }
    }
}
