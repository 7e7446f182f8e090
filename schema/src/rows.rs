//! Rows as types of the caller's own.
//!
//! A row is read into a struct or a map by column name, into a tuple or a `Vec` by position, and into a scalar if it has one column.
//! Nothing is lost on the way: a number that does not fit what is wanted is an error, and so is a name that two columns have.
//! Which columns are wanted is up to the type; that the result may be cut is in `truncated`, and not looked at here.

mod cell;
mod error;
mod row;

use serde::Deserialize;
use serde_json::Value;

#[cfg(feature = "arrow")]
pub(crate) use self::cell::{fits_float, whole};
pub use self::error::RowError;
#[cfg(feature = "arrow")]
pub(crate) use self::error::described;
use self::row::{Names, Row};
use crate::{QueryWarehouseResult, ResultColumn, RunDashboardPanelResult};

impl QueryWarehouseResult {
    /// The rows as values of `T`: a struct or a map takes columns by name, a tuple or a `Vec` by position, a scalar the only one.
    ///
    /// ```
    /// # use lookout_schema::QueryWarehouseResult;
    /// # let result: QueryWarehouseResult = serde_json::from_value(serde_json::json!({
    /// #     "warehouse_id": "shop", "row_count": 2, "truncated": false, "truncation_reason": null,
    /// #     "statement_id": "s-1", "elapsed_ms": 3, "bytes_scanned": null, "hints": [],
    /// #     "columns": [
    /// #         { "name": "country", "type": "TEXT", "normalized_type": "string" },
    /// #         { "name": "orders", "type": "INTEGER", "normalized_type": "integer" },
    /// #         { "name": "revenue", "type": "DECIMAL(12,2)", "normalized_type": "decimal" },
    /// #     ],
    /// #     "rows": [["NO", 41, "1020.50"], [null, "9007199254740993", "7.00"]],
    /// # })).unwrap();
    /// #[derive(Debug, PartialEq, serde::Deserialize)]
    /// struct Sales {
    ///     country: Option<String>,
    ///     orders: i64,
    ///     revenue: f64,
    /// }
    ///
    /// let sales: Vec<Sales> = result.rows()?;
    /// assert_eq!(sales[0], Sales { country: Some("NO".to_owned()), orders: 41, revenue: 1020.5 });
    /// assert_eq!(sales[1].orders, 9_007_199_254_740_993); // arrived as text, because JSON readers lose it
    ///
    /// let by_position = result.rows::<(Option<&str>, u64, String)>()?;
    /// assert_eq!(by_position[0], (Some("NO"), 41, "1020.50".to_owned()));
    ///
    /// let error = result.rows::<(String, i64, f64)>().unwrap_err();
    /// assert_eq!(error.to_string(), "rows[1][0] (column `country`, string): found null, wanted a string");
    /// # Ok::<(), lookout_schema::RowError>(())
    /// ```
    ///
    /// Integers beyond 2^53 and decimals, which arrive as text, are read into any number type that holds the value, and into a `String` as they are;
    /// a decimal read into a float is rounded to the nearest.
    /// Whole numbers may arrive as floats and `0` or `1` may stand for a boolean, as some engines have it.
    /// JSON and array columns, which arrive as JSON text, are read into structs, maps and lists; binary columns into bytes.
    /// A member that is an `Option` is `None` for a null, and also where the result has no such column.
    /// Behind `#[serde(flatten)]` values are read as they are, so decimals are text there.
    ///
    /// # Errors
    ///
    /// [`RowError`] names the row, the column, what was found and what was wanted: a value that does not fit, a missing column,
    /// a wanted name that several columns have, or a tuple of another length.
    pub fn rows<'a, T: Deserialize<'a>>(&'a self) -> Result<Vec<T>, RowError> {
        read(&self.columns, &self.rows)
    }
}

impl RunDashboardPanelResult {
    /// The rows as values of `T`, as [`QueryWarehouseResult::rows`].
    ///
    /// ```
    /// use lookout_schema::{RowError, RunDashboardPanelResult};
    ///
    /// fn revenue_by_day(result: &RunDashboardPanelResult) -> Result<Vec<(String, f64)>, RowError> {
    ///     result.rows()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn rows<'a, T: Deserialize<'a>>(&'a self) -> Result<Vec<T>, RowError> {
        read(&self.columns, &self.rows)
    }
}

fn read<'a, T: Deserialize<'a>>(
    columns: &'a [ResultColumn],
    rows: &'a [Vec<Value>],
) -> Result<Vec<T>, RowError> {
    let names = Names::of(columns);
    let read = |(index, cells): (usize, &'a Vec<Value>)| {
        Row::new(&names, cells)
            .and_then(T::deserialize)
            .map_err(|error| error.in_row(index, columns))
    };
    rows.iter().enumerate().map(read).collect()
}
