#![no_main]

#[path = "../../tests/fuzz_bodies/parameters.rs"]
mod parameters;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parameters::check(bytes));
