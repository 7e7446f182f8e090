//! Whether a document has the shape of `target.toml`: every misshapen place at once, by line.
//!
//! The shape is the published JSON Schema, so what is accepted and what is documented cannot
//! differ. Of JSON Schema this knows what the derive writes, and no more.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::target::error::Findings;

/// A parsed document that still knows where everything stands.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

const SECRET: &str = "a secret is never written into this file. Write { env = \"NAME\" } and set \
                      the environment variable NAME, or { file = \"PATH\" }";

impl<'a> Document<'a> {
    /// Parses `text`; what is no TOML goes to `findings`.
    pub(crate) fn parse(text: &'a str, findings: &mut Findings) -> Option<Self> {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let place = error.span().map(|span| place(text, span.start));
            findings.at(place, "", error.message().replace('\n', "; "));
        }
        errors.is_empty().then_some(Self { text, root })
    }

    /// Line and column of the value at `path`, or of its nearest ancestor that is there.
    pub(crate) fn place(&self, path: &[&str]) -> Option<(usize, usize)> {
        let mut span = None;
        let mut value: Option<&Spanned<DeValue<'_>>> = None;
        for segment in path {
            let table = match value.map(Spanned::get_ref) {
                None => self.root.get_ref(),
                Some(DeValue::Table(table)) => table,
                Some(DeValue::Array(items)) => {
                    let item = segment.parse::<usize>().ok().and_then(|index| items.get(index));
                    let Some(item) = item else { break };
                    span = Some(item.span());
                    value = Some(item);
                    continue;
                }
                Some(_) => break,
            };
            let found = table.iter().find(|(key, _)| key.get_ref().as_ref() == *segment);
            let Some((key, next)) = found else { break };
            span = Some(key.span());
            value = Some(next);
        }
        span.map(|span: Range<usize>| place(self.text, span.start))
    }

    /// Compares the document with `schema`.
    pub(crate) fn compare(&self, schema: &Value, findings: &mut Findings) {
        let shape = Shape { text: self.text, root: schema };
        shape.table(self.root.get_ref(), schema, "", self.root.span(), findings);
    }
}

struct Shape<'a> {
    text: &'a str,
    root: &'a Value,
}

