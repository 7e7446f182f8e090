//! The random values of one authorization request: a PKCE verifier with its challenge (RFC 7636), and the state (RFC 6749 section 10.12).
//!
//! Each is 256 bits from the operating system, made for one request and used in it alone.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::secret::CodeVerifier;
use crate::Error;

impl CodeVerifier {
    /// A fresh verifier of 43 characters.
    pub(crate) fn generate() -> Result<Self, Error> {
        Ok(Self::new(random_text()?).expect("base64url is visible ASCII"))
    }

    /// The S256 challenge (RFC 7636 section 4.2).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.expose().as_bytes()))
    }
}

/// The `state` of one authorization request.
pub(crate) struct State(Zeroizing<String>);

impl State {
    pub(crate) fn generate() -> Result<Self, Error> {
        random_text().map(Zeroizing::new).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn random_text() -> Result<String, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| {
        Error::authorization("the operating system gives no random numbers").caused_by(error)
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        let verifier =
            CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned()).unwrap();
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn verifiers_are_legal_and_never_repeat() {
        let verifiers: std::collections::BTreeSet<String> =
            (0..100).map(|_| CodeVerifier::generate().unwrap().expose().to_owned()).collect();
        assert_eq!(verifiers.len(), 100);
        for verifier in verifiers {
            assert_eq!(verifier.len(), 43);
            assert!(verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)));
        }
    }
}
