//! The panels of a dashboard with what their queries returned, as the page shows them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lookout_schema::{
    ChartType, DashboardSpec, FunnelStep, MetricConfig, MetricFormat, Panel, PanelType, PanelWidth,
    RunDashboardPanelResult,
};
use serde_json::Value;

use super::failure::Failure;
use super::table::{MOST_ROWS, Table};
use crate::store::workspace::Dashboard;
use crate::web::chart::{self, Chart, words};
use crate::workspace::{Caps, Reader, Resolved, WorkspaceTools};

/// Panels that run at a time. A warehouse gives one person no more than half of itself anyway.
const AT_ONCE: usize = 2;
/// Longest that a panel may take.
const PANEL_SECONDS: u64 = 15;
/// Longest that all panels may take together; the page is shown then, without those that are left.
const PAGE: Duration = Duration::from_secs(25);

/// A panel.
#[derive(Debug)]
pub(super) struct PanelView {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) is_full: bool,
    pub(super) kind: &'static str,
    pub(super) body: Body,
    /// The same rows as a table, beside a picture.
    pub(super) twin: Option<Table>,
    /// Notes on what is shown.
    pub(super) remarks: Vec<String>,
    pub(super) sql: Option<String>,
    /// How long the query took.
    pub(super) took: Option<i64>,
}

/// What a panel shows.
#[derive(Debug)]
pub(super) enum Body {
    /// The settings were refused, so nothing was run.
    NotRun,
    Failed(Failure),
    /// There is nothing to show, for this reason.
    Empty(String),
    Metric(String),
    Chart(Chart),
    Funnel(Vec<Step>),
    Table(Table),
}

/// A step of a funnel.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) count: String,
    /// Of the first step.
    pub(super) share: String,
    /// Of the step before; empty for the first.
    pub(super) kept: String,
    /// Length of its bar, of 1000.
    pub(super) length: u16,
}

/// The panels in the order of the definition, none of them run.
pub(super) fn not_run(spec: &DashboardSpec) -> Vec<PanelView> {
    in_order(spec).into_iter().map(|panel| PanelView::of(panel, Body::NotRun)).collect()
}

/// Runs every panel, a few at a time.
pub(super) async fn run(
    tools: &WorkspaceTools,
    reader: Reader<'_>,
    dashboard: &Dashboard,
    spec: &DashboardSpec,
    resolved: &Resolved,
) -> Vec<PanelView> {
    let panels = in_order(spec);
    let (next, ends) = (AtomicUsize::new(0), Instant::now() + PAGE);
    let worker = async || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(panel) = panels.get(index) else { return done };
            let left = ends.saturating_duration_since(Instant::now()).as_secs().min(PANEL_SECONDS);
            let view = if left == 0 {
                PanelView::of(panel, Body::Failed(Failure::LATE))
            } else {
                let timeout_seconds = i64::try_from(left).unwrap_or(1);
                let caps = Caps { max_rows: MOST_ROWS, timeout_seconds };
                match tools.run_panel(reader, dashboard, panel, resolved.clone(), caps).await {
                    Ok(result) => shown(panel, &result),
                    Err(error) => PanelView::of(panel, Body::Failed(Failure::from(&error))),
                }
            };
            done.push((index, view));
        }
    };
    const { assert!(AT_ONCE == 2, "as many workers as are joined here") };
    let (mut done, others) = tokio::join!(worker(), worker());
    done.extend(others);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, view)| view).collect()
}

fn in_order(spec: &DashboardSpec) -> Vec<&Panel> {
    let mut panels: Vec<_> = spec.panels.iter().zip(0_i64..).collect();
    panels.sort_by_key(|(panel, place)| panel.order.unwrap_or(*place));
    panels.into_iter().map(|(panel, _)| panel).collect()
}

impl PanelView {
    fn of(panel: &Panel, body: Body) -> Self {
        Self {
            id: panel.id.clone(),
            title: panel.title.clone(),
            is_full: panel.width != Some(PanelWidth::Half),
            kind: match panel.type_ {
                PanelType::Metric => "metric",
                PanelType::Chart => "picture",
                PanelType::Funnel => "steps",
                _ => "rows",
            },
            body,
            twin: None,
            remarks: Vec::new(),
            sql: panel.sql.clone(),
            took: None,
        }
    }
}

