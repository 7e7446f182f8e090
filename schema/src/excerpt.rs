//! Text of others in a sentence of ours.

/// How much is shown, in characters.
const MOST: usize = 40;

/// The beginning of a text, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
