//! What tools answer, and what cannot be an answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lookout_sdk::schema::{
    DescribeTable, ErrorCode, ListDashboards, ListTables, QueryWarehouse, Scope, catalogue,
};
use lookout_sdk::testing::{Answer, FakeLookout};
use serde_json::{Value, json};

/// Arguments that every tool takes.
fn arguments_of(tool: &str) -> Value {
    match tool {
        "describe_table" => json!({ "table": "orders" }),
        "get_dashboard" => json!({ "dashboard": "weekly-sales" }),
        "query_warehouse" => json!({ "sql": "select 1" }),
        "read_source_doc" => json!({ "doc_id": "doc_1" }),
        "run_dashboard_panel" => json!({ "dashboard": "weekly-sales", "panel_id": "revenue" }),
        "save_dashboard" => {
            let panel =
                json!({ "id": "revenue", "title": "Revenue", "type": "metric", "sql": "select 1" });
            json!({ "title": "Saved", "spec": { "panels": [panel] } })
        }
        _ => json!({}),
    }
}

/// What a failing test would print.
fn message_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<String>().unwrap()
}

#[tokio::test]
async fn every_tool_of_the_catalogue_answers_without_any_set_up_and_the_client_accepts_it() {
    let lookout = FakeLookout::start();
    let client = lookout.client();
    // From here on the client checks results against the output schemas itself.
    assert_eq!(client.tools().await.unwrap().len(), catalogue().tools.len());
    for tool in &catalogue().tools {
        let reply = client.dispatch(&tool.name, arguments_of(&tool.name)).await.unwrap();
        assert!(!reply.is_error, "{}: {}", tool.name, reply.text);
        assert!(reply.json.is_some(), "{}", tool.name);
    }
    let called: Vec<_> = lookout.calls().into_iter().map(|call| call.name).collect();
    assert!(called.iter().eq(catalogue().tools.iter().map(|tool| &tool.name)), "{called:?}");
}

#[tokio::test]
async fn a_result_is_what_the_test_said_and_the_call_is_recorded() {
    let lookout = FakeLookout::builder()
        .on("list_dashboards", json!({ "dashboards": [], "next_cursor": "2" }))
        .start();
    let found = lookout.client().list_dashboards(ListDashboards::default()).await.unwrap();
    assert_eq!(found.next_cursor.as_deref(), Some("2"));
    let calls = lookout.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].name, "list_dashboards");
    assert!(calls[0].arguments.is_object());
}

#[tokio::test]
async fn a_failure_of_a_tool_is_the_one_of_the_catalogue_with_what_the_test_adds() {
    let lookout = FakeLookout::start();
    let client = lookout.client();

    lookout.on("describe_table", Answer::error("table_not_found"));
    let error = client.describe_table(DescribeTable::new("order")).await.unwrap_err();
    let error = error.tool_error().unwrap();
    assert_eq!(error.message, catalogue().errors["table_not_found"].description);
    assert!(!error.retryable);

    let overloaded = Answer::error(ErrorCode::RateLimited)
        .message("Slow down.")
        .hint("Wait.")
        .retry_after(Duration::from_secs(3))
        .details(json!({ "limit": 10 }));
    lookout.on("describe_table", overloaded);
    let error = client.describe_table(DescribeTable::new("order")).await.unwrap_err();
    let error = error.tool_error().unwrap();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("rate_limited", "Slow down."));
    assert_eq!(error.hint.as_deref(), Some("Wait."));
    assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
    assert_eq!(error.details["limit"], 10);
    assert!(error.retryable);
}

#[tokio::test]
async fn an_answer_can_be_computed_from_the_arguments() {
    let lookout = FakeLookout::start();
    lookout.on(
        "list_tables",
        Answer::computed(|arguments| match arguments["schema"].as_str() {
            Some("main") => {
                json!({ "warehouse_id": "shop", "tables": [], "next_cursor": null }).into()
            }
            _ => Answer::error(ErrorCode::SchemaNotFound),
        }),
    );
    let client = lookout.client();
    let reply = client.dispatch("list_tables", json!({ "schema": "main" })).await.unwrap();
    assert_eq!(reply.json.unwrap()["tables"], json!([]));
    let reply = client.dispatch("list_tables", json!({ "schema": "other" })).await.unwrap();
    assert_eq!(reply.error.unwrap().code, "schema_not_found");
}

