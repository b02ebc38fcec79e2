//! How files are read, and within which bounds.

use jiff::Timestamp;

use crate::fields::FieldMap;

/// Bounds on what is read, so that no file can take all memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file that is read whole (plain text, JSON), after decompression. Default 256 MiB.
    pub file_bytes: u64,
    /// Bytes of one line of a JSONL file. Default 64 MiB.
    pub line_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { file_bytes: 256 << 20, line_bytes: 64 << 20 }
    }
}

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSettings {
    /// Names of fields.
    pub fields: FieldMap,
    /// Bounds.
    pub limits: Limits,
    /// The time of reading: articles are not from the future. Default the clock.
    pub now: Timestamp,
}

impl Default for ReadSettings {
    fn default() -> Self {
        ReadSettings { fields: FieldMap::default(), limits: Limits::default(), now: Timestamp::now() }
    }
}
