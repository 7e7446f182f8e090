//! Why something was not done, said to a person.
//!
//! A failure never holds a secret: what a server sent is only ever quoted through [`inert`].

use std::fmt;

use crate::faults::{Fault, has};

/// How much of a server's own words is repeated.
const LONGEST_QUOTE: usize = 200;

pub(crate) type Outcome<T> = Result<T, Failure>;

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    /// Whether time ran out before an answer was complete.
    pub(crate) is_late: bool,
    /// The code of a JSON-RPC error.
    pub(crate) code: Option<i64>,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_late: false, code: None }
    }

    pub(crate) fn late(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_late: true, code: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

pub(crate) fn fail<T>(text: impl Into<String>) -> Outcome<T> {
    Err(Failure::new(text))
}

/// A server's words made harmless for a terminal: no control or direction characters, and short.
pub(crate) fn inert(text: &str) -> String {
    let mut shown = String::new();
    for (place, c) in text.chars().enumerate() {
        if place >= LONGEST_QUOTE && !has(Fault::ServerTextUncapped) {
            shown.push('…');
            break;
        }
        let is_hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if (c.is_control() || is_hidden) && !has(Fault::ServerTextUnescaped) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}
