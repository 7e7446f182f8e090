//! Signing a person in without a browser.

use lookout_sdk::Client;
use lookout_sdk::auth::{FileStore, SignedOut};
use lookout_sdk::schema::{ListTables, ScopeSet};
use lookout_sdk::testing::{FakeLookout, Fault};

#[tokio::test]
async fn a_sign_in_ends_with_tokens_that_work_and_a_sign_out_with_none() {
    let lookout = FakeLookout::start();
    let oauth = lookout.oauth().client_name("Churn report");
    let client = Client::builder(lookout.endpoint()).oauth(oauth).build().unwrap();
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());

    assert_eq!(client.sign_in().await.unwrap(), ["mcp:read", "mcp:write"]);
    client.list_tables(ListTables::default()).await.unwrap();
    let asked = &lookout.sign_ins()[0];
    assert_eq!(asked.client_name, "Churn report");
    assert_eq!((asked.asked, asked.granted), (ScopeSet::all(), ScopeSet::all()));
    assert_eq!(lookout.signed_in(), 1);

    assert!(matches!(client.sign_out().await.unwrap(), SignedOut::Revoked));
    assert_eq!(lookout.signed_in(), 0);
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
}

#[tokio::test]
async fn a_read_only_client_asks_for_reading_alone() {
    let lookout = FakeLookout::start();
    let builder = Client::builder(lookout.endpoint()).read_only().oauth(lookout.oauth());
    assert_eq!(builder.build().unwrap().sign_in().await.unwrap(), ["mcp:read"]);
    assert_eq!(lookout.sign_ins()[0].asked.to_string(), "mcp:read");
}

#[tokio::test]
async fn a_store_keeps_a_sign_in_for_the_next_client() {
    let lookout = FakeLookout::start();
    let folder = tempfile::tempdir().unwrap();
    let client = || {
        let oauth = lookout.oauth().store(FileStore::new(folder.path()));
        Client::builder(lookout.endpoint()).oauth(oauth).build().unwrap()
    };
    client().sign_in().await.unwrap();
    client().list_tables(ListTables::default()).await.unwrap();
    assert_eq!(lookout.sign_ins().len(), 1);
}

#[tokio::test]
async fn what_was_narrowed_can_be_widened() {
    let lookout = FakeLookout::start();
    let client = Client::builder(lookout.endpoint()).oauth(lookout.oauth()).build().unwrap();
    lookout.fail_next(1, Fault::NarrowedConsent);
    assert_eq!(client.sign_in().await.unwrap(), ["mcp:read"]);
    let granted = client.step_up(&["mcp:write"]).await.unwrap();
    assert_eq!(granted, ["mcp:read", "mcp:write"]);
}
