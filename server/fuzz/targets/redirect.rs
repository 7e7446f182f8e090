#![no_main]

#[path = "../../tests/fuzz_bodies/redirect.rs"]
mod redirect;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| redirect::check(bytes));
