//! Warehouses of a workspace: list them, their tables, a table's columns, and query them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lookout_schema as wire;
use lookout_schema::{
    DescribeTable, DescribeTableResult, ErrorCode, ListTables, ListTablesResult, ListWarehouses,
    ListWarehousesResult, QueryWarehouse, QueryWarehouseResult, WarehouseStatus,
};
use serde_json::{Map, Value, json};

use super::WorkspaceTools;
use super::page::cut;
use super::reader::Reader;
use crate::authority::bearer::Caller;
use crate::config::WarehouseSettings;
use crate::mcp::ToolError;
use crate::warehouse::embedded::OpenError;
use crate::warehouse::{
    Embedded, EmbeddedConfig, Outcome, Scalar, Statement, Table, Warehouse, WarehouseError,
};

/// Octets of rows that fit a result beside its columns and hints.
const MAX_ROW_BYTES: usize = 40_000;
/// Characters of one cell.
const MAX_CELL_CHARS: usize = 4096;
/// Columns that `describe_table` returns.
const MAX_COLUMNS: usize = 400;

/// A warehouse that a workspace may use.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Slug of the workspace.
    pub workspace: String,
    /// Whether it is used when a call names none.
    pub is_default: bool,
    /// The warehouse.
    pub warehouse: Arc<dyn Warehouse>,
}

impl Connection {
    /// Opens the warehouse that an operator configured.
    ///
    /// # Errors
    ///
    /// When the file is missing or no database; the message names it.
    pub fn open(settings: &WarehouseSettings) -> Result<Self, OpenError> {
        let mut config = EmbeddedConfig::new(&settings.id, &settings.name, &settings.path);
        config.description.clone_from(&settings.description);
        config.expose.clone_from(&settings.expose);
        let warehouse = Arc::new(Embedded::open(config)?);
        Ok(Self { workspace: settings.workspace.clone(), is_default: settings.default, warehouse })
    }
}

impl WorkspaceTools {
    fn connections_of<'r>(
        &self,
        reader: impl Into<Reader<'r>>,
    ) -> impl Iterator<Item = &Connection> {
        let workspace = reader.into().workspace_slug.to_owned();
        self.connections.iter().filter(move |connection| connection.workspace == workspace)
    }

    /// The warehouse that a call names, or the one it may leave out.
    pub(super) fn warehouse<'r>(
        &self,
        reader: impl Into<Reader<'r>>,
        id: Option<&str>,
    ) -> Result<&dyn Warehouse, ToolError> {
        let mut connections = self.connections_of(reader);
        let Some(id) = id else {
            let all: Vec<_> = connections.collect();
            let default = all.iter().find(|connection| connection.is_default);
            let only = if let [only] = all.as_slice() { Some(only) } else { None };
            return default.or(only).map(|connection| &*connection.warehouse).ok_or_else(|| {
                ToolError::new(
                    ErrorCode::WarehouseRequired,
                    "The workspace has no default warehouse.",
                )
                .hint("Pass `warehouse_id`; list_warehouses names every warehouse.")
            });
        };
        connections
            .find(|connection| connection.warehouse.info().id == id)
            .map(|connection| &*connection.warehouse)
            .ok_or_else(|| {
                ToolError::new(
                    ErrorCode::WarehouseNotFound,
                    format!("There is no warehouse {id:?} in this workspace."),
                )
                .hint("list_warehouses names every warehouse.")
            })
    }
}

pub(super) async fn list(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &ListWarehouses,
) -> Result<ListWarehousesResult, ToolError> {
    let list = ("list_warehouses", &caller.workspace_id);
    let after: Option<String> =
        arguments.cursor.as_deref().map(|cursor| tools.cursors.open(&list, cursor)).transpose()?;
    let mut connections: Vec<_> = tools.connections_of(caller).collect();
    connections.sort_by_key(|connection| connection.warehouse.info().id.as_str());
    connections.retain(|connection| {
        after.as_ref().is_none_or(|after| connection.warehouse.info().id > *after)
    });
    let most = usize::try_from(arguments.limit).unwrap_or(0).saturating_add(1);
    let mut fetched = Vec::new();
    for connection in connections.into_iter().take(most) {
        fetched.push((connection, connection.warehouse.tables().await.is_ok()));
    }
    let cursor =
        |(last, _): &(&Connection, bool)| tools.cursors.seal(&list, &last.warehouse.info().id);
    let (warehouses, next_cursor) =
        cut(fetched, arguments.limit, cursor, |(connection, answers)| {
            let info = connection.warehouse.info();
            wire::Warehouse {
                id: info.id.clone(),
                name: info.name.clone(),
                type_: info.kind.as_str().into(),
                dialect: info.dialect.to_owned(),
                is_default: connection.is_default,
                status: if answers { WarehouseStatus::Connected } else { WarehouseStatus::Error },
                database: info.database.clone(),
                description: info.description.clone(),
            }
        });
    Ok(ListWarehousesResult { warehouses, next_cursor })
}

