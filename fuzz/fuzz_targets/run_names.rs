#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| paddles_fuzz::run_names::check(input));
