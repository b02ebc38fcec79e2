#![no_main]

use samestory_ingest::{canonical_url, parse_time};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(time) = parse_time(text) {
        // A day is midnight, and what is read stays in the range that other stages count on.
        assert!(time.seconds.checked_add(86_400).is_some());
    }
    canonical_url(text);
});
