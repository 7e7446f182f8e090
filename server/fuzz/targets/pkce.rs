#![no_main]

#[path = "../../tests/fuzz_bodies/pkce.rs"]
mod pkce;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pkce::check(bytes));
