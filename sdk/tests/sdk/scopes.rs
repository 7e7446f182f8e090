//! Which scopes are asked for, and what happens when they are not enough.

use std::sync::{Arc, Mutex};

use lookout_sdk::schema::{ListTables, SaveDashboard};
use serde_json::{Value, json};

use crate::support::Fake;

fn dashboard() -> SaveDashboard {
    serde_json::from_value(json!({ "title": "Churn", "spec": { "parameters": [], "panels": [] } }))
        .unwrap()
}

/// The scopes that a person is asked for when the challenge names `challenged`.
async fn asked(read_only: bool, challenged: &str) -> String {
    let fake = Fake::start().await;
    fake.edit(|world| world.challenge = Some(challenged.to_owned()));
    let asked = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&asked);
    let oauth = fake.person(move |ask| {
        *seen.lock().unwrap() = ask.params["scope"].clone();
        vec![ask.honest()]
    });
    let builder = fake.builder().oauth(oauth);
    if read_only {
        builder.read_only().build().unwrap().sign_in().await.unwrap();
    } else {
        builder.build().unwrap().sign_in().await.unwrap();
    }
    let asked = asked.lock().unwrap();
    asked.clone()
}

#[tokio::test]
async fn the_challenge_decides_what_is_asked_for_and_a_read_only_client_never_asks_to_write() {
    let both = r#", scope="mcp:write mcp:read""#;
    let read = r#", scope="mcp:read""#;
    assert_eq!(asked(false, both).await, "mcp:read mcp:write");
    assert_eq!(asked(false, read).await, "mcp:read");
    assert_eq!(asked(false, "").await, "mcp:read mcp:write");
    assert_eq!(asked(true, both).await, "mcp:read");
    assert_eq!(asked(true, r#", scope="mcp:write""#).await, "mcp:read");
    assert_eq!(asked(true, "").await, "mcp:read");
}

#[tokio::test]
async fn a_person_who_grants_less_is_noticed_and_can_be_asked_for_the_rest() {
    let fake = Fake::start().await;
    fake.edit(|world| world.grants = Some("mcp:read".to_owned()));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let client = fake.client_with(fake.person(move |ask| {
        seen.lock().unwrap().push(ask.params["scope"].clone());
        vec![ask.honest()]
    }));
    assert_eq!(client.sign_in().await.unwrap(), ["mcp:read"]);

    let error = client.save_dashboard(dashboard()).await.unwrap_err();
    assert!(error.is_insufficient_scope(), "{error:?}");
    assert_eq!(error.required_scopes(), ["mcp:write"]);

    fake.edit(|world| {
        world.grants = None;
        world.tool_result = json!({ "content": [], "structuredContent": {} });
    });
    assert_eq!(client.step_up(error.required_scopes()).await.unwrap(), ["mcp:read", "mcp:write"]);
    assert_eq!(asked.lock().unwrap()[1], "mcp:read mcp:write", "the union of both");
    assert!(!client.save_dashboard(dashboard()).await.unwrap_err().is_insufficient_scope());
}

#[tokio::test]
async fn a_403_opens_no_browser_and_is_not_repeated() {
    let fake = Fake::start().await;
    fake.edit(|world| {
        world.live.insert("token".to_owned(), vec!["mcp:read".to_owned()]);
    });
    let client = fake.builder().token("token").build().unwrap();
    let error = client.save_dashboard(dashboard()).await.unwrap_err();
    assert_eq!(error.required_scopes(), ["mcp:write"]);
    assert_eq!(fake.messages().await.len(), 1);
    assert!(client.step_up(error.required_scopes()).await.unwrap_err().is_authorization());
}

#[tokio::test]
async fn a_read_only_client_dispatches_nothing_that_might_write() {
    let fake = Fake::start().await;
    fake.edit(|world| {
        world.live.insert("token".to_owned(), vec!["mcp:read".to_owned(), "mcp:write".to_owned()]);
    });
    let client = fake.builder().token("token").read_only().build().unwrap();
    for name in ["save_dashboard", "a_tool_of_next_year", ""] {
        let error = client.dispatch(name, Value::Null).await.unwrap_err();
        assert!(error.is_insufficient_scope(), "{name}: {error:?}");
    }
    assert_eq!(fake.requests().await.len(), 0);
    client.list_tables(ListTables::default()).await.unwrap();
    assert!(!client.dispatch("list_tables", Value::Null).await.unwrap().is_error);
}
