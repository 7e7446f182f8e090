//! What a warehouse refuses, in words for the person or model that asked.

/// Where in a statement something is wrong, counted from 1 in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column within the line.
    pub column: u64,
}

/// Why a call to a warehouse failed.
///
/// Every message says what happened and ends with what to do next. None holds a path, a host, a credential or a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WarehouseError {
    /// The statement is more than a query.
    #[error(
        "{what} is not allowed: this warehouse is read-only. Write one SELECT, WITH … SELECT or VALUES statement."
    )]
    ReadOnlyViolation {
        /// The construct that was refused.
        what: String,
    },
    /// The text holds more than one statement.
    #[error(
        "The text holds {count} statements. Send one statement a call, without text after its semicolon."
    )]
    MultipleStatements {
        /// How many were found.
        count: usize,
    },
    /// The text is not valid in the warehouse's dialect, or names a column that does not exist.
    #[error("The statement is not valid: {message}{}. Correct it and send it again; describe_table shows the columns of a table.", at(*position))]
    SqlSyntax {
        /// What the parser or the engine said.
        message: String,
        /// Where, when it is known.
        position: Option<Position>,
    },
    /// No table of that name may be read.
    #[error(
        "There is no table {name:?}.{} Use list_tables to see every table.",
        nearest_sentence(nearest)
    )]
    TableNotFound {
        /// The name as written.
        name: String,
        /// At most five names that are close, ready to paste.
        nearest: Vec<String>,
    },
    /// The name stands for more than one table.
    #[error("The name {name:?} stands for several tables: {}. Use one of these names.", candidates.join(", "))]
    AmbiguousTable {
        /// The name as written.
        name: String,
        /// Every table it could be, ready to paste.
        candidates: Vec<String>,
    },
    /// No schema of that name may be read.
    #[error("There is no schema {name:?}. The schemas are: {}.", schemas.join(", "))]
    SchemaNotFound {
        /// The name as written.
        name: String,
        /// Every schema.
        schemas: Vec<String>,
    },
    /// The time allowed ran out.
    #[error(
        "The statement did not finish within {seconds} seconds. Filter on a time column, aggregate, or allow more time with timeout_seconds."
    )]
    QueryTimeout {
        /// The time that was allowed.
        seconds: u64,
    },
    /// Every connection is busy and the queue is full, or the time allowed passed while waiting.
    #[error(
        "The warehouse is busy with other statements. Wait a few seconds and send the same statement again."
    )]
    TooManyConcurrentQueries,
    /// The engine's own protection refused something that the guard let pass.
    #[error("The warehouse refused {what}. Read only tables that list_tables shows.")]
    PermissionDeniedByWarehouse {
        /// What was refused.
        what: String,
    },
    /// The warehouse cannot be used now.
    #[error(
        "The warehouse cannot be reached. Try again in a minute; if it stays so, ask an administrator of the workspace to test the connection."
    )]
    WarehouseUnavailable,
    /// A value was given for a name that the statement does not use.
    #[error(
        "The statement has no parameter :{name}. Remove the value, or write :{name} where it belongs."
    )]
    UnknownParameter {
        /// The name without its colon.
        name: String,
    },
    /// The statement uses a name that has no value.
    #[error("The statement uses :{name} but no value was given. Add {name:?} to params.")]
    MissingParameter {
        /// The name without its colon.
        name: String,
    },
    /// The function is not on the dialect's list.
    #[error("The function {name} is not allowed here. Use one of the read-only functions of the {dialect} dialect: {}.", allowed.join(", "))]
    FunctionNotAllowed {
        /// The function as written.
        name: String,
        /// The dialect.
        dialect: &'static str,
        /// Every function that is allowed.
        allowed: &'static [&'static str],
    },
    /// One row alone is larger than the size cap.
    #[error(
        "One row of the result is larger than the limit of {max_bytes} bytes. Select fewer columns, or shorten long ones with substr()."
    )]
    ResultTooLarge {
        /// The cap.
        max_bytes: usize,
    },
}

impl WarehouseError {
    /// The stable code that tools report.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ReadOnlyViolation { .. } => "read_only_violation",
            Self::MultipleStatements { .. } => "multiple_statements",
            Self::SqlSyntax { .. } => "sql_syntax",
            Self::TableNotFound { .. } => "table_not_found",
            Self::AmbiguousTable { .. } => "ambiguous_table",
            Self::SchemaNotFound { .. } => "schema_not_found",
            Self::QueryTimeout { .. } => "query_timeout",
            Self::TooManyConcurrentQueries => "too_many_concurrent_queries",
            Self::PermissionDeniedByWarehouse { .. } => "permission_denied_by_warehouse",
            Self::WarehouseUnavailable => "warehouse_unavailable",
            Self::UnknownParameter { .. } => "unknown_parameter",
            Self::MissingParameter { .. } => "missing_parameter",
            Self::FunctionNotAllowed { .. } => "function_not_allowed",
            Self::ResultTooLarge { .. } => "result_too_large",
        }
    }

    /// Whether the same call may succeed later without being changed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::QueryTimeout { .. } | Self::TooManyConcurrentQueries | Self::WarehouseUnavailable
        )
    }
}

fn at(position: Option<Position>) -> String {
    position
        .map(|Position { line, column }| format!(" at line {line}, column {column}"))
        .unwrap_or_default()
}

fn nearest_sentence(nearest: &[String]) -> String {
    if nearest.is_empty() {
        String::new()
    } else {
        format!(" Names that are close: {}.", nearest.join(", "))
    }
}
