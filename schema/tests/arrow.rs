//! Rows as Arrow record batches.

#![cfg(feature = "arrow")]

use lookout_schema::QueryWarehouseResult;
use lookout_schema::arrow::WAREHOUSE_TYPE;
use lookout_schema::arrow_array::cast::AsArray as _;
use lookout_schema::arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type, Time64NanosecondType,
    TimestampMicrosecondType, TimestampNanosecondType,
};
use lookout_schema::arrow_array::{Array as _, RecordBatch};
use lookout_schema::arrow_schema::{DataType, TimeUnit};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

/// A result of columns, each with its own and its normalized type, and rows.
fn result(columns: &[(&str, &str, &str)], rows: &Value) -> QueryWarehouseResult {
    let columns: Vec<_> = columns
        .iter()
        .map(|(name, own, kind)| json!({ "name": name, "type": own, "normalized_type": kind }))
        .collect();
    let result = json!({
        "warehouse_id": "shop", "columns": columns, "rows": rows, "row_count": 1, "truncated": false,
        "truncation_reason": null, "statement_id": "s", "elapsed_ms": 1, "bytes_scanned": null, "hints": [],
    });
    serde_json::from_value(result).expect("the documented shape")
}

/// One column of these values, with a null behind them.
fn column(own: &str, kind: &str, values: &[Value]) -> RecordBatch {
    one(own, kind, values).record_batch().expect("the values fit")
}

fn one(own: &str, kind: &str, values: &[Value]) -> QueryWarehouseResult {
    let rows: Vec<_> = values.iter().map(|value| json!([value])).chain([json!([null])]).collect();
    result(&[("c", own, kind)], &json!(rows))
}

fn kind_of(batch: &RecordBatch) -> DataType {
    batch.schema().field(0).data_type().clone()
}

#[track_caller]
fn refused(own: &str, kind: &str, values: &[Value]) -> String {
    one(own, kind, values).record_batch().expect_err("a value does not fit").to_string()
}

#[test]
fn every_normalized_type_has_its_arrow_type_and_nulls() {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let nanos = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    for (own, kind, value, expected) in [
        ("BIGINT", "integer", json!("9007199254740993"), DataType::Int64),
        ("NUMBER(38,0)", "integer", json!("9223372036854775808"), DataType::Decimal128(38, 0)),
        ("NUMERIC(12,2)", "decimal", json!("1.50"), DataType::Decimal128(12, 2)),
        ("numeric", "decimal", json!("1.125"), DataType::Decimal128(38, 3)),
        ("NUMERIC(3,1)", "decimal", json!("1234.125"), DataType::Decimal128(7, 3)),
        ("NUMERIC(50,5)", "decimal", json!("1"), DataType::Decimal256(50, 5)),
        ("double", "float", json!(0.5), DataType::Float64),
        ("bool", "boolean", json!(true), DataType::Boolean),
        ("date", "date", json!("2026-01-31"), DataType::Date32),
        ("time", "time", json!("13:45:00"), DataType::Time64(TimeUnit::Nanosecond)),
        ("timestamptz", "timestamp", json!("2026-01-31T13:45:00Z"), micros),
        ("timestamptz", "timestamp", json!("2026-01-31T13:45:00.123456789Z"), nanos),
        ("bytea", "binary", json!("AQL/"), DataType::Binary),
        ("text", "string", json!("x"), DataType::Utf8),
        ("jsonb", "json", json!("{}"), DataType::Utf8),
        ("int[]", "array", json!("[1]"), DataType::Utf8),
        ("?", "other", json!(1), DataType::Int64),
        ("?", "other", json!(1.5), DataType::Float64),
        ("?", "other", json!(false), DataType::Boolean),
        ("?", "a_type_of_next_year", json!("x"), DataType::Utf8),
        ("NULL", "other", json!(null), DataType::Null),
    ] {
        let batch = column(own, kind, &[value]);
        assert_eq!(kind_of(&batch), expected, "{own} {kind}");
        assert_eq!(batch.num_rows(), 2);
        assert!(batch["c"].is_null(1) || expected == DataType::Null, "{own} {kind}");
        let schema = batch.schema();
        assert!(schema.field(0).is_nullable());
        assert_eq!(schema.field(0).metadata()[WAREHOUSE_TYPE], own);
    }
}

