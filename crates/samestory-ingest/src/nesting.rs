//! How deep brackets, elements and tags lie within each other.
//!
//! Parsers follow nesting by recursion or by walks over all open elements, so that a small file of
//! nothing but brackets could end the program or keep it busy for hours. Nesting is counted here
//! before a parser sees the file, in one pass and without memory of its own.

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
    Tags { rest: text, raw_text: false }.any(|tag| {
        match tag {
            Tag { closes: true, .. } => depth = depth.saturating_sub(1),
            Tag { empty: false, .. } => depth += 1,
            _ => (),
        }
        depth > limit
    })
}

/// What a page asks of an HTML parser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageSize {
    /// Tags in all.
    pub(crate) nodes: usize,
    /// Elements within each other, at the deepest place.
    pub(crate) nesting: usize,
    /// Formatting elements that are open at once. The parser opens all of them again in every
    /// paragraph that follows (HTML standard, 13.2.4.3), so that a few thousand make millions of nodes.
    pub(crate) formatting: usize,
    /// Attributes of one tag, each of which a parser compares with all others.
    pub(crate) attributes: usize,
}

/// Counts the tags of a page as a parser would meet them, nearly: what is closed by the rules of HTML
/// and not by a tag, such as a paragraph, is not counted as nesting.
pub(crate) fn page_size(html: &str) -> PageSize {
    let mut size = PageSize::default();
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut depth = 0usize;
    for tag in (Tags { rest: html, raw_text: true }) {
        size.nodes += usize::from(!tag.closes);
        size.attributes = size.attributes.max(tag.attributes);
        if tag.empty || is_one_of(tag.name, CLOSED_BY_OTHERS) {
            continue;
        }
        let place = open.iter().position(|(name, _)| name.eq_ignore_ascii_case(tag.name));
        match (place, tag.closes) {
            (Some(at), true) if open[at].1 > 0 => {
                open[at].1 -= 1;
                depth -= 1;
            }
            (_, true) => (),
            (place, false) => {
                match place {
                    Some(at) => open[at].1 += 1,
                    // A page of a thousand invented elements is told by its nesting or by its nodes.
                    None if open.len() < MOST_NAMES => open.push((tag.name, 1)),
                    None => continue,
                }
                depth += 1;
            }
        }
        size.nesting = size.nesting.max(depth);
        if is_one_of(tag.name, FORMATTING) {
            let formatting = open.iter().filter(|(name, _)| is_one_of(name, FORMATTING)).map(|(_, count)| count).sum();
            size.formatting = size.formatting.max(formatting);
        }
    }
    size
}

/// Names of elements that are told apart.
const MOST_NAMES: usize = 256;

/// Elements without content, and those that the start of another closes.
const CLOSED_BY_OTHERS: &[&str] = &[
    "area", "base", "basefont", "bgsound", "body", "br", "col", "colgroup", "command", "dd", "dt", "embed", "frame",
    "head", "hr", "html", "img", "input", "keygen", "li", "link", "meta", "optgroup", "option", "p", "param", "rp",
    "rt", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
];

/// The formatting elements of the HTML standard, 13.2.4.3.
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

struct Tag<'a> {
    name: &'a str,
    closes: bool,
    empty: bool,
    /// Its attributes, or a few more: every equals sign and run of white space between name and end.
    attributes: usize,
}

/// The tags of a text, without those in comments, CDATA and processing instructions.
struct Tags<'a> {
    rest: &'a str,
    /// Whether scripts and styles hold no tags, as in HTML.
    raw_text: bool,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let at = memchr(b'<', self.rest.as_bytes())?;
            let inner = &self.rest[at + 1..];
            let behind =
                |end: &str| memmem::find(inner.as_bytes(), end.as_bytes()).map_or("", |to| &inner[to + end.len()..]);
            self.rest = match inner.as_bytes() {
                [b'!', b'-', b'-', ..] => behind("-->"),
                [b'!', b'[', ..] if !self.raw_text => behind("]]>"),
                [b'!' | b'?', ..] => behind(">"),
                [b'/', second, ..] if second.is_ascii_alphabetic() => return Some(self.tag(&inner[1..], true)),
                [first, ..] if first.is_ascii_alphabetic() => return Some(self.tag(inner, false)),
                _ => inner,
            };
        }
    }
}

impl<'a> Tags<'a> {
    /// The tag whose name starts `inner`; moves behind it.
    fn tag(&mut self, inner: &'a str, closes: bool) -> Tag<'a> {
        let name_ends = inner.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(inner.len());
        let name = &inner[..name_ends];
        let end = end_of_tag(&inner.as_bytes()[name_ends..]).map(|end| name_ends + end);
        self.rest = end.map_or("", |end| &inner[end + 1..]);
        let attributes = end.map_or(inner.len(), |end| {
            inner.as_bytes()[name_ends..end].split(|b| b.is_ascii_whitespace()).filter(|part| !part.is_empty()).count()
        });
        let empty = end.is_some_and(|end| end > name_ends && inner.as_bytes()[end - 1] == b'/');
        if self.raw_text && !closes && is_one_of(name, &["script", "style", "textarea", "title"]) {
            // Everything up to the end tag is text.
            let mut from = 0;
            while let Some(at) = memmem::find(&self.rest.as_bytes()[from..], b"</").map(|at| from + at) {
                let ends = self.rest.as_bytes()[at + 2..].get(..name.len());
                if ends.is_some_and(|ends| ends.eq_ignore_ascii_case(name.as_bytes())) {
                    self.rest = &self.rest[at..];
                    return Tag { name, closes, empty, attributes };
                }
                from = at + 2;
            }
            self.rest = "";
        }
        Tag { name, closes, empty, attributes }
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
    fn the_size_of_a_page() {
        let page =
            "<html><body><div><p>one<p>two<br><img src='a>b'></div><script>'<div>'</script><!-- <div> --></body>";
        assert_eq!(page_size(page), PageSize { nodes: 8, nesting: 1, formatting: 0, attributes: 1 });
        let deep = "<div>".repeat(600);
        assert_eq!(page_size(&deep).nesting, 600);
        assert_eq!(page_size(&"<b><i></i>".repeat(50)).formatting, 51);
        assert_eq!(page_size("<p>a < b and <3 and </ x").nodes, 1);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<|>|/|!|-|\\[|\\]|\"|'|=|script|div|b| |\\PC){0,80}") {
            page_size(&text);
            xml_is_deeper(&text, 3);
            json_is_deeper(text.as_bytes(), 3);
        }
    }
}
