//! Secrets: their form, that they are read back only as what they are, and what is stored of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

use lookout_server::secret::entropy::{Entropy, SystemEntropy, identifier};
use lookout_server::secret::keys::{KeyError, Keys};
use lookout_server::secret::{
    AccessToken, AuthorizationCode, ClientSecret, Kind, ProgrammaticToken, RefreshToken, Secret,
    SecretKind, SessionSecret, SetupKind, SetupSecret,
};
use proptest::prelude::*;

use crate::cases;

/// Bytes of a fixed sequence, from some place in it on. Every value is about equally frequent, also in parts of it.
#[derive(Debug)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let place = self.0.fetch_add(1, Ordering::Relaxed);
            *byte = place.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0];
        }
    }
}

fn counting_from(start: u64) -> Counting {
    Counting(AtomicU64::new(start))
}

/// CRC-32 as ISO 3309 has it, bit by bit, in six base62 digits.
fn check(text: &str) -> String {
    let mut remainder = u32::MAX;
    for byte in text.bytes() {
        remainder ^= u32::from(byte);
        for _ in 0..8 {
            let carry = remainder & 1;
            remainder = (remainder >> 1) ^ (0xEDB8_8320 * carry);
        }
    }
    let digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".as_bytes();
    let digit = |place: u32| digits[((!remainder / 62_u32.pow(place)) % 62) as usize];
    (0..6).rev().map(|place| char::from(digit(place))).collect()
}

fn one<K: Kind>(start: u64) -> (SecretKind, String, String, String) {
    let secret = Secret::<K>::mint(&counting_from(start));
    assert!(Secret::<K>::parse(secret.expose()).is_some());
    (K::KIND, secret.expose().to_owned(), secret.hint(), format!("{secret:?}"))
}

fn one_of_each(start: u64) -> Vec<(SecretKind, String, String, String)> {
    use lookout_server::secret::{
        AccessKind, ClientKind, CodeKind, ProgrammaticKind, RefreshKind, SessionKind,
    };
    vec![
        one::<AccessKind>(start),
        one::<RefreshKind>(start),
        one::<ProgrammaticKind>(start),
        one::<CodeKind>(start),
        one::<ClientKind>(start),
        one::<SessionKind>(start),
        one::<SetupKind>(start),
    ]
}

#[test]
fn the_prefixes_are_those_that_scanners_are_told() {
    let prefixes = SecretKind::ALL.iter().map(|kind| kind.prefix());
    let told = ["lkoat_", "lkort_", "lkmcp_", "lkoac_", "lkocs_", "lkses_", "lkset_"];
    assert_eq!(prefixes.collect::<Vec<_>>(), told);
}

#[test]
fn every_character_of_a_random_text_is_equally_likely() {
    let source = counting_from(0);
    let text: String = (0..5_000).map(|_| identifier(&source)).collect();
    let mut counts = std::collections::BTreeMap::new();
    for character in text.chars() {
        *counts.entry(character).or_insert(0_usize) += 1;
    }
    assert_eq!(counts.len(), 62);
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    // A byte modulo 62 would favour eight characters by a quarter.
    assert!(most * 100 < least * 115, "{counts:?}");
    assert_eq!(identifier(&source).len(), 22);
    assert_ne!(identifier(&SystemEntropy), identifier(&SystemEntropy));
}

#[test]
fn the_system_fills_every_byte() {
    let mut seen = [0_u8; 32];
    for _ in 0..64 {
        let mut bytes = [0; 32];
        SystemEntropy.fill(&mut bytes);
        seen.iter_mut().zip(bytes).for_each(|(seen, byte)| *seen |= byte);
    }
    assert!(!seen.contains(&0));
}

#[test]
fn a_secret_of_one_kind_is_no_other() {
    for (kind, text, ..) in one_of_each(7) {
        let read = [
            (SecretKind::Access, AccessToken::parse(&text).is_some()),
            (SecretKind::Refresh, RefreshToken::parse(&text).is_some()),
            (SecretKind::Programmatic, ProgrammaticToken::parse(&text).is_some()),
            (SecretKind::Code, AuthorizationCode::parse(&text).is_some()),
            (SecretKind::Client, ClientSecret::parse(&text).is_some()),
            (SecretKind::Session, SessionSecret::parse(&text).is_some()),
            (SecretKind::Setup, SetupSecret::parse(&text).is_some()),
        ];
        for (other, is_read) in read {
            assert_eq!(is_read, other == kind, "{kind:?} as {other:?}");
        }
    }
}

