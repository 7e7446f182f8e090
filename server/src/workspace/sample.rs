//! One of each thing that a workspace has, to name in examples, so that they work as they are.

use super::WorkspaceTools;
use crate::authority::records::Membership;
use crate::store::StoreError;
use crate::warehouse::TableKind;

/// What there is to name. A workspace may lack any of it.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Identifier of a warehouse: the default one, or the first.
    pub(crate) warehouse: Option<String>,
    /// A table of that warehouse, as SQL names it.
    pub(crate) table: Option<String>,
    /// Slug of a dashboard, the last saved.
    pub(crate) dashboard: Option<String>,
    /// Identifier of a panel of that dashboard.
    pub(crate) panel: Option<String>,
    /// Identifier of a source document.
    pub(crate) document: Option<String>,
}

impl Sample {
    /// A statement that has an answer on any table, and on none; it shows no row of it.
    pub(crate) fn sql(&self) -> String {
        match &self.table {
            Some(table) => format!("select count(*) as row_count from {table}"),
            None => "select 1 as answer".to_owned(),
        }
    }
}

impl WorkspaceTools {
    /// A warehouse and a table of the workspace.
    pub(crate) async fn sample_warehouse(&self, workspace_slug: &str) -> Sample {
        let connections =
            self.connections.iter().filter(|connection| connection.workspace == workspace_slug);
        let first = connections.min_by_key(|connection| {
            (!connection.is_default, connection.warehouse.info().id.as_str())
        });
        let Some(connection) = first else { return Sample::default() };
        // A warehouse that does not answer now can be named nevertheless.
        let mut tables = connection.warehouse.tables().await.unwrap_or_default();
        tables.sort_by_key(|table| table.kind != TableKind::Table);
        Sample {
            warehouse: Some(connection.warehouse.info().id.clone()),
            table: tables.into_iter().next().map(|table| table.qualified_name),
            ..Sample::default()
        }
    }

    /// One of each thing that the workspace has.
    pub(crate) async fn sample(&self, workspace: &Membership) -> Result<Sample, StoreError> {
        let id = &workspace.workspace_id;
        let dashboards = self.store.dashboards(id, &[], None, 1).await?;
        let documents = self.store.source_documents(id, &[], None, 1).await?;
        let dashboard = dashboards.into_iter().next();
        let panel =
            dashboard.as_ref().and_then(|dashboard| dashboard.spec["panels"][0]["id"].as_str());
        Ok(Sample {
            panel: panel.map(str::to_owned),
            dashboard: dashboard.map(|dashboard| dashboard.slug),
            document: documents.into_iter().next().map(|document| document.id),
            ..self.sample_warehouse(&workspace.slug).await
        })
    }
}
