//! Opens a file, compressed or not, as one buffered stream.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::settings::Limits;

const BUFFER: usize = 256 * 1024;

/// Bytes that are decompressed to see what a file holds.
const HEAD: u64 = 64 * 1024;

pub(crate) const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A stream as it lies on disk, before it is decompressed.
pub(crate) struct Raw<'a> {
    stream: Counted<Box<dyn BufRead + 'a>>,
    file: Option<PathBuf>,
}

impl<'a> Raw<'a> {
    /// Opens a path; `-` is standard input.
    pub(crate) fn open(path: &Path) -> io::Result<Raw<'static>> {
        if path.as_os_str() == "-" {
            return Ok(Raw::stream(Box::new(BufReader::with_capacity(BUFFER, io::stdin()))));
        }
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        let regular = file.metadata()?.is_file();
        let raw = Raw::stream(Box::new(BufReader::with_capacity(BUFFER, file)));
        Ok(Raw { file: regular.then(|| path.to_owned()), ..raw })
    }

    /// A stream that is no file.
    pub(crate) fn stream(stream: Box<dyn BufRead + 'a>) -> Raw<'a> {
        Raw { stream: Counted { inner: stream, bytes: Rc::default() }, file: None }
    }

    /// The first bytes of what the stream holds, decompressed, without taking them off it.
    pub(crate) fn head(&mut self) -> io::Result<Vec<u8>> {
        let raw = self.stream.fill_buf()?;
        let mut head = Vec::new();
        // The buffer ends somewhere within the data: what comes before that is what is asked for.
        if raw.starts_with(GZIP) {
            let _ = flate2::bufread::MultiGzDecoder::new(raw).take(HEAD).read_to_end(&mut head);
        } else if raw.starts_with(ZSTANDARD) {
            let _ = zstandard(raw)?.take(HEAD).read_to_end(&mut head);
        } else {
            head.extend_from_slice(raw);
        }
        Ok(head)
    }

    /// Whether the stream is compressed by gzip.
    pub(crate) fn is_gzip(&mut self) -> bool {
        self.stream.fill_buf().is_ok_and(|head| head.starts_with(GZIP))
    }

    /// The stream, decompressed where it is compressed by gzip or Zstandard, which its first bytes tell.
    pub(crate) fn decompress(mut self, limits: &Limits) -> io::Result<Input<'a>> {
        let head = self.stream.fill_buf()?;
        let (gzip, zstd) = (head.starts_with(GZIP), head.starts_with(ZSTANDARD));
        if !gzip && !zstd {
            return Ok(self.into_input());
        }
        let compressed = Rc::clone(&self.stream.bytes);
        let decoder: Box<dyn Read + 'a> = if gzip {
            Box::new(flate2::bufread::MultiGzDecoder::new(self.stream))
        } else {
            Box::new(zstandard(self.stream)?)
        };
        let bounded = Bounded::new(decoder, compressed, Rc::default(), limits);
        Ok(Input { stream: Box::new(BufReader::with_capacity(BUFFER, bounded)), file: None })
    }

    /// The stream with its compression, if it has one.
    pub(crate) fn into_input(self) -> Input<'a> {
        Input { stream: Box::new(self.stream), file: self.file }
    }
}

fn zstandard<'a, R: BufRead + 'a>(raw: R) -> io::Result<impl Read + 'a> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
    // `zstd --long=27` and more: accept every window the format allows.
    decoder.window_log_max(31)?;
    Ok(decoder)
}

/// What a format reads from.
pub struct Input<'a> {
    stream: Box<dyn BufRead + 'a>,
    file: Option<PathBuf>,
}

impl Input<'_> {
    /// The file behind the stream, where there is one that is not compressed: for formats that are not
    /// read from front to back.
    pub(crate) fn file(&self) -> Option<io::Result<File>> {
        self.file.as_deref().map(File::open)
    }

    /// Reads all of the stream, at most `limit` bytes of it.
    ///
    /// # Errors
    ///
    /// A sentence for the user: the stream failed, or holds more.
    pub(crate) fn read_all(&mut self, limit: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| stream_reason(&error))?;
        if bytes.len() as u64 > limit {
            return Err(format!("is larger than {limit} bytes (the limit can be raised with --max-file-bytes)"));
        }
        Ok(bytes)
    }
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Input { stream: Box::new(bytes), file: None }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.stream.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.stream.consume(amount);
    }
}

/// Counts the bytes that are taken off a stream.
struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.set(self.bytes.get() + amount as u64);
        self.inner.consume(amount);
    }
}

/// Ends a stream that grows past its bounds when it is decompressed.
pub(crate) struct Bounded<R> {
    inner: R,
    compressed: Rc<Cell<u64>>,
    bytes: Rc<Cell<u64>>,
    limits: Limits,
}

impl<R> Bounded<R> {
    /// A decompressed stream, with the counts of what was taken off the compressed one, and of what has
    /// come of it.
    pub(crate) fn new(inner: R, compressed: Rc<Cell<u64>>, bytes: Rc<Cell<u64>>, limits: &Limits) -> Self {
        Bounded { inner, compressed, bytes, limits: *limits }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        check_growth(self.bytes.get(), self.compressed.get(), &self.limits)?;
        Ok(read)
    }
}

/// Whether so many bytes may come of so many compressed ones.
///
/// # Errors
///
/// With the sentence for the user, if not.
pub(crate) fn check_growth(bytes: u64, compressed: u64, limits: &Limits) -> io::Result<()> {
    let Limits { decompressed_bytes, expansion, .. } = *limits;
    if bytes > decompressed_bytes {
        let reason = format!("expands to more than {decompressed_bytes} bytes (see --max-decompressed-bytes)");
        return Err(io::Error::other(GrowsTooLarge(reason)));
    }
    if bytes > Limits::FREE_EXPANSION && bytes / expansion.max(1) > compressed {
        let reason = format!("expands to more than {expansion} times its size (see --max-expansion)");
        return Err(io::Error::other(GrowsTooLarge(reason)));
    }
    Ok(())
}

/// A compressed stream holds more than it may.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct GrowsTooLarge(String);

/// Whether a stream ended because it grew past its bounds.
pub(crate) fn grows_too_large(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<GrowsTooLarge>())
}

/// Says what is wrong with a stream.
pub(crate) fn stream_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends in the middle of its compressed data".into(),
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".into(),
        io::ErrorKind::NotFound => "does not exist".into(),
        _ if grows_too_large(error) => error.to_string(),
        _ => format!("cannot be read: {error}"),
    }
}
