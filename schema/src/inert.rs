//! Text of others, made harmless for a terminal and a log.

use std::fmt::{self, Write as _};

/// How much of a text is shown, in characters.
const LONGEST: usize = 1000;

/// Whether a terminal acts on a character, or it reorders or hides what is around it.
#[must_use]
pub fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The character that is shown on one line in place of another.
#[must_use]
pub fn shown(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        character if acts(character) => '\u{fffd}',
        character => character,
    }
}

/// Shows text on one line, bounded, without characters that act.
#[derive(Clone, Copy, Debug)]
pub struct Inert<'a>(pub &'a str);

impl fmt::Display for Inert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        characters
            .by_ref()
            .take(LONGEST)
            .try_for_each(|character| f.write_char(shown(character)))?;
        if characters.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_shown() {
        assert_eq!(
            Inert("a\u{1b}[31m\u{202e}b\r\nc\u{9b}d\u{200b}é").to_string(),
            "a\u{fffd}[31m\u{fffd}b  c\u{fffd}d\u{fffd}é"
        );
        assert_eq!(Inert(&"x".repeat(5000)).to_string().chars().count(), LONGEST + 1);
    }
}