fn shown(panel: &Panel, result: &RunDashboardPanelResult) -> PanelView {
    let table = Table::of(result);
    let (body, twin) = match panel.type_ {
        PanelType::Metric => (metric(panel.metric_config.as_ref(), &result.value), None),
        PanelType::Table if result.rows.is_empty() => {
            (Body::Empty("The query returned no rows for these settings.".to_owned()), None)
        }
        PanelType::Table => (Body::Table(table), None),
        PanelType::Funnel => (funnel(result.steps.as_deref().unwrap_or_default()), Some(table)),
        PanelType::Chart => {
            let kind = panel.chart_type.as_ref().unwrap_or(&ChartType::Line);
            let is_full = panel.width != Some(PanelWidth::Half);
            let drawn = chart::chart(kind, &panel.title, result, is_full);
            (drawn.map_or_else(Body::Empty, Body::Chart), Some(table))
        }
        _ => (Body::Failed(Failure::UNDRAWN), Some(table)),
    };
    let mut view = PanelView::of(panel, body);
    if let Body::Chart(chart) = &view.body {
        view.remarks.clone_from(&chart.remarks);
    }
    view.twin = twin.filter(|table| !table.rows.is_empty());
    if let Some(cut) = view.twin.as_ref().and_then(|table| table.cut.clone()) {
        view.remarks.push(cut);
    }
    view.took = Some(result.elapsed_ms);
    view
}

fn metric(config: Option<&MetricConfig>, value: &Value) -> Body {
    if value.is_null() {
        return Body::Empty("No value for these settings.".to_owned());
    }
    let affix = |pick: fn(&MetricConfig) -> &Option<String>| {
        config.and_then(|config| pick(config).as_deref()).map(words::plain).unwrap_or_default()
    };
    let (prefix, suffix) = (affix(|config| &config.prefix), affix(|config| &config.suffix));
    let Some(number) = chart::number(value) else {
        return Body::Metric(format!("{prefix}{}{suffix}", words::cell(value)));
    };
    let digits = match config.and_then(|config| config.format.as_ref()) {
        // A share of one, as in the steps of a funnel.
        Some(MetricFormat::Percent) => {
            let sign = if suffix.contains('%') { "" } else { "%" };
            format!("{}{sign}", words::number(number * 100.0, 2))
        }
        Some(MetricFormat::Currency) => words::grouped(&format!("{number:.2}")),
        _ => match value {
            Value::Number(number) if number.is_f64() => {
                words::rounded(number.as_f64().unwrap_or_default())
            }
            Value::String(text) => words::grouped(text),
            other => words::grouped(&other.to_string()),
        },
    };
    // The sign stands before a currency.
    Body::Metric(match digits.strip_prefix('\u{2212}') {
        Some(digits) => format!("\u{2212}{prefix}{digits}{suffix}"),
        None => format!("{prefix}{digits}{suffix}"),
    })
}

fn funnel(steps: &[FunnelStep]) -> Body {
    if steps.is_empty() {
        return Body::Empty("The query returned no rows for these settings.".to_owned());
    }
    let largest = steps.iter().map(|step| step.count).fold(0.0, f64::max);
    let mut before: Option<f64> = None;
    let mut shown = Vec::new();
    for step in steps {
        let kept = before.filter(|before| *before > 0.0).map(|before| step.count / before);
        before = Some(step.count);
        let length = if largest > 0.0 { step.count.max(0.0) / largest * 1000.0 } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
        let length = length.round() as u16;
        shown.push(Step {
            name: words::plain(&step.name),
            count: words::rounded(step.count),
            share: step.conversion_rate.map_or_else(|| "–".to_owned(), chart::percent),
            kept: kept.map(chart::percent).unwrap_or_default(),
            length,
        });
    }
    Body::Funnel(shown)
}

#[cfg(test)]
mod tests {
    use lookout_schema::MetricConfig;
    use serde_json::{Value, json};

    use super::{Body, metric};

    #[test]
    fn a_metric_is_written_as_its_panel_says() {
        for (config, value, shown) in [
            (json!({}), json!(1_234_567), "1,234,567"),
            (json!({}), json!("9007199254740993"), "9,007,199,254,740,993"),
            (json!({}), json!(7.123_456), "7.12"),
            (json!({ "format": "currency", "prefix": "$" }), json!(-1234.5), "\u{2212}$1,234.50"),
            (json!({ "format": "percent" }), json!(0.1234), "12.34%"),
            (json!({ "format": "number", "suffix": "%" }), json!(45), "45%"),
            (json!({ "prefix": "<b>" }), json!("text"), "<b>text"),
        ] {
            let config: MetricConfig = serde_json::from_value(config).expect("a configuration");
            let Body::Metric(text) = metric(Some(&config), &value) else { panic!("{value}") };
            assert_eq!(text, shown);
        }
        assert!(matches!(metric(None, &Value::Null), Body::Empty(_)));
    }
}
