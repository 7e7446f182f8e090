#![no_main]

#[path = "../../tests/fuzz_bodies/secret.rs"]
mod secret;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| secret::check(bytes));
