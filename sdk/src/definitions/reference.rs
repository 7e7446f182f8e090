//! References that stand alone.
//!
//! JSON Schema 2020-12 lets keywords stand beside `$ref`; Gemini and the strict mode of OpenAI do not. Where they only annotate, what is referred to takes
//! the place of the reference, with the annotations of the place. That changes nothing about what fits.

use serde_json::{Map, Value};

/// How many schemas may be written, which bounds what a hostile schema can cost, and how deep they may stand in one another.
const MOST_SCHEMAS: usize = 20_000;
const DEEPEST: usize = 100;

/// The schema with nothing beside a `$ref`; none when something beside one constrains, or a name changes what references mean.
pub(super) fn alone(root: &Value) -> Option<Value> {
    let mut rewrite = Rewrite { root, path: Vec::new(), left: MOST_SCHEMAS };
    let mut schema = rewrite.schema(root, 0)?;
    forget_definitions(&mut schema);
    Some(schema)
}

struct Rewrite<'a> {
    root: &'a Value,
    /// The references that are being replaced.
    path: Vec<&'a str>,
    left: usize,
}

impl<'a> Rewrite<'a> {
    fn schema(&mut self, schema: &'a Value, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let Value::Object(members) = schema else { return Some(schema.clone()) };
        if depth > DEEPEST
            || ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor"]
                .iter()
                .any(|name| members.contains_key(*name))
        {
            return None;
        }
        let Some(reference) = members.get("$ref") else { return self.members(members, depth) };
        let beside = || members.iter().filter(|(key, _)| *key != "$ref");
        if beside().next().is_none() {
            return Some(schema.clone());
        }
        if !beside().all(|(key, _)| annotates(key)) {
            return None;
        }
        let reference = reference.as_str()?;
        if self.path.contains(&reference) {
            let alone = Map::from_iter([("$ref".to_owned(), reference.into())]);
            return Some(Value::Object(alone));
        }
        let target = self.root.pointer(reference.strip_prefix('#')?)?;
        self.path.push(reference);
        let replaced = self.schema(target, depth + 1);
        self.path.pop();
        match replaced? {
            // Where the target is another reference, annotations have no place.
            Value::Object(mut replaced) if !replaced.contains_key("$ref") => {
                replaced.extend(beside().map(|(key, value)| (key.clone(), value.clone())));
                Some(Value::Object(replaced))
            }
            replaced => Some(replaced),
        }
    }

    fn members(&mut self, members: &'a Map<String, Value>, depth: usize) -> Option<Value> {
        let mut written = Map::new();
        for (keyword, value) in members {
            let value = match (keyword.as_str(), value) {
                (
                    "$defs" | "definitions" | "properties" | "patternProperties"
                    | "dependentSchemas",
                    Value::Object(schemas),
                ) => {
                    let mut all = Map::new();
                    for (name, schema) in schemas {
                        all.insert(name.clone(), self.schema(schema, depth + 1)?);
                    }
                    Value::Object(all)
                }
                ("allOf" | "anyOf" | "oneOf" | "prefixItems" | "items", Value::Array(schemas)) => {
                    let all = schemas.iter().map(|schema| self.schema(schema, depth + 1));
                    Value::Array(all.collect::<Option<_>>()?)
                }
                (
                    "items"
                    | "additionalItems"
                    | "additionalProperties"
                    | "contains"
                    | "not"
                    | "if"
                    | "then"
                    | "else"
                    | "propertyNames"
                    | "unevaluatedItems"
                    | "unevaluatedProperties",
                    schema,
                ) => self.schema(schema, depth + 1)?,
                (_, other) => other.clone(),
            };
            written.insert(keyword.clone(), value);
        }
        Some(Value::Object(written))
    }
}

/// Keywords that say something about a value and nothing about which values fit.
fn annotates(keyword: &str) -> bool {
    matches!(
        keyword,
        "title"
            | "description"
            | "default"
            | "examples"
            | "deprecated"
            | "readOnly"
            | "writeOnly"
            | "$comment"
    )
}

/// Leaves out the definitions that nothing refers to any more.
fn forget_definitions(schema: &mut Value) {
    let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) else { return };
    let definitions = std::mem::take(definitions);
    let mut needed = Vec::new();
    // A definition counts as soon as what counts refers to it.
    let mut found = references(schema);
    while let Some(reference) = found.pop() {
        let Some(name) = reference.strip_prefix("#/$defs/") else {
            // It points somewhere else, so it may point into any of them.
            schema["$defs"] = definitions.into();
            return;
        };
        let name = name.split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        if !needed.contains(&name) {
            found.extend(definitions.get(&name).map(references).unwrap_or_default());
            needed.push(name);
        }
    }
    let kept: Map<String, Value> =
        definitions.into_iter().filter(|(name, _)| needed.contains(name)).collect();
    match schema {
        Value::Object(root) if kept.is_empty() => drop(root.shift_remove("$defs")),
        _ => schema["$defs"] = kept.into(),
    }
}

/// Every text that stands under `$ref`, also where it may be no reference: too many definitions do no harm.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(reference) if key == "$ref" => vec![reference.clone()],
                inner => references(inner),
            })
            .collect(),
        Value::Array(all) => all.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
