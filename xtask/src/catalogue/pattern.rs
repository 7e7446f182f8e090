//! The regular expressions that the catalogue may use: few enough that a client checks them without an engine.
//!
//! A pattern is anchored, has no alternatives, and at every character it is clear how to go on, so matching never goes back.
//! `^[a-z0-9]+(-[a-z0-9]+)*$` is one; `^a*ab$` is none.

use std::iter::Peekable;
use std::str::Chars;

/// A piece of a pattern with how often it may stand there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) what: What,
    pub(crate) least: u32,
    pub(crate) most: u32,
}

/// What a piece matches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// One character, in one of these ranges.
    OneOf(Vec<(char, char)>),
    /// A sequence.
    Group(Vec<Part>),
}

/// Reads a pattern, or says what of it cannot be checked.
pub(crate) fn pattern(text: &str) -> Result<Vec<Part>, String> {
    let inner = text
        .strip_prefix('^')
        .and_then(|text| text.strip_suffix('$'))
        .ok_or("a pattern covers the whole text: begin it with `^` and end it with `$`")?;
    let mut letters = inner.chars().peekable();
    let parts = sequence(&mut letters)?;
    if letters.next().is_some() {
        return Err("a `)` has no `(`".to_owned());
    }
    judge(&parts, &[])?;
    Ok(parts)
}

fn sequence(letters: &mut Peekable<Chars<'_>>) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    while let Some(&letter) = letters.peek() {
        let what = match letter {
            ')' => break,
            '(' => {
                letters.next();
                let group = sequence(letters)?;
                letters.next().ok_or("a `(` has no `)`")?;
                What::Group(group)
            }
            '[' => {
                letters.next();
                What::OneOf(class(letters)?)
            }
            '\\' | '^' | '$' | '.' | '|' | '?' | '*' | '+' | ']' | '{' | '}' => {
                return Err(format!(
                    "`{letter}` cannot be checked by clients here; use classes, groups and counts"
                ));
            }
            letter => {
                letters.next();
                What::OneOf(vec![(letter, letter)])
            }
        };
        let (least, most) = count(letters)?;
        parts.push(Part { what, least, most });
    }
    Ok(parts)
}

fn class(letters: &mut Peekable<Chars<'_>>) -> Result<Vec<(char, char)>, String> {
    let mut ranges = Vec::new();
    loop {
        let first = match letters.next() {
            Some(']') if !ranges.is_empty() => return Ok(ranges),
            Some(letter) if !matches!(letter, '^' | '\\' | '[' | ']') => letter,
            _ => return Err("a class lists characters and ranges between `[` and `]`".to_owned()),
        };
        let mut ahead = letters.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                *letters = ahead;
                last
            }
            _ => first,
        };
        if last < first {
            return Err(format!("the range `{first}-{last}` runs backwards"));
        }
        ranges.push((first, last));
    }
}

fn count(letters: &mut Peekable<Chars<'_>>) -> Result<(u32, u32), String> {
    let counts = match letters.peek() {
        Some('*') => (0, u32::MAX),
        Some('+') => (1, u32::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            let inside: String =
                letters.by_ref().skip(1).take_while(|letter| *letter != '}').collect();
            let (least, most) = inside.split_once(',').unwrap_or((&inside, &inside));
            let number = |text: &str| {
                text.parse().map_err(|_| {
                    format!("`{{{inside}}}` is no count such as `{{2}}` or `{{0,63}}`")
                })
            };
            return Ok((number(least)?, if most.is_empty() { u32::MAX } else { number(most)? }));
        }
        _ => return Ok((1, 1)),
    };
    letters.next();
    Ok(counts)
}

/// Refuses what cannot be matched by looking one character ahead; `follow` is what may stand behind the parts.
fn judge(parts: &[Part], follow: &[(char, char)]) -> Result<(), String> {
    for (index, part) in parts.iter().enumerate() {
        let mut behind = first(&parts[index + 1..]);
        if parts[index + 1..].iter().all(may_be_empty) {
            behind.extend(follow);
        }
        let own = first(std::slice::from_ref(part));
        if part.least != part.most && overlap(&own, &behind) {
            return Err(
                "it is not clear at every character whether a repetition goes on".to_owned()
            );
        }
        if let What::Group(group) = &part.what {
            if group.iter().all(may_be_empty) {
                return Err(
                    "a group that may match nothing has no end; let its parts say so".to_owned()
                );
            }
            if part.most > 1 {
                behind.extend(own);
            }
            judge(group, &behind)?;
        }
    }
    Ok(())
}

fn may_be_empty(part: &Part) -> bool {
    part.least == 0
}

/// The characters that the parts may begin with.
fn first(parts: &[Part]) -> Vec<(char, char)> {
    let mut ranges = Vec::new();
    for part in parts {
        match &part.what {
            What::OneOf(own) => ranges.extend(own),
            What::Group(group) => ranges.extend(first(group)),
        }
        if !may_be_empty(part) {
            break;
        }
    }
    ranges
}

fn overlap(some: &[(char, char)], others: &[(char, char)]) -> bool {
    some.iter().any(|one| others.iter().any(|other| one.0 <= other.1 && other.0 <= one.1))
}

#[cfg(test)]
mod tests {
    use super::{Part, What, pattern};

    #[test]
    fn a_pattern_is_read_into_parts_with_their_counts() {
        let class = |ranges: &[(char, char)], least, most| Part {
            what: What::OneOf(ranges.to_vec()),
            least,
            most,
        };
        let group = vec![class(&[('-', '-')], 1, 1), class(&[('0', '9'), ('_', '_')], 2, 5)];
        let expected = vec![
            class(&[('a', 'z')], 1, u32::MAX),
            Part { what: What::Group(group), least: 0, most: u32::MAX },
        ];
        assert_eq!(pattern("^[a-z]+(-[0-9_]{2,5})*$"), Ok(expected));
        for fine in ["^$", "^a{3}$", "^(ab?c)+d$", "^[a-]{2}x*$", "^a?b?c?$"] {
            assert!(pattern(fine).is_ok(), "{fine}: {:?}", pattern(fine));
        }
    }

    #[test]
    fn what_would_need_an_engine_is_refused() {
        for beyond in [
            "a",
            "^a",
            "a$",
            "^a|b$",
            "^.$",
            r"^\d$",
            "^[^a]$",
            "^[]$",
            "^[z-a]$",
            "^(a$",
            "^a)$",
            "^a{x}$",
            "^*$",
            "^a*a$",
            "^a?ab$",
            "^(ab?)*b$",
            "^(a?)*$",
            "^[a-z]{1,3}[x-z]$",
        ] {
            assert!(pattern(beyond).is_err(), "{beyond}");
        }
    }
}
