//! Tools as the model APIs want them described.
//!
//! For a loop that talks to a model itself: what goes into the request's `tools`, from the offline [`catalogue`](crate::catalogue()) or from the list
//! that a server gave. What the model then calls goes through [`Client::dispatch`](crate::Client::dispatch).
//!
//! ```
//! use lookout_sdk::schema::{Scope, ScopeSet};
//! use lookout_sdk::{catalogue, definitions};
//!
//! let tools = definitions::anthropic(catalogue().tools_for(ScopeSet::of(&[Scope::McpRead])));
//! assert_eq!(tools[0]["name"], "describe_table");
//! assert!(tools.iter().all(|tool| tool["name"] != "save_dashboard"));
//! ```
//!
//! Invariant: a schema that goes out accepts exactly the arguments that the tool's schema accepts. Where a format cannot say what the schema says, the
//! tool is left out of it; nothing is dropped from a schema to make it fit.
//! There is no rewriting of optional arguments into nullable ones, because a tool does not take `null` for an argument that was left out.

mod answer;
mod exact;
mod reference;

use lookout_schema::ToolEntry;
use serde_json::{Map, Value, json};

use crate::ToolDescription;

/// A tool as it is offered to a model, borrowed from the catalogue or from a server's list.
///
/// ```
/// use lookout_sdk::{catalogue, definitions::Offer};
///
/// let offer = Offer::from(&catalogue().tools[0]);
/// assert_eq!(offer.name, "describe_table");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Offer<'a> {
    /// Name for [`Client::dispatch`](crate::Client::dispatch).
    pub name: &'a str,
    /// What the tool does, for the model.
    pub description: &'a str,
    /// JSON Schema of the arguments.
    pub input_schema: &'a Value,
}

impl<'a> From<&'a ToolEntry> for Offer<'a> {
    fn from(tool: &'a ToolEntry) -> Self {
        Self { name: &tool.name, description: &tool.description, input_schema: &tool.input_schema }
    }
}

impl<'a> From<&'a ToolDescription> for Offer<'a> {
    fn from(tool: &'a ToolDescription) -> Self {
        Self { name: &tool.name, description: &tool.description, input_schema: &tool.input_schema }
    }
}

/// The `tools` of a request to OpenAI's chat completions (`POST /v1/chat/completions`), and of the many APIs that are compatible with it.
///
/// `strict` is `true` for a tool whose schema can be said exactly under the rules of structured outputs: every member required, no other members,
/// and keywords that they list as supported. Otherwise it is `false` and the schema is the tool's own.
/// No tool of today's catalogue is strict, because each has arguments that may be left out.
///
/// A tool is left out when the API would refuse the request for it: its name is not 1 to 64 of `a-z A-Z 0-9 _ -`, or its arguments are not an object.
///
/// ```
/// use lookout_sdk::{catalogue, definitions};
///
/// let tools = definitions::openai_chat(&catalogue().tools);
/// assert_eq!(tools[0]["function"]["name"], "describe_table");
/// assert_eq!(tools[0]["function"]["strict"], false);
/// ```
pub fn openai_chat<'a>(tools: impl IntoIterator<Item = impl Into<Offer<'a>>>) -> Vec<Value> {
    functions(tools).map(|function| json!({ "type": "function", "function": function })).collect()
}

/// The `tools` of a request to OpenAI's responses (`POST /v1/responses`).
///
/// As [`openai_chat`], without the inner object. `strict` is always there: this API takes its absence for `true`.
///
/// ```
/// use lookout_sdk::{catalogue, definitions};
///
/// let tools = definitions::openai_responses(&catalogue().tools);
/// assert_eq!(tools[0]["type"], "function");
/// assert_eq!(tools[0]["name"], "describe_table");
/// ```
pub fn openai_responses<'a>(tools: impl IntoIterator<Item = impl Into<Offer<'a>>>) -> Vec<Value> {
    let flat = functions(tools).map(|function| {
        let mut flat = Map::from_iter([("type".to_owned(), json!("function"))]);
        flat.extend(function);
        Value::Object(flat)
    });
    flat.collect()
}

