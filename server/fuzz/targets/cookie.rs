#![no_main]

#[path = "../../tests/fuzz_bodies/cookie.rs"]
mod cookie;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cookie::check(bytes));
