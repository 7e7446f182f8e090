//! Cursors of list tools: opaque, stateless, signed, and bound to the arguments they were issued for.
//!
//! A cursor holds a position and nothing secret; the signature only keeps a caller from steering the query with a position of his own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::mcp::ToolError;
use crate::secret::keys::Keys;
use lookout_schema::ErrorCode;

/// Octets of the signature that a cursor carries.
const TAG: usize = 16;

/// The keys that cursors are signed with.
#[derive(Clone)]
pub struct CursorKey(Source);

#[derive(Clone)]
enum Source {
    One([u8; 32]),
    Root(Keys),
}

impl CursorKey {
    /// A key from 32 secret octets.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(Source::One(octets))
    }

    /// The keys of a running server: the current one signs, and every accepted one is believed.
    #[must_use]
    pub const fn of(keys: Keys) -> Self {
        Self(Source::Root(keys))
    }

    fn all(&self) -> Vec<[u8; 32]> {
        match &self.0 {
            Source::One(key) => vec![*key],
            Source::Root(keys) => keys.cursors(),
        }
    }

    /// The cursor for `position` in the list that `list` names: the tool, the workspace and every filter.
    pub(crate) fn seal(&self, list: &impl Serialize, position: &impl Serialize) -> String {
        let position = serde_json::to_vec(position).expect("a position is plain data");
        let mut sealed = self.tag(list, &position).to_vec();
        sealed.extend(position);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The position in `cursor`, if it was issued for the same list.
    pub(crate) fn open<P: DeserializeOwned>(
        &self,
        list: &impl Serialize,
        cursor: &str,
    ) -> Result<P, ToolError> {
        let invalid = || {
            ToolError::new(ErrorCode::InvalidCursor, "The cursor was not issued for these arguments.")
                .hint("Leave `cursor` out to start at the first page, and keep the other arguments while paging.")
        };
        let sealed = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (tag, position) = sealed.split_at_checked(TAG).ok_or_else(invalid)?;
        let is_ours = |key: &[u8; 32]| mac(key, list, position).verify_truncated_left(tag).is_ok();
        if !self.all().iter().any(is_ours) {
            return Err(invalid());
        }
        serde_json::from_slice(position).map_err(|_| invalid())
    }

    fn tag(&self, list: &impl Serialize, position: &[u8]) -> [u8; TAG] {
        let whole = mac(&self.all()[0], list, position).finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&whole[..TAG]);
        tag
    }
}

fn mac(key: &[u8; 32], list: &impl Serialize, position: &[u8]) -> Hmac<Sha256> {
    let list = serde_json::to_vec(list).expect("the arguments of a list are plain data");
    let mut mac = Hmac::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(&(list.len() as u64).to_be_bytes());
    mac.update(&list);
    mac.update(position);
    mac
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CursorKey;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_cursor_opens_for_its_own_list_and_no_other(list in ".*", other in ".*", position in any::<(i64, u32)>()) {
            prop_assume!(list != other);
            let key = CursorKey::new([7; 32]);
            let cursor = key.seal(&list, &position);
            prop_assert_eq!(key.open::<(i64, u32)>(&list, &cursor).ok(), Some(position));
            prop_assert!(key.open::<(i64, u32)>(&other, &cursor).is_err());
            prop_assert!(CursorKey::new([8; 32]).open::<(i64, u32)>(&list, &cursor).is_err());
        }

        #[test]
        fn a_changed_cursor_does_not_open(position in any::<u64>(), index in any::<prop::sample::Index>(), flip in 1u8..128) {
            let key = CursorKey::new([7; 32]);
            let mut cursor = key.seal(&"list", &position).into_bytes();
            let index = index.index(cursor.len());
            cursor[index] ^= flip;
            if let Ok(cursor) = String::from_utf8(cursor) {
                prop_assert!(key.open::<u64>(&"list", &cursor).is_err());
            }
        }
    }
}
