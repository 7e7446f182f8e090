//! Clients: what may be registered, what their names look like, and how they authenticate.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::client::{FreshClient, Presented, Registration};
use lookout_server::authority::records::{Client, ClientAuthMethod, GrantType};
use lookout_server::authority::{Change, OAuthErrorCode, Policy, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use proptest::prelude::*;

use crate::cases;
use crate::memory::{REDIRECT, authority, client};

const SECRET: Digest = Digest([5; 32], Kid(1));

fn good() -> Registration {
    Registration { redirect_uris: vec![REDIRECT.to_owned()], ..Registration::default() }
}

fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|&text| text.to_owned()).collect())
}

fn register(registration: &Registration) -> Result<Client, OAuthErrorCode> {
    let fresh = FreshClient { id: "new", registered_by: None, secret: SECRET };
    let decision = authority(Policy::STRICT).register(Timestamp(42), registration, fresh);
    match decision.reply {
        Ok(client) => {
            assert_eq!(decision.changes, [Change::AddClient(client.clone())]);
            Ok(client)
        }
        Err(error) => {
            assert_eq!(decision.changes, []);
            Err(error.code)
        }
    }
}

#[test]
fn a_client_that_says_nothing_gets_the_defaults_and_no_secret() {
    let client = register(&good()).unwrap();
    assert_eq!(client.id, "new");
    assert_eq!(client.name, "Unnamed application");
    assert_eq!(client.redirect_uris, [REDIRECT]);
    assert_eq!(client.auth_method, ClientAuthMethod::None);
    assert_eq!(client.secret, None);
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(client.scopes, ScopeSet::all());
    assert_eq!(client.created_at, Timestamp(42));
    assert_eq!(client.deleted_at, None);
}

#[test]
fn metadata_that_cannot_be_is_refused() {
    use OAuthErrorCode::{InvalidClientMetadata, InvalidRedirectUri};
    let with_uris = |redirect_uris| Registration { redirect_uris, ..good() };
    let refused = [
        (with_uris(Vec::new()), InvalidRedirectUri),
        (with_uris(vec![REDIRECT.to_owned(), "javascript:x".to_owned()]), InvalidRedirectUri),
        (with_uris(vec![REDIRECT.to_owned(); 11]), InvalidRedirectUri),
        (
            Registration { auth_method: Some("private_key_jwt".to_owned()), ..good() },
            InvalidClientMetadata,
        ),
        (Registration { grant_types: texts(&["refresh_token"]), ..good() }, InvalidClientMetadata),
        (Registration { grant_types: texts(&[]), ..good() }, InvalidClientMetadata),
        (Registration { response_types: texts(&["token"]), ..good() }, InvalidClientMetadata),
        (Registration { response_types: texts(&[]), ..good() }, InvalidClientMetadata),
    ];
    for (registration, code) in refused {
        assert_eq!(register(&registration), Err(code), "{registration:?}");
    }
    assert!(register(&with_uris(vec![REDIRECT.to_owned(); 10])).is_ok());
}

#[test]
fn what_is_in_effect_is_the_part_of_the_request_that_exists_here() {
    let registration = Registration {
        grant_types: texts(&["implicit", "refresh_token", "authorization_code"]),
        response_types: texts(&["token", "code"]),
        scope: Some("openid mcp:read".to_owned()),
        ..good()
    };
    let client = register(&registration).unwrap();
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert_eq!(client.scopes, ScopeSet::of(&[Scope::McpRead]));
    let registration = Registration { scope: Some("openid profile".to_owned()), ..good() };
    assert_eq!(register(&registration).unwrap().scopes, ScopeSet::all());
}

#[test]
fn a_client_has_a_secret_exactly_when_it_registers_a_method_that_uses_one() {
    let methods = [
        (ClientAuthMethod::None, None),
        (ClientAuthMethod::Basic, Some(SECRET)),
        (ClientAuthMethod::Post, Some(SECRET)),
    ];
    for (method, secret) in methods {
        let auth_method = Some(method.as_str().to_owned());
        let client = register(&Registration { auth_method, ..good() }).unwrap();
        assert_eq!((client.auth_method, client.secret), (method, secret));
    }
}

