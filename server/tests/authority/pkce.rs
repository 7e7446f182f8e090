//! RFC 7636.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lookout_server::authority::pkce::{
    ChallengeMethod, accepted_method, challenge_is_well_formed, verifier_is_well_formed,
    verifier_matches,
};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::cases;

fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[test]
fn the_example_of_rfc_7636_appendix_b_matches() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert!(verifier_is_well_formed(verifier));
    assert!(challenge_is_well_formed(challenge));
    assert!(verifier_matches(challenge, ChallengeMethod::S256, verifier));
}

#[test]
fn only_the_exact_name_of_the_method_is_accepted() {
    assert_eq!(accepted_method(Some("S256")), Some(ChallengeMethod::S256));
    for name in ["plain", "PLAIN", "s256", "S256 ", " S256", "S512", "Ｓ256", "S256\0", ""] {
        assert_eq!(accepted_method(Some(name)), None, "{name:?}");
    }
    assert_eq!(accepted_method(None), None, "leaving the method out means plain");
}

#[test]
fn methods_have_the_names_of_rfc_7636() {
    assert_eq!(ChallengeMethod::S256.as_str(), "S256");
    assert_eq!(ChallengeMethod::Plain.as_str(), "plain");
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_challenge_is_43_characters_of_base64url(text in "[A-Za-z0-9_-]{42,44}|[ -~]{43}|[A-Za-z0-9_-]{42}[ -~é]") {
        let is_base64url = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let expected = text.chars().count() == 43 && text.chars().all(is_base64url);
        prop_assert_eq!(challenge_is_well_formed(&text), expected);
    }

    #[test]
    fn a_verifier_matches_its_own_challenge_and_no_other(
        verifier in "[A-Za-z0-9._~-]{43,128}",
        other in "[A-Za-z0-9._~-]{43,128}",
        position in 0_usize..43,
    ) {
        let challenge = challenge_of(&verifier);
        prop_assert!(verifier_matches(&challenge, ChallengeMethod::S256, &verifier));
        prop_assert!(challenge_is_well_formed(&challenge));
        prop_assert_eq!(verifier_matches(&challenge, ChallengeMethod::S256, &other), other == verifier);
        prop_assert!(!verifier_matches(&challenge, ChallengeMethod::S256, &challenge));
        let padded = format!("{verifier}=");
        let cut = &verifier[..verifier.len() - 1];
        let mut changed = verifier.clone().into_bytes();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        for near in [padded.as_str(), cut, &changed, ""] {
            prop_assert!(!verifier_matches(&challenge, ChallengeMethod::S256, near));
        }
    }

    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters(text in "[ -~é]{40,131}") {
        let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let expected = (43..=128).contains(&text.chars().count()) && text.chars().all(is_unreserved);
        prop_assert_eq!(verifier_is_well_formed(&text), expected);
    }

    #[test]
    fn a_verifier_of_unreserved_characters_is_judged_by_its_length(length in 0_usize..300) {
        prop_assert_eq!(verifier_is_well_formed(&"a".repeat(length)), (43..=128).contains(&length));
    }
}
