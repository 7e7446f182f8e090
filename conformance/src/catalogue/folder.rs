//! A catalogue that is a folder: `scopes.json`, `tools/*.json`, and perhaps `types.json`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::catalogue::NoCatalogue;

/// The bundle that the folder amounts to.
pub(crate) fn bundle(folder: &Path) -> Result<Value, NoCatalogue> {
    let scopes = document(&folder.join("scopes.json"))?;
    let scopes = scopes.get("scopes").cloned().unwrap_or(scopes);
    let types = folder.join("types.json");
    let types = if types.exists() { document(&types)? } else { Value::Null };
    let types = types.get("$defs").cloned().unwrap_or_default();
    let tools = folder.join("tools");
    let entries = fs::read_dir(&tools).map_err(|error| unreadable(&tools, &error))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut list = Vec::new();
    for path in paths {
        let mut tool = document(&path)?;
        if let Some(schema) = tool.get_mut("inputSchema") {
            inline(schema, &types);
        }
        list.push(tool);
    }
    Ok(json!({"scopes": scopes, "tools": list}))
}

/// Makes references into `types.json` references into the schema itself.
fn inline(schema: &mut Value, types: &Value) {
    if !point_inwards(schema) {
        return;
    }
    let Some(members) = schema.as_object_mut() else { return };
    let definitions = members.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
    if let (Some(definitions), Value::Object(types)) = (definitions.as_object_mut(), types) {
        for (name, definition) in types {
            let mut definition = definition.clone();
            point_inwards(&mut definition);
            definitions.entry(name.clone()).or_insert(definition);
        }
    }
}

/// Cuts the file off every reference; tells whether there was one.
fn point_inwards(schema: &mut Value) -> bool {
    match schema {
        Value::Object(members) => members.iter_mut().fold(false, |found, (name, member)| {
            if let ("$ref", Value::String(reference)) = (name.as_str(), &mut *member)
                && let Some((file, pointer)) = reference.split_once('#')
                && !file.is_empty()
            {
                *reference = format!("#{pointer}");
                return true;
            }
            point_inwards(member) || found
        }),
        // All of them are rewritten, not only those up to the first that needs it.
        Value::Array(items) => {
            items.iter_mut().map(point_inwards).filter(|found| *found).count() > 0
        }
        _ => false,
    }
}

fn document(path: &Path) -> Result<Value, NoCatalogue> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    serde_json::from_str(&text).map_err(|error| NoCatalogue(format!("{}: {error}", path.display())))
}

fn unreadable(path: &Path, error: &std::io::Error) -> NoCatalogue {
    NoCatalogue(format!("cannot read {}: {error}", path.display()))
}
