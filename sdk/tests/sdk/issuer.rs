//! The `iss` of an authorization response (RFC 9207 section 2.4).

use serde_json::Value;

use crate::support::Fake;

/// Signs in at a server that advertises `iss` as given and sends `iss`; returns whether a code was redeemed.
async fn redeems(
    advertised: Value,
    iss: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> bool {
    let fake = Fake::start().await;
    fake.edit(|world| {
        world.metadata["authorization_response_iss_parameter_supported"] = advertised
    });
    let client = fake.client_with(fake.person(move |ask| {
        let iss = iss(&ask.url.origin().ascii_serialization());
        let mut params = vec![("code", "secret-code"), ("state", ask.params["state"].as_str())];
        params.extend(iss.as_deref().map(|iss| ("iss", iss)));
        vec![ask.callback(&params)]
    }));
    let outcome = client.sign_in().await;
    let redeemed = fake.token_requests().await == 1;
    assert_eq!(outcome.is_ok(), redeemed);
    redeemed
}

#[tokio::test]
async fn a_code_is_redeemed_in_exactly_the_rows_of_the_table_that_allow_it() {
    for (advertised, sent, allowed) in [
        (Value::Bool(true), Some(true), true),
        (Value::Bool(true), Some(false), false),
        (Value::Bool(true), None, false),
        (Value::Bool(false), Some(true), true),
        (Value::Bool(false), Some(false), false),
        (Value::Bool(false), None, true),
        (Value::Null, Some(true), true),
        (Value::Null, Some(false), false),
        (Value::Null, None, true),
    ] {
        let iss = move |issuer: &str| match sent {
            Some(true) => Some(issuer.to_owned()),
            Some(false) => Some("https://attacker.example".to_owned()),
            None => None,
        };
        assert_eq!(
            redeems(advertised.clone(), iss).await,
            allowed,
            "advertised {advertised}, sent {sent:?}"
        );
    }
}

#[tokio::test]
async fn an_issuer_that_is_almost_the_right_one_is_the_wrong_one() {
    let near: [fn(&str) -> String; 6] = [
        |issuer| format!("{issuer}/"),
        |issuer| issuer.replace("http:", "HTTP:"),
        |issuer| issuer.replace("127.0.0.1", "localhost"),
        |issuer| issuer.replace("127", "%3127"),
        |issuer| format!(" {issuer}"),
        |_| String::new(),
    ];
    for change in near {
        assert!(!redeems(Value::Bool(true), move |issuer| Some(change(issuer))).await);
    }
}

#[tokio::test]
async fn an_error_from_the_wrong_issuer_is_not_shown() {
    let fake = Fake::start().await;
    let client = fake.client_with(fake.person(|ask| {
        let state = ask.params["state"].as_str();
        vec![ask.callback(&[
            ("error", "access_denied"),
            ("state", state),
            ("iss", "https://attacker.example"),
        ])]
    }));
    let error = client.sign_in().await.unwrap_err();
    assert!(error.to_string().contains("another issuer"), "{error}");
    assert!(!error.to_string().contains("attacker"));
}
