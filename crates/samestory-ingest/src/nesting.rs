//! How deep brackets and elements lie within each other, and how many attributes a tag has.
//!
//! Parsers follow nesting by recursion and compare attributes pair by pair, so that a small file of
//! nothing but brackets could end the program or keep it busy for hours. Both are counted here before
//! a parser sees the file, in one pass and without memory of their own. The nesting of HTML, which its
//! parser alone can tell, is watched while a page is parsed (`markup.rs`).

use memchr::{memchr, memchr2_iter, memmem};

/// Whether JSON nests brackets deeper than `limit`. Brackets within strings do not count.
pub(crate) fn json_is_deeper(bytes: &[u8], limit: usize) -> bool {
    // Most items have fewer brackets in all than may lie within each other.
    if memchr2_iter(b'{', b'[', bytes).nth(limit).is_none() {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for &byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => (),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => (),
        }
        if depth > limit {
            return true;
        }
    }
    false
}

/// Whether XML nests elements deeper than `limit`.
pub(crate) fn xml_is_deeper(text: &str, limit: usize) -> bool {
    let mut depth = 0usize;
    Tags { rest: text }.any(|tag| {
        match tag {
            Tag::Closes => depth = depth.saturating_sub(1),
            Tag::Opens => depth += 1,
            Tag::Empty => (),
        }
        depth > limit
    })
}

/// What it takes to parse the attributes of a page: each attribute of a tag is compared with those
/// before it, so the squares of their numbers, added up. Text that only looks like a tag counts too.
pub(crate) fn attribute_work(html: &str) -> u64 {
    let mut work = 0u64;
    let mut rest = html;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        rest = &rest[at + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = end_of_tag(rest.as_bytes()).unwrap_or(rest.len());
        // Attributes may stand apart by white space, slashes or the quotes of a value, or by nothing.
        let parts = |byte: &&u8| byte.is_ascii_whitespace() || matches!(**byte, b'=' | b'/' | b'"' | b'\'');
        let count = rest.as_bytes()[..end].iter().filter(parts).count() as u64;
        work += count * count;
        rest = &rest[end..];
    }
    work
}

/// The start and end tags of XML, without those in comments, CDATA and processing instructions.
struct Tags<'a> {
    rest: &'a str,
}

enum Tag {
    Opens,
    Closes,
    Empty,
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            let at = memchr(b'<', self.rest.as_bytes())?;
            let inner = &self.rest[at + 1..];
            let behind =
                |end: &str| memmem::find(inner.as_bytes(), end.as_bytes()).map_or("", |to| &inner[to + end.len()..]);
            let closes = match inner.as_bytes() {
                [b'!', b'-', b'-', ..] => {
                    self.rest = behind("-->");
                    continue;
                }
                [b'!', b'[', ..] => {
                    self.rest = behind("]]>");
                    continue;
                }
                [b'!' | b'?', ..] => {
                    self.rest = behind(">");
                    continue;
                }
                [first, ..] => *first == b'/',
                [] => return None,
            };
            let end = end_of_tag(inner.as_bytes());
            self.rest = end.map_or("", |end| &inner[end + 1..]);
            let empty = end.is_some_and(|end| end > 0 && inner.as_bytes()[end - 1] == b'/');
            return Some(match (closes, empty) {
                (true, _) => Tag::Closes,
                (false, true) => Tag::Empty,
                (false, false) => Tag::Opens,
            });
        }
    }
}

/// The place of the `>` that ends a tag; those in quoted values do not.
fn end_of_tag(bytes: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, &byte) in bytes.iter().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => (),
            None if byte == b'>' => return Some(at),
            // A quote opens a value only behind an equals sign.
            None if matches!(byte, b'"' | b'\'') && at > 0 && bytes[..at].trim_ascii_end().ends_with(b"=") => {
                quote = Some(byte);
            }
            None => (),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brackets_within_strings_do_not_count() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!json_is_deeper(nested(8).as_bytes(), 8));
        assert!(json_is_deeper(nested(9).as_bytes(), 8));
        assert!(!json_is_deeper(br#"{"a":"[[[[[[[[[[\"[[[","b":[]}"#, 2));
        assert!(!json_is_deeper("[] ".repeat(100).as_bytes(), 1));
    }

    #[test]
    fn elements_of_xml() {
        assert!(!xml_is_deeper("<?xml a?><a><b/><b/><![CDATA[<x><x><x>]]><!-- <y><y> --></a>", 1));
        assert!(xml_is_deeper("<a><b><c/></b></a>", 1));
    }

    #[test]
    fn attributes_count_by_the_square() {
        assert_eq!(attribute_work("a < b <p> </p>"), 0);
        assert!(attribute_work(&format!("<p{}>", " a".repeat(1000))) >= 1_000_000);
        assert!(attribute_work(&format!("<p{}>", "/a".repeat(1000))) >= 1_000_000);
        assert!(attribute_work(&"<p a=1>".repeat(1000)) < 100_000);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<|>|/|!|-|\\[|\\]|\"|'|=|script|div|b| |\\PC){0,80}") {
            attribute_work(&text);
            xml_is_deeper(&text, 3);
            json_is_deeper(text.as_bytes(), 3);
        }
    }
}