/// The `tools` of a request to Anthropic's messages (`POST /v1/messages`).
///
/// The schema is the tool's own. A tool is left out when its name is not 1 to 64 of `a-z A-Z 0-9 _ -`, or its arguments are not an object.
///
/// ```
/// use lookout_sdk::{catalogue, definitions};
///
/// let tools = definitions::anthropic(&catalogue().tools);
/// assert_eq!(tools[0]["input_schema"]["required"][0], "table");
/// ```
pub fn anthropic<'a>(tools: impl IntoIterator<Item = impl Into<Offer<'a>>>) -> Vec<Value> {
    let fitting = tools.into_iter().map(Into::into).filter(|offer| is_plain(offer));
    fitting
        .map(|offer| {
            json!({
                "name": offer.name,
                "description": offer.description,
                "input_schema": bare(offer.input_schema),
            })
        })
        .collect()
}

/// One of the `tools` of a request to Gemini (`models.generateContent`): all tools as its `functionDeclarations`.
///
/// The arguments are in `parametersJsonSchema`, which takes JSON Schema; the older `parameters` is a subset of OpenAPI 3.0 without closed objects and
/// references, and would lose some of what the catalogue says. Gemini takes no keyword beside `$ref`, so a reference that has a description of its own
/// is replaced by what it refers to.
///
/// A tool is left out when its name does not begin with a letter or `_` or is not 1 to 64 of `a-z A-Z 0-9 _ - . :`, when its arguments are not an
/// object, or when a reference has constraints beside it.
///
/// ```
/// use lookout_sdk::{catalogue, definitions};
///
/// let tools = [definitions::gemini(&catalogue().tools)];
/// assert_eq!(tools[0]["functionDeclarations"][0]["name"], "describe_table");
/// ```
pub fn gemini<'a>(tools: impl IntoIterator<Item = impl Into<Offer<'a>>>) -> Value {
    let mut declarations = Vec::new();
    for tool in tools {
        let offer: Offer<'a> = tool.into();
        let begins =
            offer.name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !begins || !is_name(offer.name, "_-.:") || !takes_an_object(offer.input_schema) {
            continue;
        }
        if let Some(schema) = reference::alone(offer.input_schema) {
            declarations.push(json!({
                "name": offer.name,
                "description": offer.description,
                "parametersJsonSchema": bare(&schema),
            }));
        }
    }
    json!({ "functionDeclarations": declarations })
}

/// What both APIs of OpenAI say about a function.
fn functions<'a>(
    tools: impl IntoIterator<Item = impl Into<Offer<'a>>>,
) -> impl Iterator<Item = Map<String, Value>> {
    let fitting = tools.into_iter().map(Into::into).filter(|offer| is_plain(offer));
    fitting.map(|offer| {
        let alone = reference::alone(offer.input_schema);
        let exact = alone.map(|schema| bare(&schema)).filter(exact::is_strict);
        let strict = exact.is_some();
        Map::from_iter([
            ("name".to_owned(), json!(offer.name)),
            ("description".to_owned(), json!(offer.description)),
            ("parameters".to_owned(), exact.unwrap_or_else(|| bare(offer.input_schema))),
            ("strict".to_owned(), json!(strict)),
        ])
    })
}

fn is_plain(offer: &Offer<'_>) -> bool {
    is_name(offer.name, "_-") && takes_an_object(offer.input_schema)
}

fn is_name(name: &str, signs: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.chars().all(|one| one.is_ascii_alphanumeric() || signs.contains(one))
}

/// Whether the root says that it is an object, and says it without alternatives, which no API takes there.
fn takes_an_object(schema: &Value) -> bool {
    let alternatives = ["allOf", "anyOf", "oneOf", "not", "enum", "$ref"];
    schema["type"] == "object" && alternatives.iter().all(|keyword| schema.get(keyword).is_none())
}

/// Without the name of the dialect, which says nothing to a model, and with the `properties` that OpenAI wants to see even where there are none.
fn bare(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(root) = &mut schema {
        root.shift_remove("$schema");
        root.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}
