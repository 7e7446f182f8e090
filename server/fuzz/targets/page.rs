#![no_main]
#![allow(dead_code, reason = "a target runs one of the bodies and borrows of another")]

#[path = "../../tests/fuzz_bodies/page.rs"]
mod page;
#[path = "../../tests/fuzz_bodies/whole.rs"]
mod whole;

use std::sync::OnceLock;

use scraper::{ElementRef, Html};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    page::check(bytes);
    has_the_elements_of_a_plain_page(bytes);
});

/// A second opinion that is too large for the tests on stable: a parser of HTML finds the elements of the page for a plain name.
fn has_the_elements_of_a_plain_page(bytes: &[u8]) {
    static PLAIN: OnceLock<Vec<String>> = OnceLock::new();
    let elements = |name: &str| elements(&Html::parse_document(&page::consent_page(name).1.text));
    let plain = PLAIN.get_or_init(|| elements("Plain"));
    let name = String::from_utf8_lossy(bytes);
    assert_eq!(&elements(&name), plain, "{name:?}");
}

/// The elements of a page in order, with the names of their attributes.
fn elements(page: &Html) -> Vec<String> {
    let describe = |element: ElementRef<'_>| {
        let attributes: Vec<&str> = element.value().attrs().map(|(name, _)| name).collect();
        format!("{} {}", element.value().name(), attributes.join(" "))
    };
    page.tree.nodes().filter_map(ElementRef::wrap).map(describe).collect()
}
