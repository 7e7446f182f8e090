//! Running one panel of a dashboard.

use jiff::Timestamp;
use lookout_schema::{
    ErrorCode, FunnelConfig, FunnelStep, Panel, PanelReference, PanelType, ResultColumn,
    RunDashboardPanel, RunDashboardPanelResult,
};
use serde_json::{Value, json};

use super::WorkspaceTools;
use super::parameters::Resolved;
use super::reader::Reader;
use super::warehouses::{WrittenOutcome, capped};
use super::{dashboards, parameters};
use crate::authority::bearer::Caller;
use crate::mcp::ToolError;

pub(super) async fn run(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &RunDashboardPanel,
) -> Result<RunDashboardPanelResult, ToolError> {
    let (dashboard, spec) = dashboards::find(tools, caller, &arguments.dashboard).await?;
    let Some(panel) = spec.panels.iter().find(|panel| panel.id == arguments.panel_id) else {
        let panels: Vec<_> = spec.panels.iter().map(|panel| panel.id.as_str()).collect();
        let message =
            format!("The dashboard {:?} has no panel {:?}.", dashboard.slug, arguments.panel_id);
        return Err(ToolError::new(ErrorCode::PanelNotFound, message)
            .hint(format!("Its panels are: {}.", panels.join(", ")))
            .details(json!({ "panels": panels })));
    };
    let resolved = parameters::resolve(&spec.parameters, &arguments.parameters, Timestamp::now())?;
    let caps = Caps { max_rows: arguments.max_rows, timeout_seconds: arguments.timeout_seconds };
    run_panel(tools, caller, &dashboard.id, panel, resolved, caps).await
}

/// What one run of a panel may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) max_rows: i64,
    pub(crate) timeout_seconds: i64,
}

/// Runs one panel with these values.
pub(super) async fn run_panel<'r>(
    tools: &WorkspaceTools,
    reader: impl Into<Reader<'r>>,
    dashboard_id: &str,
    panel: &Panel,
    resolved: Resolved,
    caps: Caps,
) -> Result<RunDashboardPanelResult, ToolError> {
    let reader = reader.into();
    let sql = panel.sql.as_deref().unwrap_or_default();
    let bound = parameters::bind(sql).map_err(|problem| {
        ToolError::new(ErrorCode::SqlSyntax, format!("The saved query cannot be read: {problem}."))
            .hint("Save the dashboard again with a corrected panel.")
    })?;
    let values =
        resolved.values.into_iter().filter(|(name, _)| bound.names.contains(name)).collect();
    let warehouse = tools.warehouse(reader, panel.warehouse_id.as_deref())?;
    let statement = capped(reader, bound.sql.clone(), values, caps.max_rows, caps.timeout_seconds);
    let outcome = WrittenOutcome::from(warehouse.query(statement).await?);
    let (value, steps) = shown(panel, &outcome);
    Ok(RunDashboardPanelResult {
        dashboard_id: dashboard_id.to_owned(),
        panel: PanelReference {
            id: panel.id.clone(),
            title: panel.title.clone(),
            type_: panel.type_.clone(),
        },
        parameters_used: resolved.used,
        resolved_time_range: resolved.time_range,
        executed_sql: bound.sql,
        value,
        steps,
        warehouse_id: warehouse.info().id.clone(),
        columns: outcome.columns,
        rows: outcome.rows,
        row_count: outcome.row_count,
        truncated: outcome.truncation_reason.is_some(),
        truncation_reason: outcome.truncation_reason,
        statement_id: outcome.statement_id,
        elapsed_ms: outcome.elapsed_ms,
        bytes_scanned: None,
        hints: outcome.hints,
    })
}

/// What a metric or a funnel makes of its rows.
fn shown(panel: &Panel, outcome: &WrittenOutcome) -> (Value, Option<Vec<FunnelStep>>) {
    match panel.type_ {
        PanelType::Metric => {
            let first = outcome.rows.first().and_then(|row| row.first());
            (first.cloned().unwrap_or(Value::Null), None)
        }
        PanelType::Funnel => (Value::Null, Some(steps(panel.funnel_config.as_ref(), outcome))),
        _ => (Value::Null, None),
    }
}

fn steps(config: Option<&FunnelConfig>, outcome: &WrittenOutcome) -> Vec<FunnelStep> {
    let column = |name: Option<&String>, otherwise: usize| {
        let named = |name: &String| {
            outcome.columns.iter().position(|column: &ResultColumn| column.name == *name)
        };
        name.and_then(named).unwrap_or(otherwise)
    };
    let name = column(config.and_then(|config| config.step_column.as_ref()), 0);
    let count = column(config.and_then(|config| config.count_column.as_ref()), 1);
    let counts: Vec<f64> =
        outcome.rows.iter().map(|row| row.get(count).map_or(0.0, number)).collect();
    let first = counts.first().copied().unwrap_or_default();
    let step = |(row, count): (&Vec<Value>, &f64)| FunnelStep {
        name: match row.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        },
        count: *count,
        conversion_rate: (first > 0.0).then(|| count / first),
    };
    outcome.rows.iter().zip(&counts).map(step).collect()
}

/// A count, which exact types carry as text.
fn number(cell: &Value) -> f64 {
    match cell {
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => {
            text.parse().ok().filter(|count: &f64| count.is_finite()).unwrap_or_default()
        }
        _ => 0.0,
    }
}
