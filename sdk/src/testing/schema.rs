//! What is wrong with a value, member by member, by the JSON Schema that the catalogue has for it.
//!
//! Covers the keywords that the catalogue's dialect has; a test of this module holds it to that.
//! Nothing is fetched and nothing is guessed: a keyword outside the dialect says nothing here.

use std::fmt;

use regex_lite::Regex;
use serde_json::{Map, Value};

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// JSON Pointer into the value (RFC 6901); empty for the value itself.
    pointer: String,
    message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the whole" } else { &self.pointer };
        write!(f, "{place}: {}", self.message)
    }
}

/// Everything that is wrong with `value`.
pub(super) fn violations(schema: &Value, value: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    Judge { root: schema, found: &mut found }.judge(schema, value, "");
    found
}

struct Judge<'a> {
    root: &'a Value,
    found: &'a mut Vec<Violation>,
}

impl Judge<'_> {
    fn judge(&mut self, schema: &Value, value: &Value, pointer: &str) {
        if let Some(target) = schema["$ref"].as_str() {
            let target = target.strip_prefix('#').and_then(|target| self.root.pointer(target));
            let target = target.expect("the catalogue's schemas are self-contained");
            self.judge(target, value, pointer);
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            self.judge_branches(branches, value, pointer);
        }
        if let Some(problem) = wrong_type(schema, value) {
            // What else the schema says is about values of the right type.
            return self.note(pointer, problem);
        }
        for problem in out_of_bounds(schema, value) {
            self.note(pointer, problem);
        }
        match value {
            Value::Object(members) => self.judge_members(schema, members, pointer),
            Value::Array(items) if schema["items"].is_object() => {
                for (index, item) in items.iter().enumerate() {
                    self.judge(&schema["items"], item, &format!("{pointer}/{index}"));
                }
            }
            _ => {}
        }
    }

    /// One of the branches must fit; of those that do not, the one that comes closest says why.
    fn judge_branches(&mut self, branches: &[Value], value: &Value, pointer: &str) {
        let judged = branches.iter().map(|branch| {
            let mut found = Vec::new();
            Judge { root: self.root, found: &mut found }.judge(branch, value, pointer);
            found
        });
        let closest = judged.min_by_key(|found| {
            // A branch that fails inside the value is closer than one that has another type altogether.
            (
                !found.is_empty(),
                found.iter().any(|violation| violation.pointer == pointer),
                found.len(),
            )
        });
        self.found.extend(closest.unwrap_or_default());
    }

    fn judge_members(&mut self, schema: &Value, members: &Map<String, Value>, pointer: &str) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                self.note(pointer, format!("the member {name:?} is missing"));
            }
        }
        let properties = schema["properties"].as_object();
        for (name, member) in members {
            let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            match (properties.and_then(|all| all.get(name)), &schema["additionalProperties"]) {
                (Some(of_member), _) => self.judge(of_member, member, &below),
                (None, Value::Bool(false)) => {
                    let known: Vec<_> =
                        properties.into_iter().flat_map(Map::keys).map(String::as_str).collect();
                    let known = known.join(", ");
                    self.note(&below, format!("there is no such member; there are {known}"));
                }
                (None, of_member @ Value::Object(_)) => self.judge(of_member, member, &below),
                (None, _) => {}
            }
        }
    }

    fn note(&mut self, pointer: &str, message: String) {
        self.found.push(Violation { pointer: pointer.to_owned(), message });
    }
}

