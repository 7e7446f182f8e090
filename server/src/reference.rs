//! The reference of the tools, made from what the server runs: the same entries that `tools/list` answers with.
//!
//! One value is behind the page, its JSON and its Markdown, so they cannot differ.

mod example;
mod field;
mod markdown;

use lookout_schema::{
    Annotations, CATALOGUE_DIGEST, ErrorEntry, Scope, ScopeSet, ToolEntry, catalogue,
};
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::example::{Example, TOKEN, pretty};
pub(crate) use self::field::Field;
use crate::authority::Resource;
use crate::workspace::Sample;
use crate::{App, gate, mcp};

/// Whose tools are shown: those of a token with these scopes, at this endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// The endpoint.
    pub(crate) resource: Resource,
    /// The scopes of the token. What the endpoint does not know of them means nothing there.
    pub(crate) scopes: ScopeSet,
}

impl View {
    /// What a token with every scope sees where every tool is.
    pub(crate) const WHOLE: Self = Self { resource: Resource::Mcp, scopes: ScopeSet::all() };
}

/// The reference as a document. Its JSON has these members, in camel case, and later versions add members and take none away.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    /// `name`, `title` and `version` of the server, as `initialize` and `server/discover` tell them.
    pub(crate) server: Value,
    /// The revisions of MCP that the endpoints speak, newest first.
    pub(crate) protocol_revisions: Vec<&'static str>,
    /// `sha256:` and the digest of the catalogue that the server runs.
    pub(crate) catalogue_digest: &'static str,
    /// The endpoints, the whole one first.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Every scope.
    pub(crate) scopes: Vec<ScopeWords>,
    /// Path of the endpoint whose tools are below.
    pub(crate) endpoint: &'static str,
    /// The scopes of the token that sees them, separated by spaces.
    pub(crate) granted: ScopeSet,
    /// The tools, sorted by name.
    pub(crate) tools: Vec<ToolReference>,
}

/// Where clients connect.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoint {
    /// Its path.
    pub(crate) path: &'static str,
    /// Its address.
    pub(crate) url: String,
    /// Where its OAuth metadata is (RFC 9728).
    pub(crate) metadata: String,
    /// The scopes that mean something there, separated by spaces.
    pub(crate) scopes: ScopeSet,
}

/// A scope in words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScopeWords {
    /// Its name on the wire.
    pub(crate) name: &'static str,
    /// One or two words.
    pub(crate) title: &'static str,
    /// A sentence.
    pub(crate) description: &'static str,
    /// Whether who asks for none is given it.
    pub(crate) default: bool,
}

/// A tool: everything that `tools/list` says about it, and the rest that people want to know.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolReference {
    /// `name`, `title`, `description`, `inputSchema`, `outputSchema` and `annotations`, as `tools/list` has them.
    #[serde(flatten)]
    pub(crate) listed: Value,
    #[serde(skip)]
    entry: &'static ToolEntry,
    /// The scopes that a call needs, separated by spaces.
    pub(crate) scopes: ScopeSet,
    /// What a call does, in words.
    pub(crate) effects: Vec<&'static str>,
    /// The arguments; those inside of others have a path such as `spec.panels[].id`.
    pub(crate) arguments: Vec<Field>,
    /// The members of the structured result, likewise.
    pub(crate) result: Vec<Field>,
    /// The errors that a call can end in, those of the tool first.
    pub(crate) errors: Vec<ErrorReference>,
    /// A call that works in the workspace of the reader, where it has what the call is about.
    pub(crate) example: Example,
}

/// An error code in words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorReference {
    /// The code.
    pub(crate) code: &'static str,
    /// What happened.
    pub(crate) description: &'static str,
    /// Whether the same call may succeed later.
    pub(crate) retryable: bool,
    /// Whether every tool can end in it.
    pub(crate) common: bool,
}

impl Reference {
    /// What `view` sees, with examples that name things of a workspace.
    pub(crate) fn of(app: &App, view: View, sample: &Sample) -> Self {
        let granted = view.scopes.intersection(view.resource.scopes());
        let issuer = &app.authority.issuer;
        let endpoint = |&resource: &Resource| Endpoint {
            path: resource.path(),
            url: resource.uri(issuer),
            metadata: resource.metadata_address(issuer),
            scopes: resource.scopes(),
        };
        let words = |&scope: &Scope| ScopeWords {
            name: scope.as_str(),
            title: scope.title(),
            description: scope.description(),
            default: Scope::DEFAULT.contains(scope),
        };
        let url = view.resource.uri(issuer);
        Self {
            server: mcp::server_info(),
            protocol_revisions: mcp::supported_revisions(),
            catalogue_digest: CATALOGUE_DIGEST,
            endpoints: Resource::ALL.iter().map(endpoint).collect(),
            scopes: Scope::ALL.iter().map(words).collect(),
            endpoint: view.resource.path(),
            granted,
            tools: gate::listed(app, granted, view.resource)
                .map(|entry| ToolReference::of(entry, &url, sample))
                .collect(),
        }
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        markdown::written(self)
    }
}

impl ToolReference {
    fn of(entry: &'static ToolEntry, url: &str, sample: &Sample) -> Self {
        let error = |(code, error): (&'static str, &'static ErrorEntry)| ErrorReference {
            code,
            description: &error.description,
            retryable: error.retryable,
            common: error.common,
        };
        Self {
            listed: mcp::described(entry),
            entry,
            scopes: entry.scopes,
            effects: effects(entry.annotations),
            arguments: field::fields(&entry.input_schema),
            result: field::fields(&entry.output_schema),
            errors: catalogue().errors_of(entry).map(error).collect(),
            example: Example::of(entry, url, sample),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.entry.name
    }

    pub(crate) fn title(&self) -> &str {
        &self.entry.title
    }

    pub(crate) fn description(&self) -> &str {
        &self.entry.description
    }

    /// The arguments themselves, without those inside of others.
    pub(crate) fn outer_arguments(&self) -> Vec<&Field> {
        self.arguments.iter().filter(|field| !field.is_inner()).collect()
    }

    /// The arguments inside of others.
    pub(crate) fn inner_arguments(&self) -> Vec<&Field> {
        self.arguments.iter().filter(|field| field.is_inner()).collect()
    }

    /// Whether a call changes nothing.
    pub(crate) fn only_reads(&self) -> bool {
        self.entry.annotations.read_only_hint
    }
}

/// The annotations of a tool in words.
fn effects(annotations: Annotations) -> Vec<&'static str> {
    let reach = if annotations.open_world_hint {
        "reaches beyond this workspace"
    } else {
        "stays in this workspace"
    };
    if annotations.read_only_hint {
        return vec!["changes nothing", reach];
    }
    let harm = if annotations.destructive_hint {
        "may replace what was there"
    } else {
        "never replaces what was there"
    };
    let again = if annotations.idempotent_hint {
        "repeating a call changes nothing more"
    } else {
        "repeating a call can change more"
    };
    vec!["writes", harm, again, reach]
}
