#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lookout_sdk::auth::fuzzing::callback(bytes));
