//! Checking arguments against what a tool's input schema allows.
//!
//! The shapes are written by codegen from the same schemas that the server checks raw arguments against, so both come to the same judgement.
//! They are data that is ready when the program starts: nothing is parsed, and a value is looked at once.
//! Results are not checked here; a server that is newer may return more than this build knows.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

use crate::excerpt::excerpt;
use crate::violation::{InvalidArguments, Violation};

/// What a value may be.
pub(crate) struct Shape {
    pub(crate) nullable: bool,
    pub(crate) rule: Rule,
}

/// What a value other than an allowed null may be.
pub(crate) enum Rule {
    Any,
    Boolean,
    Number { whole: bool, least: Option<i64>, most: Option<i64> },
    Text { least: Option<u64>, most: Option<u64>, pattern: Option<&'static Pattern> },
    OneOf(&'static [&'static str]),
    List { items: &'static Shape, least: Option<u64>, most: Option<u64> },
    Object { members: &'static [Member], closed: bool, most: Option<u64> },
    Same(&'static Shape),
}

/// A member of an object.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
}

/// A regular expression, as written and taken apart.
pub(crate) struct Pattern {
    pub(crate) text: &'static str,
    pub(crate) parts: &'static [Part],
}

/// A piece of a pattern with how often it may stand there.
pub(crate) struct Part {
    pub(crate) what: What,
    pub(crate) least: u32,
    pub(crate) most: u32,
}

/// What a piece matches: a character in one of the ranges, or a sequence.
pub(crate) enum What {
    OneOf(&'static [(char, char)]),
    Group(&'static [Part]),
}

/// Whether the arguments of a tool fit; otherwise everything that does not.
pub(crate) fn check(
    tool: &'static str,
    shape: &'static Shape,
    arguments: &Value,
) -> Result<(), InvalidArguments> {
    let mut check = Check { path: Vec::new(), violations: Vec::new() };
    check.value(shape, arguments);
    match check.violations.is_empty() {
        true => Ok(()),
        false => Err(InvalidArguments::new(tool, check.violations)),
    }
}

struct Check<'a> {
    path: Vec<Step<'a>>,
    violations: Vec<Violation>,
}

enum Step<'a> {
    Member(&'a str),
    Element(usize),
}

impl<'a> Check<'a> {
    fn value(&mut self, shape: &'static Shape, value: &'a Value) {
        if shape.nullable && value.is_null() {
            return;
        }
        match (&shape.rule, value) {
            (Rule::Any, _) | (Rule::Boolean, Value::Bool(_)) => {}
            (Rule::Same(shape), value) => self.value(shape, value),
            (Rule::Number { whole, least, most }, Value::Number(number)) => {
                if *whole && number.as_f64().is_some_and(|number| number.fract() != 0.0) {
                    return self.refuse(format!("is {number}, allowed is a whole number"));
                }
                if is_beyond(number, *least, *most) {
                    self.refuse(format!("is {number}, allowed is {}", span(*least, *most)));
                }
            }
            (Rule::Text { least, most, pattern }, Value::String(text)) => {
                self.size(text.chars().count(), *least, *most, "character");
                if let Some(Pattern { text: pattern, .. }) =
                    pattern.filter(|pattern| !pattern.matches(text))
                {
                    self.refuse(format!("is `{}`, allowed is the form `{pattern}`", excerpt(text)));
                }
            }
            (Rule::OneOf(values), Value::String(text)) => {
                if !values.contains(&text.as_str()) {
                    let values = values.join("`, `");
                    self.refuse(format!("is `{}`, allowed is one of `{values}`", excerpt(text)));
                }
            }
            (Rule::List { items, least, most }, Value::Array(elements)) => {
                self.size(elements.len(), *least, *most, "element");
                for (index, element) in elements.iter().enumerate() {
                    self.inside(Step::Element(index), items, element);
                }
            }
            (Rule::Object { members, closed, most }, Value::Object(found)) => {
                self.size(found.len(), None, *most, "member");
                for member in members.iter().filter(|member| member.required) {
                    if !found.contains_key(member.name) {
                        self.refuse(format!("lacks `{}`, which is required", member.name));
                    }
                }
                for (name, value) in found {
                    match members.iter().find(|member| member.name == name) {
                        Some(member) => self.inside(Step::Member(name), &member.shape, value),
                        None if *closed => {
                            let known: Vec<_> = members.iter().map(|member| member.name).collect();
                            let known = known.join("`, `");
                            self.refuse(format!("has `{}`, allowed are `{known}`", excerpt(name)));
                        }
                        None => {}
                    }
                }
            }
            (rule, value) => {
                let null = if shape.nullable { " or null" } else { "" };
                self.refuse(format!("is {}, allowed is {}{null}", kind(value), rule.kind()));
            }
        }
    }

    fn inside(&mut self, step: Step<'a>, shape: &'static Shape, value: &'a Value) {
        self.path.push(step);
        self.value(shape, value);
        self.path.pop();
    }

    fn size(&mut self, size: usize, least: Option<u64>, most: Option<u64>, what: &str) {
        let size = size as u64;
        if least.is_some_and(|least| size < least) || most.is_some_and(|most| size > most) {
            let plural = if size == 1 { "" } else { "s" };
            self.refuse(format!("has {size} {what}{plural}, allowed are {}", span(least, most)));
        }
    }

    fn refuse(&mut self, message: String) {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                // RFC 6901 section 3.
                Step::Member(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Element(index) => pointer.push_str(&index.to_string()),
            }
        }
        self.violations.push(Violation { pointer, message });
    }
}

impl Rule {
    fn kind(&self) -> &'static str {
        match self {
            Self::Any | Self::Same(_) => "anything",
            Self::Boolean => "true or false",
            Self::Number { whole: true, .. } => "a whole number",
            Self::Number { .. } => "a number",
            Self::Text { .. } | Self::OneOf(_) => "text",
            Self::List { .. } => "a list",
            Self::Object { .. } => "an object",
        }
    }
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        let mut letters = text.chars().peekable();
        sequence(self.parts, &mut letters) && letters.next().is_none()
    }
}

/// One look ahead decides how to go on; codegen refuses patterns that need more.
fn sequence(parts: &[Part], letters: &mut Peekable<Chars<'_>>) -> bool {
    parts.iter().all(|part| {
        let mut count = 0;
        while count < part.most && letters.peek().is_some_and(|letter| part.begins_with(*letter)) {
            match part.what {
                What::OneOf(_) => drop(letters.next()),
                What::Group(parts) => {
                    if !sequence(parts, letters) {
                        return false;
                    }
                }
            }
            count += 1;
        }
        count >= part.least
    })
}

impl Part {
    fn begins_with(&self, letter: char) -> bool {
        match self.what {
            What::OneOf(ranges) => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&letter))
            }
            What::Group(parts) => {
                let optional = parts.iter().take_while(|part| part.least == 0).count();
                parts.iter().take(optional + 1).any(|part| part.begins_with(letter))
            }
        }
    }
}

fn is_beyond(number: &serde_json::Number, least: Option<i64>, most: Option<i64>) -> bool {
    match (number.as_i64(), number.as_f64()) {
        (Some(number), _) => {
            least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most)
        }
        (None, Some(number)) => {
            least.is_some_and(|least| number < least as f64)
                || most.is_some_and(|most| number > most as f64)
        }
        (None, None) => false,
    }
}

fn span<T: ToString>(least: Option<T>, most: Option<T>) -> String {
    let text = |bound: Option<T>| bound.map(|bound| bound.to_string());
    match (text(least), text(most)) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "any".to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
