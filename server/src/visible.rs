//! Text that a client, a person or a tool wrote, made such that what is seen is all that is there.
//!
//! A name that holds a bidirectional override, a letter without width or a pile of accents can look like another name, or like a part of the page around it.
//! This is the one place that decides what of it stays: for what is stored of a client's name, and for everything that a page shows.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// Marks that a letter keeps. Vietnamese needs two, Hebrew with accents three, and a pile of thirty covers the lines above.
const MOST_MARKS: usize = 3;

/// One line of `text` in at most `longest` characters, the last of them an ellipsis when there is more.
///
/// White space is one space, and there is none at the ends. What has no shape of its own or changes the shape or order of others is left out. What has no
/// agreed shape is the replacement character.
#[must_use]
pub fn line(text: &str, longest: usize) -> String {
    let mut line = Vec::new();
    // A mark without a letter before it would sit on what the page has there.
    let mut marks = MOST_MARKS;
    for character in text.chars() {
        if is_blank(character) {
            if line.last().is_some_and(|&last| last != ' ') {
                line.push(' ');
                marks = MOST_MARKS;
            }
        } else if is_invisible(character) {
        } else if is_mark(character) {
            if marks < MOST_MARKS {
                line.push(character);
                marks += 1;
            }
        } else {
            line.push(if has_a_shape(character) { character } else { '\u{fffd}' });
            marks = 0;
        }
    }
    if line.last() == Some(&' ') {
        line.pop();
    }
    shorten(&mut line, longest);
    line.into_iter().collect()
}

/// Cuts before a letter, never between a letter and its marks.
fn shorten(line: &mut Vec<char>, longest: usize) {
    if line.len() <= longest {
        return;
    }
    let mut end = longest.saturating_sub(1);
    while end > 0 && is_mark(line[end]) {
        end -= 1;
    }
    line.truncate(end);
    if line.last() == Some(&' ') {
        line.pop();
    }
    line.push('…');
}

fn is_blank(character: char) -> bool {
    // An empty Braille cell and a note without a head are drawn as nothing, and are as wide as a letter.
    character.is_whitespace() || matches!(character, '\u{2800}' | '\u{1d159}')
}

/// What is not drawn: controls, format characters (the bidirectional ones, joiners, tags), selectors of variations, and fillers.
fn is_invisible(character: char) -> bool {
    let is_control =
        matches!(character.general_category(), GeneralCategory::Control | GeneralCategory::Format);
    is_control
        || matches!(character, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(character, '\u{180b}'..='\u{180f}' | '\u{2065}' | '\u{3164}' | '\u{ffa0}')
        || matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}' | '\u{16fe4}')
        || matches!(character, '\u{e0000}'..='\u{e0fff}')
}

fn is_mark(character: char) -> bool {
    character.general_category_group() == GeneralCategoryGroup::Mark
}

/// Every font draws its own thing for private use, and nothing may be drawn for what is no character.
fn has_a_shape(character: char) -> bool {
    let is_nobody =
        matches!(character, '\u{fdd0}'..='\u{fdef}') || u32::from(character) & 0xfffe == 0xfffe;
    !is_nobody && character.general_category() != GeneralCategory::PrivateUse
}
