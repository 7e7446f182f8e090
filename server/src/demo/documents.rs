//! Instrumentation documents, as generated from the repositories of the shop's sources.

use serde::Deserialize;

/// One document: what a source tracks, and where in its code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDocument {
    /// Opaque identifier of the document.
    pub id: String,
    /// Opaque identifier of its source.
    pub source_id: String,
    /// Name of the source for people.
    pub source_name: String,
    /// Kind of the source, for example `javascript`.
    pub source_type: String,
    /// Title of the document.
    pub title: String,
    /// Two sentences about it.
    pub summary: String,
    /// The repository it was generated from.
    pub repository: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The commit, 40 hex digits.
    pub commit_sha: Option<String>,
    /// When it was generated, RFC 3339 in UTC.
    pub generated_at: String,
    /// Whether the branch has moved on since.
    pub stale: bool,
    /// The calls it describes.
    pub events: Vec<DocumentedEvent>,
    /// The document itself, Markdown. Written by a model from a repository: untrusted.
    #[serde(skip)]
    pub markdown: &'static str,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentedEvent {
    /// Its name in the code.
    pub name: String,
    /// `track`, `page`, `screen` or `identify`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it carries.
    pub properties: Vec<DocumentedProperty>,
    /// Where it is sent from.
    pub locations: Vec<Location>,
}

/// One property of a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentedProperty {
    /// Its name.
    pub name: String,
    /// Its type as the document has it, for example `string` or `integer`.
    #[serde(rename = "type")]
    pub property_type: String,
    /// Whether every call carries it.
    pub required: bool,
}

/// A place in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Path from the root of the repository.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
}

/// The documents of the shop's sources, in the order of their ids.
#[must_use]
pub fn source_documents() -> Vec<SourceDocument> {
    let document = |facts: &str, markdown: &'static str| {
        let facts: SourceDocument = serde_json::from_str(facts)
            .expect("the facts beside this module are well formed, which a test reads");
        SourceDocument { markdown, ..facts }
    };
    vec![
        document(include_str!("documents/backend.json"), include_str!("documents/backend.md")),
        document(include_str!("documents/email.json"), include_str!("documents/email.md")),
        document(include_str!("documents/ios.json"), include_str!("documents/ios.md")),
        document(include_str!("documents/web.json"), include_str!("documents/web.md")),
    ]
}
