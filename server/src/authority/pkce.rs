//! Proof Key for Code Exchange (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// How a challenge was made from its verifier (RFC 7636 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeMethod {
    /// The base64url SHA-256 of the verifier: the only one that [`accepted_method`] takes.
    S256,
    /// The verifier itself. Known here so that a policy which wrongly accepts it can be tested.
    Plain,
}

impl ChallengeMethod {
    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S256 => "S256",
            Self::Plain => "plain",
        }
    }
}

/// The method that `code_challenge_method` names. Leaving it out means `plain` (RFC 7636 section 4.3), so that is refused as well.
#[must_use]
pub fn accepted_method(name: Option<&str>) -> Option<ChallengeMethod> {
    (name == Some("S256")).then_some(ChallengeMethod::S256)
}

/// Whether `challenge` could be an S256 challenge: 43 characters of the base64url alphabet (RFC 7636 section 4.2).
#[must_use]
pub fn challenge_is_well_formed(challenge: &str) -> bool {
    challenge.len() == 43
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether `verifier` has the length and the alphabet of RFC 7636 section 4.1.
#[must_use]
pub fn verifier_is_well_formed(verifier: &str) -> bool {
    (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

/// Whether `verifier` is what `challenge` was made from (RFC 7636 section 4.6).
#[must_use]
pub fn verifier_matches(challenge: &str, method: ChallengeMethod, verifier: &str) -> bool {
    let expected = match method {
        ChallengeMethod::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        ChallengeMethod::Plain => verifier.to_owned(),
    };
    challenge.as_bytes().ct_eq(expected.as_bytes()).into()
}
