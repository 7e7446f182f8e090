//! Tools as the model APIs want them described.

mod equivalence;
mod rules;

use lookout_sdk::schema::{Scope, ScopeSet};
use lookout_sdk::{Client, ToolDescription, catalogue, definitions};
use serde_json::{Value, json};

/// A tool that a server lists.
fn listed(name: &str, schema: &Value) -> [ToolDescription; 1] {
    let tool = json!({ "name": name, "description": "Does it.", "inputSchema": schema });
    [serde_json::from_value(tool).unwrap()]
}

/// The parameters that chat completions get, and whether they are promised to be kept to.
fn strictly(schema: &Value) -> (Value, bool) {
    let tools = listed("t", schema);
    let chat = definitions::openai_chat(&tools).remove(0);
    let responses = definitions::openai_responses(&tools).remove(0);
    assert_eq!(chat["function"]["parameters"], responses["parameters"]);
    assert_eq!(chat["function"]["strict"], responses["strict"]);
    (chat["function"]["parameters"].clone(), chat["function"]["strict"].as_bool().unwrap())
}

fn closed(properties: &Value) -> Value {
    let names: Vec<&String> = properties.as_object().unwrap().keys().collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

#[test]
fn every_tool_of_the_catalogue_is_described_by_the_rules_of_every_format() {
    let tools = &catalogue().tools;
    let chat = definitions::openai_chat(tools);
    let responses = definitions::openai_responses(tools);
    let anthropic = definitions::anthropic(tools);
    let gemini = definitions::gemini(tools);
    assert_eq!(rules::openai_chat(&chat), [""; 0]);
    assert_eq!(rules::openai_responses(&responses), [""; 0]);
    assert_eq!(rules::anthropic(&anthropic), [""; 0]);
    assert_eq!(rules::gemini(&gemini), [""; 0]);
    let declarations = gemini["functionDeclarations"].as_array().unwrap();
    for described in [chat.len(), responses.len(), anthropic.len(), declarations.len()] {
        assert_eq!(described, tools.len(), "no tool is left out");
    }
}

#[test]
fn the_rules_catch_what_an_api_would_refuse() {
    let tools = &catalogue().tools;
    let edited = |pointer: &str, value: Value| {
        let mut chat = definitions::openai_chat(tools);
        *chat[1].pointer_mut(pointer).unwrap() = value;
        rules::openai_chat(&chat)
    };
    for (pointer, value) in [
        ("/type", json!("tool")),
        ("/function/name", json!("get dashboard")),
        ("/function/name", json!("n".repeat(65))),
        ("/function/description", json!("")),
        ("/function/description", json!("d".repeat(1025))),
        ("/function/strict", json!(true)),
        ("/function/parameters", json!({ "type": "array" })),
        ("/function/parameters/properties", json!({ "a": { "type": "strong" } })),
        ("/function/parameters/properties", json!({ "a": { "type": "array" } })),
        ("/function/parameters/$defs", json!({})),
    ] {
        assert_ne!(edited(pointer, value.clone()), [""; 0], "{pointer} {value}");
    }
    let mut anthropic = definitions::anthropic(tools);
    anthropic[0]["strict"] = json!(true);
    assert_ne!(rules::anthropic(&anthropic), [""; 0]);
    let mut gemini = definitions::gemini(tools);
    let declaration = &mut gemini["functionDeclarations"][0];
    declaration["parametersJsonSchema"]["properties"]["table"]["$ref"] = json!("#");
    assert_ne!(rules::gemini(&gemini), [""; 0]);
    let loose = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": [], "additionalProperties": false });
    assert_ne!(rules::strict(&loose), [""; 0]);
}

#[test]
fn openai_chat_completions() {
    insta::assert_snapshot!(written(&json!(definitions::openai_chat(&catalogue().tools))));
}

#[test]
fn openai_responses() {
    insta::assert_snapshot!(written(&json!(definitions::openai_responses(&catalogue().tools))));
}

#[test]
fn anthropic_messages() {
    insta::assert_snapshot!(written(&json!(definitions::anthropic(&catalogue().tools))));
}

#[test]
fn gemini_function_declarations() {
    insta::assert_snapshot!(written(&definitions::gemini(&catalogue().tools)));
}

fn written(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn a_client_that_only_reads_offers_nothing_that_writes() {
    let builder = || Client::builder("https://lookout.example/mcp").token("lkmcp_0");
    let (reader, writer) = (builder().read_only().build().unwrap(), builder().build().unwrap());
    let names = |tools: Vec<Value>| -> Vec<String> {
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    let of_reader = names(definitions::openai_responses(reader.catalogue()));
    let of_writer = names(definitions::openai_responses(writer.catalogue()));
    let of_scope = catalogue().tools_for(ScopeSet::of(&[Scope::McpRead]));
    assert_eq!(of_reader, names(definitions::anthropic(of_scope)));
    assert_eq!(of_reader.len(), 9);
    let only_writer: Vec<_> = of_writer.iter().filter(|name| !of_reader.contains(name)).collect();
    assert_eq!(only_writer, ["save_dashboard"]);
    assert_eq!(catalogue().tools_for(ScopeSet::EMPTY).count(), 0);
}

#[test]
fn strict_is_promised_for_what_strict_can_say() {
    let colour = json!({ "enum": ["red", "blue"] });
    let with_definitions = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": { "Colour": { "type": "string", "enum": ["red"] }, "Unused": { "minLength": 1 } },
        "type": "object",
        "properties": { "one": { "$ref": "#/$defs/Colour", "description": "Which." }, "two": { "$ref": "#/$defs/Colour" } },
        "required": ["one", "two"],
        "additionalProperties": false,
    });
    for exact in [
        closed(&json!({})),
        closed(&json!({ "sql": { "type": "string", "description": "A statement." } })),
        closed(&json!({ "n": { "type": "integer", "minimum": 1, "maximum": 9 }, "c": colour })),
        closed(&json!({ "may": { "type": ["string", "null"], "pattern": "^a" } })),
        closed(
            &json!({ "list": { "type": "array", "items": closed(&json!({ "a": { "const": 1 } })), "maxItems": 3 } }),
        ),
        closed(&json!({ "either": { "anyOf": [{ "type": "string" }, closed(&json!({}))] } })),
        closed(&json!({ "at": { "type": "string", "format": "date-time" } })),
        with_definitions.clone(),
    ] {
        let (parameters, strict) = strictly(&exact);
        assert!(strict, "{exact}");
        assert_eq!(rules::strict(&parameters), [""; 0], "{exact}");
    }
    let (parameters, _) = strictly(&with_definitions);
    let one = json!({ "type": "string", "enum": ["red"], "description": "Which." });
    assert_eq!(parameters["properties"]["one"], one);
    assert_eq!(parameters["properties"]["two"]["$ref"], "#/$defs/Colour");
    assert!(parameters["$defs"].get("Unused").is_none());
}

#[test]
fn what_strict_cannot_say_goes_out_as_it_is_and_promises_nothing() {
    let mut optional = closed(&json!({ "a": { "type": "string" }, "b": { "type": "string" } }));
    optional["required"] = json!(["a"]);
    let mut open = closed(&json!({ "a": { "type": "string" } }));
    open.as_object_mut().unwrap().remove("additionalProperties");
    let mut unsaid = closed(&json!({}));
    unsaid.as_object_mut().unwrap().remove("required");
    let deep = (0..11).fold(json!({ "type": "string" }), |inner, _| closed(&json!({ "a": inner })));
    let many: Vec<String> = (0..1001).map(|n| format!("v{n}")).collect();
    let long: Vec<String> = (0..260).map(|n| format!("{n}{}", "v".repeat(60))).collect();
    let of = |schema: Value| closed(&json!({ "a": schema }));
    for inexact in [
        optional,
        open,
        unsaid,
        deep,
        of(json!({ "type": "object", "additionalProperties": {} })),
        of(json!({ "type": "object" })),
        of(json!({ "type": "string", "minLength": 1 })),
        of(json!({ "type": "string", "maxLength": 9 })),
        of(json!({ "type": "string", "default": "x" })),
        of(json!({ "type": "string", "format": "uri" })),
        of(json!({ "type": "array" })),
        of(json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true })),
        of(json!({ "description": "Anything." })),
        of(json!(true)),
        of(json!({ "oneOf": [{ "type": "string" }] })),
        of(json!({ "anyOf": [{ "type": "object" }] })),
        of(json!({ "enum": many })),
        of(json!({ "enum": long })),
        of(json!({ "enum": [{ "an": "object" }] })),
        of(json!({ "$ref": "#/$defs/none" })),
        of(json!({ "$ref": "https://schemas.example/a" })),
        of(json!({ "$ref": "#", "minProperties": 1 })),
        of(json!({ "type": "nonsense" })),
    ] {
        assert_eq!(strictly(&inexact), (inexact.clone(), false), "{inexact}");
    }
}

