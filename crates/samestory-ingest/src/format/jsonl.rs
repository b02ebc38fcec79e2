//! JSON Lines: one object a line, blank lines ignored.

use std::io::BufRead;
use std::ops::ControlFlow;

use memchr::memchr;
use rayon::prelude::*;
use serde_json::Value;

use super::object::{push_object, push_record};
use super::record::parse_record;
use super::value::{held_list, parse};
use super::{Flaw, Format, RawItem, Sink};
use crate::guard::guarded;
use crate::open::{Input, stream_reason};
use crate::reader::bug;
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
            if lines.bytes.len() >= BYTES_AT_ONCE || lines.ends.len() >= LINES_AT_ONCE {
                lines.parse(settings, sink)?;
            }
        }
        lines.parse(settings, sink)
    }
}

/// Bytes and number of lines that are parsed together, on all threads.
const BYTES_AT_ONCE: usize = 8 << 20;
const LINES_AT_ONCE: usize = 4_096;

/// Lines that wait to be parsed.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Number and end of each line that is not blank.
    ends: Vec<(u64, usize)>,
}

impl Lines {
    fn end_line(&mut self, number: u64) {
        let start = self.ends.last().map_or(0, |(_, end)| *end);
        match plain(&self.bytes[start..]).is_empty() {
            true => self.bytes.truncate(start),
            false => self.ends.push((number, self.bytes.len())),
        }
    }

    /// Hands the items of all lines over, in order.
    fn parse(&mut self, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        let lines: Vec<(u64, &[u8])> =
            starts.zip(&self.ends).map(|(start, (number, end))| (*number, &self.bytes[start..*end])).collect();
        let parsed: Vec<Option<Result<RawItem, Flaw>>> = lines
            .into_par_iter()
            .map(|(number, line)| {
                let mut item = None;
                let read = guarded(|| {
                    // What takes one item never breaks off.
                    let _ = read_object(plain(line), number, settings, &mut |found| {
                        item = Some(found);
                        ControlFlow::Continue(())
                    });
                });
                match read {
                    Ok(()) => item,
                    // The lines beside it must not be lost with it.
                    Err(panic) => Some(Err(bug(Some(number), &panic))),
                }
            })
            .collect();
        self.bytes.clear();
        self.ends.clear();
        parsed.into_iter().flatten().try_for_each(sink)
    }
}

/// A line without the mark of its encoding and white space around it.
fn plain(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii()
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

#[cfg(test)]
mod tests {
    use crate::{ReadSettings, read_text};

    #[test]
    fn half_a_character_is_a_flaw_wherever_it_stands() {
        let text = "{\"title\": \"A ferry\", \"other\": \"\\ud800\"}\n{\"title\": \"A bridge\"}\n";
        let reading = read_text("a.jsonl", text, &ReadSettings::default());
        assert_eq!(reading.articles.len(), 1);
        assert_eq!(reading.rejected[0].line, Some(1));
    }

    #[test]
    fn blank_lines_count_and_cost_nothing() {
        let text = format!("{}{{\"title\": 1\n{{\"title\": \"A bridge\"}}", " \n".repeat(100_000));
        let reading = read_text("a.jsonl", &text, &ReadSettings::default());
        assert_eq!(reading.rejected[0].line, Some(100_001));
        assert_eq!(reading.articles[0].line, Some(100_002));
    }
}
