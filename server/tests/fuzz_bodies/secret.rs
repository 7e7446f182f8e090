//! F5: secrets, against a CRC-32 bit by bit: only what could have been issued is read, and no single wrong character is overlooked.

use std::sync::atomic::{AtomicUsize, Ordering};

use lookout_server::secret::entropy::Entropy;
use lookout_server::secret::{AccessToken, ProgrammaticToken, RefreshToken, SecretKind};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(SecretKind::of(&text), kind_of(text.as_bytes()), "{text:?}");
    assert_eq!(
        AccessToken::parse(&text).is_some(),
        kind_of(text.as_bytes()) == Some(SecretKind::Access)
    );

    // Randomness that never yields a usable byte would be waited for.
    if bytes.iter().all(|&byte| byte >= 248) {
        return;
    }
    let token = ProgrammaticToken::mint(&Repeated { bytes: bytes.to_owned(), at: 0.into() });
    let issued = token.expose();
    assert_eq!(SecretKind::of(issued), Some(SecretKind::Programmatic), "{issued}");
    assert!(RefreshToken::parse(issued).is_none());
    let place = usize::from(bytes[0]) % issued.len();
    let other = BASE62[usize::from(bytes[bytes.len() / 2]) % BASE62.len()];
    let mut altered = issued.as_bytes().to_owned();
    if altered[place] != other {
        altered[place] = other;
        let altered = String::from_utf8(altered).expect("characters of a token");
        assert_eq!(SecretKind::of(&altered), None, "{altered}");
    }
}

/// Goes on where it stopped: a source that began anew with each call might never come to a byte that is usable.
#[derive(Debug)]
struct Repeated {
    bytes: Vec<u8>,
    at: AtomicUsize,
}

impl Entropy for Repeated {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let at = self.at.fetch_add(1, Ordering::Relaxed);
            *byte = self.bytes[at % self.bytes.len()];
        }
    }
}

fn kind_of(text: &[u8]) -> Option<SecretKind> {
    let (prefix, rest) = text.split_at_checked(6)?;
    let kind = match prefix {
        b"lkoat_" => SecretKind::Access,
        b"lkort_" => SecretKind::Refresh,
        b"lkmcp_" => SecretKind::Programmatic,
        b"lkoac_" => SecretKind::Code,
        b"lkocs_" => SecretKind::Client,
        b"lkses_" => SecretKind::Session,
        _ => return None,
    };
    let is_base62 = rest.iter().all(|byte| BASE62.contains(byte));
    if rest.len() != 49 || !is_base62 {
        return None;
    }
    let (checked, check) = text.split_at(49);
    let digit = |byte: &u8| BASE62.iter().position(|known| known == byte).map(|digit| digit as u64);
    let named = check.iter().filter_map(digit).fold(0, |value, digit| value * 62 + digit);
    (named == u64::from(crc32(checked))).then_some(kind)
}

/// CRC-32 of ISO 3309, without a table.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}
