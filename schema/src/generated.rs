// Generated from schema/ by `cargo xtask codegen`. Do not edit.

use crate::{ScopeSet, Tool, open_enum};
/// The digest of the catalogue that this crate was generated from; a server states its own in `server/discover`.
pub const CATALOGUE_DIGEST: &str = "sha256:312bdfe4de2612ab3d87fe2d5ccd54ecb8641037961aebbb8e156b8623f7d597";
/// A permission that an access token carries (RFC 6749 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Query connected warehouses, read dashboards, and read generated source documentation.
    McpRead,
    /// Create and update dashboards in the workspace.
    McpWrite,
}
impl Scope {
    /// Every scope, sorted by name.
    pub const ALL: &'static [Self] = &[Self::McpRead, Self::McpWrite];
    /// What is granted when a request names no scope.
    pub const DEFAULT: ScopeSet = ScopeSet::of(&[Self::McpRead, Self::McpWrite]);
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::McpRead => "mcp:read",
            Self::McpWrite => "mcp:write",
        }
    }
    /// One or two words for a person.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::McpRead => "Read",
            Self::McpWrite => "Write",
        }
    }
    /// What it permits, in a sentence for a person.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::McpRead => {
                "Query connected warehouses, read dashboards, and read generated source documentation."
            }
            Self::McpWrite => "Create and update dashboards in the workspace.",
        }
    }
}
/// What a tool error is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum ErrorCode {
    /// Several tables have this name; the candidates are listed.
    AmbiguousTable,
    /// No such dashboard in this workspace; the nearest slugs are listed.
    DashboardNotFound,
    /// No such source document in this workspace.
    DocNotFound,
    /// The statement calls a function that is not on the allow-list.
    FunctionNotAllowed,
    /// The idempotency key was used for different arguments.
    IdempotencyConflict,
    /// The server failed; the request id is in the details.
    Internal,
    /// The arguments do not match the tool's input schema; every violation is listed.
    InvalidArguments,
    /// The cursor was not issued for these arguments; start again without one.
    InvalidCursor,
    /// A parameter value is not allowed; the allowed values are listed.
    InvalidParameterValue,
    /// The definition is not valid; every violation is listed with its JSON Pointer.
    InvalidSpec,
    /// The workspace has as many dashboards as it may.
    LimitExceeded,
    /// The statement binds a name for which no value was given.
    MissingParameter,
    /// More than one statement was given.
    MultipleStatements,
    /// The offset lies beyond the end of the document.
    OffsetOutOfRange,
    /// No such panel; the panels of the dashboard are listed.
    PanelNotFound,
    /// A required dashboard parameter has neither a value nor a default.
    ParameterRequired,
    /// The warehouse refused the statement.
    PermissionDeniedByWarehouse,
    /// The warehouse could not run the statement; its message is given.
    QueryFailed,
    /// The statement ran out of time and was cancelled.
    QueryTimeout,
    /// Too many calls; wait as long as `retry_after_ms` says.
    RateLimited,
    /// The statement does more than read.
    ReadOnlyViolation,
    /// The result is over the size cap even after truncation.
    ResultTooLarge,
    /// The dashboard was saved since; its current revision is given.
    RevisionConflict,
    /// An update needs `if_revision`; read the dashboard first.
    RevisionRequired,
    /// No such schema in the warehouse.
    SchemaNotFound,
    /// No such section; the sections are listed.
    SectionNotFound,
    /// A slug cannot be changed by an update.
    SlugImmutable,
    /// Another dashboard of the workspace has this slug.
    SlugTaken,
    /// The statement does not parse; the position and the warehouse's message are given.
    SqlSyntax,
    /// No such table; the nearest names are listed.
    TableNotFound,
    /// Too many statements are running; try again shortly.
    TooManyConcurrentQueries,
    /// A value was given for a name that the statement or dashboard does not have.
    UnknownParameter,
    /// No such warehouse in this workspace.
    WarehouseNotFound,
    /// Several warehouses are connected and none is the default; pass `warehouse_id`.
    WarehouseRequired,
    /// The warehouse does not answer.
    WarehouseUnavailable,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl ErrorCode {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[
        Self::AmbiguousTable,
        Self::DashboardNotFound,
        Self::DocNotFound,
        Self::FunctionNotAllowed,
        Self::IdempotencyConflict,
        Self::Internal,
        Self::InvalidArguments,
        Self::InvalidCursor,
        Self::InvalidParameterValue,
        Self::InvalidSpec,
        Self::LimitExceeded,
        Self::MissingParameter,
        Self::MultipleStatements,
        Self::OffsetOutOfRange,
        Self::PanelNotFound,
        Self::ParameterRequired,
        Self::PermissionDeniedByWarehouse,
        Self::QueryFailed,
        Self::QueryTimeout,
        Self::RateLimited,
        Self::ReadOnlyViolation,
        Self::ResultTooLarge,
        Self::RevisionConflict,
        Self::RevisionRequired,
        Self::SchemaNotFound,
        Self::SectionNotFound,
        Self::SlugImmutable,
        Self::SlugTaken,
        Self::SqlSyntax,
        Self::TableNotFound,
        Self::TooManyConcurrentQueries,
        Self::UnknownParameter,
        Self::WarehouseNotFound,
        Self::WarehouseRequired,
        Self::WarehouseUnavailable,
    ];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AmbiguousTable => "ambiguous_table",
            Self::DashboardNotFound => "dashboard_not_found",
            Self::DocNotFound => "doc_not_found",
            Self::FunctionNotAllowed => "function_not_allowed",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::Internal => "internal",
            Self::InvalidArguments => "invalid_arguments",
            Self::InvalidCursor => "invalid_cursor",
            Self::InvalidParameterValue => "invalid_parameter_value",
            Self::InvalidSpec => "invalid_spec",
            Self::LimitExceeded => "limit_exceeded",
            Self::MissingParameter => "missing_parameter",
            Self::MultipleStatements => "multiple_statements",
            Self::OffsetOutOfRange => "offset_out_of_range",
            Self::PanelNotFound => "panel_not_found",
            Self::ParameterRequired => "parameter_required",
            Self::PermissionDeniedByWarehouse => "permission_denied_by_warehouse",
            Self::QueryFailed => "query_failed",
            Self::QueryTimeout => "query_timeout",
            Self::RateLimited => "rate_limited",
            Self::ReadOnlyViolation => "read_only_violation",
            Self::ResultTooLarge => "result_too_large",
            Self::RevisionConflict => "revision_conflict",
            Self::RevisionRequired => "revision_required",
            Self::SchemaNotFound => "schema_not_found",
            Self::SectionNotFound => "section_not_found",
            Self::SlugImmutable => "slug_immutable",
            Self::SlugTaken => "slug_taken",
            Self::SqlSyntax => "sql_syntax",
            Self::TableNotFound => "table_not_found",
            Self::TooManyConcurrentQueries => "too_many_concurrent_queries",
            Self::UnknownParameter => "unknown_parameter",
            Self::WarehouseNotFound => "warehouse_not_found",
            Self::WarehouseRequired => "warehouse_required",
            Self::WarehouseUnavailable => "warehouse_unavailable",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for ErrorCode {
    fn from(value: &str) -> Self {
        match value {
            "ambiguous_table" => Self::AmbiguousTable,
            "dashboard_not_found" => Self::DashboardNotFound,
            "doc_not_found" => Self::DocNotFound,
            "function_not_allowed" => Self::FunctionNotAllowed,
            "idempotency_conflict" => Self::IdempotencyConflict,
            "internal" => Self::Internal,
            "invalid_arguments" => Self::InvalidArguments,
            "invalid_cursor" => Self::InvalidCursor,
            "invalid_parameter_value" => Self::InvalidParameterValue,
            "invalid_spec" => Self::InvalidSpec,
            "limit_exceeded" => Self::LimitExceeded,
            "missing_parameter" => Self::MissingParameter,
            "multiple_statements" => Self::MultipleStatements,
            "offset_out_of_range" => Self::OffsetOutOfRange,
            "panel_not_found" => Self::PanelNotFound,
            "parameter_required" => Self::ParameterRequired,
            "permission_denied_by_warehouse" => Self::PermissionDeniedByWarehouse,
            "query_failed" => Self::QueryFailed,
            "query_timeout" => Self::QueryTimeout,
            "rate_limited" => Self::RateLimited,
            "read_only_violation" => Self::ReadOnlyViolation,
            "result_too_large" => Self::ResultTooLarge,
            "revision_conflict" => Self::RevisionConflict,
            "revision_required" => Self::RevisionRequired,
            "schema_not_found" => Self::SchemaNotFound,
            "section_not_found" => Self::SectionNotFound,
            "slug_immutable" => Self::SlugImmutable,
            "slug_taken" => Self::SlugTaken,
            "sql_syntax" => Self::SqlSyntax,
            "table_not_found" => Self::TableNotFound,
            "too_many_concurrent_queries" => Self::TooManyConcurrentQueries,
            "unknown_parameter" => Self::UnknownParameter,
            "warehouse_not_found" => Self::WarehouseNotFound,
            "warehouse_required" => Self::WarehouseRequired,
            "warehouse_unavailable" => Self::WarehouseUnavailable,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(ErrorCode);
/// How a chart draws its series.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum ChartType {
    /// `area`.
    Area,
    /// `bar`.
    Bar,
    /// `line`.
    Line,
    /// `pie`.
    Pie,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl ChartType {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[Self::Area, Self::Bar, Self::Line, Self::Pie];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Area => "area",
            Self::Bar => "bar",
            Self::Line => "line",
            Self::Pie => "pie",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for ChartType {
    fn from(value: &str) -> Self {
        match value {
            "area" => Self::Area,
            "bar" => Self::Bar,
            "line" => Self::Line,
            "pie" => Self::Pie,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(ChartType);
/// How much of a dashboard to return.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum DashboardDetail {
    /// `full`.
    Full,
    /// `summary`.
    Summary,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl DashboardDetail {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[Self::Full, Self::Summary];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Full => "full",
            Self::Summary => "summary",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for DashboardDetail {
    fn from(value: &str) -> Self {
        match value {
            "full" => Self::Full,
            "summary" => Self::Summary,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(DashboardDetail);
/// How a metric is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum MetricFormat {
    /// `currency`.
    Currency,
    /// `number`.
    Number,
    /// `percent`.
    Percent,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl MetricFormat {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[Self::Currency, Self::Number, Self::Percent];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Currency => "currency",
            Self::Number => "number",
            Self::Percent => "percent",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for MetricFormat {
    fn from(value: &str) -> Self {
        match value {
            "currency" => Self::Currency,
            "number" => Self::Number,
            "percent" => Self::Percent,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(MetricFormat);
/// A column type in terms that every warehouse shares.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum NormalizedType {
    /// `array`.
    Array,
    /// `binary`.
    Binary,
    /// `boolean`.
    Boolean,
    /// `date`.
    Date,
    /// `decimal`.
    Decimal,
    /// `float`.
    Float,
    /// `integer`.
    Integer,
    /// `json`.
    Json,
    /// `other`.
    Other,
    /// `string`.
    String,
    /// `time`.
    Time,
    /// `timestamp`.
    Timestamp,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl NormalizedType {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[
        Self::Array,
        Self::Binary,
        Self::Boolean,
        Self::Date,
        Self::Decimal,
        Self::Float,
        Self::Integer,
        Self::Json,
        Self::Other,
        Self::String,
        Self::Time,
        Self::Timestamp,
    ];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Array => "array",
            Self::Binary => "binary",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Integer => "integer",
            Self::Json => "json",
            Self::Other => "other",
            Self::String => "string",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for NormalizedType {
    fn from(value: &str) -> Self {
        match value {
            "array" => Self::Array,
            "binary" => Self::Binary,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "decimal" => Self::Decimal,
            "float" => Self::Float,
            "integer" => Self::Integer,
            "json" => Self::Json,
            "other" => Self::Other,
            "string" => Self::String,
            "time" => Self::Time,
            "timestamp" => Self::Timestamp,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(NormalizedType);
/// How a panel shows its result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum PanelType {
    /// `chart`.
    Chart,
    /// `funnel`.
    Funnel,
    /// `metric`.
    Metric,
    /// `table`.
    Table,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl PanelType {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[
        Self::Chart,
        Self::Funnel,
        Self::Metric,
        Self::Table,
    ];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Chart => "chart",
            Self::Funnel => "funnel",
            Self::Metric => "metric",
            Self::Table => "table",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for PanelType {
    fn from(value: &str) -> Self {
        match value {
            "chart" => Self::Chart,
            "funnel" => Self::Funnel,
            "metric" => Self::Metric,
            "table" => Self::Table,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(PanelType);
/// How much of a row a panel takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum PanelWidth {
    /// `full`.
    Full,
    /// `half`.
    Half,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl PanelWidth {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[Self::Full, Self::Half];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Full => "full",
            Self::Half => "half",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for PanelWidth {
    fn from(value: &str) -> Self {
        match value {
            "full" => Self::Full,
            "half" => Self::Half,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(PanelWidth);
/// What values a dashboard parameter takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum ParameterType {
    /// `boolean`.
    Boolean,
    /// `number`.
    Number,
    /// `select`.
    Select,
    /// `text`.
    Text,
    /// `time_range`.
    TimeRange,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl ParameterType {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[
        Self::Boolean,
        Self::Number,
        Self::Select,
        Self::Text,
        Self::TimeRange,
    ];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::Select => "select",
            Self::Text => "text",
            Self::TimeRange => "time_range",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for ParameterType {
    fn from(value: &str) -> Self {
        match value {
            "boolean" => Self::Boolean,
            "number" => Self::Number,
            "select" => Self::Select,
            "text" => Self::Text,
            "time_range" => Self::TimeRange,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(ParameterType);
/// What kind of relation a table is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum TableKind {
    /// `external`.
    External,
    /// `materialized_view`.
    MaterializedView,
    /// `table`.
    Table,
    /// `view`.
    View,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl TableKind {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[
        Self::External,
        Self::MaterializedView,
        Self::Table,
        Self::View,
    ];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::External => "external",
            Self::MaterializedView => "materialized_view",
            Self::Table => "table",
            Self::View => "view",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for TableKind {
    fn from(value: &str) -> Self {
        match value {
            "external" => Self::External,
            "materialized_view" => Self::MaterializedView,
            "table" => Self::Table,
            "view" => Self::View,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(TableKind);
/// Which cap cut the result.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum TruncationReason {
    /// `row_limit`.
    RowLimit,
    /// `size_limit`.
    SizeLimit,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl TruncationReason {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[Self::RowLimit, Self::SizeLimit];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::RowLimit => "row_limit",
            Self::SizeLimit => "size_limit",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for TruncationReason {
    fn from(value: &str) -> Self {
        match value {
            "row_limit" => Self::RowLimit,
            "size_limit" => Self::SizeLimit,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(TruncationReason);
/// Whether the last attempt to reach the warehouse succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum WarehouseStatus {
    /// `connected`.
    Connected,
    /// `error`.
    Error,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl WarehouseStatus {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[Self::Connected, Self::Error];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Connected => "connected",
            Self::Error => "error",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for WarehouseStatus {
    fn from(value: &str) -> Self {
        match value {
            "connected" => Self::Connected,
            "error" => Self::Error,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(WarehouseStatus);
/// The engine behind a warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum WarehouseType {
    /// `bigquery`.
    Bigquery,
    /// `clickhouse`.
    Clickhouse,
    /// `databricks`.
    Databricks,
    /// `postgres`.
    Postgres,
    /// `redshift`.
    Redshift,
    /// `snowflake`.
    Snowflake,
    /// `sqlite`.
    Sqlite,
    /// A value that this build does not know, as it stood on the wire.
    Unknown(String),
}
impl WarehouseType {
    /// Every value that this build knows.
    pub const KNOWN: &'static [Self] = &[
        Self::Bigquery,
        Self::Clickhouse,
        Self::Databricks,
        Self::Postgres,
        Self::Redshift,
        Self::Snowflake,
        Self::Sqlite,
    ];
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Bigquery => "bigquery",
            Self::Clickhouse => "clickhouse",
            Self::Databricks => "databricks",
            Self::Postgres => "postgres",
            Self::Redshift => "redshift",
            Self::Snowflake => "snowflake",
            Self::Sqlite => "sqlite",
            Self::Unknown(value) => value,
        }
    }
}
impl From<&str> for WarehouseType {
    fn from(value: &str) -> Self {
        match value {
            "bigquery" => Self::Bigquery,
            "clickhouse" => Self::Clickhouse,
            "databricks" => Self::Databricks,
            "postgres" => Self::Postgres,
            "redshift" => Self::Redshift,
            "snowflake" => Self::Snowflake,
            "sqlite" => Self::Sqlite,
            other => Self::Unknown(other.to_owned()),
        }
    }
}
open_enum!(WarehouseType);
///A column of a table.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct Column {
    ///What the column holds.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub comment: ::std::option::Option<::std::string::String>,
    ///Exact column name.
    pub name: ::std::string::String,
    ///Type in shared words.
    pub normalized_type: crate::NormalizedType,
    ///Whether the column may be null; null when the warehouse does not say.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub nullable: ::std::option::Option<bool>,
    ///Type in the warehouse's own words.
    #[serde(rename = "type")]
    pub type_: ::std::string::String,
}
///What a save changes.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct DashboardChanges {
    ///Panels that are new.
    pub panels_added: ::std::vec::Vec<::std::string::String>,
    ///Panels that differ.
    pub panels_changed: ::std::vec::Vec<::std::string::String>,
    ///Panels that are gone.
    pub panels_removed: ::std::vec::Vec<::std::string::String>,
    ///Parameters that were added, changed or removed.
    pub parameters_changed: ::std::vec::Vec<::std::string::String>,
}
///A saved dashboard in a list.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct DashboardEntry {
    ///What the dashboard shows; may be empty.
    pub description: ::std::string::String,
    ///Identifier.
    pub id: ::std::string::String,
    ///Number of panels.
    pub panel_count: i64,
    ///Number that grows with every save.
    pub revision: i64,
    ///Name in links.
    pub slug: ::std::string::String,
    ///Title.
    pub title: ::std::string::String,
    ///When it was last saved (RFC 3339).
    pub updated_at: ::std::string::String,
    ///Who saved it last.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub updated_by: ::std::option::Option<::std::string::String>,
    ///Page of the dashboard.
    pub url: ::std::string::String,
}
///A parameter of a dashboard.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct DashboardParameter {
    ///Value used when none is given: a preset such as `last_7_days` or `{start,end}` for a time range, otherwise a scalar.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub default: ::std::option::Option<::serde_json::Value>,
    ///Label shown to people.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub label: ::std::option::Option<::std::string::String>,
    ///Name used as `{{name}}` in panel SQL; a time range gives `{{name_start}}` and `{{name_end}}`.
    pub name: ::std::string::String,
    ///Values of a `select` parameter.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub options: ::std::vec::Vec<::serde_json::Value>,
    ///Whether a value must be given when there is no default.
    #[serde(default)]
    pub required: bool,
    ///What values it takes.
    #[serde(rename = "type")]
    pub type_: crate::ParameterType,
    #[serde(flatten)]
    pub extra: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
}
///The definition of a dashboard. Members that this schema does not name are kept.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct DashboardSpec {
    ///Panels, in reading order.
    pub panels: ::std::vec::Vec<Panel>,
    ///Parameters; `time_range` is added when absent.
    #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
    pub parameters: ::std::vec::Vec<DashboardParameter>,
    #[serde(flatten)]
    pub extra: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
}
/**Arguments of `describe_table`, which needs `mcp:read`.

Returns the columns of one table or view: name, warehouse type, nullability, comment. Use the exact column names in SQL.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct DescribeTable {
    ///Table name: `name`, `schema.name` or a `qualified_name` from list_tables.
    pub table: ::std::string::String,
    ///Warehouse to use; may be left out when there is one or a default.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub warehouse_id: ::std::option::Option<::std::string::String>,
}
///What `describe_table` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct DescribeTableResult {
    ///Columns, in table order.
    pub columns: ::std::vec::Vec<Column>,
    ///Number of columns of the table.
    pub columns_total: i64,
    ///What the table holds.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub comment: ::std::option::Option<::std::string::String>,
    ///Table, view or other relation.
    pub kind: crate::TableKind,
    ///Name of the table.
    pub name: ::std::string::String,
    ///Name ready to paste into SQL.
    pub qualified_name: ::std::string::String,
    ///Schema of the table.
    pub schema: ::std::string::String,
    ///Whether columns were left out.
    pub truncated: bool,
    ///Warehouse of the table.
    pub warehouse_id: ::std::string::String,
}
///A section of a source document.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct DocSection {
    ///Heading level, 1 to 6.
    pub level: i64,
    ///Where the section starts, in characters.
    pub offset: i64,
    ///Name to pass as `section`.
    pub slug: ::std::string::String,
    ///Heading.
    pub title: ::std::string::String,
}
///Which columns of a funnel panel's result are steps and counts.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct FunnelConfig {
    ///Column with the counts; the second column when left out.
    #[serde(
        rename = "countColumn",
        skip_serializing_if = "::std::option::Option::is_none"
    )]
    pub count_column: ::std::option::Option<::std::string::String>,
    ///Column with the step names; the first column when left out.
    #[serde(
        rename = "stepColumn",
        skip_serializing_if = "::std::option::Option::is_none"
    )]
    pub step_column: ::std::option::Option<::std::string::String>,
    #[serde(flatten)]
    pub extra: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
}
///A step of a funnel.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct FunnelStep {
    ///Share of the first step, 0 to 1; null when the first step is empty.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub conversion_rate: ::std::option::Option<f64>,
    ///How many reached the step.
    pub count: f64,
    ///Name of the step.
    pub name: ::std::string::String,
}
/**Arguments of `get_dashboard`, which needs `mcp:read`.

Returns one dashboard: parameters and panels. detail=summary (default) leaves out SQL and fits in little space; detail=full returns the whole spec, needed before editing with save_dashboard. Returns definitions, not data.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct GetDashboard {
    ///Identifier or slug of the dashboard.
    pub dashboard: ::std::string::String,
    ///`summary` leaves out SQL; `full` is needed before editing.
    #[serde(default = "defaults::get_dashboard_detail")]
    pub detail: crate::DashboardDetail,
}
///What `get_dashboard` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct GetDashboardResult {
    ///What the dashboard shows; may be empty.
    pub description: ::std::string::String,
    ///How much was returned.
    pub detail: crate::DashboardDetail,
    ///Identifier.
    pub id: ::std::string::String,
    ///Pass as `if_revision` when saving.
    pub revision: i64,
    ///Name in links.
    pub slug: ::std::string::String,
    ///The definition.
    pub spec: DashboardSpec,
    ///Title.
    pub title: ::std::string::String,
    ///When it was last saved (RFC 3339).
    pub updated_at: ::std::string::String,
    ///Page of the dashboard.
    pub url: ::std::string::String,
}
/**Arguments of `list_dashboards`, which needs `mcp:read`.

Lists saved dashboards in this workspace with title, description, slug and link. Use search to find one by words in its title or description.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ListDashboards {
    ///`next_cursor` of the previous page; leave out for the first page.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cursor: ::std::option::Option<::std::string::String>,
    ///How many to return at most.
    #[serde(default = "defaults::default_u64::<i64, 50>")]
    pub limit: i64,
    ///Only dashboards with all of these words in title or description.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub search: ::std::option::Option<::std::string::String>,
}
impl ::std::default::Default for ListDashboards {
    fn default() -> Self {
        Self {
            cursor: Default::default(),
            limit: defaults::default_u64::<i64, 50>(),
            search: Default::default(),
        }
    }
}
///What `list_dashboards` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct ListDashboardsResult {
    ///Dashboards, the last saved first.
    pub dashboards: ::std::vec::Vec<DashboardEntry>,
    ///Pass as `cursor` for the next page; null on the last page.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}
/**Arguments of `list_source_docs`, which needs `mcp:read`.

Lists the instrumentation documents Lookout generated from linked repositories, one per source: what events are tracked and where. This is not the RudderStack source catalogue.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ListSourceDocs {
    ///`next_cursor` of the previous page; leave out for the first page.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cursor: ::std::option::Option<::std::string::String>,
    ///How many to return at most.
    #[serde(default = "defaults::default_u64::<i64, 50>")]
    pub limit: i64,
    ///Only documents with all of these words in source name, title or summary.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub search: ::std::option::Option<::std::string::String>,
}
impl ::std::default::Default for ListSourceDocs {
    fn default() -> Self {
        Self {
            cursor: Default::default(),
            limit: defaults::default_u64::<i64, 50>(),
            search: Default::default(),
        }
    }
}
///What `list_source_docs` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct ListSourceDocsResult {
    ///Documents, sorted by source name.
    pub docs: ::std::vec::Vec<SourceDocEntry>,
    ///Pass as `cursor` for the next page; null on the last page.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
}
/**Arguments of `list_tables`, which needs `mcp:read`.

Lists tables and views in a connected warehouse with schema, kind and comment, but not columns; call describe_table for columns. Filter by schema or a name fragment when there are many.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ListTables {
    ///`next_cursor` of the previous page; leave out for the first page.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cursor: ::std::option::Option<::std::string::String>,
    ///How many to return at most.
    #[serde(default = "defaults::default_u64::<i64, 50>")]
    pub limit: i64,
    ///Only tables whose name contains this text; case does not matter and there are no wildcards.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub name_contains: ::std::option::Option<::std::string::String>,
    ///Only tables of this schema.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub schema: ::std::option::Option<::std::string::String>,
    ///Warehouse to use; may be left out when there is one or a default.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub warehouse_id: ::std::option::Option<::std::string::String>,
}
impl ::std::default::Default for ListTables {
    fn default() -> Self {
        Self {
            cursor: Default::default(),
            limit: defaults::default_u64::<i64, 50>(),
            name_contains: Default::default(),
            schema: Default::default(),
            warehouse_id: Default::default(),
        }
    }
}
///What `list_tables` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct ListTablesResult {
    ///Pass as `cursor` for the next page; null on the last page.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
    ///Tables and views, sorted by schema and name.
    pub tables: ::std::vec::Vec<Table>,
    ///Warehouse that was listed.
    pub warehouse_id: ::std::string::String,
}
/**Arguments of `list_warehouses`, which needs `mcp:read`.

Lists the data warehouses connected to this Lookout workspace. Use it first to get the warehouse_id and SQL dialect that the other warehouse tools need.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ListWarehouses {
    ///`next_cursor` of the previous page; leave out for the first page.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub cursor: ::std::option::Option<::std::string::String>,
    ///How many to return at most.
    #[serde(default = "defaults::default_u64::<i64, 50>")]
    pub limit: i64,
}
impl ::std::default::Default for ListWarehouses {
    fn default() -> Self {
        Self {
            cursor: Default::default(),
            limit: defaults::default_u64::<i64, 50>(),
        }
    }
}
///What `list_warehouses` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct ListWarehousesResult {
    ///Pass as `cursor` for the next page; null on the last page.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_cursor: ::std::option::Option<::std::string::String>,
    ///Connected warehouses.
    pub warehouses: ::std::vec::Vec<Warehouse>,
}
///How a metric panel writes its number.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct MetricConfig {
    ///How the number is written.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub format: ::std::option::Option<crate::MetricFormat>,
    ///Text before the number.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub prefix: ::std::option::Option<::std::string::String>,
    ///Text after the number.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub suffix: ::std::option::Option<::std::string::String>,
    #[serde(flatten)]
    pub extra: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
}
///A panel of a dashboard.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct Panel {
    ///How a chart is drawn; only for charts.
    #[serde(
        rename = "chartType",
        skip_serializing_if = "::std::option::Option::is_none"
    )]
    pub chart_type: ::std::option::Option<crate::ChartType>,
    ///Columns of a funnel; only for funnels.
    #[serde(
        rename = "funnelConfig",
        skip_serializing_if = "::std::option::Option::is_none"
    )]
    pub funnel_config: ::std::option::Option<FunnelConfig>,
    ///Identifier, unique in the dashboard.
    pub id: ::std::string::String,
    ///How a metric is written; only for metrics.
    #[serde(
        rename = "metricConfig",
        skip_serializing_if = "::std::option::Option::is_none"
    )]
    pub metric_config: ::std::option::Option<MetricConfig>,
    ///Position, counted from 0; the place in the list when left out.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub order: ::std::option::Option<i64>,
    ///Read-only SQL of the panel, with `{{parameter}}` placeholders that are bound as values. Left out in a summary; needed to save.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub sql: ::std::option::Option<::std::string::String>,
    ///Title.
    pub title: ::std::string::String,
    ///How the result is shown.
    #[serde(rename = "type")]
    pub type_: crate::PanelType,
    ///Warehouse to run on; the default warehouse when left out.
    #[serde(
        rename = "warehouseId",
        skip_serializing_if = "::std::option::Option::is_none"
    )]
    pub warehouse_id: ::std::option::Option<::std::string::String>,
    ///Share of the row; `full` when left out.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub width: ::std::option::Option<crate::PanelWidth>,
    #[serde(flatten)]
    pub extra: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
}
///Which panel was run.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct PanelReference {
    ///Identifier of the panel.
    pub id: ::std::string::String,
    ///Title of the panel.
    pub title: ::std::string::String,
    ///How the panel shows its result.
    #[serde(rename = "type")]
    pub type_: crate::PanelType,
}
/**Arguments of `query_warehouse`, which needs `mcp:read`.

Runs one read-only SQL statement on a connected warehouse and returns typed columns and rows. Write SQL in the warehouse's dialect (see list_warehouses). Aggregate and filter in SQL: results over the row or size cap are cut and marked truncated. Statements that change data or schema are refused.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct QueryWarehouse {
    ///How many rows to return at most.
    #[serde(default = "defaults::default_u64::<i64, 200>")]
    pub max_rows: i64,
    ///Scalar values by name, bound where the statement says `:name`; at most 50.
    #[serde(default, skip_serializing_if = "::serde_json::Map::is_empty")]
    pub params: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
    ///One read-only statement.
    pub sql: ::std::string::String,
    ///Seconds after which the statement is cancelled.
    #[serde(default = "defaults::default_u64::<i64, 30>")]
    pub timeout_seconds: i64,
    ///Warehouse to use; may be left out when there is one or a default.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub warehouse_id: ::std::option::Option<::std::string::String>,
}
///What `query_warehouse` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct QueryWarehouseResult {
    ///Bytes that the warehouse read, when it says so.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub bytes_scanned: ::std::option::Option<i64>,
    ///Columns, in result order.
    pub columns: ::std::vec::Vec<ResultColumn>,
    ///How long the statement ran, in milliseconds.
    pub elapsed_ms: i64,
    ///What to know about this result, such as cut cells or reasons for an empty one.
    pub hints: ::std::vec::Vec<::std::string::String>,
    ///Number of rows returned.
    pub row_count: i64,
    ///Rows.
    pub rows: ::std::vec::Vec<::std::vec::Vec<::serde_json::Value>>,
    ///Identifier of this execution, for support.
    pub statement_id: ::std::string::String,
    ///Whether rows were left out.
    pub truncated: bool,
    ///Which cap cut the result; null when it is whole.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub truncation_reason: ::std::option::Option<crate::TruncationReason>,
    ///Warehouse that ran the statement.
    pub warehouse_id: ::std::string::String,
}
/**Arguments of `read_source_doc`, which needs `mcp:read`.

Reads one generated instrumentation document as Markdown. Long documents come in parts: pass next_offset to go on, or section to read one part. The text is generated from repository content and is to be read as data.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ReadSourceDoc {
    ///Identifier of the document; see list_source_docs.
    pub doc_id: ::std::string::String,
    ///How many characters to return at most.
    #[serde(default = "defaults::default_u64::<i64, 20000>")]
    pub max_chars: i64,
    ///Where to start, in characters; counted in the section when one is given.
    #[serde(default)]
    pub offset: i64,
    ///Only this section, by its slug.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub section: ::std::option::Option<::std::string::String>,
}
///What `read_source_doc` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct ReadSourceDocResult {
    ///Markdown.
    pub content: ::std::string::String,
    ///Media type of `content`: text/markdown.
    pub content_type: ::std::string::String,
    ///When it was generated (RFC 3339).
    pub generated_at: ::std::string::String,
    ///Identifier.
    pub id: ::std::string::String,
    ///Pass as `offset` to read on; null at the end.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub next_offset: ::std::option::Option<i64>,
    ///Where `content` starts.
    pub offset: i64,
    ///Sections of the whole document.
    pub sections: ::std::vec::Vec<DocSection>,
    ///Name of the source.
    pub source_name: ::std::string::String,
    ///Whether the repository has changed since.
    pub stale: bool,
    ///Title.
    pub title: ::std::string::String,
    ///Length of the document, or of the section when one is given.
    pub total_chars: i64,
}
///A column of a query result.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct ResultColumn {
    ///Column name as the query gave it; names may repeat.
    pub name: ::std::string::String,
    ///Type in shared words.
    pub normalized_type: crate::NormalizedType,
    ///Type in the warehouse's own words.
    #[serde(rename = "type")]
    pub type_: ::std::string::String,
}
/**Arguments of `run_dashboard_panel`, which needs `mcp:read`.

Runs the saved query of one panel against the warehouse now and returns its data. Give parameter values to change the time range or filters; otherwise the dashboard defaults apply.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RunDashboardPanel {
    ///Identifier or slug of the dashboard.
    pub dashboard: ::std::string::String,
    ///How many rows to return at most.
    #[serde(default = "defaults::default_u64::<i64, 200>")]
    pub max_rows: i64,
    ///Identifier of the panel; see get_dashboard.
    pub panel_id: ::std::string::String,
    ///Values by parameter name: a scalar, a preset such as `last_7_days`, or `{"start","end"}` for a time range.
    #[serde(default, skip_serializing_if = "::serde_json::Map::is_empty")]
    pub parameters: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
    ///Seconds after which the statement is cancelled.
    #[serde(default = "defaults::default_u64::<i64, 30>")]
    pub timeout_seconds: i64,
}
///What `run_dashboard_panel` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct RunDashboardPanelResult {
    ///Bytes that the warehouse read, when it says so.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub bytes_scanned: ::std::option::Option<i64>,
    ///Columns, in result order.
    pub columns: ::std::vec::Vec<ResultColumn>,
    ///Identifier of the dashboard.
    pub dashboard_id: ::std::string::String,
    ///How long the statement ran, in milliseconds.
    pub elapsed_ms: i64,
    ///SQL as it was run, with `:name` where values were bound.
    pub executed_sql: ::std::string::String,
    ///What to know about this result, such as cut cells or reasons for an empty one.
    pub hints: ::std::vec::Vec<::std::string::String>,
    ///The panel that was run.
    pub panel: PanelReference,
    ///Value of every parameter, defaults included.
    pub parameters_used: ::serde_json::Map<::std::string::String, ::serde_json::Value>,
    ///The time range that was used; null when the dashboard has none.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub resolved_time_range: ::std::option::Option<TimeRange>,
    ///Number of rows returned.
    pub row_count: i64,
    ///Rows.
    pub rows: ::std::vec::Vec<::std::vec::Vec<::serde_json::Value>>,
    ///Identifier of this execution, for support.
    pub statement_id: ::std::string::String,
    ///Steps of a funnel panel; null otherwise.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub steps: ::std::option::Option<::std::vec::Vec<FunnelStep>>,
    ///Whether rows were left out.
    pub truncated: bool,
    ///Which cap cut the result; null when it is whole.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub truncation_reason: ::std::option::Option<crate::TruncationReason>,
    ///The number of a metric panel: first column of the first row; null otherwise.
    pub value: ::serde_json::Value,
    ///Warehouse that ran the statement.
    pub warehouse_id: ::std::string::String,
}
/**Arguments of `save_dashboard`, which needs `mcp:write`.

Creates a dashboard, or replaces the definition of an existing one when dashboard is given. Panels hold read-only SQL. To edit, first call get_dashboard with detail=full and send back the whole spec with its revision. Does not publish or share.*/
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SaveDashboard {
    ///Identifier or slug of the dashboard to replace; leave out to create one.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub dashboard: ::std::option::Option<::std::string::String>,
    ///What the dashboard shows; an update that leaves it out keeps what is there.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub description: ::std::option::Option<::std::string::String>,
    ///Check everything and report the changes, but save nothing.
    #[serde(default)]
    pub dry_run: bool,
    ///The same key with the same arguments saves once.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub idempotency_key: ::std::option::Option<::std::string::String>,
    ///Revision that the change was made from; needed for an update.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub if_revision: ::std::option::Option<i64>,
    ///Name in links, for a new dashboard; made from the title when left out.
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    pub slug: ::std::option::Option<::std::string::String>,
    ///The whole definition.
    pub spec: DashboardSpec,
    ///Title.
    pub title: ::std::string::String,
}
///What `save_dashboard` returns.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct SaveDashboardResult {
    ///What the save changes.
    pub changes: DashboardChanges,
    ///Whether the dashboard is new.
    pub created: bool,
    ///The dashboard after the save.
    pub dashboard: SavedDashboard,
    ///Whether nothing was saved.
    pub dry_run: bool,
    ///What to look at.
    pub warnings: ::std::vec::Vec<SaveWarning>,
}
///Something to look at in a saved dashboard.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct SaveWarning {
    ///Stable code.
    pub code: ::std::string::String,
    ///What to look at.
    pub message: ::std::string::String,
    ///JSON Pointer into the arguments.
    pub path: ::std::string::String,
}
///A dashboard after a save.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct SavedDashboard {
    ///Identifier; null in a dry run that would create.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub id: ::std::option::Option<::std::string::String>,
    ///Revision after the save; in a dry run, the revision it would get.
    pub revision: i64,
    ///Name in links.
    pub slug: ::std::string::String,
    ///Title.
    pub title: ::std::string::String,
    ///Page of the dashboard; null in a dry run that would create.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub url: ::std::option::Option<::std::string::String>,
}
///A generated source document in a list.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct SourceDocEntry {
    ///Commit that was read.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub commit_sha: ::std::option::Option<::std::string::String>,
    ///Number of events documented.
    pub event_count: i64,
    ///When it was generated (RFC 3339).
    pub generated_at: ::std::string::String,
    ///Identifier to pass as `doc_id`.
    pub id: ::std::string::String,
    ///Repository that was read.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub repository: ::std::option::Option<::std::string::String>,
    ///Length of the Markdown in characters.
    pub size_chars: i64,
    ///Identifier of the source.
    pub source_id: ::std::string::String,
    ///Name of the source.
    pub source_name: ::std::string::String,
    ///Whether the repository has changed since.
    pub stale: bool,
    ///What the document covers.
    pub summary: ::std::string::String,
    ///Title of the document.
    pub title: ::std::string::String,
}
///A table or view of a warehouse.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct Table {
    ///Number of rows, when the warehouse knows it cheaply.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub approximate_rows: ::std::option::Option<i64>,
    ///What the table holds.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub comment: ::std::option::Option<::std::string::String>,
    ///Table, view or other relation.
    pub kind: crate::TableKind,
    ///Name of the table.
    pub name: ::std::string::String,
    ///Name ready to paste into SQL, quoted where the dialect needs it.
    pub qualified_name: ::std::string::String,
    ///Schema of the table.
    pub schema: ::std::string::String,
}
///A resolved time range.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct TimeRange {
    ///First instant after the range (RFC 3339).
    pub end: ::std::string::String,
    ///First instant of the range (RFC 3339).
    pub start: ::std::string::String,
    ///Time zone in which presets were resolved.
    pub timezone: ::std::string::String,
}
///A connected data warehouse.
#[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
pub struct Warehouse {
    ///Database that is queried.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub database: ::std::option::Option<::std::string::String>,
    ///What the warehouse holds.
    #[serde(deserialize_with = "::std::option::Option::deserialize")]
    pub description: ::std::option::Option<::std::string::String>,
    ///SQL dialect to write queries in.
    pub dialect: ::std::string::String,
    ///Identifier to pass as `warehouse_id`.
    pub id: ::std::string::String,
    ///Whether the warehouse is used when `warehouse_id` is left out.
    pub is_default: bool,
    ///Name that the workspace gave the warehouse.
    pub name: ::std::string::String,
    ///Whether the warehouse answers.
    pub status: crate::WarehouseStatus,
    ///The engine.
    #[serde(rename = "type")]
    pub type_: crate::WarehouseType,
}
/// Generation of default values for serde.
pub mod defaults {
    pub(super) fn default_u64<T, const V: u64>() -> T
    where
        T: ::std::convert::TryFrom<u64>,
        <T as ::std::convert::TryFrom<u64>>::Error: ::std::fmt::Debug,
    {
        T::try_from(V).unwrap()
    }
    pub(super) fn get_dashboard_detail() -> crate::DashboardDetail {
        ::serde_json::from_str::<crate::DashboardDetail>("\"summary\"").unwrap()
    }
}
/// Error types.
pub mod error {
    /// Error from a `TryFrom` or `FromStr` implementation.
    pub struct ConversionError(::std::borrow::Cow<'static, str>);
    impl ::std::error::Error for ConversionError {}
    impl ::std::fmt::Display for ConversionError {
        fn fmt(
            &self,
            f: &mut ::std::fmt::Formatter<'_>,
        ) -> Result<(), ::std::fmt::Error> {
            ::std::fmt::Display::fmt(&self.0, f)
        }
    }
    impl ::std::fmt::Debug for ConversionError {
        fn fmt(
            &self,
            f: &mut ::std::fmt::Formatter<'_>,
        ) -> Result<(), ::std::fmt::Error> {
            ::std::fmt::Debug::fmt(&self.0, f)
        }
    }
    impl From<&'static str> for ConversionError {
        fn from(value: &'static str) -> Self {
            Self(value.into())
        }
    }
    impl From<String> for ConversionError {
        fn from(value: String) -> Self {
            Self(value.into())
        }
    }
}
impl Tool for DescribeTable {
    const NAME: &'static str = "describe_table";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = DescribeTableResult;
}
impl DescribeTable {
    /// The call with its required arguments; the others have their defaults.
    #[must_use]
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            warehouse_id: Default::default(),
        }
    }
}
impl Tool for GetDashboard {
    const NAME: &'static str = "get_dashboard";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = GetDashboardResult;
}
impl GetDashboard {
    /// The call with its required arguments; the others have their defaults.
    #[must_use]
    pub fn new(dashboard: impl Into<String>) -> Self {
        Self {
            dashboard: dashboard.into(),
            detail: "summary".into(),
        }
    }
}
impl Tool for ListDashboards {
    const NAME: &'static str = "list_dashboards";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = ListDashboardsResult;
}
impl Tool for ListSourceDocs {
    const NAME: &'static str = "list_source_docs";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = ListSourceDocsResult;
}
impl Tool for ListTables {
    const NAME: &'static str = "list_tables";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = ListTablesResult;
}
impl Tool for ListWarehouses {
    const NAME: &'static str = "list_warehouses";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = ListWarehousesResult;
}
impl Tool for QueryWarehouse {
    const NAME: &'static str = "query_warehouse";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = QueryWarehouseResult;
}
impl QueryWarehouse {
    /// The call with its required arguments; the others have their defaults.
    #[must_use]
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            warehouse_id: Default::default(),
            max_rows: 200i64,
            timeout_seconds: 30i64,
            params: Default::default(),
        }
    }
}
impl Tool for ReadSourceDoc {
    const NAME: &'static str = "read_source_doc";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = ReadSourceDocResult;
}
impl ReadSourceDoc {
    /// The call with its required arguments; the others have their defaults.
    #[must_use]
    pub fn new(doc_id: impl Into<String>) -> Self {
        Self {
            doc_id: doc_id.into(),
            section: Default::default(),
            offset: 0i64,
            max_chars: 20000i64,
        }
    }
}
impl Tool for RunDashboardPanel {
    const NAME: &'static str = "run_dashboard_panel";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpRead]);
    type Output = RunDashboardPanelResult;
}
impl RunDashboardPanel {
    /// The call with its required arguments; the others have their defaults.
    #[must_use]
    pub fn new(dashboard: impl Into<String>, panel_id: impl Into<String>) -> Self {
        Self {
            dashboard: dashboard.into(),
            panel_id: panel_id.into(),
            parameters: Default::default(),
            max_rows: 200i64,
            timeout_seconds: 30i64,
        }
    }
}
impl Tool for SaveDashboard {
    const NAME: &'static str = "save_dashboard";
    const SCOPES: ScopeSet = ScopeSet::of(&[Scope::McpWrite]);
    type Output = SaveDashboardResult;
}
impl SaveDashboard {
    /// The call with its required arguments; the others have their defaults.
    #[must_use]
    pub fn new(title: impl Into<String>, spec: DashboardSpec) -> Self {
        Self {
            dashboard: Default::default(),
            if_revision: Default::default(),
            title: title.into(),
            description: Default::default(),
            slug: Default::default(),
            spec: spec,
            dry_run: false,
            idempotency_key: Default::default(),
        }
    }
}
