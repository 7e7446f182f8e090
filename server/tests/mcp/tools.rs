//! The ten tools through the endpoint: their results fit their schemas, their errors say what to do.

use crate::served::Served;
use lookout_schema::catalogue;
use serde_json::{Value, json};

/// Calls a tool that must succeed; the result fits the tool's output schema and its text twin.
#[track_caller]
fn ok(served: &Served, token: &str, name: &str, arguments: Value) -> Value {
    let result = served.tool(token, name, arguments);
    assert_eq!(result["isError"], false, "{result:#}");
    let structured = result["structuredContent"].clone();
    let schema = &catalogue().tool(name).expect("a curated tool").output_schema;
    let validator = jsonschema::validator_for(schema).expect("a valid schema");
    let violations: Vec<_> =
        validator.iter_errors(&structured).map(|error| error.to_string()).collect();
    assert!(violations.is_empty(), "{name}: {violations:?}");
    let text = result["content"][0]["text"].as_str().expect("text");
    assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), structured);
    structured
}

/// Calls a tool that must fail with `code`; the error is text and facts, never structured content.
#[track_caller]
fn fails(served: &Served, token: &str, name: &str, arguments: Value, code: &str) -> Value {
    let result = served.tool(token, name, arguments);
    assert_eq!(result["isError"], true, "{result:#}");
    assert!(result.get("structuredContent").is_none());
    let facts = result["_meta"]["com.rudderstack.lookout/error"].clone();
    assert_eq!(facts["code"], code, "{result:#}");
    let text = result["content"][0]["text"].as_str().expect("text");
    assert!(text.starts_with(&format!("{code}: ")) && text.chars().count() <= 2000, "{text}");
    assert!(!text.contains(".db") && !text.contains("/tmp"), "an error names no file: {text}");
    facts
}

#[test]
fn an_agent_finds_its_way_from_warehouses_to_rows() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let warehouses = ok(&served, &token, "list_warehouses", json!({}));
    let id = warehouses["warehouses"][0]["id"].clone();
    assert_eq!(warehouses["warehouses"][0]["status"], "connected");
    let tables =
        ok(&served, &token, "list_tables", json!({ "warehouse_id": id, "name_contains": "ORDER" }));
    let orders = tables["tables"]
        .as_array()
        .expect("tables")
        .iter()
        .find(|table| table["name"] == "orders")
        .expect("orders");
    let described =
        ok(&served, &token, "describe_table", json!({ "table": orders["qualified_name"] }));
    assert!(described["columns_total"].as_i64() > Some(3));
    let sql = format!(
        "select count(*) as n from {} where 1 = :one",
        orders["qualified_name"].as_str().expect("a name")
    );
    let result =
        ok(&served, &token, "query_warehouse", json!({ "sql": sql, "params": { "one": 1 } }));
    assert_eq!(result["columns"][0]["name"], "n");
    assert_eq!(result["rows"][0][0], orders["approximate_rows"]);
}

#[test]
fn a_list_is_read_page_by_page_and_a_foreign_cursor_is_refused() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let whole = ok(&served, &token, "list_tables", json!({ "limit": 200 }));
    let mut seen = Vec::new();
    let mut arguments = json!({ "limit": 3 });
    loop {
        let page = ok(&served, &token, "list_tables", arguments.clone());
        seen.extend(page["tables"].as_array().expect("tables").clone());
        match &page["next_cursor"] {
            Value::Null => break,
            cursor => arguments["cursor"] = cursor.clone(),
        }
    }
    assert_eq!(json!(seen), whole["tables"]);
    let cursor = arguments["cursor"].clone();
    fails(
        &served,
        &token,
        "list_tables",
        json!({ "cursor": cursor, "name_contains": "o" }),
        "invalid_cursor",
    );
    fails(&served, &token, "list_dashboards", json!({ "cursor": cursor }), "invalid_cursor");
    fails(&served, &token, "list_source_docs", json!({ "cursor": "AAAA" }), "invalid_cursor");
}

#[test]
fn statements_that_do_more_than_read_are_refused_and_mistakes_explained() {
    let served = Served::start();
    let token = served.token("mcp:read mcp:write");
    let query = |sql: &str, code: &str| {
        fails(&served, &token, "query_warehouse", json!({ "sql": sql }), code)
    };
    query("delete from orders", "read_only_violation");
    query("with x as (select 1) insert into orders select * from x", "read_only_violation");
    query("select 1; select 2", "multiple_statements");
    query("selec 1", "sql_syntax");
    query("select load_extension('x')", "function_not_allowed");
    query("select * from sqlite_master", "table_not_found");
    query("select :a", "missing_parameter");
    assert_eq!(
        query("select * from ordes", "table_not_found")["details"]["nearest"][0],
        "main.orders"
    );
    fails(
        &served,
        &token,
        "query_warehouse",
        json!({ "sql": "select 1", "params": { "a": 1 } }),
        "unknown_parameter",
    );
    fails(
        &served,
        &token,
        "query_warehouse",
        json!({ "sql": "select :a", "params": { "a": [1] } }),
        "invalid_arguments",
    );
    fails(
        &served,
        &token,
        "query_warehouse",
        json!({ "sql": "select 1", "warehouse_id": "other" }),
        "warehouse_not_found",
    );
    let slow =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    fails(
        &served,
        &token,
        "query_warehouse",
        json!({ "sql": slow, "timeout_seconds": 1 }),
        "query_timeout",
    );
}

