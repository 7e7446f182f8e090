//! Text of a server, made harmless for a terminal.
//!
//! Characters that a terminal acts on, and those that reorder or hide what is around them, are not printed as they are:
//! in text a replacement character stands for them, in JSON their escape, which means the same to whoever reads it.

use std::fmt::Write as _;

use lookout_sdk::schema::inert::{acts, shown};

/// Text on one line.
pub(crate) fn line(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// Text that keeps its lines and tabs.
pub(crate) fn text(text: &str) -> String {
    let kept = |character| matches!(character, '\n' | '\t') || !acts(character);
    text.chars().map(|character| if kept(character) { character } else { '\u{fffd}' }).collect()
}

/// JSON text; the characters can only stand in its strings, so their escapes are in order wherever they are.
pub(crate) fn json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || !acts(character) {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(escaped, "\\u{unit:04x}").expect("writing to a string succeeds");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    const HOSTILE: &str = "a\u{1b}]0;x\u{7}\u{202e}b\nc\u{9b}31m\u{e0041}é\u{7f}";

    #[test]
    fn nothing_that_a_terminal_acts_on_gets_through() {
        assert_eq!(
            super::line(HOSTILE),
            "a\u{fffd}]0;x\u{fffd}\u{fffd}b c\u{fffd}31m\u{fffd}é\u{fffd}"
        );
        assert_eq!(super::text(HOSTILE).lines().count(), 2);
        let text = super::json(&json!({ "k": HOSTILE }).to_string());
        assert!(text.chars().all(|character| !super::acts(character)), "{text}");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = json!({ HOSTILE: [HOSTILE] });
        let pretty = super::json(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), value);
    }
}