impl Shape<'_> {
    fn value(
        &self,
        value: &Spanned<DeValue<'_>>,
        schema: &Value,
        key: &str,
        findings: &mut Findings,
    ) {
        let schema = self.resolved(schema);
        let start = Some(place(self.text, value.span().start));
        if schema.get("x-secret").is_some() && !value.get_ref().is_table() {
            return findings.at(start, key, SECRET);
        }
        let kinds = kinds(schema);
        let kind = kind(value.get_ref());
        let fits = kinds.is_empty()
            || kinds.contains(&kind)
            || kind == "integer" && kinds.contains(&"number");
        if !fits {
            let expected = kinds.iter().find(|kind| **kind != "null").copied().unwrap_or("nothing");
            let message = format!("expected {}, found {}", named(expected), named(kind));
            return findings.at(start, key, message);
        }
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, schema, key, value.span(), findings),
            DeValue::Array(items) => {
                let Some(item_schema) = schema.get("items") else { return };
                for (index, item) in items.iter().enumerate() {
                    self.value(item, item_schema, &format!("{key}[{index}]"), findings);
                }
            }
            DeValue::String(text) => {
                let words = words(schema);
                if !words.is_empty() && !words.contains(&text.as_ref()) {
                    let message =
                        format!("expected one of {}{}", quoted(&words), near(text, &words));
                    findings.at(start, key, message);
                }
            }
            DeValue::Integer(number) => {
                let negative = number.as_str().starts_with('-');
                if negative && schema.get("minimum").is_some() {
                    findings.at(start, key, "expected 0 or more");
                }
            }
            _ => {}
        }
    }

    fn table(
        &self,
        table: &DeTable<'_>,
        schema: &Value,
        key: &str,
        span: Range<usize>,
        findings: &mut Findings,
    ) {
        let start = Some(place(self.text, span.start));
        let Some(schema) = self.variant(table, schema, key, start, findings) else { return };
        let properties = schema.get("properties").and_then(Value::as_object);
        let rest = schema.get("additionalProperties");
        for (name, value) in table {
            let inner = joined(key, name.get_ref());
            let known = properties.and_then(|properties| properties.get(name.get_ref().as_ref()));
            match (known, rest) {
                (Some(schema), _) => self.value(value, schema, &inner, findings),
                (None, Some(Value::Bool(false))) => {
                    let names: Vec<&str> =
                        properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                    let place = Some(place(self.text, name.span().start));
                    findings.at(place, inner, unknown(name.get_ref(), &names));
                }
                (None, Some(schema @ Value::Object(_))) => {
                    self.value(value, schema, &inner, findings);
                }
                (None, _) => {}
            }
        }
        for name in crate::probe::site::strings(schema, "required") {
            if !table.iter().any(|(key, _)| key.get_ref().as_ref() == name) {
                let property = properties.and_then(|properties| properties.get(&name));
                let about = property.map(|property| self.about(property)).unwrap_or_default();
                findings.at(start, joined(key, &name), format!("is missing{about}"));
            }
        }
    }

    /// The schema that `table` must have: the variant its `kind` names, where there are several.
    fn variant<'s>(
        &'s self,
        table: &DeTable<'_>,
        schema: &'s Value,
        key: &str,
        start: Option<(usize, usize)>,
        findings: &mut Findings,
    ) -> Option<&'s Value> {
        let Some(variants) = schema.get("oneOf").and_then(Value::as_array) else {
            return Some(schema);
        };
        let tag = |variant: &'s Value| variant.pointer("/properties/kind/const")?.as_str();
        let tags: Vec<&str> = variants.iter().filter_map(tag).collect();
        if tags.is_empty() {
            // A variant that is named by its only key, such as { grace = { … } }.
            let keys = |variant: &'s Value| variant.get("properties").and_then(Value::as_object);
            let names: Vec<&str> =
                variants.iter().filter_map(keys).flatten().map(|(name, _)| name.as_str()).collect();
            let is_named = |name: &str| table.iter().any(|(key, _)| key.get_ref() == name);
            let found = variants.iter().find(|variant| {
                keys(variant).is_some_and(|keys| keys.keys().any(|key| is_named(key)))
            });
            if found.is_none() {
                let words = [words(schema), names].concat();
                findings.at(start, key, format!("expected one of {}", quoted(&words)));
            }
            return found;
        }
        let Some((_, kind)) = table.iter().find(|(key, _)| key.get_ref().as_ref() == "kind") else {
            findings.at(
                start,
                joined(key, "kind"),
                format!("is missing: one of {}", quoted(&tags)),
            );
            return None;
        };
        let word = kind.get_ref().as_str().unwrap_or_default();
        let found = variants.iter().find(|variant| tag(variant) == Some(word));
        if found.is_none() {
            let message = format!("expected one of {}{}", quoted(&tags), near(word, &tags));
            let place = Some(place(self.text, kind.span().start));
            findings.at(place, joined(key, "kind"), message);
        }
        found
    }

    /// Follows `$ref`, and the one branch of an `anyOf` that is not `null`.
    fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        if let Some(pointer) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(pointer.trim_start_matches('#'));
            return self.resolved(target.unwrap_or(&Value::Null));
        }
        let branches = schema.get("anyOf").and_then(Value::as_array);
        let branch = branches.into_iter().flatten().find(|branch| branch.get("$ref").is_some());
        branch.map_or(schema, |branch| self.resolved(branch))
    }

    /// The first sentence of a description, to follow a complaint.
    fn about(&self, schema: &Value) -> String {
        let own = schema.get("description").or_else(|| self.resolved(schema).get("description"));
        let Some(text) = own.and_then(Value::as_str) else { return String::new() };
        let text = text.replace('\n', " ");
        let sentence = text.split(". ").next().unwrap_or_default();
        format!(". {}", sentence.trim_end_matches('.'))
    }
}

/// The JSON types a schema allows; empty when it allows all.
fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => match schema.get("oneOf").and_then(Value::as_array) {
            Some(branches) => branches.iter().flat_map(kinds).collect(),
            None if schema.get("const").is_some() || schema.get("enum").is_some() => vec!["string"],
            None => Vec::new(),
        },
    }
}

/// The words of an enumeration, in either way of writing one.
fn words(schema: &Value) -> Vec<&str> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().filter_map(Value::as_str).collect();
    }
    if let Some(word) = schema.get("const").and_then(Value::as_str) {
        return vec![word];
    }
    let branches = schema.get("oneOf").and_then(Value::as_array);
    branches.into_iter().flatten().flat_map(words).collect()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Datetime(_) => "datetime",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

fn named(kind: &str) -> &str {
    match kind {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "datetime" => "a date or time",
        "array" => "a list",
        "object" => "a table",
        other => other,
    }
}

fn joined(key: &str, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let name = if plain && !name.is_empty() { name.to_owned() } else { format!("{name:?}") };
    if key.is_empty() { name } else { format!("{key}.{name}") }
}

fn unknown(name: &str, names: &[&str]) -> String {
    let known = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    format!("no such field{}; there is: {known}", near(name, names))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

/// "; did you mean …?", when one of `words` is nearly `word`.
fn near(word: &str, words: &[&str]) -> String {
    let nearest = words.iter().map(|known| (distance(word, known), known)).min();
    match nearest {
        Some((steps, known)) if steps <= 2 && steps < known.len() => {
            format!(" (did you mean {known:?}?)")
        }
        _ => String::new(),
    }
}

/// Levenshtein's distance, in characters.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, have) in from.chars().enumerate() {
        let mut corner = line;
        row[0] = line + 1;
        for (column, want) in to.iter().enumerate() {
            let replaced = corner + usize::from(have != *want);
            corner = row[column + 1];
            row[column + 1] = replaced.min(corner + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

/// Line and column, from 1, of a byte offset.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}
