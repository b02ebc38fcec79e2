#![no_main]

/// Without it a text is no version page.
const FRAME: &str = "This article is from the source 'a' and was first published or seen on ";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| samestory_fuzz::read_as("outlet/file.txt", &[FRAME.as_bytes(), bytes].concat()));
