//! One file a format, all behind one trait.
//!
//! A format is chosen by the file's extension (less `.gz` or `.zst`), and by a look at its first
//! bytes where the extension says nothing or where several formats share one.

mod feed;
mod html;
mod json;
mod jsonl;
mod ninjs;
mod nitf;
mod object;
mod parquet;
mod plain;
mod record;
mod table;
mod value;
mod version_page;
mod warc;

use std::ops::ControlFlow;
use std::path::Path;

pub(crate) use self::feed::read_entries;
pub use crate::item::{Flaw, Page, RawItem};
use crate::open::Input;
use crate::settings::ReadSettings;

/// Where a format puts what it finds; it breaks where no more is wanted.
pub type Sink<'a> = dyn FnMut(Result<RawItem, Flaw>) -> ControlFlow<()> + 'a;

/// Reads one kind of file.
pub trait Format: Sync {
    /// The name of the format, as in docs/formats.md.
    fn name(&self) -> &'static str;

    /// Extensions in lower case, without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether a file that starts with these bytes may be of this format.
    fn looks_like(&self, head: &[u8], settings: &ReadSettings) -> bool;

    /// Whether the format is given a gzip file as it lies, to find its way among the members.
    fn gunzips(&self) -> bool {
        false
    }

    /// Hands every item of the stream to the sink, good or bad, in order.
    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()>;
}

/// All formats. Where several share an extension or could be meant, the first that fits is taken.
const FORMATS: &[&dyn Format] = &[
    &version_page::VersionPage,
    &warc::Warc,
    &parquet::Parquet,
    &nitf::Nitf,
    &feed::Feed,
    &html::Html,
    &ninjs::Ninjs,
    &jsonl::Jsonl,
    &json::Json,
    &table::Table,
    &plain::Plain,
];

/// The format that a file's name stands for, if any.
pub fn by_extension(path: &Path) -> Option<&'static dyn Format> {
    of_extension(path).last().copied()
}

/// The formats that share the extension of a file.
fn of_extension(path: &Path) -> Vec<&'static dyn Format> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    match name.rsplit_once('.') {
        Some((_, extension)) => {
            FORMATS.iter().filter(|format| format.extensions().contains(&extension)).copied().collect()
        }
        None => Vec::new(),
    }
}

/// The format of a file: by its name, then by its first bytes. Text that is nothing else is plain.
pub fn choose(path: &Path, head: &[u8], settings: &ReadSettings) -> &'static dyn Format {
    let named = of_extension(path);
    let looks = |format: &&&dyn Format| format.looks_like(head, settings);
    match named.last() {
        Some(last) => named.iter().find(looks).copied().unwrap_or(*last),
        None => FORMATS.iter().find(looks).copied().unwrap_or(&plain::Plain),
    }
}
