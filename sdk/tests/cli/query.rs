//! `lookout query`: statements in, rows out.

use std::io::Read as _;
use std::process::Stdio;

use lookout_sdk::testing::Answer;
use serde_json::{Value, json};

use crate::support::Home;

/// A result with these rows of text and one number.
fn result(rows: &Value) -> Value {
    json!({
        "warehouse_id": "shop",
        "columns": [
            { "name": "name", "type": "TEXT", "normalized_type": "string" },
            { "name": "n", "type": "INTEGER", "normalized_type": "integer" },
        ],
        "rows": rows,
        "row_count": rows.as_array().unwrap().len(),
        "truncated": false,
        "truncation_reason": null,
        "statement_id": "s",
        "elapsed_ms": 1,
        "bytes_scanned": null,
        "hints": [],
    })
}

#[test]
fn rows_are_printed_in_every_format() {
    let home = Home::new();
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        let rows = home.run(&["query", "select 1", "--output", format]).ok();
        insta::assert_snapshot!(format!("query_{format}"), rows);
    }
    let line = home.run(&["query", "select 1", "--json"]).ok();
    assert_eq!(line.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["row_count"], 3);
}

#[test]
fn what_a_format_has_to_quote_is_quoted() {
    let home = Home::new();
    let rows =
        json!([["a,b", 1], ["say \"hi\"", 2], ["two\nlines", 3], ["", 4], [null, 5], ["a|b\\", 6]]);
    home.lookout.on("query_warehouse", result(&rows));
    let run = |format| home.run(&["query", "q", "-o", format]).ok();
    assert_eq!(
        run("csv"),
        "name,n\n\"a,b\",1\n\"say \"\"hi\"\"\",2\n\"two\nlines\",3\n\"\",4\n,5\na|b\\,6\n"
    );
    insta::assert_snapshot!("query_quoted_markdown", run("markdown"));
    insta::assert_snapshot!("query_quoted_table", run("table"));
    let objects: Vec<Value> =
        run("ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects[2], json!({ "name": "two\nlines", "n": 3 }));
    assert_eq!(objects[4]["name"], Value::Null);
}

#[test]
fn columns_of_one_name_are_told_apart_where_they_must_be() {
    let home = Home::new();
    let mut twice = result(&json!([["a", "b"]]));
    twice["columns"][1]["name"] = "name".into();
    home.lookout.on("query_warehouse", twice);
    assert_eq!(
        home.run(&["query", "q", "-o", "ndjson"]).ok(),
        "{\"name\":\"a\",\"name_2\":\"b\"}\n"
    );
    assert!(home.run(&["query", "q", "-o", "csv"]).ok().starts_with("name,name\n"));
}

#[test]
fn a_statement_comes_from_the_command_line_a_file_or_standard_input() {
    let home = Home::new();
    std::fs::write(home.path().join("report.sql"), "select 2\n").unwrap();
    home.run(&["query", "select 1"]).ok();
    home.run(&["query", "@report.sql"]).ok();
    home.run_with_input(&["query", "-"], "select 3").ok();
    let sent: Vec<_> =
        home.lookout.calls().into_iter().map(|call| call.arguments["sql"].clone()).collect();
    assert_eq!(sent, ["select 1", "select 2\n", "select 3"]);
}

#[test]
fn flags_become_arguments_of_their_type() {
    let home = Home::new();
    let flags = "query q --warehouse shop -n 5 --timeout 9 -p a=1 -p b=x=y -p c=null -p d=true -p e=007 -p f=\"1\" -p g={}";
    home.run(&flags.split(' ').collect::<Vec<_>>()).ok();
    let expected = json!({
        "sql": "q",
        "warehouse_id": "shop",
        "max_rows": 5,
        "timeout_seconds": 9,
        "params": { "a": 1, "b": "x=y", "c": null, "d": true, "e": "007", "f": "1", "g": "{}" },
    });
    assert_eq!(home.lookout.calls()[0].arguments, expected);
}

#[test]
fn a_number_that_would_be_rounded_is_sent_as_it_was_written() {
    let home = Home::new();
    for (written, sent) in [
        ("12345678901234567890123", json!("12345678901234567890123")),
        ("0.12345678901234567890", json!("0.12345678901234567890")),
        ("9007199254740993", json!(9_007_199_254_740_993_i64)),
        ("1.50", json!(1.5)),
        ("-0.1", json!(-0.1)),
    ] {
        home.run(&["query", "select :v", "--param", &format!("v={written}")]).ok();
        assert_eq!(home.lookout.calls().pop().unwrap().arguments["params"]["v"], sent);
    }
    let twice = home.run(&["query", "select :v", "--param", "v=1", "--param", "v=2"]);
    assert_eq!(twice.code, 2);
    assert_eq!(twice.err, "error: --param v is given more than once\n");
}

#[test]
fn a_statement_may_begin_with_a_comment() {
    let home = Home::new();
    let statement = "-- how many\nselect count(*) from orders";
    home.run(&["query", statement]).ok();
    assert_eq!(home.lookout.calls()[0].arguments["sql"], statement);
    let typo = home.run(&["query", "--max-row", "5"]);
    assert_eq!(typo.code, 2, "{}", typo.shown());
    assert_eq!(home.lookout.calls().len(), 1);
}

#[test]
fn a_result_that_is_cut_off_says_so_beside_the_rows() {
    let home = Home::new();
    let mut cut = result(&json!([["a", 1]]));
    cut["truncated"] = true.into();
    cut["truncation_reason"] = "row_limit".into();
    cut["hints"] = json!(["There are more rows."]);
    home.lookout.on("query_warehouse", cut);
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        let run = home.run(&["query", "q", "-o", format]);
        assert!(!run.out.contains("warning"), "{}", run.out);
        assert_eq!(
            run.err,
            "warning: the result is cut off after 1 rows; raise --max-rows, or aggregate in SQL\n\
             note: There are more rows.\n"
        );
    }
}

