//! G-TOK: strings that are almost a token.
//!
//! Mutations are described by what they do, never by their result, so that a counterexample can be
//! shown without showing the token it was made from.

use proptest::prelude::*;

/// One change to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// The character at this position exchanged for its neighbour in the alphabet.
    Exchange(usize),
    /// Case swapped at this position, or the character exchanged where there is no case.
    SwapCase(usize),
    /// Characters cut from the end.
    CutEnd(usize),
    /// Characters cut from the beginning.
    CutStart(usize),
    /// This character added at the end.
    Append(char),
    /// Two neighbours exchanged.
    Transpose(usize),
    /// The token twice.
    Double,
    /// The prefix before the first underscore replaced.
    Prefix(&'static str),
}

pub(crate) fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        3 => (0_usize..60).prop_map(Mutation::Exchange),
        2 => (0_usize..60).prop_map(Mutation::SwapCase),
        1 => (1_usize..50).prop_map(Mutation::CutEnd),
        1 => (1_usize..50).prop_map(Mutation::CutStart),
        1 => prop::sample::select(vec!['A', '0', '=', '.', '~', '/', '+']).prop_map(Mutation::Append),
        1 => (0_usize..58).prop_map(Mutation::Transpose),
        1 => Just(Mutation::Double),
        1 => prop::sample::select(vec!["lkort", "lkmcp", "lkoac", "lkses", "lkocs", "x"])
            .prop_map(Mutation::Prefix),
    ]
}

impl Mutation {
    /// The mutated token, or nothing if this mutation leaves `token` as it is.
    pub(crate) fn apply(&self, token: &str) -> Option<String> {
        let mut bytes = token.as_bytes().to_vec();
        let length = bytes.len();
        match *self {
            Self::Exchange(at) => bytes[at % length] = neighbour(bytes[at % length]),
            Self::SwapCase(at) => {
                let byte = bytes[at % length];
                bytes[at % length] =
                    if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { neighbour(byte) };
            }
            Self::CutEnd(count) => bytes.truncate(length.saturating_sub(count).max(1)),
            Self::CutStart(count) => drop(bytes.drain(..count.min(length - 1))),
            Self::Append(character) => bytes.push(u8::try_from(character).ok()?),
            Self::Transpose(at) => bytes.swap(at % length, (at + 1) % length),
            Self::Double => bytes.extend_from_within(..),
            Self::Prefix(prefix) => {
                let (_, rest) = token.split_once('_')?;
                bytes = format!("{prefix}_{rest}").into_bytes();
            }
        }
        let mutated = String::from_utf8(bytes).ok()?;
        (mutated != token).then_some(mutated)
    }
}

fn neighbour(byte: u8) -> u8 {
    match byte {
        b'9' => b'8',
        b'Z' => b'Y',
        b'z' => b'y',
        byte if byte.is_ascii_alphanumeric() => byte + 1,
        _ => b'a',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_mutated_token_is_another_token(
            mutation in mutation(),
            token in prop::collection::vec(prop::sample::select(b"aZ09_-.".to_vec()), 1..60),
        ) {
            let token = String::from_utf8(token).expect("ASCII");
            if let Some(mutated) = mutation.apply(&token) {
                prop_assert_ne!(mutated, token);
            }
        }
    }
}
