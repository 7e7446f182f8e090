//! Values mirrored into headers (MCP 2026-07-28, streamable HTTP): `Mcp-Name` and `Mcp-Param-*`.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::faults::{Fault, has};

/// Schema keywords whose values are data and not schemas.
const DATA: [&str; 5] = ["const", "default", "enum", "examples", "example"];
/// Schema keywords whose values are schemas by name.
const NAMED: [&str; 5] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// An argument that goes into a header as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirrored {
    path: Vec<String>,
    header: String,
}

impl Mirrored {
    /// The header for these arguments, unless the argument is absent.
    pub(crate) fn header(&self, arguments: &Value) -> Option<(String, String)> {
        let found = self.path.iter().try_fold(arguments, |value, name| value.get(name));
        let text = match found? {
            Value::Null if has(Fault::NullMirrored) => "null".to_owned(),
            Value::String(text) if encoded(text) != *text && has(Fault::ParameterNotEncoded) => {
                plain(text)
            }
            Value::String(text) => encoded(text),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some((format!("mcp-param-{}", self.header), text))
    }
}

/// A value as it may stand in a header: itself, or in Base64 if it would not survive.
pub(crate) fn encoded(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let is_sentinel =
        text.starts_with("=?base64?") && text.ends_with("?=") && !has(Fault::SentinelNotEncoded);
    if text.chars().all(is_plain) && text.trim() == text && !is_sentinel {
        return text.to_owned();
    }
    format!("=?base64?{}?=", STANDARD.encode(text))
}

/// A value as a careless client writes it.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

/// The annotated properties of an input schema, or nothing if one breaks the rules.
pub(crate) fn mirrored(schema: &Value) -> Option<Vec<Mirrored>> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found)?;
    let names: BTreeSet<String> = found.iter().map(|one| one.header.to_ascii_lowercase()).collect();
    (names.len() == found.len()).then_some(found)
}

fn collect(schema: &Value, path: &mut Vec<String>, found: &mut Vec<Mirrored>) -> Option<()> {
    let Some(members) = schema.as_object() else { return Some(()) };
    if let Some(name) = members.get("x-mcp-header") {
        let header = name.as_str().filter(|name| is_token(name))?.to_owned();
        if path.is_empty() || !is_primitive(members) {
            return None;
        }
        found.push(Mirrored { path: path.clone(), header });
    }
    for (keyword, value) in members {
        if keyword != "properties" {
            if is_annotated_below(keyword, value) {
                return None;
            }
            continue;
        }
        for (name, property) in value.as_object().into_iter().flatten() {
            path.push(name.clone());
            collect(property, path, found)?;
            path.pop();
        }
    }
    Some(())
}

fn is_annotated_below(keyword: &str, value: &Value) -> bool {
    if DATA.contains(&keyword) {
        return false;
    }
    if NAMED.contains(&keyword) {
        return value.as_object().is_some_and(|named| named.values().any(is_annotated));
    }
    is_annotated(value)
}

fn is_annotated(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("x-mcp-header")
                || members.iter().any(|(keyword, value)| is_annotated_below(keyword, value))
        }
        Value::Array(items) => items.iter().any(is_annotated),
        _ => false,
    }
}

/// Whether values are strings, integers or booleans, null aside.
fn is_primitive(schema: &Map<String, Value>) -> bool {
    let is_one = |kind: &str| matches!(kind, "string" | "integer" | "boolean");
    match schema.get("type") {
        Some(Value::String(kind)) => is_one(kind),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<&str> =
                kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect();
            matches!(kinds[..], [kind] if is_one(kind))
        }
        _ => false,
    }
}

fn is_token(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_part)
}
