//! G-URI: near misses of a redirect URI.
//!
//! Every edit carries a label that says whether a server may still treat the result as the
//! registered URI. The labels are what the checks compare a server against, so they are tested
//! below against the definition: simple string comparison (RFC 3986 section 6.2.1), with the one
//! exception of a loopback port (RFC 8252 section 7.3).

/// One way to change a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// What was done, for a reader.
    pub(crate) name: &'static str,
    /// The result.
    pub(crate) uri: String,
    /// Whether a conforming server accepts it in place of the registered URI.
    pub(crate) label: Label,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    MustEqual,
    MustDiffer,
}

/// `http://{host}:{port}{path}` and every edit of it.
pub(crate) fn loopback_edits(host: &str, port: u16, path: &str) -> Vec<Edit> {
    let registered = format!("http://{host}:{port}{path}");
    let mut edits = vec![edit("the registered URI", registered.clone(), Label::MustEqual)];
    for (name, other) in
        [("another port", "1".to_owned()), ("the highest port", "65535".to_owned())]
    {
        edits.push(edit(name, format!("http://{host}:{other}{path}"), Label::MustEqual));
    }
    edits.extend(must_differ(&registered, host, port, path));
    edits
}

/// An `https` URI, where not even the port may vary.
pub(crate) fn https_edits(authority: &str, path: &str) -> Vec<Edit> {
    let registered = format!("https://{authority}{path}");
    let differs = [
        ("a port added", format!("https://{authority}:8443{path}")),
        ("the default port added", format!("https://{authority}:443{path}")),
        ("http for https", format!("http://{authority}{path}")),
        ("a subdomain", format!("https://x.{authority}{path}")),
        ("a longer domain", format!("https://{authority}.evil.example{path}")),
        ("upper-case host", format!("https://{}{path}", authority.to_uppercase())),
        ("a trailing dot", format!("https://{authority}.{path}")),
        ("userinfo before another host", format!("https://{authority}@evil.example{path}")),
        ("a backslash before another host", format!("https://evil.example\\@{authority}{path}")),
        ("a longer path", format!("{registered}/more")),
        ("the path cut", format!("https://{authority}/")),
        ("a query added", format!("{registered}?next=1")),
    ];
    let mut edits = vec![edit("the registered URI", registered, Label::MustEqual)];
    edits.extend(differs.map(|(name, uri)| edit(name, uri, Label::MustDiffer)));
    edits
}

fn must_differ(registered: &str, host: &str, port: u16, path: &str) -> Vec<Edit> {
    let segment = path.trim_start_matches('/');
    let differs = [
        ("https for http", format!("https://{host}:{port}{path}")),
        ("another scheme", format!("com.example.app://{host}:{port}{path}")),
        ("upper-case scheme", format!("HTTP://{host}:{port}{path}")),
        ("another host", format!("http://evil.example:{port}{path}")),
        ("another loopback spelling", format!("http://{}:{port}{path}", other_loopback(host))),
        ("a shortened IPv4 address", format!("http://127.1:{port}{path}")),
        ("a decimal IPv4 address", format!("http://2130706433:{port}{path}")),
        ("the unspecified address", format!("http://0.0.0.0:{port}{path}")),
        ("a name that begins like it", format!("http://{host}.evil.example:{port}{path}")),
        ("userinfo that looks like it", format!("http://{host}:{port}@evil.example{path}")),
        ("userinfo in front", format!("http://user@{host}:{port}{path}")),
        ("two at signs", format!("http://{host}@{host}@evil.example{path}")),
        ("a percent-encoded at sign", format!("http://{host}%40evil.example:{port}{path}")),
        ("a backslash", format!("http://evil.example\\@{host}:{port}{path}")),
        ("a port that is no number", format!("http://{host}:80a{path}")),
        ("a port out of range", format!("http://{host}:65536{path}")),
        ("a longer path", format!("{registered}/more")),
        ("a longer word", format!("{registered}more")),
        ("a trailing slash", format!("{registered}/")),
        ("a doubled slash", format!("http://{host}:{port}/{path}")),
        ("an upper-case path", format!("http://{host}:{port}{}", path.to_uppercase())),
        ("a dot segment", format!("http://{host}:{port}/./{segment}")),
        ("a parent segment", format!("http://{host}:{port}/x/../{segment}")),
        ("a climbing segment", format!("{registered}/../evil")),
        ("an encoded climbing segment", format!("{registered}/%2e%2e/evil")),
        ("a matrix parameter", format!("{registered}/..;/evil")),
        ("a percent-encoded letter", format!("http://{host}:{port}/%63{}", &segment[1..])),
        ("the path cut", format!("http://{host}:{port}/")),
        ("no path", format!("http://{host}:{port}")),
        ("a query added", format!("{registered}?next=1")),
        ("a reserved query added", format!("{registered}?code=x")),
        ("an empty query", format!("{registered}?")),
        ("a fragment", format!("{registered}#x")),
        ("an empty fragment", format!("{registered}#")),
        ("a space in front", format!(" {registered}")),
        ("a space behind", format!("{registered} ")),
        ("a tab inside", registered.replacen("http:", "ht\ttp:", 1)),
        ("a line break behind", format!("{registered}\r\nx: y")),
        ("a NUL behind", format!("{registered}\0")),
        ("a no-break space behind", format!("{registered}\u{a0}")),
        ("a full-width dot", registered.replacen('.', "\u{ff0e}", 1)),
        ("eight thousand characters", format!("{registered}/{}", "a".repeat(8_000))),
    ];
    let changed = differs.into_iter().filter(|(_, uri)| uri != registered);
    changed.map(|(name, uri)| edit(name, uri, Label::MustDiffer)).collect()
}

