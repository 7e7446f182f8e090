//! Reading `WWW-Authenticate` (RFC 9110 section 11.6.1).
//!
//! A header may hold several challenges, a challenge several parameters, and a comma separates both.
//! Text that does not follow the grammar ends the reading; what was read before it counts.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

const LONGEST: usize = 64 * 1024;

/// What a `Bearer` challenge says (RFC 6750 section 3, RFC 9728 section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) error: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) resource_metadata: Option<String>,
}

impl Challenge {
    /// The first `Bearer` challenge of the response.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .filter(|value| value.len() <= LONGEST)
            .find_map(Self::parse)
    }

    fn parse(header: &str) -> Option<Self> {
        let mut reader = Reader { rest: header };
        let mut found: Option<Self> = None;
        loop {
            reader.skip_separators();
            let Some(token) = reader.token() else { return found };
            if let Some(value) = reader.parameter_value() {
                // A name given twice keeps its first value: a second one must not be able to override it.
                if let Some(challenge) = &mut found {
                    let slot = match token.to_ascii_lowercase().as_str() {
                        "error" => &mut challenge.error,
                        "scope" => &mut challenge.scope,
                        "resource_metadata" => &mut challenge.resource_metadata,
                        _ => continue,
                    };
                    slot.get_or_insert(value);
                }
                continue;
            }
            if found.is_some() {
                return found;
            }
            if token.eq_ignore_ascii_case("bearer") {
                found = Some(Self::default());
            } else {
                reader.skip_token68();
            }
        }
    }

    /// The scopes that the challenge names, if it names any.
    pub(crate) fn scopes(&self) -> Vec<String> {
        self.scope.as_deref().map(scopes).unwrap_or_default()
    }
}

/// Splits a scope text at spaces (RFC 6749 section 3.3), sorted, each name once; names with characters that no scope has are dropped.
pub(crate) fn scopes(text: &str) -> Vec<String> {
    let legal = |name: &&str| {
        !name.is_empty()
            && name.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    let mut names: Vec<String> = text.split(' ').filter(legal).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip_separators(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
    }

    fn token(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !is_token(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    /// The value after `=`, if what follows is a parameter and not a scheme with its credentials.
    fn parameter_value(&mut self) -> Option<String> {
        let after = self.rest.trim_start_matches([' ', '\t']).strip_prefix('=')?;
        let after = after.trim_start_matches([' ', '\t']);
        if let Some(quoted) = after.strip_prefix('"') {
            let mut value = String::new();
            let mut characters = quoted.char_indices();
            while let Some((at, character)) = characters.next() {
                match character {
                    '"' => {
                        self.rest = &quoted[at + 1..];
                        return Some(value);
                    }
                    '\\' => value.push(characters.next()?.1),
                    other => value.push(other),
                }
            }
            self.rest = "";
            return None;
        }
        self.rest = after;
        self.token().map(str::to_owned)
    }

    /// Passes over the `token68` of a scheme such as `Basic abc==`.
    fn skip_token68(&mut self) {
        let Some(after) = self.rest.strip_prefix(' ') else { return };
        let word = after.split([',', ' ']).next().unwrap_or_default();
        let core = word.trim_end_matches('=');
        if !word.is_empty() && !core.contains(['=', '"']) {
            self.rest = &after[word.len()..];
        }
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> Option<Challenge> {
        Challenge::parse(header)
    }

    #[test]
    fn parameters_are_read_in_any_order_case_and_quoting() {
        let expected = Challenge {
            error: Some("insufficient_scope".to_owned()),
            scope: Some("mcp:read mcp:write".to_owned()),
            resource_metadata: Some("https://x.example/a,b".to_owned()),
        };
        for header in [
            r#"Bearer error="insufficient_scope", scope="mcp:read mcp:write", resource_metadata="https://x.example/a,b""#,
            r#"bEARER resource_metadata="https://x.example/a,b",scope="mcp:read mcp:write",error=insufficient_scope"#,
            r#"Basic realm="a, Bearer error=\"no\"", Bearer ERROR = "insufficient_scope" ,, Scope="mcp:read mcp:write", resource_metadata="https://x.example/a,b""#,
            r#"Negotiate YWJj==, Bearer error="insufficient_sc\ope", scope="mcp:read mcp:write", resource_metadata="https://x.example/a,b", DPoP error="other""#,
            r#"Negotiate, Bearer error="insufficient_scope", error="second", scope="mcp:read mcp:write", resource_metadata="https://x.example/a,b""#,
        ] {
            assert_eq!(parse(header), Some(expected.clone()), "{header}");
        }
    }

    #[test]
    fn a_header_without_bearer_is_no_challenge() {
        for header in
            ["", "Basic", r#"Basic realm="Bearer""#, "Bearers error=x", "= = =", "\"Bearer\""]
        {
            assert_eq!(parse(header), None, "{header}");
        }
    }

    #[test]
    fn broken_text_keeps_what_was_read_and_never_panics() {
        assert_eq!(parse("Bearer").unwrap(), Challenge::default());
        let cut = r#"Bearer error="invalid_token", scope="mcp:re"#;
        assert_eq!(parse(cut).unwrap().error.as_deref(), Some("invalid_token"));
        let whole = r#"Basic a=b, Bearer error="a\"b" , scope = "é, x" ,;"#;
        for end in (0..whole.len()).filter(|&end| whole.is_char_boundary(end)) {
            let _any = parse(&whole[..end]);
        }
    }

    #[test]
    fn scope_names_are_split_at_spaces_only() {
        assert_eq!(scopes("mcp:write mcp:read  mcp:read"), ["mcp:read", "mcp:write"]);
        assert_eq!(scopes("a\tb c\"d e"), ["e"]);
    }
}
