//! Clients that share a store: of one process, or of several.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lookout_sdk::auth::{FileStore, OAuth, SignedOut};
use lookout_sdk::schema::ListTables;
use lookout_sdk::{Client, Error};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Fake, json_response};

async fn list(client: &Client) -> Result<(), Error> {
    client.list_tables(ListTables::default()).await.map(|_| ())
}

async fn refreshes(fake: &Fake) -> Vec<String> {
    let forms = fake.forms("/oauth/token").await;
    forms.into_iter().filter_map(|mut form| form.remove("refresh_token")).collect()
}

/// The same store, with a person who is not there.
fn nobody(oauth: &OAuth) -> OAuth {
    oauth.clone().present(|_| panic!("nobody is to be asked"))
}

/// Ends the access token, and lets the refresh of it come to `answer` after a while.
fn refresh_slowly(fake: &Fake, answer: ResponseTemplate) {
    fake.edit(|world| {
        world.live.clear();
        world.token_responses.push_back(answer.set_delay(Duration::from_millis(300)));
    });
}

/// A call that is in the middle of its refresh.
async fn refreshing(fake: &Fake, client: &Client) -> tokio::task::JoinHandle<Result<(), Error>> {
    let client = client.clone();
    let call = tokio::spawn(async move { list(&client).await });
    while refreshes(fake).await.is_empty() {
        tokio::task::yield_now().await;
    }
    call
}

fn rotated(fake: &Fake) -> ResponseTemplate {
    fake.edit(|world| {
        world.grants = Some("mcp:read mcp:write".to_owned());
    });
    let next = json!({ "access_token": "slow", "token_type": "Bearer", "expires_in": 600, "refresh_token": "secret-refresh-slow" });
    json_response(200, &next)
}

#[tokio::test]
async fn each_account_of_a_store_is_signed_in_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start().await;
    for service in [fake.honest(), fake.honest().store(FileStore::new(folder.path()))] {
        let client = |account: &str| fake.client_with(nobody(&service).account(account));
        fake.client_with(service.clone().account("ann")).sign_in().await.unwrap();
        list(&client("ann")).await.unwrap();
        for stranger in [client("bob"), client(""), fake.client_with(nobody(&service))] {
            let before = fake.requests().await.len();
            assert!(list(&stranger).await.unwrap_err().is_unauthorized());
            let sent = fake.requests().await.split_off(before);
            assert!(sent.iter().all(|request| !request.headers.contains_key("authorization")));
        }
        client("bob").sign_out().await.unwrap();
        list(&client("ann")).await.unwrap();
    }
}

#[tokio::test]
async fn clients_of_one_process_show_a_refresh_token_once() {
    let fake = Fake::start().await;
    let oauth = fake.honest();
    let (one, other) = (fake.client_with(oauth.clone()), fake.client_with(oauth));
    one.sign_in().await.unwrap();
    other.sign_in().await.unwrap();
    let answer = rotated(&fake);
    refresh_slowly(&fake, answer);
    fake.edit(|world| drop(world.live.insert("slow".to_owned(), vec!["mcp:read".to_owned()])));
    let (first, second) = tokio::join!(list(&one), list(&other));
    first.unwrap();
    second.unwrap();
    assert_eq!(refreshes(&fake).await, ["secret-refresh-1"]);
}

#[tokio::test]
async fn a_sign_in_outlives_a_refresh_of_the_old_grant_that_fails_meanwhile() {
    let fake = Fake::start().await;
    let oauth = fake.honest();
    let late = fake.client_with(oauth.clone());
    late.sign_in().await.unwrap();
    refresh_slowly(&fake, json_response(400, &json!({ "error": "invalid_grant" })));
    let call = refreshing(&fake, &late).await;
    let other = fake.client_with(oauth.clone());
    other.step_up(&["mcp:write".to_owned()]).await.unwrap();
    drop(call.await.unwrap());
    list(&fake.client_with(nobody(&oauth))).await.unwrap();
}

#[tokio::test]
async fn a_sign_out_during_a_refresh_of_another_client_is_not_undone() {
    let fake = Fake::start().await;
    let oauth = fake.honest();
    let late = fake.client_with(oauth.clone());
    late.sign_in().await.unwrap();
    let answer = rotated(&fake);
    refresh_slowly(&fake, answer);
    fake.edit(|world| drop(world.live.insert("slow".to_owned(), vec!["mcp:read".to_owned()])));
    let call = refreshing(&fake, &late).await;
    fake.client_with(oauth.clone()).sign_out().await.unwrap();
    drop(call.await.unwrap());
    assert!(list(&fake.client_with(nobody(&oauth))).await.unwrap_err().is_unauthorized());
    let revoked = fake.forms("/oauth/revoke").await;
    assert!(revoked.iter().any(|form| form["token"] == "secret-refresh-slow"), "{revoked:?}");
}

#[tokio::test]
async fn a_client_does_not_refresh_what_another_signed_out() {
    let fake = Fake::start().await;
    let oauth = fake.honest();
    let left = fake.client_with(oauth.clone());
    left.sign_in().await.unwrap();
    fake.on("/oauth/revoke", |_| ResponseTemplate::new(503));
    let out = fake.client_with(oauth).sign_out().await.unwrap();
    assert!(matches!(out, SignedOut::Unconfirmed(_)), "{out:?}");
    fake.edit(|world| world.live.clear());
    assert!(list(&left).await.unwrap_err().is_unauthorized());
    assert_eq!(refreshes(&fake).await, [""; 0]);
}

#[tokio::test]
async fn a_client_that_only_reads_asks_to_read_whatever_another_asked_for_before() {
    let fake = Fake::start().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let oauth = fake.person(move |ask| {
        seen.lock().unwrap().push(ask.params["scope"].clone());
        vec![ask.honest()]
    });
    let writer = fake.client_with(oauth.clone());
    writer.sign_in().await.unwrap();
    fake.edit(|world| {
        world.live.clear();
        world.token_responses.push_back(json_response(400, &json!({ "error": "invalid_grant" })));
    });
    assert!(list(&writer).await.unwrap_err().is_unauthorized());
    let reader = fake.builder().read_only().oauth(oauth).build().unwrap();
    let request = reader.start_sign_in("https://app.example/callback").await.unwrap();
    assert!(request.url().ends_with("&scope=mcp%3Aread"), "{}", request.url());
    reader.sign_in().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["mcp:read mcp:write", "mcp:read"]);
}

#[tokio::test]
async fn nobody_is_asked_who_signed_in_with_another_client_meanwhile() {
    for calls_first in [true, false] {
        let fake = Fake::start().await;
        let oauth = fake.honest();
        let daemon = fake.client_with(nobody(&oauth));
        assert!(list(&daemon).await.unwrap_err().is_unauthorized());
        fake.client_with(oauth).sign_in().await.unwrap();
        if calls_first {
            list(&daemon).await.unwrap();
        }
        assert_eq!(daemon.sign_in().await.unwrap(), ["mcp:read", "mcp:write"]);
        list(&daemon).await.unwrap();
    }
}
