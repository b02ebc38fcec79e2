//! The answer of a web server, as a record keeps it.

use std::borrow::Cow;
use std::io::{self, Read};

/// Header lines that are read; servers send a few dozen.
const MOST_HEADERS: usize = 256;

/// A page, picture or whatever else was sent, decoded.
pub(super) struct Response {
    /// The media type in lower case, without its parameters.
    pub(super) kind: Option<String>,
    /// The encoding that the header names.
    pub(super) charset: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Response {
    pub(super) fn is_html(&self) -> bool {
        matches!(self.kind.as_deref(), Some("text/html" | "application/xhtml+xml"))
    }
}

/// Parses an answer. `None` where the server did not send what was asked for: errors and redirections.
///
/// # Errors
///
/// A sentence for the user.
pub(super) fn response(block: &[u8], limit: u64) -> Result<Option<Response>, String> {
    // Crawlers write down answers of later versions as if they were lines of text, too.
    let later = block.starts_with(b"HTTP/2 ") || block.starts_with(b"HTTP/3 ");
    let block = if later { Cow::Owned([b"HTTP/1.1 ", &block[7..]].concat()) } else { Cow::Borrowed(block) };
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parser = httparse::ParserConfig::default();
    parser.ignore_invalid_headers_in_responses(true);
    let mut head = httparse::Response::new(&mut headers);
    let body = match parser.parse_response(&mut head, &block) {
        Ok(httparse::Status::Complete(length)) => &block[length..],
        Ok(httparse::Status::Partial) => return Err("ends within its HTTP header".into()),
        Err(error) => return Err(format!("has no valid HTTP header: {error}")),
    };
    if head.code != Some(200) {
        return Ok(None);
    }
    let value = |name: &str| {
        let header = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(header.value).trim().to_ascii_lowercase())
    };
    let content_type = value("content-type");
    let mut parts = content_type.as_deref().unwrap_or_default().split(';').map(str::trim);
    let kind = parts.next().filter(|kind| !kind.is_empty()).map(str::to_owned);
    let charset =
        parts.find_map(|part| part.strip_prefix("charset=")).map(|name| name.trim_matches(['"', '\'']).to_owned());
    let mut response = Response { kind, charset, body: Vec::new() };
    if response.kind.is_some() && !response.is_html() {
        return Ok(Some(response));
    }
    // Many crawlers keep the header and undo what it says: each coding is undone only where it is there.
    let chunks = value("transfer-encoding").filter(|coding| coding.contains("chunked")).and_then(|_| dechunked(body));
    let mut body = chunks.unwrap_or_else(|| body.to_vec());
    for coding in value("content-encoding").unwrap_or_default().rsplit(',') {
        body = decoded(coding.trim(), body, limit)?;
    }
    response.body = body;
    Ok(Some(response))
}

/// The body without the lengths of its chunks (RFC 9112, 7.1); `None` if it is not in chunks. A last
/// chunk that is cut is kept as far as it goes.
fn dechunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        match httparse::parse_chunk_size(body) {
            Ok(httparse::Status::Complete((_, 0))) => return Some(whole),
            Ok(httparse::Status::Complete((start, length))) => {
                let chunk = &body[start..];
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(chunk.len());
                whole.extend_from_slice(&chunk[..length]);
                body = chunk[length..].strip_prefix(b"\r\n").unwrap_or(&chunk[length..]);
            }
            Ok(httparse::Status::Partial) if !whole.is_empty() => return Some(whole),
            Ok(httparse::Status::Partial) | Err(_) => return None,
        }
    }
}

/// Undoes a content coding. What breaks off in the middle is kept as far as it goes.
fn decoded(coding: &str, body: Vec<u8>, limit: u64) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let reader: Box<dyn Read + '_> = match coding {
        "gzip" | "x-gzip" if body.starts_with(&[0x1f, 0x8b]) => Box::new(flate2::read::MultiGzDecoder::new(&body[..])),
        // Some servers leave out the frame of zlib.
        "deflate" if body.first().is_some_and(|byte| byte & 0x0f == 8) => {
            Box::new(flate2::read::ZlibDecoder::new(&body[..]))
        }
        "deflate" if !looks_like_text(&body) => Box::new(flate2::read::DeflateDecoder::new(&body[..])),
        "br" if !looks_like_text(&body) => Box::new(brotli_decompressor::Decompressor::new(&body[..], 4096)),
        "zstd" if body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => {
            Box::new(zstd::stream::read::Decoder::with_buffer(&body[..]).map_err(|error| error.to_string())?)
        }
        _ => return Ok(body),
    };
    match reader.take(limit.saturating_add(1)).read_to_end(&mut plain) {
        Err(error) if plain.is_empty() => Err(format!("cannot be decoded as `{coding}`: {}", reason(&error))),
        _ if plain.len() as u64 > limit => Err(format!("is larger than {limit} bytes (see --max-file-bytes)")),
        _ => Ok(plain),
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends in the middle".into(),
        _ => error.to_string(),
    }
}

/// Whether a body that is said to be compressed is not.
fn looks_like_text(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn body(head: &str, body: &[u8]) -> Vec<u8> {
        let block = [format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(), body].concat();
        response(&block, 1 << 20).expect("a valid answer").expect("a page").body
    }

    #[test]
    fn codings_are_undone_where_they_are_there() {
        let page = b"<p>A truce is called in Libya, and holds.</p>";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(page).expect("memory can be written");
        let gzip = gzip.finish().expect("memory can be written");
        let html = "Content-Type: text/html; charset=utf-8\r\n";
        assert_eq!(body(&format!("{html}Content-Encoding: gzip"), &gzip), page);
        assert_eq!(body(&format!("{html}Content-Encoding: gzip"), page), page);
        assert_eq!(body(&format!("{html}Content-Encoding: br"), page), page);
        let chunked =
            [b"5\r\n<p>A \r\n28\r\ntruce is called in Libya, and holds.</p>\r\n0\r\n\r\n".as_slice()].concat();
        assert_eq!(body(&format!("{html}Transfer-Encoding: chunked"), &chunked), page);
        assert_eq!(body(&format!("{html}Transfer-Encoding: chunked"), page), page);
        assert_eq!(body(&format!("{html}Transfer-Encoding: chunked"), &chunked[..20]), b"<p>A truce ");
    }

    #[test]
    fn what_is_no_page_is_none() {
        assert!(response(b"HTTP/1.1 404 Not Found\r\n\r\n", 9).expect("an answer").is_none());
        assert!(response(b"HTTP/1.1 200 OK\r\nContent-Ty", 9).is_err());
        let response = response(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nx", 9).expect("an answer");
        assert!(!response.expect("a picture").is_html());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), coding in "(gzip|br|deflate|zstd|chunked)") {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: {coding}\r\n\r\n");
            let _ = response(&[head.as_bytes(), &bytes].concat(), 1 << 16);
            let _ = response(&bytes, 1 << 16);
        }
    }
}
