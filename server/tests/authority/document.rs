//! Documents that describe their client: what they must say, and what changes when they do.

use std::net::Ipv4Addr;

use lookout_schema::ScopeSet;
use lookout_server::authority::document::Fetched;
use lookout_server::authority::parameters::Parameters;
use lookout_server::authority::records::{Client, ClientAuthMethod, GrantType};
use lookout_server::authority::{Change, Policy, Timestamp};
use serde_json::{Value, json};

use crate::memory::{REDIRECT, authority};

const ADDRESS: &str = "https://app.example.com/client.json";

fn good() -> Value {
    json!({
        "client_id": ADDRESS,
        "client_name": "App",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
    })
}

fn with(member: &str, value: Value) -> Value {
    let mut document = good();
    document[member] = value;
    document
}

fn without(member: &str) -> Value {
    let mut document = good();
    document.as_object_mut().expect("an object").remove(member);
    document
}

/// The client that `document` describes, or what is wrong with it.
fn describe(policy: Policy, document: &Value, known: Option<&Client>) -> Result<Client, String> {
    let bytes = document.to_string();
    let fetched = Fetched { address: ADDRESS, bytes: bytes.as_bytes(), fresh_for: 600 };
    let decision = authority(policy).describe(Timestamp(1000), fetched, known);
    match decision.reply {
        Ok(client) => {
            assert_eq!(decision.changes, [Change::DescribeClient(client.clone())]);
            Ok(client)
        }
        Err(error) => {
            assert_eq!(decision.changes, []);
            Err(error.description.into_owned())
        }
    }
}

#[test]
fn a_document_describes_a_public_client_whose_identifier_is_its_address() {
    let client = describe(Policy::STRICT, &good(), None).unwrap();
    assert_eq!((client.id.as_str(), client.name.as_str()), (ADDRESS, "App"));
    assert_eq!(client.redirect_uris, [REDIRECT]);
    assert_eq!((client.auth_method, client.secret), (ClientAuthMethod::None, None));
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert_eq!(client.scopes, ScopeSet::all());
    assert_eq!(client.created_at, Timestamp(1000));
    assert_eq!(client.document_fresh_until, Some(Timestamp(601_000)));
    assert_eq!(client.registered_by, None);
    let none = with("token_endpoint_auth_method", json!("none"));
    assert_eq!(describe(Policy::STRICT, &none, None).unwrap(), client);
}

#[test]
fn what_is_wrong_with_a_document_is_said_precisely() {
    let cases = [
        (json!([]), "it is not a JSON object"),
        (without("client_id"), "client_id is missing"),
        (with("client_id", json!(1)), "client_id is missing"),
        (with("client_id", json!(format!("{ADDRESS}/"))), "byte for byte"),
        (with("client_id", json!(ADDRESS.to_uppercase())), "byte for byte"),
        (with("client_id", json!("https://APP.example.com/client.json")), "byte for byte"),
        (without("client_name"), "client_name is missing"),
        (with("client_name", json!("\u{200b} \u{202e}")), "client_name is missing"),
        (with("client_name", json!(7)), "client_name must be a string"),
        (without("redirect_uris"), "redirect_uris is missing"),
        (with("redirect_uris", json!([])), "redirect_uris is missing"),
        (with("redirect_uris", json!(REDIRECT)), "must be an array of strings"),
        (with("redirect_uris", json!(["javascript:alert(1)"])), "redirect_uris must be https"),
        (with("redirect_uris", json!(vec![REDIRECT; 11])), "at most 10"),
        (with("client_secret", json!("s")), "client_secret"),
        (with("client_secret_expires_at", json!(0)), "client_secret"),
        (with("token_endpoint_auth_method", json!("client_secret_basic")), "must be none"),
        (with("token_endpoint_auth_method", json!("client_secret_post")), "must be none"),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), "private_key_jwt is not"),
        (with("grant_types", json!(["refresh_token"])), "authorization_code"),
        (with("response_types", json!(["token"])), "response_types"),
    ];
    for (document, phrase) in cases {
        let why = describe(Policy::STRICT, &document, None).unwrap_err();
        assert!(why.contains(phrase), "{document}: {why}");
    }
}

