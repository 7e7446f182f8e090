//! Runs one statement on one connection under its caps.

use std::{collections::BTreeSet, io};

use rusqlite::{Statement as Prepared, types::ValueRef};
use serde::Serialize;
use serde_json::Value;

use super::{
    cell::{self, Declared},
    refusal,
    session::Session,
};
use crate::warehouse::{
    Checked, Column, Guard, NormalizedType, Outcome, Scalar, Statement, TruncationReason,
    WarehouseError,
};

/// Judges a statement and compiles it.
pub(super) fn check(
    session: &Session,
    guard: &Guard,
    sql: &str,
) -> Result<Checked, WarehouseError> {
    let checked = guard.check(sql)?;
    session.define(checked.defined.clone());
    compile(session, sql)?;
    Ok(checked)
}

/// Judges a statement and runs it.
pub(super) fn query(
    session: &Session,
    guard: &Guard,
    statement: &Statement,
) -> Result<Outcome, WarehouseError> {
    let checked = guard.check(&statement.sql)?;
    let given: BTreeSet<_> = statement.params.keys().cloned().collect();
    if let Some(name) = checked.parameters.difference(&given).next() {
        return Err(WarehouseError::MissingParameter { name: name.clone() });
    }
    if let Some(name) = given.difference(&checked.parameters).next() {
        return Err(WarehouseError::UnknownParameter { name: name.chars().take(64).collect() });
    }
    session.define(checked.defined);
    run(session, statement)
}

fn compile<'a>(session: &'a Session, sql: &str) -> Result<Prepared<'a>, WarehouseError> {
    let prepared =
        session.connection.prepare(sql).map_err(|error| refusal::of(session, sql, &error))?;
    // What returns no columns is no query, and what would write must not get further by any path.
    if prepared.readonly() && prepared.column_count() > 0 {
        Ok(prepared)
    } else {
        Err(WarehouseError::ReadOnlyViolation { what: "A statement that is no query".to_owned() })
    }
}

/// Runs a statement with the engine's own protection alone.
pub(super) fn run(session: &Session, statement: &Statement) -> Result<Outcome, WarehouseError> {
    let failed = |error: rusqlite::Error| refusal::of(session, &statement.sql, &error);
    let mut prepared = compile(session, &statement.sql)?;
    bind(&mut prepared, statement).map_err(failed)?;
    let mut shape = Shape::of(&prepared);
    let mut rows = Vec::new();
    let mut bytes =
        json_length(&shape.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>());
    let mut truncated = None;
    let mut cut = 0_usize;
    let mut cursor = prepared.raw_query();
    while let Some(row) = cursor.next().map_err(failed)? {
        if rows.len() == statement.max_rows {
            truncated = Some(TruncationReason::RowLimit);
            break;
        }
        let mut cells = Vec::with_capacity(shape.columns.len());
        let mut cut_here = 0;
        for index in 0..shape.columns.len() {
            let value = row.get_ref(index).map_err(failed)?;
            shape.saw(index, value);
            let (cell, was_cut) =
                cell::convert(value, shape.declared[index], statement.max_cell_chars);
            cut_here += usize::from(was_cut);
            cells.push(cell);
        }
        bytes += json_length(&cells) + 1;
        if bytes > statement.max_bytes {
            if rows.is_empty() {
                return Err(WarehouseError::ResultTooLarge { max_bytes: statement.max_bytes });
            }
            truncated = Some(TruncationReason::SizeLimit);
            break;
        }
        cut += cut_here;
        rows.push(cells);
    }
    let hints = hints(statement, &rows, truncated, cut);
    Ok(Outcome {
        columns: shape.columns,
        rows,
        truncated,
        elapsed: std::time::Duration::ZERO,
        statement_id: String::new(),
        hints,
    })
}

fn bind(prepared: &mut Prepared<'_>, statement: &Statement) -> rusqlite::Result<()> {
    for (name, value) in &statement.params {
        let Some(index) = prepared.parameter_index(&format!(":{name}"))? else { continue };
        match value {
            Scalar::Null => prepared.raw_bind_parameter(index, rusqlite::types::Null)?,
            Scalar::Bool(value) => prepared.raw_bind_parameter(index, *value)?,
            Scalar::Integer(value) => prepared.raw_bind_parameter(index, *value)?,
            Scalar::Float(value) => prepared.raw_bind_parameter(index, *value)?,
            Scalar::Text(value) => prepared.raw_bind_parameter(index, value.as_str())?,
        }
    }
    Ok(())
}

/// The columns of a result. What is not declared is learnt from the values.
struct Shape {
    columns: Vec<Column>,
    declared: Vec<Option<Declared>>,
}

impl Shape {
    fn of(prepared: &Prepared<'_>) -> Self {
        let mut columns = Vec::new();
        let mut declared = Vec::new();
        for column in prepared.columns() {
            let own = column.decl_type().map(Declared::parse);
            columns.push(Column {
                name: column.name().to_owned(),
                type_name: column.decl_type().unwrap_or("NULL").to_owned(),
                normalized_type: own.map_or(NormalizedType::Other, |own| own.normalized),
            });
            declared.push(own);
        }
        Self { columns, declared }
    }

    fn saw(&mut self, index: usize, value: ValueRef<'_>) {
        let (None, Some((class, normalized))) = (self.declared[index], cell::storage_class(value))
        else {
            return;
        };
        let column = &mut self.columns[index];
        if column.type_name == "NULL" {
            column.type_name = class.to_owned();
            column.normalized_type = normalized;
        } else if column.type_name != class {
            let numbers = matches!(
                (column.type_name.as_str(), class),
                ("INTEGER" | "REAL", "INTEGER" | "REAL")
            );
            column.type_name = if numbers { "REAL" } else { "ANY" }.to_owned();
            column.normalized_type =
                if numbers { NormalizedType::Float } else { NormalizedType::Other };
        }
    }
}

fn hints(
    statement: &Statement,
    rows: &[Vec<Value>],
    truncated: Option<TruncationReason>,
    cut: usize,
) -> Vec<String> {
    let mut hints = Vec::new();
    if rows.is_empty() {
        hints.push("The statement ran and no row matched.".to_owned());
        if statement.params.is_empty() {
            hints.push("Text is compared exactly, case included: read the stored values with SELECT DISTINCT before filtering on them.".to_owned());
        } else {
            hints.push("The values given for the parameters may lie outside the data: compare them with MIN() and MAX() of the column.".to_owned());
        }
    }
    match truncated {
        Some(TruncationReason::RowLimit) => hints.push(format!(
            "There are more rows than the {} shown. Aggregate or filter in SQL; an ORDER BY makes the rows shown the ones that matter.",
            statement.max_rows
        )),
        Some(TruncationReason::SizeLimit) => {
            hints.push(format!("The rows after the {} shown did not fit. Select fewer columns, or aggregate in SQL.", rows.len()));
        }
        None => {}
    }
    if cut > 0 {
        hints.push(format!(
            "{cut} cells were longer than {} characters and were cut. Read the rest with substr().",
            statement.max_cell_chars
        ));
    }
    hints
}

/// Length of a value as JSON, without writing it anywhere.
fn json_length(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value)
        .expect("cells and names are always JSON, and counting cannot fail");
    count.0
}
