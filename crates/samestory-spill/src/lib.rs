//! A spill: bytes that are asked for again later, and need not stand in memory until then.
//!
//! What is made of every article and wanted much later (its text, its terms, its vectors, what it shares with others) is
//! most of what clustering would take memory for. It is [kept](Spill::keep) instead, and read one by one; or, once all is
//! kept, [sealed](Spill::seal) and read in place by many threads.
//!
//! The first bytes stay in memory, as many as is said. What comes behind goes to a file without a name in the folder for
//! temporary files, which ends with the process; its pages are the system's to keep or to drop. Where no such file can be
//! made or written, all stays in memory.
//!
//! ```
//! use samestory_spill::Spill;
//!
//! let mut spill = Spill::holding(1 << 20);
//! let kept = ["ferry", "fog", "sand bank"].map(|text| spill.keep(text.as_bytes()));
//! let sealed = spill.seal()?;
//! assert_eq!(sealed.get(kept[1]), b"fog");
//! # Ok::<(), std::io::Error>(())
//! ```

use std::fs::File;
use std::io;
use std::ops::Range;

use memmap2::Mmap;

/// Bytes that stay in memory where nothing else is said: of what fits, nothing waits for a disk.
pub const MOST_HELD: usize = 256 << 20;

/// Bytes that are written together; fewer where fewer are held in memory, but not less than the other.
const CHUNK: usize = 4 << 20;
const LEAST_CHUNK: usize = 128 << 10;

/// What is kept begins at a multiple of so many bytes, so that numbers can be read in place: those of a [`Word`].
const ALIGNMENT: usize = size_of::<Word>();

type Word = u64;

/// Where bytes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spilled {
    chunk: u32,
    start: u32,
    length: u32,
}

impl Spilled {
    /// How many bytes they are.
    pub fn length(self) -> usize {
        self.length as usize
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.start as usize + self.length()
    }
}

#[derive(Debug)]
enum Chunk {
    Held(Vec<Word>),
    /// Where it begins in the file.
    Filed(u64),
}

/// Bytes that are kept for later.
#[derive(Debug)]
pub struct Spill {
    chunks: Vec<Chunk>,
    open: Vec<u8>,
    /// Bytes from which on `open` is closed.
    chunk: usize,
    held: usize,
    most_held: usize,
    file: Option<File>,
    /// Bytes in the file.
    filed: u64,
    /// The file could not be made or written.
    failed: bool,
}

impl Default for Spill {
    fn default() -> Self {
        Spill::holding(MOST_HELD)
    }
}

impl Spill {
    /// One that keeps so many bytes in memory.
    pub fn holding(most_held: usize) -> Spill {
        let (chunks, open) = (Vec::new(), Vec::new());
        let chunk = most_held.clamp(LEAST_CHUNK, CHUNK);
        Spill { chunks, open, chunk, held: 0, most_held, file: None, filed: 0, failed: false }
    }

    /// Keeps bytes.
    ///
    /// # Panics
    ///
    /// If they are 4 GiB or more.
    pub fn keep(&mut self, bytes: &[u8]) -> Spilled {
        assert!(u32::try_from(bytes.len()).is_ok(), "less than 4 GiB are kept at a time");
        if self.open.len() + bytes.len() > self.chunk {
            self.close_chunk();
        }
        let start = self.open.len() as u32;
        self.open.extend_from_slice(bytes);
        self.open.resize(self.open.len().next_multiple_of(ALIGNMENT), 0);
        Spilled { chunk: self.chunks.len() as u32, start, length: bytes.len() as u32 }
    }

    fn close_chunk(&mut self) {
        if self.open.is_empty() {
            return;
        }
        if self.held + self.open.len() > self.most_held && !self.failed {
            match self.write() {
                Ok(()) => {
                    self.chunks.push(Chunk::Filed(self.filed));
                    self.filed += self.open.len() as u64;
                    self.open.clear();
                    return;
                }
                Err(_) => self.failed = true,
            }
        }
        self.held += self.open.len();
        self.chunks.push(Chunk::Held(bytemuck::pod_collect_to_vec(&self.open)));
        self.open.clear();
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        write_at(file, &self.open, self.filed)
    }

    /// Reads what is kept, in place of what is in `bytes`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(&self, kept: Spilled, bytes: &mut Vec<u8>) -> io::Result<()> {
        let range = kept.range();
        bytes.clear();
        match (self.chunks.get(kept.chunk as usize), &self.file) {
            (None, _) => bytes.extend_from_slice(&self.open[range]),
            (Some(Chunk::Held(chunk)), _) => bytes.extend_from_slice(&bytemuck::cast_slice(chunk)[range]),
            (Some(Chunk::Filed(start)), Some(file)) => {
                bytes.resize(range.len(), 0);
                read_at(file, bytes, start + u64::from(kept.start))?;
            }
            (Some(Chunk::Filed(_)), None) => return Err(io::ErrorKind::NotFound.into()),
        }
        Ok(())
    }

    /// No more is kept; what is there is read in place from now on.
    ///
    /// # Errors
    ///
    /// If the file cannot be mapped into memory.
    pub fn seal(mut self) -> io::Result<Sealed> {
        self.close_chunk();
        // The file has no name, and nobody writes to it any more.
        let map = self.file.take().map(|file| map(&file)).transpose()?;
        Ok(Sealed { chunks: self.chunks, map })
    }
}