fn wrong_type(schema: &Value, value: &Value) -> Option<String> {
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let actual = type_of(value);
    let fits = |kind: &&str| *kind == actual || (*kind == "number" && actual == "integer");
    if !allowed.is_empty() && !allowed.iter().any(fits) {
        return Some(format!("must be of type {}, is of type {actual}", allowed.join(" or ")));
    }
    let values = schema["enum"].as_array().filter(|values| !values.contains(value))?;
    let values: Vec<_> = values.iter().map(ToString::to_string).collect();
    Some(format!("must be one of {}", values.join(", ")))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_none_or(|number| number.fract() == 0.0) => {
            "integer"
        }
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn out_of_bounds(schema: &Value, value: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut bound = |least: &str, most: &str, size: f64, unit: &str| {
        if let Some(least) = schema[least].as_f64().filter(|least| size < *least) {
            problems.push(format!("must be at least {least}{unit}, is {size}"));
        }
        if let Some(most) = schema[most].as_f64().filter(|most| size > *most) {
            problems.push(format!("must be at most {most}{unit}, is {size}"));
        }
    };
    match value {
        Value::Number(number) => {
            bound("minimum", "maximum", number.as_f64().unwrap_or(f64::INFINITY), "");
        }
        Value::String(text) => {
            bound("minLength", "maxLength", text.chars().count() as f64, " characters");
        }
        Value::Array(items) => bound("minItems", "maxItems", items.len() as f64, " items"),
        Value::Object(members) => {
            bound("minProperties", "maxProperties", members.len() as f64, " members");
        }
        Value::Null | Value::Bool(_) => {}
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str()) {
        let regex = Regex::new(pattern).expect("the catalogue's patterns are plain");
        if !regex.is_match(text) {
            problems.push(format!("must match {pattern}"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use lookout_schema::catalogue;
    use serde_json::json;

    use super::*;

    fn found(schema: &Value, value: &Value) -> Vec<String> {
        violations(schema, value).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_keyword_of_the_catalogue_is_looked_at_or_says_nothing_about_values() {
        fn walk(schema: &Value) {
            for (keyword, inner) in schema.as_object().into_iter().flatten() {
                match keyword.as_str() {
                    "$schema" | "description" | "default" | "enum" | "type" | "$ref"
                    | "required" | "minimum" | "maximum" | "minLength" | "maxLength"
                    | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {}
                    "pattern" => drop(Regex::new(inner.as_str().unwrap()).unwrap()),
                    "properties" | "$defs" => inner.as_object().unwrap().values().for_each(walk),
                    "anyOf" => inner.as_array().unwrap().iter().for_each(walk),
                    "items" | "additionalProperties" => walk(inner),
                    other => panic!("{other} is not checked"),
                }
            }
        }
        for tool in &catalogue().tools {
            walk(&tool.input_schema);
            walk(&tool.output_schema);
        }
    }

    #[test]
    fn every_violation_is_found_and_named_with_its_place() {
        let save = &catalogue().tool("save_dashboard").unwrap().input_schema;
        let panel = json!({ "id": "Not A Slug", "title": "", "type": "pie", "order": -1 });
        let arguments = json!({
            "spec": { "panels": [panel, { "id": "a" }], "parameters": {}, "a/b": 1 },
            "if_revision": 1.5,
            "dry": true,
        });
        assert_eq!(
            found(save, &arguments),
            [
                r#"the whole: the member "title" is missing"#,
                "/spec/panels/0/id: must match ^[a-z0-9]+(-[a-z0-9]+)*$",
                "/spec/panels/0/title: must be at least 1 characters, is 0",
                r#"/spec/panels/0/type: must be one of "chart", "funnel", "metric", "table""#,
                "/spec/panels/0/order: must be at least 0, is -1",
                r#"/spec/panels/1: the member "title" is missing"#,
                r#"/spec/panels/1: the member "type" is missing"#,
                "/spec/parameters: must be of type array, is of type object",
                "/if_revision: must be of type integer, is of type number",
                "/dry: there is no such member; there are dashboard, if_revision, title, description, slug, spec, dry_run, idempotency_key",
            ]
        );
    }

    #[test]
    fn of_several_shapes_the_closest_says_what_is_wrong() {
        let schema = json!({ "anyOf": [{ "type": "object", "required": ["start"], "properties": { "start": { "type": "string" } } }, { "type": "null" }] });
        assert_eq!(found(&schema, &Value::Null), Vec::<String>::new());
        assert_eq!(
            found(&schema, &json!({ "start": 1 })),
            ["/start: must be of type string, is of type integer"]
        );
        assert_eq!(found(&schema, &json!(2.0)).len(), 1);
    }
}
