//! Looks at the headers of a Parquet file before the library follows them.
//!
//! Headers are Thrift structs in the compact protocol. What it does not know the library passes over, and
//! it takes a boolean within a list to be of no bytes, so that a list of six bytes can be two billion
//! steps (parquet 59.3, `skip_till_depth`). Anything else takes at least a byte an element.

use std::io::Read;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// Booleans that a list may hold.
const MOST_BOOLEANS: u64 = 4096;

/// Bytes of a page header that are looked at; those with statistics have a few hundred.
const HEAD: u64 = 64 * 1024;

/// Structs, lists and maps within each other.
const DEEPEST: usize = 64;

/// A file whose headers are looked at as they are read.
pub(super) struct Checked<R>(pub(super) R);

impl<R: Length> Length for Checked<R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Checked<R> {
    type T = R::T;

    fn get_read(&self, start: u64) -> Result<R::T> {
        let mut head = Vec::new();
        self.0.get_read(start)?.take(HEAD).read_to_end(&mut head)?;
        check(&head)?;
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

impl<R: ChunkReader> Checked<R> {
    /// Looks at the footer, which lies before its length and the mark at the end of the file.
    ///
    /// # Errors
    ///
    /// If it asks for too much.
    pub(super) fn check_footer(&self) -> Result<()> {
        let Some(end) = self.len().checked_sub(8) else { return Ok(()) };
        let tail = self.get_bytes(end, 4)?;
        let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
        match end.checked_sub(length) {
            Some(start) => check(&self.get_bytes(start, length as usize)?),
            // The library says what is wrong with it.
            None => Ok(()),
        }
    }
}

fn check(header: &[u8]) -> Result<()> {
    match (Walk { rest: header }).value(STRUCT, DEEPEST) {
        Err(Stop::AsksTooMuch) => Err(ParquetError::General("a header asks for too much".into())),
        // What breaks off is the library's to tell.
        Err(Stop::Ends) | Ok(()) => Ok(()),
    }
}

const STRUCT: u8 = 12;

enum Stop {
    Ends,
    AsksTooMuch,
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl Walk<'_> {
    fn skip(&mut self, count: u64) -> std::result::Result<(), Stop> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.rest = self.rest.get(count..).ok_or(Stop::Ends)?;
        Ok(())
    }

    fn byte(&mut self) -> std::result::Result<u8, Stop> {
        let byte = *self.rest.first().ok_or(Stop::Ends)?;
        self.rest = &self.rest[1..];
        Ok(byte)
    }

    fn varint(&mut self) -> std::result::Result<u64, Stop> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Ok(value)
    }

    /// Walks over a value of a kind of the compact protocol.
    fn value(&mut self, kind: u8, depth: usize) -> std::result::Result<(), Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop::AsksTooMuch)?;
        match kind {
            1 | 2 => Ok(()),
            3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let size = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                self.elements(&[head & 0x0f], size, depth)
            }
            11 => match self.varint()? {
                0 => Ok(()),
                size => {
                    let kinds = self.byte()?;
                    self.elements(&[kinds >> 4, kinds & 0x0f], size, depth)
                }
            },
            STRUCT => loop {
                let head = self.byte()?;
                if head == 0 {
                    return Ok(());
                }
                if head >> 4 == 0 {
                    self.varint()?;
                }
                self.value(head & 0x0f, depth)?;
            },
            13 => self.skip(16),
            _ => Err(Stop::Ends),
        }
    }

    fn elements(&mut self, kinds: &[u8], size: u64, depth: usize) -> std::result::Result<(), Stop> {
        if kinds.iter().all(|kind| matches!(kind, 1 | 2)) {
            return if size > MOST_BOOLEANS { Err(Stop::AsksTooMuch) } else { Ok(()) };
        }
        (0..size).try_for_each(|_| kinds.iter().try_for_each(|kind| self.value(*kind, depth)))
    }
}
