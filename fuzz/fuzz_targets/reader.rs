#![no_main]

// A file without an extension: whatever its first bytes say, compressed or not.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| samestory_fuzz::read_as("outlet/file", bytes));
