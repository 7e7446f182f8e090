//! Replacing an access token.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lookout_sdk::Client;
use lookout_sdk::auth::MemoryStore;
use lookout_sdk::schema::ListTables;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::stores::{Expiring, Failing, Spy};
use crate::support::{Fake, json_response};

async fn signed_in(fake: &Fake) -> Client {
    let client = fake.client();
    client.sign_in().await.unwrap();
    client
}

async fn list(client: &Client) -> Result<(), lookout_sdk::Error> {
    client.list_tables(ListTables::default()).await.map(|_| ())
}

async fn refreshes(fake: &Fake) -> Vec<String> {
    let forms = fake.forms("/oauth/token").await;
    forms.into_iter().filter_map(|mut form| form.remove("refresh_token")).collect()
}

#[tokio::test]
async fn many_calls_that_are_refused_at_once_refresh_once() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    fake.edit(|world| world.live.clear());

    let calls: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { list(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }

    assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);
}

#[tokio::test]
async fn a_refresh_names_the_client_and_the_resource_and_asks_for_no_other_scope() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    fake.edit(|world| world.live.clear());
    list(&client).await.unwrap();

    let form = fake.forms("/oauth/token").await.pop().unwrap();
    assert_eq!(form["grant_type"], "refresh_token");
    assert_eq!(form["client_id"], "client-1");
    assert_eq!(form["resource"], fake.endpoint());
    assert!(!form.contains_key("scope"));
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_it_is_sent() {
    let fake = Fake::start().await;
    let store = Arc::new(MemoryStore::new());
    let first = fake.client_with(fake.honest().store(Arc::clone(&store)));
    first.sign_in().await.unwrap();
    let late = fake.client_with(fake.honest().store(Expiring(store)));
    list(&late).await.unwrap();

    assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);
    let sent = fake.requests().await;
    let last = sent.last().unwrap();
    assert_eq!(last.headers["authorization"], "Bearer secret-access-2");
}

#[tokio::test]
async fn a_spent_refresh_token_is_dropped_and_never_sent_again() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    fake.edit(|world| {
        world.live.clear();
        world.token_responses.push_back(json_response(400, &json!({ "error": "invalid_grant" })));
    });
    for _ in 0..3 {
        assert!(list(&client).await.unwrap_err().is_unauthorized());
    }
    assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);

    client.sign_in().await.unwrap();
    list(&client).await.unwrap();
    let registrations = fake.paths().await.iter().filter(|path| *path == "/oauth/register").count();
    assert_eq!(registrations, 1, "the registration outlives the grant");
}

/// Ends the access token and makes the token endpoint answer `status` once.
fn down(fake: &Fake, status: u16, retry_after: Option<&str>) {
    let mut answer = ResponseTemplate::new(status);
    if let Some(wait) = retry_after {
        answer = answer.insert_header("retry-after", wait);
    }
    fake.edit(|world| {
        world.live.clear();
        world.token_responses.push_back(answer);
    });
}

#[tokio::test]
async fn a_short_overload_is_sat_through() {
    for status in [429, 503] {
        let fake = Fake::start().await;
        let client = signed_in(&fake).await;
        down(&fake, status, Some("1"));
        let start = Instant::now();
        list(&client).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(1));
        assert_eq!(refreshes(&fake).await, ["secret-refresh-1", "secret-refresh-1"]);
    }
}

#[tokio::test]
async fn a_server_that_is_down_does_not_end_the_grant_and_is_left_alone_for_as_long_as_it_asks() {
    for (status, asks) in [(429, 7), (503, 3600), (500, 9), (502, 7)] {
        let fake = Fake::start().await;
        let client = signed_in(&fake).await;
        down(&fake, status, Some(&asks.to_string()));
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { list(&client).await.unwrap_err() })
            })
            .collect();
        for call in calls {
            let error = call.await.unwrap();
            assert!(error.is_transport(), "{error:?}");
            assert_eq!(error.status(), Some(status));
            let left = error.retry_after().unwrap().as_secs_f64();
            assert!(left <= f64::from(asks) && left > f64::from(asks) - 2.0, "{left}");
        }
        assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);
        let granted = client.sign_in().await.unwrap();
        assert_eq!(granted, ["mcp:read", "mcp:write"], "nobody is asked meanwhile");
    }
}

