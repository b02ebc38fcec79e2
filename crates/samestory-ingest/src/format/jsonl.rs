//! JSON Lines: one object a line, blank lines ignored.

use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::Value;

use super::object::push_object;
use super::value::{held_list, parse};
use super::{Flaw, Format, Sink};
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
        let mut line = Vec::new();
        for number in 1u64.. {
            line.clear();
            match read_line(input, &mut line, settings.limits.line_bytes) {
                Ok(Line::End) => break,
                Ok(Line::TooLong) => sink(Err(Flaw::new(
                    number,
                    format!("line is longer than {} bytes (see --max-line-bytes)", settings.limits.line_bytes),
                )))?,
                Ok(Line::Read) => {
                    let bytes = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
                    if !bytes.is_empty() {
                        read_object(bytes, number, settings, sink)?;
                    }
                }
                Err(error) => {
                    return sink(Err(Flaw::new(
                        number,
                        format!("{}; the lines before are kept", stream_reason(&error)),
                    )));
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn read_object(bytes: &[u8], number: u64, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            return sink(Err(Flaw::new(number, format!("is not valid UTF-8 at byte {}", error.valid_up_to() + 1))));
        }
    };
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

/// Reads a line without its end; a line over the limit is passed over, not kept in memory.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>, limit: u64) -> std::io::Result<Line> {
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
        let (piece, used, done) = match available.iter().position(|b| *b == b'\n') {
            Some(at) => (&available[..at], at + 1, true),
            None => (available, available.len(), false),
        };
        too_long |= (line.len() + piece.len()) as u64 > limit;
        if too_long {
            line.clear();
        } else {
            line.extend_from_slice(piece);
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
