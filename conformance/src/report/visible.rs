//! Text from the server under test, made safe to look at.
//!
//! A hostile server chooses much of what a report shows. Characters that a reader cannot see, or
//! that change how the rest is read (terminal escapes, bidirectional overrides, zero-width
//! characters), are written as what they are. Markup is for each rendering to escape.

use std::borrow::Cow;

/// `text` with every character that does not show itself written as `\u{…}`. Line feeds and tabs
/// stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|character| match character {
        hidden if is_hidden(hidden) => hidden.escape_unicode().to_string(),
        other => other.to_string(),
    });
    Cow::Owned(shown.collect())
}

fn is_hidden(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        other => other.is_control() || u32::from(other) & 0xfffe == 0xfffe,
    }
}

/// The first `most` characters of one line, with an ellipsis when there is more.
pub(crate) fn in_brief(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Milliseconds as people say them: `120 ms`, `1.9 s`, `3 min 5 s`.
#[expect(clippy::cast_precision_loss, reason = "a run lasts nowhere near 2^52 milliseconds")]
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..=999 => format!("{milliseconds} ms"),
        1_000..=59_999 => format!("{:.1} s", milliseconds as f64 / 1000.0),
        longer => format!("{} min {} s", longer / 60_000, longer % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        let text = "a\u{1b}[31m\u{202e}b\u{200b}c\r\n\td\u{0}\u{ffff}";
        let shown = r"a\u{1b}[31m\u{202e}b\u{200b}c\u{d}".to_owned() + "\n\td" + r"\u{0}\u{ffff}";
        assert_eq!(visible(text), shown);
        assert!(matches!(visible("ordinary … ünïcode 漢字"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_brief_text_is_one_line() {
        assert_eq!(in_brief("a\n  b c", 3), "a b…");
        assert_eq!(in_brief("abc", 3), "abc");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(
            [duration(7), duration(1_940), duration(185_000)],
            ["7 ms", "1.9 s", "3 min 5 s"]
        );
    }
}
