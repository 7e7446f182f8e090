//! Redirect URIs: registration by allow-list, matching by bytes.

use lookout_server::authority::redirect::{Parts, is_registrable, matches, with_parameters};
use proptest::prelude::*;

use crate::cases;

#[test]
fn what_can_be_registered_is_an_allow_list() {
    let allowed = [
        "https://app.example/callback",
        "https://app.example",
        "https://app.example:8443/cb?tenant=1",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:7777/cb",
        "http://[::1]:7777/cb",
        "http://localhost/cb",
        "com.example.app:/oauth",
        "com.example.app://host/oauth",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vendor.extension/cb",
    ];
    for uri in allowed {
        assert!(is_registrable(uri), "{uri} should be registrable");
    }
    let refused = [
        "",
        "/cb",
        "app.example/cb",
        "https:",
        "https:///cb",
        "https:app.example",
        "http://app.example/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://0.0.0.0/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.nip.io/cb",
        "http://[::2]/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://LOCALHOST/cb",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://app.example/1",
        "file:///etc/passwd",
        "about:blank",
        "ftp://app.example/",
        "ws://localhost/",
        "intent://x#Intent;end",
        "mailto:x@example.com",
        "myapp://cb",
        "HTTPS://app.example/cb",
        "Https://app.example/cb",
        "https://user@app.example/cb",
        "https://user:pass@app.example/cb",
        "https://app.example\\@evil.example/cb",
        "https://app.example/cb#fragment",
        "https://app.example/cb#",
        "https://app.example/c b",
        "https://app.example/cb\r\nX: y",
        "https://app.example/cb\0",
        "https://app.example/\u{e9}",
        "https://app%2eexample/cb",
        "https://app.example:0/cb",
        "https://app.example:99999/cb",
        "https://app.example:080/cb",
        "https://app.example:/cb",
        "https://.app.example/cb",
        "https://app.example/cb?code=1",
        "https://app.example/cb?state=1",
        "https://app.example/cb?x=1&iss=2",
        "https://app.example/cb?%63ode=1",
        "https://app.example/cb?error",
        "com.example.app:",
        ".app:/cb",
        "app.:/cb",
    ];
    for uri in refused {
        assert!(!is_registrable(uri), "{uri:?} should not be registrable");
    }
    for (length, expected) in [(2047, true), (2048, true), (2049, false), (9000, false)] {
        let uri = format!("{:a<length$}", "https://app.example/");
        assert_eq!(is_registrable(&uri), expected, "{length}");
    }
    for uri in ["1a.b:/cb", "+a.b:/cb", ".a.b:/cb", "a_b.c:/cb", "a.B:/cb", "a b.c:/cb", ":/cb"] {
        assert!(!is_registrable(uri), "{uri:?} has no legal scheme");
    }
    assert!(is_registrable("a1+b-c.d:/cb"));
}

#[test]
fn a_content_security_policy_can_name_where_every_redirect_goes() {
    let sources = [
        ("https://app.example:8443/cb?tenant=1", "https://app.example:8443"),
        ("http://127.0.0.1:5555/cb", "http://127.0.0.1:5555"),
        ("com.example.app:/cb", "com.example.app:"),
        // A host source cannot be an IPv6 address.
        ("http://[::1]:5555/cb", "http:"),
        ("http://[::1]/cb", "http:"),
        ("https://[2001:db8::1]/cb", "https:"),
    ];
    for (uri, source) in sources {
        assert!(is_registrable(uri), "{uri}");
        assert_eq!(Parts::of(uri).unwrap().form_action_source(), source, "{uri}");
    }
}

