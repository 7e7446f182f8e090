//! Rows in every format.

use lookout_sdk::schema::{NormalizedType, QueryWarehouseResult};
use serde_json::{Map, Value};

use crate::inert;
use crate::table::{Cell, Table};

/// Aligned columns, numbers to the right.
pub(crate) fn table(result: &QueryWarehouseResult) -> Table {
    let columns = result.columns.iter();
    let mut table =
        Table::new(columns.map(|column| (column.name.clone(), is_number(&column.normalized_type))));
    for row in &result.rows {
        table.row(row.iter().map(|value| match value {
            Value::Null => Cell::Null,
            value => Cell::Text(shown(value)),
        }));
    }
    table
}

/// RFC 4180, with line feeds; nothing stands for NULL and two quotes for empty text.
pub(crate) fn csv(result: &QueryWarehouseResult) -> String {
    let field = |text: &str| {
        let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
        if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
    };
    let header = result.columns.iter().map(|column| field(&column.name)).collect::<Vec<_>>();
    let mut text = format!("{}\n", header.join(","));
    for row in &result.rows {
        let fields = row.iter().map(|value| match value {
            Value::Null => String::new(),
            value => field(&shown(value)),
        });
        text += &format!("{}\n", fields.collect::<Vec<_>>().join(","));
    }
    text
}

/// One object a line; a name that appears again gets a number.
pub(crate) fn ndjson(result: &QueryWarehouseResult) -> String {
    let mut names: Vec<String> = Vec::new();
    for column in &result.columns {
        let mut name = column.name.clone();
        let mut count = 1;
        while names.contains(&name) {
            count += 1;
            name = format!("{}_{count}", column.name);
        }
        names.push(name);
    }
    let line = |row: &Vec<Value>| {
        let object: Map<_, _> = names.iter().cloned().zip(row.iter().cloned()).collect();
        format!("{}\n", Value::from(object))
    };
    result.rows.iter().map(line).collect()
}

pub(crate) fn markdown(result: &QueryWarehouseResult) -> String {
    let cell = |text: &str| inert::line(text).replace('\\', "\\\\").replace('|', "\\|");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let columns = || result.columns.iter();
    let rule = columns()
        .map(|column| if is_number(&column.normalized_type) { "---:" } else { "---" }.to_owned());
    let mut text = line(columns().map(|column| cell(&column.name)).collect());
    text += &line(rule.collect());
    for row in &result.rows {
        text += &line(row.iter().map(|value| cell(&shown(value))).collect());
    }
    text
}

fn is_number(kind: &NormalizedType) -> bool {
    matches!(kind, NormalizedType::Integer | NormalizedType::Float | NormalizedType::Decimal)
}

/// A value as text; text stands for itself.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
