//! Parameters of dashboards: placeholders in SQL and the values they are bound to.
//!
//! `{{name}}` becomes `:name` and its value is bound, so no value is ever part of the statement's text.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lookout_schema::{DashboardParameter, ErrorCode, ParameterType, TimeRange};
use serde_json::{Map, Value, json};

use super::time_range;
use crate::mcp::ToolError;
use crate::warehouse::Scalar;

/// The parameter that every dashboard has.
pub(super) const TIME_RANGE: &str = "time_range";

/// SQL with `:name` where placeholders stood, and their names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) sql: String,
    pub(super) names: BTreeSet<String>,
}

/// Turns placeholders into bound names. The error quotes what looks like a placeholder and is none.
pub(super) fn bind(sql: &str) -> Result<Bound, String> {
    let mut bound = Bound { sql: String::with_capacity(sql.len()), names: BTreeSet::new() };
    let mut rest = sql;
    while let Some(start) = rest.find("{{") {
        let (before, placeholder) = rest.split_at(start);
        let end = placeholder
            .find("}}")
            .ok_or("a placeholder that begins with `{{` does not end with `}}`")?;
        let name = placeholder[2..end].trim();
        let named = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !named {
            let shown: String = name.chars().take(64).collect();
            return Err(format!(
                "`{{{{{shown}}}}}` is not a placeholder; a name has lower-case letters, digits and `_`"
            ));
        }
        bound.sql.push_str(before);
        bound.sql.push(':');
        bound.sql.push_str(name);
        bound.names.insert(name.to_owned());
        rest = &placeholder[end + 2..];
    }
    bound.sql.push_str(rest);
    Ok(bound)
}

/// The placeholder names that a parameter gives.
pub(super) fn placeholders(parameter: &DashboardParameter) -> Vec<String> {
    match parameter.type_ {
        ParameterType::TimeRange => {
            vec![format!("{}_start", parameter.name), format!("{}_end", parameter.name)]
        }
        _ => vec![parameter.name.clone()],
    }
}

/// The time range that a dashboard has when its definition names none.
pub(super) fn default_time_range() -> DashboardParameter {
    let value = json!({ "name": TIME_RANGE, "label": "Time range", "type": "time_range", "required": true, "default": "last_3_months" });
    serde_json::from_value(value).expect("the value has the members that the type needs")
}

/// What a run of a panel uses.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// Every parameter with its value, defaults included.
    pub(crate) used: Map<String, Value>,
    /// Values by placeholder name.
    pub(super) values: BTreeMap<String, Scalar>,
    /// The range of the parameter `time_range`.
    pub(crate) time_range: Option<TimeRange>,
}

/// Values for every parameter: what was given, otherwise the default, otherwise null where that is allowed.
pub(crate) fn resolve(
    parameters: &[DashboardParameter],
    given: &Map<String, Value>,
    now: Timestamp,
) -> Result<Resolved, ToolError> {
    if let Some(unknown) =
        given.keys().find(|name| !parameters.iter().any(|parameter| parameter.name == **name))
    {
        let known: Vec<_> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        return Err(ToolError::new(
            ErrorCode::UnknownParameter,
            format!("The dashboard has no parameter {unknown:?}."),
        )
        .hint(format!("Its parameters are: {}.", known.join(", ")))
        .details(json!({ "parameters": known })));
    }
    let mut resolved = Resolved { used: Map::new(), values: BTreeMap::new(), time_range: None };
    for parameter in parameters {
        let value =
            given.get(&parameter.name).or(parameter.default.as_ref()).unwrap_or(&Value::Null);
        if value.is_null() && parameter.required {
            return Err(ToolError::new(
                ErrorCode::ParameterRequired,
                format!("The parameter {:?} needs a value.", parameter.name),
            )
            .hint("Give one in `parameters`."));
        }
        let invalid = |problem: String| {
            ToolError::new(
                ErrorCode::InvalidParameterValue,
                format!("The value of {:?} is not allowed: {problem}.", parameter.name),
            )
            .hint("Give an allowed value, or leave the parameter out to use its default.")
        };
        resolved.used.insert(parameter.name.clone(), value.clone());
        if parameter.type_ != ParameterType::TimeRange {
            check(parameter, value).map_err(invalid)?;
            let scalar = Scalar::from_json(value).unwrap_or(Scalar::Null);
            resolved.values.insert(parameter.name.clone(), scalar);
            continue;
        }
        let range = if value.is_null() {
            None
        } else {
            Some(time_range::resolve(value, now).map_err(invalid)?)
        };
        let instant = |pick: fn(&time_range::Range) -> Timestamp| {
            range.as_ref().map_or(Scalar::Null, |range| Scalar::Text(pick(range).to_string()))
        };
        resolved.values.insert(format!("{}_start", parameter.name), instant(|range| range.start));
        resolved.values.insert(format!("{}_end", parameter.name), instant(|range| range.end));
        if parameter.name == TIME_RANGE {
            resolved.time_range = range.map(|range| TimeRange {
                start: range.start.to_string(),
                end: range.end.to_string(),
                timezone: "UTC".to_owned(),
            });
        }
    }
    Ok(resolved)
}

/// Whether a value other than a time range fits its parameter; null stands for no value.
pub(crate) fn check(parameter: &DashboardParameter, value: &Value) -> Result<(), String> {
    let fits = match parameter.type_ {
        _ if value.is_null() => true,
        ParameterType::Boolean => value.is_boolean(),
        ParameterType::Number => value.is_number(),
        ParameterType::Select => parameter.options.contains(value),
        _ => value.is_string(),
    };
    if fits {
        return Ok(());
    }
    Err(match parameter.type_ {
        ParameterType::Boolean => "it is true or false".to_owned(),
        ParameterType::Number => "it is a number".to_owned(),
        ParameterType::Select => {
            let options: Vec<_> = parameter.options.iter().map(Value::to_string).collect();
            format!("it is one of {}", options.join(", "))
        }
        _ => "it is text".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::bind;

    #[test]
    fn placeholders_become_bound_names() {
        let bound =
            bind("select {{a}}, {{ time_range_start }} from t where x = {{a}}").expect("it binds");
        assert_eq!(bound.sql, "select :a, :time_range_start from t where x = :a");
        assert_eq!(bound.names.into_iter().collect::<Vec<_>>(), ["a", "time_range_start"]);
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_refused() {
        for sql in [
            "select {{",
            "select {{a",
            "select {{}}",
            "select {{A}}",
            "select {{a b}}",
            "select {{a;drop table t}}",
        ] {
            assert!(bind(sql).is_err(), "{sql}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_without_braces_is_left_alone(sql in "[^{]*") {
            let bound = bind(&sql).expect("there is nothing to bind");
            prop_assert_eq!(bound.sql, sql);
            prop_assert!(bound.names.is_empty());
        }
    }
}
