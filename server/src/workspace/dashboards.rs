//! Reading dashboards: definitions, never data.

use lookout_schema::{
    DashboardDetail, DashboardEntry, DashboardSpec, ErrorCode, GetDashboard, GetDashboardResult,
    ListDashboards, ListDashboardsResult,
};
use serde_json::json;

use super::WorkspaceTools;
use super::page::{cut, rfc3339, words};
use super::reader::Reader;
use crate::authority::bearer::Caller;
use crate::mcp::ToolError;
use crate::store::workspace::Dashboard;
use crate::warehouse::catalogue::nearest;

pub(super) async fn list(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &ListDashboards,
) -> Result<ListDashboardsResult, ToolError> {
    let (search, cursor) = (arguments.search.as_deref(), arguments.cursor.as_deref());
    let (dashboards, next_cursor) = page(tools, caller, search, cursor, arguments.limit).await?;
    let dashboards = dashboards.into_iter().map(|(entry, _)| entry).collect();
    Ok(ListDashboardsResult { dashboards, next_cursor })
}

/// One page of the list, and of each dashboard whether an external tool saved it last.
pub(super) async fn page<'r>(
    tools: &WorkspaceTools,
    reader: impl Into<Reader<'r>>,
    search: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<(Vec<(DashboardEntry, bool)>, Option<String>), ToolError> {
    let reader = reader.into();
    let list = ("list_dashboards", reader.workspace_id, search);
    let after: Option<(i64, String)> =
        cursor.map(|cursor| tools.cursors.open(&list, cursor)).transpose()?;
    let words = words(search);
    let fetched = tools.store.dashboards(reader.workspace_id, &words, after, limit + 1).await?;
    let cursor = |last: &Dashboard| tools.cursors.seal(&list, &(last.updated_at, &last.id));
    Ok(cut(fetched, limit, cursor, |dashboard| {
        let panels = dashboard.spec["panels"].as_array().map_or(0, Vec::len);
        let by_tool = dashboard.saved_by_tool;
        let entry = DashboardEntry {
            url: tools.dashboard_url(reader.workspace_slug, &dashboard.slug),
            panel_count: i64::try_from(panels).unwrap_or(i64::MAX),
            id: dashboard.id,
            slug: dashboard.slug,
            title: dashboard.title,
            description: dashboard.description,
            revision: dashboard.revision,
            updated_at: rfc3339(dashboard.updated_at),
            updated_by: dashboard.updated_by,
        };
        (entry, by_tool)
    }))
}

pub(super) async fn get(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &GetDashboard,
) -> Result<GetDashboardResult, ToolError> {
    let (dashboard, mut spec) = find(tools, caller, &arguments.dashboard).await?;
    if arguments.detail != DashboardDetail::Full {
        for panel in &mut spec.panels {
            panel.sql = None;
        }
    }
    Ok(GetDashboardResult {
        url: tools.dashboard_url(&caller.workspace_slug, &dashboard.slug),
        id: dashboard.id,
        slug: dashboard.slug,
        title: dashboard.title,
        description: dashboard.description,
        revision: dashboard.revision,
        updated_at: rfc3339(dashboard.updated_at),
        detail: arguments.detail.clone(),
        spec,
    })
}

/// A dashboard of the caller's workspace with its typed definition, or an error that names what is close.
pub(super) async fn find<'r>(
    tools: &WorkspaceTools,
    reader: impl Into<Reader<'r>>,
    id_or_slug: &str,
) -> Result<(Dashboard, DashboardSpec), ToolError> {
    let reader = reader.into();
    let Some(dashboard) = tools.store.dashboard(reader.workspace_id, id_or_slug).await? else {
        let slugs = tools.store.dashboard_slugs(reader.workspace_id).await?;
        let nearest = nearest(id_or_slug, slugs.iter().map(|slug| (slug.as_str(), slug.as_str())));
        let close = if nearest.is_empty() {
            String::new()
        } else {
            format!(" Close names: {}.", nearest.join(", "))
        };
        let message = format!("There is no dashboard {id_or_slug:?} in this workspace.{close}");
        return Err(ToolError::new(ErrorCode::DashboardNotFound, message)
            .hint("list_dashboards names every dashboard.")
            .details(json!({ "nearest": nearest })));
    };
    let spec = serde_json::from_value(dashboard.spec.clone()).map_err(ToolError::internal)?;
    Ok((dashboard, spec))
}
