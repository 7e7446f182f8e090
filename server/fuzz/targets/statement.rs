#![no_main]

#[path = "../../tests/fuzz_bodies/statement.rs"]
mod statement;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| statement::check(bytes));
