//! Where randomness comes from.
//!
//! Everything random is asked of an [`Entropy`] that the caller names, so a test can repeat a run.

use std::fmt;

use super::BASE62;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes)
            .expect("the operating system always has random bytes for a running process");
    }
}

/// A random identifier of 128 bits or more, for rows. It names a thing and proves nothing.
#[must_use]
pub fn identifier(entropy: &dyn Entropy) -> String {
    base62(entropy, 22)
}

/// `length` characters, each of the 62 equally likely.
pub(super) fn base62(entropy: &dyn Entropy, length: usize) -> String {
    // 248 is the largest multiple of 62 in a byte. A remainder of larger bytes would favour the first characters.
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        entropy.fill(&mut bytes);
        let usable = bytes.iter().filter(|&&byte| byte < 248);
        text.extend(
            usable
                .take(length - text.len())
                .map(|&byte| char::from(BASE62[usize::from(byte % 62)])),
        );
    }
    text
}