#[test]
fn long_values_are_cut_in_a_table_and_nowhere_else() {
    let home = Home::new();
    let long = "x".repeat(500);
    home.lookout.on("query_warehouse", result(&json!([[long, 1]])));
    let run = home.run(&["query", "q"]);
    assert!(run.out.contains("x…  1\n") && run.out.lines().all(|line| line.chars().count() < 70));
    assert!(run.err.contains("--output csv"), "{}", run.err);
    assert!(home.run(&["query", "q", "-o", "csv"]).ok().contains(&long));
}

#[test]
fn nothing_that_a_server_sends_acts_on_a_terminal() {
    let home = Home::new();
    let hostile = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}back\u{9b}2J\u{200b}\u{e0041}";
    let mut rows = result(&json!([[hostile, 1]]));
    rows["columns"][0]["name"] = hostile.into();
    rows["hints"] = json!([hostile]);
    home.lookout.on("query_warehouse", rows.clone());
    let acts = |text: &str| {
        text.chars()
            .any(|c| (c.is_control() && c != '\n') || "\u{202e}\u{200b}\u{e0041}".contains(c))
    };
    for format in ["table", "json", "ndjson", "markdown"] {
        let run = home.run(&["query", "q", "-o", format]);
        assert!(!acts(&run.out) && !acts(&run.err), "{format}: {run:?}");
        assert!(run.out.contains("red"), "{format}");
    }
    // JSON means the same as ever.
    let json: Value = serde_json::from_str(&home.run(&["query", "q", "--json"]).ok()).unwrap();
    assert_eq!(json["rows"], rows["rows"]);
    // A file gets the data as it is.
    assert!(home.run(&["query", "q", "-o", "csv"]).ok().contains(hostile));

    home.lookout
        .on("query_warehouse", Answer::error("query_failed").message(hostile).hint(hostile));
    for run in [home.run(&["query", "q"]), home.run(&["--json", "query", "q"])] {
        assert!(run.code == 1 && !acts(&run.err) && run.out.is_empty(), "{run:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = Home::new();
    let rows: Vec<_> = (0..2000).map(|n| json!(["x".repeat(100), n])).collect();
    home.lookout.on("query_warehouse", result(&rows.into()));
    let mut command = home.command(&["query", "q", "-o", "csv"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"name,n");
    // The pipe is closed from here on.
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
