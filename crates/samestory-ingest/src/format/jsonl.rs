//! JSON Lines: one object a line, blank lines ignored.

use std::io::BufRead;
use std::ops::ControlFlow;

use memchr::memchr;
use rayon::prelude::*;
use serde_json::Value;

use super::object::{push_object, push_record};
use super::value::{held_list, parse, parse_record};
use super::{Flaw, Format, RawItem, Sink};
use crate::open::{Input, stream_reason};
use crate::settings::ReadSettings;

pub(super) struct Jsonl;

impl Format for Jsonl {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jsonl", "ndjson"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        let line = head.trim_ascii_start().split(|b| *b == b'\n').next().unwrap_or_default();
        // One line may also be a whole file: an object that holds a list of articles.
        line.starts_with(b"{") && serde_json::from_slice::<Value>(line).is_ok_and(|value| held_list(&value).is_none())
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut lines = Lines::default();
        for number in 1u64.. {
            match read_line(input, &mut lines.bytes, settings.limits.line_bytes) {
                Ok(Line::End) => break,
                Ok(Line::TooLong) => {
                    lines.parse(settings, sink)?;
                    sink(Err(Flaw::new(
                        number,
                        format!("line is longer than {} bytes (see --max-line-bytes)", settings.limits.line_bytes),
                    )))?;
                }
                Ok(Line::Read) => lines.end_line(number),
                Err(error) => {
                    lines.parse(settings, sink)?;
                    return sink(Err(Flaw::new(
                        number,
                        format!("{}; the lines before are kept", stream_reason(&error)),
                    )));
                }
            }
            if lines.bytes.len() >= BYTES_AT_ONCE {
                lines.parse(settings, sink)?;
            }
        }
        lines.parse(settings, sink)
    }
}

/// Bytes of lines that are parsed together, on all threads.
const BYTES_AT_ONCE: usize = 8 << 20;

/// Lines that wait to be parsed.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Number and end of each line.
    ends: Vec<(u64, usize)>,
}

impl Lines {
    fn end_line(&mut self, number: u64) {
        self.ends.push((number, self.bytes.len()));
    }

    /// Hands the items of all lines over, in order.
    fn parse(&mut self, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        let lines: Vec<(u64, &[u8])> =
            starts.zip(&self.ends).map(|(start, (number, end))| (*number, &self.bytes[start..*end])).collect();
        let parsed: Vec<Vec<Result<RawItem, Flaw>>> = lines
            .into_par_iter()
            .map(|(number, line)| {
                let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
                let mut items = Vec::new();
                if !line.is_empty() {
                    // What takes one item never breaks off.
                    let _ = read_object(line, number, settings, &mut |item| {
                        items.push(item);
                        ControlFlow::Continue(())
                    });
                }
                items
            })
            .collect();
        self.bytes.clear();
        self.ends.clear();
        parsed.into_iter().flatten().try_for_each(sink)
    }
}

fn read_object(bytes: &[u8], number: u64, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            return sink(Err(Flaw::new(number, format!("is not valid UTF-8 at byte {}", error.valid_up_to() + 1))));
        }
    };
    if let Some(record) = parse_record(text, settings) {
        return push_record(record, Some(number), sink);
    }
    match parse(text, settings) {
        Ok(value) => push_object(value, Some(number), settings, sink),
        Err(bad) => sink(Err(Flaw::new(number, bad.reason))),
    }
}

enum Line {
    Read,
    TooLong,
    End,
}

/// Reads a line without its end behind what is there; a line over the limit is passed over, not kept in memory.
fn read_line(input: &mut dyn BufRead, lines: &mut Vec<u8>, limit: u64) -> std::io::Result<Line> {
    let start = lines.len();
    let mut any = false;
    let mut too_long = false;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            break;
        }
        any = true;
        let (piece, used, done) = match memchr(b'\n', available) {
            Some(at) => (&available[..at], at + 1, true),
            None => (available, available.len(), false),
        };
        too_long |= (lines.len() - start + piece.len()) as u64 > limit;
        if too_long {
            lines.truncate(start);
        } else {
            lines.extend_from_slice(piece);
        }
        input.consume(used);
        if done {
            break;
        }
    }
    Ok(match (any, too_long) {
        (false, _) => Line::End,
        (true, true) => Line::TooLong,
        (true, false) => Line::Read,
    })
}
