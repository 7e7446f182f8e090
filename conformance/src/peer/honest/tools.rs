//! The tools that the MCP server of a scenario has: those of the catalogue, with made-up results.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::catalogue::sample::sample;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../catalogue.json"))
        .expect("the embedded catalogue is JSON, by a test of its own")
});

/// The catalogue's entry for a tool; null for a tool it does not have.
fn entry(name: &str) -> &'static Value {
    let tools = DOCUMENT["tools"].as_array();
    let found = tools.and_then(|tools| tools.iter().find(|tool| tool["name"] == name));
    found.unwrap_or(&Value::Null)
}

/// Arguments that a tool accepts.
pub(crate) fn arguments(name: &str) -> Value {
    let schema = &entry(name)["inputSchema"];
    match sample(schema, schema, "", &BTreeMap::new()) {
        Value::Null => json!({}),
        arguments => arguments,
    }
}

/// Every scope that a call needs, separated by spaces; none for a tool the catalogue does not have.
pub(crate) fn scope(name: &str) -> String {
    let scopes = entry(name)["scopes"].as_array();
    let words = scopes.into_iter().flatten().filter_map(Value::as_str);
    words.collect::<Vec<_>>().join(" ")
}

/// The tools that a token with `scope` may call, as `tools/list` has them.
pub(crate) fn list(granted: &str) -> Vec<Value> {
    const MEMBERS: [&str; 6] =
        ["name", "title", "description", "annotations", "inputSchema", "outputSchema"];
    let tools = DOCUMENT["tools"].as_array().into_iter().flatten();
    let callable =
        tools.filter(|tool| covers(granted, &scope(tool["name"].as_str().unwrap_or_default())));
    let shown = |tool: &Value| {
        let members = MEMBERS.iter().filter_map(|member| {
            tool.get(*member).map(|value| ((*member).to_owned(), value.clone()))
        });
        Value::Object(members.collect::<Map<_, _>>())
    };
    callable.map(shown).collect()
}

/// Whether `granted` holds every word of `needed`.
pub(crate) fn covers(granted: &str, needed: &str) -> bool {
    needed.split(' ').all(|word| word.is_empty() || granted.split(' ').any(|one| one == word))
}

/// The result of a call: one that the tool's output schema allows.
pub(crate) fn result(name: &str) -> Value {
    let schema = &entry(name)["outputSchema"];
    let structured = sample(schema, schema, "", &BTreeMap::new());
    json!({
        "content": [{ "type": "text", "text": structured.to_string() }],
        "structuredContent": structured,
        "isError": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_fits_the_schemas() {
        for tool in DOCUMENT["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            let fits = |schema: &Value, value: &Value| {
                let validator = jsonschema::validator_for(schema).unwrap();
                let errors: Vec<_> = validator.iter_errors(value).map(|e| e.to_string()).collect();
                assert!(errors.is_empty(), "{name}: {value}: {errors:?}");
            };
            fits(&tool["inputSchema"], &arguments(name));
            fits(&tool["outputSchema"], &result(name)["structuredContent"]);
        }
    }

    #[test]
    fn a_token_sees_what_it_may_call() {
        assert_eq!(list("mcp:read mcp:write").len(), 10);
        assert_eq!(list("mcp:read").len(), 9);
        assert_eq!(list("mcp:write")[0]["name"], "save_dashboard");
        assert_eq!(list("").len(), 0);
    }
}
