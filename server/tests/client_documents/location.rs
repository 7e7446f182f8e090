//! Which texts can be the address of a document.

use lookout_server::client_documents::location::{Location, Places, is_address, verified_host};
use lookout_server::client_documents::response::{fresh_for, is_json};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

fn places() -> Places {
    Places {
        ports: vec![443, 8443],
        own_hosts: vec!["lookout.example.com".to_owned(), "lookout.example.com:443".to_owned()],
        allow_loopback: false,
    }
}

#[test]
fn an_https_address_with_a_path_is_accepted_as_it_is_written() {
    for text in [
        "https://app.example.com/client.json",
        "https://app.example.com/a/b%20c/@d",
        "https://app.example.com/client?version=2",
        "https://app.example.com:8443/client.json",
        "https://xn--mnchen-3ya.example.com/client.json",
    ] {
        let location =
            Location::parse(text, &places()).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(location.as_str(), text);
    }
}

#[test]
fn what_cannot_be_the_one_spelling_of_a_public_address_is_refused() {
    let long = format!("https://app.example.com/{}", "x".repeat(2048));
    for text in [
        "http://app.example.com/client.json",
        "https://app.example.com",
        "https://app.example.com/",
        "https://user:secret@app.example.com/client.json",
        "https://user@app.example.com/client.json",
        "https://app.example.com/client.json#fragment",
        "https://app.example.com/client.json#",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/a/./client.json",
        "https://app.example.com/%2e%2e/client.json",
        "https://app.example.com/a%2fb",
        "https://app.example.com/a%5Cb",
        "https://app.example.com/a\\b",
        "https://app.example.com/a?b\\c",
        "https://app.example.com/a|b",
        "https://app.example.com\\@inside.example.com/client.json",
        "https://app.example.com/client.json\n",
        " https://app.example.com/client.json",
        "https://app.example.com:443/client.json",
        "https://app.example.com:80/client.json",
        "https://app.example.com:0/client.json",
        "https://APP.example.com/client.json",
        "HTTPS://app.example.com/client.json",
        "https:/app.example.com/client.json",
        "https:app.example.com/client.json",
        "https://münchen.example.com/client.json",
        "https://app.example.com./client.json",
        "https://app/client.json",
        "https://.com/client.json",
        "https://app..example.com/client.json",
        "https://localhost/client.json",
        "https://app.localhost/client.json",
        "https://metadata.google.internal/client.json",
        "https://printer.local/client.json",
        "https://lookout.example.com/client.json",
        "https://127.0.0.1/client.json",
        "https://1.1.1.1/client.json",
        "https://2130706433/client.json",
        "https://0x7f000001/client.json",
        "https://0177.0.0.1/client.json",
        "https://127.1/client.json",
        "https://①②⑦.0.0.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/client.json",
        "https://[::ffff:127.0.0.1]/client.json",
        "https://[fd00:ec2::254]/latest",
        "https://[fe80::1%25eth0]/client.json",
        "ftp://app.example.com/client.json",
        "file:///etc/passwd",
        "https://",
        "",
        &long,
    ] {
        assert!(Location::parse(text, &places()).is_err(), "{text}");
    }
}

#[test]
fn loopback_is_a_place_only_where_it_is_allowed_and_nothing_else_becomes_one() {
    let loopback = Places { allow_loopback: true, ..places() };
    for text in [
        "http://127.0.0.1:4711/client.json",
        "http://localhost:4711/client.json",
        "http://[::1]:4711/client.json",
        "https://localhost:4711/client.json",
    ] {
        assert!(Location::parse(text, &loopback).is_ok(), "{text}");
        assert!(Location::parse(text, &places()).is_err(), "{text}");
    }
    for text in [
        "http://app.example.com/client.json",
        "http://10.0.0.1/client.json",
        "http://localhost.example.com/client.json",
        "http://127.0.0.1.example.com/client.json",
        "http://127.0.0.1:4711/",
        "http://user@127.0.0.1:4711/client.json",
        "http://[::ffff:127.0.0.1]:4711/client.json",
    ] {
        assert!(Location::parse(text, &loopback).is_err(), "{text}");
    }
}

#[test]
fn the_verified_host_is_the_host_of_the_address() {
    let host = |text| verified_host(text).unwrap_or_default();
    assert_eq!(host("https://app.example.com/client.json"), "app.example.com");
    assert_eq!(host("https://app.example.com:8443/client.json"), "app.example.com:8443");
    assert_eq!(host("https://app.example.com/@evil.example/x"), "app.example.com");
    assert_eq!(host("q8yEu1"), "");
    assert!(!is_address("q8yEu1") && !is_address("file:///etc/passwd"));
}

#[test]
fn json_has_these_media_types() {
    for text in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/client-metadata+json",
    ] {
        assert!(is_json(text), "{text}");
    }
    for text in [
        "",
        "text/html",
        "text/json",
        "application/jsonp",
        "application/+json",
        "application/x json",
    ] {
        assert!(!is_json(text), "{text}");
    }
}

#[test]
fn a_document_holds_as_long_as_it_says_within_bounds() {
    for (cache_control, seconds) in [
        ("", 300),
        ("max-age=600", 600),
        ("public, Max-Age=\"3600\"", 3600),
        ("max-age=0", 300),
        ("max-age=99999999", 86_400),
        ("max-age=99999999999999999999999", 86_400),
        ("max-age=-1", 300),
        ("max-age=soon", 300),
        ("max-age=3600, max-age=600", 600),
        ("max-age=3600, no-cache", 300),
        ("no-store", 300),
        ("s-maxage=3600", 300),
    ] {
        assert_eq!(fresh_for(cache_control, &(300..=86_400)), seconds, "{cache_control}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 2000, rng_seed: RngSeed::Fixed(0x10_c0_08), failure_persistence: None, ..Config::default() })]

    /// Oracle: every number that a host can be written as, and none is a place.
    #[test]
    fn no_spelling_of_a_number_is_a_place(bits: u32, form in 0_usize..8) {
        let [a, b, c, d] = bits.to_be_bytes();
        let host = match form {
            0 => format!("{a}.{b}.{c}.{d}"),
            1 => format!("{bits}"),
            2 => format!("0x{bits:x}"),
            3 => format!("0{bits:o}"),
            4 => format!("0x{a:x}.0{b:o}.{c}.{d}"),
            5 => format!("{a}.{}", bits & 0x00ff_ffff),
            6 => format!("[::ffff:{a}.{b}.{c}.{d}]"),
            _ => format!("{a}.{b}.{c}.{d}."),
        };
        let text = format!("https://{host}/client.json");
        prop_assert!(Location::parse(&text, &places()).is_err(), "{}", text);
    }

    #[test]
    fn what_is_accepted_is_https_at_a_name_with_a_path(text in "https?://[a-z.@:0-9\\[\\]%#?]{1,20}/[a-z./%@#?2eE]{0,12}") {
        if Location::parse(&text, &places()).is_ok() {
            let url = url::Url::parse(&text).unwrap();
            prop_assert_eq!(url.as_str(), &text);
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.domain().is_some_and(|name| name.contains('.')));
            prop_assert!(url.path().len() > 1 && url.fragment().is_none() && url.username().is_empty());
            prop_assert!(!url.path().split('/').any(|segment| matches!(segment, "." | "..")));
        }
    }
}
