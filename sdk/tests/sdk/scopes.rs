//! Which scopes are asked for, and what happens when they are not enough.

use std::sync::{Arc, Mutex};

use lookout_sdk::schema::{DashboardSpec, ListTables, Panel, PanelType, SaveDashboard};
use serde_json::{Value, json};

use crate::support::Fake;

fn dashboard() -> SaveDashboard {
    let panel = Panel::new("churn", "Churn", PanelType::Metric).sql("select 1");
    SaveDashboard::new("Churn", DashboardSpec::new([panel]))
}

/// The scopes that a person is asked for when the challenge names `challenged`.
async fn asked(read_only: bool, challenged: &str, supported: Value) -> String {
    let fake = Fake::start().await;
    fake.edit(|world| {
        world.challenge = Some(challenged.to_owned());
        world.resource["scopes_supported"] = supported;
    });
    let asked = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&asked);
    let oauth = fake.person(move |ask| {
        *seen.lock().unwrap() = ask.params.get("scope").cloned().unwrap_or_default();
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
    assert_eq!(asked(false, both, Value::Null).await, "mcp:read mcp:write");
    assert_eq!(asked(false, read, json!(["mcp:write"])).await, "mcp:read");
    assert_eq!(asked(true, both, Value::Null).await, "mcp:read");
    assert_eq!(asked(true, r#", scope="mcp:write""#, Value::Null).await, "mcp:read");
}

#[tokio::test]
async fn without_scopes_in_the_challenge_those_of_the_resource_are_asked_for_or_none_at_all() {
    assert_eq!(asked(false, "", json!(["mcp:write", "mcp:read"])).await, "mcp:read mcp:write");
    assert_eq!(asked(false, "", json!(["mcp:read"])).await, "mcp:read");
    assert_eq!(
        asked(false, "", Value::Null).await,
        "",
        "what is granted is the server's choice then"
    );
    assert_eq!(asked(true, "", json!(["mcp:read", "mcp:write"])).await, "mcp:read");
    assert_eq!(asked(true, "", Value::Null).await, "mcp:read");
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
        assert!(client.dispatch(name, Value::Null).await.unwrap().is_error, "{name}");
    }
    assert_eq!(fake.requests().await.len(), 0);
    client.list_tables(ListTables::default()).await.unwrap();
    assert!(!client.dispatch("list_tables", Value::Null).await.unwrap().is_error);
}

#[tokio::test]
async fn a_server_that_is_never_content_does_not_send_the_person_round_for_ever() {
    let fake = Fake::start().await;
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let client = fake.client_with(fake.person(move |ask| {
        *count.lock().unwrap() += 1;
        vec![ask.honest()]
    }));
    fake.edit(|world| world.grants = Some("mcp:read".to_owned()));
    client.sign_in().await.unwrap();
    let mut outcome = Ok(Vec::new());
    for _ in 0..10 {
        let refused = client.save_dashboard(dashboard()).await.unwrap_err();
        if refused.is_insufficient_scope() {
            outcome = client.step_up(refused.required_scopes()).await;
        }
        // Another call that succeeds in between makes no difference.
        client.list_tables(ListTables::default()).await.unwrap();
    }
    assert!(outcome.unwrap_err().is_authorization());
    assert!(*asked.lock().unwrap() <= 1 + 2, "{asked:?}");
}

#[tokio::test]
async fn a_sign_in_after_the_tokens_ended_asks_for_what_was_asked_for_before_too() {
    let fake = Fake::start().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let client = fake.client_with(fake.person(move |ask| {
        seen.lock().unwrap().push(ask.params["scope"].clone());
        vec![ask.honest()]
    }));
    client.sign_in().await.unwrap();
    fake.edit(|world| {
        world.live.clear();
        world.challenge = Some(r#", scope="mcp:read other""#.to_owned());
        let spent = json!({ "error": "invalid_grant" });
        world.token_responses.push_back(crate::support::json_response(400, &spent));
    });
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
    client.sign_in().await.unwrap();
    assert_eq!(asked.lock().unwrap()[1], "mcp:read mcp:write other");
}

#[tokio::test]
async fn further_scopes_are_asked_for_where_the_endpoint_says_now() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let client = fake.client_with(fake.person(move |ask| {
        seen.lock().unwrap().push(ask.url.origin().ascii_serialization());
        vec![ask.honest()]
    }));
    client.sign_in().await.unwrap();
    let issuer = other.origin();
    fake.edit(|world| world.resource["authorization_servers"] = json!([issuer]));
    other.edit(|world| world.grants = Some("mcp:read mcp:write".to_owned()));
    client.step_up(&["mcp:write".to_owned()]).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [fake.origin(), issuer]);
}

#[tokio::test]
async fn an_operation_that_succeeded_pays_for_no_later_step_up() {
    let fake = Fake::start().await;
    let client = fake.client();
    fake.edit(|world| {
        world.grants = Some("mcp:read".to_owned());
        world.tool_result = json!({ "content": [], "structuredContent": {} });
    });
    client.sign_in().await.unwrap();
    let refused = client.save_dashboard(dashboard()).await.unwrap_err();
    fake.edit(|world| world.grants = None);
    client.step_up(refused.required_scopes()).await.unwrap();
    assert!(
        !client.save_dashboard(dashboard()).await.is_err_and(|error| error.is_insufficient_scope())
    );
    for further in ["one", "two", "three"] {
        client.step_up(&[further.to_owned()]).await.unwrap();
    }
}
