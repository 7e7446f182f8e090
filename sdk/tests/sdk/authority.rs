//! An endpoint that trusts another authorization server than before.

use lookout_sdk::auth::FileStore;
use lookout_sdk::schema::ListTables;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Fake, json_response};

/// Makes `fake` trust `other`, and end all tokens that it knows.
fn move_to(fake: &Fake, other: &Fake) {
    let issuer = other.origin();
    fake.edit(|world| {
        world.resource["authorization_servers"] = json!([issuer]);
        world.live.clear();
    });
    other.on("/oauth/register", |_| json_response(201, &json!({ "client_id": "client-of-other" })));
}

#[tokio::test]
async fn a_move_in_the_middle_of_a_session_leads_to_a_new_registration_and_nothing_old_travels() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let folder = tempfile::tempdir().unwrap();
    let client = fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client.sign_in().await.unwrap();
    client.list_tables(ListTables::default()).await.unwrap();
    move_to(&fake, &other);

    let error = client.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error:?}");
    assert_eq!(fake.token_requests().await, 1, "the old refresh token is of no use any more");

    client.sign_in().await.unwrap();
    let redeemed = other.forms("/oauth/token").await;
    assert_eq!(redeemed.len(), 1);
    assert_eq!(redeemed[0]["client_id"], "client-of-other");
    for request in other.requests().await {
        let text = format!("{} {}", request.url, String::from_utf8_lossy(&request.body));
        assert!(!text.contains("client-1") && !text.contains("secret-refresh"), "{text}");
        assert!(!request.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_known_client_is_not_taken_to_a_server_that_does_not_know_it() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let client = fake.client_with(fake.honest().registered_client(fake.origin(), "from-a-person"));
    client.sign_in().await.unwrap();
    move_to(&fake, &other);
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
    let error = client.sign_in().await.unwrap_err();
    assert!(error.to_string().contains("another authorization server"), "{error}");
    assert_eq!(other.token_requests().await, 0);
}

#[tokio::test]
async fn of_several_servers_the_one_that_knows_the_client_is_taken() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let servers = json!([other.origin(), fake.origin()]);
    fake.edit(|world| world.resource["authorization_servers"] = servers);
    let known = fake.honest().registered_client(fake.origin(), "from-a-person");
    fake.client_with(known).sign_in().await.unwrap();
    assert_eq!(other.requests().await.len(), 0);
}

#[tokio::test]
async fn metadata_that_is_down_for_a_moment_does_not_end_a_session() {
    let fake = Fake::start().await;
    let client = fake.client();
    client.sign_in().await.unwrap();
    fake.edit(|world| world.live.clear());
    fake.on("/.well-known/oauth-protected-resource/mcp", |_| ResponseTemplate::new(503));
    client.list_tables(ListTables::default()).await.unwrap();
    let refreshed = fake.forms("/oauth/token").await.pop().unwrap();
    assert_eq!(refreshed["grant_type"], "refresh_token");
}

#[tokio::test]
async fn a_client_with_a_document_registers_only_where_documents_are_not_read() {
    const DOCUMENT: &str = "https://app.example/oauth/client.json";
    let with_document = |fake: &Fake| fake.client_with(fake.honest().metadata_document(DOCUMENT));
    let fake = Fake::start().await;
    with_document(&fake).sign_in().await.unwrap();
    assert_eq!(fake.forms("/oauth/token").await[0]["client_id"], "client-1");

    fake.edit(|world| world.metadata["client_id_metadata_document_supported"] = Value::Bool(true));
    with_document(&fake).sign_in().await.unwrap();
    assert_eq!(fake.forms("/oauth/token").await[1]["client_id"], DOCUMENT);
    let registrations = fake.paths().await.iter().filter(|path| *path == "/oauth/register").count();
    assert_eq!(registrations, 1);

    for bad in ["https://app.example", "http://app.example/x", "https://app.example/x#y", "app"] {
        let client = fake.client_with(fake.honest().metadata_document(bad));
        assert!(client.sign_in().await.unwrap_err().is_configuration(), "{bad}");
    }
}
