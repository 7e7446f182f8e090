//! Reads the catalogue of a file when it is opened.

use rusqlite::Connection;

use super::{EmbeddedConfig, cell::Declared, session::read_only};
use crate::warehouse::{
    Catalogue, ColumnDescription, NormalizedType, Table, TableDescription, TableKind,
    catalogue::Fold,
};

/// The only schema of a file.
const SCHEMA: &str = "main";

pub(super) fn catalogue(config: &EmbeddedConfig) -> rusqlite::Result<Catalogue> {
    let connection = read_only(&config.path)?;
    let mut listed = connection.prepare(
        // Virtual tables and their shadows run code of an extension on reading, so they are not catalogued.
        "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let names: Vec<(String, String)> =
        listed.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut tables = Vec::new();
    for (name, kind) in names {
        if config.expose.as_ref().is_some_and(|exposed| !exposed.contains(&name)) {
            continue;
        }
        let kind = if kind == "view" { TableKind::View } else { TableKind::Table };
        // A view over something that is gone cannot be described, nor read.
        let Ok(mut columns) = columns(&connection, &name) else { continue };
        if columns.is_empty() {
            continue;
        }
        let comment = config.comments.get(&name);
        for column in &mut columns {
            column.comment = comment.and_then(|comment| comment.columns.get(&column.name).cloned());
        }
        let table = Table {
            schema: SCHEMA.to_owned(),
            qualified_name: format!("{SCHEMA}.{}", quoted(&name)),
            kind,
            comment: comment.map(|comment| comment.table.clone()),
            approximate_rows: if kind == TableKind::Table {
                approximate_rows(&connection, &name)
            } else {
                None
            },
            name,
        };
        tables.push(TableDescription { table, columns });
    }
    Ok(Catalogue::new(tables, Some(SCHEMA.to_owned()), Fold::Insensitive))
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<ColumnDescription>> {
    // Hidden 1 is a hidden column of a virtual table; 2 and 3 are generated columns.
    let mut statement = connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
    let columns = statement.query_map([table], |row| {
        let type_name: String = row.get(1)?;
        let required: bool = row.get(2)?;
        let key: i64 = row.get(3)?;
        let normalized_type = if type_name.is_empty() {
            NormalizedType::Other
        } else {
            Declared::parse(&type_name).normalized
        };
        // An INTEGER PRIMARY KEY is the row number itself and never null.
        let row_number = key > 0 && type_name.eq_ignore_ascii_case("INTEGER");
        let nullable = !required && !row_number;
        Ok(ColumnDescription {
            name: row.get(0)?,
            type_name,
            normalized_type,
            nullable: Some(nullable),
            comment: None,
        })
    })?;
    columns.collect()
}

/// The highest row number: exact for a table that was only ever appended to, and found without reading it.
fn approximate_rows(connection: &Connection, table: &str) -> Option<u64> {
    let sql = format!("SELECT MAX(rowid) FROM \"{}\"", table.replace('"', "\"\""));
    let highest: Option<i64> = connection.query_row(&sql, [], |row| row.get(0)).ok()?;
    Some(highest.unwrap_or(0).max(0).unsigned_abs())
}

/// Quotes a name that is more than a lower-case word, since a word may be a keyword in capitals only by accident.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && !is_keyword(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

fn is_keyword(name: &str) -> bool {
    sqlparser::keywords::ALL_KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(name))
}
