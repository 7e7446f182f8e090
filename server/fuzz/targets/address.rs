#![no_main]

#[path = "../../tests/fuzz_bodies/address.rs"]
mod address;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address::check(bytes));
