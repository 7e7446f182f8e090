//! What is kept, how it is kept, and what never shows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use lookout_sdk::auth::{CredentialKey, CredentialStore as _, Credentials, FileStore};
use lookout_sdk::schema::ListTables;

use crate::support::Fake;

fn only_file(folder: &tempfile::TempDir) -> PathBuf {
    let files = fs::read_dir(folder.path().join("lookout")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    let (issuers, mut others): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.extension().is_some_and(|kind| kind == "issuer"));
    assert_eq!((issuers.len(), others.len()), (1, 1), "nothing is left beside the files");
    for file in issuers.iter().chain(&others) {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    others.pop().unwrap()
}

async fn signed_in(fake: &Fake, folder: &tempfile::TempDir) -> lookout_sdk::Client {
    let client =
        fake.client_with(fake.honest().store(FileStore::new(folder.path().join("lookout"))));
    client.sign_in().await.unwrap();
    client
}

#[tokio::test]
async fn a_credential_file_is_private_and_replaced_as_a_whole() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = signed_in(&fake, &folder).await;
    let file = only_file(&folder);
    let before = fs::read_to_string(&file).unwrap();
    assert!(before.contains("secret-refresh-1"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);

    fake.edit(|world| world.live.clear());
    client.list_tables(ListTables::default()).await.unwrap();
    let after = fs::read_to_string(only_file(&folder)).unwrap();
    assert!(after.contains("secret-refresh-2") && !after.contains("secret-refresh-1"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_others_can_read_or_that_is_damaged_is_refused() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    signed_in(&fake, &folder).await;
    let file = only_file(&folder);
    let again =
        || fake.client_with(fake.honest().store(FileStore::new(folder.path().join("lookout"))));

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let error = again().sign_in().await.unwrap_err();
    assert!(error.is_authorization());
    assert!(format!("{error:?}").contains("chmod 600"), "{error:?}");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    for damage in ["", "{}", "null", r#"{"version":2}"#] {
        fs::write(&file, damage).unwrap();
        assert!(again().sign_in().await.unwrap_err().is_authorization(), "{damage:?}");
    }
    assert_eq!(fake.token_requests().await, 1);
}

#[tokio::test]
async fn credentials_survive_a_round_trip_and_nothing_else_is_taken_for_them() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    signed_in(&fake, &folder).await;
    let text = fs::read_to_string(only_file(&folder)).unwrap();
    let credentials = Credentials::from_json(&text).unwrap();
    assert_eq!(*credentials.expose_json(), text);
    for end in 0..text.len() {
        assert!(Credentials::from_json(&text[..end]).is_err());
    }
    assert!(Credentials::from_json(&text.replace("secret-access-1", "a\\r\\nb")).is_err());
}

#[tokio::test]
async fn no_secret_shows_in_debug_output() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = signed_in(&fake, &folder).await;
    let credentials =
        Credentials::from_json(&fs::read_to_string(only_file(&folder)).unwrap()).unwrap();
    let builder = fake.builder().token("secret-token");
    let with_token = fake.builder().token("secret-token").build().unwrap();
    let oauth = fake.honest();
    let error = with_token.list_tables(ListTables::default()).await.unwrap_err();
    let shown = format!(
        "{client:#?} {credentials:#?} {builder:#?} {with_token:#?} {oauth:#?} {error:#?} {error}"
    );
    assert!(!shown.contains("secret-"), "{shown}");
    assert!(shown.contains("mcp:read"), "what is no secret shows");
}

#[test]
fn credentials_that_are_saved_are_saved_even_if_their_issuer_cannot_be_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path());
    let key = CredentialKey::new("https://as.example", "https://mcp.example/mcp");
    let text = r#"{"version":1,"client_id":"c","client_authentication":"none","scope":""}"#;
    let credentials = Credentials::from_json(text).unwrap();
    store.save(&key, &credentials).unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|kind| kind == "issuer") {
            fs::remove_file(&file).unwrap();
            fs::create_dir(file).unwrap();
        }
    }
    store.save(&key, &credentials).unwrap();
    assert!(store.load(&key).unwrap().is_some());
}
