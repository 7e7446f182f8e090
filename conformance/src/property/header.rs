//! G-HDR: values of an `Authorization` header.

/// A header value made around a valid token, and whether RFC 6750 section 2.1 admits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) name: &'static str,
    template: &'static str,
    pub(crate) admitted: bool,
}

impl Value {
    pub(crate) fn with(&self, token: &str) -> String {
        self.template.replace("TOKEN", token)
    }
}

/// `b64token` after exactly one space; the scheme compares without case (RFC 9110 section 11.1).
pub(crate) fn values() -> Vec<Value> {
    let admitted = [
        ("the ordinary form", "Bearer TOKEN"),
        ("a lower-case scheme", "bearer TOKEN"),
        ("an upper-case scheme", "BEARER TOKEN"),
    ];
    let refused = [
        ("no scheme", "TOKEN"),
        ("no space", "BearerTOKEN"),
        ("a colon for the space", "Bearer:TOKEN"),
        ("another scheme", "Basic TOKEN"),
        ("an unknown scheme", "Token TOKEN"),
        ("a longer scheme", "Bearers TOKEN"),
        ("no token", "Bearer"),
        ("a quoted token", "Bearer \"TOKEN\""),
        ("the token twice", "Bearer TOKEN TOKEN"),
        ("two credentials joined by a comma", "Bearer TOKEN, Bearer TOKEN"),
        ("a parameter behind", "Bearer TOKEN, realm=x"),
        ("a parameter instead", "Bearer token=TOKEN"),
        ("a comma before the token", "Bearer ,TOKEN"),
        ("a tab for the space", "Bearer\tTOKEN"),
    ];
    let value = |admitted| move |(name, template)| Value { name, template, admitted };
    admitted.map(value(true)).into_iter().chain(refused.map(value(false))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admitted_value_is_a_scheme_one_space_and_the_token() {
        for value in values() {
            let shown = value.with("t0k~en/+=");
            let parts: Vec<&str> = shown.split(' ').collect();
            let admitted =
                matches!(parts[..], [scheme, "t0k~en/+="] if scheme.eq_ignore_ascii_case("bearer"));
            assert_eq!(admitted, value.admitted, "{}", value.name);
        }
    }
}
