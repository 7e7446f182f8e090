//! `lookout call`: flags in, JSON out.

use lookout_sdk::schema::catalogue;
use lookout_sdk::testing::Answer;
use serde_json::{Value, json};

use crate::support::Home;

fn sent(home: &Home) -> Value {
    home.lookout.calls().pop().unwrap().arguments
}

#[test]
fn flags_become_arguments_of_the_types_that_the_catalogue_has() {
    let home = Home::new();
    let out = home.run(&["call", "list_tables", "--schema", "main", "--limit", "20"]).ok();
    assert_eq!(sent(&home), json!({ "schema": "main", "limit": 20 }));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["warehouse_id"], "shop");
    assert!(out.starts_with("{\n  "), "indented for a person: {out}");

    home.run(&["call", "list_tables", "--name-contains", "-x"]).ok();
    assert_eq!(sent(&home), json!({ "name_contains": "-x" }));
    home.run(&["call", "list_tables", "--name_contains", "x"]).ok();
    assert_eq!(sent(&home), json!({ "name_contains": "x" }));
    home.run(&["call", "get_dashboard", "--dashboard", "sales", "--detail", "full"]).ok();
    assert_eq!(sent(&home), json!({ "dashboard": "sales", "detail": "full" }));
    home.run(&["call", "list_warehouses"]).ok();
    assert_eq!(sent(&home), json!({}));
}

#[test]
fn objects_come_as_json_from_the_command_line_a_file_or_standard_input() {
    let home = Home::new();
    let spec =
        json!({ "panels": [{ "id": "n", "title": "N", "type": "metric", "sql": "select 1" }] });
    let expected = json!({ "title": "Sales", "spec": spec, "dry_run": true });
    std::fs::write(home.path().join("spec.json"), spec.to_string()).unwrap();
    let save = ["call", "save_dashboard", "--title", "Sales", "--dry-run", "--spec"];
    for (given, input) in [
        (spec.to_string(), ""),
        ("@spec.json".to_owned(), ""),
        ("-".to_owned(), &*spec.to_string()),
    ] {
        home.run_with_input(&[&save[..], &[&*given]].concat(), input).ok();
        assert_eq!(sent(&home), expected);
    }
    let without =
        ["call", "save_dashboard", "--title", "Sales", "--dry-run=false", "--spec", "@spec.json"];
    home.run(&without).ok();
    assert_eq!(sent(&home)["dry_run"], false);
}

#[test]
fn all_arguments_can_come_at_once_and_flags_replace_them() {
    let home = Home::new();
    let args = r#"{"table": "orders", "warehouse_id": "shop"}"#;
    home.run(&["call", "describe_table", "--args", args]).ok();
    assert_eq!(sent(&home), json!({ "table": "orders", "warehouse_id": "shop" }));
    home.run_with_input(&["call", "describe_table", "--args", "-", "--table", "carts"], args).ok();
    assert_eq!(sent(&home), json!({ "table": "carts", "warehouse_id": "shop" }));
}

#[test]
fn every_tool_can_be_called_and_prints_its_result() {
    let home = Home::new();
    let panel = json!({ "id": "n", "title": "N", "type": "metric", "sql": "select 1" });
    let all = json!({
        "table": "t", "dashboard": "d", "sql": "q", "doc_id": "d", "panel_id": "p",
        "title": "t", "spec": { "panels": [panel] },
    });
    for tool in &catalogue().tools {
        let needed = tool.input_schema["required"].as_array().into_iter().flatten();
        let arguments: Value = needed
            .map(|name| (name.as_str().unwrap().to_owned(), all[name.as_str().unwrap()].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let out = home.run(&["call", &tool.name, "--args", &arguments.to_string(), "--json"]).ok();
        assert_eq!(out.lines().count(), 1, "{}", tool.name);
        assert!(serde_json::from_str::<Value>(&out).unwrap().is_object(), "{}", tool.name);
    }
}

#[test]
fn what_the_catalogue_rules_out_is_not_sent() {
    let home = Home::new();
    for (arguments, told) in [
        (&["call", "list_tables", "--limit", "0"][..], "0 is not in 1..=200"),
        (&["call", "list_tables", "--limit", "many"], "invalid value 'many'"),
        (
            &["call", "get_dashboard", "--dashboard", "d", "--detail", "some"],
            "possible values: full, summary",
        ),
        (&["call", "describe_table"], "--table <TEXT>"),
        (&["call", "list_tables", "--limt", "1"], "'--limit'"),
        (&["call", "list_table"], "'list_tables'"),
        (&["call", "save_dashboard", "--title", "t", "--spec", "{"], "--spec is not JSON"),
        (
            &["call", "save_dashboard", "--title", "t", "--spec", "@none"],
            "could not be read from none",
        ),
        (&["call", "list_tables", "--args", "[]"], "one JSON object"),
        (&["call", "list_tables", "--schema", ""], "/schema"),
        (&["query", "q", "--max-rows", "5000"], "5000 is not in 1..=2000"),
        (&["query", "q", "--param", "a"], "NAME=VALUE"),
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.shown());
        assert!(run.err.starts_with("error: ") && run.err.contains(told), "{}", run.err);
        assert_eq!(run.out, "");
    }
    assert_eq!(home.lookout.calls(), []);
    let run = home.run(&["call", "list_tables", "--limit", "0", "--json"]);
    let error: Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!((run.code, &error["error"]["kind"]), (2, &json!("usage")));
    assert_eq!(
        error["error"]["message"],
        "invalid value '0' for '--limit <N>': 0 is not in 1..=200"
    );
}

#[test]
fn a_failure_of_the_tool_is_one_line_with_what_to_do() {
    let home = Home::new();
    let missing =
        Answer::error("table_not_found").message("There is no order.").hint("Did you mean orders?");
    home.lookout.on("describe_table", missing.details(json!({ "nearest": ["orders"] })));
    let run = home.run(&["call", "describe_table", "--table", "order"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.err, "error: table_not_found: There is no order. Did you mean orders?\n");

    let run = home.run(&["call", "describe_table", "--table", "order", "--json"]);
    let error: Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(error["error"]["kind"], "tool");
    assert_eq!(error["error"]["code"], "table_not_found");
    assert_eq!(error["error"]["details"]["nearest"][0], "orders");
}