#[test]
fn a_digest_depends_on_the_kind_the_text_and_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::create(&folder.path().join("one"), &counting_from(0)).unwrap();
    let again = Keys::load(&folder.path().join("one")).unwrap();
    let other = Keys::create(&folder.path().join("other"), &counting_from(1)).unwrap();
    let token = AccessToken::mint(&SystemEntropy);
    let digest = keys.digest(&token);
    assert!(digest.matches(&again.digest_as(SecretKind::Access, token.expose())));
    assert_eq!(digest, again.digest(&token));
    let near = [
        keys.digest_as(SecretKind::Refresh, token.expose()),
        keys.digest(&AccessToken::mint(&SystemEntropy)),
        other.digest(&token),
    ];
    for near in near {
        assert!(!digest.matches(&near));
        assert_ne!(digest, near);
    }
    assert!(!format!("{digest:?}").contains(&format!("{:?}", digest.0)));
    assert_eq!(format!("{digest:?}").len(), "Digest(0000…)".len());
    assert_eq!(format!("{keys:?}"), "Keys([redacted])");
}

#[test]
fn a_form_token_depends_on_the_session_the_form_and_the_key_with_no_way_to_shift_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::create(&folder.path().join("one"), &counting_from(0)).unwrap();
    let other = Keys::create(&folder.path().join("other"), &counting_from(1)).unwrap();
    let token = keys.form_token(b"session", "form");
    assert_eq!(token, keys.form_token(b"session", "form"));
    assert_eq!(token.len(), 43);
    let near = [
        keys.form_token(b"sessio", "nform"),
        keys.form_token(b"sessionf", "orm"),
        keys.form_token(b"session", "form2"),
        keys.form_token(b"", "form"),
        other.form_token(b"session", "form"),
    ];
    assert!(near.iter().all(|near| *near != token));
}

#[test]
fn a_root_key_is_made_once_for_its_owner_and_loaded_only_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    assert!(matches!(Keys::load(&path), Err(KeyError::Missing { .. })));
    Keys::create(&path, &SystemEntropy).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read(&path).unwrap().len(), 32);
    assert!(matches!(Keys::create(&path, &SystemEntropy), Err(KeyError::Io { .. })));
    let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o400, 0o600] {
        set(mode);
        assert!(Keys::load(&path).is_ok(), "{mode:o}");
    }
    for open in [0o604, 0o640, 0o620, 0o700, 0o644] {
        set(open);
        assert!(
            matches!(Keys::load(&path), Err(KeyError::TooOpen { mode, .. }) if mode == open),
            "{open:o}"
        );
    }
    set(0o600);
    for length in [0, 31, 33, 64] {
        fs::write(&path, vec![1; length]).unwrap();
        assert!(matches!(Keys::load(&path), Err(KeyError::Malformed { .. })), "{length}");
    }
    assert!(matches!(
        Keys::load(folder.path()),
        Err(KeyError::TooOpen { .. } | KeyError::Io { .. })
    ));
    let missing = Keys::create(&folder.path().join("no/such/folder"), &SystemEntropy);
    assert!(matches!(missing, Err(KeyError::Io { .. })));
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_secret_is_its_prefix_43_characters_and_their_checksum(start: u64) {
        for (kind, text, hint, shown) in one_of_each(start) {
            let body = text.strip_prefix(kind.prefix()).unwrap();
            prop_assert_eq!(body.len(), 49);
            prop_assert!(body.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            let (checked, checksum) = text.split_at(text.len() - 6);
            prop_assert_eq!(check(checked), checksum);
            prop_assert_eq!(SecretKind::of(&text), Some(kind));
            prop_assert_eq!(hint.as_str(), &text[..kind.prefix().len() + 3]);
            prop_assert_eq!(shown.as_str(), "[redacted]");
        }
    }

    #[test]
    fn a_text_that_differs_from_a_secret_is_none(start: u64, position in 0_usize..55, replacement in "[!-~]") {
        for (_, text, ..) in one_of_each(start) {
            let mut edited = text.clone();
            edited.replace_range(position..=position, &replacement);
            prop_assert_eq!(SecretKind::of(&edited).is_some(), edited == text);
            let near = [format!("{text}0"), format!(" {text}"), text[..54].to_owned(), text[1..].to_owned()];
            for near in near {
                prop_assert_eq!(SecretKind::of(&near), None);
            }
            // The checksum of other lengths and alphabets does not make them secrets.
            for body in ["a".repeat(42), "a".repeat(44), format!("{}-", "a".repeat(42)), "é".repeat(21) + "a"] {
                let odd = format!("{}{body}", &text[..6]);
                let odd = format!("{odd}{}", check(&odd));
                prop_assert_eq!(SecretKind::of(&odd), None, "{}", odd);
            }
        }
    }

    #[test]
    fn reading_any_text_is_safe(text in "(lkoat_|lkses_)?.{0,60}") {
        prop_assert_eq!(SecretKind::of(&text), None);
    }
}
