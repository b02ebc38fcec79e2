//! How files are read, and within which bounds.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fields::FieldMap;
use crate::outlet_table::OutletTable;

/// Bounds on what is read, so that no file can take all memory or all time. What is over a bound is
/// rejected with a message that names it; the rest goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of what is read whole: a file of one article or one list, a page in a WARC file; after
    /// decompression. Default 256 MiB.
    pub file_bytes: u64,
    /// Bytes of one line of a JSONL file. Default 64 MiB.
    pub line_bytes: u64,
    /// Bytes that a compressed file may hold in all. Default 1 TiB.
    pub decompressed_bytes: u64,
    /// How many times its own size a compressed file may grow, once it has grown past 64 MiB. Default
    /// 200: news compresses to a third or a tenth, a bomb to a thousandth.
    pub expansion: u64,
    /// Brackets or elements within each other in JSON or XML. Default 128, at most
    /// [`Limits::DEEPEST_NESTING`].
    pub nesting: usize,
    /// Items of one file. Default 100 million.
    pub items: u64,
    /// Bytes of an HTML page. Default 16 MiB: a page takes thirty times its size in memory.
    pub html_bytes: u64,
    /// Elements, texts and comments of an HTML page. Default 200,000.
    pub html_nodes: usize,
    /// Elements within each other in an HTML page. Default 512, which is where browsers stop, and at
    /// most [`Limits::DEEPEST_NESTING`].
    pub html_nesting: usize,
}

impl Limits {
    /// Nesting is followed by recursion in the parsers, so it is bounded by the stack of a thread.
    pub const DEEPEST_NESTING: usize = 1024;

    /// What a compressed file may grow to whatever its own size.
    pub(crate) const FREE_EXPANSION: u64 = 64 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file_bytes: 256 << 20,
            line_bytes: 64 << 20,
            decompressed_bytes: 1 << 40,
            expansion: 200,
            nesting: 128,
            items: 100_000_000,
            html_bytes: 16 << 20,
            html_nodes: 200_000,
            html_nesting: 512,
        }
    }
}

/// How files are read.
#[derive(Debug, Clone)]
pub struct ReadSettings {
    /// Names of fields.
    pub fields: FieldMap,
    /// Outlets and agencies. Default the built-in table.
    pub outlets: Arc<OutletTable>,
    /// Bounds.
    pub limits: Limits,
    /// The time of reading: articles are not from the future. Default the clock.
    pub now: Timestamp,
}

impl Default for ReadSettings {
    fn default() -> Self {
        ReadSettings {
            fields: FieldMap::default(),
            outlets: OutletTable::built_in(),
            limits: Limits::default(),
            now: Timestamp::now(),
        }
    }
}
