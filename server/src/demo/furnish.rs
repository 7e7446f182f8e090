//! Putting the demonstration into a workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{dashboards, documents, shop};
use crate::store::StoreError;
use crate::store::workspace::{DashboardSave, SourceDocument, WorkspaceStore};
use crate::warehouse::embedded::OpenError;
use crate::warehouse::{Embedded, EmbeddedConfig};
use crate::workspace::Connection;

/// What tools call the shop's warehouse.
pub const WAREHOUSE: &str = "tea-leafs";

/// Why the demonstration could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FurnishError {
    /// The shop's file could not be made.
    #[error(transparent)]
    Create(#[from] shop::CreateError),
    /// The shop's file could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The dashboards or documents could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives a workspace the shop, its dashboards and its documents, and returns the shop's warehouse.
///
/// The shop's file lies in `data` and carries the day in its name, so that a start on a later day makes fresh data; dashboards that a person or
/// a tool has changed meanwhile are left alone. `scale` 1.0 gives about 350,000 rows.
///
/// # Errors
///
/// When a file or the database cannot be written.
pub async fn furnish(
    store: &dyn WorkspaceStore,
    workspace: (&str, &str),
    data: &Path,
    today: Date,
    scale: f64,
) -> Result<Connection, FurnishError> {
    let (workspace_id, workspace_slug) = workspace;
    let path = data.join(format!("shop-{today}.db"));
    if !path.exists() {
        remove_older(data);
        let file = path.clone();
        let created = tokio::task::spawn_blocking(move || shop::create(&file, scale, today)).await;
        created.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    }
    for dashboard in dashboards() {
        let text = |member: &str| dashboard[member].as_str().unwrap_or_default().to_owned();
        let slug = text("slug");
        let save = DashboardSave {
            workspace: workspace_id.to_owned(),
            replaces: None,
            new_id: format!("dsh_demo_{workspace_slug}_{slug}"),
            slug,
            title: text("title"),
            description: text("description"),
            spec: dashboard["spec"].clone(),
            by: "Lookout".to_owned(),
            by_tool: false,
            idempotency: None,
        };
        // A slug that is taken means that an earlier start put the dashboard there.
        store.save_dashboard(save).await?;
    }
    for document in documents::source_documents() {
        let generated_at: Timestamp = document.generated_at.parse().unwrap_or_default();
        let stored = SourceDocument {
            id: document.id,
            source_id: document.source_id,
            source_name: document.source_name,
            title: document.title,
            summary: document.summary,
            event_count: i64::try_from(document.events.len()).unwrap_or(i64::MAX),
            repository: document.repository,
            commit_sha: document.commit_sha,
            generated_at: generated_at.as_millisecond(),
            stale: document.stale,
            markdown: document.markdown.to_owned(),
        };
        store.put_source_document(workspace_id, &stored).await?;
    }
    let mut config = EmbeddedConfig::new(WAREHOUSE, "Tea Leafs web shop", path);
    config.description = Some(
        "A generated web shop: events, sessions, customers, products and orders of one year."
            .to_owned(),
    );
    config.comments = shop::comments();
    let warehouse = Arc::new(Embedded::open(config)?);
    Ok(Connection { workspace: workspace_slug.to_owned(), is_default: true, warehouse })
}

/// Removes the shops of earlier days. One that cannot be removed only takes space.
fn remove_older(data: &Path) {
    let is_shop = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("shop-") && name.ends_with(".db")
    };
    let files = fs::read_dir(data).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in files.filter(is_shop) {
        let _ = fs::remove_file(path);
    }
}
