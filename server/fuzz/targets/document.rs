#![no_main]
#![allow(dead_code, reason = "a target runs one of the bodies and borrows of another")]

#[path = "../../tests/fuzz_bodies/document.rs"]
mod document;
#[path = "../../tests/fuzz_bodies/registration.rs"]
mod registration;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| document::check(bytes));
