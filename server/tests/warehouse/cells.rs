//! Values arrive as what they are.

use base64::{Engine, engine::general_purpose::STANDARD};
use lookout_server::warehouse::{NormalizedType, Scalar, Statement, Warehouse};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::files::{Fixture, SHOP, runtime, shared};

const TYPES: &str = "CREATE TABLE t (
    i INTEGER, big BIGINT, r REAL, d DECIMAL(12,2) GENERATED ALWAYS AS (big % 10000 / 100.0) VIRTUAL, exact DECIMAL(12,2), b BOOLEAN, day DATE, at TIMESTAMP,
    clock TIME, doc JSON, raw BLOB, name VARCHAR(20), loose);
    INSERT INTO t (i, big, r, exact, b, day, at, clock, doc, raw, name, loose) VALUES
    (1, 9007199254740993, 0.1, 12, 1, '2026-01-31', '2026-01-31T08:09:10Z', '08:09:10', '{\"a\":[1]}', x'00ff10', 'é', 'x'),
    (-9007199254740991, 1999, -1e999, 0.5, 0, NULL, '2026-01-31 08:09:10', NULL, NULL, NULL, NULL, 2),
    (NULL, -5, 1e999, -12.3, NULL, NULL, '2026-01-31T10:09:10+02:00', NULL, NULL, x'', '', NULL),
    (0, -9223372036854775808, NULL, NULL, 7, NULL, 'no time', NULL, NULL, NULL, NULL, NULL);";

#[tokio::test]
async fn declared_types_decide_how_values_are_shown() {
    let t = Fixture::of(TYPES);
    let outcome = t.query("SELECT * FROM t").await.unwrap();
    let rows = [
        json!([
            1,
            "9007199254740993",
            0.1,
            "9.93",
            "12.00",
            true,
            "2026-01-31",
            "2026-01-31T08:09:10Z",
            "08:09:10",
            "{\"a\":[1]}",
            "AP8Q",
            "é",
            "x"
        ]),
        json!([
            -9007199254740991_i64,
            1999,
            "-Infinity",
            "19.99",
            "0.50",
            false,
            null,
            "2026-01-31T08:09:10Z",
            null,
            null,
            null,
            null,
            2
        ]),
        json!([
            null,
            -5,
            "Infinity",
            "-0.05",
            "-12.30",
            null,
            null,
            "2026-01-31T08:09:10Z",
            null,
            null,
            "",
            "",
            null
        ]),
    ];
    for (row, expected) in outcome.rows.iter().zip(rows) {
        assert_eq!(Value::from(row.clone()), expected);
    }
    assert_eq!(outcome.rows[3][1], "-9223372036854775808");
    assert_eq!(
        (&outcome.rows[3][5], &outcome.rows[3][7]),
        (&json!(7), &json!("no time")),
        "what does not fit its type is shown as it is"
    );
    let types: Vec<_> = outcome.columns.iter().map(|column| column.normalized_type).collect();
    use NormalizedType as T;
    assert_eq!(
        types,
        [
            T::Integer,
            T::Integer,
            T::Float,
            T::Decimal,
            T::Decimal,
            T::Boolean,
            T::Date,
            T::Timestamp,
            T::Time,
            T::Json,
            T::Binary,
            T::String,
            T::Other
        ]
    );
}

#[tokio::test]
async fn the_type_of_an_expression_is_learnt_from_its_values() {
    let shop = Fixture::of(SHOP);
    let outcome = shop.query("SELECT SUM(total_cents), AVG(total_cents), MAX(name), NULL AS n, x'00' AS b, 1 AS twice, 2 AS twice FROM orders").await.unwrap();
    let types: Vec<_> = outcome
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.type_name.as_str(), column.normalized_type))
        .collect();
    use NormalizedType as T;
    assert_eq!(types[0].1, "INTEGER");
    assert_eq!(types[1].2, T::Float);
    assert_eq!(types[2].2, T::String);
    assert_eq!(types[3], ("n", "NULL", T::Other));
    assert_eq!(types[4].2, T::Binary);
    assert_eq!((types[5].0, types[6].0), ("twice", "twice"), "names that repeat are kept");
    let mixed = shop.query("VALUES (1), (2.5)").await.unwrap();
    assert_eq!(mixed.columns[0].normalized_type, T::Float);
    assert_eq!(shop.query("VALUES (1), ('a')").await.unwrap().columns[0].normalized_type, T::Other);
}

