//! A buffered stream that knows its offset, can be searched, and can go back a little.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use memchr::memmem;

/// Bytes that are read at a time.
const CHUNK: usize = 128 * 1024;

/// Bytes that are at hand in the buffer unless the stream ends before: as many as are searched for.
const AT_HAND: usize = 8;

/// Bytes behind the mark that are kept to go back to.
const MOST_KEPT: usize = 16 << 20;

pub(super) struct Window<R> {
    inner: R,
    buffer: Vec<u8>,
    /// Position in the buffer.
    at: usize,
    /// Offset of the first byte of the buffer in the stream.
    base: u64,
    mark: Option<u64>,
    ended: bool,
    /// Why the stream ended, to be told where its bytes end.
    failed: Option<io::Error>,
    /// The offset, for who cannot ask.
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Window<R> {
    pub(super) fn of(inner: R) -> Self {
        Window {
            inner,
            buffer: Vec::new(),
            at: 0,
            base: 0,
            mark: None,
            ended: false,
            failed: None,
            taken: Rc::default(),
        }
    }

    /// Bytes taken off the stream.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The count of the bytes taken off, which goes on while the stream is lent.
    pub(super) fn taken(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.taken)
    }

    /// Remembers this place.
    pub(super) fn mark(&mut self) {
        self.mark = Some(self.offset());
    }

    /// Goes back to the mark, if that is still at hand; whether it is.
    pub(super) fn rewind(&mut self) -> bool {
        let Some(mark) = self.mark.take().filter(|mark| *mark >= self.base) else { return false };
        self.at = (mark - self.base) as usize;
        self.taken.set(self.offset());
        true
    }

    /// Goes back to one byte behind the mark, if that is still at hand; else stays.
    pub(super) fn rewind_behind_mark(&mut self) {
        if let Some(mark) = self.mark.take() {
            let back = (mark + 1).saturating_sub(self.base) as usize;
            if mark >= self.base && back <= self.at {
                self.at = back;
            } else if self.offset() == mark {
                self.at += usize::from(self.at < self.buffer.len());
            }
        }
    }

    /// Moves to `skip` bytes behind the start of the next `pattern` of at most eight bytes; whether
    /// there is one. Without, the stream is at its end.
    pub(super) fn seek_behind(&mut self, pattern: &[u8], skip: usize) -> io::Result<bool> {
        loop {
            let buffer = self.fill_buf()?;
            let length = buffer.len();
            if length == 0 {
                return Ok(false);
            }
            if let Some(found) = memmem::find(buffer, pattern) {
                self.consume(found + skip);
                return Ok(true);
            }
            self.consume(if self.ended { length } else { length + 1 - pattern.len() });
        }
    }

    fn fill(&mut self) {
        while self.buffer.len() - self.at < AT_HAND && !self.ended {
            self.mark = self.mark.filter(|mark| self.offset() - mark <= MOST_KEPT as u64);
            let keep = self.mark.map_or(self.at, |mark| (mark - self.base) as usize);
            self.buffer.drain(..keep);
            self.base += keep as u64;
            self.at -= keep;
            match (&mut self.inner).take(CHUNK as u64).read_to_end(&mut self.buffer) {
                Ok(read) => self.ended = read < CHUNK,
                Err(error) => (self.ended, self.failed) = (true, Some(error)),
            }
        }
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Window<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill();
        match self.failed.take_if(|_| self.at == self.buffer.len()) {
            Some(error) => Err(error),
            None => Ok(&self.buffer[self.at..]),
        }
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.buffer.len());
        self.taken.set(self.offset());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_across_two_chunks_is_found() {
        for before in CHUNK - 6..CHUNK + 2 {
            let bytes = [vec![b'x'; before], b"\nWARC/".to_vec(), vec![b'y'; 9]].concat();
            let mut window = Window::of(&bytes[..]);
            assert!(window.seek_behind(b"\nWARC/", 1).expect("memory can be read"));
            assert_eq!(window.offset(), before as u64 + 1);
            assert!(!window.seek_behind(b"\nWARC/", 1).expect("memory can be read"));
            assert_eq!(window.offset(), bytes.len() as u64);
        }
    }

    #[test]
    fn the_mark_is_kept_while_reading_on() {
        let bytes: Vec<u8> = (0..3 * CHUNK).map(|at| at as u8).collect();
        let mut window = Window::of(&bytes[..]);
        window.consume(0);
        let mut first = [0; 10];
        window.read_exact(&mut first).expect("long enough");
        window.mark();
        let mut rest = vec![0; 2 * CHUNK];
        window.read_exact(&mut rest).expect("long enough");
        window.rewind_behind_mark();
        assert_eq!(window.offset(), 11);
        let mut all = Vec::new();
        window.read_to_end(&mut all).expect("memory can be read");
        assert_eq!(all, bytes[11..]);
    }
}
