//! Secrets, and keeping them out of everything that is written.
//!
//! Two nets, because either alone has a hole. Every value the harness learns is remembered and
//! replaced wherever it turns up (`Redactor`), numbered by kind so that a reader can still follow
//! one token through a transcript. And text that merely looks like a credential is masked even
//! when nobody remembered it, for example on a page that could not be parsed.

use std::fmt;

/// A credential. It has no `Display`; reading it takes an explicit [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a credential into custody.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The bytes, for putting on the wire.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Every secret value learnt so far, with the placeholder that stands for it.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    known: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    kind: &'static str,
    value: String,
    placeholder: String,
}

/// Shorter values are no credentials, and replacing them would garble ordinary text.
pub(crate) const SHORTEST_SECRET: usize = 6;

/// An unbroken run of credential characters this long is masked although nobody knows it.
const LONGEST_PLAIN_RUN: usize = 31;

impl Redactor {
    /// Remembers `value`. Learning it twice is harmless.
    pub(crate) fn learn(&mut self, kind: &'static str, value: &str) {
        if value.len() < SHORTEST_SECRET || self.known.iter().any(|known| known.value == value) {
            return;
        }
        let number = 1 + self.known.iter().filter(|known| known.kind == kind).count();
        let placeholder = format!("<{kind} {number}>");
        self.known.push(Known { kind, value: value.to_owned(), placeholder });
    }

    /// `text` with every known secret replaced and everything that looks like one masked.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut longest_first: Vec<&Known> = self.known.iter().collect();
        longest_first.sort_by_key(|known| std::cmp::Reverse(known.value.len()));
        let mut redacted = text.to_owned();
        for known in longest_first {
            if redacted.contains(&known.value) {
                redacted = redacted.replace(&known.value, &known.placeholder);
            }
            let encoded: String = percent_encoded(&known.value);
            if encoded != known.value && redacted.contains(&encoded) {
                redacted = redacted.replace(&encoded, &known.placeholder);
            }
        }
        mask_lookalikes(&redacted)
    }

    /// The value of a header, redacted. Credentials after `Basic` or `Bearer` are masked even when
    /// nobody learnt them and nothing about them looks random.
    pub(crate) fn redact_header(&self, name: &str, value: &str) -> String {
        let redacted = self.redact(value);
        // A challenge has parameters there, which are public.
        let is_challenge = matches!(name, "www-authenticate" | "proxy-authenticate");
        match value.split_once(' ') {
            Some((scheme, credentials)) if !is_challenge && takes_credentials(scheme) => {
                let known = self.known.iter().find(|known| known.value == credentials);
                format!("{scheme} {}", known.map_or("<masked>", |known| &known.placeholder))
            }
            _ => redacted,
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.known.len())
    }
}

fn takes_credentials(scheme: &str) -> bool {
    ["basic", "bearer"].iter().any(|taking| scheme.eq_ignore_ascii_case(taking))
}

fn percent_encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

fn mask_lookalikes(text: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_token) {
        let end = rest[start..].find(|c| !is_token(c)).map_or(rest.len(), |length| start + length);
        let run = &rest[start..end];
        masked.push_str(&rest[..start]);
        masked.push_str(if looks_secret(run) { "<masked>" } else { run });
        rest = &rest[end..];
    }
    masked.push_str(rest);
    masked
}

/// One random value in a thousand has no digit; then upper case among lower case gives it away.
fn looks_secret(run: &str) -> bool {
    let has = |is: fn(&char) -> bool| run.chars().any(|c| is(&c));
    let is_mixed = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    run.len() > LONGEST_PLAIN_RUN
        && has(char::is_ascii_alphabetic)
        && (has(char::is_ascii_digit) || is_mixed)
        && !is_repetitive(run)
}

/// `aaaa…` and `0101…` are generated filler, not credentials, and worth seeing in a report.
fn is_repetitive(run: &str) -> bool {
    let mut seen: Vec<char> = run.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < 6
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn credentials_in_a_header_are_masked_whoever_made_them() {
        let mut redactor = Redactor::default();
        redactor.learn("basic credentials", "YTpiY2RlZg==");
        let line = |name, value| redactor.redact_header(name, value);
        assert_eq!(line("authorization", "Basic YTpiY2RlZg=="), "Basic <basic credentials 1>");
        assert_eq!(line("authorization", "basic YTpi"), "basic <masked>");
        assert_eq!(line("x-authorization", "Bearer abc, Bearer def"), "Bearer <masked>");
        assert_eq!(line("www-authenticate", "Bearer scope=\"a b\""), "Bearer scope=\"a b\"");
        assert_eq!(line("accept", "text/html, */*"), "text/html, */*");
    }

    #[test]
    fn a_secret_is_numbered_by_kind_so_that_it_can_be_followed() {
        let mut redactor = Redactor::default();
        redactor.learn("access token", "first-secret");
        redactor.learn("code", "the-code-secret");
        redactor.learn("access token", "second-secret");
        assert_eq!(
            redactor.redact("a=second-secret b=first-secret c=the-code-secret"),
            "a=<access token 2> b=<access token 1> c=<code 1>"
        );
    }

    #[test]
    fn a_percent_encoded_secret_is_found_too() {
        let mut redactor = Redactor::default();
        redactor.learn("password", "pass word/1");
        assert_eq!(redactor.redact("password=pass+word%2F1"), "password=<password 1>");
    }

    #[test]
    fn a_credential_without_a_digit_is_masked_too() {
        let text = "code_verifier=AC_bjm-q_gaq-rNHJBjABChgmTuqSHtRzjwlkodVQMQ";
        assert_eq!(Redactor::default().redact(text), "code_verifier=<masked>");
        let plain = "the-protected-resource-metadata-discovery-requirements stay";
        assert_eq!(Redactor::default().redact(plain), plain);
    }

    #[test]
    fn an_unknown_credential_is_masked_by_its_looks() {
        let text = "Bearer abcdefghijklmnopqrstuvwxyz_0123456789, and words stay";
        assert_eq!(Redactor::default().redact(text), "Bearer <masked>, and words stay");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_known_secret_survives_redaction(
            secrets in prop::collection::vec(prop::collection::vec(33u8..127, 6..40), 1..5),
            glue in prop::collection::vec(0usize..5, 0..12),
        ) {
            let secrets: Vec<String> =
                secrets.into_iter().map(|bytes| String::from_utf8(bytes).expect("ASCII")).collect();
            let mut redactor = Redactor::default();
            for secret in &secrets {
                redactor.learn("k", secret);
            }
            let text: String = glue
                .iter()
                .map(|index| secrets.get(*index).map_or(" and ", String::as_str))
                .collect();
            let redacted = redactor.redact(&text);
            for secret in &secrets {
                // A placeholder may itself contain a very odd secret such as `<k 1> `.
                if !"<k 1><k 2><k 3><k 4><masked> and ".contains(secret.as_str()) {
                    prop_assert!(!redacted.contains(secret.as_str()), "{secret:?} in {redacted:?}");
                }
            }
        }
    }
}
