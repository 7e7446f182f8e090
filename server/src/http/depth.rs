//! How deep a JSON text nests, without parsing it.

/// Arrays and objects inside each other that a message may have.
pub const DEEPEST: usize = 64;

/// Whether arrays and objects nest deeper than `most`. Brackets within strings are text.
///
/// Of text that is no JSON it says something or other, but it never recurses; the parser says the rest.
#[must_use]
pub fn nests_deeper_than(text: &[u8], most: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return true;
        }
    }
    false
}
