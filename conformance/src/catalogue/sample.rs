//! Arguments for a tool, made from its input schema.
//!
//! A sample holds the required members and little else. Its purpose is to get past the scope gate
//! and the argument validation, not to explore the tool.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One value that `schema` accepts. `root` resolves local references; `name` is the member's name.
pub(crate) fn sample(
    schema: &Value,
    root: &Value,
    name: &str,
    values: &BTreeMap<String, Value>,
) -> Value {
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(pointer.trim_start_matches('#')).unwrap_or(&Value::Null);
        return sample(target, root, name, values);
    }
    if let Some(value) = values.get(name) {
        return value.clone();
    }
    for fixed in ["const", "default"] {
        if let Some(value) = schema.get(fixed) {
            return value.clone();
        }
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        // A table is the kind of panel that needs no settings of its own.
        let simple = choices.iter().find(|choice| *choice == "table");
        return simple.or(choices.first()).cloned().unwrap_or_default();
    }
    for branch in ["/anyOf/0", "/oneOf/0"] {
        if let Some(first) = schema.pointer(branch) {
            return sample(first, root, name, values);
        }
    }
    match kind(schema) {
        "object" => object(schema, root, values),
        "array" => array(schema, root, values),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(false),
        "string" => string(schema, name),
        _ => Value::Null,
    }
}

fn kind(schema: &Value) -> &str {
    let declared = schema.get("type");
    let declared = declared.and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
    declared.unwrap_or(if schema.get("properties").is_some() { "object" } else { "" })
}

fn object(schema: &Value, root: &Value, values: &BTreeMap<String, Value>) -> Value {
    let mut members = Map::new();
    let mut names = crate::probe::site::strings(schema, "required");
    // A panel's SQL may be left out of what is read, never of what is saved.
    if schema.pointer("/properties/sql").is_some() && !names.iter().any(|name| name == "sql") {
        names.push("sql".to_owned());
    }
    for name in names {
        let member = schema.get("properties").and_then(|properties| properties.get(&name));
        members.insert(name.clone(), sample(member.unwrap_or(&Value::Null), root, &name, values));
    }
    Value::Object(members)
}

fn array(schema: &Value, root: &Value, values: &BTreeMap<String, Value>) -> Value {
    let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
    let item = schema.get("items").unwrap_or(&Value::Null);
    (0..least).map(|_| sample(item, root, "", values)).collect()
}

/// Words by what the member is called; anything else is a short slug, which most patterns accept.
fn string(schema: &Value, name: &str) -> Value {
    let text = match name {
        "sql" | "query" => "SELECT 1 AS one",
        _ => "conformance",
    };
    let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
    let mut text = text.to_owned();
    while u64::try_from(text.len()).is_ok_and(|length| length < least) {
        text.push('a');
    }
    Value::String(text)
}

/// Remembers ids found in a tool's result, under the argument names they are likely to have.
///
/// An array member `dashboards` of objects with an `id` gives `dashboard` and `dashboard_id`.
pub(crate) fn harvest(result: &Value, values: &mut BTreeMap<String, Value>) {
    match result {
        Value::Object(members) => {
            for (name, member) in members {
                if let (Some(singular), Some(first)) = (name.strip_suffix('s'), member.get(0)) {
                    let handle =
                        ["id", "qualified_name", "name"].iter().find_map(|key| first.get(key));
                    if let Some(handle) = handle.filter(|handle| handle.is_string()) {
                        for argument in [singular.to_owned(), format!("{singular}_id")] {
                            values.entry(argument).or_insert_with(|| handle.clone());
                        }
                    }
                }
                harvest(member, values);
            }
        }
        Value::Array(items) => items.iter().take(1).for_each(|item| harvest(item, values)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_required_members_and_learnt_values() {
        let schema = json!({
            "type": "object",
            "required": ["dashboard", "spec", "sql"],
            "properties": {
                "dashboard": {"type": "string"},
                "sql": {"type": "string"},
                "spec": {"$ref": "#/$defs/spec"},
                "extra": {"type": "string"},
            },
            "$defs": {"spec": {"type": "object", "required": ["panels"], "properties": {
                "panels": {"type": "array", "minItems": 1, "items": {"enum": ["table", "chart"]}},
            }}},
        });
        let mut values = BTreeMap::new();
        harvest(&json!({"dashboards": [{"id": "d1"}], "next_cursor": null}), &mut values);
        assert_eq!(
            sample(&schema, &schema, "", &values),
            json!({"dashboard": "d1", "spec": {"panels": ["table"]}, "sql": "SELECT 1 AS one"})
        );
    }
}
