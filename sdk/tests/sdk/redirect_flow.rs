//! Signing in when the application receives the redirect itself.

use std::sync::Arc;

use lookout_sdk::auth::{AuthorizationRequest, MemoryStore, Rejected};
use lookout_sdk::schema::ListTables;
use lookout_sdk::{Client, Error};
use serde_json::Value;
use url::Url;

use crate::support::{Fake, Params};

const CALLBACK: &str = "https://app.example/lookout/callback";

fn params(request: &AuthorizationRequest) -> Params {
    Url::parse(request.url()).unwrap().query_pairs().into_owned().collect()
}

/// The query of the response of a server that plays by the rules.
fn honest(fake: &Fake, request: &AuthorizationRequest) -> String {
    let state = &params(request)["state"];
    let iss = fake.origin();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([("code", "secret-code"), ("state", state), ("iss", &iss)]).finish()
}

/// A client that opens no browser, and a server that grants everything.
async fn service() -> (Fake, Client) {
    let fake = Fake::start().await;
    fake.edit(|world| world.grants = Some("mcp:read mcp:write".to_owned()));
    let client = fake.client_with(fake.person(|_| panic!("no browser is to be opened")));
    (fake, client)
}

#[tokio::test]
async fn an_application_that_receives_the_redirect_signs_a_person_in() {
    let (fake, client) = service().await;
    let request = client.start_sign_in(CALLBACK).await.unwrap();
    let asked = params(&request);
    assert_eq!(asked["redirect_uri"], CALLBACK);
    assert_eq!(asked["resource"], fake.endpoint());
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(fake.token_requests().await, 0);

    let query = honest(&fake, &request);
    let response = request.receive(&query).unwrap();
    assert_eq!(client.clone().finish_sign_in(response).await.unwrap(), ["mcp:read", "mcp:write"]);
    client.list_tables(ListTables::default()).await.unwrap();

    let redeemed = fake.forms("/oauth/token").await.pop().unwrap();
    assert_eq!((&*redeemed["redirect_uri"], &*redeemed["code"]), (CALLBACK, "secret-code"));
    let requests = fake.requests().await;
    let registered = requests.iter().find(|sent| sent.url.path() == "/oauth/register").unwrap();
    let registered: Value = registered.body_json().unwrap();
    assert_eq!(registered["redirect_uris"][0], CALLBACK);
    assert_eq!(registered["application_type"], "web");
}

#[tokio::test]
async fn a_stray_callback_leaves_the_request_as_it_was() {
    let (fake, client) = service().await;
    let mut request = client.start_sign_in(CALLBACK).await.unwrap();
    let whole = honest(&fake, &request);
    let state = params(&request)["state"].clone();
    for stray in [
        String::new(),
        "code=stolen&state=guess".to_owned(),
        "error=access_denied&state=guess".to_owned(),
        format!("{whole}&state={state}"),
        format!("{whole}&code=other"),
        whole.replace(&state, &state[1..]),
    ] {
        request = match request.receive(&stray) {
            Err(Rejected::Stray(request)) => request,
            other => panic!("{stray}: {other:?}"),
        };
    }
    let response = request.receive(&format!("?{whole}")).unwrap();
    client.finish_sign_in(response).await.unwrap();
    assert_eq!(fake.forms("/oauth/token").await[0]["code"], "secret-code");
}

#[tokio::test]
async fn a_response_that_fails_a_check_ends_the_sign_in_and_redeems_nothing() {
    let (fake, client) = service().await;
    let iss = fake.origin();
    for (answer, why) in [
        ("code=c&iss=https://other.example".to_owned(), "another issuer"),
        (format!("code=c&iss={iss}/"), "another issuer"),
        ("code=c".to_owned(), "lacks the `iss`"),
        (format!("error=access_denied&iss={iss}"), "did not allow"),
        (format!("iss={iss}"), "no usable code"),
    ] {
        let request = client.start_sign_in(CALLBACK).await.unwrap();
        let state = params(&request)["state"].clone();
        let rejected = request.receive(&format!("state={state}&{answer}")).unwrap_err();
        assert!(matches!(rejected, Rejected::Failed(_)), "{answer}: {rejected:?}");
        assert!(rejected.to_string().contains(why), "{answer}: {rejected}");
        assert!(Error::from(rejected).is_authorization());
    }
    assert_eq!(fake.token_requests().await, 0);
}

