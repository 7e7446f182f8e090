//! Bounds on size and time.

use std::time::Duration;

use lookout_sdk::Client;
use lookout_sdk::schema::ListTables;
use wiremock::ResponseTemplate;

use crate::support::Fake;

fn client(fake: &Fake) -> Client {
    fake.builder().token("token").timeout(Duration::from_millis(500)).build().unwrap()
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    for media_type in ["application/json", "text/event-stream"] {
        let fake = Fake::start().await;
        fake.on("/mcp", move |_| {
            ResponseTemplate::new(200).set_body_raw(vec![b' '; 17 * 1024 * 1024], media_type)
        });
        let client =
            fake.builder().token("token").timeout(Duration::from_secs(20)).build().unwrap();
        let error = client.list_tables(ListTables::default()).await.unwrap_err();
        assert!(error.is_protocol(), "{error:?}");
        assert!(error.to_string().contains("longer than"));
    }
}

#[tokio::test]
async fn a_server_that_is_silent_is_a_timeout() {
    let fake = Fake::start().await;
    fake.on("/mcp", |_| ResponseTemplate::new(200).set_delay(Duration::from_secs(60)));
    assert!(client(&fake).list_tables(ListTables::default()).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_a_transport_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder(endpoint).token("token").build().unwrap();
    let error = client.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_transport(), "{error:?}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn a_server_that_is_overloaded_says_when_to_come_back() {
    let fake = Fake::start().await;
    fake.on("/mcp", |_| ResponseTemplate::new(429).insert_header("retry-after", "3"));
    let client = fake.builder().token("token").retries(0).build().unwrap();
    let error = client.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_transport());
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(Duration::from_secs(3))));
    assert_eq!(fake.requests().await.len(), 1, "nothing is sent again by itself");
}

#[test]
fn a_client_is_not_built_from_what_cannot_be_sent() {
    let built = |token: &str, name: &str| {
        Client::builder("http://127.0.0.1:1/mcp")
            .client_info(name, "1")
            .token(token)
            .build()
            .map(|_| ())
    };
    assert!(built("lkmcp_x", "churn").is_ok());
    for (token, name) in [
        ("", "churn"),
        ("a b", "churn"),
        ("a\r\nX: y", "churn"),
        ("t\u{f6}ken", "churn"),
        ("token", "churn\n"),
    ] {
        let error = built(token, name).unwrap_err();
        assert!(error.is_configuration());
        assert!(token.is_empty() || !error.to_string().contains(token));
    }
}

#[test]
fn a_client_of_an_https_endpoint_can_be_built() {
    Client::builder("https://lookout.example/mcp").token("token").build().unwrap();
}
