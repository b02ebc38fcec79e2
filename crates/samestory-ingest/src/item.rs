//! What formats find: items, before any field is understood.

use std::ops::Range;

use samestory_article::{CutKind, Origin, Version};

use crate::fields::Record;

/// One item as a format finds it, before any field is understood.
#[derive(Debug, Clone, Default)]
pub struct RawItem {
    /// Line or number of the item, from 1, where the file holds many.
    pub line: Option<u64>,
    /// The fields of the item.
    pub record: Record,
    /// Whose clock the publication time is; the file's own where `None`.
    pub clock: Option<Origin>,
    /// The id names what is reported at its address, which may be met in several states: in hourly
    /// copies of one feed, or in two crawls. A second item with this id is then no mistake.
    pub shared_id: bool,
    /// Parts of the text field that are not the report, known from the layout of the file.
    pub cuts: Vec<(Range<usize>, CutKind)>,
    /// The versions held by the file, oldest first, where there are several.
    pub versions: Vec<Version>,
    /// A web page whose fields are still to be read, which is left to all threads together.
    pub page: Option<Page>,
}

/// Why an item is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Line or number of the item, from 1.
    pub line: Option<u64>,
    /// The reason, in lower case.
    pub reason: String,
    /// The item is well formed but has no field of an article.
    pub not_an_article: bool,
}

impl Flaw {
    pub(crate) fn new(line: impl Into<Option<u64>>, reason: impl Into<String>) -> Self {
        Flaw { line: line.into(), reason: reason.into(), not_an_article: false }
    }

    pub(crate) fn not_an_article(line: impl Into<Option<u64>>, reason: impl Into<String>) -> Self {
        Flaw { not_an_article: true, ..Flaw::new(line, reason) }
    }
}

/// A web page as it was saved or sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub bytes: Vec<u8>,
    /// The encoding named by the header it was sent with.
    pub charset: Option<String>,
}
