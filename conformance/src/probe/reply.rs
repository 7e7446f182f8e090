//! What an answer means.
//!
//! One rule binds everything here: a refusal is a status and an error code that the peer chose to
//! send. A server that fails, drops the connection or falls silent has refused nothing.

use crate::outcome::{Outcome, ProbeError, ensure};
use crate::probe::http::Reply;

/// Members of a token response that must never appear in a refusal.
const TOKEN_MEMBERS: [&str; 3] = ["access_token", "refresh_token", "id_token"];

impl Reply {
    /// One line a person can read: what was asked, the status, the error if there is one.
    pub(crate) fn summary(&self) -> String {
        let error = self.text("error").map(|error| format!(" {error}")).unwrap_or_default();
        let challenge = self.header("www-authenticate");
        let challenge = challenge.map(|value| format!(", challenge {value}")).unwrap_or_default();
        let place = self.header("location").map(|to| format!(" to {to}")).unwrap_or_default();
        format!("{} answered {}{error}{place}{challenge}", self.to, self.status)
    }

    /// The server's own failure is nobody's verdict: a check that only needs this step stops.
    pub(crate) fn alive(self) -> Result<Self, ProbeError> {
        if self.status >= 500 {
            return Err(ProbeError::ServerFailed { request: self.to, status: self.status });
        }
        Ok(self)
    }

    /// Holds when this is an OAuth error answer with one of `errors` and no token anywhere.
    pub(crate) fn is_refused(&self, errors: &[&str]) -> Outcome {
        let expected = format!("400 or 401 with error {}, and no token", errors.join(" or "));
        let error = self.text("error").unwrap_or_default();
        let json = self.json();
        let leaks = TOKEN_MEMBERS.iter().any(|member| json.get(member).is_some());
        let refused = matches!(self.status, 400 | 401) && errors.contains(&error.as_str());
        ensure(refused && !leaks, expected, || self.summary())
    }

    /// Holds when no token came back and the server refused in whatever words it likes.
    pub(crate) fn gives_no_token(&self) -> Outcome {
        let json = self.json();
        let leaks = TOKEN_MEMBERS.iter().any(|member| json.get(member).is_some());
        ensure(
            (400..500).contains(&self.status) && !leaks,
            "a refusal in the 400s, and no token",
            || self.summary(),
        )
    }

    /// Holds when the server answered at all without failing.
    pub(crate) fn is_no_failure(&self) -> Outcome {
        ensure(self.status < 500, "an answer below 500", || self.summary())
    }

    /// Holds for a bearer refusal: 401 with `error="invalid_token"`.
    pub(crate) fn is_invalid_token(&self) -> Outcome {
        let error = self.challenge("error");
        ensure(
            self.status == 401 && error.as_deref() == Some("invalid_token"),
            "401 with a Bearer challenge whose error is invalid_token",
            || self.summary(),
        )
    }

    /// A parameter of the `Bearer` challenge.
    pub(crate) fn challenge(&self, name: &str) -> Option<String> {
        self.all("www-authenticate").find_map(|header| bearer_parameter(header, name))
    }

    pub(crate) fn is_bearer_challenge(&self) -> bool {
        self.all("www-authenticate").any(|header| {
            let scheme = header.trim_start().split([' ', ',']).next().unwrap_or_default();
            scheme.eq_ignore_ascii_case("bearer")
        })
    }

    /// Holds when the status is one of `statuses`.
    pub(crate) fn has_status(&self, statuses: &[u16]) -> Outcome {
        let list: Vec<String> = statuses.iter().map(u16::to_string).collect();
        ensure(statuses.contains(&self.status), list.join(" or "), || self.summary())
    }

    /// Stops the check unless this ordinary step succeeded.
    pub(crate) fn succeeded(self, step: &str) -> Result<Self, ProbeError> {
        let reply = self.alive()?;
        if reply.is_success() { Ok(reply) } else { Err(ProbeError::step(step, reply.summary())) }
    }
}

/// Reads one auth-param out of a challenge (RFC 9110 section 11.6.1): quoted strings may hold
/// commas, equals signs and escapes.
fn bearer_parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.trim_start();
    let (scheme, after) = rest.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    rest = after;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (key, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let end = after.find([',', ' ']).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_parameter_is_read_past_quoted_commas_and_escapes() {
        let header = r#"Bearer realm="a, b=\"c\"", error=invalid_token , scope="x y""#;
        assert_eq!(bearer_parameter(header, "realm").as_deref(), Some(r#"a, b="c""#));
        assert_eq!(bearer_parameter(header, "error").as_deref(), Some("invalid_token"));
        assert_eq!(bearer_parameter(header, "scope").as_deref(), Some("x y"));
        assert_eq!(bearer_parameter(header, "resource_metadata"), None);
        assert_eq!(bearer_parameter("Basic realm=\"x\"", "realm"), None);
    }

    #[test]
    fn a_failing_server_has_refused_nothing() {
        let reply = Reply {
            to: "POST /token".to_owned(),
            status: 500,
            headers: vec![],
            body: r#"{"error":"invalid_grant"}"#.to_owned(),
        };
        assert!(reply.is_refused(&["invalid_grant"]).is_err());
        assert!(reply.gives_no_token().is_err());
        assert!(reply.succeeded("x").is_err());
    }
}
