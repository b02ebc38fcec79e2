//! CSV and TSV: a first line of column names, then one article a row.

use std::io::{BufRead, Read};

use super::{Flaw, Format, RawItem, Sink};
use crate::fields::Record;
use crate::reader::ReadSettings;

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

    fn read(&self, input: &mut dyn BufRead, settings: &ReadSettings, sink: &mut Sink<'_>) {
        let head = match input.fill_buf() {
            Ok(head) => head,
            Err(error) => return sink(Err(Flaw::new(None, crate::open::stream_reason(&error)))),
        };
        let first = head.split(|b| *b == b'\n').next().unwrap_or_default();
        let delimiter = separator(&String::from_utf8_lossy(first));
        if first.contains(&0) {
            return sink(Err(Flaw::new(None, "looks like a binary file, not text")));
        }
        let limit = settings.limits.file_bytes;
        let limited = Limited { input, left: limit };
        let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(limited);
        let columns = match rows.headers() {
            Ok(names) => {
                names.iter().map(|name| settings.fields.field(name.trim_start_matches('\u{feff}'))).collect::<Vec<_>>()
            }
            Err(error) => return sink(Err(flaw(&error))),
        };
        let mut probe = Record::default();
        columns.iter().flatten().for_each(|(field, _)| probe.seen(*field));
        if !probe.is_article() {
            let reason = "has neither a headline nor a text column (other names can be given with --map)";
            return sink(Err(Flaw::not_an_article(1, reason)));
        }
        for row in rows.into_records() {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    let ends = matches!(error.kind(), csv::ErrorKind::Io(_));
                    sink(Err(flaw(&error)));
                    if ends {
                        return;
                    }
                    continue;
                }
            };
            let line = row.position().map(|at| at.line());
            if row.len() != columns.len() {
                let reason = format!("has {} columns, but the first line names {}", row.len(), columns.len());
                sink(Err(Flaw::new(line, reason)));
                continue;
            }
            let mut record = probe.clone();
            for (value, (field, rank)) in
                row.iter().zip(&columns).filter_map(|(value, column)| Some((value, column.as_ref()?)))
            {
                record.set(*field, *rank, value.to_owned());
            }
            sink(Ok(RawItem { line, record, ..RawItem::default() }));
        }
    }
}

/// A stream that fails once it has given more than the limit, so that a quote nobody closes cannot
/// take all memory.
struct Limited<'a> {
    input: &'a mut dyn BufRead,
    left: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            std::io::Error::other("larger than the limit; the rows before are kept (see --max-file-bytes)")
        })?;
        Ok(read)
    }
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

fn flaw(error: &csv::Error) -> Flaw {
    let line = error.position().map(|at| at.line());
    match error.kind() {
        csv::ErrorKind::Io(io) => Flaw::new(line, crate::open::stream_reason(io)),
        csv::ErrorKind::Utf8 { err, .. } => {
            Flaw::new(line, format!("is not valid UTF-8 in column {}", err.field() + 1))
        }
        _ => Flaw::new(line, error.to_string()),
    }
}