#[test]
fn a_tool_that_a_format_cannot_carry_is_left_out_of_it() {
    let plain = closed(&json!({}));
    let long = "n".repeat(65);
    for (name, schema, openai, anthropic, gemini) in [
        ("query", &plain, true, true, true),
        ("9-lives", &plain, true, true, false),
        ("a.b:c", &plain, false, false, true),
        ("a b", &plain, false, false, false),
        ("", &plain, false, false, false),
        ("é", &plain, false, false, false),
        (&long[..64], &plain, true, true, true),
        (&long, &plain, false, false, false),
        ("t", &json!({}), false, false, false),
        ("t", &json!({ "type": "array" }), false, false, false),
        ("t", &json!({ "type": "object", "anyOf": [{}] }), false, false, false),
        (
            "t",
            &json!({ "type": "object", "properties": { "a": { "$ref": "#", "minProperties": 1 } } }),
            true,
            true,
            false,
        ),
    ] {
        let tools = listed(name, schema);
        assert_eq!(definitions::openai_chat(&tools).len(), usize::from(openai), "{name} {schema}");
        assert_eq!(
            definitions::openai_responses(&tools).len(),
            usize::from(openai),
            "{name} {schema}"
        );
        assert_eq!(definitions::anthropic(&tools).len(), usize::from(anthropic), "{name} {schema}");
        let declarations = &definitions::gemini(&tools)["functionDeclarations"];
        assert_eq!(declarations.as_array().unwrap().len(), usize::from(gemini), "{name} {schema}");
    }
}

