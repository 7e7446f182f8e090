//! `WWW-Authenticate`: the whole grammar of RFC 9110 section 11.6.1.
//!
//! One header line may hold several challenges and an answer several lines, so a comma may end a
//! parameter or a challenge: only what follows it tells.

use ureq::http::HeaderMap;

use crate::faults::{Fault, has};

/// What a Bearer challenge says, if anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bearer {
    pub(crate) resource_metadata: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) error: Option<String>,
}

/// The Bearer challenge of an answer: of several, the one that says most of what is needed.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Bearer> {
    let mut lines: Vec<_> = headers.get_all("www-authenticate").into_iter().collect();
    if lines.len() > 1 && has(Fault::OneChallengeLine) {
        lines.truncate(1);
    }
    let mut challenges = Vec::new();
    for line in lines {
        Reader { rest: &String::from_utf8_lossy(line.as_bytes()) }.challenges(&mut challenges);
    }
    if challenges.len() > 1 && has(Fault::OneChallenge) {
        challenges.truncate(1);
    }
    let is_bearer = |challenge: &&Challenge| {
        challenge.scheme == "Bearer"
            || (challenge.scheme.eq_ignore_ascii_case("bearer")
                && !has(Fault::ChallengeCaseMatters))
    };
    let mut found: Vec<Bearer> = challenges.iter().filter(is_bearer).map(Bearer::from).collect();
    found.sort_by_key(|bearer| {
        let is_step_up = bearer.error.as_deref() == Some("insufficient_scope");
        (!is_step_up, bearer.resource_metadata.is_none())
    });
    found.into_iter().next()
}

struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl From<&Challenge> for Bearer {
    fn from(challenge: &Challenge) -> Self {
        let value = |wanted: &str| {
            let is_wanted = |(name, _): &&(String, String)| {
                name == wanted
                    || (name.eq_ignore_ascii_case(wanted) && !has(Fault::ChallengeCaseMatters))
            };
            challenge.parameters.iter().find(is_wanted).map(|(_, value)| value.clone())
        };
        Self {
            resource_metadata: value("resource_metadata"),
            scope: value("scope"),
            error: value("error"),
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    /// Every challenge up to the first that is malformed.
    fn challenges(&mut self, found: &mut Vec<Challenge>) {
        loop {
            self.skip(" \t,");
            let Some(scheme) = self.token() else { return };
            let mut challenge = Challenge { scheme: scheme.to_owned(), parameters: Vec::new() };
            let has_space = self.rest.starts_with(' ');
            self.skip(" ");
            let is_whole = (has_space && self.token68()) || self.parameters(&mut challenge);
            found.push(challenge);
            if !is_whole {
                return;
            }
        }
    }

    /// Reads `name=value` until another challenge begins. False if what comes is neither.
    fn parameters(&mut self, challenge: &mut Challenge) -> bool {
        loop {
            self.skip(" \t,");
            let before = self.rest;
            let Some(name) = self.token() else { return self.rest.is_empty() };
            self.skip(" \t");
            let Some(rest) = self.rest.strip_prefix('=') else {
                self.rest = before;
                return true;
            };
            self.rest = rest;
            self.skip(" \t");
            let value = if self.rest.starts_with('"') {
                self.quoted()
            } else {
                self.token().map(str::to_owned)
            };
            let Some(value) = value else { return false };
            challenge.parameters.push((name.to_owned(), value));
        }
    }

    fn skip(&mut self, what: &str) {
        self.rest = self.rest.trim_start_matches(|c| what.contains(c));
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> Option<&'t str> {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!taken.is_empty()).then_some(taken)
    }

    fn token(&mut self) -> Option<&'t str> {
        self.take(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
    }

    /// Skips a token68, which only counts when nothing but a comma follows it.
    fn token68(&mut self) -> bool {
        let before = self.rest;
        let some = self.take(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c)).is_some();
        self.skip("=");
        let after = self.rest.trim_start_matches([' ', '\t']);
        if some && (after.is_empty() || after.starts_with(',')) {
            return true;
        }
        self.rest = before;
        false
    }

    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let before = self.rest;
        let mut chars = before.char_indices().skip(1);
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &before[place + 1..];
                    if value.contains(',') && has(Fault::QuotedCommaSplits) {
                        self.rest = before;
                        return self.take(|c| c != ',').map(|value| value.replace('"', ""));
                    }
                    return Some(value);
                }
                '\\' if !has(Fault::EscapesKept) => value.push(chars.next()?.1),
                _ => value.push(c),
            }
        }
        None
    }
}
