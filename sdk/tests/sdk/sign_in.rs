//! The whole flow, with everyone honest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use lookout_sdk::auth::FileStore;
use lookout_sdk::schema::ListTables;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::Fake;

#[tokio::test]
async fn signing_in_walks_the_specified_path_and_the_token_goes_to_the_endpoint_alone() {
    let fake = Fake::start().await;
    let client = fake.client();

    assert_eq!(client.sign_in().await.unwrap(), ["mcp:read", "mcp:write"]);
    client.list_tables(ListTables::default()).await.unwrap();

    assert_eq!(
        fake.paths().await,
        [
            "/mcp",
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-authorization-server",
            "/oauth/register",
            "/oauth/token",
            "/mcp",
        ]
    );
    for request in fake.requests().await {
        let authorized = request.headers.contains_key("authorization");
        assert_eq!(authorized, request.headers.get("mcp-name").is_some(), "{}", request.url);
        assert!(!request.url.as_str().contains("secret"), "{}", request.url);
    }
}

#[tokio::test]
async fn the_authorization_and_the_token_request_are_bound_to_each_other_and_to_the_resource() {
    let fake = Fake::start().await;
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let oauth = fake.person(move |ask| {
        seen.lock().unwrap().push(ask.params.clone());
        vec![ask.honest()]
    });
    fake.client_with(oauth.client_name("Churn report")).sign_in().await.unwrap();

    let asked = asked.lock().unwrap().pop().unwrap();
    let redeemed = fake.forms("/oauth/token").await.pop().unwrap();
    let registered: Value = fake.requests().await[3].body_json().unwrap();

    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "client-1");
    assert_eq!(asked["scope"], "mcp:read mcp:write");
    assert_eq!(asked["resource"], fake.endpoint());
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(asked["state"].len() >= 43);
    assert!(asked["redirect_uri"].starts_with("http://127.0.0.1:"));

    assert_eq!(redeemed["grant_type"], "authorization_code");
    assert_eq!(redeemed["code"], "secret-code");
    assert_eq!(redeemed["client_id"], "client-1");
    assert_eq!(redeemed["resource"], fake.endpoint());
    assert_eq!(redeemed["redirect_uri"], asked["redirect_uri"]);
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(Sha256::digest(&redeemed["code_verifier"]));
    assert_eq!(challenge, asked["code_challenge"]);

    assert_eq!(
        registered,
        json!({
            "client_name": "Churn report",
            "redirect_uris": [asked["redirect_uri"]],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        })
    );
}

#[tokio::test]
async fn verifier_and_state_are_new_for_every_sign_in() {
    let fake = Fake::start().await;
    let states = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    for _ in 0..5 {
        let states = Arc::clone(&states);
        let oauth = fake.person(move |ask| {
            states.lock().unwrap().insert(ask.params["state"].clone());
            vec![ask.honest()]
        });
        fake.client_with(oauth).sign_in().await.unwrap();
    }
    let verifiers: std::collections::BTreeSet<String> =
        fake.forms("/oauth/token").await.iter().map(|form| form["code_verifier"].clone()).collect();
    assert_eq!((states.lock().unwrap().len(), verifiers.len()), (5, 5));
}

#[tokio::test]
async fn a_later_run_uses_the_stored_credentials_and_asks_nobody() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let asked = Arc::clone(&asked);
        let oauth = fake.person(move |ask| {
            asked.fetch_add(1, Ordering::Relaxed);
            vec![ask.honest()]
        });
        let client = fake.client_with(oauth.store(FileStore::new(folder.path())));
        assert_eq!(client.sign_in().await.unwrap(), ["mcp:read", "mcp:write"]);
        client.list_tables(ListTables::default()).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(fake.token_requests().await, 1);
}

#[tokio::test]
async fn stored_credentials_are_found_by_a_call_without_signing_in_first() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    first.sign_in().await.unwrap();

    let silent = fake.person(|_| panic!("nobody is to be asked"));
    let second = fake.client_with(silent.store(FileStore::new(folder.path())));
    second.list_tables(ListTables::default()).await.unwrap();
}

#[tokio::test]
async fn a_call_before_signing_in_asks_nobody_and_says_what_to_do() {
    let fake = Fake::start().await;
    let client = fake.client_with(fake.person(|_| panic!("nobody is to be asked")));
    let error = client.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_unauthorized());
    assert!(error.to_string().contains("sign in"));
}

#[tokio::test]
async fn two_sign_ins_at_once_ask_the_person_once() {
    let fake = Fake::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let client = fake.client_with(fake.person(move |ask| {
        count.fetch_add(1, Ordering::Relaxed);
        vec![ask.honest()]
    }));
    let (one, other) = tokio::join!(client.sign_in(), client.sign_in());
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