#[test]
fn a_changed_document_changes_the_client_but_not_its_age_and_a_deleted_client_stays_deleted() {
    let known = describe(Policy::STRICT, &good(), None).unwrap();
    let known = Client { created_at: Timestamp(5), ..known };
    let moved = with("redirect_uris", json!(["https://app.example.com/other"]));
    let client = describe(Policy::STRICT, &moved, Some(&known)).unwrap();
    assert_eq!(client.redirect_uris, ["https://app.example.com/other"]);
    assert_eq!(client.created_at, Timestamp(5));
    let deleted = Client { deleted_at: Some(Timestamp(6)), ..known };
    assert!(describe(Policy::STRICT, &good(), Some(&deleted)).is_err());
}

#[test]
fn a_document_holds_until_its_time_is_up() {
    let authority = authority(Policy::STRICT);
    let client = describe(Policy::STRICT, &good(), None).unwrap();
    assert!(authority.document_is_fresh(Timestamp(600_999), &client));
    assert!(!authority.document_is_fresh(Timestamp(601_000), &client));
    let registered = Client { document_fresh_until: None, ..client };
    assert!(!authority.document_is_fresh(Timestamp(0), &registered));
}

/// The faults of servers that read documents, each with the document that only they take.
#[test]
fn a_policy_that_takes_a_wrong_document_is_noticed() {
    let foreign = with("client_id", json!("https://other.example.com/client.json"));
    let secret = with("token_endpoint_auth_method", json!("client_secret_post"));
    let faults = [
        (Policy { document_names_itself: |_, _| true, ..Policy::STRICT }, &foreign),
        (
            Policy {
                document_names_itself: |address, named| address.eq_ignore_ascii_case(named),
                ..Policy::STRICT
            },
            &with("client_id", json!("https://APP.example.com/client.json")),
        ),
        (Policy { document_method_accepted: |_| true, ..Policy::STRICT }, &secret),
    ];
    for (policy, document) in faults {
        assert!(describe(policy, document, None).is_ok(), "the fault is planted: {document}");
        assert!(describe(Policy::STRICT, document, None).is_err(), "{document}");
    }
}

#[test]
fn nothing_is_worth_fetching_for_a_request_that_fails_anyway() {
    let authority = authority(Policy::STRICT);
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let good = [
        ("response_type", "code"),
        ("client_id", ADDRESS),
        ("redirect_uri", REDIRECT),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ];
    let judge = |pairs: &[(&str, &str)]| {
        authority.is_plausible(&pairs.iter().copied().collect::<Parameters>())
    };
    assert_eq!(judge(&good), Ok(()));
    let mut loopback = good;
    loopback[2].1 = "http://127.0.0.1:4711/callback";
    assert_eq!(judge(&loopback), Ok(()));
    let elsewhere = format!("http://{}/", Ipv4Addr::new(10, 0, 0, 1));
    for (index, value) in [
        (0, "token"),
        (0, ""),
        (2, "javascript:alert(1)"),
        (2, elsewhere.as_str()),
        (3, "short"),
        (3, ""),
        (4, "plain"),
    ] {
        let mut wrong = good;
        wrong[index].1 = value;
        assert!(judge(&wrong).is_err(), "{wrong:?}");
    }
    for more in [
        ("scope", "mcp:admin"),
        ("resource", "https://evil.example/mcp"),
        ("client_id", ADDRESS),
        ("redirect_uri", REDIRECT),
        ("state", "1"),
    ] {
        let mut wrong = good.to_vec();
        wrong.push(more);
        if more.0 == "state" {
            wrong.push(more);
        }
        assert!(judge(&wrong).is_err(), "{wrong:?}");
    }
}
