//! Reading dashboards: definitions, never data.

use lookout_schema::{
    DashboardDetail, DashboardEntry, DashboardSpec, ErrorCode, GetDashboard, GetDashboardResult,
    ListDashboards, ListDashboardsResult,
};
use serde_json::json;

use super::WorkspaceTools;
use super::page::{cut, rfc3339, words};
use crate::authority::bearer::Caller;
use crate::mcp::ToolError;
use crate::store::workspace::Dashboard;
use crate::warehouse::catalogue::nearest;

pub(super) async fn list(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &ListDashboards,
) -> Result<ListDashboardsResult, ToolError> {
    let list = ("list_dashboards", &caller.workspace_id, &arguments.search);
    let after: Option<(i64, String)> =
        arguments.cursor.as_deref().map(|cursor| tools.cursors.open(&list, cursor)).transpose()?;
    let words = words(arguments.search.as_deref());
    let fetched =
        tools.store.dashboards(&caller.workspace_id, &words, after, arguments.limit + 1).await?;
    let cursor = |last: &Dashboard| tools.cursors.seal(&list, &(last.updated_at, &last.id));
    let (dashboards, next_cursor) = cut(fetched, arguments.limit, cursor, |dashboard| {
        let panels = dashboard.spec["panels"].as_array().map_or(0, Vec::len);
        DashboardEntry {
            url: tools.dashboard_url(&caller.workspace_slug, &dashboard.slug),
            panel_count: i64::try_from(panels).unwrap_or(i64::MAX),
            id: dashboard.id,
            slug: dashboard.slug,
            title: dashboard.title,
            description: dashboard.description,
            revision: dashboard.revision,
            updated_at: rfc3339(dashboard.updated_at),
            updated_by: dashboard.updated_by,
        }
    });
    Ok(ListDashboardsResult { dashboards, next_cursor })
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
pub(super) async fn find(
    tools: &WorkspaceTools,
    caller: &Caller,
    id_or_slug: &str,
) -> Result<(Dashboard, DashboardSpec), ToolError> {
    let Some(dashboard) = tools.store.dashboard(&caller.workspace_id, id_or_slug).await? else {
        let slugs = tools.store.dashboard_slugs(&caller.workspace_id).await?;
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
