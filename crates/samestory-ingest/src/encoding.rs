//! Bytes to text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

/// Decodes the text of a whole file: by its byte order mark, as UTF-8, else in the encoding that
/// `chardetng` finds most likely.
///
/// # Errors
///
/// A sentence for the user, if the bytes are no text.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(&bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return Ok(text.into_owned());
    }
    if bytes.contains(&0) {
        return Err(NO_TEXT.into());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if is_mostly_utf8(error.as_bytes()) => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(error) => {
            let bytes = error.into_bytes();
            let (text, _, malformed) = detected(&bytes).decode(&bytes);
            let odd = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
            if malformed || odd * 20 > text.chars().count() {
                return Err(NO_TEXT.into());
            }
            Ok(text.into_owned())
        }
    }
}

const NO_TEXT: &str = "looks like a binary file, not text";

/// Bytes at the start of a page within which it must declare its encoding (HTML standard, 13.2.3.2).
/// Many pages declare it later; browsers forgive it, so do we.
const DECLARATION: usize = 4096;

/// Decodes a web page: by its byte order mark, by the header it came with, by its `meta` or XML
/// declaration, else in the encoding that `chardetng` finds most likely. Bytes that are valid UTF-8
/// are taken as such against a declaration that says otherwise: no text in another encoding is valid
/// UTF-8 by chance.
///
/// # Errors
///
/// A sentence for the user, if the bytes are no text.
pub(crate) fn decode_page(bytes: &[u8], header: Option<&str>) -> Result<String, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned());
    }
    let declared = header
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .or_else(|| declared(bytes))
        // Text in UTF-16 could not be read so far as to find its declaration (HTML standard, 13.2.3.2).
        .filter(|encoding| *encoding != encoding_rs::UTF_16LE && *encoding != encoding_rs::UTF_16BE);
    // Its bytes are those of ASCII, but for the escapes between them.
    if declared == Some(encoding_rs::ISO_2022_JP) && bytes.contains(&0x1b) {
        return Ok(encoding_rs::ISO_2022_JP.decode(bytes).0.into_owned());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        // A NUL is no text in any declared encoding; a stray one in a page is left out, as browsers do.
        return if text.matches('\0').count() > text.len() / 1000 { Err(NO_TEXT.into()) } else { Ok(text.into()) };
    }
    if is_mostly_utf8(bytes) {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    let encoding = declared.filter(|encoding| *encoding != encoding_rs::UTF_8).unwrap_or_else(|| detected(bytes));
    let (text, _, _) = encoding.decode(bytes);
    let odd = text.chars().filter(|c| (c.is_control() && !c.is_whitespace()) || *c == '\u{fffd}').count();
    if odd * 20 > text.chars().count() { Err(NO_TEXT.into()) } else { Ok(text.into_owned()) }
}

/// Whether bytes are UTF-8 but for a few: cut within a character, or with a byte of another encoding now
/// and then. Ten sound characters beyond ASCII for each bad byte do not come by chance.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut sound, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    sound >= 10 * bad && sound > 0
}

/// The encoding that a `meta` element or an XML declaration near the start names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes[..bytes.len().min(DECLARATION)].to_ascii_lowercase();
    let quotes = |b: &u8| matches!(b, b'"' | b'\'' | b' ');
    for (tag, name) in [(&b"<meta"[..], &b"charset="[..]), (b"<?xml", b"encoding=")] {
        for at in memchr::memmem::find_iter(&start, tag) {
            let inner = &start[at..];
            let inner = &inner[..memchr::memchr(b'>', inner).unwrap_or(inner.len())];
            let Some(value) = memchr::memmem::find(inner, name).map(|at| &inner[at + name.len()..]) else { continue };
            let value: Vec<u8> = value.iter().skip_while(|b| quotes(b)).copied().take(40).collect();
            let named = |b: &u8| b.is_ascii_alphanumeric() || b"-_:.".contains(b);
            let end = value.iter().position(|b| !named(b)).unwrap_or(value.len());
            if let Some(encoding) = Encoding::for_label(&value[..end]) {
                return Some(encoding);
            }
        }
    }
    None
}

fn detected(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_in_its_declared_encoding() {
        let page = |head: &str| [head.as_bytes(), b"<p>caf\xe9 \xe0 la fen\xeatre</p>"].concat();
        for head in ["<meta charset=iso-8859-1>", "<meta http-equiv=x content='text/html; charset=ISO-8859-1'>", ""] {
            let text = decode_page(&page(head), None).expect("a text");
            assert!(text.ends_with("<p>café à la fenêtre</p>"), "{text}");
        }
        let cyrillic = b"<meta charset=\"windows-1251\"><p>\xcc\xee\xf1\xea\xe2\xe0</p>";
        assert!(decode_page(cyrillic, None).expect("a text").contains("Москва"));
        assert!(
            decode_page(b"<p>\xcc\xee\xf1\xea\xe2\xe0</p>", Some("windows-1251")).expect("a text").contains("Москва")
        );
    }

    #[test]
    fn a_wrong_declaration_is_overruled_by_the_bytes() {
        let utf8 = "<meta charset=iso-8859-1><p>café</p>";
        assert_eq!(decode_page(utf8.as_bytes(), None).expect("a text"), utf8);
        let latin = b"<meta charset=utf-8><p>Un caf\xe9 tr\xe8s serr\xe9, d\xe9j\xe0 bu</p>";
        assert!(decode_page(latin, None).expect("a text").contains("Un café très serré, déjà bu"));
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("<p>café".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode_page(&wide, None).expect("a text"), "<p>café");
    }

    #[test]
    fn a_page_that_is_cut_within_a_character() {
        let page = "<p>Les électeurs ont été appelés à élire un député, déjà désigné.</p><p>é".as_bytes();
        let text = decode_page(&page[..page.len() - 1], None).expect("a text");
        assert!(text.starts_with("<p>Les électeurs ont été"), "{text}");
        assert!(decode(page[..page.len() - 1].to_vec()).expect("a text").starts_with("<p>Les électeurs"));
    }

    #[test]
    fn what_only_looks_like_the_declaration_of_the_page() {
        let page =
            b"<script charset=\"windows-1251\" src=x></script><meta charset=\"iso-8859-1\"><p>caf\xe9 serr\xe9</p>";
        assert!(decode_page(page, None).expect("a text").contains("caf\u{e9} serr\u{e9}"));
        let japanese = b"<meta charset=iso-2022-jp><p>\x1b$B%K%e!<%9\x1b(B</p>";
        assert!(decode_page(japanese, None).expect("a text").contains("\u{30cb}\u{30e5}\u{30fc}\u{30b9}"));
    }

    #[test]
    fn bytes_that_are_no_page() {
        let noise: Vec<u8> = (0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(decode_page(&noise, None).is_err());
        assert!(decode_page(&[0; 64], None).is_err());
    }
}
