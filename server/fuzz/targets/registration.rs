#![no_main]

#[path = "../../tests/fuzz_bodies/registration.rs"]
mod registration;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| registration::check(bytes));
