//! What a client may check before it calls is what the server checks: nothing that fits is refused, and what does not is refused in the same places.

use std::collections::BTreeSet;

use lookout_schema::{ToolEntry, catalogue};
use serde_json::{Map, Value, json};

use crate::served::Served;

/// How far from the plainest arguments a value is.
#[derive(Clone, Copy, PartialEq)]
enum Extreme {
    Least,
    Most,
}

/// A value at one end of what the schema allows; lists of up to three.
fn value(root: &Value, schema: &Value, extreme: Extreme) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(&reference[1..]).expect("the catalogue's references hold");
        return value(root, target, extreme);
    }
    let bound = |least: &str, most: &str, otherwise: i64| {
        let (keyword, otherwise) = match extreme {
            Extreme::Least => (least, 0),
            Extreme::Most => (most, otherwise),
        };
        schema[keyword].as_i64().unwrap_or(otherwise)
    };
    if let Some(values) = schema["enum"].as_array() {
        let last = if extreme == Extreme::Least { 0 } else { values.len() - 1 };
        return values[last].clone();
    }
    match schema["type"].as_str() {
        Some("string") => {
            let length = bound("minLength", "maxLength", 10);
            "a".repeat(usize::try_from(length).expect("a length")).into()
        }
        Some("integer") => bound("minimum", "maximum", 10).into(),
        Some("boolean") => json!(extreme == Extreme::Most),
        Some("array") => {
            let length = bound("minItems", "maxItems", 3).min(3);
            (0..length).map(|_| value(root, &schema["items"], extreme)).collect()
        }
        Some("object") => {
            let required = schema["required"].as_array();
            let needed = |name: &str| required.is_some_and(|names| names.contains(&name.into()));
            let members = schema["properties"].as_object().into_iter().flatten();
            let members: Map<_, _> = members
                .filter(|(name, _)| extreme == Extreme::Most || needed(name))
                .map(|(name, member)| (name.clone(), value(root, member, extreme)))
                .collect();
            members.into()
        }
        _ => json!("any"),
    }
}

/// The places that the server refuses.
fn refused(served: &Served, token: &str, tool: &ToolEntry, arguments: &Value) -> BTreeSet<String> {
    let result = served.tool(token, &tool.name, arguments.clone());
    let error = &result["_meta"]["com.rudderstack.lookout/error"];
    if error["code"] != "invalid_arguments" {
        return BTreeSet::new();
    }
    let violations = error["details"]["violations"].as_array().expect("violations");
    let pointers = violations.iter().map(|violation| violation["pointer"].as_str());
    pointers.map(|pointer| pointer.expect("a pointer").to_owned()).collect()
}

fn checked(tool: &'static ToolEntry, arguments: &Value) -> BTreeSet<String> {
    let violations = tool.check(arguments).err().map(|invalid| invalid.violations().to_vec());
    violations.into_iter().flatten().map(|violation| violation.pointer).collect()
}

#[test]
fn what_fits_is_not_refused_and_what_does_not_is_refused_in_the_same_places() {
    let served = Served::start();
    let token = served.token("mcp:read mcp:write");
    for tool in &catalogue().tools {
        let root = &tool.input_schema;
        for extreme in [Extreme::Least, Extreme::Most] {
            let right = value(root, root, extreme);
            assert_eq!(checked(tool, &right), BTreeSet::new(), "{} {right}", tool.name);
            assert_eq!(
                refused(&served, &token, tool, &right),
                BTreeSet::new(),
                "{} {right}",
                tool.name
            );
        }
        let right = value(root, root, Extreme::Most);
        let mut wrong = right.clone();
        for (name, member) in wrong.as_object_mut().expect("arguments") {
            *member = match &right[name] {
                Value::String(text) => format!("{text}é").into(),
                Value::Number(number) => (number.as_i64().expect("a whole number") + 1).into(),
                _ => json!(7),
            };
        }
        wrong["further"] = json!(null);
        let places = checked(tool, &wrong);
        assert!(places.len() > 1, "{}: {places:?}", tool.name);
        assert_eq!(refused(&served, &token, tool, &wrong), places, "{} {wrong}", tool.name);
    }
}