#[test]
fn values_are_carried_over_exactly() {
    let integers =
        column("BIGINT", "integer", &[json!(-5), json!(i64::MIN.to_string()), json!("7.00")]);
    let integers = integers["c"].as_primitive::<Int64Type>();
    assert_eq!((integers.value(0), integers.value(1), integers.value(2)), (-5, i64::MIN, 7));

    let floats = column("REAL", "float", &[json!(1), json!("-Infinity"), json!(0.1)]);
    let floats = floats["c"].as_primitive::<Float64Type>();
    assert_eq!((floats.value(0), floats.value(1), floats.value(2)), (1.0, f64::NEG_INFINITY, 0.1));

    let flags = column("BOOLEAN", "boolean", &[json!(true), json!(0)]);
    assert!(flags["c"].as_boolean().value(0) && !flags["c"].as_boolean().value(1));

    let dates =
        column("DATE", "date", &[json!("1970-01-02"), json!("1969-12-31"), json!("2026-01-31")]);
    assert_eq!(dates["c"].as_primitive::<Date32Type>().values()[..3], [1, -1, 20_484]);

    let times = column("TIME", "time", &[json!("00:00:01.5")]);
    assert_eq!(times["c"].as_primitive::<Time64NanosecondType>().value(0), 1_500_000_000);

    let moments = column(
        "TS",
        "timestamp",
        &[json!("2026-01-31T13:45:00.000001Z"), json!("2026-01-31T15:45:00+02:00")],
    );
    let moments = moments["c"].as_primitive::<TimestampMicrosecondType>();
    assert_eq!(moments.value(0), 1_769_867_100_000_001);
    assert_eq!(moments.value(1), 1_769_867_100_000_000);
    let finer = column("TS", "timestamp", &[json!("1970-01-01T00:00:00.000000001Z")]);
    assert_eq!(finer["c"].as_primitive::<TimestampNanosecondType>().value(0), 1);

    let bytes = column("BYTEA", "binary", &[json!("AQL/"), json!("")]);
    assert_eq!(bytes["c"].as_binary::<i32>().value(0), [1, 2, 255]);
    let texts = column("TEXT", "string", &[json!("é"), json!(7)]);
    assert_eq!(
        (texts["c"].as_string::<i32>().value(0), texts["c"].as_string::<i32>().value(1)),
        ("é", "7")
    );
    let mixed = column("ANY", "other", &[json!("x"), json!(7), json!(true)]);
    assert_eq!(mixed["c"].as_string::<i32>().value(2), "true");
}

#[test]
fn numbers_of_a_column_without_a_type_are_not_rounded() {
    let big = 9_007_199_254_740_993_i64;
    let beyond = column("any", "other", &[json!(u64::MAX), json!(1)]);
    assert_eq!(kind_of(&beyond), DataType::Decimal128(38, 0));
    assert_eq!(beyond["c"].as_primitive::<Decimal128Type>().value(0), i128::from(u64::MAX));
    let mixed = column("any", "other", &[json!(big), json!(0.5)]);
    assert_eq!(mixed["c"].as_string::<i32>().value(0), "9007199254740993");
    assert_eq!(kind_of(&column("any", "other", &[json!(1), json!(0.5)])), DataType::Float64);
}

