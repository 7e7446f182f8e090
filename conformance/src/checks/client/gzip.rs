//! A small gzip file that unpacks to a large text (RFC 1951, RFC 1952).

/// The longest match of DEFLATE.
const MATCH: usize = 258;

/// `before`, then `filler` so many times rounded up to whole matches, then `after`; all ASCII.
pub(super) fn bomb(before: &str, filler: u8, times: usize, after: &str) -> Vec<u8> {
    let matches = times.div_ceil(MATCH);
    let mut bits = Bits::default();
    // The last block, with the fixed codes.
    bits.push(0b1, 1);
    bits.push(0b10, 2);
    for byte in before.bytes().chain([filler]) {
        bits.push(0x30 + u32::from(byte), 8);
    }
    for _ in 0..matches {
        // Length 258 is symbol 285; distance 1 is symbol 0.
        bits.push(0xc5, 8);
        bits.push(0, 5);
    }
    for byte in after.bytes() {
        bits.push(0x30 + u32::from(byte), 8);
    }
    // The end of the block.
    bits.push(0, 7);
    let fillers = 1 + matches * MATCH;
    let text = before.bytes().chain(std::iter::repeat_n(filler, fillers)).chain(after.bytes());
    let length = (before.len() + fillers + after.len()) as u32;
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.append(&mut bits.bytes);
    file.extend(checksum(text).to_le_bytes());
    file.extend(length.to_le_bytes());
    file
}

/// Bits from the lowest of each byte; Huffman codes go in with their highest bit first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, code: u32, length: usize) {
        for at in (0..length).rev() {
            let bit = (code >> at & 1) as u8;
            match self.bytes.last_mut().filter(|_| !self.used.is_multiple_of(8)) {
                Some(last) => *last |= bit << (self.used % 8),
                None => self.bytes.push(bit),
            }
            self.used += 1;
        }
    }
}

/// The CRC of RFC 1952 section 8.
fn checksum(bytes: impl Iterator<Item = u8>) -> u32 {
    let mut table = [0; 256];
    for (at, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(at as u32, |rest, _| {
            if rest & 1 == 1 { 0xedb8_8320 ^ (rest >> 1) } else { rest >> 1 }
        });
    }
    let mut crc = u32::MAX;
    for byte in bytes {
        crc = table[(crc as u8 ^ byte) as usize] ^ (crc >> 8);
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_its_standard() {
        // The value that every implementation is compared with.
        assert_eq!(checksum(b"123456789".iter().copied()), 0xcbf4_3926);
    }

    #[test]
    fn a_large_text_becomes_a_small_file() {
        let file = bomb("{\"a\":\"", b'x', 1 << 20, "\"}");
        assert!(file.len() < 8 << 10, "{} bytes", file.len());
        let length = u32::from_le_bytes([
            file[file.len() - 4],
            file[file.len() - 3],
            file[file.len() - 2],
            file[file.len() - 1],
        ]);
        assert!(length >= 1 << 20);
    }
}
