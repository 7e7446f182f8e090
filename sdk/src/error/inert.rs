//! Text of a server, made harmless for a terminal and a log.

use std::fmt;

/// How much of a text is shown, in characters.
const LONGEST: usize = 1000;

/// Shows text on one line, bounded, without control characters and without those that reorder or hide what is around them.
pub(super) struct Inert<'a>(pub(super) &'a str);

impl fmt::Display for Inert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, character) in self.0.chars().enumerate() {
            if count == LONGEST {
                return f.write_str("…");
            }
            let shown = match character {
                '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
                '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
                character if character.is_control() => '\u{fffd}',
                character => character,
            };
            fmt::Write::write_char(f, shown)?;
        }
        Ok(())
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
