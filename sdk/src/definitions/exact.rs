//! Whether a schema can be said exactly under the rules of OpenAI's structured outputs.
//!
//! Source: OpenAI, Structured model outputs, "Supported schemas". A keyword that is not listed there as supported counts as unsupported.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const MOST_PROPERTIES: usize = 5_000;
const DEEPEST: usize = 10;
const MOST_TEXT: usize = 120_000;
const MOST_VALUES: usize = 1_000;
/// A list of more texts than this has a bound on their total length.
const SHORT_LIST: usize = 250;
const MOST_TEXT_OF_A_LIST: usize = 15_000;
const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Whether `strict: true` promises what the schema says. References stand alone in it.
pub(super) fn is_strict(schema: &Value) -> bool {
    let mut count = Count { root: schema, properties: 0, text: 0, values: 0 };
    let definitions = ["$defs", "definitions"].map(|name| schema.get(name));
    let definitions = definitions.into_iter().flatten().filter_map(Value::as_object).flatten();
    let mut is_strict = count.allows(schema, 0, true);
    for (name, definition) in definitions {
        count.text += name.len();
        is_strict = is_strict && count.allows(definition, 0, false);
    }
    is_strict
        && count.properties <= MOST_PROPERTIES
        && count.text <= MOST_TEXT
        && count.values <= MOST_VALUES
        && depth(schema, schema, &mut Vec::new()).is_some_and(|depth| depth <= DEEPEST)
}

struct Count<'a> {
    root: &'a Value,
    properties: usize,
    text: usize,
    values: usize,
}

impl Count<'_> {
    fn allows(&mut self, schema: &Value, nested: usize, is_root: bool) -> bool {
        let Value::Object(schema) = schema else { return false };
        if nested > 100 {
            return false;
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return schema.len() == 1 && self.points_at_a_definition(reference);
        }
        let says_what =
            schema.keys().any(|key| matches!(key.as_str(), "type" | "enum" | "const" | "anyOf"));
        says_what
            && schema.iter().all(|(keyword, value)| self.takes(keyword, value, nested, is_root))
            && is_closed(schema)
            && (!names_type(schema, "array") || schema.contains_key("items"))
    }

    fn takes(&mut self, keyword: &str, value: &Value, nested: usize, is_root: bool) -> bool {
        match keyword {
            "$schema" | "$defs" | "definitions" => is_root,
            "title"
            | "description"
            | "required"
            | "additionalProperties"
            | "pattern"
            | "multipleOf"
            | "minimum"
            | "maximum"
            | "exclusiveMinimum"
            | "exclusiveMaximum"
            | "minItems"
            | "maxItems" => true,
            "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
            "type" => match value {
                Value::Array(kinds) => !is_root && kinds.iter().all(is_type),
                kind => is_type(kind) && (!is_root || kind == "object"),
            },
            "enum" => value.as_array().is_some_and(|values| self.lists(values)),
            "const" => self.lists(std::slice::from_ref(value)),
            "properties" => value.as_object().is_some_and(|members| {
                self.properties += members.len();
                self.text += members.keys().map(String::len).sum::<usize>();
                members.values().all(|member| self.allows(member, nested + 1, false))
            }),
            "items" => self.allows(value, nested + 1, false),
            "anyOf" => {
                !is_root
                    && value.as_array().is_some_and(|branches| {
                        !branches.is_empty()
                            && branches.iter().all(|branch| self.allows(branch, nested + 1, false))
                    })
            }
            _ => false,
        }
    }

    fn lists(&mut self, values: &[Value]) -> bool {
        let text = values.iter().filter_map(Value::as_str).map(str::len).sum::<usize>();
        self.text += text;
        self.values += values.len();
        values.iter().all(|value| !value.is_object() && !value.is_array())
            && (values.len() <= SHORT_LIST || text <= MOST_TEXT_OF_A_LIST)
    }

    fn points_at_a_definition(&self, reference: &str) -> bool {
        let Some(pointer) = reference.strip_prefix('#') else { return false };
        let parts = pointer.split('/').skip(1).collect::<Vec<_>>();
        pointer.is_empty()
            || matches!(parts[..], ["$defs" | "definitions", _])
                && self.root.pointer(pointer).is_some()
    }
}

/// An object has all of its members, and no other.
fn is_closed(schema: &Map<String, Value>) -> bool {
    let is_object = names_type(schema, "object")
        || ["properties", "required", "additionalProperties"]
            .iter()
            .any(|key| schema.contains_key(*key));
    if !is_object {
        return true;
    }
    // OpenAI wants `required` to be there even when it is empty.
    let (Some(Value::Object(members)), Some(Value::Array(required))) =
        (schema.get("properties"), schema.get("required"))
    else {
        return false;
    };
    let required: BTreeSet<&str> = required.iter().filter_map(Value::as_str).collect();
    schema.get("additionalProperties") == Some(&Value::Bool(false))
        && required == members.keys().map(String::as_str).collect()
}

fn is_type(kind: &Value) -> bool {
    matches!(
        kind.as_str(),
        Some("string" | "number" | "integer" | "boolean" | "object" | "array" | "null")
    )
}

fn names_type(schema: &Map<String, Value>, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
        Some(one) => one == kind,
        None => false,
    }
}

/// How many objects and lists stand in one another, with references followed until they repeat. None when they hardly end.
fn depth<'a>(root: &'a Value, schema: &'a Value, path: &mut Vec<&'a str>) -> Option<usize> {
    if path.len() > DEEPEST {
        return None;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        if path.contains(&reference) {
            return Some(0);
        }
        path.push(reference);
        let depth = depth(root, root.pointer(reference.strip_prefix('#')?)?, path);
        path.pop();
        return depth;
    }
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let branches = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let mut deepest = 0;
    for inner in members.map(|(_, member)| member).chain(schema.get("items")) {
        deepest = deepest.max(depth(root, inner, path)? + 1);
    }
    for branch in branches {
        deepest = deepest.max(depth(root, branch, path)?);
    }
    Some(deepest)
}
