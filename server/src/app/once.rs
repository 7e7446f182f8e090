//! What a form makes, once however often it is sent.

use sha2::{Digest as _, Sha256};

use crate::authority::records::User;

/// The identifier of what a form of a person makes. It follows from the form, so what is sent again, to this server or to another of its database, meets
/// what was made the first time. It names a thing and proves nothing.
pub(super) fn identifier_of(user: &User, what: &str, form: &str) -> String {
    let mut hash = Sha256::new();
    for part in [what, &user.id, form] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}
