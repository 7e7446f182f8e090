//! What the standards leave to a server, and what this server chose.
//!
//! A legal server is never failed for its policy: checks and the model ask the profile which of the
//! legal behaviours to expect. A knob is declared by the person who runs the harness, inferred by
//! doing the ordinary thing once, or assumed. No value of any knob excuses what a text forbids, so
//! there is none for, say, "a spent refresh token keeps working for ever".
//!
//! Absent on purpose: judgement. Whether a choice is a good one is for the checks to say.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the person who runs the harness says about the server. What is left out is inferred.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Declared {
    /// What happens to refresh tokens when they are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Refresh>,
    /// What revoking an access token reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_revocation: Option<AccessRevocation>,
    /// What revoking a refresh token reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_revocation: Option<RefreshRevocation>,
    /// For how many milliseconds after it was acknowledged a revocation may not have reached every
    /// replica. Never inferred; 0 when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_delay_ms: Option<u64>,
    /// What a refused exchange does to the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_exchange: Option<FailedExchange>,
    /// What presenting a redeemed code again does to its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_replay: Option<CodeReplay>,
    /// Whether the token request must repeat the redirect URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_redirect_uri: Option<TokenRedirectUri>,
    /// What an authorization request without `resource` is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_omitted: Option<ResourceOmitted>,
    /// What a new consent does to the client's older grants from the same person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub re_authorize: Option<ReAuthorize>,
    /// What an access token looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_format: Option<TokenFormat>,
}

/// What happens to refresh tokens when they are used (RFC 9700 section 4.14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Refresh {
    /// The server issues none.
    None,
    /// Each use replaces the token, and using a replaced one ends the grant.
    Strict,
    /// Weak: each use replaces the token, and a replaced one is refused, which ends nothing. A thief
    /// who was quicker keeps what was stolen, so `refresh/reuse` still reports it.
    RefusesReuse,
    /// As `strict`, but a replaced token may be used again for a while, for lost answers.
    Grace {
        /// How long, in seconds.
        seconds: u64,
    },
    /// As `strict`, but a replaced token may be used again until its successor was used.
    UntilSuccessorUsed,
    /// A token stays the same, which only confidential clients may have.
    NoRotation,
}

impl Refresh {
    /// Whether a token that was replaced is refused from then on.
    pub fn is_single_use(self) -> bool {
        matches!(self, Self::Strict | Self::RefusesReuse)
    }
}

/// What revoking an access token reaches (RFC 7009 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessRevocation {
    /// That token.
    Token,
    /// Its whole grant.
    Grant,
}

/// What revoking a refresh token reaches (RFC 7009 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RefreshRevocation {
    /// That token, which leaves access tokens to expire.
    Token,
    /// Its whole grant.
    Grant,
}

/// What a refused exchange does to the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailedExchange {
    /// The code is spent.
    BurnsCode,
    /// The code can still be redeemed.
    KeepsCode,
}

/// What presenting a redeemed code again does (RFC 6749 section 4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CodeReplay {
    /// The request is refused, and the tokens live on.
    Refused,
    /// The request is refused, and the tokens that the code was redeemed for are revoked.
    Revokes,
}

/// Whether the token request must repeat the redirect URI (RFC 6749 section 4.1.3; OAuth 2.1 drops it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenRedirectUri {
    /// It must.
    Required,
    /// It may leave it out.
    Optional,
}

/// What an authorization request without `resource` is for (RFC 8707 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceOmitted {
    /// The MCP endpoint.
    Endpoint,
    /// Nothing: it is refused.
    Refused,
}

/// What a new consent does to the client's older grants from the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReAuthorize {
    /// They live on.
    KeepsGrants,
    /// They end.
    EndsGrants,
    /// It joins them: a person and a client have one grant, and what ends it ends every authorization.
    JoinsGrants,
}

/// What an access token looks like. The harness never reads one; this is for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenFormat {
    /// A random string.
    Opaque,
    /// Three dot-separated parts, the first of which is a JSON header.
    Jwt,
}

/// Every knob with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What happens to refresh tokens when they are used.
    pub refresh: Knob<Refresh>,
    /// What revoking an access token reaches.
    pub access_revocation: Knob<AccessRevocation>,
    /// What revoking a refresh token reaches.
    pub refresh_revocation: Knob<RefreshRevocation>,
    /// Milliseconds that a revocation may take to reach every replica.
    pub revocation_delay_ms: Knob<u64>,
    /// What a refused exchange does to the code.
    pub failed_exchange: Knob<FailedExchange>,
    /// What presenting a redeemed code again does to its tokens.
    pub code_replay: Knob<CodeReplay>,
    /// Whether the token request must repeat the redirect URI.
    pub token_redirect_uri: Knob<TokenRedirectUri>,
    /// What an authorization request without `resource` is for.
    pub resource_omitted: Knob<ResourceOmitted>,
    /// What a new consent does to the client's older grants from the same person.
    pub re_authorize: Knob<ReAuthorize>,
    /// What an access token looks like.
    pub token_format: Knob<TokenFormat>,
}

/// The value of one knob and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob<T> {
    /// The behaviour to expect.
    pub value: T,
    /// How it is known.
    pub source: Source,
    /// Why it could not be told, or what is weak about it, where that is worth a line.
    pub remark: Option<String>,
}

