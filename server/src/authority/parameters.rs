//! Request parameters, as they came, with repetitions kept so that they can be refused.

use std::borrow::Cow;
use std::collections::HashSet;

/// The parameters of a request, decoded, in order.
///
/// A parameter without a value counts as absent (RFC 6749 section 3.1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values can be codes, tokens and verifiers.
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text. U+0000 is read as U+FFFD, like bytes that are no text: not every database keeps it.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        let plain = |text: Cow<'_, str>| text.replace('\0', "\u{fffd}");
        let pairs = url::form_urlencoded::parse(encoded);
        Self(pairs.map(|(name, value)| (plain(name), plain(value))).collect())
    }

    /// The value of `name`, or `None` when it is absent or empty. Of a repeated parameter, the first.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next().filter(|value| !value.is_empty())
    }

    /// Every value of `name`.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first name that occurs more than once.
    #[must_use]
    pub fn repeated(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !seen.insert(*name))
    }

    /// Whether `name` occurs more than once.
    #[must_use]
    pub fn repeats(&self, name: &str) -> bool {
        self.values(name).nth(1).is_some()
    }

    /// The parameters as a query string.
    #[must_use]
    pub fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
