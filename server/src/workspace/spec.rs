//! Judging the definition of a dashboard: every violation at once, each with its JSON Pointer into the arguments.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lookout_schema::{
    DashboardParameter, DashboardSpec, Panel, PanelType, ParameterType, SaveWarning,
};
use serde_json::{Value, json};

use super::parameters::{self, Bound, TIME_RANGE};
use super::{WorkspaceTools, time_range};
use crate::authority::bearer::Caller;
use crate::mcp::ToolError;
use lookout_schema::ErrorCode;

/// Longest definition as JSON text, in characters, so that a saved dashboard can always be read back whole.
const MAX_SPEC: usize = 40_000;

/// Most names that one violation lists.
const MAX_NAMES: usize = 10;
/// Most violations that one answer lists.
const MAX_VIOLATIONS: usize = 50;

/// What is wrong, and what is worth a look.
#[derive(Debug, Default)]
pub(super) struct Findings {
    violations: Vec<Value>,
    pub(super) warnings: Vec<SaveWarning>,
}

impl Findings {
    fn wrong(&mut self, pointer: impl Into<String>, code: &str, message: impl Into<String>) {
        if self.violations.len() == MAX_VIOLATIONS {
            return;
        }
        self.violations
            .push(json!({ "pointer": pointer.into(), "code": code, "message": message.into() }));
    }

    fn warn(&mut self, path: impl Into<String>, code: &str, message: impl Into<String>) {
        self.warnings.push(SaveWarning {
            path: path.into(),
            code: code.to_owned(),
            message: message.into(),
        });
    }

    /// The error that lists every violation, if there is one.
    pub(super) fn error(&self) -> Option<ToolError> {
        if self.violations.is_empty() {
            return None;
        }
        let text = |violation: &Value, member: &str| {
            violation[member].as_str().unwrap_or_default().to_owned()
        };
        let listed: Vec<_> = self
            .violations
            .iter()
            .map(|violation| {
                format!("{}: {}", text(violation, "pointer"), text(violation, "message"))
            })
            .collect();
        Some(
            ToolError::new(
                ErrorCode::InvalidSpec,
                format!("The definition is not valid: {}.", listed.join("; ")),
            )
            .hint("Correct them all and save again; dry_run checks without saving.")
            .details(json!({ "violations": self.violations })),
        )
    }
}

/// Adds the time range where it is missing, then judges the whole definition, its SQL included.
pub(super) async fn judge(
    tools: &WorkspaceTools,
    caller: &Caller,
    spec: &mut DashboardSpec,
) -> Findings {
    if !spec.parameters.iter().any(|parameter| parameter.name == TIME_RANGE) {
        spec.parameters.insert(0, parameters::default_time_range());
    }
    let mut findings = Findings::default();
    let length = serde_json::to_string(spec).map_or(0, |text| text.chars().count());
    if length > MAX_SPEC {
        findings.wrong(
            "/spec",
            "too_long",
            format!("the definition has {length} characters; at most {MAX_SPEC} are kept"),
        );
        return findings;
    }
    let mut placeholders = BTreeSet::new();
    for (index, parameter) in spec.parameters.iter().enumerate() {
        let pointer = format!("/spec/parameters/{index}");
        judge_parameter(&pointer, parameter, &mut findings);
        for name in parameters::placeholders(parameter) {
            if !placeholders.insert(name.clone()) {
                findings.wrong(
                    &pointer,
                    "duplicate_name",
                    format!("another parameter gives the placeholder {{{{{name}}}}} too"),
                );
            }
        }
    }
    let mut used = BTreeSet::new();
    for (index, panel) in spec.panels.iter().enumerate() {
        let pointer = format!("/spec/panels/{index}");
        if spec.panels[..index].iter().any(|earlier| earlier.id == panel.id) {
            findings.wrong(
                format!("{pointer}/id"),
                "duplicate_id",
                format!("another panel has the id {:?}", panel.id),
            );
        }
        judge_shape(&pointer, panel, &mut findings);
        if let Some(bound) =
            judge_sql(tools, caller, &pointer, panel, &placeholders, &mut findings).await
        {
            used.extend(bound.names);
        }
    }
    for (index, parameter) in spec.parameters.iter().enumerate() {
        if !parameters::placeholders(parameter).iter().any(|name| used.contains(name)) {
            let message = format!(
                "no panel uses the parameter {:?}, so changing it changes nothing",
                parameter.name
            );
            findings.warn(format!("/spec/parameters/{index}"), "unused_parameter", message);
        }
    }
    findings
}

