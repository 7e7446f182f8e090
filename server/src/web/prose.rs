//! Sentences of the project's own, in which backticks mark code.

/// The pieces of a sentence in order, each with whether it is code.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(index, piece)| (index % 2 == 1, piece))
}
