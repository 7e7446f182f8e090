//! F12: what a client calls itself, on the consent page: as text and nothing else.
//!
//! The oracle knows no template. A name adds no character that HTML gives a meaning to, so it opens, closes and quotes nothing; and what a browser would
//! make of the text between two `q` is the name, isolated in the direction of its letters.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::Request;

use super::whole::{CALLBACK, HOST, Reply, whole};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const MARKUP: [char; 5] = ['<', '>', '"', '\'', '\0'];

pub(crate) fn check(bytes: &[u8]) {
    checked(bytes);
}

/// The page that was found to be right.
pub(crate) fn checked(bytes: &[u8]) -> String {
    static PLAIN: OnceLock<[usize; 5]> = OnceLock::new();
    let plain = PLAIN.get_or_init(|| markup(&consent_page("Plain").1.text));
    let (shown, page) = consent_page(&String::from_utf8_lossy(bytes));
    assert_eq!(&markup(&without_warning(&page.text)), plain, "{shown:?}");
    let mut quotes = 0;
    for quote in page.text.split("<q>").skip(1) {
        let (text, _) = quote.split_once("</q>").unwrap_or_else(|| panic!("{shown:?}"));
        let isolated = text.strip_prefix("<bdi>").and_then(|text| text.strip_suffix("</bdi>"));
        let text = isolated.unwrap_or_else(|| panic!("{text:?}"));
        assert_eq!(unescaped(text), shown);
        quotes += 1;
    }
    assert!(quotes > 0, "{page:?}");
    page.text
}

/// The page without the sentence about a name that imitates another, which is the server's own.
fn without_warning(page: &str) -> String {
    const WARNING: &str = "<p class=\"note warn\"><strong>Look twice.</strong>";
    let Some((before, rest)) = page.split_once(WARNING) else { return page.to_owned() };
    let (sentence, after) = rest.split_once("</p>").expect("its end");
    assert_eq!(markup(sentence), [0; 5], "{sentence}");
    format!("{before}{after}")
}

/// How often each character of markup is on a page.
fn markup(page: &str) -> [usize; 5] {
    let count = |mark: char| page.chars().filter(|&c| c == mark).count();
    MARKUP.map(count)
}

/// Text as a browser reads it: every `&` begins a reference to one of the characters that need one.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (reference, behind) = after.split_once(';').unwrap_or_else(|| panic!("{text:?}"));
        plain.push_str(before);
        plain.push(match reference {
            "#38" | "amp" => '&',
            "#60" | "lt" => '<',
            "#62" | "gt" => '>',
            "#34" | "quot" => '"',
            "#39" => '\'',
            other => panic!("{other:?}"),
        });
        rest = behind;
    }
    plain + rest
}

/// The name that is shown, and the page that shows it.
fn consent_page(name: &str) -> (String, Reply) {
    let whole = whole();
    let client = whole.register(name);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", name),
    ]);
    let request = Request::get(format!("/oauth/authorize?{}", query.finish()))
        .header("host", HOST)
        .header("cookie", &whole.session)
        .body(Body::empty())
        .expect("a request");
    let page = whole.send(request);
    assert_eq!(page.status, 200, "{page:?}");
    (client.name, page)
}
