//! The members of a JSON Schema as rows of a table.

use serde::Serialize;
use serde_json::Value;

/// How deep rows go into members of members. A schema that refers to itself ends here.
const DEEPEST: usize = 5;

/// An argument of a tool, or a member of its result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Field {
    /// Its path from the outermost object; `[]` stands for each item of a list.
    pub(crate) name: String,
    /// What it is, in the words of JSON Schema.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Whether it is always there.
    pub(crate) required: bool,
    /// What it is when it is left out, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Value>,
    /// What else must be true of it, in words.
    pub(crate) constraints: Vec<String>,
    /// What it means.
    pub(crate) description: String,
}

impl Field {
    /// Whether it is a member of a member.
    pub(super) fn is_inner(&self) -> bool {
        self.name.contains('.')
    }
}

/// The members of an object, each followed by its own.
pub(super) fn fields(schema: &Value) -> Vec<Field> {
    let mut rows = Vec::new();
    collect(schema, schema, "", DEEPEST, &mut rows);
    rows
}

fn collect(root: &Value, object: &Value, prefix: &str, depth: usize, rows: &mut Vec<Field>) {
    let required: Vec<_> =
        object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, member) in object["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let resolved = resolve(root, member);
        let described = |schema: &Value| schema["description"].as_str().map(str::to_owned);
        rows.push(Field {
            kind: kind(root, member),
            required: required.contains(&name.as_str()),
            default: member.get("default").cloned(),
            constraints: constraints(resolved),
            description: described(member).or_else(|| described(resolved)).unwrap_or_default(),
            name: path.clone(),
        });
        if depth > 0 {
            let (inner, suffix) = innermost(root, resolved);
            collect(root, inner, &format!("{path}{suffix}."), depth - 1, rows);
        }
    }
}

/// What a reference stands for; its neighbours, such as a description, are not of it.
fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    name.map_or(schema, |name| &root["$defs"][name])
}

/// The object in lists and alternatives, and the path to it.
fn innermost<'s>(root: &'s Value, schema: &'s Value) -> (&'s Value, String) {
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let mut objects = alternatives.iter().map(|schema| resolve(root, schema));
        return (
            objects.find(|schema| schema["properties"].is_object()).unwrap_or(schema),
            String::new(),
        );
    }
    if schema["items"].is_object() {
        let (inner, suffix) = innermost(root, resolve(root, &schema["items"]));
        return (inner, format!("[]{suffix}"));
    }
    (schema, String::new())
}

fn kind(root: &Value, schema: &Value) -> String {
    let schema = resolve(root, schema);
    let joined = |words: Vec<String>| words.join(" | ");
    if let Some(values) = schema["enum"].as_array() {
        return joined(values.iter().map(Value::to_string).collect());
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return joined(alternatives.iter().map(|schema| kind(root, schema)).collect());
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => {
            format!("array of {}", kind(root, &schema["items"]))
        }
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            joined(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => "any".to_owned(),
    }
}

fn constraints(schema: &Value) -> Vec<String> {
    let between = |least: &str, most: &str, unit: &str| {
        let bound = |key: &str| schema.get(key).filter(|bound| bound.is_number());
        match (bound(least), bound(most)) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
            (Some(least), None) => Some(format!("at least {least}{unit}")),
            (None, Some(most)) => Some(format!("at most {most}{unit}")),
            (None, None) => None,
        }
    };
    let pattern = schema["pattern"].as_str().map(|pattern| format!("matches `{pattern}`"));
    [
        between("minimum", "maximum", ""),
        between("minLength", "maxLength", " characters"),
        between("minItems", "maxItems", " items"),
        between("minProperties", "maxProperties", " members"),
        pattern,
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fields;

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({
            "properties": { "children": { "type": "array", "items": { "$ref": "#/$defs/Node" } } },
            "$defs": { "Node": { "type": "object", "properties": {
                "children": { "type": "array", "items": { "$ref": "#/$defs/Node" } },
            } } },
        });
        let names: Vec<_> = fields(&schema).into_iter().map(|field| field.name).collect();
        assert_eq!(names[..2], ["children", "children[].children"]);
        assert!(names.len() < 10, "{names:?}");
    }

    #[test]
    fn a_member_is_described_with_its_type_bounds_and_default() {
        let schema = json!({
            "required": ["size"],
            "properties": {
                "size": { "$ref": "#/$defs/Size", "description": "How large.", "default": "small" },
                "count": { "type": ["integer", "null"], "minimum": 1, "maximum": 9 },
                "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 3 },
                "owner": { "anyOf": [{ "$ref": "#/$defs/Owner" }, { "type": "null" }] },
            },
            "$defs": {
                "Size": { "type": "string", "description": "A size.", "enum": ["large", "small"] },
                "Owner": { "type": "object", "properties": { "id": { "minLength": 1 } } },
            },
        });
        let rows: Vec<_> = fields(&schema)
            .into_iter()
            .map(|field| (field.name, field.kind, field.required, field.constraints.join(", ")))
            .collect();
        let expected = [
            ("size", "\"large\" | \"small\"", true, ""),
            ("count", "integer | null", false, "1 to 9"),
            ("tags", "array of string", false, "at most 3 items"),
            ("owner", "object | null", false, ""),
            ("owner.id", "any", false, "at least 1 characters"),
        ];
        let expected = expected.map(|(name, kind, required, constraints)| {
            (name.to_owned(), kind.to_owned(), required, constraints.to_owned())
        });
        assert_eq!(rows, expected);
        let size = &fields(&schema)[0];
        assert_eq!(
            (size.description.as_str(), size.default.clone()),
            ("How large.", Some("small".into()))
        );
    }
}
