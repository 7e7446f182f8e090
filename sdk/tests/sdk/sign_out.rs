//! Ending a grant.

use lookout_sdk::auth::{FileStore, SignedOut};
use lookout_sdk::schema::ListTables;
use wiremock::ResponseTemplate;

use crate::support::{Fake, json_response};

fn files(folder: &tempfile::TempDir) -> usize {
    std::fs::read_dir(folder.path()).unwrap().count()
}

#[tokio::test]
async fn signing_out_revokes_the_refresh_token_then_the_access_token_and_forgets_everything() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client.sign_in().await.unwrap();
    assert_eq!(files(&folder), 2);

    assert!(matches!(client.sign_out().await.unwrap(), SignedOut::Revoked));

    let revoked = fake.forms("/oauth/revoke").await;
    let tokens: Vec<_> =
        revoked.iter().map(|form| (&*form["token"], &*form["token_type_hint"])).collect();
    assert_eq!(
        tokens,
        [("secret-refresh-1", "refresh_token"), ("secret-access-1", "access_token")]
    );
    assert_eq!(revoked[0]["client_id"], "client-1");
    let unauthorized =
        fake.requests().await.iter().filter(|sent| sent.url.path() == "/mcp").count();
    assert_eq!(unauthorized, 1, "only the first request goes without a token");
    assert_eq!(files(&folder), 0);
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
}

#[tokio::test]
async fn a_server_that_cannot_be_told_does_not_keep_the_credentials_alive_here() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client.sign_in().await.unwrap();
    fake.on("/oauth/revoke", |_| ResponseTemplate::new(503));

    match client.sign_out().await.unwrap() {
        SignedOut::Unconfirmed(why) => assert!(why.is_transport(), "{why:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        fake.forms("/oauth/revoke").await.len(),
        2,
        "the one failure does not spare the other token"
    );

    assert_eq!(files(&folder), 0);
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
}

#[tokio::test]
async fn a_later_run_can_sign_out_what_an_earlier_one_stored() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = || fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client().sign_in().await.unwrap();
    client().sign_out().await.unwrap();
    assert_eq!(fake.forms("/oauth/revoke").await.len(), 2);
    assert_eq!(files(&folder), 0);
}

#[tokio::test]
async fn a_later_run_that_can_reach_nobody_still_forgets() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = || fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client().sign_in().await.unwrap();
    fake.on("/.well-known/oauth-protected-resource/mcp", |_| ResponseTemplate::new(503));

    assert!(matches!(client().sign_out().await.unwrap(), SignedOut::Unconfirmed(_)));
    assert_eq!(files(&folder), 0);
    assert!(client().sign_out().await.is_err(), "there is nothing to forget, and nobody to ask");
}

#[tokio::test]
async fn signing_out_twice_or_without_having_signed_in_is_fine() {
    let fake = Fake::start().await;
    let client = fake.client();
    client.sign_out().await.unwrap();
    client.sign_in().await.unwrap();
    client.sign_out().await.unwrap();
    client.sign_out().await.unwrap();
    assert_eq!(fake.forms("/oauth/revoke").await.len(), 2);
}

#[tokio::test]
async fn without_a_refresh_token_the_access_token_is_revoked() {
    let fake = Fake::start().await;
    let only = serde_json::json!({ "access_token": "secret-only", "token_type": "Bearer" });
    fake.edit(|world| world.token_responses.push_back(json_response(200, &only)));
    let client = fake.client();
    client.sign_in().await.unwrap();
    client.sign_out().await.unwrap();
    let revoked = fake.forms("/oauth/revoke").await;
    assert_eq!((revoked.len(), &*revoked[0]["token"]), (1, "secret-only"));
}