/// How the value of a knob is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The person who runs the harness said so.
    Declared,
    /// The server was seen to do it.
    Inferred,
    /// Nobody said, and it could not be told: the strictest legal value.
    Assumed,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Declared => "declared",
            Self::Inferred => "inferred",
            Self::Assumed => "assumed",
        })
    }
}

/// One knob as a report shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Setting {
    /// The knob, as [`Declared`] spells it.
    pub knob: String,
    /// Its value.
    pub value: String,
    /// How the value is known.
    pub source: Source,
    /// Why it could not be told, or what is weak about it, where that is worth a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl<T> Knob<T> {
    /// The declared value, or `assumed` until something better is known.
    fn new(declared: Option<T>, assumed: T) -> Self {
        match declared {
            Some(value) => Self { value, source: Source::Declared, remark: None },
            None => Self { value: assumed, source: Source::Assumed, remark: None },
        }
    }

    /// Whether a person fixed the value, so that nothing needs to be inferred.
    pub fn is_declared(&self) -> bool {
        self.source == Source::Declared
    }

    /// Takes what the server was seen to do, unless a person declared something.
    pub(crate) fn infer(&mut self, value: T) {
        if !self.is_declared() {
            *self = Self { value, source: Source::Inferred, remark: None };
        }
    }

    /// As [`Self::infer`], with what is to be said about the value.
    pub(crate) fn infer_with(&mut self, value: T, remark: impl Into<String>) {
        self.infer(value);
        self.remark(remark);
    }

    /// Says what is worth a line about what was not declared: for one, why nothing better is known.
    pub(crate) fn remark(&mut self, remark: impl Into<String>) {
        if !self.is_declared() {
            self.remark = Some(remark.into());
        }
    }
}

impl Profile {
    /// What is declared, and the strictest legal value of everything else.
    pub fn assuming(declared: &Declared) -> Self {
        Self {
            refresh: Knob::new(declared.refresh, Refresh::Strict),
            access_revocation: Knob::new(declared.access_revocation, AccessRevocation::Token),
            refresh_revocation: Knob::new(declared.refresh_revocation, RefreshRevocation::Grant),
            revocation_delay_ms: Knob::new(declared.revocation_delay_ms, 0),
            failed_exchange: Knob::new(declared.failed_exchange, FailedExchange::KeepsCode),
            code_replay: Knob::new(declared.code_replay, CodeReplay::Revokes),
            token_redirect_uri: Knob::new(declared.token_redirect_uri, TokenRedirectUri::Optional),
            resource_omitted: Knob::new(declared.resource_omitted, ResourceOmitted::Endpoint),
            re_authorize: Knob::new(declared.re_authorize, ReAuthorize::KeepsGrants),
            token_format: Knob::new(declared.token_format, TokenFormat::Opaque),
        }
    }

    /// Every knob, for a report.
    pub fn settings(&self) -> Vec<Setting> {
        vec![
            setting("refresh", &self.refresh),
            setting("access-revocation", &self.access_revocation),
            setting("refresh-revocation", &self.refresh_revocation),
            setting("revocation-delay-ms", &self.revocation_delay_ms),
            setting("failed-exchange", &self.failed_exchange),
            setting("code-replay", &self.code_replay),
            setting("token-redirect-uri", &self.token_redirect_uri),
            setting("resource-omitted", &self.resource_omitted),
            setting("re-authorize", &self.re_authorize),
            setting("token-format", &self.token_format),
        ]
    }
}

fn setting<T: Serialize>(name: &str, knob: &Knob<T>) -> Setting {
    Setting {
        knob: name.to_owned(),
        value: written(&serde_json::to_value(&knob.value).unwrap_or_default()),
        source: knob.source,
        remark: knob.remark.clone(),
    }
}

/// `strict`, `0`, or `grace (seconds 10)`.
fn written(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(members) => {
            let parts = members.iter().map(|(name, value)| match value {
                serde_json::Value::Object(_) => format!("{name} ({})", written(value)),
                other => format!("{name} {other}"),
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_knob_is_never_inferred_over() {
        let declared = Declared { refresh: Some(Refresh::NoRotation), ..Declared::default() };
        let mut profile = Profile::assuming(&declared);
        profile.refresh.infer(Refresh::Strict);
        profile.refresh.remark("no reason");
        assert_eq!(profile.refresh.value, Refresh::NoRotation);
        assert_eq!(profile.refresh.remark, None);
    }

    #[test]
    fn a_value_reads_as_it_is_declared() {
        let declared =
            Declared { refresh: Some(Refresh::Grace { seconds: 10 }), ..Declared::default() };
        let settings = Profile::assuming(&declared).settings();
        assert_eq!(settings[0].value, "grace (seconds 10)");
        assert_eq!(settings[1].value, "token");
        let json = serde_json::json!({"refresh": {"grace": {"seconds": 10}}});
        assert_eq!(serde_json::from_value::<Declared>(json).unwrap(), declared);
    }

    #[test]
    fn every_knob_can_be_declared_and_is_reported() {
        let schema = schemars::schema_for!(Declared);
        let properties = schema.as_value()["properties"].as_object().unwrap();
        let mut declared: Vec<&String> = properties.keys().collect();
        let settings = Profile::assuming(&Declared::default()).settings();
        let mut reported: Vec<&String> = settings.iter().map(|setting| &setting.knob).collect();
        declared.sort();
        reported.sort();
        assert_eq!(declared, reported);
    }
}
