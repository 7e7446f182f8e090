//! G-PKCE: verifiers, and what their relation to a challenge is.

use proptest::prelude::*;

use crate::probe::authorize::s256;

/// A verifier to redeem with, in relation to the one the challenge was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Another random verifier, of this length.
    Other(usize),
    /// One character exchanged for another legal one, at this position.
    Flipped(usize),
    /// This many characters cut from the end, down to the shortest legal length.
    Cut(usize),
    /// Characters added at the end.
    Longer(usize),
    /// Upper case for lower case and the other way round.
    CaseSwapped,
    /// The challenge itself, which is what `plain` would compare with.
    Challenge,
    /// Nothing between the equals sign and the ampersand.
    Empty,
}

pub(crate) fn wrong() -> impl Strategy<Value = Wrong> {
    prop_oneof![
        (43_usize..=128).prop_map(Wrong::Other),
        (0_usize..64).prop_map(Wrong::Flipped),
        (1_usize..21).prop_map(Wrong::Cut),
        (1_usize..30).prop_map(Wrong::Longer),
        Just(Wrong::CaseSwapped),
        Just(Wrong::Challenge),
        Just(Wrong::Empty),
    ]
}

impl Wrong {
    /// The verifier, made from `right`, a legal one. It is never `right` itself.
    pub(crate) fn verifier(&self, right: &str) -> String {
        match self {
            Self::Other(length) => {
                let other = s256(right).chars().rev().cycle().take(*length).collect::<String>();
                if other == right { format!("{other}~") } else { other }
            }
            Self::Flipped(position) => {
                let mut bytes = right.as_bytes().to_vec();
                let position = position % bytes.len();
                bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
                String::from_utf8(bytes).expect("a verifier is ASCII")
            }
            Self::Cut(count) => right[..right.len().saturating_sub(*count).max(1)].to_owned(),
            Self::Longer(count) => format!("{right}{}", "a".repeat(*count)),
            Self::CaseSwapped => right
                .chars()
                .map(|c| {
                    if c.is_ascii_lowercase() {
                        c.to_ascii_uppercase()
                    } else {
                        c.to_ascii_lowercase()
                    }
                })
                .collect(),
            Self::Challenge => s256(right),
            Self::Empty => String::new(),
        }
    }
}

/// A verifier outside `[A-Za-z0-9-._~]{43,128}`, with what is wrong about it. Its S256 challenge
/// is honest, so only the syntax of RFC 7636 section 4.1 tells it from a good one.
pub(crate) fn illegal() -> Vec<(&'static str, String)> {
    let legal = "a".repeat(43);
    vec![
        ("42 characters", "a".repeat(42)),
        ("one character", "a".to_owned()),
        ("129 characters", "a".repeat(129)),
        ("a space", format!("{legal} ")),
        ("a plus sign", format!("{legal}+")),
        ("an equals sign", format!("{legal}=")),
        ("a slash", format!("{legal}/")),
        ("a letter beyond ASCII", format!("{legal}é")),
        ("a line break", format!("{legal}\n")),
        ("a NUL", format!("{legal}\0")),
    ]
}

/// Challenge methods that are not S256 (RFC 7636 section 4.3; `None` means `plain`).
pub(crate) fn methods() -> Vec<Option<String>> {
    let near =
        ["plain", "PLAIN", "s256", "S256 ", " S256", "S 256", "S512", "sha256", "none", "", "Ѕ256"];
    let mut methods: Vec<Option<String>> =
        near.iter().map(|name| Some((*name).to_owned())).collect();
    methods.insert(0, None);
    methods
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_legal(verifier: &str) -> bool {
        let legal = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        (43..=128).contains(&verifier.chars().count()) && verifier.chars().all(legal)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_wrong_verifier_never_has_the_right_challenge(
            wrong in wrong(),
            right in prop::collection::vec(prop::sample::select(b"ABCabc019-._~".to_vec()), 64..128),
        ) {
            let right = String::from_utf8(right).expect("ASCII");
            prop_assert_ne!(s256(&wrong.verifier(&right)), s256(&right));
        }
    }

    #[test]
    fn every_illegal_verifier_is_illegal() {
        assert!(illegal().iter().all(|(_, verifier)| !is_legal(verifier)));
    }

    #[test]
    fn no_method_of_the_list_is_s256() {
        assert!(methods().iter().all(|method| method.as_deref() != Some("S256")));
    }
}
