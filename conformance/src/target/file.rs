//! `target.toml` as it is written: one field here for each key there.
//!
//! A secret is never in the file. Where one is needed, a [`SecretSource`] names the environment
//! variable or the file that holds it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::profile::Declared;
use crate::target::consent::{DecisionWord, FormHints, Selectors};
use crate::target::registration::ClientMethod;

/// A server under test. Only `url` is needed; every other field adds something that can be tested.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "target.toml of lookout-conformance")]
pub struct TargetFile {
    /// The server's MCP endpoint, or its base address: `https://mcp.example.com/mcp`.
    pub url: String,
    /// The resource identifier that tokens are asked for (RFC 8707). Default: `resource` of the
    /// protected resource metadata, and without any the address of the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The issuer of the authorization server. Default: the first of `authorization_servers` in
    /// the protected resource metadata, and without any the origin of `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Hosts beside the one of `url` that may be contacted, as `name` or `name:port`: that of the
    /// authorization server, for example. Every other host is left alone. They are spoken to over
    /// TLS, unless they are on loopback or `issuer` or `resource` says `http` of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Base addresses of further replicas of the same server: `["http://127.0.0.1:8788"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<String>,
    /// Every scope of the server: `["files:read", "files:write"]`. Default: those of the tools or
    /// of the catalogue, and without any those of the server's metadata.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Tools and scopes from a file or a folder, instead of `tools`: a bundle such as
    /// `lookout-schema` makes, or a folder with `scopes.json` and `tools/*.json`. A path relative to
    /// this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// The page that makes programmatic tokens, where no links named "MCP" and "Tokens" lead to it:
    /// a path or an absolute address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_page: Option<String>,
    /// By what right the target is tested. Needed unless every host is a loopback one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<OwnershipFile>,
    /// How clients come to be. Default: `kind = "dynamic"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationFile>,
    /// How a grant is consented to. Without it, whatever needs a grant is not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentFile>,
    /// Which tool needs which scopes, by the tool's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, ToolFile>,
    /// Headers added to every request, by name, where the request has none of that name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, SecretSource>,
    /// Access tokens that exist already, for servers whose OAuth flow cannot be driven. Checks that
    /// need only a token then run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenFile>,
    /// The choices that the standards leave to the server, where they are known. What is left out is
    /// found out by doing the ordinary thing once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Declared>,
    /// Lifetimes that the server does not publish. Expiry is tried only where one is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetimes: Option<LifetimesFile>,
    /// What a run may ask of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsFile>,
}

/// Where a secret is: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-secret" = true))]
pub struct SecretSource {
    /// The environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// The file that holds it and nothing else, except a last line end. A path relative to this
    /// file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// By what right the target is tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnershipFile {
    /// Who allows the test, in a sentence that the report repeats: `"Ada Lovelace, head of platform,
    /// allows this test of our staging server."`
    pub authorization: String,
    /// Text that the owner serves at `/.well-known/lookout-conformance` of the host of `url`, as
    /// `text/plain` and nothing else. At least 16 characters; not a secret.
    pub nonce: String,
}

/// How clients come to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RegistrationFile {
    /// The harness registers as many as it needs (RFC 7591).
    Dynamic {
        /// The initial access token, for servers that want one (RFC 7591 section 3).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        initial_access_token: Option<SecretSource>,
    },
    /// The operator hosts a document about each client at its identifier.
    MetadataDocument {
        /// The clients. `lookout-conformance server --target FILE --client-documents` prints what to
        /// host for each.
        clients: Vec<DocumentFile>,
    },
    /// Somebody registered these clients beforehand.
    PreRegistered {
        /// The clients. Checks that need two or three of them are not tested with fewer.
        clients: Vec<ClientFile>,
    },
}

/// A client whose identifier is the address of a document about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentFile {
    /// The address of the document: `https://client.example/conformance.json`.
    pub client_id: String,
    /// The redirect URIs in the document. The first is used; none is ever contacted.
    pub redirect_uris: Vec<String>,
}

/// A client that the authorization server knows already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientFile {
    /// Its identifier.
    pub client_id: String,
    /// Its secret, unless `method` is `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretSource>,
    /// How it authenticates at the token endpoint. Default: `client_secret_basic` with a secret,
    /// `none` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<ClientMethod>,
    /// Its redirect URIs, as they were registered. The first is used; none is ever contacted.
    pub redirect_uris: Vec<String>,
}

/// How a grant is consented to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConsentFile {
    /// The server consents by itself: it answers with redirects and shows no page.
    Redirects {},
    /// Pages with HTML forms, filled in and submitted without a browser. The only kind with which
    /// the checks on pages run.
    Forms {
        /// Who signs in, where the server asks for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// Their password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<SecretSource>,
        /// What the pages call their parts, where the usual signs mislead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hints: Option<FormHints>,
    },
    /// A browser behind a WebDriver server such as chromedriver or geckodriver.
    Webdriver {
        /// The address of the WebDriver server: `http://127.0.0.1:9515`.
        url: String,
        /// Who signs in, where the server asks for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// Their password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<SecretSource>,
        /// CSS selectors of what to use on the pages, where the usual signs mislead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        selectors: Option<Selectors>,
        /// Capabilities of the session, for example `{ "goog:chromeOptions" = { args = ["--headless"] } }`.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        capabilities: Map<String, Value>,
        /// How many seconds one authorization may take. Default: 30.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_seconds: Option<u64>,
    },
    /// A program that is given the authorization address as its last argument, consents in whatever
    /// way, and prints the address that the server redirected to.
    Command {
        /// The program and its first arguments. A path with a slash is relative to this file.
        program: Vec<String>,
        /// What it can do; it is told in `LOOKOUT_CONFORMANCE_DECISION`, and for `narrow` in
        /// `LOOKOUT_CONFORMANCE_SCOPES`. Default: `["allow"]`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        decisions: Vec<DecisionWord>,
        /// How many seconds one authorization may take. Default: 60.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_seconds: Option<u64>,
    },
}

/// One tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolFile {
    /// Every scope that a call needs. `[]` is a tool that any token may call.
    pub scopes: Vec<String>,
    /// Arguments that the tool accepts. Default: made from what `tools/list` says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Map<String, Value>>,
    /// Whether a call changes something. A polite run calls such a tool only with `arguments` that
    /// are given here. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub writes: bool,
}

/// An access token that exists already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenFile {
    /// The scopes it has.
    pub scopes: Vec<String>,
    /// The token.
    pub token: SecretSource,
}

/// Lifetimes that the server does not publish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifetimesFile {
    /// How many seconds an authorization code lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_seconds: Option<u64>,
    /// How many seconds an access token lives, where token responses have no `expires_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_seconds: Option<u64>,
}

/// What a run may ask of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    /// Whether the server is spared: at most 5 requests a second and 2000 in all, one check at a
    /// time, and no check that floods it or sends it oversize bodies. Default: true, unless `url`
    /// and every one of `replicas` and `hosts` is on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polite: Option<bool>,
    /// Requests a second, over all connections; more than 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<f64>,
    /// Requests of a whole run. Taking away what was made is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_requests: Option<u64>,
    /// How many checks run at once, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// How many seconds one request may take. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// How many bytes of an answer are read. Default: 4194304.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<u64>,
}

/// The JSON Schema of `target.toml`, as committed in `conformance/target.schema.json`.
pub fn schema() -> Value {
    schemars::schema_for!(TargetFile).to_value()
}