#[test]
fn decimals_keep_every_digit() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]));
    let numbers = prop::collection::vec("-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?", 1..5);
    let outcome = runner.run(&numbers, |numbers| {
        let values: Vec<_> = numbers.iter().map(|number| json!(number)).collect();
        let batch = column("numeric", "decimal", &values);
        for (index, number) in numbers.iter().enumerate() {
            let (written, scale) = match kind_of(&batch) {
                DataType::Decimal128(_, scale) => {
                    (batch["c"].as_primitive::<Decimal128Type>().value_as_string(index), scale)
                }
                DataType::Decimal256(_, scale) => {
                    (batch["c"].as_primitive::<Decimal256Type>().value_as_string(index), scale)
                }
                other => return Err(TestCaseError::fail(format!("{other} is no decimal"))),
            };
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            let scale = usize::try_from(scale).expect("a scale");
            let point = if scale == 0 { "" } else { "." };
            let padded = format!("{whole}{point}{fraction:0<scale$}");
            let is_zero = padded.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
            let expected = if is_zero { padded.replace('-', "") } else { padded };
            prop_assert_eq!(written, expected);
        }
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
    let nines = "9".repeat(76);
    let widest = column("numeric", "decimal", &[json!(nines)]);
    assert_eq!(kind_of(&widest), DataType::Decimal256(76, 0));
    assert_eq!(widest["c"].as_primitive::<Decimal256Type>().value_as_string(0), nines);
}

#[test]
fn a_value_that_does_not_fit_its_column_is_named() {
    for (kind, value, told) in [
        ("integer", json!(0.5), "found 0.5, wanted a whole number of at most 38 digits"),
        ("integer", json!("12a"), "found text `12a`, wanted a whole number of at most 38 digits"),
        ("decimal", json!("1e5"), "found text `1e5`, wanted a decimal number"),
        ("decimal", json!("NaN"), "found text `NaN`, wanted a decimal number"),
        ("float", json!(true), "found true, wanted a number"),
        ("boolean", json!(2), "found 2, wanted true or false"),
        ("date", json!("31.01.2026"), "found text `31.01.2026`, wanted a date such as 2026-01-31"),
        ("time", json!("noon"), "found text `noon`, wanted a time such as 13:45:00"),
        (
            "timestamp",
            json!("infinity"),
            "found text `infinity`, wanted a timestamp such as 2026-01-31T13:45:00Z",
        ),
        ("binary", json!("A"), "found text `A`, wanted base64"),
    ] {
        let right = column("?", kind, &[]);
        assert_eq!(right.num_rows(), 1);
        assert_eq!(
            refused("?", kind, &[json!(null), value]),
            format!("rows[1][0] (column `c`, {kind}): {told}")
        );
    }
    let far = [json!("1500-01-01T00:00:00Z"), json!("2026-01-01T00:00:00.000000001Z")];
    assert!(
        refused("?", "timestamp", &far)
            .starts_with("rows[0][0] (column `c`, timestamp): found text `1500")
    );
    let both = [json!("1".repeat(60)), json!(format!("0.{}", "1".repeat(60)))];
    assert_eq!(
        refused("numeric", "decimal", &both),
        "column `c`, decimal: found numbers of 120 digits, 60 of them behind the point, wanted at most 76 digits"
    );
    let ragged = result(&[("a", "?", "integer")], &json!([[1], [1, 2]]));
    assert_eq!(
        ragged.record_batch().expect_err("a ragged row").to_string(),
        "rows[1]: found 2 values, wanted one for each of the 1 columns"
    );
}

#[test]
fn names_may_repeat_and_a_result_may_be_empty() {
    let twice = result(&[("n", "?", "integer"), ("n", "?", "string")], &json!([[1, "x"]]));
    let batch = twice.record_batch().expect("a batch");
    assert_eq!((batch.num_columns(), batch.num_rows()), (2, 1));
    let none =
        result(&[("n", "NUMERIC(5,0)", "decimal")], &json!([])).record_batch().expect("a batch");
    assert_eq!((none.num_rows(), kind_of(&none)), (0, DataType::Decimal128(5, 0)));
    let empty = result(&[], &json!([[], []])).record_batch().expect("a batch");
    assert_eq!((empty.num_columns(), empty.num_rows()), (0, 2));
}