#[tokio::test]
async fn a_response_is_finished_by_the_client_that_asked_and_by_no_other() {
    let (fake, client) = service().await;
    let request = client.start_sign_in(CALLBACK).await.unwrap();
    let query = honest(&fake, &request);
    let other = fake.client();
    let error = other.finish_sign_in(request.receive(&query).unwrap()).await.unwrap_err();
    assert!(error.is_configuration(), "{error:?}");
    assert_eq!(fake.token_requests().await, 0);

    let with_token = fake.builder().token("token").build().unwrap();
    assert!(with_token.start_sign_in(CALLBACK).await.unwrap_err().is_authorization());
}

#[tokio::test]
async fn only_a_redirect_uri_that_comes_back_to_the_application_is_taken() {
    let (fake, client) = service().await;
    for bad in [
        "http://app.example/callback",
        "javascript:alert(1)",
        "myapp:/callback",
        "",
        "https://a.example/#x",
    ] {
        assert!(client.start_sign_in(bad).await.unwrap_err().is_configuration(), "{bad}");
    }
    assert_eq!(fake.requests().await.len(), 0);
    for good in ["http://127.0.0.1:7777/callback", "com.example.editor:/lookout"] {
        let request = client.start_sign_in(good).await.unwrap();
        assert_eq!(params(&request)["redirect_uri"], good);
    }
}

#[tokio::test]
async fn a_registration_serves_the_redirect_uri_that_it_was_made_for() {
    let fake = Fake::start().await;
    let store = Arc::new(MemoryStore::new());
    let client = || fake.client_with(fake.honest().store(Arc::clone(&store)));
    let registrations =
        async || fake.paths().await.iter().filter(|path| *path == "/oauth/register").count();
    for (uri, expected) in [(CALLBACK, 1), (CALLBACK, 1), ("https://app.example/other", 2)] {
        let client = client();
        let request = client.start_sign_in(uri).await.unwrap();
        let query = honest(&fake, &request);
        client.finish_sign_in(request.receive(&query).unwrap()).await.unwrap();
        assert_eq!(registrations().await, expected, "{uri}");
    }
    let step_up = client();
    step_up.step_up(&["mcp:write".to_owned()]).await.unwrap();
    assert_eq!(registrations().await, 3, "the listener on loopback is yet another");
    step_up.step_up(&["other".to_owned()]).await.unwrap();
    assert_eq!(registrations().await, 3);
}

#[tokio::test]
async fn further_scopes_are_asked_for_with_those_of_before_and_not_for_ever() {
    let (fake, client) = service().await;
    let request = client.start_sign_in(CALLBACK).await.unwrap();
    let query = honest(&fake, &request);
    client.finish_sign_in(request.receive(&query).unwrap()).await.unwrap();
    let further = client.start_step_up(&["extra"], CALLBACK).await.unwrap();
    assert_eq!(params(&further)["scope"], "extra mcp:read mcp:write");
}

#[tokio::test]
async fn neither_the_request_nor_the_response_shows_a_secret() {
    let (fake, client) = service().await;
    let request = client.start_sign_in(CALLBACK).await.unwrap();
    let (state, query) = (params(&request)["state"].clone(), honest(&fake, &request));
    let shown = format!("{request:?}");
    assert!(shown.contains(&fake.origin()) && !shown.contains(&state), "{shown}");
    let response = request.receive(&query).unwrap();
    let shown = format!("{response:?}");
    assert!(!shown.contains(&state) && !shown.contains("secret-code"), "{shown}");
}
