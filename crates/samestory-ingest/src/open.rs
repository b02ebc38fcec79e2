//! Opens a file, compressed or not, as one buffered stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

const BUFFER: usize = 256 * 1024;

/// Opens a path; `-` is standard input. Gzip and Zstandard are recognised by their first bytes.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" {
        return decompress(BufReader::with_capacity(BUFFER, io::stdin()));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
    }
    decompress(BufReader::with_capacity(BUFFER, file))
}

fn decompress<R: BufRead + 'static>(mut raw: R) -> io::Result<Box<dyn BufRead>> {
    let head = raw.fill_buf()?;
    if head.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(raw))));
    }
    if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
        // `zstd --long=27` and more: accept every window the format allows.
        decoder.window_log_max(31)?;
        return Ok(Box::new(BufReader::with_capacity(BUFFER, decoder)));
    }
    Ok(Box::new(raw))
}

/// Reads all of a stream, at most `limit` bytes of it.
///
/// # Errors
///
/// A sentence for the user: the stream failed, or holds more.
pub(crate) fn read_all(input: &mut dyn BufRead, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| stream_reason(&error))?;
    if bytes.len() as u64 > limit {
        return Err(format!("is larger than {limit} bytes (the limit can be raised with --max-file-bytes)"));
    }
    Ok(bytes)
}

/// Says what is wrong with a stream.
pub(crate) fn stream_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends in the middle of its compressed data".into(),
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".into(),
        io::ErrorKind::NotFound => "does not exist".into(),
        _ => format!("cannot be read: {error}"),
    }
}

/// Decodes the text of a whole file: by its byte order mark, as UTF-8, else in the encoding that
/// `chardetng` finds most likely.
///
/// # Errors
///
/// A sentence for the user, if the bytes are no text.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(&bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return Ok(text.into_owned());
    }
    if bytes.contains(&0) {
        return Err("looks like a binary file, not text".into());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let bytes = error.into_bytes();
            let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
            detector.feed(&bytes, true);
            let (text, _, malformed) = detector.guess(None, chardetng::Utf8Detection::Allow).decode(&bytes);
            let odd = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
            if malformed || odd * 20 > text.chars().count() {
                return Err("looks like a binary file, not text".into());
            }
            Ok(text.into_owned())
        }
    }
}
