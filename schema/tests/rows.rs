//! Rows as types of the caller's own.

use std::collections::{BTreeMap, HashMap};

use lookout_schema::{QueryWarehouseResult, RowError, RunDashboardPanelResult};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A result of columns, each with its normalized type, and rows.
fn result(columns: &[(&str, &str)], rows: &Value) -> QueryWarehouseResult {
    let columns: Vec<_> = columns
        .iter()
        .map(|(name, kind)| json!({ "name": name, "type": "?", "normalized_type": kind }))
        .collect();
    let result = json!({
        "warehouse_id": "shop", "columns": columns, "rows": rows, "row_count": 1, "truncated": false,
        "truncation_reason": null, "statement_id": "s", "elapsed_ms": 1, "bytes_scanned": null, "hints": [],
    });
    serde_json::from_value(result).expect("the documented shape")
}

#[track_caller]
fn refused<'a, T: Deserialize<'a> + std::fmt::Debug>(result: &'a QueryWarehouseResult) -> String {
    result.rows::<T>().expect_err("it does not fit").to_string()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wide {
    small: u8,
    signed: i64,
    unsigned: u64,
    huge: i128,
    number: f64,
    exact: String,
    flag: bool,
    text: Option<String>,
    maybe: Option<i64>,
    letter: char,
    tags: Vec<String>,
}

const WIDE: [(&str, &str); 11] = [
    ("small", "integer"),
    ("signed", "integer"),
    ("unsigned", "integer"),
    ("huge", "decimal"),
    ("number", "float"),
    ("exact", "decimal"),
    ("flag", "boolean"),
    ("text", "string"),
    ("maybe", "integer"),
    ("letter", "string"),
    ("tags", "array"),
];

/// A whole number as a warehouse's cell: text beyond what every JSON reader keeps.
fn integer(number: i128) -> Value {
    match i64::try_from(number) {
        Ok(number) if number.unsigned_abs() < 1 << 53 => json!(number),
        _ => json!(number.to_string()),
    }
}

fn cells(row: &Wide) -> Vec<Value> {
    vec![
        integer(row.small.into()),
        integer(row.signed.into()),
        integer(row.unsigned.into()),
        json!(row.huge.to_string()),
        json!(row.number),
        json!(row.exact),
        json!(row.flag),
        json!(row.text),
        row.maybe.map_or(Value::Null, |number| integer(number.into())),
        json!(row.letter.to_string()),
        json!(json!(row.tags).to_string()),
    ]
}

fn wide() -> impl Strategy<Value = Wide> {
    let numbers = (
        any::<u8>(),
        any::<i64>(),
        any::<u64>(),
        any::<i128>(),
        prop::num::f64::NORMAL | prop::num::f64::ZERO,
    );
    let others = (
        "-?[0-9]{1,30}\\.[0-9]{1,10}",
        any::<bool>(),
        any::<Option<String>>(),
        any::<Option<i64>>(),
        any::<char>(),
        prop::collection::vec(any::<String>(), 0..3),
    );
    (numbers, others).prop_map(|((small, signed, unsigned, huge, number), others)| {
        let (exact, flag, text, maybe, letter, tags) = others;
        Wide { small, signed, unsigned, huge, number, exact, flag, text, maybe, letter, tags }
    })
}

#[test]
fn what_is_written_as_rows_is_read_back_by_name_and_by_position() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let rows = (prop::collection::vec(wide(), 0..4), 0..WIDE.len());
    let outcome = runner.run(&rows, |(rows, turn)| {
        let written: Vec<_> = rows.iter().map(cells).collect();
        let by_position = result(&WIDE, &json!(written));
        type Tuple =
            (u8, i64, u64, i128, f64, String, bool, Option<String>, Option<i64>, char, Vec<String>);
        let tuples = by_position.rows::<Tuple>()?;
        let read: Vec<_> = tuples.into_iter().map(|row| (row.0, row.1, row.3, row.5)).collect();
        let expected: Vec<_> =
            rows.iter().cloned().map(|row| (row.small, row.signed, row.huge, row.exact)).collect();
        prop_assert_eq!(read, expected);

        // By name the order of the columns makes no difference.
        let mut columns = WIDE;
        columns.rotate_left(turn);
        let turned: Vec<_> = written
            .into_iter()
            .map(|mut cells| {
                cells.rotate_left(turn);
                cells
            })
            .collect();
        prop_assert_eq!(result(&columns, &json!(turned)).rows::<Wide>()?, rows);
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
}

#[test]
fn rows_are_structs_tuples_lists_maps_and_scalars() {
    let columns = [("country", "string"), ("n", "integer")];
    let two = result(&columns, &json!([["NO", 1], ["SE", "9007199254740993"]]));
    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair<'a>(&'a str, i64);
    assert_eq!(two.rows::<Pair<'_>>(), Ok(vec![Pair("NO", 1), Pair("SE", 9_007_199_254_740_993)]));
    assert_eq!(
        two.rows::<Vec<Value>>().expect("lists")[1],
        [json!("SE"), json!(9_007_199_254_740_993_i64)]
    );
    let maps = two.rows::<HashMap<&str, Value>>().expect("maps");
    assert_eq!(maps[0]["country"], "NO");
    assert_eq!(two.rows::<BTreeMap<String, String>>().expect("maps")[0]["n"], "1");
    assert_eq!(two.rows::<Value>().expect("objects")[0], json!({ "country": "NO", "n": 1 }));
    assert_eq!(two.rows::<()>().expect("nothing").len(), 2);

    let one = result(&[("n", "integer")], &json!([[1], [null], [3]]));
    assert_eq!(one.rows::<Option<u8>>(), Ok(vec![Some(1), None, Some(3)]));
    #[derive(Debug, PartialEq, Deserialize)]
    struct Count(Option<i64>);
    assert_eq!(one.rows::<Count>().expect("counts")[2], Count(Some(3)));
    assert_eq!(result(&[], &json!([])).rows::<i64>(), Ok(vec![]));
}

#[test]
fn members_are_renamed_flattened_and_left_out_as_serde_has_it() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    struct Loud {
        name: String,
        #[serde(default)]
        age: u8,
        note: Option<String>,
        #[serde(flatten)]
        further: BTreeMap<String, Value>,
    }
    let found = result(&[("NAME", "string"), ("n", "integer")], &json!([["Ann", 7]]));
    let further = BTreeMap::from([("n".to_owned(), json!(7))]);
    let ann = Loud { name: "Ann".to_owned(), age: 0, note: None, further };
    assert_eq!(found.rows::<Loud>(), Ok(vec![ann]));

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Status {
        Paid,
        Open,
    }
    let states = result(&[("status", "string")], &json!([["paid"], ["open"]]));
    assert_eq!(states.rows::<Status>(), Ok(vec![Status::Paid, Status::Open]));
    assert_eq!(
        refused::<Status>(&result(&[("status", "string")], &json!([["lost"]]))),
        "rows[0][0] (column `status`, string): found text `lost`, wanted one of `paid`, `open`"
    );
}

#[test]
fn numbers_are_read_however_they_arrive_and_never_changed() {
    let cell = |kind: &str, value: Value| result(&[("n", kind)], &json!([[value]]));
    assert_eq!(cell("decimal", json!("12.00")).rows::<i32>(), Ok(vec![12]));
    assert_eq!(cell("decimal", json!("-0.50")).rows::<f32>(), Ok(vec![-0.5]));
    assert_eq!(cell("decimal", json!("0.10")).rows::<String>(), Ok(vec!["0.10".to_owned()]));
    assert_eq!(cell("integer", json!(7)).rows::<String>(), Ok(vec!["7".to_owned()]));
    assert_eq!(cell("float", json!(3.0)).rows::<u8>(), Ok(vec![3]));
    assert_eq!(cell("float", json!("-Infinity")).rows::<f64>(), Ok(vec![f64::NEG_INFINITY]));
    assert_eq!(cell("integer", json!(1)).rows::<bool>(), Ok(vec![true]));
    let most = u128::from(u64::MAX).to_string();
    assert_eq!(cell("integer", json!(most)).rows::<u64>(), Ok(vec![u64::MAX]));
    for (kind, value, told) in [
        ("decimal", json!("12.50"), "(column `n`, decimal): found text `12.50`, wanted i64"),
        ("float", json!(0.5), "(column `n`, float): found 0.5, wanted i64"),
        ("string", json!("12"), "(column `n`, string): found text `12`, wanted i64"),
        (
            "decimal",
            json!("9223372036854775808"),
            "(column `n`, decimal): found 9223372036854775808, wanted i64",
        ),
        (
            "decimal",
            json!("99999999999999999999"),
            "(column `n`, decimal): found text `99999999999999999999`, wanted i64",
        ),
        ("boolean", json!(true), "(column `n`, boolean): found true, wanted i64"),
        ("integer", json!(null), "(column `n`, integer): found null, wanted i64"),
    ] {
        assert_eq!(refused::<i64>(&cell(kind, value)), format!("rows[0][0] {told}"));
    }
    assert_eq!(
        refused::<bool>(&cell("integer", json!(2))),
        "rows[0][0] (column `n`, integer): found 2, wanted a boolean"
    );
    let long = refused::<i64>(&cell("string", json!("x\n".repeat(4000))));
    assert!(long.len() < 200 && !long.contains('\n'), "{long}");
}

#[test]
fn a_whole_number_is_no_float_that_is_beside_it() {
    let cell = |kind: &str, value: Value| result(&[("n", kind)], &json!([[value]]));
    let most = 9_007_199_254_740_992.0;
    assert_eq!(cell("integer", json!("9007199254740992")).rows::<f64>(), Ok(vec![most]));
    assert_eq!(cell("integer", json!("9007199254740994")).rows::<f64>(), Ok(vec![most + 2.0]));
    assert_eq!(cell("integer", json!(16_777_216)).rows::<f32>(), Ok(vec![16_777_216.0]));
    for value in
        [json!("9007199254740993"), json!(9_007_199_254_740_993_i64), json!("1".repeat(40))]
    {
        assert!(refused::<f64>(&cell("integer", value)).ends_with("wanted f64"));
    }
    assert!(refused::<f32>(&cell("integer", json!(16_777_217))).ends_with("wanted f32"));
    for value in [json!("1e300"), json!(1e300)] {
        assert!(refused::<f32>(&cell("float", value)).ends_with("wanted f32"));
    }
    assert!(refused::<f64>(&cell("decimal", json!("9".repeat(400)))).ends_with("wanted f64"));
    assert_eq!(cell("float", json!("Infinity")).rows::<f32>(), Ok(vec![f32::INFINITY]));
}

#[test]
fn what_a_server_wrote_stands_in_an_error_on_one_bounded_line() {
    #[derive(Debug, Deserialize)]
    struct Id {
        #[serde(rename = "id")]
        _id: i64,
    }
    #[derive(Debug, Deserialize)]
    enum Level {
        Low,
    }
    let hostile = "\u{1b}]0;owned\u{7}\n\u{202e}";
    let many: Vec<_> = (0..2000).map(|index| (format!("{hostile}{index}"), hostile)).collect();
    let many: Vec<_> = many.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    let named = |name: &str, value: &str| result(&[(name, hostile)], &json!([[value]]));
    let twice = [(hostile, "string"); 2000];
    for told in [
        refused::<Id>(&result(&many, &json!([vec![1; 2000]]))),
        refused::<i64>(&named(hostile, "x")),
        refused::<Level>(&named("level", &hostile.repeat(2000))),
        refused::<HashMap<String, i64>>(&result(&twice, &json!([vec![1; 2000]]))),
    ] {
        assert!(told.len() < 2000, "{} bytes", told.len());
        assert!(!told.contains(['\u{1b}', '\u{7}', '\n', '\u{202e}']), "{told:?}");
    }
    let _ = Level::Low;
}

#[test]
fn values_with_parts_are_read_from_their_text() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Address {
        city: String,
        floor: Option<u8>,
    }
    let columns = [("address", "json"), ("tags", "array"), ("key", "binary")];
    let rows = json!([[r#"{ "city": "Oslo", "floor": 3 }"#, "[1, 2]", "AQL/"]]);
    let found = result(&columns, &rows);
    let oslo = Address { city: "Oslo".to_owned(), floor: Some(3) };
    assert_eq!(
        found.rows::<(Address, Vec<u8>, Vec<u8>)>(),
        Ok(vec![(oslo, vec![1, 2], vec![1, 2, 255])])
    );
    let texts = found.rows::<(&str, &str, &str)>().expect("texts")[0];
    assert_eq!(texts.2, "AQL/");

    let cut = result(&[("address", "json")], &json!([[r#"{ "city": "Os"#]]));
    #[derive(Debug, Deserialize)]
    struct Person {
        #[expect(dead_code, reason = "it is not read")]
        address: Address,
    }
    let told = refused::<Person>(&cut);
    assert!(told.starts_with("rows[0][0] (column `address`, json): the JSON text `{ \\\"city\\\": \\\"Os` cannot be read"), "{told}");
    let other = result(&[("address", "json")], &json!([["{}"]]));
    assert!(refused::<Person>(&other).contains("city"), "{}", refused::<Person>(&other));
}

#[test]
fn an_error_names_the_row_the_column_what_was_found_and_what_was_wanted() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Order {
        id: i64,
        total: f64,
    }
    let columns = [("id", "integer"), ("total", "decimal")];
    let found = result(&columns, &json!([[1, "2.50"], [2, null]]));
    let error = found.rows::<Order>().expect_err("a null");
    assert_eq!(error.to_string(), "rows[1][1] (column `total`, decimal): found null, wanted f64");
    assert_eq!((error.row(), error.column()), (Some(1), Some("total")));
    assert_eq!((error.found(), error.wanted()), (Some("null"), Some("f64")));
    assert_eq!(format!("{error:?}"), format!("RowError({:?})", error.to_string()));

    let missing = result(&[("ID", "integer"), ("total", "decimal")], &json!([[1, "2"]]));
    let error = missing.rows::<Order>().expect_err("no id");
    assert_eq!(
        error.to_string(),
        "rows[0]: there is no column `id`; the columns are `ID`, `total`"
    );
    assert_eq!((error.column(), error.found()), (Some("id"), None));

    let twice =
        result(&[("id", "integer"), ("total", "float"), ("id", "integer")], &json!([[1, 2, 3]]));
    let told = "rows[0]: the columns 0 and 2 are all called `id`; name them apart in the statement, or read them by position";
    assert_eq!(refused::<Order>(&twice), told);
    assert_eq!(refused::<HashMap<String, Value>>(&twice), told);
    assert_eq!(twice.rows::<[i64; 3]>(), Ok(vec![[1, 2, 3]]));
    #[derive(Debug, PartialEq, Deserialize)]
    struct Total {
        total: i64,
    }
    assert_eq!(
        twice.rows::<Total>(),
        Ok(vec![Total { total: 2 }]),
        "what is not wanted may repeat"
    );

    assert_eq!(
        refused::<(i64,)>(&found),
        "rows[0]: found a row of 2 columns, wanted a tuple of size 1"
    );
    assert_eq!(refused::<i64>(&found), "rows[0]: found a row of 2 columns, wanted i64");
    let ragged = result(&columns, &json!([[1, "2"], [3]]));
    assert_eq!(
        refused::<Vec<Value>>(&ragged),
        "rows[1]: found 1 values, wanted one for each of the 2 columns"
    );
}

#[test]
fn rows_of_a_panel_are_read_the_same_way() {
    let query = json!(result(&[("n", "integer")], &json!([[1], [2]])));
    let mut panel = json!({
        "dashboard_id": "d", "panel": { "id": "p", "title": "P", "type": "table" }, "parameters_used": {},
        "resolved_time_range": null, "executed_sql": "select", "value": null, "steps": null,
    });
    for (name, value) in query.as_object().expect("an object") {
        panel[name] = value.clone();
    }
    let panel: RunDashboardPanelResult =
        serde_json::from_value(panel).expect("the documented shape");
    assert_eq!(panel.rows::<i64>(), Ok::<_, RowError>(vec![1, 2]));
    assert!(panel.rows::<bool>().is_err());
}
