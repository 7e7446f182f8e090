//! A call of a tool that can be pasted.

use lookout_schema::ToolEntry;
use lookout_schema::protocol::{MODERN_REVISION, meta};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::workspace::Sample;

/// The variable of the environment that programs take a token from. No token is ever part of an example.
pub(crate) const TOKEN: &str = "LOOKOUT_TOKEN";

/// A call of one tool.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Example {
    /// The arguments.
    pub(crate) arguments: Value,
    /// The JSON-RPC request.
    pub(crate) request: Value,
    /// The request as a command for a shell that has the token in `LOOKOUT_TOKEN`.
    pub(crate) curl: String,
}

impl Example {
    /// A call of `entry` at `url`: what the tool requires, from the sample where it has it, and from the schema otherwise.
    pub(crate) fn of(entry: &ToolEntry, url: &str, sample: &Sample) -> Self {
        let arguments = arguments(&entry.input_schema, sample);
        let request = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": entry.name,
                "arguments": arguments,
                "_meta": {
                    (meta::PROTOCOL_VERSION): MODERN_REVISION,
                    (meta::CLIENT_CAPABILITIES): {},
                },
            },
        });
        let curl = curl(url, &entry.name, &request);
        Self { arguments, request, curl }
    }

    /// The JSON-RPC request, indented.
    pub(crate) fn request_text(&self) -> String {
        pretty(&self.request)
    }
}

/// JSON for people.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is plain data")
}

/// Text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn curl(url: &str, tool: &str, request: &Value) -> String {
    format!(
        "curl -sS {} \\\n  -H \"Authorization: Bearer ${TOKEN}\" \\\n  -H 'Content-Type: application/json' \\\n  \
         -H 'Accept: application/json, text/event-stream' \\\n  -H 'MCP-Protocol-Version: {MODERN_REVISION}' \\\n  \
         -H 'Mcp-Method: tools/call' -H 'Mcp-Name: {tool}' \\\n  -d {}",
        quoted(url),
        quoted(&compact(request))
    )
}

/// The request with one line for each of its parameters.
fn compact(request: &Value) -> String {
    let parameters = request["params"].as_object().into_iter().flatten();
    let lines: Vec<_> = parameters
        .map(|(name, value)| format!("    {}: {value}", Value::from(name.as_str())))
        .collect();
    let mut outer = request.clone();
    outer["params"] = "".into();
    let outer = outer.to_string();
    let outer = outer.strip_suffix("\"\"}").unwrap_or(&outer);
    format!("{outer}{{\n{}\n  }}}}", lines.join(",\n"))
}

/// What the schema requires, and of the rest what makes a pasted call surer: it names the warehouse, and writes nothing.
fn arguments(schema: &Value, sample: &Sample) -> Value {
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let arguments = properties.filter_map(|(name, member)| {
        let known = known(name, sample);
        let is_shown = required.contains(&name.as_str())
            || matches!(name.as_str(), "warehouse_id" | "dry_run");
        let made = || required.contains(&name.as_str()).then(|| made(schema, member));
        let value = if is_shown { known.or_else(made) } else { None };
        value.map(|value| (name.clone(), value))
    });
    Value::Object(arguments.collect())
}

/// The value of an argument that means the same in every tool.
fn known(name: &str, sample: &Sample) -> Option<Value> {
    let named = |name: &Option<String>| name.as_deref().map(Value::from);
    match name {
        "warehouse_id" => named(&sample.warehouse),
        "table" => named(&sample.table),
        "dashboard" => named(&sample.dashboard),
        "panel_id" => named(&sample.panel),
        "doc_id" => named(&sample.document),
        "sql" => Some(sample.sql().into()),
        "title" => Some("First look".into()),
        "dry_run" => Some(true.into()),
        "spec" => Some(json!({
            "panels": [{ "id": "first-number", "title": "First number", "type": "metric", "sql": sample.sql() }],
        })),
        _ => None,
    }
}

/// Some value that the schema allows.
fn made(root: &Value, schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return made(root, &root["$defs"][name]);
    }
    if let Some(first) = schema["enum"].get(0).or_else(|| schema["examples"].get(0)) {
        return first.clone();
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return made(root, first);
    }
    match schema["type"].as_str() {
        Some("string") => "example".into(),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("boolean") => false.into(),
        Some("array") if schema["minItems"].as_u64().is_some_and(|least| least > 0) => {
            json!([made(root, &schema["items"])])
        }
        Some("array") => json!([]),
        Some("object") => {
            let names =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let member = |name: &str| (name.to_owned(), made(root, &schema["properties"][name]));
            Value::Object(names.map(member).collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use lookout_schema::catalogue;

    use super::{Example, Sample, quoted};

    #[test]
    fn every_example_fits_its_schema_in_a_workspace_with_nothing_too() {
        let full = Sample {
            warehouse: Some("shop".to_owned()),
            table: Some("main.orders".to_owned()),
            dashboard: Some("sales".to_owned()),
            panel: Some("revenue".to_owned()),
            document: Some("doc-1".to_owned()),
        };
        for sample in [Sample::default(), full] {
            for entry in &catalogue().tools {
                let example = Example::of(entry, "https://lookout.example/mcp", &sample);
                entry.check(&example.arguments).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }

    #[test]
    fn what_a_schema_requires_is_made_when_nobody_knows_a_value() {
        let schema = serde_json::json!({
            "required": ["kind", "sizes", "owner"],
            "properties": {
                "kind": { "$ref": "#/$defs/Kind" },
                "sizes": { "type": "array", "minItems": 1, "items": { "type": "integer", "minimum": 3 } },
                "owner": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } },
                "note": { "type": "string" },
            },
            "$defs": { "Kind": { "type": "string", "enum": ["a", "b"] } },
        });
        let made = super::arguments(&schema, &Sample::default());
        let expected =
            serde_json::json!({ "kind": "a", "sizes": [3], "owner": { "id": "example" } });
        assert_eq!(made, expected);
    }

    #[test]
    fn the_command_has_the_request_on_few_lines() {
        let tool = catalogue().tool("query_warehouse").expect("a tool");
        let example = Example::of(tool, "https://lookout.example/mcp", &Sample::default());
        let body = super::compact(&example.request);
        let read: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(read, example.request);
        assert_eq!(body.lines().count(), 5, "{body}");
    }

    #[test]
    fn a_quote_does_not_end_a_word_of_the_shell() {
        let text = "select 'a' || \"b\" $HOME `id`";
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("printf %s {}", quoted(text))])
            .output()
            .expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), text);
    }
}
