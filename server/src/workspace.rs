//! What the tools do: warehouses, dashboards and source documents of the caller's workspace.
//!
//! Every handler takes a [`Granted`], so it runs only behind the gate, and it looks only into the workspace that the grant is bound to.
//! What belongs to another workspace is reported exactly like what does not exist.

mod cursor;
mod dashboards;
mod page;
mod panel;
mod parameters;
mod reader;
mod sample;
mod save;
mod source_docs;
mod spec;
mod time_range;
mod warehouses;

use std::sync::Arc;

use lookout_schema::{
    DashboardEntry, DescribeTable, DescribeTableResult, GetDashboard, GetDashboardResult,
    ListDashboards, ListDashboardsResult, ListSourceDocs, ListSourceDocsResult, ListTables,
    ListTablesResult, ListWarehouses, ListWarehousesResult, Panel, QueryWarehouse,
    QueryWarehouseResult, ReadSourceDoc, ReadSourceDocResult, RunDashboardPanel,
    RunDashboardPanelResult, SaveDashboard, SaveDashboardResult,
};

use crate::gate::Granted;
use crate::generated::Tools;
use crate::mcp::ToolError;
use crate::store::workspace::{Dashboard, WorkspaceStore};

pub use cursor::CursorKey;
pub(crate) use page::rfc3339;
pub(crate) use panel::Caps;
pub(crate) use parameters::{Resolved, check, resolve};
pub(crate) use reader::Reader;
pub(crate) use sample::Sample;
pub(crate) use time_range::{PRESETS, resolve as resolve_time_range};
pub use warehouses::Connection;

/// The tools over a store and the connected warehouses.
#[derive(Clone)]
pub struct WorkspaceTools {
    store: Arc<dyn WorkspaceStore>,
    connections: Arc<[Connection]>,
    cursors: CursorKey,
    public_url: Arc<str>,
}

impl WorkspaceTools {
    /// Tools whose links begin with `public_url`, which has no trailing slash.
    pub fn new(
        store: Arc<dyn WorkspaceStore>,
        connections: Vec<Connection>,
        cursors: CursorKey,
        public_url: impl Into<Arc<str>>,
    ) -> Self {
        Self { store, connections: connections.into(), cursors, public_url: public_url.into() }
    }

    /// The same tools over these warehouses.
    #[must_use]
    pub fn with_warehouses(self, connections: Vec<Connection>) -> Self {
        Self { connections: connections.into(), ..self }
    }

    /// One page of the dashboards that `reader` sees, each with whether an external tool saved it last, and the cursor of the next page.
    pub(crate) async fn dashboards(
        &self,
        reader: Reader<'_>,
        search: Option<&str>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<(Vec<(DashboardEntry, bool)>, Option<String>), ToolError> {
        dashboards::page(self, reader, search, cursor, limit).await
    }

    /// Runs a panel of a dashboard with values that [`resolve`] made.
    pub(crate) async fn run_panel(
        &self,
        reader: Reader<'_>,
        dashboard: &Dashboard,
        panel: &Panel,
        resolved: Resolved,
        caps: Caps,
    ) -> Result<RunDashboardPanelResult, ToolError> {
        panel::run_panel(self, reader, &dashboard.id, panel, resolved, caps).await
    }

    /// The page of a dashboard.
    fn dashboard_url(&self, workspace_slug: &str, slug: &str) -> String {
        format!("{}/w/{workspace_slug}/d/{slug}", self.public_url)
    }
}

impl std::fmt::Debug for WorkspaceTools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkspaceTools")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

impl Tools for WorkspaceTools {
    async fn describe_table(
        &self,
        call: Granted<DescribeTable>,
    ) -> Result<DescribeTableResult, ToolError> {
        warehouses::describe_table(self, call.caller(), call.arguments()).await
    }

    async fn get_dashboard(
        &self,
        call: Granted<GetDashboard>,
    ) -> Result<GetDashboardResult, ToolError> {
        dashboards::get(self, call.caller(), call.arguments()).await
    }

    async fn list_dashboards(
        &self,
        call: Granted<ListDashboards>,
    ) -> Result<ListDashboardsResult, ToolError> {
        dashboards::list(self, call.caller(), call.arguments()).await
    }

    async fn list_source_docs(
        &self,
        call: Granted<ListSourceDocs>,
    ) -> Result<ListSourceDocsResult, ToolError> {
        source_docs::list(self, call.caller(), call.arguments()).await
    }

    async fn list_tables(&self, call: Granted<ListTables>) -> Result<ListTablesResult, ToolError> {
        warehouses::list_tables(self, call.caller(), call.arguments()).await
    }

    async fn list_warehouses(
        &self,
        call: Granted<ListWarehouses>,
    ) -> Result<ListWarehousesResult, ToolError> {
        warehouses::list(self, call.caller(), call.arguments()).await
    }

    async fn query_warehouse(
        &self,
        call: Granted<QueryWarehouse>,
    ) -> Result<QueryWarehouseResult, ToolError> {
        warehouses::query(self, call.caller(), call.arguments()).await
    }

    async fn read_source_doc(
        &self,
        call: Granted<ReadSourceDoc>,
    ) -> Result<ReadSourceDocResult, ToolError> {
        source_docs::read(self, call.caller(), call.arguments()).await
    }

    async fn run_dashboard_panel(
        &self,
        call: Granted<RunDashboardPanel>,
    ) -> Result<RunDashboardPanelResult, ToolError> {
        panel::run(self, call.caller(), call.arguments()).await
    }

    async fn save_dashboard(
        &self,
        call: Granted<SaveDashboard>,
    ) -> Result<SaveDashboardResult, ToolError> {
        save::save(self, call.caller(), call.arguments()).await
    }
}
