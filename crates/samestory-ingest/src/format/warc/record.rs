//! The header of a record, and the way from one record to the next.

use std::io::{self, BufRead, Read};

/// Bytes of a header line, and lines of a header: far beyond what any crawler writes.
const LONGEST_LINE: u64 = 64 * 1024;
const MOST_LINES: usize = 1024;

/// What stands at a place of a stream.
pub(super) enum Part {
    Record(Header),
    /// Something else; the sentence for the user.
    NoRecord(String),
    End,
}

/// The named fields of a record that matter here.
#[derive(Debug, Default)]
pub(super) struct Header {
    kind: String,
    content_type: String,
    pub(super) target: Option<String>,
    /// Bytes of the block that follows.
    pub(super) length: u64,
}

impl Header {
    /// Whether the block is an answer of a web server, or a page by itself.
    pub(super) fn may_hold_a_page(&self) -> bool {
        match self.kind.as_str() {
            "response" => self.is_http(),
            "resource" => self.content_type.starts_with("text/html") || self.content_type.contains("xhtml"),
            _ => false,
        }
    }

    pub(super) fn is_http(&self) -> bool {
        self.content_type.is_empty() || self.content_type.starts_with("application/http")
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name.to_ascii_lowercase().as_str() {
            "warc-type" => self.kind = value.to_ascii_lowercase(),
            "content-type" => self.content_type = value.to_ascii_lowercase(),
            // Some writers put the address in angle brackets, as the grammar of WARC 1.0 has it.
            "warc-target-uri" => self.target = Some(value.trim_matches(['<', '>']).to_owned()),
            "content-length" => {
                self.length = value.parse().map_err(|_| format!("Content-Length `{value}` is no number of bytes"))?;
            }
            _ => (),
        }
        Ok(())
    }
}

/// Reads the header of the next record, behind blank lines.
pub(super) fn next(stream: &mut impl BufRead) -> io::Result<Part> {
    let first = loop {
        match line(stream)? {
            None => return Ok(Part::End),
            Some(line) if line.trim_ascii().is_empty() => (),
            Some(line) => break line,
        }
    };
    if !first.starts_with(b"WARC/") {
        return Ok(Part::NoRecord("does not start with `WARC/`".into()));
    }
    let mut header = Header::default();
    let mut has_length = false;
    for _ in 0..MOST_LINES {
        let Some(line) = line(stream)? else {
            return Ok(Part::NoRecord("ends within its header".into()));
        };
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Ok(if has_length { Part::Record(header) } else { Part::NoRecord("has no Content-Length".into()) });
        }
        // A line that starts with white space goes on with the one before, none of which is needed.
        if let Some((name, value)) = text.split_once(':').filter(|_| !text.starts_with([' ', '\t'])) {
            has_length |= name.trim().eq_ignore_ascii_case("content-length");
            if let Err(reason) = header.set(name.trim(), value.trim()) {
                return Ok(Part::NoRecord(reason));
            }
        }
    }
    Ok(Part::NoRecord(format!("has more than {MOST_LINES} header lines")))
}

/// Passes over the block of a record; whether there was all of it.
pub(super) fn skip(stream: &mut impl BufRead, length: u64) -> io::Result<bool> {
    Ok(io::copy(&mut stream.take(length), &mut io::sink())? == length)
}

/// A line with its end; one that is too long is cut there, and is then no header line.
fn line(stream: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    stream.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok((!line.is_empty()).then_some(line))
}
