//! F2: redirect URIs. What is taken as registered leads a browser to the registered origin, and what is added to it changes nothing else.
//!
//! The first line is registered, the second requested.

use lookout_server::authority::redirect::{is_registrable, matches, with_parameters};
use url::Url;

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (registered, requested) = text.split_once('\n').unwrap_or((text, text));
    for uri in [registered, requested] {
        if is_registrable(uri) {
            is_harmless(uri);
            additions_stay_in_the_query(uri, requested);
        }
    }
    if is_registrable(registered) && matches(registered, requested) {
        leads_to_the_same_place(registered, requested);
    }
    assert!(matches(requested, requested));
}

fn is_harmless(uri: &str) {
    assert!(uri.is_ascii() && !uri.contains([' ', '\\', '#', '"', '<', '>']), "{uri:?}");
    let url = Url::parse(uri).unwrap_or_else(|error| panic!("{uri:?}: {error}"));
    assert!(url.username().is_empty() && url.password().is_none(), "{uri:?}");
    assert!(url.fragment().is_none(), "{uri:?}");
    match url.scheme() {
        "https" => {
            // Where a browser goes is what is written between the slashes, and shown to people.
            let written = uri.split('/').nth(2).unwrap_or_default();
            let written = written.split('?').next().unwrap_or_default().to_ascii_lowercase();
            let host = url.host_str().unwrap_or("none");
            assert!(
                written
                    .strip_prefix(host)
                    .is_some_and(|port| port.is_empty() || port.starts_with(':')),
                "{uri:?}"
            );
        }
        "http" => {
            let host = url.host_str().unwrap_or_default();
            assert!(["127.0.0.1", "localhost", "[::1]"].contains(&host), "{uri:?}");
        }
        scheme => {
            let runs_code =
                ["javascript", "data", "vbscript", "file", "blob", "about", "ws", "ftp"];
            assert!(!runs_code.contains(&scheme), "{uri:?}");
        }
    }
}

fn leads_to_the_same_place(registered: &str, requested: &str) {
    if registered == requested {
        return;
    }
    let [registered, requested] =
        [registered, requested].map(|uri| Url::parse(uri).unwrap_or_else(|_| panic!("{uri:?}")));
    assert_eq!((registered.scheme(), requested.scheme()), ("http", "http"));
    assert_eq!(registered.host(), requested.host());
    assert_eq!(registered.path(), requested.path());
    assert_eq!(registered.query(), requested.query());
    assert!(requested.username().is_empty() && requested.password().is_none());
}

fn additions_stay_in_the_query(uri: &str, state: &str) {
    let added = [("code", "a b&c=d#e"), ("state", state), ("iss", "https://lookout.example")];
    let (before, after) = (Url::parse(uri), Url::parse(&with_parameters(uri, &added)));
    let (Ok(before), Ok(after)) = (before, after) else { panic!("{uri:?}") };
    assert_eq!(before.scheme(), after.scheme());
    assert_eq!(before.host(), after.host());
    assert_eq!(before.port(), after.port());
    assert_eq!(before.path(), after.path());
    assert_eq!(after.fragment(), None);
    let kept = before.query_pairs().into_owned();
    let added = added.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let expected: Vec<(String, String)> = kept.chain(added).collect();
    let found: Vec<(String, String)> = after.query_pairs().into_owned().collect();
    assert_eq!(found, expected, "{uri:?}");
}
