//! F3: verifiers and challenges, against a definition over characters. The first line is the verifier, the second the challenge.

use lookout_server::authority::pkce::{
    ChallengeMethod, accepted_method, challenge_is_well_formed, verifier_is_well_formed,
    verifier_matches,
};
use sha2::{Digest as _, Sha256};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (verifier, challenge) = text.split_once('\n').unwrap_or((&text, ""));
    let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let length = verifier.chars().count();
    let is_verifier = (43..=128).contains(&length) && verifier.chars().all(is_unreserved);
    assert_eq!(verifier_is_well_formed(verifier), is_verifier, "{verifier:?}");

    let expected = challenge_of(verifier);
    assert!(challenge_is_well_formed(&expected));
    assert!(verifier_matches(&expected, ChallengeMethod::S256, verifier));
    let matches = verifier_matches(challenge, ChallengeMethod::S256, verifier);
    assert_eq!(matches, challenge == expected, "{challenge:?}");
    let is_base64url = challenge.bytes().all(|byte| ALPHABET.contains(&byte));
    assert_eq!(challenge_is_well_formed(challenge), is_base64url && challenge.len() == 43);
    assert_eq!(accepted_method(Some(challenge)).is_some(), challenge == "S256");
}

/// Base64url without padding, bit by bit.
fn challenge_of(verifier: &str) -> String {
    let digest = Sha256::digest(verifier.as_bytes());
    let bit = |index: usize| digest.get(index / 8).map_or(0, |byte| byte >> (7 - index % 8) & 1);
    let digit = |group: usize| (0..6).fold(0, |value, index| value << 1 | bit(group * 6 + index));
    (0..43).map(|group| char::from(ALPHABET[usize::from(digit(group))])).collect()
}
