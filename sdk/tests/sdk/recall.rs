//! A new run that still has a token.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lookout_sdk::Client;
use lookout_sdk::auth::{FileStore, MemoryStore};
use lookout_sdk::schema::ListTables;
use serde_json::{Value, json};

use crate::support::{Fake, json_response};

/// A client whose person is not there any more.
fn later_run(fake: &Fake, folder: &Path) -> Client {
    let oauth = fake.person(|_| panic!("nobody is to be asked"));
    fake.client_with(oauth.store(FileStore::new(folder)))
}

async fn signed_in(fake: &Fake) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let first = fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    first.sign_in().await.unwrap();
    folder
}

/// What was sent since: each path, with the token that it carried.
async fn since(fake: &Fake, before: usize) -> Vec<(String, Option<String>)> {
    let sent = fake.requests().await.split_off(before);
    let token = |request: &wiremock::Request| {
        request.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned())
    };
    sent.iter().map(|request| (request.url.path().to_owned(), token(request))).collect()
}

#[tokio::test]
async fn the_first_request_of_a_later_run_carries_the_token_and_nothing_else_is_asked() {
    let fake = Fake::start().await;
    let folder = signed_in(&fake).await;
    let before = fake.requests().await.len();
    let client = later_run(&fake, folder.path());
    client.list_tables(ListTables::default()).await.unwrap();
    assert_eq!(client.sign_in().await.unwrap(), ["mcp:read", "mcp:write"]);
    let bearer = Some("Bearer secret-access-1".to_owned());
    assert_eq!(since(&fake, before).await, [("/mcp".to_owned(), bearer)]);
}

#[tokio::test]
async fn a_token_is_remembered_for_the_endpoint_that_it_is_for_and_for_no_other() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let store = Arc::new(MemoryStore::new());
    let client = |of: &Fake| of.client_with(of.honest().store(Arc::clone(&store)));
    client(&fake).sign_in().await.unwrap();
    assert!(client(&other).list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
    let sibling = format!("{}/mcp/", fake.origin());
    let sibling = Client::builder(sibling).oauth(fake.honest().store(Arc::clone(&store)));
    assert!(sibling.build().unwrap().list_tables(ListTables::default()).await.is_err());
    for request in other.requests().await.iter().chain(&fake.requests().await) {
        assert!(!request.headers.contains_key("authorization"), "{}", request.url);
    }
}

#[tokio::test]
async fn a_remembered_token_that_is_refused_is_renewed_where_the_endpoint_says() {
    let fake = Fake::start().await;
    let folder = signed_in(&fake).await;
    fake.edit(|world| world.live.clear());
    let before = fake.requests().await.len();
    let client = later_run(&fake, folder.path());
    client.list_tables(ListTables::default()).await.unwrap();
    let paths: Vec<_> = since(&fake, before).await.into_iter().map(|(path, _)| path).collect();
    let expected = [
        "/mcp",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/oauth/token",
        "/mcp",
    ];
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn nothing_that_is_remembered_travels_to_an_authorization_server_that_took_over() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let folder = signed_in(&fake).await;
    let issuer = other.origin();
    fake.edit(|world| {
        world.resource["authorization_servers"] = json!([issuer]);
        world.live.clear();
    });
    let client = later_run(&fake, folder.path());
    let error = client.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error:?}");
    for request in other.requests().await {
        assert_eq!(request.method.as_str(), "GET");
        assert!(!request.headers.contains_key("authorization"));
    }
    assert_eq!(fake.token_requests().await, 1, "the refresh token is shown to nobody");
}

/// Edits the one credential file.
fn edit(folder: &Path, change: impl Fn(&mut Value)) {
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|kind| kind == "json") {
            let mut json = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            change(&mut json);
            fs::write(file, json.to_string()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_token_past_its_time_is_not_sent() {
    let fake = Fake::start().await;
    let folder = signed_in(&fake).await;
    edit(folder.path(), |stored| stored["expires_at"] = 1.into());
    let before = fake.requests().await.len();
    later_run(&fake, folder.path()).list_tables(ListTables::default()).await.unwrap();
    let sent = since(&fake, before).await;
    let carried: Vec<_> = sent.iter().filter_map(|(_, token)| token.as_deref()).collect();
    assert_eq!(carried, ["Bearer secret-access-2"]);
}

#[tokio::test]
async fn a_token_of_another_client_identifier_or_another_issuer_is_not_sent() {
    let fake = Fake::start().await;
    let folder = signed_in(&fake).await;
    for issuer in [fake.origin(), "https://other.example".to_owned()] {
        let before = fake.requests().await.len();
        let known = fake.honest().registered_client(issuer, "from-a-person");
        let client = fake.client_with(known.store(FileStore::new(folder.path())));
        assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
        assert!(since(&fake, before).await.iter().all(|(_, token)| token.is_none()));
    }
}

#[tokio::test]
async fn credentials_of_a_version_that_remembered_no_issuer_are_found_after_one_refusal() {
    let fake = Fake::start().await;
    let folder = signed_in(&fake).await;
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|kind| kind == "issuer") {
            fs::remove_file(file).unwrap();
        }
    }
    let before = fake.requests().await.len();
    later_run(&fake, folder.path()).list_tables(ListTables::default()).await.unwrap();
    assert_eq!(since(&fake, before).await.first().unwrap().1, None);
    assert_eq!(fake.token_requests().await, 1);

    fake.edit(|world| world.live.clear());
    later_run(&fake, folder.path()).list_tables(ListTables::default()).await.unwrap();
    let before = fake.requests().await.len();
    later_run(&fake, folder.path()).list_tables(ListTables::default()).await.unwrap();
    assert_eq!(
        since(&fake, before).await.len(),
        1,
        "the refresh saved them, so now it is remembered"
    );
}

#[tokio::test]
async fn a_remembered_token_without_a_refresh_token_that_ended_early_is_sent_once_and_not_again() {
    let fake = Fake::start().await;
    let only = json!({ "access_token": "secret-only", "token_type": "Bearer", "expires_in": 600 });
    fake.edit(|world| world.token_responses.push_back(json_response(200, &only)));
    let folder = signed_in(&fake).await;
    for _ in 0..2 {
        let before = fake.requests().await.len();
        let client = later_run(&fake, folder.path());
        for _ in 0..3 {
            let error = client.list_tables(ListTables::default()).await.unwrap_err();
            assert!(error.is_unauthorized(), "{error:?}");
        }
        let sent = since(&fake, before).await;
        assert!(sent.iter().filter(|(_, token)| token.is_some()).count() <= 1, "{sent:?}");
        assert!(sent.len() <= 3 + 2 * 3, "{sent:?}");
    }
    assert_eq!(fake.token_requests().await, 1);
}

#[tokio::test]
async fn a_stored_token_past_its_time_that_cannot_be_renewed_is_no_sign_in() {
    let fake = Fake::start().await;
    let only = json!({ "access_token": "secret-only", "token_type": "Bearer", "expires_in": 600 });
    fake.edit(|world| world.token_responses.push_back(json_response(200, &only)));
    let folder = signed_in(&fake).await;
    edit(folder.path(), |stored| stored["expires_at"] = 1.into());
    let client = fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client.sign_in().await.unwrap();
    client.list_tables(ListTables::default()).await.unwrap();
    assert_eq!(fake.token_requests().await, 2);
}
