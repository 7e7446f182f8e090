#![no_main]

#[path = "../../tests/fuzz_bodies/scopes.rs"]
mod scopes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scopes::check(bytes));
