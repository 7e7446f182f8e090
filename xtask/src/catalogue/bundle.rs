//! The catalogue as one self-contained document, and its digest.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::source::{ErrorEntry, Node, ScopeEntry, ToolFile};

/// The JSON Schema dialect that schemas on the wire name.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// `node` with every type it refers to, directly or not, in its own `$defs`.
pub(super) fn self_contained(node: &Node, types: &IndexMap<String, Node>) -> Value {
    let mut needed = BTreeSet::new();
    collect(node, types, &mut needed);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), DIALECT.into());
    let Value::Object(own) = plain(node) else { unreachable!("a node is written as an object") };
    schema.extend(own);
    if !needed.is_empty() {
        let defs: Map<_, _> =
            needed.into_iter().map(|name| (name.clone(), plain(&types[&name]))).collect();
        schema.insert("$defs".to_owned(), defs.into());
    }
    schema.into()
}

fn collect(node: &Node, types: &IndexMap<String, Node>, needed: &mut BTreeSet<String>) {
    if let Some(name) = node.target()
        && needed.insert(name.to_owned())
    {
        collect(&types[name], types, needed);
    }
    for (_, child) in node.children() {
        collect(child, types, needed);
    }
}

/// The node as JSON, with references that point into the same document.
fn plain(node: &Node) -> Value {
    let mut value = serde_json::to_value(node).expect("a node holds only JSON");
    localize(&mut value);
    value
}

fn localize(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference) if name == "$ref" => {
                        *reference = reference.trim_start_matches("../types.json").to_owned();
                    }
                    member => localize(member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(localize),
        _ => {}
    }
}

/// The one document, and `sha256:` with the hash of its canonical form: sorted members, no white space, no digest.
pub(super) fn bundle(
    scopes: &[ScopeEntry],
    errors: &[(String, ErrorEntry)],
    tools: &[ToolFile],
    wire_schemas: &[(Value, Value)],
) -> (Value, String) {
    let tools: Vec<_> = tools
        .iter()
        .zip(wire_schemas)
        .map(|(tool, (input, output))| {
            json!({
                "name": tool.name,
                "title": tool.title,
                "description": tool.description,
                "scopes": tool.scopes,
                "annotations": tool.annotations,
                "inputSchema": input,
                "outputSchema": output,
                "errors": tool.errors,
            })
        })
        .collect();
    let errors: Map<_, _> =
        errors.iter().map(|(code, entry)| (code.clone(), json!(entry))).collect();
    let mut document =
        json!({ "catalogue": 1, "scopes": scopes, "errors": errors, "tools": tools });
    let canonical = sorted(&document).to_string();
    let hash = Sha256::digest(canonical.as_bytes());
    let digest = hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"));
    document["digest"] = digest.clone().into();
    (document, digest)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(b.0));
            members
                .into_iter()
                .map(|(name, member)| (name.clone(), sorted(member)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(elements) => elements.iter().map(sorted).collect(),
        other => other.clone(),
    }
}