#[test]
fn a_near_miss_of_a_registered_uri_does_not_match() {
    let registered = "https://app.example/cb?tenant=1";
    assert!(matches(registered, registered));
    let near = [
        "https://app.example/cb?tenant=1&x=2",
        "https://app.example/cb?tenant=2",
        "https://app.example/cb",
        "https://app.example/cb/?tenant=1",
        "https://app.example/CB?tenant=1",
        "https://APP.example/cb?tenant=1",
        "HTTPS://app.example/cb?tenant=1",
        "http://app.example/cb?tenant=1",
        "https://app.example:443/cb?tenant=1",
        "https://app.example:8443/cb?tenant=1",
        "https://app.example/./cb?tenant=1",
        "https://app.example/x/../cb?tenant=1",
        "https://app.example//cb?tenant=1",
        "https://app.example/%63b?tenant=1",
        "https://app.example/cb;x?tenant=1",
        "https://app.example/cb?tenant=1#",
        "https://app.example/cb?tenant=1#x",
        "https://app.example/cb?tenant=1 ",
        " https://app.example/cb?tenant=1",
        "https://app.example.evil.example/cb?tenant=1",
        "https://evil.example/app.example/cb?tenant=1",
        "https://app.example@evil.example/cb?tenant=1",
        "https://evil.example\\@app.example/cb?tenant=1",
        "https://app.example./cb?tenant=1",
        "https://app.example/cb?tenant=1\0",
        "https://app.example/cb?tenant=1\n",
        "//app.example/cb?tenant=1",
        "https:/app.example/cb?tenant=1",
        "",
    ];
    for uri in near {
        assert!(!matches(registered, uri), "{uri:?} should not match");
    }
}

#[test]
fn a_loopback_uri_matches_on_any_port_and_on_nothing_else() {
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        for registered in [format!("http://{host}/cb?a=b"), format!("http://{host}:1234/cb?a=b")] {
            for port in ["", ":1", ":80", ":443", ":65535"] {
                let uri = format!("http://{host}{port}/cb?a=b");
                assert!(matches(&registered, &uri), "{uri} should match {registered}");
            }
            let near = [
                format!("http://{host}:0/cb?a=b"),
                format!("http://{host}:65536/cb?a=b"),
                format!("http://{host}:080/cb?a=b"),
                format!("http://{host}:/cb?a=b"),
                format!("http://{host}:1x/cb?a=b"),
                format!("http://{host}:1/cb"),
                format!("http://{host}:1/cb?a=c"),
                format!("http://{host}:1/CB?a=b"),
                format!("http://{host}:1/cb?a=b#"),
                format!("https://{host}:1/cb?a=b"),
                format!("http://x@{host}:1/cb?a=b"),
                format!("http://{host}:1@evil.example/cb?a=b"),
                format!("http://{host}.evil.example:1/cb?a=b"),
                format!("http://{host}:1/x/../cb?a=b"),
            ];
            for uri in near {
                assert!(!matches(&registered, &uri), "{uri} should not match {registered}");
            }
        }
    }
    let hosts = [
        "127.0.0.1",
        "[::1]",
        "localhost",
        "127.1",
        "0.0.0.0",
        "[::]",
        "LOCALHOST",
        "localhost.",
        "127.0.0.2",
    ];
    for registered in &hosts[..3] {
        for requested in hosts {
            let result =
                matches(&format!("http://{registered}/cb"), &format!("http://{requested}:9/cb"));
            assert_eq!(result, *registered == requested, "{requested} for {registered}");
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn without_loopback_only_the_same_bytes_match(
        path in "/[a-z0-9/._~%-]{0,12}",
        position in 0_usize..40,
        replacement in proptest::char::range(' ', '~'),
    ) {
        let registered = format!("https://app.example{path}");
        let mut edited: Vec<char> = registered.chars().collect();
        let position = position.min(edited.len() - 1);
        edited[position] = replacement;
        let edited: String = edited.into_iter().collect();
        prop_assert_eq!(matches(&registered, &edited), registered == edited);
        prop_assert!(!matches(&registered, &registered[..position]));
    }

    #[test]
    fn added_parameters_are_read_back_exactly_once(state in "\\PC{0,40}", query in "(|\\?|\\?a=b|\\?a=b&)") {
        let uri = format!("https://app.example/cb{query}");
        let address = with_parameters(&uri, &[("code", "c"), ("state", &state)]);
        prop_assert!(address.starts_with(&uri));
        prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert!(!address.contains("&&") && !address.contains("?&") && address.matches('?').count() == 1);
        let url = url::Url::parse(&address).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let (own, added) = pairs.split_at(pairs.len() - 2);
        prop_assert_eq!(own.len(), usize::from(query.contains('a')));
        prop_assert!(own.iter().all(|(name, value)| name == "a" && value == "b"));
        prop_assert_eq!(added, [("code".to_owned(), "c".to_owned()), ("state".to_owned(), state)]);
    }
}
