//! Whether a value is what a JSON Schema says, as far as a small reader of schemas can tell.
//!
//! What it does not know it lets pass, so it may miss a violation and never invents one. Deliberately
//! absent: patterns, formats, numeric and length bounds, and references to other documents.

use serde_json::Value;

/// The first place where `value` is not what `schema` says; `root` resolves local references.
pub(crate) fn mismatch(schema: &Value, root: &Value, value: &Value) -> Option<String> {
    at("", schema, root, value)
}

fn at(place: &str, schema: &Value, root: &Value, value: &Value) -> Option<String> {
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
        let target = pointer.strip_prefix('#').and_then(|pointer| root.pointer(pointer))?;
        return at(place, target, root, value);
    }
    let is_kind = |kind: &Value| kind.as_str().is_none_or(|kind| is_of(kind, value));
    let kinds_hold = match schema.get("type") {
        None => true,
        Some(Value::Array(kinds)) => kinds.iter().any(is_kind),
        Some(kind) => is_kind(kind),
    };
    if !kinds_hold {
        return Some(format!("{place:?} is not of type {}", schema["type"]));
    }
    if schema.get("const").is_some_and(|fixed| fixed != value) {
        return Some(format!("{place:?} is not {}", schema["const"]));
    }
    let choices = schema.get("enum").and_then(Value::as_array);
    if choices.is_some_and(|choices| !choices.contains(value)) {
        return Some(format!("{place:?} is none of {}", schema["enum"]));
    }
    for word in ["anyOf", "oneOf"] {
        let branches = schema.get(word).and_then(Value::as_array);
        if branches.is_some_and(|branches| {
            branches.iter().all(|branch| at(place, branch, root, value).is_some())
        }) {
            return Some(format!("{place:?} is none of {word}"));
        }
    }
    for branch in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        if let Some(found) = at(place, branch, root, value) {
            return Some(found);
        }
    }
    within(place, schema, root, value)
}

/// Looks into the members of an object and the items of an array.
fn within(place: &str, schema: &Value, root: &Value, value: &Value) -> Option<String> {
    if let Value::Array(items) = value {
        let item_schema = schema.get("items")?;
        return items
            .iter()
            .enumerate()
            .find_map(|(index, item)| at(&format!("{place}/{index}"), item_schema, root, item));
    }
    let members = value.as_object()?;
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str()?;
        if !members.contains_key(name) {
            return Some(format!("{place:?} lacks {name:?}"));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, member) in members {
        let known = properties.and_then(|properties| properties.get(name));
        let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false))
            && schema.get("patternProperties").is_none();
        match known {
            Some(known) => {
                let found = at(&format!("{place}/{name}"), known, root, member);
                if found.is_some() {
                    return found;
                }
            }
            None if is_closed => return Some(format!("{place:?} has {name:?}")),
            None => {}
        }
    }
    None
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mismatch_is_named_by_its_place() {
        let schema = json!({
            "type": "object",
            "required": ["rows"],
            "additionalProperties": false,
            "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}},
            "$defs": {"row": {"type": "object", "required": ["id"], "properties": {"id": {"type": ["integer", "null"]}}}}
        });
        let found = |value: Value| mismatch(&schema, &schema, &value);
        assert_eq!(found(json!({"rows": [{"id": 1}, {"id": null}]})), None);
        assert_eq!(found(json!({})).unwrap(), "\"\" lacks \"rows\"");
        assert_eq!(found(json!({"rows": [], "x": 1})).unwrap(), "\"\" has \"x\"");
        assert_eq!(
            found(json!({"rows": [{"id": "1"}]})).unwrap(),
            "\"/rows/0/id\" is not of type [\"integer\",\"null\"]"
        );
    }

    #[test]
    fn what_is_not_understood_is_let_pass() {
        let schema = json!({"pattern": "^a", "x-unknown": 1, "$ref": "https://h/other.json"});
        assert_eq!(mismatch(&schema, &schema, &json!("b")), None);
    }
}
