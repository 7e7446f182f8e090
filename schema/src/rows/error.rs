//! Why rows could not be read.

use std::fmt;

use serde::de::{Expected, Unexpected};
use serde_json::Value;

use crate::excerpt::excerpt;
use crate::inert::Inert;
use crate::{NormalizedType, ResultColumn};

/// How many columns a sentence names.
const MOST_NAMES: usize = 20;

/// Why a row is not what was wanted: where, what was found there, and what was wanted.
///
/// ```
/// # use lookout_schema::QueryWarehouseResult;
/// # let result: QueryWarehouseResult = serde_json::from_value(serde_json::json!({
/// #     "warehouse_id": "shop", "row_count": 1, "truncated": false, "truncation_reason": null,
/// #     "statement_id": "s-1", "elapsed_ms": 3, "bytes_scanned": null, "hints": [],
/// #     "columns": [{ "name": "n", "type": "INTEGER", "normalized_type": "integer" }],
/// #     "rows": [[300]],
/// # })).unwrap();
/// let error = result.rows::<u8>().unwrap_err(); // the only row is [300]
/// assert_eq!((error.row(), error.column()), (Some(0), Some("n")));
/// assert_eq!((error.found(), error.wanted()), (Some("300"), Some("u8")));
/// assert_eq!(error.to_string(), "rows[0][0] (column `n`, integer): found 300, wanted u8");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RowError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    row: Option<usize>,
    column: Option<Column>,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    position: usize,
    name: String,
    kind: NormalizedType,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Mismatch { found: String, wanted: String },
    MissingColumn { name: String, columns: Vec<String> },
    Other(String),
}

impl RowError {
    fn new(problem: Problem) -> Self {
        Self(Box::new(Inner { row: None, column: None, problem }))
    }

    pub(crate) fn mismatch(found: impl Into<String>, wanted: impl fmt::Display) -> Self {
        Self::new(Problem::Mismatch { found: found.into(), wanted: wanted.to_string() })
    }

    /// A row that has not one value for each column.
    pub(crate) fn width(values: usize, columns: usize) -> Self {
        Self::mismatch(
            format!("{values} values"),
            format_args!("one for each of the {columns} columns"),
        )
    }

    pub(crate) fn other(what: impl Into<String>) -> Self {
        Self::new(Problem::Other(what.into()))
    }

    pub(crate) fn in_row(mut self, row: usize, columns: &[ResultColumn]) -> Self {
        self.0.row.get_or_insert(row);
        if let Problem::MissingColumn { columns: names, .. } = &mut self.0.problem {
            names.extend(columns.iter().map(|column| column.name.clone()));
        }
        self
    }

    pub(crate) fn in_column(mut self, position: usize, column: &ResultColumn) -> Self {
        // A column that is missing inside a value is a member of that value.
        if let Problem::MissingColumn { name, .. } = &self.0.problem {
            self.0.problem = Problem::Other(format!("the value has no member `{}`", excerpt(name)));
        }
        self.0.column.get_or_insert_with(|| Column {
            position,
            name: column.name.clone(),
            kind: column.normalized_type.clone(),
        });
        self
    }

    /// The row, counted from 0.
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        self.0.row
    }

    /// The name of the column; none when the whole row is at fault.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::MissingColumn { name, .. } => Some(name),
            _ => self.0.column.as_ref().map(|column| column.name.as_str()),
        }
    }

    /// What stands there, shortened.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::Mismatch { found, .. } => Some(found),
            _ => None,
        }
    }

    /// What the type takes.
    #[must_use]
    pub fn wanted(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::Mismatch { wanted, .. } => Some(wanted),
            _ => None,
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { row, column, problem } = &*self.0;
        let name = |column: &Column| {
            format!("column `{}`, {}", excerpt(&column.name), excerpt(&column.kind.to_string()))
        };
        match (row, column) {
            (Some(row), Some(column)) => {
                write!(f, "rows[{row}][{}] ({}): ", column.position, name(column))?;
            }
            (Some(row), None) => write!(f, "rows[{row}]: ")?,
            (None, Some(column)) => write!(f, "{}: ", name(column))?,
            (None, None) => {}
        }
        match problem {
            Problem::Mismatch { found, wanted } => write!(f, "found {found}, wanted {wanted}"),
            Problem::MissingColumn { name, columns } => {
                let named: Vec<_> = columns.iter().take(MOST_NAMES).map(|n| excerpt(n)).collect();
                write!(f, "there is no column `{}`; the columns are ", excerpt(name))?;
                write!(f, "`{}`", named.join("`, `"))?;
                match columns.len().saturating_sub(MOST_NAMES) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Problem::Other(what) => Inert(what).fmt(f),
        }
    }
}

impl fmt::Debug for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowError").field(&self.to_string()).finish()
    }
}

impl std::error::Error for RowError {}

impl serde::de::Error for RowError {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self::other(what.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::mismatch(unexpected(found), wanted)
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::mismatch(unexpected(found), wanted)
    }

    fn unknown_variant(found: &str, wanted: &'static [&'static str]) -> Self {
        let found = format!("text `{}`", excerpt(found));
        Self::mismatch(found, format_args!("one of `{}`", wanted.join("`, `")))
    }

    fn unknown_field(found: &str, wanted: &'static [&'static str]) -> Self {
        let found = format!("the name `{}`", excerpt(found));
        Self::mismatch(found, format_args!("one of `{}`", wanted.join("`, `")))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(Problem::MissingColumn { name: name.to_owned(), columns: Vec::new() })
    }
}

/// A value, shortened.
pub(crate) fn described(found: &Value) -> String {
    match found {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("text `{}`", excerpt(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        scalar => scalar.to_string(),
    }
}

fn unexpected(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        Unexpected::Str(text) => format!("text `{}`", excerpt(text)),
        Unexpected::Unit => "null".to_owned(),
        other => other.to_string(),
    }
}
