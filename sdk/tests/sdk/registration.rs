//! Who the client is to which authorization server.

use lookout_sdk::auth::FileStore;
use lookout_sdk::schema::ListTables;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::support::{Fake, json_response};

#[tokio::test]
async fn when_the_endpoint_names_another_server_nothing_of_the_first_is_shown_to_it() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let folder = tempfile::tempdir().unwrap();
    let client = || fake.client_with(fake.honest().store(FileStore::new(folder.path())));
    client().sign_in().await.unwrap();

    let issuer = other.origin();
    fake.edit(|world| {
        world.resource["authorization_servers"] = json!([issuer]);
        world.live.clear();
    });
    other.on("/oauth/register", |_| json_response(201, &json!({ "client_id": "client-of-other" })));
    let later = client();
    assert!(later.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
    later.sign_in().await.unwrap();

    for form in other.forms("/oauth/token").await {
        assert_eq!(form["client_id"], "client-of-other");
        assert!(!form.contains_key("refresh_token"));
    }
    assert_eq!(other.token_requests().await, 1);
    assert_eq!(fake.token_requests().await, 1);
}

#[tokio::test]
async fn a_known_client_does_not_register_and_is_known_to_its_issuer_alone() {
    let fake = Fake::start().await;
    let client = fake.client_with(fake.honest().registered_client(fake.origin(), "from-a-person"));
    client.sign_in().await.unwrap();
    assert!(!fake.paths().await.contains(&"/oauth/register".to_owned()));
    assert_eq!(fake.forms("/oauth/token").await[0]["client_id"], "from-a-person");

    let stranger =
        fake.client_with(fake.honest().registered_client("https://other.example", "from-a-person"));
    assert!(stranger.sign_in().await.unwrap_err().is_authorization());
    assert_eq!(fake.token_requests().await, 1);
}

/// The `Authorization` header of every request to the token endpoint, with the form.
async fn proofs(fake: &Fake) -> Vec<(Option<String>, Option<String>)> {
    let requests = fake.requests().await;
    let sent = requests.iter().filter(|request| request.url.path() == "/oauth/token");
    let headers = sent.map(|request| {
        let header = request.headers.get("authorization")?;
        Some(header.to_str().unwrap().to_owned())
    });
    let forms = fake.forms("/oauth/token").await;
    headers.zip(forms).map(|(header, form)| (header, form.get("client_secret").cloned())).collect()
}

#[tokio::test]
async fn a_known_client_proves_its_secret_in_the_way_that_the_server_accepts() {
    // `from-a-person:secret%2F`, each half encoded as in a form.
    let basic = Some("Basic ZnJvbS1hLXBlcnNvbjpzZWNyZXQlMkY=".to_owned());
    let post = Some("secret/".to_owned());
    for (accepted, proof) in [
        (Value::Null, (basic.clone(), None)),
        (json!(["client_secret_post", "client_secret_basic"]), (basic, None)),
        (json!(["none", "client_secret_post"]), (None, post)),
    ] {
        let fake = Fake::start().await;
        fake.edit(|world| world.metadata["token_endpoint_auth_methods_supported"] = accepted);
        let (issuer, id) = (fake.origin(), "from-a-person");
        let oauth = fake.honest().registered_client_with_secret(issuer, id, "secret/");
        fake.client_with(oauth).sign_in().await.unwrap();
        assert_eq!(proofs(&fake).await, [proof]);
    }
}

#[tokio::test]
async fn a_secret_is_sent_to_nobody_who_does_not_want_one() {
    let fake = Fake::start().await;
    fake.edit(|world| world.metadata["token_endpoint_auth_methods_supported"] = json!(["none"]));
    let known = |issuer: &str, secret: &str| {
        let oauth = fake.honest().registered_client_with_secret(issuer, "from-a-person", secret);
        fake.client_with(oauth)
    };
    let error = known(&fake.origin(), "secret").sign_in().await.unwrap_err();
    assert!(error.is_authorization(), "{error}");
    fake.edit(|world| world.metadata["token_endpoint_auth_methods_supported"] = Value::Null);
    let error = known("https://other.example", "secret").sign_in().await.unwrap_err();
    assert!(error.is_authorization(), "{error}");
    let error = known(&fake.origin(), "se cret").sign_in().await.unwrap_err();
    assert!(error.is_configuration() && !format!("{error:?}").contains("se cret"), "{error}");
    assert_eq!(fake.token_requests().await, 0);
}

