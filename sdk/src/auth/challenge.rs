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
    /// The `Bearer` challenge of the response; of several, the first that says where the metadata is, else the first that says anything.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(WWW_AUTHENTICATE).iter();
        // A quoted text may hold any byte (RFC 9110 section 5.6.4), and one that is no ASCII must not hide the rest.
        let challenges = lines.filter(|line| line.len() <= LONGEST).flat_map(|line| {
            Self::parse(&line.as_bytes().iter().map(|&byte| char::from(byte)).collect::<String>())
        });
        challenges.reduce(|best, next| if next.weight() > best.weight() { next } else { best })
    }

    fn weight(&self) -> usize {
        let says = self.error.is_some() || self.scope.is_some();
        2 * usize::from(self.resource_metadata.is_some()) + usize::from(says)
    }

    /// The `Bearer` challenges of one header line.
    fn parse(header: &str) -> Vec<Self> {
        let mut reader = Reader { rest: header };
        let mut found = Vec::new();
        let mut in_bearer = false;
        loop {
            reader.skip_separators();
            let Some(token) = reader.token() else { return found };
            if let Some(value) = reader.parameter_value() {
                // A name given twice keeps its first value: a second one must not be able to override it.
                if let Some(challenge) = found.last_mut().filter(|_| in_bearer) {
                    let Self { error, scope, resource_metadata } = challenge;
                    let slot = match token.to_ascii_lowercase().as_str() {
                        "error" => error,
                        "scope" => scope,
                        "resource_metadata" => resource_metadata,
                        _ => continue,
                    };
                    slot.get_or_insert(value);
                }
                continue;
            }
            in_bearer = token.eq_ignore_ascii_case("bearer");
            if in_bearer {
                found.push(Self::default());
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
        // A value without quotes may hold less by the grammar, but servers send URLs and scopes like that.
        let end = after.find([' ', '\t', ',']).unwrap_or(after.len());
        let (value, rest) = after.split_at(end);
        let value = value.trim_end_matches(';');
        self.rest = rest;
        (!value.is_empty() && !value.starts_with('=')).then(|| value.to_owned())
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
    use reqwest::header::HeaderValue;

    use super::*;

    fn parse(header: &str) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for line in header.split('\n') {
            let line =
                line.bytes().map(|byte| if byte < 0x20 { b' ' } else { byte }).collect::<Vec<_>>();
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(&line).unwrap());
        }
        Challenge::from_headers(&headers)
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
    fn values_without_quotes_are_read_to_the_next_comma_or_space() {
        let read =
            parse("Bearer scope=mcp:read, resource_metadata=https://x.example/y?z=1 , error=e")
                .unwrap();
        assert_eq!(read.scope.as_deref(), Some("mcp:read"));
        assert_eq!(read.resource_metadata.as_deref(), Some("https://x.example/y?z=1"));
        assert_eq!(read.error.as_deref(), Some("e"));
    }

    #[test]
    fn of_several_bearer_challenges_the_one_that_leads_on_is_taken() {
        for header in [
            "Bearer\nBearer scope=\"a\", resource_metadata=\"https://x.example/\"",
            "Bearer realm=\"x\", Bearer resource_metadata=\"https://x.example/\", scope=\"a\"",
            "Basic realm=\"b\"\nBearer realm=\"\u{fc}\", scope=a, resource_metadata=\"https://x.example/\"\nBearer scope=\"z\"",
        ] {
            let read = parse(header).unwrap();
            assert_eq!(read.scope.as_deref(), Some("a"), "{header}");
            assert_eq!(read.resource_metadata.as_deref(), Some("https://x.example/"), "{header}");
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
