//! Rows of a result as a table for people: the exact values, with digits in groups.

use lookout_schema::{NormalizedType, ResultColumn, RunDashboardPanelResult, TruncationReason};
use serde_json::Value;

use crate::web::chart::words;

/// Most rows that a panel reads and its table shows.
pub(super) const MOST_ROWS: i64 = 500;

/// Longest text of a cell, in characters.
const LONGEST: usize = 2000;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// What is missing, in a sentence.
    pub(super) cut: Option<String>,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) is_number: bool,
}

/// A cell of a table.
#[derive(Debug)]
pub(super) enum Cell {
    Nothing,
    Number(String),
    /// A moment in words, and as it is.
    Moment(String, String),
    Text(String),
    /// Text that needs room.
    Long(String),
}

impl Table {
    pub(super) fn of(result: &RunDashboardPanelResult) -> Self {
        let column = |column: &ResultColumn| Column {
            name: words::plain(&column.name),
            is_number: is_number(column),
        };
        let rows = result.rows.iter().map(|row| {
            result.columns.iter().zip(row).map(|(column, value)| cell(column, value)).collect()
        });
        let cut = result.truncation_reason.as_ref().map(|reason| {
            let why = match reason {
                TruncationReason::RowLimit => "A panel shows no more of them",
                _ => "More do not fit into a panel",
            };
            format!("Only the first {} rows. {why}: a shorter time range may.", result.rows.len())
        });
        let mut rows: Vec<Vec<Cell>> = rows.collect();
        for column in 0..result.columns.len() {
            align(&mut rows, column);
        }
        Self { columns: result.columns.iter().map(column).collect(), rows, cut }
    }
}

/// Gives the numbers of a column the same number of places, which changes none of them.
fn align(rows: &mut [Vec<Cell>], column: usize) {
    let places = |cell: &Cell| match cell {
        Cell::Number(text) => text.split_once('.').map_or(0, |(_, fraction)| fraction.len()),
        _ => 0,
    };
    let most = rows.iter().filter_map(|row| row.get(column)).map(places).max().unwrap_or(0);
    if most == 0 || most > 4 {
        return;
    }
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
        let missing = most - places(cell);
        if let Cell::Number(text) = cell
            && missing > 0
            && text.bytes().all(|byte| !byte.is_ascii_alphabetic())
        {
            if missing == most {
                text.push('.');
            }
            text.push_str(&"0".repeat(missing));
        }
    }
}

fn is_number(column: &ResultColumn) -> bool {
    matches!(
        column.normalized_type,
        NormalizedType::Integer | NormalizedType::Float | NormalizedType::Decimal
    )
}

fn cell(column: &ResultColumn, value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Nothing,
        Value::Number(_) | Value::String(_) if is_number(column) => {
            let digits = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // Years and the numbers of things are names; grouping would be odd.
            let name = column.name.to_lowercase();
            let is_name = name == "id" || name.ends_with("_id") || name.contains("year");
            Cell::Number(if is_name { digits } else { words::grouped(&digits) })
        }
        Value::String(text) => {
            let instant = (column.normalized_type == NormalizedType::Timestamp)
                .then(|| text.parse::<jiff::Timestamp>().ok())
                .flatten();
            match instant {
                Some(instant) => {
                    Cell::Moment(instant.strftime("%Y-%m-%d %H:%M UTC").to_string(), text.clone())
                }
                None => {
                    let text = crate::mcp::cut(text, LONGEST).into_owned();
                    if text.chars().count() > 60 { Cell::Long(text) } else { Cell::Text(text) }
                }
            }
        }
        other => Cell::Text(other.to_string()),
    }
}
