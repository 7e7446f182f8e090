//! Ending a grant.

use lookout_sdk::auth::FileStore;
use lookout_sdk::schema::ListTables;
use wiremock::ResponseTemplate;

use crate::support::Fake;

fn files(folder: &tempfile::TempDir) -> usize {
    std::fs::read_dir(folder.path()).unwrap().count()
}

#[tokio::test]
async fn signing_out_revokes_the_refresh_token_and_forgets_everything() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client.sign_in().await.unwrap();
    assert_eq!(files(&folder), 1);

    client.sign_out().await.unwrap();

    let revoked = fake.forms("/oauth/revoke").await;
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0]["token"], "secret-refresh-1");
    assert_eq!(revoked[0]["token_type_hint"], "refresh_token");
    assert_eq!(revoked[0]["client_id"], "client-1");
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

    assert!(client.sign_out().await.unwrap_err().is_transport());

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
    assert_eq!(fake.forms("/oauth/revoke").await.len(), 1);
    assert_eq!(files(&folder), 0);
}

#[tokio::test]
async fn signing_out_twice_or_without_having_signed_in_is_fine() {
    let fake = Fake::start().await;
    let client = fake.client();
    client.sign_out().await.unwrap();
    client.sign_in().await.unwrap();
    client.sign_out().await.unwrap();
    client.sign_out().await.unwrap();
    assert_eq!(fake.forms("/oauth/revoke").await.len(), 1);
}
