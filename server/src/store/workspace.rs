//! What a workspace keeps: dashboards and generated source documents.
//!
//! Definitions only; no row of a warehouse is ever stored.

use serde_json::Value;

use super::StoreFuture;

/// A saved dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// Identifier.
    pub id: String,
    /// Name in links, unique in the workspace.
    pub slug: String,
    /// Title.
    pub title: String,
    /// What it shows; may be empty.
    pub description: String,
    /// The definition, with members that this build does not know.
    pub spec: Value,
    /// Number that grows by one with every save, from 1.
    pub revision: i64,
    /// When it was last saved, in milliseconds since the Unix epoch.
    pub updated_at: i64,
    /// Who saved it last.
    pub updated_by: Option<String>,
    /// Whether an external tool saved it last.
    pub saved_by_tool: bool,
}

/// What to write and under which conditions.
#[derive(Clone, Debug)]
pub struct DashboardSave {
    /// Workspace that the caller is bound to.
    pub workspace: String,
    /// The dashboard to replace and the revision it must still have; `None` creates one.
    pub replaces: Option<(String, i64)>,
    /// Identifier of a new dashboard; unused by an update.
    pub new_id: String,
    /// Slug of a new dashboard; unused by an update.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Definition.
    pub spec: Value,
    /// Who saves.
    pub by: String,
    /// Whether an external tool saves on that person's behalf.
    pub by_tool: bool,
    /// A key that makes a repeated save the same save.
    pub idempotency: Option<Idempotency>,
}

/// Makes a repeated save the same save.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The grant that the key belongs to.
    pub grant: String,
    /// The caller's key.
    pub key: String,
    /// Digest of the arguments that the key stands for.
    pub digest: Vec<u8>,
    /// What to answer when the key comes again.
    pub answer: Value,
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq)]
pub enum SaveOutcome {
    /// It was written, now.
    Saved,
    /// The same save was made before; this was its answer.
    Repeated(Value),
    /// The key stands for other arguments.
    KeyReused,
    /// No such dashboard in the workspace.
    NotFound,
    /// The dashboard has this revision by now.
    Conflict(i64),
    /// Another dashboard has the slug.
    SlugTaken,
    /// The workspace has as many dashboards as it may.
    Full,
}

/// A generated instrumentation document of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDocument {
    /// Identifier.
    pub id: String,
    /// Identifier of the source.
    pub source_id: String,
    /// Name of the source.
    pub source_name: String,
    /// Title.
    pub title: String,
    /// What it covers.
    pub summary: String,
    /// Number of events documented.
    pub event_count: i64,
    /// Repository that was read.
    pub repository: Option<String>,
    /// Commit that was read.
    pub commit_sha: Option<String>,
    /// When it was generated, in milliseconds since the Unix epoch.
    pub generated_at: i64,
    /// Whether the repository has changed since.
    pub stale: bool,
    /// Markdown.
    pub markdown: String,
}

/// Most dashboards of a workspace.
pub const MAX_DASHBOARDS: i64 = 1000;

/// Reads and writes what a workspace keeps. Every method sees one workspace only.
pub trait WorkspaceStore: Send + Sync {
    /// Dashboards that have every word in title or description, the last saved first, from after `(updated_at, id)`.
    fn dashboards<'a>(
        &'a self,
        workspace: &'a str,
        words: &'a [String],
        after: Option<(i64, String)>,
        limit: i64,
    ) -> StoreFuture<'a, Vec<Dashboard>>;

    /// The dashboard with that identifier or slug; an identifier wins.
    fn dashboard<'a>(
        &'a self,
        workspace: &'a str,
        id_or_slug: &'a str,
    ) -> StoreFuture<'a, Option<Dashboard>>;

    /// Every slug of the workspace.
    fn dashboard_slugs<'a>(&'a self, workspace: &'a str) -> StoreFuture<'a, Vec<String>>;

    /// Writes a dashboard in one transaction, or says why not.
    fn save_dashboard(&self, save: DashboardSave) -> StoreFuture<'_, SaveOutcome>;

    /// Source documents that have every word in source name, title or summary, by source name, from after `(source_name, id)`.
    fn source_documents<'a>(
        &'a self,
        workspace: &'a str,
        words: &'a [String],
        after: Option<(String, String)>,
        limit: i64,
    ) -> StoreFuture<'a, Vec<SourceDocument>>;

    /// One source document.
    fn source_document<'a>(
        &'a self,
        workspace: &'a str,
        id: &'a str,
    ) -> StoreFuture<'a, Option<SourceDocument>>;

    /// Writes a source document, replacing the one with the same identifier.
    fn put_source_document<'a>(
        &'a self,
        workspace: &'a str,
        document: &'a SourceDocument,
    ) -> StoreFuture<'a, ()>;
}
