//! Token responses that no client may believe.

use lookout_sdk::schema::ListTables;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Fake, json_response};

async fn refuses(response: ResponseTemplate) {
    let fake = Fake::start().await;
    fake.edit(|world| world.token_responses.push_back(response));
    let client = fake.client();
    let error = client.sign_in().await.unwrap_err();
    assert!(error.is_authorization(), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
    // What came with it is not used either.
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_unauthorized());
    assert!(
        !fake.requests().await.iter().any(|request| request.headers.contains_key("authorization"))
    );
}

#[tokio::test]
async fn members_that_are_missing_or_of_another_kind_are_refused() {
    let good = json!({ "access_token": "secret-1", "token_type": "Bearer", "expires_in": 600, "refresh_token": "secret-2" });
    for (member, value) in [
        ("access_token", json!(null)),
        ("access_token", json!(7)),
        ("access_token", json!("")),
        ("access_token", json!("secret\r\nX-Injected: 1")),
        ("access_token", json!("secret with spaces")),
        ("access_token", json!("secr\u{e9}t")),
        ("access_token", json!("s".repeat(20_000))),
        ("refresh_token", json!("secret\u{0}")),
        ("refresh_token", json!("")),
        ("token_type", json!(null)),
        ("token_type", json!("DPoP")),
        ("token_type", json!("mac")),
        ("token_type", json!("")),
        ("expires_in", json!(-1)),
        ("expires_in", json!(0)),
        ("expires_in", json!(1.5)),
        ("expires_in", json!("600")),
        ("expires_in", json!(1e300)),
        ("expires_in", json!(u64::MAX)),
        ("scope", json!(["mcp:read"])),
        ("scope", json!("mcp:read mcp:write admin")),
    ] {
        let mut response = good.clone();
        response[member] = value;
        refuses(json_response(200, &response)).await;
    }
}

#[tokio::test]
async fn bodies_that_are_not_one_clear_object_are_refused() {
    for body in [
        "",
        "null",
        "[]",
        "<html>secret</html>",
        r#"{"access_token":"secret-1","access_token":"secret-2","token_type":"Bearer"}"#,
        r#"{"access_token":"secret-1","token_type":"Bearer","token_type":"Bearer"}"#,
        r#"{"access_token":"secret-1","token_type":"Bearer","expires_in":NaN}"#,
        r#"{"access_token":"secret-1","token_type":"Bearer"} trailing"#,
        r#"["secret-1","Bearer"]"#,
        r#"{"error":"invalid_grant","access_token":"secret-1","token_type":"Bearer"}"#,
    ] {
        refuses(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
    }
}

#[tokio::test]
async fn only_status_200_brings_tokens() {
    let good = json!({ "access_token": "secret-1", "token_type": "Bearer" });
    for status in [201, 204, 400, 401, 403] {
        refuses(json_response(status, &good)).await;
    }
}

#[tokio::test]
async fn an_error_shows_its_code_and_nothing_else_that_the_server_wrote() {
    let fake = Fake::start().await;
    for (error, shown) in [("invalid_request", true), ("\u{1b}[31mred", false), ("<b>", false)] {
        let body = json!({ "error": error, "error_description": "secret <script>" });
        fake.edit(|world| world.token_responses.push_back(json_response(400, &body)));
        let text = fake.client().sign_in().await.unwrap_err().to_string();
        assert_eq!(text.contains(error), shown, "{text}");
        assert!(!text.contains("script"));
    }
}

#[tokio::test]
async fn the_least_that_a_token_response_must_have_is_enough() {
    let fake = Fake::start().await;
    fake.edit(|world| {
        world.live.insert("token".to_owned(), vec!["mcp:read".to_owned()]);
        world.token_responses.push_back(json_response(
            200,
            &json!({ "access_token": "token", "token_type": "bEaReR" }),
        ));
    });
    let client = fake.client();
    assert_eq!(client.sign_in().await.unwrap(), ["mcp:read", "mcp:write"]);
    client.list_tables(ListTables::default()).await.unwrap();
}
