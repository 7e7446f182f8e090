//! The rules of each format, written down from its documentation, and what breaks them.
//!
//! OpenAI: API reference (`tools`), "Function calling" and "Structured model outputs". Anthropic: "Tool use". Gemini: `FunctionDeclaration` and
//! the list of what JSON Schema may hold. None of this knows how the definitions are made.

use serde_json::{Map, Value};

/// Azure refuses longer ones, and OpenAI once did.
const LONGEST_DESCRIPTION: usize = 1024;

pub(crate) fn openai_chat(tools: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    for tool in tools {
        expect(&mut broken, keys(tool) == ["type", "function"], "members of a tool", tool);
        expect(&mut broken, tool["type"] == "function", "type", tool);
        let expected = ["name", "description", "parameters", "strict"];
        expect(&mut broken, keys(&tool["function"]) == expected, "members of a function", tool);
        function(&tool["function"], &mut broken);
    }
    broken
}

pub(crate) fn openai_responses(tools: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    for tool in tools {
        let expected = ["type", "name", "description", "parameters", "strict"];
        expect(&mut broken, keys(tool) == expected, "members of a tool", tool);
        expect(&mut broken, tool["type"] == "function", "type", tool);
        function(tool, &mut broken);
    }
    broken
}

pub(crate) fn anthropic(tools: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    for tool in tools {
        let expected = ["name", "description", "input_schema"];
        expect(&mut broken, keys(tool) == expected, "members of a tool", tool);
        named(tool, "_-", &mut broken);
        parameters(&tool["input_schema"], &mut broken);
    }
    broken
}

pub(crate) fn gemini(tool: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    expect(&mut broken, keys(tool) == ["functionDeclarations"], "members of a tool", tool);
    for declaration in tool["functionDeclarations"].as_array().unwrap() {
        let expected = ["name", "description", "parametersJsonSchema"];
        expect(&mut broken, keys(declaration) == expected, "members", declaration);
        named(declaration, "_-.:", &mut broken);
        let name = declaration["name"].as_str().unwrap();
        let begins = name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic());
        expect(&mut broken, begins, "first letter", declaration);
        let schema = &declaration["parametersJsonSchema"];
        parameters(schema, &mut broken);
        for parameter in keys(&schema["properties"]) {
            let plain = parameter.chars().all(|one| one == '_' || one.is_ascii_alphanumeric());
            let begins = !parameter.starts_with(|first: char| first.is_ascii_digit());
            expect(
                &mut broken,
                plain && begins && parameter.len() <= 64,
                "a parameter's name",
                schema,
            );
        }
        each(schema, &mut |one| {
            let alone = one.keys().all(|key| key.starts_with('$'));
            expect(
                &mut broken,
                !one.contains_key("$ref") || alone,
                "something beside $ref",
                schema,
            );
        });
        expect(&mut broken, schema.get("$schema").is_none(), "$schema", schema);
    }
    broken
}

fn function(function: &Value, broken: &mut Vec<String>) {
    named(function, "_-", broken);
    parameters(&function["parameters"], broken);
    if function["strict"] == true {
        broken.extend(strict(&function["parameters"]));
    }
}

fn named(tool: &Value, signs: &str, broken: &mut Vec<String>) {
    let name = tool["name"].as_str().unwrap_or_default();
    let plain = name.chars().all(|one| one.is_ascii_alphanumeric() || signs.contains(one));
    expect(broken, plain && (1..=64).contains(&name.len()), "name", tool);
    let description = tool["description"].as_str().unwrap_or_default().chars().count();
    expect(broken, (1..=LONGEST_DESCRIPTION).contains(&description), "description", tool);
}

/// What every format asks of parameters.
fn parameters(schema: &Value, broken: &mut Vec<String>) {
    expect(broken, jsonschema::draft202012::meta::is_valid(schema), "JSON Schema", schema);
    expect(broken, schema["type"] == "object", "type of the root", schema);
    expect(broken, schema["properties"].is_object(), "properties of the root", schema);
    for keyword in ["oneOf", "anyOf", "allOf", "not", "enum"] {
        expect(broken, schema.get(keyword).is_none(), "alternatives at the root", schema);
    }
    each(schema, &mut |one| {
        expect(
            broken,
            one.get("type") != Some(&"array".into()) || one.contains_key("items"),
            "items",
            schema,
        );
        let resolves = one.get("$ref").is_none_or(|reference| {
            reference
                .as_str()
                .and_then(|text| text.strip_prefix('#'))
                .is_some_and(|to| schema.pointer(to).is_some())
        });
        expect(broken, resolves, "a reference that leads nowhere", schema);
    });
}

/// What `strict: true` asks on top.
pub(crate) fn strict(root: &Value) -> Vec<String> {
    const KEYWORDS: [&str; 19] = [
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "description",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maximum",
        "minItems",
        "minimum",
        "multipleOf",
        "pattern",
        "title",
        "type",
    ];
    let mut broken = Vec::new();
    let mut properties = 0;
    each(root, &mut |one| {
        for keyword in one.keys() {
            let known = KEYWORDS.contains(&keyword.as_str())
                || ["properties", "required"].contains(&keyword.as_str());
            expect(&mut broken, known, keyword, root);
        }
        expect(
            &mut broken,
            !one.contains_key("$ref") || one.len() == 1,
            "something beside $ref",
            root,
        );
        let says = ["type", "$ref", "anyOf", "enum", "const"]
            .iter()
            .any(|keyword| one.contains_key(*keyword));
        expect(&mut broken, says, "a schema of anything", root);
        if one.get("type") == Some(&"object".into()) {
            let members = keys(&one["properties"]);
            properties += members.len();
            let required: Vec<&str> =
                one["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            expect(
                &mut broken,
                members.iter().all(|member| required.contains(member)),
                "an optional member",
                root,
            );
            expect(
                &mut broken,
                one.get("additionalProperties") == Some(&false.into()),
                "an open object",
                root,
            );
        }
    });
    expect(&mut broken, properties <= 5000, "too many properties", root);
    expect(&mut broken, levels(root) <= 10, "too deep", root);
    broken
}

/// How many objects stand in one another, without following references.
fn levels(schema: &Value) -> usize {
    let inner = |value: &Value| match value {
        Value::Object(members) => members.values().map(levels).max().unwrap_or(0),
        Value::Array(all) => all.iter().map(levels).max().unwrap_or(0),
        _ => 0,
    };
    inner(schema)
        + usize::from(
            schema
                .get("properties")
                .is_some_and(|members| members.as_object().is_some_and(|m| !m.is_empty())),
        )
}

/// Visits every schema in a schema.
fn each(schema: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
    let Value::Object(members) = schema else { return };
    visit(members);
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("properties" | "$defs", Value::Object(schemas)) => {
                schemas.values().for_each(|schema| each(schema, visit))
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => {
                schemas.iter().for_each(|schema| each(schema, visit))
            }
            ("items" | "additionalProperties", schema) => each(schema, visit),
            _ => {}
        }
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .map(|members| members.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

fn expect(broken: &mut Vec<String>, holds: bool, rule: &str, of: &Value) {
    if !holds {
        broken.push(format!("{rule}: {of}"));
    }
}
