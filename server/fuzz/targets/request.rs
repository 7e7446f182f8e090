#![no_main]
#![allow(dead_code, reason = "a target runs one of the bodies and borrows of another")]

#[path = "../../tests/fuzz_bodies/request.rs"]
mod request;
#[path = "../../tests/fuzz_bodies/whole.rs"]
mod whole;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| request::check(bytes));
