#![no_main]
#![allow(dead_code, reason = "a target runs one of the bodies and borrows of another")]

#[path = "../../tests/fuzz_bodies/page.rs"]
mod page;
#[path = "../../tests/fuzz_bodies/whole.rs"]
mod whole;

use std::sync::OnceLock;

use scraper::{ElementRef, Html};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    has_the_elements_of_a_plain_page(bytes, &page::checked(bytes));
});

/// A second opinion that is too large for the tests on stable: a parser of HTML finds the elements of the page for a plain name.
fn has_the_elements_of_a_plain_page(name: &[u8], page: &str) {
    static PLAIN: OnceLock<Vec<String>> = OnceLock::new();
    let elements = |page: &str| elements(&Html::parse_document(page));
    let plain = PLAIN.get_or_init(|| elements(&page::checked(b"Plain")));
    assert_eq!(&elements(page), plain, "{:?}", String::from_utf8_lossy(name));
}

/// The elements of a page in order, with the names of their attributes.
fn elements(page: &Html) -> Vec<String> {
    let describe = |element: ElementRef<'_>| {
        let attributes: Vec<&str> = element.value().attrs().map(|(name, _)| name).collect();
        format!("{} {}", element.value().name(), attributes.join(" "))
    };
    page.tree.nodes().filter_map(ElementRef::wrap).map(describe).collect()
}
