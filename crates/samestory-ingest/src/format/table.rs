//! CSV and TSV: a first line of column names, then one article a row.

use std::ops::ControlFlow;

use super::{Flaw, Format, RawItem, Sink};
use crate::encoding::decode;
use crate::fields::{Field, Record};
use crate::open::Input;
use crate::settings::ReadSettings;

pub(super) struct Table;

impl Format for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv"]
    }

    fn looks_like(&self, head: &[u8], settings: &ReadSettings) -> bool {
        let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
        let Ok(line) = std::str::from_utf8(line) else { return false };
        let separator = separator(line);
        let names: Vec<&str> = line.trim().split(char::from(separator)).map(|name| name.trim_matches('"')).collect();
        let known = names.iter().filter(|name| settings.fields.field(name).is_some()).count();
        known >= 2 && known * 2 >= names.len()
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let text = match input.read_all(settings.limits.file_bytes).and_then(decode) {
            Ok(text) => text,
            Err(reason) => return sink(Err(Flaw::new(None, reason))),
        };
        let delimiter = separator(text.lines().next().unwrap_or_default());
        let columns = match rows(&text, delimiter).next() {
            Some(Ok(names)) => names.iter().map(|name| settings.fields.field(name)).collect::<Vec<_>>(),
            Some(Err(error)) => return sink(Err(Flaw::new(1, error.to_string()))),
            None => return sink(Err(Flaw::not_an_article(1, "is empty"))),
        };
        let mut blank = Record::default();
        columns.iter().flatten().for_each(|(field, _)| blank.seen(*field));
        if !blank.is_article() {
            let reason = "has neither a headline nor a text column (other names can be given with --map)";
            return sink(Err(Flaw::not_an_article(1, reason)));
        }
        let mut table = Rows { text: &text, delimiter, columns: &columns, blank: &blank, skip: 1, line: 0, offset: 0 };
        let mut work = 0;
        for _ in 0..MOST_OPEN_QUOTES {
            work += text.len() - table.offset;
            if work > MOST_WORK + 8 * text.len() {
                break;
            }
            match table.read_to_open_quote(sink)? {
                Some(next) => table = next,
                None => return ControlFlow::Continue(()),
            }
        }
        sink(Err(Flaw::new(table.line, "quotes are opened and never closed; the rest is not read")))
    }
}

/// Quotes without an end after which a table is given up.
const MOST_OPEN_QUOTES: usize = 1_000;

/// Bytes that are read for such quotes, besides eight times those of the table: each is followed to the end.
const MOST_WORK: usize = 32 << 20;

type Column = Option<(Field, usize)>;

/// The rows of a table from an offset on.
#[derive(Clone, Copy)]
struct Rows<'a> {
    text: &'a str,
    delimiter: u8,
    columns: &'a [Column],
    blank: &'a Record,
    /// Rows to pass over: the names at the start.
    skip: usize,
    /// Lines before the offset.
    line: u64,
    offset: usize,
}

impl<'a> Rows<'a> {
    /// Reads rows to the end, or to a row whose quote nothing closes and which would swallow all that
    /// follows. That row is a flaw; given back are the rows behind its first line.
    fn read_to_open_quote(&self, sink: &mut Sink<'_>) -> ControlFlow<(), Option<Rows<'a>>> {
        let rest = &self.text[self.offset..];
        let mut rows = rows(rest, self.delimiter).skip(self.skip).peekable();
        while let Some(row) = rows.next() {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    sink(Err(Flaw::new(error.position().map(|at| self.line + at.line()), error.to_string())))?;
                    continue;
                }
            };
            let (byte, line) = row.position().map_or((0, 0), |at| (at.byte() as usize, at.line()));
            let line = self.line + line;
            let source = rest.get(byte..).unwrap_or_default();
            if rows.peek().is_none() && source.matches('"').count() % 2 == 1 {
                sink(Err(Flaw::new(line, "opens a quote that nothing closes; read on in the next line")))?;
                let next = source.find('\n').map(|end| self.offset + byte + end + 1);
                return ControlFlow::Continue(next.map(|offset| Rows { skip: 0, line, offset, ..*self }));
            }
            sink(self.item(&row, line))?;
        }
        ControlFlow::Continue(None)
    }

    fn item(&self, row: &csv::StringRecord, line: u64) -> Result<RawItem, Flaw> {
        if row.len() != self.columns.len() {
            let reason = format!("has {} columns, but the first line names {}", row.len(), self.columns.len());
            return Err(Flaw::new(line, reason));
        }
        let mut record = self.blank.clone();
        for (value, column) in row.iter().zip(self.columns) {
            if let Some((field, rank)) = column {
                record.set(*field, *rank, value.to_owned());
            }
        }
        Ok(RawItem { line: Some(line), record, ..RawItem::default() })
    }
}

fn rows(text: &str, delimiter: u8) -> csv::StringRecordsIntoIter<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes()).into_records()
}

/// A tab where the line of names has one, else a semicolon or a comma, whichever it has more of.
fn separator(names: &str) -> u8 {
    let count = |c| names.matches(c).count();
    if count('\t') > 0 {
        b'\t'
    } else if count(';') > count(',') {
        b';'
    } else {
        b','
    }
}
