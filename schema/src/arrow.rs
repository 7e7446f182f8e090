//! Rows as an Arrow record batch, for what computes on columns: DataFusion, Polars, Parquet, Flight.
//!
//! Values are carried over exactly or refused: no number is rounded, no time cut.
//! Where the type of a column leaves open how much its values need, the values decide, so that batches of one statement may differ in it.

mod decimal;
mod moment;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    NullArray, RecordBatch, RecordBatchOptions, StringArray, Time64NanosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow_schema::{Field, Schema};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::rows::{RowError, described, fits_float, whole};
use crate::{NormalizedType, QueryWarehouseResult, ResultColumn, RunDashboardPanelResult};

/// The key of a field's metadata under which the type in the warehouse's own words stands.
pub const WAREHOUSE_TYPE: &str = "warehouse_type";

impl QueryWarehouseResult {
    /// The rows as columns, in an Arrow record batch. Needs the feature `arrow`.
    ///
    /// ```
    /// # use lookout_schema::QueryWarehouseResult;
    /// # let result: QueryWarehouseResult = serde_json::from_value(serde_json::json!({
    /// #     "warehouse_id": "shop", "row_count": 2, "truncated": false, "truncation_reason": null,
    /// #     "statement_id": "s-1", "elapsed_ms": 3, "bytes_scanned": null, "hints": [],
    /// #     "columns": [
    /// #         { "name": "orders", "type": "INTEGER", "normalized_type": "integer" },
    /// #         { "name": "revenue", "type": "DECIMAL(12,2)", "normalized_type": "decimal" },
    /// #     ],
    /// #     "rows": [[41, "1020.50"], ["9007199254740993", null]],
    /// # })).unwrap();
    /// use lookout_schema::arrow_array::cast::AsArray as _;
    /// use lookout_schema::arrow_array::types::Int64Type;
    /// use lookout_schema::arrow_schema::DataType;
    ///
    /// let batch = result.record_batch()?;
    /// assert_eq!(batch.schema().field(1).data_type(), &DataType::Decimal128(12, 2));
    /// assert_eq!(batch["orders"].as_primitive::<Int64Type>().value(1), 9_007_199_254_740_993);
    /// assert!(batch["revenue"].is_null(1));
    /// # Ok::<(), lookout_schema::RowError>(())
    /// ```
    ///
    /// | normalized type | Arrow type |
    /// | --- | --- |
    /// | `integer` | `Int64`; `Decimal128(38, 0)` when a value is beyond it |
    /// | `decimal` | `Decimal128` with the precision and scale that the warehouse names, more where the values need it; `Decimal256` beyond 38 digits |
    /// | `float` | `Float64` |
    /// | `boolean` | `Boolean` |
    /// | `date` | `Date32` |
    /// | `time` | `Time64(Nanosecond)` |
    /// | `timestamp` | `Timestamp(Microsecond, "UTC")`; `Nanosecond` when a value is finer |
    /// | `binary` | `Binary` |
    /// | `string`, `json`, `array` | `Utf8`; the latter two hold JSON text |
    /// | `other` and what this build does not know | `Boolean`, what an `integer` becomes, or `Float64` when all values are that, `Null` when there is none, otherwise `Utf8` |
    ///
    /// Every field is nullable and has the warehouse's own type in its metadata, under [`WAREHOUSE_TYPE`].
    /// Names are kept, also those that repeat.
    ///
    /// # Errors
    ///
    /// [`RowError`] names the row and the column of a value that its column's type does not allow, such as the timestamp `infinity` of PostgreSQL.
    pub fn record_batch(&self) -> Result<RecordBatch, RowError> {
        record_batch(&self.columns, &self.rows)
    }
}

impl RunDashboardPanelResult {
    /// The rows as columns, as [`QueryWarehouseResult::record_batch`]. Needs the feature `arrow`.
    ///
    /// ```
    /// use lookout_schema::{RowError, RunDashboardPanelResult};
    ///
    /// fn count(result: &RunDashboardPanelResult) -> Result<usize, RowError> {
    ///     Ok(result.record_batch()?.num_rows())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn record_batch(&self) -> Result<RecordBatch, RowError> {
        record_batch(&self.columns, &self.rows)
    }
}

fn record_batch(columns: &[ResultColumn], rows: &[Vec<Value>]) -> Result<RecordBatch, RowError> {
    if let Some((row, cells)) =
        rows.iter().enumerate().find(|(_, cells)| cells.len() != columns.len())
    {
        return Err(RowError::width(cells.len(), columns.len()).in_row(row, columns));
    }
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (position, column) in columns.iter().enumerate() {
        let array = Cells { column, position, rows }.array()?;
        let own_type = HashMap::from([(WAREHOUSE_TYPE.to_owned(), column.type_.clone())]);
        let field = Field::new(&column.name, array.data_type().clone(), true);
        fields.push(field.with_metadata(own_type));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| RowError::other(error.to_string()))
}

/// The values of one column.
struct Cells<'a> {
    column: &'a ResultColumn,
    position: usize,
    rows: &'a [Vec<Value>],
}

