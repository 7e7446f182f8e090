//! What goes wrong, in words and in exit codes.

use lookout_sdk::schema::Scope;
use lookout_sdk::testing::{FakeLookout, Fault};

use crate::support::Home;

#[test]
fn a_command_without_a_server_asks_which() {
    let home = Home::new();
    insta::assert_snapshot!(home.finish(home.bare(&["whoami"])).shown());
}

#[test]
fn a_token_does_not_go_to_the_endpoint_of_another_login() {
    let home = Home::new();
    let folder = home.path().join("config/lookout");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("endpoint"), home.lookout.endpoint()).unwrap();
    let mut query = home.bare(&["query", "select 1"]);
    query.env("LOOKOUT_TOKEN", home.lookout.token());
    let run = home.finish(query);
    assert_eq!(run.code, 2, "{}", run.shown());
    assert!(run.err.contains("--url"), "{}", run.err);
    assert_eq!(home.lookout.calls(), []);
}

#[test]
fn a_token_that_is_refused_or_does_not_suffice_is_a_matter_of_permission() {
    let home = Home::new();
    home.lookout.fail_next(1, Fault::RevokedToken);
    insta::assert_snapshot!("token_refused", home.run(&["query", "select 1"]).shown());
    let args = r#"{"title":"t","spec":{"panels":[{"id":"a","title":"A","type":"metric","sql":"select 1"}]}}"#;
    let mut command = home.command(&["call", "save_dashboard", "--args", args]);
    command.env("LOOKOUT_TOKEN", home.lookout.token_with([Scope::McpRead]));
    insta::assert_snapshot!("scope_missing_token", home.finish(command).shown());
}

#[test]
fn a_server_that_cannot_be_reached_or_makes_no_sense_is_a_matter_of_the_server() {
    let home = Home::new();
    for fault in [Fault::Unavailable, Fault::MalformedJson, Fault::ClosedConnection] {
        home.lookout.fail_always(fault.clone());
        let run = home.run(&["query", "select 1"]);
        assert_eq!((run.code, &*run.out), (4, ""), "{fault:?}: {}", run.shown());
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        home.lookout.heal();
    }
    let wait = std::time::Duration::from_secs(7200);
    home.lookout.fail_always(Fault::RateLimited { retry_after: wait });
    let run = home.run(&["query", "select 1"]);
    assert!(run.code == 4 && run.err.contains("wait 7200 s"), "{}", run.shown());

    let gone = FakeLookout::start().endpoint();
    let run = home.run(&["query", "select 1", "--url", &gone]);
    assert!(run.code == 4 && run.err.contains("onnection refused"), "{}", run.shown());
    let page = home.lookout.endpoint().replace("/mcp", "/");
    assert_eq!(home.run(&["whoami", "--url", &page]).code, 4);
}

#[test]
fn an_endpoint_that_cannot_be_right_is_a_matter_of_usage() {
    let home = Home::new();
    let run = home.run(&["whoami", "--url", "http://lookout.example/mcp"]);
    assert!(run.code == 2 && run.err.contains("https"), "{}", run.shown());
}

#[test]
fn a_token_is_never_an_argument() {
    let home = Home::new();
    assert_eq!(home.run(&["whoami", "--token", "lkmcp_1"]).code, 2);
}