#[tokio::test]
async fn after_a_failure_without_a_date_the_same_refresh_token_is_tried_again_a_little_later() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    down(&fake, 500, None);
    let wait = list(&client).await.unwrap_err();
    assert!(wait.is_transport());
    let wait = list(&client).await.unwrap_err().retry_after().unwrap();
    assert!(wait <= Duration::from_secs(2));
    tokio::time::sleep(wait).await;
    list(&client).await.unwrap();
    assert_eq!(refreshes(&fake).await, ["secret-refresh-1", "secret-refresh-1"]);
}

#[tokio::test]
async fn any_refusal_for_good_ends_the_tokens_and_leads_to_a_sign_in() {
    for code in ["invalid_grant", "unauthorized_client", "invalid_scope", "invalid_target"] {
        let fake = Fake::start().await;
        let client = signed_in(&fake).await;
        fake.edit(|world| {
            world.live.clear();
            world.token_responses.push_back(json_response(400, &json!({ "error": code })));
        });
        assert!(list(&client).await.unwrap_err().is_unauthorized());
        client.sign_in().await.unwrap();
        list(&client).await.unwrap();
        assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);
    }
}

#[tokio::test]
async fn calls_that_find_the_tokens_ended_do_not_each_look_for_new_ones() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    fake.edit(|world| {
        world.live.clear();
        world.token_responses.push_back(json_response(400, &json!({ "error": "invalid_grant" })));
    });
    let before = fake.requests().await.len();
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { list(&client).await.unwrap_err().is_unauthorized() })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    let others = fake.paths().await.split_off(before);
    let others = others.iter().filter(|path| *path != "/mcp").count();
    assert!(others <= 1 + 4, "one refresh and few looks at the metadata, not {others}");
}

#[tokio::test]
async fn a_token_that_is_refused_although_fresh_is_refreshed_once_and_not_for_ever() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    fake.on("/mcp", |_| ResponseTemplate::new(401));
    assert!(list(&client).await.unwrap_err().is_unauthorized());
    assert_eq!(refreshes(&fake).await.len(), 1);
    client.sign_in().await.unwrap();
    let redeemed = fake.forms("/oauth/token").await;
    assert_eq!(redeemed.last().unwrap()["grant_type"], "authorization_code", "the person is asked");
}

#[tokio::test]
async fn a_token_that_ends_early_and_cannot_be_renewed_leads_to_a_sign_in_and_to_no_loop() {
    let fake = Fake::start().await;
    let only = json!({ "access_token": "secret-only", "token_type": "Bearer", "expires_in": 600 });
    fake.edit(|world| world.token_responses.push_back(json_response(200, &only)));
    let client = signed_in(&fake).await;
    let before = fake.requests().await.len();
    let (one, other, third) = tokio::join!(list(&client), list(&client), list(&client));
    for outcome in [one, other, third, list(&client).await] {
        assert!(outcome.unwrap_err().is_unauthorized());
    }
    let paths = fake.paths().await.split_off(before);
    let calls = paths.iter().filter(|path| *path == "/mcp").count();
    assert!(calls == 4 && paths.len() <= 4 + 4, "{paths:?}");
    assert!(!paths.contains(&"/oauth/token".to_owned()), "{paths:?}");

    client.sign_in().await.unwrap();
    list(&client).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_rotate_keeps_the_refresh_token_good() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    fake.edit(|world| {
        world.live.clear();
        world.live.insert("next".to_owned(), vec!["mcp:read".to_owned()]);
        world.token_responses.push_back(json_response(
            200,
            &json!({ "access_token": "next", "token_type": "Bearer" }),
        ));
    });
    list(&client).await.unwrap();
    fake.edit(|world| world.live.clear());
    list(&client).await.unwrap();
    assert_eq!(refreshes(&fake).await, ["secret-refresh-1", "secret-refresh-1"]);
}