impl<'a> Cells<'a> {
    fn values(&self) -> impl Iterator<Item = &'a Value> {
        let position = self.position;
        self.rows.iter().map(move |cells| &cells[position])
    }

    /// Every value as `read` has it; where that has none, `wanted` was expected.
    fn read<T>(
        &self,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Vec<Option<T>>, RowError> {
        let read = |(row, value): (usize, &'a Value)| match value {
            Value::Null => Ok(None),
            value => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(self.refuse(row, value, wanted)),
            },
        };
        self.values().enumerate().map(read).collect()
    }

    fn refuse(&self, row: usize, value: &Value, wanted: &str) -> RowError {
        RowError::mismatch(described(value), wanted)
            .in_column(self.position, self.column)
            .in_row(row, &[])
    }

    fn array(&self) -> Result<ArrayRef, RowError> {
        Ok(match &self.column.normalized_type {
            NormalizedType::Boolean => self.booleans()?,
            NormalizedType::Integer => self.integers()?,
            NormalizedType::Decimal => self.decimals()?,
            NormalizedType::Float => self.floats()?,
            NormalizedType::Date => {
                let days =
                    self.read("a date such as 2026-01-31", |value| moment::date(value.as_str()?))?;
                Arc::new(Date32Array::from(days))
            }
            NormalizedType::Time => {
                let times =
                    self.read("a time such as 13:45:00", |value| moment::time(value.as_str()?))?;
                Arc::new(Time64NanosecondArray::from(times))
            }
            NormalizedType::Timestamp => self.timestamps()?,
            NormalizedType::Binary => {
                let bytes = self.read("base64", |value| STANDARD.decode(value.as_str()?).ok())?;
                Arc::new(bytes.into_iter().collect::<BinaryArray>())
            }
            NormalizedType::String | NormalizedType::Json | NormalizedType::Array => self.texts(),
            NormalizedType::Other | NormalizedType::Unknown(_) => self.whatever()?,
        })
    }

    fn booleans(&self) -> Result<ArrayRef, RowError> {
        let flags = self.read("true or false", |value| match (value, value.as_i64()) {
            (Value::Bool(flag), _) => Some(*flag),
            (_, Some(number @ (0 | 1))) => Some(number == 1),
            _ => None,
        })?;
        Ok(Arc::new(BooleanArray::from(flags)))
    }

    fn integers(&self) -> Result<ArrayRef, RowError> {
        const MOST: i128 = 10_i128.pow(38) - 1;
        let numbers = self.read("a whole number of at most 38 digits", |value| {
            whole(value).filter(|number| (-MOST..=MOST).contains(number))
        })?;
        let narrow = |number: &Option<i128>| number.map(i64::try_from).transpose();
        Ok(match numbers.iter().map(narrow).collect::<Result<Vec<_>, _>>() {
            Ok(numbers) => Arc::new(Int64Array::from(numbers)),
            Err(_) => {
                let numbers = Decimal128Array::from(numbers).with_precision_and_scale(38, 0);
                Arc::new(numbers.map_err(|error| RowError::other(error.to_string()))?)
            }
        })
    }

    fn decimals(&self) -> Result<ArrayRef, RowError> {
        let numbers = self.read("a decimal number", decimal::read)?;
        let (precision, scale) = decimal::size(&self.column.type_, numbers.iter().flatten());
        decimal::array(&numbers, precision, scale)
            .map_err(|error| error.in_column(self.position, self.column))
    }

    fn floats(&self) -> Result<ArrayRef, RowError> {
        let numbers = self.read("a number", |value| match value {
            Value::Number(number) => number.as_f64(),
            value => value.as_str()?.parse().ok(),
        })?;
        Ok(Arc::new(Float64Array::from(numbers)))
    }

    fn timestamps(&self) -> Result<ArrayRef, RowError> {
        let wanted = "a timestamp such as 2026-01-31T13:45:00Z";
        let moments = self.read(wanted, |value| moment::timestamp(value.as_str()?))?;
        if moments.iter().flatten().all(|moment| moment.nanos % 1000 == 0) {
            let micros = moments.into_iter().map(|moment| moment.map(moment::Moment::micros));
            return Ok(Arc::new(
                micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
            ));
        }
        let wanted = "a timestamp from 1677 to 2262, since a value of the column has nanoseconds";
        let nanos = self.read(wanted, |value| moment::timestamp(value.as_str()?)?.nanos())?;
        Ok(Arc::new(TimestampNanosecondArray::from(nanos).with_timezone("UTC")))
    }

    fn texts(&self) -> ArrayRef {
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        };
        Arc::new(self.values().map(text).collect::<StringArray>())
    }

    /// A column whose type says nothing.
    fn whatever(&self) -> Result<ArrayRef, RowError> {
        let all = |is: fn(&Value) -> bool| self.values().all(|value| value.is_null() || is(value));
        if all(Value::is_null) {
            Ok(Arc::new(NullArray::new(self.rows.len())))
        } else if all(Value::is_boolean) {
            self.booleans()
        } else if all(|value| value.is_i64() || value.is_u64()) {
            self.integers()
        } else if all(is_float) {
            self.floats()
        } else {
            Ok(self.texts())
        }
    }
}

/// Whether a value is a number that a float holds exactly.
fn is_float(value: &Value) -> bool {
    value.is_number() && whole(value).is_none_or(|number| fits_float(number, f64::MANTISSA_DIGITS))
}