/// What was kept in a [`Spill`] that is complete.
#[derive(Debug)]
pub struct Sealed {
    chunks: Vec<Chunk>,
    map: Option<Mmap>,
}

impl Sealed {
    /// What is kept, in place, from a multiple of eight bytes on.
    ///
    /// # Panics
    ///
    /// If it was kept in another spill, which has more.
    pub fn get(&self, kept: Spilled) -> &[u8] {
        if kept.length == 0 {
            // There may be no chunk where nothing is kept.
            return bytemuck::cast_slice::<Word, u8>(&[]);
        }
        let Range { start, end } = kept.range();
        match &self.chunks[kept.chunk as usize] {
            Chunk::Held(chunk) => &bytemuck::cast_slice(chunk)[start..end],
            Chunk::Filed(first) => match &self.map {
                Some(map) => &map[*first as usize + start..*first as usize + end],
                None => unreachable!("a chunk is in a file that there is not"),
            },
        }
    }
}

/// Things that are named by their positions and are kept for later.
#[derive(Debug, Default)]
pub struct SpillList {
    kept: Vec<Spilled>,
    spill: Spill,
}

impl SpillList {
    /// Nothing is kept yet; the spill is empty.
    pub fn new(spill: Spill) -> SpillList {
        SpillList { kept: Vec::new(), spill }
    }

    /// Keeps one more.
    ///
    /// # Panics
    ///
    /// If it has 4 GiB or more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.kept.push(self.spill.keep(bytes));
    }

    /// No more is kept; what is there is read in place from now on.
    ///
    /// # Errors
    ///
    /// As [`Spill::seal`].
    pub fn seal(self) -> io::Result<SealedList> {
        Ok(SealedList { kept: self.kept, sealed: self.spill.seal()? })
    }
}

/// What was kept in a [`SpillList`] that is complete.
#[derive(Debug)]
pub struct SealedList {
    kept: Vec<Spilled>,
    sealed: Sealed,
}

impl SealedList {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The one at a position, in place, from a multiple of eight bytes on.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub fn get(&self, at: usize) -> &[u8] {
        self.sealed.get(self.kept[at])
    }
}

#[expect(unsafe_code, reason = "a mapped file is read in place, which no safe call offers")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: a mapping is unsound where its file is changed or shortened meanwhile. This one has no name in any folder,
    // so no other process opens it, and `seal` consumes the only spill that writes to it.
    unsafe { Mmap::map(file) }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
        at += written as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        at += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read() {
        let text = |number: usize| format!("{number} ").repeat(number % 97).into_bytes();
        for (n_texts, most_held) in [(3, 1 << 20), (60_000, 0), (60_000, 5 << 20)] {
            let mut spill = Spill::holding(most_held);
            let kept: Vec<Spilled> = (0..n_texts).map(|number| spill.keep(&text(number))).collect();
            assert_eq!(spill.file.is_some(), n_texts > 3);
            let mut bytes = Vec::new();
            for (number, kept) in kept.iter().enumerate() {
                spill.read(*kept, &mut bytes).unwrap();
                assert_eq!(bytes, text(number));
                assert_eq!(kept.length(), bytes.len());
            }
            let sealed = spill.seal().unwrap();
            for (number, kept) in kept.into_iter().enumerate() {
                assert_eq!(sealed.get(kept), text(number));
                assert_eq!(sealed.get(kept).as_ptr().align_offset(ALIGNMENT), 0);
            }
        }
    }

    #[test]
    fn without_a_file_all_is_held() {
        let mut spill = Spill { failed: true, ..Spill::holding(0) };
        let kept: Vec<Spilled> = (0..5).map(|number| spill.keep(&vec![number; CHUNK / 2 + 1])).collect();
        let mut bytes = Vec::new();
        for (number, kept) in (0u8..).zip(kept) {
            spill.read(kept, &mut bytes).unwrap();
            assert!(bytes.iter().all(|byte| *byte == number));
        }
        assert!(spill.file.is_none());
    }

    #[test]
    fn a_disk_that_fills_up_on_the_way_loses_nothing() {
        let mut list = SpillList::new(Spill::holding(0));
        let text = |number: u8| vec![number; CHUNK / 3];
        (0..20).for_each(|number| {
            list.spill.failed |= number == 11;
            list.push(&text(number));
        });
        assert!(list.spill.file.is_some() && list.spill.held > 0);
        let sealed = list.seal().unwrap();
        assert_eq!(sealed.len(), 20);
        assert!((0..20).all(|number| sealed.get(number.into()) == text(number)));
    }

    #[test]
    fn nothing_is_sealed() {
        assert!(SpillList::default().seal().unwrap().is_empty());
        let mut list = SpillList::new(Spill::holding(0));
        list.push(b"");
        assert_eq!(list.seal().unwrap().get(0), b"");
    }
}
