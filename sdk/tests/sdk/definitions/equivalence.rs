//! Whatever schema a tool has: what goes out accepts exactly the arguments that the tool's schema accepts.

use std::cell::Cell;

use lookout_sdk::definitions;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::{listed, rules};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A schema that may refer to the definitions from `first` on, so that nothing refers to itself at once.
fn schema(first: usize) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({ "type": "string", "minLength": 1 })),
        Just(json!({ "type": "string", "description": "Text." })),
        Just(json!({ "type": "integer", "minimum": 1 })),
        Just(json!({ "type": ["boolean", "null"] })),
        Just(json!({ "enum": ["x", 1], "default": "x" })),
        Just(json!({ "description": "Anything." })),
        (first..3, any::<bool>()).prop_map(|(number, beside)| {
            let mut reference = json!({ "$ref": format!("#/$defs/d{number}") });
            if beside {
                reference["description"] = json!("As said here.");
                reference["default"] = json!("x");
            }
            reference
        }),
        Just(json!({ "$ref": "#/$defs/tree", "description": "A tree." })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            3 => object(inner.clone()),
            1 => inner.clone().prop_map(|items| json!({ "type": "array", "items": items, "maxItems": 2 })),
            1 => prop::collection::vec(inner, 1..3).prop_map(|branches| json!({ "anyOf": branches })),
        ]
    })
}

fn object(members: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let members = prop::collection::vec(members, 0..=3);
    (members, any::<bool>(), any::<bool>()).prop_map(|(members, all, closed)| {
        let required = if all { members.len() } else { members.len() / 2 };
        let mut object = json!({ "type": "object", "required": NAMES[..required] });
        object["properties"] =
            NAMES.iter().map(|name| (*name).to_owned()).zip(members).collect::<Map<_, _>>().into();
        if closed {
            object["additionalProperties"] = json!(false);
        }
        object
    })
}

fn tool() -> impl Strategy<Value = Value> {
    (object(schema(0)), schema(1), schema(2), Just(json!({ "type": "integer" }))).prop_map(
        |(mut root, d0, d1, d2)| {
            let tree = json!({
                "type": "object",
                "properties": { "a": { "$ref": "#/$defs/tree", "description": "Below." } },
                "additionalProperties": false,
            });
            root["$defs"] = json!({ "d0": d0, "d1": d1, "d2": d2, "tree": tree });
            root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
            root
        },
    )
}

fn arguments() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!("x")),
        Just(json!("")),
        Just(json!(1)),
        Just(json!(0)),
        Just(json!(true)),
        Just(Value::Null),
        Just(json!({})),
    ];
    let member = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            2 => prop::collection::btree_map(prop::sample::select(&["a", "b", "c", "other"][..]), inner.clone(), 0..4).prop_map(|members| json!(members)),
            1 => prop::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    });
    prop::collection::btree_map(prop::sample::select(&["a", "b", "c", "other"][..]), member, 0..4)
        .prop_map(|members| json!(members))
}

#[test]
fn what_goes_out_accepts_exactly_what_the_tool_accepts() {
    let (fitting, unfitting, strict, replaced) =
        (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    let count = |cell: &Cell<u32>| cell.set(cell.get() + 1);
    let mut runner = TestRunner::deterministic();
    let cases = (tool(), prop::collection::vec(arguments(), 12));
    runner
        .run(&cases, |(schema, arguments)| {
            let tools = listed("t", &schema);
            let chat = definitions::openai_chat(&tools).remove(0);
            let responses = definitions::openai_responses(&tools).remove(0);
            let gemini = definitions::gemini(&tools);
            prop_assert_eq!(rules::openai_chat(std::slice::from_ref(&chat)), [""; 0]);
            prop_assert_eq!(rules::gemini(&gemini), [""; 0]);
            if chat["function"]["strict"] == true {
                count(&strict);
            }
            let gemini = &gemini["functionDeclarations"][0]["parametersJsonSchema"];
            if gemini["$defs"] != schema["$defs"] {
                count(&replaced);
            }
            let own = jsonschema::draft202012::new(&schema).unwrap();
            for out in [
                &chat["function"]["parameters"],
                &responses["parameters"],
                &definitions::anthropic(&tools)[0]["input_schema"],
                gemini,
            ] {
                let out = jsonschema::draft202012::new(out).unwrap();
                for arguments in &arguments {
                    let fits = own.is_valid(arguments);
                    count(if fits { &fitting } else { &unfitting });
                    prop_assert_eq!(out.is_valid(arguments), fits, "{}", arguments);
                }
            }
            Ok(())
        })
        .unwrap();
    for (met, least) in [(fitting, 1000), (unfitting, 1000), (strict, 5), (replaced, 50)] {
        assert!(met.get() >= least, "the cases say too little: {} of {least}", met.get());
    }
}