#[tokio::test]
async fn a_fresh_refresh_token_is_stored_before_its_access_token_is_used() {
    let fake = Fake::start().await;
    let saves = Arc::new(Mutex::new(Vec::new()));
    let store = Spy(MemoryStore::new(), Arc::clone(&saves));
    let client = fake.client_with(fake.honest().store(store));
    client.sign_in().await.unwrap();

    let stored = Arc::clone(&saves);
    let used_unstored = Arc::new(Mutex::new(false));
    let verdict = Arc::clone(&used_unstored);
    fake.edit(|world| world.live.clear());
    fake.on("/mcp", move |request| {
        let sent = request.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        match sent.as_deref() {
            Some("Bearer secret-access-2") => {
                let saved = stored.lock().unwrap().iter().any(|json: &String| json.contains("secret-refresh-2"));
                *verdict.lock().unwrap() = !saved;
                let tables = json!({ "warehouse_id": "shop", "tables": [], "next_cursor": null });
                crate::support::result(request, &json!({ "resultType": "complete", "content": [], "structuredContent": tables }))
            }
            _ => ResponseTemplate::new(401),
        }
    });
    list(&client).await.unwrap();
    assert!(!*used_unstored.lock().unwrap());
}

#[tokio::test]
async fn a_token_that_could_not_be_stored_is_not_used_until_it_is() {
    let fake = Fake::start().await;
    let store = Failing::default();
    let broken = Arc::clone(&store.0);
    let client = fake.client_with(fake.honest().store(store));
    client.sign_in().await.unwrap();
    fake.edit(|world| world.live.clear());
    *broken.lock().unwrap() = true;
    for _ in 0..2 {
        assert!(list(&client).await.unwrap_err().is_authorization());
    }
    *broken.lock().unwrap() = false;
    list(&client).await.unwrap();
    assert_eq!(refreshes(&fake).await, ["secret-refresh-1"], "the rotated token was not lost");
}

#[tokio::test]
async fn a_call_that_is_dropped_does_not_cut_the_refresh_off() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    let slow = json!({
        "access_token": "slow", "token_type": "Bearer", "expires_in": 600, "refresh_token": "secret-refresh-slow",
    });
    fake.edit(|world| {
        world.live.clear();
        world.live.insert("slow".to_owned(), vec!["mcp:read".to_owned()]);
        world
            .token_responses
            .push_back(json_response(200, &slow).set_delay(Duration::from_millis(300)));
    });
    let dropped = tokio::time::timeout(Duration::from_millis(100), list(&client)).await;
    assert!(dropped.is_err(), "the refresh takes longer than the caller waits");
    list(&client).await.unwrap();
    assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);
}

#[tokio::test]
async fn tokens_that_another_process_stored_are_taken_over_instead_of_spending_the_old_ones_twice()
{
    let fake = Fake::start().await;
    let store = Arc::new(MemoryStore::new());
    let client =
        |store: &Arc<MemoryStore>| fake.client_with(fake.honest().store(Arc::clone(store)));
    let (one, other) = (client(&store), client(&store));
    one.sign_in().await.unwrap();
    other.sign_in().await.unwrap();
    fake.edit(|world| world.live.clear());
    list(&one).await.unwrap();
    list(&other).await.unwrap();
    assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);
}

#[tokio::test]
async fn a_token_that_could_not_be_stored_is_used_by_no_call_that_waited_for_it() {
    let fake = Fake::start().await;
    let store = Failing::default();
    let broken = Arc::clone(&store.0);
    let client = fake.client_with(fake.honest().store(store));
    client.sign_in().await.unwrap();
    fake.edit(|world| world.live.clear());
    *broken.lock().unwrap() = true;
    let all = tokio::join!(list(&client), list(&client), list(&client), list(&client));
    for outcome in [all.0, all.1, all.2, all.3] {
        assert!(outcome.unwrap_err().is_authorization());
    }
    for request in fake.requests().await {
        let sent = request.headers.get("authorization");
        assert!(sent.is_none_or(|token| token == "Bearer secret-access-1"), "{sent:?}");
    }
}

#[tokio::test]
async fn calls_after_a_fresh_token_was_refused_do_not_refresh_again() {
    let fake = Fake::start().await;
    let client = signed_in(&fake).await;
    fake.on("/mcp", |_| ResponseTemplate::new(401));
    assert!(list(&client).await.unwrap_err().is_unauthorized());
    let before = fake.requests().await.len();
    for _ in 0..3 {
        assert!(list(&client).await.unwrap_err().is_unauthorized());
    }
    assert_eq!(fake.paths().await.split_off(before), ["/mcp"; 3]);
}
