//! `x-mcp-header`: arguments that a request repeats in a header
//! (MCP 2026-07-28 basic/transports/streamable-http#custom-headers-from-tool-parameters).

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::transport::header_value;

const ANNOTATION: &str = "x-mcp-header";
/// How deep a schema is read; one that goes deeper breaks the rules.
const DEEPEST: usize = 64;

/// An argument with the header that repeats it.
#[derive(Debug)]
pub(super) struct Mirrored {
    name: HeaderName,
    /// The members that lead from the arguments to this one.
    path: Vec<String>,
}

impl Mirrored {
    /// The header, unless the argument is absent, null, or of a type that no header repeats.
    pub(super) fn header(&self, arguments: &Value) -> Option<(HeaderName, HeaderValue)> {
        let mut value = arguments;
        for member in &self.path {
            value = value.get(member)?;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => whole(number)?,
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((self.name.clone(), header_value(&text)))
    }
}

/// An integer, however it is written: JSON knows no difference between 1 and 1.0.
fn whole(number: &serde_json::Number) -> Option<String> {
    if number.is_i64() || number.is_u64() {
        return Some(number.to_string());
    }
    number.as_f64().filter(|value| value.fract() == 0.0).map(|value| format!("{value:.0}"))
}

/// The annotated arguments of a tool; `None` if an annotation breaks the rules.
pub(super) fn read(schema: &Value) -> Option<Vec<Mirrored>> {
    let mut found = Vec::new();
    walk(schema, Some(&mut Vec::new()), DEEPEST, &mut found)?;
    let mut names: Vec<&str> = found.iter().map(|mirrored| mirrored.name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1]).then_some(found)
}

/// Reads a schema; `path` is how the arguments lead to it through `properties` alone, if they do.
fn walk(
    schema: &Value,
    mut path: Option<&mut Vec<String>>,
    depth: usize,
    found: &mut Vec<Mirrored>,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(schemas) => {
            return schemas.iter().try_for_each(|one| walk(one, None, depth, found));
        }
        _ => return Some(()),
    };
    if let Some(annotation) = members.get(ANNOTATION) {
        let path = path.as_deref().filter(|path| !path.is_empty())?;
        if !is_simple(members.get("type")?) {
            return None;
        }
        found.push(Mirrored { name: header_name(annotation.as_str()?)?, path: path.clone() });
    }
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            // Data, not schemas.
            ("const" | "enum" | "default" | "examples" | ANNOTATION, _) => {}
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    match &mut path {
                        Some(path) => {
                            path.push(name.clone());
                            walk(property, Some(&mut **path), depth, found)?;
                            path.pop();
                        }
                        None => walk(property, None, depth, found)?,
                    }
                }
            }
            (
                "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                Value::Object(schemas),
            ) => schemas.values().try_for_each(|one| walk(one, None, depth, found))?,
            (_, value) => walk(value, None, depth, found)?,
        }
    }
    Some(())
}

/// A string, an integer or a boolean, which may also be null.
fn is_simple(kind: &Value) -> bool {
    let simple = |kind: &Value| matches!(kind.as_str(), Some("string" | "integer" | "boolean"));
    match kind {
        Value::Array(kinds) => {
            let mut others = kinds.iter().filter(|kind| *kind != "null");
            others.next().is_some_and(simple) && others.next().is_none()
        }
        kind => simple(kind),
    }
}

/// `Mcp-Param-` and a name, which must be a token (RFC 9110 section 5.6.2).
fn header_name(name: &str) -> Option<HeaderName> {
    if name.is_empty() {
        return None;
    }
    HeaderName::from_bytes(format!("mcp-param-{name}").as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headers(schema: &Value, arguments: &Value) -> Option<Vec<(String, String)>> {
        let text = |(name, value): (HeaderName, HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        let found = read(schema)?;
        Some(found.iter().filter_map(|one| one.header(arguments)).map(text).collect())
    }

    #[test]
    fn arguments_are_repeated_as_the_specification_encodes_them() {
        let schema = json!({ "type": "object", "properties": {
            "text": { "type": "string", "x-mcp-header": "Text" },
            "count": { "type": "integer", "x-mcp-header": "Count" },
            "flag": { "type": "boolean", "x-mcp-header": "Flag" },
            "maybe": { "type": ["string", "null"], "x-mcp-header": "Maybe" },
            "inner": { "type": "object", "properties": { "deep": { "type": "string", "x-mcp-header": "Deep" } } },
            "x-mcp-header": { "type": "string" },
        }});
        let arguments = json!({ "text": " é\r\n", "count": 9_007_199_254_740_993_i64, "flag": false, "maybe": null, "inner": { "deep": "d" } });
        let found = headers(&schema, &arguments).unwrap();
        for pair in [
            ("mcp-param-text", "=?base64?IMOpDQo=?="),
            ("mcp-param-count", "9007199254740993"),
            ("mcp-param-flag", "false"),
            ("mcp-param-deep", "d"),
        ] {
            assert!(
                found.contains(&(pair.0.to_owned(), pair.1.to_owned())),
                "{pair:?} in {found:?}"
            );
        }
        assert_eq!(found.len(), 4);
        assert_eq!(headers(&schema, &json!({})), Some(vec![]));
        let odd = json!({ "text": ["a"], "count": 1.5, "flag": {}, "inner": "x" });
        assert_eq!(headers(&schema, &odd), Some(vec![]));
    }

    #[test]
    fn a_schema_that_breaks_the_rules_has_no_headers_at_all() {
        let property =
            |annotated: Value| json!({ "type": "object", "properties": { "a": annotated } });
        let good = json!({ "type": "string", "x-mcp-header": "A" });
        for broken in [
            property(json!({ "type": "string", "x-mcp-header": "" })),
            property(json!({ "type": "string", "x-mcp-header": "a b" })),
            property(json!({ "type": "string", "x-mcp-header": "a:" })),
            property(json!({ "type": "string", "x-mcp-header": "a\r\nb" })),
            property(json!({ "type": "string", "x-mcp-header": "é" })),
            property(json!({ "type": "string", "x-mcp-header": 7 })),
            property(json!({ "type": "number", "x-mcp-header": "A" })),
            property(json!({ "type": "object", "x-mcp-header": "A" })),
            property(json!({ "type": "array", "x-mcp-header": "A" })),
            property(json!({ "type": ["string", "integer"], "x-mcp-header": "A" })),
            property(json!({ "x-mcp-header": "A" })),
            property(json!({ "type": "array", "items": good })),
            property(json!({ "anyOf": [good] })),
            json!({ "type": "object", "x-mcp-header": "A" }),
            json!({ "type": "object", "$defs": { "a": good } }),
            json!({ "type": "object", "additionalProperties": good }),
            json!({ "type": "object", "allOf": [{ "properties": { "a": good } }] }),
            json!({ "type": "object", "properties": { "a": good, "b": { "type": "string", "x-mcp-header": "a" } } }),
        ] {
            assert!(read(&broken).is_none(), "{broken}");
        }
        let data = property(json!({ "type": "string", "default": { "x-mcp-header": "" } }));
        assert_eq!(read(&data).unwrap().len(), 0);
    }
}