#[tokio::test]
async fn the_secret_of_a_known_client_stays_with_the_program() {
    let fake = Fake::start().await;
    let folder = tempfile::tempdir().unwrap();
    let client = |secret: &str| {
        let store = FileStore::new(folder.path());
        let oauth = fake.honest().store(store);
        fake.client_with(oauth.registered_client_with_secret(fake.origin(), "id", secret))
    };
    fake.edit(|world| world.lifetime = 1);
    client("first-secret").sign_in().await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let kept = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&kept).contains("first-secret"));
    }
    // The next run has another secret, and with it the tokens of the first.
    fake.edit(|world| world.live.clear());
    let next = client("next-secret");
    next.list_tables(ListTables::default()).await.unwrap();
    assert!(!format!("{next:?}").contains("next-secret"));
    let sent: Vec<_> = proofs(&fake).await.into_iter().map(|(header, _)| header.unwrap()).collect();
    // `id:first-secret` and `id:next-secret`.
    assert_eq!(sent, ["Basic aWQ6Zmlyc3Qtc2VjcmV0", "Basic aWQ6bmV4dC1zZWNyZXQ="]);
}

#[tokio::test]
async fn a_server_that_registers_nobody_says_what_to_do() {
    let fake = Fake::start().await;
    fake.edit(|world| world.metadata["registration_endpoint"] = Value::Null);
    let error = fake.client().sign_in().await.unwrap_err();
    assert!(error.to_string().contains("registered_client"), "{error}");

    let fake = Fake::start().await;
    fake.on("/oauth/register", |_| {
        json_response(400, &json!({ "error": "invalid_client_metadata" }))
    });
    let error = fake.client().sign_in().await.unwrap_err();
    assert!(error.is_authorization() && error.to_string().contains("registered_client"), "{error}");
}

#[tokio::test]
async fn the_returned_registration_is_used_as_returned() {
    let reply = |method: &'static str| {
        move |request: &Request| {
            let asked: Value = request.body_json().unwrap();
            json_response(
                201,
                &json!({
                    "client_id": "id:1",
                    "client_secret": "secret/+",
                    "token_endpoint_auth_method": method,
                    "redirect_uris": asked["redirect_uris"],
                }),
            )
        }
    };
    let fake = Fake::start().await;
    fake.on("/oauth/register", reply("client_secret_post"));
    fake.client().sign_in().await.unwrap();
    let form = fake.forms("/oauth/token").await.pop().unwrap();
    assert_eq!((&*form["client_id"], &*form["client_secret"]), ("id:1", "secret/+"));

    let fake = Fake::start().await;
    fake.on("/oauth/register", reply("client_secret_basic"));
    let client = fake.client();
    client.sign_in().await.unwrap();
    let form = fake.forms("/oauth/token").await.pop().unwrap();
    assert!(!form.contains_key("client_id") && !form.contains_key("client_secret"));
    let sent = fake.requests().await;
    let token_request = sent.iter().find(|request| request.url.path() == "/oauth/token").unwrap();
    // `id%3A1:secret%2F%2B`, each half encoded as in a form.
    assert_eq!(token_request.headers["authorization"], "Basic aWQlM0ExOnNlY3JldCUyRiUyQg==");
    client.list_tables(ListTables::default()).await.unwrap();
}

#[tokio::test]
async fn a_registration_that_cannot_be_used_is_refused() {
    for body in [
        json!({}),
        json!({ "client_id": "" }),
        json!({ "client_id": "a b" }),
        json!({ "client_id": "x", "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "client_id": "x", "token_endpoint_auth_method": "client_secret_basic" }),
        json!({ "client_id": "x", "redirect_uris": ["https://attacker.example/"] }),
    ] {
        let fake = Fake::start().await;
        fake.on("/oauth/register", move |_| json_response(201, &body));
        assert!(fake.client().sign_in().await.unwrap_err().is_authorization());
        assert_eq!(fake.token_requests().await, 0);
    }
}

#[tokio::test]
async fn a_client_that_the_server_forgot_registers_again() {
    let fake = Fake::start().await;
    let client = fake.client();
    client.sign_in().await.unwrap();
    fake.edit(|world| {
        world.live.clear();
        world.token_responses.push_back(json_response(401, &json!({ "error": "invalid_client" })));
    });
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
    client.sign_in().await.unwrap();
    let registrations = fake.paths().await.iter().filter(|path| *path == "/oauth/register").count();
    assert_eq!(registrations, 2);
}

#[tokio::test]
async fn a_registration_endpoint_that_is_down_is_a_matter_of_trying_later() {
    let fake = Fake::start().await;
    fake.on("/oauth/register", |_| ResponseTemplate::new(503));
    assert!(fake.client().sign_in().await.unwrap_err().is_transport());
}
