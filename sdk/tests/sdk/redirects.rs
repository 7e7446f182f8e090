//! Redirects that would carry credentials to somebody else.

use lookout_sdk::schema::ListTables;
use wiremock::ResponseTemplate;

use crate::support::Fake;

#[tokio::test]
async fn no_redirect_of_the_endpoint_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (fake, thief) = (Fake::start().await, Fake::start().await);
        let client = fake.client();
        client.sign_in().await.unwrap();
        let target = thief.endpoint();
        fake.on("/mcp", move |_| {
            ResponseTemplate::new(status).insert_header("location", target.as_str())
        });

        let error = client.list_tables(ListTables::default()).await.unwrap_err();

        assert!(error.is_protocol(), "{error:?}");
        assert!(error.to_string().contains("redirect"));
        assert_eq!(thief.requests().await.len(), 0);
    }
}

#[tokio::test]
async fn no_redirect_of_an_oauth_endpoint_is_followed() {
    for path in [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/oauth/register",
        "/oauth/token",
    ] {
        for status in [302, 307, 308] {
            let (fake, thief) = (Fake::start().await, Fake::start().await);
            let target = format!("{}{path}", thief.origin());
            fake.on(path, move |_| {
                ResponseTemplate::new(status).insert_header("location", target.as_str())
            });

            assert!(fake.client().sign_in().await.is_err(), "{path} {status}");

            assert_eq!(thief.requests().await.len(), 0, "{path} {status}");
        }
    }
}

#[tokio::test]
async fn a_refresh_that_is_redirected_keeps_the_refresh_token_at_home() {
    let (fake, thief) = (Fake::start().await, Fake::start().await);
    let client = fake.client();
    client.sign_in().await.unwrap();
    let target = format!("{}/oauth/token", thief.origin());
    fake.edit(|world| {
        world.live.clear();
        world
            .token_responses
            .push_back(ResponseTemplate::new(307).insert_header("location", target.as_str()));
    });
    assert!(client.list_tables(ListTables::default()).await.is_err());
    assert_eq!(thief.requests().await.len(), 0);
    // The token was not spent, so the next call renews it.
    client.list_tables(ListTables::default()).await.unwrap();
}
