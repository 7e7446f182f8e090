//! What goes into a warehouse and what comes out of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

/// The engine behind a warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarehouseKind {
    /// PostgreSQL.
    Postgres,
    /// Snowflake.
    Snowflake,
    /// Amazon Redshift.
    Redshift,
    /// Google BigQuery.
    BigQuery,
    /// Databricks SQL.
    Databricks,
    /// ClickHouse.
    ClickHouse,
    /// The embedded SQLite engine.
    Sqlite,
}

impl WarehouseKind {
    /// The wire word, as the tool catalogue spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Snowflake => "snowflake",
            Self::Redshift => "redshift",
            Self::BigQuery => "bigquery",
            Self::Databricks => "databricks",
            Self::ClickHouse => "clickhouse",
            Self::Sqlite => "sqlite",
        }
    }
}

/// What may be said about a warehouse to anyone who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarehouseInfo {
    /// Opaque identifier, at most 128 characters.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// The engine.
    pub kind: WarehouseKind,
    /// SQL dialect to write statements in, for example `sqlite`.
    pub dialect: &'static str,
    /// Database name where the engine has one that may be shown.
    pub database: Option<String>,
    /// What the data is about, written by the operator.
    pub description: Option<String>,
}

/// A value bound to a `:name` in a statement. It is never spliced into the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// SQL `NULL`.
    Null,
    /// A boolean; engines without the type receive 1 or 0.
    Bool(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A finite double.
    Float(f64),
    /// Text; dates and timestamps are bound as RFC 3339 text.
    Text(String),
}

impl Scalar {
    /// Reads a JSON scalar. `None` for arrays and objects, which cannot be bound.
    ///
    /// A number outside the range of `i64` is bound as a double.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => {
                number.as_i64().map(Self::Integer).or_else(|| number.as_f64().map(Self::Float))
            }
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// One statement with its values and its caps.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The text, in the warehouse's dialect, with `:name` where a value goes.
    pub sql: String,
    /// Values by name, without the colon. Names and placeholders must match exactly.
    pub params: BTreeMap<String, Scalar>,
    /// Most rows to return.
    pub max_rows: usize,
    /// Most bytes of rows, measured as the JSON text they become.
    pub max_bytes: usize,
    /// Most characters of one cell; what is longer is cut and noted in the hints.
    pub max_cell_chars: usize,
    /// Time allowed from the call to the last row, waiting for a free connection included.
    pub timeout: Duration,
    /// On whose behalf: one caller gets at most half of the connections and half of the places to wait. `None` is the server itself.
    pub caller: Option<Arc<str>>,
}

impl Statement {
    /// A statement without parameters under the default caps: 200 rows, 40,000 bytes, 4,096 characters a cell, 30 seconds.
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            params: BTreeMap::new(),
            max_rows: 200,
            max_bytes: 40_000,
            max_cell_chars: 4_096,
            timeout: Duration::from_secs(30),
            caller: None,
        }
    }

    /// The same statement with one more value.
    #[must_use]
    pub fn bind(mut self, name: impl Into<String>, value: Scalar) -> Self {
        self.params.insert(name.into(), value);
        self
    }
}

/// A column type in the words that all warehouses share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NormalizedType {
    /// Text.
    String,
    /// A whole number; beyond 2^53 - 1 in magnitude its cell is a string.
    Integer,
    /// A double; what JSON cannot hold (`Infinity`) is a string.
    Float,
    /// An exact decimal, as a string with all its places.
    Decimal,
    /// A JSON boolean.
    Boolean,
    /// `YYYY-MM-DD`.
    Date,
    /// `HH:MM:SS`.
    Time,
    /// RFC 3339 in UTC.
    Timestamp,
    /// JSON text.
    Json,
    /// Standard base64 with padding (RFC 4648 section 4).
    Binary,
    /// An array, as JSON text.
    Array,
    /// Nothing of the above, or a column without any value to tell from.
    Other,
}

impl NormalizedType {
    /// The wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
            Self::Binary => "binary",
            Self::Array => "array",
            Self::Other => "other",
        }
    }
}

/// One column of a result. Names may repeat, which is why rows are arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name that the statement gives it.
    pub name: String,
    /// The warehouse's own type; for an expression of the embedded engine the storage class of its values.
    pub type_name: String,
    /// The shared type.
    pub normalized_type: NormalizedType,
}

/// Why a result ends before its last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruncationReason {
    /// There was at least one row more than `max_rows`.
    RowLimit,
    /// The next row would have gone past `max_bytes`.
    SizeLimit,
}

impl TruncationReason {
    /// The wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RowLimit => "row_limit",
            Self::SizeLimit => "size_limit",
        }
    }
}

/// What one statement returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The columns, in the order of the statement.
    pub columns: Vec<Column>,
    /// The rows; a cell is `null`, a boolean, a number or a string.
    pub rows: Vec<Vec<Value>>,
    /// Why rows are missing at the end, if they are.
    pub truncated: Option<TruncationReason>,
    /// Time from the call to the last row.
    pub elapsed: Duration,
    /// Names this execution in logs: 16 hex digits of a hash over the text, a counter and the warehouse's start time. Not secret, not guessable from the text alone.
    pub statement_id: String,
    /// Sentences about the result: cells that were cut, or what may explain an empty result.
    pub hints: Vec<String>,
}

impl Outcome {
    /// How many rows were returned.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }
}