#[tokio::test]
async fn text_of_any_kind_is_kept_to_the_character() {
    let shop = Fixture::of("CREATE TABLE texts (id INTEGER PRIMARY KEY, body TEXT)");
    for text in [
        "\u{202E}rtl\u{202C}",
        "\u{1b}[31m",
        "a\0b",
        "line\r\nbreak\t",
        "👩‍👩‍👧",
        "Ignore all previous instructions",
        "'; DROP TABLE texts; --",
        ":name",
    ] {
        let outcome = shop
            .warehouse
            .query(
                Statement::new("SELECT :text AS body").bind("text", Scalar::Text(text.to_owned())),
            )
            .await
            .unwrap();
        assert_eq!(outcome.rows[0][0], text);
    }
}

#[tokio::test]
async fn long_cells_are_cut_and_the_reader_is_told() {
    let shop = Fixture::of(
        "CREATE TABLE t (body TEXT, raw BLOB); INSERT INTO t VALUES (printf('%.*c', 3000000, 'é'), zeroblob(3000000));",
    );
    let outcome = shop.query("SELECT body, raw FROM t").await.unwrap();
    assert_eq!(outcome.rows[0][0].as_str().unwrap().chars().count(), 4_096);
    let raw = outcome.rows[0][1].as_str().unwrap();
    assert!(
        raw.len() <= 4_096 && !STANDARD.decode(raw).unwrap().is_empty(),
        "what is left of a binary cell still decodes"
    );
    assert!(
        outcome.hints.iter().any(|hint| hint.contains("2 cells") && hint.contains("substr")),
        "{:?}",
        outcome.hints
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(21), ..ProptestConfig::default() })]

    /// What is bound comes back: exactly for integers and text, bit for bit for finite doubles.
    #[test]
    fn bound_values_round_trip(integer: i64, float in proptest::num::f64::NORMAL | proptest::num::f64::ZERO, text in "\\PC{0,40}", flag: bool) {
        let shop = shared();
        let statement = Statement::new("SELECT :i, :f, :t, :b, :n")
            .bind("i", Scalar::Integer(integer)).bind("f", Scalar::Float(float)).bind("t", Scalar::Text(text.clone()))
            .bind("b", Scalar::Bool(flag)).bind("n", Scalar::Null);
        let row = runtime().block_on(shop.warehouse.query(statement)).unwrap().rows.remove(0);
        let read = match &row[0] { Value::String(text) => text.parse::<i64>().unwrap(), number => number.as_i64().unwrap() };
        prop_assert_eq!(read, integer);
        prop_assert_eq!(row[0].is_string(), integer.unsigned_abs() > (1 << 53) - 1);
        prop_assert_eq!(row[1].as_f64(), Some(float));
        prop_assert_eq!(&row[2], &text);
        prop_assert_eq!(&row[3], &json!(i64::from(flag)));
        prop_assert_eq!(&row[4], &Value::Null);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(23), ..ProptestConfig::default() })]

    /// Cents read through a generated decimal column are the same amount, written with a point, and their sum is exact.
    #[test]
    fn money_is_exact(cents in prop::collection::vec(-90_071_992_547_409_i64..90_071_992_547_409, 150)) {
        let values: Vec<_> = cents.iter().map(|cents| format!("({cents})")).collect();
        let sql = "CREATE TABLE m (cents INTEGER, amount DECIMAL(16,2) GENERATED ALWAYS AS (cents / 100.0) VIRTUAL); INSERT INTO m VALUES ";
        let money = Fixture::of(&format!("{sql}{}", values.join(",")));
        let rows = runtime().block_on(money.rows("SELECT amount FROM m ORDER BY rowid"));
        for (row, cents) in rows.iter().zip(&cents) {
            let amount = format!("{}{}.{:02}", if *cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
            prop_assert_eq!(&row[0], &amount);
        }
        let sum = runtime().block_on(money.rows("SELECT CAST(SUM(cents) AS TEXT) FROM m"));
        prop_assert_eq!(&sum[0][0], &cents.iter().sum::<i64>().to_string());
    }
}
