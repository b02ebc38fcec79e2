#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| samestory_fuzz::read_as("outlet/file.csv", bytes));
