//! Which keys a database knows: a server works only with those.
//!
//! The database keeps a check value of every key, made with the key under a label of its own, so it is no digest of any secret. A key that differs under the
//! same name would make every valid secret unknown here and every new one unknown elsewhere, and so would a key that is missing.

use super::{KeyError, Kid};

/// What tells a root key from another without saying anything about it.
pub type Check = [u8; 32];

/// A root key as a database knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Its name.
    pub kid: Kid,
    /// Its check value.
    pub check: Check,
    /// Whether secrets were made with it.
    pub is_used: bool,
    /// Whether everything that was made with it has ended.
    pub is_retired: bool,
}

/// Judges keys, the current one first, by what a database knows.
///
/// # Errors
///
/// When one is another than the database's of that name, the current one was retired, or one that is in use is missing.
pub fn judge(keys: &[(Kid, Check)], known: &[KnownKey]) -> Result<(), KeyError> {
    judge_present(keys, known)?;
    let is_here = |key: &&KnownKey| keys.iter().any(|(kid, _)| *kid == key.kid);
    let mut in_use = known.iter().filter(|key| key.is_used && !key.is_retired);
    match in_use.find(|key| !is_here(key)) {
        Some(key) => Err(KeyError::Lacking(key.kid)),
        None => Ok(()),
    }
}

/// The same, but for what is missing: a key may have been retired since `known` was read.
pub(super) fn judge_present(keys: &[(Kid, Check)], known: &[KnownKey]) -> Result<(), KeyError> {
    for (place, (kid, check)) in keys.iter().enumerate() {
        let Some(key) = known.iter().find(|key| key.kid == *kid) else { continue };
        if key.check != *check {
            return Err(KeyError::Other(*kid));
        }
        if place == 0 && key.is_retired {
            return Err(KeyError::Retired(*kid));
        }
    }
    Ok(())
}