/// Redirect URIs that no registration may carry, with the disguises that get past a naive test.
pub(crate) fn dangerous() -> Vec<(&'static str, String)> {
    let own = [
        ("javascript", "javascript:alert(1)"),
        ("javascript in mixed case", "JaVaScRiPt:alert(1)"),
        ("javascript with a host", "javascript://h/%0aalert(1)"),
        ("javascript after a space", " javascript:alert(1)"),
        ("javascript with a tab", "java\tscript:alert(1)"),
        ("javascript with a line break", "java\nscript:alert(1)"),
        ("javascript after a control character", "\u{1}javascript:alert(1)"),
        ("data", "data:text/html,<script>alert(1)</script>"),
        ("vbscript", "vbscript:msgbox(1)"),
        ("blob", "blob:https://h/0"),
        ("file", "file:///etc/passwd"),
        ("about", "about:blank"),
        ("http beyond loopback", "http://app.example/callback"),
        ("http at a name like loopback", "http://127.0.0.1.evil.example/callback"),
        ("http at localhost's look-alike", "http://localhost.evil.example/callback"),
        ("http with userinfo", "http://127.0.0.1@evil.example/callback"),
        ("a fragment", "https://app.example/callback#x"),
        ("no scheme", "app.example/callback"),
        ("a relative reference", "/callback"),
        ("a protocol-relative reference", "//evil.example/callback"),
        ("nothing", ""),
    ];
    own.map(|(name, uri)| (name, uri.to_owned())).to_vec()
}

/// Identifiers that are not `resource` (RFC 8707 section 2). A trailing slash and an upper-case
/// scheme are left out, because MCP lets a server take them for the same one.
pub(crate) fn resource_lookalikes(resource: &str) -> Vec<(&'static str, String)> {
    vec![
        ("a longer word", format!("{resource}-other")),
        ("a longer path", format!("{resource}/other")),
        ("a query", format!("{resource}?x=1")),
        ("a fragment", format!("{resource}#x")),
        ("another host", "https://evil.example/mcp".to_owned()),
        ("a relative reference", "/mcp".to_owned()),
        ("another path", resource_beside(resource)),
        ("nothing but a space", " ".to_owned()),
    ]
}

/// `resource` with its last path segment exchanged for another word.
fn resource_beside(resource: &str) -> String {
    let origin = resource.rsplit_once('/').map_or(resource, |(start, _)| start);
    format!("{origin}/elsewhere")
}

fn edit(name: &'static str, uri: String, label: Label) -> Edit {
    Edit { name, uri, label }
}

fn other_loopback(host: &str) -> &'static str {
    if host == "localhost" { "127.0.0.1" } else { "localhost" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, written a second time and differently: cut the digits of the port out of
    /// both, and compare what is left byte by byte.
    fn equal_but_for_a_loopback_port(registered: &str, asked: &str, host: &str) -> bool {
        let cut = |uri: &str| -> Option<String> {
            let rest = uri.strip_prefix(&format!("http://{host}:"))?;
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let port: u32 = digits.parse().ok()?;
            (port <= 65_535 && port.to_string() == digits).then(|| rest[digits.len()..].to_owned())
        };
        registered == asked || cut(registered).is_some_and(|path| cut(asked) == Some(path))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_label_of_a_loopback_edit_is_true(
            host in prop::sample::select(vec!["127.0.0.1", "[::1]", "localhost"]),
            port in 1u16..=65_535,
            path in prop::sample::select(vec!["/callback", "/a/b", "/cb?x=1"]),
        ) {
            let registered = format!("http://{host}:{port}{path}");
            for edit in loopback_edits(host, port, path) {
                let equal = equal_but_for_a_loopback_port(&registered, &edit.uri, host);
                prop_assert_eq!(equal, edit.label == Label::MustEqual, "{:?}", edit);
            }
        }
    }

    #[test]
    fn only_the_registered_https_uri_is_labelled_equal() {
        for edit in https_edits("app.example", "/callback") {
            let equal = edit.uri == "https://app.example/callback";
            assert_eq!(equal, edit.label == Label::MustEqual, "{edit:?}");
        }
    }

    #[test]
    fn no_lookalike_of_a_resource_is_that_resource() {
        let resource = "https://h/mcp";
        assert!(resource_lookalikes(resource).iter().all(|(_, uri)| uri != resource));
    }
}