#[test]
fn a_hostile_schema_costs_little() {
    // Each definition names the next twice, so replacing all would write 2^40 schemas.
    let mut all = serde_json::Map::new();
    for n in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1), "description": "next" });
        all.insert(format!("d{n}"), closed(&json!({ "a": next, "b": next })));
    }
    all.insert("d40".to_owned(), json!({ "type": "string" }));
    let mut schema = closed(&json!({ "a": { "$ref": "#/$defs/d0", "description": "first" } }));
    schema["$defs"] = all.into();
    assert_eq!(strictly(&schema), (schema.clone(), false));
    assert_eq!(definitions::gemini(&listed("t", &schema)), json!({ "functionDeclarations": [] }));
}

#[test]
fn a_schema_that_contains_itself_keeps_its_reference() {
    let node = closed(
        &json!({ "of": { "type": "array", "items": { "$ref": "#/$defs/Node", "description": "A child." } } }),
    );
    let mut schema =
        closed(&json!({ "root": { "$ref": "#/$defs/Node", "description": "The first." } }));
    schema["$defs"] = json!({ "Node": node });
    let (parameters, strict) = strictly(&schema);
    assert!(strict);
    assert_eq!(parameters["properties"]["root"]["description"], "The first.");
    assert_eq!(rules::strict(&parameters), [""; 0]);
}