#[test]
fn a_client_authenticates_as_it_registered_and_with_its_secret() {
    let authority = authority(Policy::STRICT);
    let methods = [ClientAuthMethod::None, ClientAuthMethod::Basic, ClientAuthMethod::Post];
    let secrets = [None, Some(SECRET), Some(Digest([6; 32], Kid(1)))];
    for registered in methods {
        let own = (registered != ClientAuthMethod::None).then_some(SECRET);
        let client = Client { auth_method: registered, secret: own, ..client("a") };
        let deleted = Client { deleted_at: Some(Timestamp(1)), ..client.clone() };
        for method in methods {
            for secret in &secrets {
                let presented = Presented { method, secret: secret.as_ref() };
                let result = authority.authenticate(Some(&client), presented);
                let is_right = method == registered && *secret == own;
                assert_eq!(result.is_ok(), is_right, "{registered:?}: {method:?} {secret:?}");
                for nobody in [None, Some(&deleted)] {
                    let result = authority.authenticate(nobody, presented);
                    assert_eq!(result.unwrap_err().code, OAuthErrorCode::InvalidClient);
                }
            }
        }
    }
}

fn shown(name: &str) -> String {
    (Policy::STRICT.client_name_shown)(name)
}

#[test]
fn a_name_loses_what_nobody_can_see() {
    let invisible = [
        '\0',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{17b5}',
        '\u{180b}',
        '\u{180e}',
        '\u{180f}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{206f}',
        '\u{3164}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff0}',
        '\u{fffb}',
        '\u{e0000}',
        '\u{e0041}',
        '\u{e0fff}',
    ];
    for character in invisible {
        let name = shown(&format!("Good{character}App"));
        assert!(
            name == "GoodApp" || name == "Good App",
            "U+{:04X}: {name:?}",
            u32::from(character)
        );
        assert_eq!(shown(&character.to_string()), "", "U+{:04X}", u32::from(character));
    }
    for visible in [
        "Notes & Co.",
        "名前",
        "Ünïcode",
        "a-b_c",
        "🙂",
        "ﬀ",
        "Tie\u{302}\u{301}ng",
        "हिन्दी",
        "ภาษาไทย",
    ] {
        assert_eq!(shown(visible), visible);
    }
    assert_eq!(shown("a\u{2800}\u{2800}b\u{2028}c"), "a b c");
    assert_eq!(shown("\u{e000}a\u{ffff}"), "\u{fffd}a\u{fffd}");
    assert_eq!(shown(" \t two\u{a0}\u{2003} \r\n words "), "two words");
}

#[test]
fn a_name_does_not_reach_beyond_its_line() {
    let pile = "\u{301}".repeat(30);
    assert_eq!(shown(&format!("{pile}a{pile}b {pile}")), "a\u{301}\u{301}\u{301}b");
    let cut = format!("{}é\u{301}\u{301}x", "a".repeat(62)).replace('é', "e\u{301}");
    assert_eq!(shown(&cut), format!("{}…", "a".repeat(62)));
}

#[test]
fn a_long_name_is_cut_to_64_characters_and_says_so() {
    for character in ["a", "é", "名"] {
        assert_eq!(shown(&character.repeat(63)), character.repeat(63));
        assert_eq!(shown(&character.repeat(64)), character.repeat(64));
        assert_eq!(shown(&character.repeat(65)), format!("{}…", character.repeat(63)));
        assert_eq!(shown(&character.repeat(500)), format!("{}…", character.repeat(63)));
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_shown_name_is_short_printable_and_settled(name in "\\PC{0,80}|[ -~\\s\\u{200b}-\\u{202e}]{0,80}|.{0,80}") {
        let name = shown(&name);
        prop_assert!(name.chars().count() <= 64);
        prop_assert!(!name.chars().any(char::is_control));
        prop_assert!(!name.contains("  ") && !name.starts_with(' '));
        prop_assert!(!name.chars().any(|c| c.is_whitespace() && c != ' '));
        prop_assert_eq!(shown(&name), name.trim_end());
    }
}
