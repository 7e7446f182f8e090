//! `lookout tools`: what there is to call.

use lookout_sdk::schema::{Scope, catalogue};
use serde_json::Value;

use crate::support::Home;

#[test]
fn the_catalogue_is_shown_without_a_server() {
    let home = Home::new();
    let run = |arguments: &[&str]| home.finish(home.bare(arguments));
    insta::assert_snapshot!("tools", run(&["tools"]).ok());
    insta::assert_snapshot!("tools_query_warehouse", run(&["tools", "query_warehouse"]).ok());
    insta::assert_snapshot!("tools_unknown", run(&["tools", "drop_table"]).shown());
    let all: Vec<Value> = serde_json::from_str(&run(&["tools", "--json"]).ok()).unwrap();
    assert_eq!(all.len(), catalogue().tools.len());
    assert_eq!(all[0]["inputSchema"], catalogue().tools[0].input_schema);
    let one: Value = serde_json::from_str(&run(&["tools", "list_tables", "--json"]).ok()).unwrap();
    assert_eq!(one["scopes"][0], "mcp:read");
    assert_eq!(one["errors"][0]["code"], "warehouse_required");
}

#[test]
fn every_tool_has_a_page_and_no_line_is_too_long() {
    let home = Home::new();
    for tool in &catalogue().tools {
        let page = home.finish(home.bare(&["tools", &tool.name])).ok();
        for line in page.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn the_server_is_asked_what_it_lets_one_call() {
    let home = Home::new();
    let mut command = home.command(&["tools", "--remote"]);
    command.env("LOOKOUT_TOKEN", home.lookout.token_with([Scope::McpRead]));
    let listed = home.finish(command).ok();
    assert!(listed.contains("list_tables") && !listed.contains("save_dashboard"), "{listed}");
    let all: Vec<Value> =
        serde_json::from_str(&home.run(&["tools", "--remote", "--json"]).ok()).unwrap();
    assert_eq!(all.len(), catalogue().tools.len());
}
