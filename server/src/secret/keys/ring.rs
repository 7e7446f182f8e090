//! The keys that are accepted, and what is derived from each.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::bound::Check;
use super::file::KeyFile;
use super::{Digest, Kid};
use crate::secret::SecretKind;

/// Every key, the current one first and then the newest.
pub(super) struct Ring(pub(super) Vec<Derived>);

/// A root key, and the keys that are derived from it.
pub(super) struct Derived {
    pub(super) kid: Kid,
    pub(super) check: Check,
    token_digest: Zeroizing<[u8; 32]>,
    csrf: Zeroizing<[u8; 32]>,
    pub(super) cursor: Zeroizing<[u8; 32]>,
}

impl Ring {
    pub(super) fn of(file: &KeyFile) -> Self {
        Self(file.roots().map(|(kid, root)| Derived::of(kid, root)).collect())
    }

    pub(super) fn checks(&self) -> Vec<(Kid, Check)> {
        self.0.iter().map(|key| (key.kid, key.check)).collect()
    }
}

impl Derived {
    pub(super) fn of(kid: Kid, root: &[u8; 32]) -> Self {
        let subkey = |label: &str| Zeroizing::new(hmac(root, &[label.as_bytes()]));
        Self {
            kid,
            check: check(root),
            token_digest: subkey("token-digest"),
            csrf: subkey("csrf"),
            cursor: subkey("cursor"),
        }
    }

    pub(super) fn digest(&self, kind: SecretKind, text: &str) -> Digest {
        let parts = [kind.prefix().as_bytes(), &[0], text.as_bytes()];
        Digest(hmac(&self.token_digest, &parts), self.kid)
    }

    pub(super) fn form_token(&self, session: &[u8], form: &str) -> String {
        let mac =
            hmac(&self.csrf, &[&(session.len() as u64).to_be_bytes(), session, form.as_bytes()]);
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, mac)
    }
}

/// Tells a root key from others. No key that anything is digested with is made with this label.
pub(super) fn check(root: &[u8; 32]) -> Check {
    hmac(root, &[b"check-value"])
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