pub(super) async fn list_tables(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &ListTables,
) -> Result<ListTablesResult, ToolError> {
    let warehouse = tools.warehouse(caller, arguments.warehouse_id.as_deref())?;
    let id = &warehouse.info().id;
    let list =
        ("list_tables", &caller.workspace_id, id, &arguments.schema, &arguments.name_contains);
    let after: Option<(String, String)> =
        arguments.cursor.as_deref().map(|cursor| tools.cursors.open(&list, cursor)).transpose()?;
    let mut tables = warehouse.tables().await?;
    if let Some(schema) = &arguments.schema
        && !tables.iter().any(|table| table.schema == *schema)
    {
        let mut schemas: Vec<_> = tables.into_iter().map(|table| table.schema).collect();
        schemas.dedup();
        return Err(WarehouseError::SchemaNotFound { name: schema.clone(), schemas }.into());
    }
    let fragment = arguments.name_contains.as_deref().unwrap_or_default().to_lowercase();
    tables.retain(|table| {
        arguments.schema.as_ref().is_none_or(|schema| table.schema == *schema)
            && table.name.to_lowercase().contains(&fragment)
            && after
                .as_ref()
                .is_none_or(|(schema, name)| (&table.schema, &table.name) > (schema, name))
    });
    let cursor = |last: &Table| tools.cursors.seal(&list, &(&last.schema, &last.name));
    let (tables, next_cursor) = cut(tables, arguments.limit, cursor, |table| wire::Table {
        schema: table.schema,
        name: table.name,
        qualified_name: table.qualified_name,
        kind: table.kind.as_str().into(),
        comment: table.comment,
        approximate_rows: table.approximate_rows.map(saturated),
    });
    Ok(ListTablesResult { warehouse_id: id.clone(), tables, next_cursor })
}

pub(super) async fn describe_table(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &DescribeTable,
) -> Result<DescribeTableResult, ToolError> {
    let warehouse = tools.warehouse(caller, arguments.warehouse_id.as_deref())?;
    let described = warehouse.describe(&arguments.table).await?;
    let columns_total = described.columns.len();
    let columns = described.columns.into_iter().take(MAX_COLUMNS).map(|column| wire::Column {
        name: column.name,
        type_: column.type_name,
        normalized_type: column.normalized_type.as_str().into(),
        nullable: column.nullable,
        comment: column.comment,
    });
    Ok(DescribeTableResult {
        warehouse_id: warehouse.info().id.clone(),
        schema: described.table.schema,
        name: described.table.name,
        qualified_name: described.table.qualified_name,
        kind: described.table.kind.as_str().into(),
        comment: described.table.comment,
        columns: columns.collect(),
        truncated: columns_total > MAX_COLUMNS,
        columns_total: saturated(columns_total),
    })
}

pub(super) async fn query(
    tools: &WorkspaceTools,
    caller: &Caller,
    arguments: &QueryWarehouse,
) -> Result<QueryWarehouseResult, ToolError> {
    let warehouse = tools.warehouse(caller, arguments.warehouse_id.as_deref())?;
    let params = scalars(&arguments.params)?;
    let statement = capped(
        caller,
        arguments.sql.clone(),
        params,
        arguments.max_rows,
        arguments.timeout_seconds,
    );
    let outcome = warehouse.query(statement).await?;
    let written = WrittenOutcome::from(outcome);
    Ok(QueryWarehouseResult {
        warehouse_id: warehouse.info().id.clone(),
        columns: written.columns,
        rows: written.rows,
        row_count: written.row_count,
        truncated: written.truncation_reason.is_some(),
        truncation_reason: written.truncation_reason,
        statement_id: written.statement_id,
        elapsed_ms: written.elapsed_ms,
        bytes_scanned: None,
        hints: written.hints,
    })
}

/// A statement under the caps of one result.
pub(super) fn capped<'r>(
    reader: impl Into<Reader<'r>>,
    sql: String,
    params: BTreeMap<String, Scalar>,
    max_rows: i64,
    timeout_seconds: i64,
) -> Statement {
    Statement {
        sql,
        params,
        max_rows: usize::try_from(max_rows).unwrap_or(1),
        max_bytes: MAX_ROW_BYTES,
        max_cell_chars: MAX_CELL_CHARS,
        timeout: Duration::from_secs(u64::try_from(timeout_seconds).unwrap_or(1)),
        caller: Some(reader.into().share.into()),
    }
}

fn scalars(values: &Map<String, Value>) -> Result<BTreeMap<String, Scalar>, ToolError> {
    let not_scalar: Vec<_> = values
        .iter()
        .filter(|(_, value)| Scalar::from_json(value).is_none())
        .map(|(name, _)| name)
        .collect();
    if !not_scalar.is_empty() {
        let names =
            not_scalar.iter().map(|name| format!("/params/{name}")).collect::<Vec<_>>().join(", ");
        return Err(ToolError::new(ErrorCode::InvalidArguments, format!("Only null, booleans, numbers and strings can be bound: {names}."))
            .hint("Pass a list or an object as JSON text, or write one name for each value.")
            .details(json!({ "violations": not_scalar.iter().map(|name| json!({ "pointer": format!("/params/{name}"), "message": "is not a scalar" })).collect::<Vec<_>>() })));
    }
    Ok(values
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), Scalar::from_json(value)?)))
        .collect())
}

/// The part of a result that both query tools share.
pub(super) struct WrittenOutcome {
    pub(super) columns: Vec<wire::ResultColumn>,
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) row_count: i64,
    pub(super) truncation_reason: Option<wire::TruncationReason>,
    pub(super) statement_id: String,
    pub(super) elapsed_ms: i64,
    pub(super) hints: Vec<String>,
}

impl From<Outcome> for WrittenOutcome {
    fn from(outcome: Outcome) -> Self {
        let row_count = saturated(outcome.row_count());
        let columns = outcome.columns.into_iter().map(|column| wire::ResultColumn {
            name: column.name,
            type_: column.type_name,
            normalized_type: column.normalized_type.as_str().into(),
        });
        Self {
            columns: columns.collect(),
            rows: outcome.rows,
            row_count,
            truncation_reason: outcome.truncated.map(|reason| reason.as_str().into()),
            statement_id: outcome.statement_id,
            elapsed_ms: saturated(outcome.elapsed.as_millis()),
            hints: outcome.hints,
        }
    }
}

fn saturated(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
