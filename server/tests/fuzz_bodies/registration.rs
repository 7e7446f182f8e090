//! F7: registration requests. What is registered can be used safely, says what is in effect, and nothing else changes anything.

use lookout_server::authority::client::{FreshClient, Registration};
use lookout_server::authority::records::{Client, ClientAuthMethod, GrantType};
use lookout_server::authority::redirect::is_registrable;
use lookout_server::authority::{Authority, Change, Issuer, Lifetimes, Limits, Policy, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use serde_json::Value;

pub(crate) fn check(bytes: &[u8]) {
    let Ok(registration) = Registration::read(bytes) else { return };
    let document: Value = serde_json::from_slice(bytes).expect("what was read is JSON");
    let fresh = FreshClient { id: "new", registered_by: None, secret: Digest([7; 32], Kid(1)) };
    let decision = authority().register(Timestamp(1), &registration, fresh);
    match decision.reply {
        Err(_) => assert_eq!(decision.changes, []),
        Ok(client) => {
            assert_eq!(decision.changes, [Change::AddClient(client.clone())]);
            assert_eq!((client.id.as_str(), client.document_fresh_until), ("new", None));
            assert_eq!(client.secret.is_some(), client.auth_method != ClientAuthMethod::None);
            is_sound(&client, &document);
        }
    }
}

/// What holds of every client, however it came here.
pub(crate) fn is_sound(client: &Client, document: &Value) {
    assert!((1..=10).contains(&client.redirect_uris.len()));
    assert_eq!(Value::from(client.redirect_uris.clone()), document["redirect_uris"]);
    assert!(client.redirect_uris.iter().all(|uri| is_registrable(uri)));
    let length = client.name.chars().count();
    assert!((1..=64).contains(&length), "{:?}", client.name);
    let deceives = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!client.name.contains(deceives), "{:?}", client.name);
    assert!(client.grant_types.contains(&GrantType::AuthorizationCode));
    assert!(!client.scopes.is_empty() && client.deleted_at.is_none());
    assert_eq!(client.registered_by, None);
}

pub(crate) fn authority() -> Authority {
    Authority {
        policy: Policy::STRICT,
        issuer: Issuer::new("https://lookout.example"),
        lifetimes: Lifetimes {
            code: 60,
            access: 600,
            refresh_absolute: 2_592_000,
            refresh_idle: 604_800,
            session_absolute: 604_800,
            session_idle: 43_200,
            authorization_request: 600,
        },
        limits: Limits { redirect_uris: 10, grants_per_client: 20, tokens_per_person: 50 },
    }
}