fn judge_parameter(pointer: &str, parameter: &DashboardParameter, findings: &mut Findings) {
    let is_range = parameter.type_ == ParameterType::TimeRange;
    if parameter.name == TIME_RANGE && !is_range {
        findings.wrong(
            format!("{pointer}/type"),
            "invalid_type",
            "the parameter time_range has the type time_range",
        );
    }
    let is_select = parameter.type_ == ParameterType::Select;
    if is_select == parameter.options.is_empty() {
        let message = if is_select {
            "a select has at least one option"
        } else {
            "only a select has options"
        };
        findings.wrong(format!("{pointer}/options"), "invalid_options", message);
    }
    if parameter.options.iter().any(|option| option.is_array() || option.is_object()) {
        let message = "an option is text, a number or true or false";
        findings.wrong(format!("{pointer}/options"), "invalid_options", message);
    }
    let Some(default) = parameter.default.as_ref().filter(|default| !default.is_null()) else {
        return;
    };
    let fits = if is_range {
        time_range::resolve(default, Timestamp::now()).map(|_| ())
    } else {
        parameters::check(parameter, default)
    };
    if let Err(problem) = fits {
        findings.wrong(
            format!("{pointer}/default"),
            "invalid_default",
            format!("the default does not fit: {problem}"),
        );
    }
}

fn judge_shape(pointer: &str, panel: &Panel, findings: &mut Findings) {
    let belongs = [
        ("chartType", panel.chart_type.is_some(), PanelType::Chart, true),
        ("metricConfig", panel.metric_config.is_some(), PanelType::Metric, false),
        ("funnelConfig", panel.funnel_config.is_some(), PanelType::Funnel, false),
    ];
    for (member, present, kind, needed) in belongs {
        if present && panel.type_ != kind {
            findings.wrong(
                format!("{pointer}/{member}"),
                "invalid_member",
                format!("only a {kind} has {member}"),
            );
        }
        if needed && !present && panel.type_ == kind {
            findings.wrong(pointer, "missing_member", format!("a {kind} needs {member}"));
        }
    }
}

async fn judge_sql(
    tools: &WorkspaceTools,
    caller: &Caller,
    pointer: &str,
    panel: &Panel,
    known: &BTreeSet<String>,
    findings: &mut Findings,
) -> Option<Bound> {
    let Some(sql) = &panel.sql else {
        findings.wrong(
            pointer,
            "missing_member",
            "a panel needs sql; read the dashboard with detail=full before editing it",
        );
        return None;
    };
    let warehouse_pointer = format!("{pointer}/warehouseId");
    let pointer = format!("{pointer}/sql");
    let bound = match parameters::bind(sql) {
        Ok(bound) => bound,
        Err(problem) => {
            findings.wrong(pointer, "unknown_placeholder", problem);
            return None;
        }
    };
    let unknown: Vec<_> = bound
        .names
        .difference(known)
        .take(MAX_NAMES)
        .map(|name| format!("{{{{{name}}}}}"))
        .collect();
    if !unknown.is_empty() {
        let names = known
            .iter()
            .take(MAX_NAMES)
            .map(|name| format!("{{{{{name}}}}}"))
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!("no parameter gives {}; there are {names}", unknown.join(", "));
        findings.wrong(&pointer, "unknown_placeholder", message);
    }
    let warehouse = match tools.warehouse(caller, panel.warehouse_id.as_deref()) {
        Ok(warehouse) => warehouse,
        Err(error) => {
            let message =
                "name a warehouse of the workspace in warehouseId; list_warehouses lists them";
            findings.wrong(warehouse_pointer, error.code().as_str(), message);
            return None;
        }
    };
    match warehouse.check(&bound.sql).await {
        Err(error) => findings.wrong(&pointer, error.code(), error.to_string()),
        Ok(checked) => {
            for name in bound.names.difference(&checked.parameters).take(MAX_NAMES) {
                let message = format!(
                    "{{{{{name}}}}} stands inside quotes or a comment, where it is not a value; write it without quotes"
                );
                findings.wrong(&pointer, "quoted_placeholder", message);
            }
            for name in checked.parameters.difference(&bound.names).take(MAX_NAMES) {
                findings.wrong(
                    &pointer,
                    "missing_parameter",
                    format!("write {{{{{name}}}}} instead of :{name}"),
                );
            }
        }
    }
    Some(bound)
}
