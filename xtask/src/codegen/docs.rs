//! What people read: the README's tool table and the Markdown reference.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{COMMAND, Output};
use crate::catalogue::{Catalogue, ToolFile};

const BEGIN: &str = "<!-- tools: written by cargo xtask codegen -->\n";
const END: &str = "<!-- tools: end -->";

/// The README with a fresh table between its two markers.
pub(super) fn readme(catalogue: &Catalogue, current: &str) -> Result<Output> {
    let begin =
        current.find(BEGIN).context("README.md has lost the marker before the tool table")?
            + BEGIN.len();
    let end = current.find(END).context("README.md has lost the marker after the tool table")?;
    let text = format!("{}{}{}", &current[..begin], table(catalogue), &current[end..]);
    Ok(Output { path: "README.md".to_owned(), text })
}

fn table(catalogue: &Catalogue) -> String {
    let mut text = "| Tool | Scope | What it does |\n| --- | --- | --- |\n".to_owned();
    for tool in &catalogue.tools {
        let first = tool.description.split_inclusive(". ").next().unwrap_or_default().trim();
        let anchor = &tool.name;
        let scopes = code_list(&tool.scopes);
        writeln!(text, "| [`{anchor}`](schema/REFERENCE.md#{anchor}) | {scopes} | {first} |")
            .expect("a string takes it");
    }
    text
}

/// The reference of every tool.
pub(super) fn reference(catalogue: &Catalogue) -> Output {
    let mut text = format!(
        "<!-- Generated from schema/ by `{COMMAND}`. Do not edit. -->\n\n# Tool reference\n\nCatalogue digest: `{}`\n\n## Scopes\n\n\
         | Scope | Granted by default | What it permits |\n| --- | --- | --- |\n",
        catalogue.digest
    );
    for scope in &catalogue.scopes {
        let default = if scope.default { "yes" } else { "no" };
        line(&mut text, &format!("| `{}` | {default} | {} |", scope.name, scope.description));
    }
    for (tool, (input, output)) in catalogue.tools.iter().zip(&catalogue.wire_schemas) {
        section(&mut text, tool, input, output);
    }
    line(&mut text, "\n## Errors\n\n| Code | Retry helps | Meaning |\n| --- | --- | --- |");
    for (code, error) in &catalogue.errors {
        let retry = if error.retryable { "yes" } else { "no" };
        let common = if error.common { " Every tool can report it." } else { "" };
        line(&mut text, &format!("| `{code}` | {retry} | {}{common} |", error.description));
    }
    Output { path: "schema/REFERENCE.md".to_owned(), text }
}

fn section(text: &mut String, tool: &ToolFile, input: &Value, output: &Value) {
    let effect = match (tool.annotations.read_only_hint, tool.annotations.destructive_hint) {
        (true, _) => "only reads",
        (false, true) => "writes, and may replace what was there",
        (false, false) => "writes",
    };
    line(
        text,
        &format!(
            "\n## {}\n\n{}\n\nNeeds {}; {effect}.",
            tool.name,
            tool.description,
            code_list(&tool.scopes)
        ),
    );
    line(
        text,
        "\n### Arguments\n\n| Name | Type | Required | What it is |\n| --- | --- | --- | --- |",
    );
    members(text, input, input, true);
    line(text, "\n### Result\n\n| Name | Type | What it is |\n| --- | --- | --- |");
    members(text, output, output, false);
    if !tool.errors.is_empty() {
        line(text, &format!("\nErrors: {}.", code_list(&tool.errors)));
    }
}

fn members(text: &mut String, root: &Value, schema: &Value, with_required: bool) {
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let kind = kind(root, member);
        let description = member["description"].as_str().unwrap_or_default();
        let needed = match (with_required, required.contains(&name.as_str())) {
            (false, _) => String::new(),
            (true, true) => " yes |".to_owned(),
            (true, false) => match member.get("default") {
                Some(default) => format!(" no, `{default}` |"),
                None => " no |".to_owned(),
            },
        };
        line(text, &format!("| `{name}` | {kind} |{needed} {description} |"));
    }
}

/// The type of a member in a few words, with its bounds.
fn kind(root: &Value, schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return match root["$defs"][name]["enum"].as_array() {
            Some(values) => {
                values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
            }
            None => name.to_owned(),
        };
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return alternatives
            .iter()
            .map(|schema| kind(root, schema))
            .collect::<Vec<_>>()
            .join(" or ");
    }
    let name = match &schema["type"] {
        Value::String(name) if name == "array" => {
            format!("list of {}", kind(root, &schema["items"]))
        }
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => "any".to_owned(),
    };
    let bounds = match (schema.get("minimum"), schema.get("maximum"), schema.get("maxLength")) {
        (Some(minimum), Some(maximum), _) => format!(", {minimum} to {maximum}"),
        (_, _, Some(length)) => format!(", at most {length} characters"),
        _ => String::new(),
    };
    format!("{name}{bounds}")
}

fn code_list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
