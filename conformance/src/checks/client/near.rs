//! Addresses that are nearly the right one.
//!
//! Identifiers are compared as strings (RFC 3986 section 6.2.1), so every one of these is another
//! identifier, whatever a URL library makes of it.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// One way to differ from an address that has a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Near {
    /// A slash at the end.
    Slash,
    /// A letter of the path in upper case.
    Case,
    /// A letter of the path percent-encoded.
    Escape,
    /// A segment that leads nowhere.
    Dot,
    /// The host in another spelling of loopback.
    Host,
    /// The port of somebody else.
    Port,
    /// The other scheme.
    Scheme,
    /// No path at all.
    Origin,
    /// A slash for a path.
    Root,
    /// The last letter of the path missing.
    Cut,
    /// One segment more.
    Longer,
    /// A query.
    Query,
}

/// What comparing without slashes and case takes for the same.
pub(super) fn trimmed() -> impl Strategy<Value = Near> {
    prop_oneof![2 => Just(Near::Slash), 1 => Just(Near::Case)]
}

/// What parsing takes for the same, or nearly.
pub(super) fn parsed() -> impl Strategy<Value = Near> {
    prop::sample::select(vec![Near::Dot, Near::Escape, Near::Query])
}

/// Somebody else's place.
pub(super) fn placed() -> impl Strategy<Value = Near> {
    prop::sample::select(vec![Near::Port, Near::Host, Near::Scheme, Near::Longer, Near::Cut])
}

/// The whole origin.
pub(super) fn prefixed() -> impl Strategy<Value = Near> {
    prop::sample::select(vec![Near::Origin, Near::Root])
}

impl Near {
    /// `address` with this difference; `other` is an address of somebody else.
    pub(super) fn of(self, address: &str, other: &str) -> String {
        let host = address.find("://").map_or(0, |at| at + 3);
        let slash = address[host..].find('/').map_or(address.len(), |at| host + at);
        let (origin, path) = address.split_at(slash);
        let letter = path.find(|c: char| c.is_ascii_lowercase());
        let changed = |letter: Option<usize>, change: &dyn Fn(char) -> String| {
            let at = letter.unwrap_or_default();
            let c = path[at..].chars().next().unwrap_or('/');
            format!("{origin}{}{}{}", &path[..at], change(c), &path[at + c.len_utf8()..])
        };
        match self {
            Self::Slash => format!("{address}/"),
            Self::Case => changed(letter, &|c| c.to_ascii_uppercase().to_string()),
            Self::Escape => changed(letter, &|c| format!("%{:02X}", u32::from(c))),
            Self::Dot => format!("{origin}/.{path}"),
            Self::Host => address.replacen("127.0.0.1", "localhost", 1),
            Self::Port => format!("{}{path}", other.trim_end_matches('/')),
            Self::Scheme if address.starts_with("https") => address.replacen("https", "http", 1),
            Self::Scheme => address.replacen("http", "https", 1),
            Self::Origin => origin.to_owned(),
            Self::Root => format!("{origin}/"),
            Self::Cut => address[..address.len() - 1].to_owned(),
            Self::Longer => format!("{address}/more"),
            Self::Query => format!("{address}?"),
        }
    }
}

/// A path of one segment that begins with a letter.
pub(super) fn path() -> impl Strategy<Value = String> {
    "/[a-z][a-z0-9]{2,7}"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_near_address_is_another_one() {
        let address = "http://127.0.0.1:4000/mcp";
        let all = [
            (Near::Slash, "http://127.0.0.1:4000/mcp/"),
            (Near::Case, "http://127.0.0.1:4000/Mcp"),
            (Near::Escape, "http://127.0.0.1:4000/%6Dcp"),
            (Near::Dot, "http://127.0.0.1:4000/./mcp"),
            (Near::Host, "http://localhost:4000/mcp"),
            (Near::Port, "http://127.0.0.1:5000/mcp"),
            (Near::Scheme, "https://127.0.0.1:4000/mcp"),
            (Near::Origin, "http://127.0.0.1:4000"),
            (Near::Root, "http://127.0.0.1:4000/"),
            (Near::Cut, "http://127.0.0.1:4000/mc"),
            (Near::Longer, "http://127.0.0.1:4000/mcp/more"),
            (Near::Query, "http://127.0.0.1:4000/mcp?"),
        ];
        for (near, expected) in all {
            assert_eq!(near.of(address, "http://127.0.0.1:5000"), expected);
        }
    }
}