#[test]
fn every_argument_violation_is_reported_at_once() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let arguments = json!({ "sql": "", "max_rows": 0, "timeout_seconds": "1", "extra": true });
    let facts = fails(&served, &token, "query_warehouse", arguments, "invalid_arguments");
    let mut pointers: Vec<_> = facts["details"]["violations"]
        .as_array()
        .expect("violations")
        .iter()
        .map(|violation| violation["pointer"].clone())
        .collect();
    pointers.sort_by_key(Value::to_string);
    assert_eq!(json!(pointers), json!(["", "/max_rows", "/sql", "/timeout_seconds"]));
}

#[test]
fn results_are_cut_at_their_caps_and_say_so() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let rows = ok(
        &served,
        &token,
        "query_warehouse",
        json!({ "sql": "select * from events", "max_rows": 5 }),
    );
    assert_eq!((&rows["row_count"], &rows["truncation_reason"]), (&json!(5), &json!("row_limit")));
    let bytes = ok(
        &served,
        &token,
        "query_warehouse",
        json!({ "sql": "select * from events", "max_rows": 2000 }),
    );
    assert_eq!(bytes["truncation_reason"], "size_limit");
    assert!(bytes["row_count"].as_i64() > Some(10));
}

#[test]
fn every_panel_of_every_demo_dashboard_runs() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let dashboards = ok(&served, &token, "list_dashboards", json!({}));
    let mut kinds = Vec::new();
    for dashboard in dashboards["dashboards"].as_array().expect("dashboards") {
        let summary =
            ok(&served, &token, "get_dashboard", json!({ "dashboard": dashboard["slug"] }));
        assert!(summary["spec"]["panels"][0].get("sql").is_none());
        let full = ok(
            &served,
            &token,
            "get_dashboard",
            json!({ "dashboard": dashboard["id"], "detail": "full" }),
        );
        for panel in full["spec"]["panels"].as_array().expect("panels") {
            let range = json!({ "start": "2026-01-01T00:00:00Z", "end": "2026-11-22T00:00:00Z" });
            let arguments = json!({ "dashboard": dashboard["id"], "panel_id": panel["id"], "parameters": { "time_range": range } });
            let run = ok(&served, &token, "run_dashboard_panel", arguments);
            assert!(run["row_count"].as_i64() > Some(0), "{run:#}");
            assert!(!run["executed_sql"].as_str().expect("SQL").contains("{{"));
            assert_eq!(run["resolved_time_range"]["start"], "2026-01-01T00:00:00Z");
            match panel["type"].as_str() {
                Some("metric") => assert!(!run["value"].is_null(), "{run:#}"),
                Some("funnel") => assert_eq!(run["steps"][0]["conversion_rate"], 1.0),
                _ => assert!(run["steps"].is_null()),
            }
            kinds.push(panel["type"].clone());
        }
    }
    for kind in ["metric", "chart", "table", "funnel"] {
        assert!(kinds.contains(&json!(kind)), "no {kind} panel among {kinds:?}");
    }
}

#[test]
fn a_panel_run_names_what_is_missing_or_wrong() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let slug = "tea-leafs-revenue-report";
    let run = |panel: &str, parameters: Value, code: &str| {
        let arguments = json!({ "dashboard": slug, "panel_id": panel, "parameters": parameters });
        fails(&served, &token, "run_dashboard_panel", arguments, code)
    };
    let panels = run("nope", json!({}), "panel_not_found")["details"]["panels"].clone();
    let panel = panels[0].as_str().expect("a panel").to_owned();
    run(&panel, json!({ "nope": 1 }), "unknown_parameter");
    run(&panel, json!({ "time_range": "sometime" }), "invalid_parameter_value");
    let near = fails(
        &served,
        &token,
        "get_dashboard",
        json!({ "dashboard": "tea-leaf-revenue-report" }),
        "dashboard_not_found",
    );
    assert_eq!(near["details"]["nearest"][0], slug);
}

#[test]
fn documents_are_read_whole_in_parts_and_by_section() {
    let served = Served::start();
    let token = served.token("mcp:read");
    let docs = ok(&served, &token, "list_source_docs", json!({}));
    let longest = docs["docs"]
        .as_array()
        .expect("docs")
        .iter()
        .max_by_key(|doc| doc["size_chars"].as_i64())
        .expect("a document");
    let mut text = String::new();
    let mut arguments = json!({ "doc_id": longest["id"], "max_chars": 40_000 });
    let total = loop {
        let part = ok(&served, &token, "read_source_doc", arguments.clone());
        text.push_str(part["content"].as_str().expect("text"));
        match &part["next_offset"] {
            Value::Null => break part["total_chars"].as_i64(),
            next => arguments["offset"] = next.clone(),
        }
    };
    assert_eq!(total, longest["size_chars"].as_i64());
    assert_eq!(i64::try_from(text.chars().count()).ok(), total);
    let first = ok(&served, &token, "read_source_doc", json!({ "doc_id": longest["id"] }));
    for section in first["sections"].as_array().expect("sections").iter().take(5) {
        let part = ok(
            &served,
            &token,
            "read_source_doc",
            json!({ "doc_id": longest["id"], "section": section["slug"] }),
        );
        let heading =
            part["content"].as_str().expect("text").lines().next().expect("a line").to_owned();
        assert!(
            heading.starts_with('#')
                && heading.contains(section["title"].as_str().expect("a title")),
            "{heading}"
        );
    }
    fails(&served, &token, "read_source_doc", json!({ "doc_id": "nope" }), "doc_not_found");
    fails(
        &served,
        &token,
        "read_source_doc",
        json!({ "doc_id": longest["id"], "section": "nope" }),
        "section_not_found",
    );
    fails(
        &served,
        &token,
        "read_source_doc",
        json!({ "doc_id": longest["id"], "offset": 10_000_000 }),
        "offset_out_of_range",
    );
}