#[tokio::test]
async fn answers_come_one_after_the_other_and_the_last_one_stays() {
    let page = |next: Option<&str>| json!({ "dashboards": [], "next_cursor": next });
    let lookout = FakeLookout::start();
    let pages = Answer::sequence([page(Some("a")), page(Some("b"))]);
    let then = Answer::sequence([Answer::error("invalid_cursor"), page(None).into()]);
    lookout.on("list_dashboards", Answer::sequence([pages, then]));
    let client = lookout.client();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(client.list_dashboards(ListDashboards::default()).await);
    }
    // A sequence in a sequence gives its first answer when its turn is over at once.
    assert_eq!(seen[0].as_ref().unwrap().next_cursor.as_deref(), Some("a"));
    assert!(seen[1].as_ref().unwrap_err().is_tool_error());
    assert_eq!(seen[2].as_ref().unwrap().next_cursor, None);
    assert_eq!(seen[3].as_ref().unwrap().next_cursor, None);
}

#[tokio::test]
async fn arguments_that_do_not_fit_the_input_schema_are_a_failure_of_the_tool() {
    let lookout = FakeLookout::start();
    let arguments = json!({ "max_rows": 0, "limit": 3 });
    let reply = lookout.client().dispatch("query_warehouse", arguments).await.unwrap();
    assert!(reply.is_error);
    assert_eq!(reply.error.unwrap().code, "invalid_arguments");
    assert_eq!(lookout.calls(), []);
}

#[test]
fn a_fixture_that_the_tool_could_not_answer_names_every_member_that_is_wrong() {
    let lookout = FakeLookout::start();
    let table = json!({ "schema": "main", "name": 7, "qualified_name": "main.a", "kind": "heap", "comment": null });
    let wrong = json!({ "warehouse_id": "shop", "tables": [table], "next_cursor": false });
    insta::assert_snapshot!(lookout.try_on("list_tables", wrong).unwrap_err());

    let row = json!({ "rows": [1] });
    let answers = [Answer::error("panel_not_found"), Answer::result(row)];
    insta::assert_snapshot!(
        lookout.try_on("list_warehouses", Answer::sequence(answers)).unwrap_err()
    );

    let misspelt = lookout.try_on("list_table", json!({})).unwrap_err();
    assert!(misspelt.to_string().contains("no such tool; it has describe_table, get_dashboard"));
}

#[test]
fn the_test_that_sets_a_wrong_fixture_fails_there() {
    let lookout = FakeLookout::start();
    let panic =
        catch_unwind(AssertUnwindSafe(|| lookout.on("list_tables", json!({})))).unwrap_err();
    assert!(message_of(&*panic).starts_with("list_tables cannot answer this\n"));
}

#[tokio::test]
async fn an_answer_that_turns_out_wrong_or_panics_when_computed_fails_the_test_in_the_end() {
    let computed: [(Answer, &str); 2] = [
        (
            Answer::computed(|_| json!({ "warehouse_id": "shop" })),
            r#"the member "tables" is missing"#,
        ),
        (
            Answer::computed(|arguments| -> Value { panic!("asked for {arguments}") }),
            "the answer of list_tables panicked: asked for {",
        ),
    ];
    for (answer, expected) in computed {
        let lookout = FakeLookout::start();
        lookout.on("list_tables", answer);
        let error = lookout.client().list_tables(ListTables::default()).await.unwrap_err();
        assert_eq!(error.tool_error().unwrap().code, "internal");
        let panic = catch_unwind(AssertUnwindSafe(|| drop(lookout))).unwrap_err();
        assert!(message_of(&*panic).contains(expected), "{}", message_of(&*panic));
    }
}

#[tokio::test]
async fn a_tool_can_be_called_if_the_token_has_its_scope_and_only_then() {
    let lookout = FakeLookout::builder().scopes([Scope::McpRead]).start();
    let client = lookout.client();
    let listed: Vec<_> = client.tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
    assert!(!listed.contains(&"save_dashboard".to_owned()) && listed.len() == 9, "{listed:?}");
    let saved = client.dispatch("save_dashboard", arguments_of("save_dashboard")).await;
    assert_eq!(saved.unwrap().required_scopes(), ["mcp:write"]);
    assert!(client.query_warehouse(QueryWarehouse::new("select 1")).await.is_ok());
    assert!(lookout.read_only_client().list_tables(ListTables::default()).await.is_ok());
    assert_eq!(lookout.calls().len(), 2);
}
