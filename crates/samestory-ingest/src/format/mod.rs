//! One file a format, all behind one trait.
//!
//! A format is chosen by the file's extension (less `.gz` or `.zst`), and by a look at its first
//! bytes where the extension says nothing or where two formats share one.

mod json;
mod jsonl;
mod plain;
mod table;
mod version_page;

use std::io::BufRead;
use std::ops::Range;
use std::path::Path;

use samestory_article::{CutKind, Version};

use crate::fields::Record;
use crate::settings::ReadSettings;

/// One item as a format finds it, before any field is understood.
#[derive(Debug, Clone, Default)]
pub struct RawItem {
    /// Line or number of the item, from 1, where the file holds many.
    pub line: Option<u64>,
    /// The fields of the item.
    pub record: Record,
    /// Parts of the text field that are not the report, known from the layout of the file.
    pub cuts: Vec<(Range<usize>, CutKind)>,
    /// The versions held by the file, oldest first, where there are several.
    pub versions: Vec<Version>,
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
    fn new(line: impl Into<Option<u64>>, reason: impl Into<String>) -> Self {
        Flaw { line: line.into(), reason: reason.into(), not_an_article: false }
    }

    fn not_an_article(line: impl Into<Option<u64>>, reason: impl Into<String>) -> Self {
        Flaw { not_an_article: true, ..Flaw::new(line, reason) }
    }
}

/// Where a format puts what it finds.
pub type Sink<'a> = dyn FnMut(Result<RawItem, Flaw>) + 'a;

/// Reads one kind of file.
pub trait Format: Sync {
    /// The name of the format, as in docs/formats.md.
    fn name(&self) -> &'static str;

    /// Extensions in lower case, without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether a file that starts with these bytes may be of this format.
    fn looks_like(&self, head: &[u8], settings: &ReadSettings) -> bool;

    /// Hands every item of the stream to the sink, good or bad, in order.
    fn read(&self, input: &mut dyn BufRead, settings: &ReadSettings, sink: &mut Sink<'_>);
}

/// All formats. Where several share an extension or could be meant, the first that fits is taken.
const FORMATS: &[&dyn Format] = &[&version_page::VersionPage, &jsonl::Jsonl, &json::Json, &table::Table, &plain::Plain];

/// The format that a file's name stands for, if any.
pub fn by_extension(path: &Path) -> Option<&'static dyn Format> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    let (_, extension) = name.rsplit_once('.')?;
    FORMATS.iter().find(|format| format.extensions().contains(&extension)).copied()
}

/// The format of a file: by its name, then by its first bytes. Text that is nothing else is plain.
pub fn choose(path: &Path, head: &[u8], settings: &ReadSettings) -> &'static dyn Format {
    let looks = |format: &&&dyn Format| format.looks_like(head, settings);
    match by_extension(path) {
        Some(named) => {
            // A page and a plain text share `.txt`.
            let extension = named.extensions()[0];
            FORMATS
                .iter()
                .filter(|format| format.extensions().contains(&extension))
                .find(looks)
                .copied()
                .unwrap_or(named)
        }
        None => FORMATS.iter().find(looks).copied().unwrap_or(&plain::Plain),
    }
}
