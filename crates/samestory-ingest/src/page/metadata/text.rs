//! Values as a person would read them, and what is left of them for comparison.
//!
//! Pages hold values with entities, sometimes written twice, with tags, line breaks and invisible
//! characters, and words for nothing such as `null`.

use std::borrow::Cow;

use scraper::{Html, Node};

use super::LONGEST_VALUE;

/// A value as a person would read it; `None` where nothing is meant.
pub(super) fn clean(raw: &str) -> Option<String> {
    const NOTHING: &[&str] = &["null", "none", "undefined", "false", "true", "nan", "n/a", "[object object]"];
    const PLACEHOLDERS: &[&str] = &["{", "%%", "<%"];
    // Cut before decoding, so that a huge value costs no more than a long one.
    let mut text = Cow::Borrowed(first_chars(raw.trim(), 4 * LONGEST_VALUE));
    // Some systems write entities twice.
    for _ in 0..2 {
        if needs_decoding(&text) {
            text = Cow::Owned(decoded(&text));
        }
    }
    let is_nothing = |text: &str| {
        NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
            || PLACEHOLDERS.iter().any(|start| text.starts_with(start))
    };
    folded(&text).filter(|text| !is_nothing(text))
}

/// Whether a text has an entity or a tag in it.
fn needs_decoding(text: &str) -> bool {
    let behind = |mark: char, sign: char| {
        let rests = text.match_indices(mark).map(|(at, _)| &text[at + 1..]);
        rests.filter(move |rest| rest.starts_with(|c: char| c == sign || c.is_ascii_alphabetic()))
    };
    behind('&', '#').any(|rest| rest.bytes().take(32).any(|b| b == b';'))
        || behind('<', '/').next().is_some() && text.contains('>')
}

/// The text of a piece of HTML.
fn decoded(html: &str) -> String {
    Html::parse_fragment(html).tree.values().filter_map(Node::as_text).map(|text| &**text).collect()
}

/// One line with single spaces, no control or invisible characters, at most as long as a value may be.
pub(super) fn folded(text: &str) -> Option<String> {
    fn is_invisible(c: char) -> bool {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
    }
    let words = text.split_whitespace().map(|word| word.replace(is_invisible, "")).filter(|word| !word.is_empty());
    let line = words.take(LONGEST_VALUE).collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then(|| first_chars(&line, LONGEST_VALUE).to_owned())
}

fn first_chars(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

/// The letters and digits of a text in lower case, umlauts and the commonest accents spelt without.
pub(super) fn letters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase) {
        match c {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'á' | 'à' | 'â' | 'ã' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' => out.push('o'),
            'ú' | 'ù' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            c => out.push(c),
        }
    }
    out
}

/// Whether a text is more than punctuation.
pub(super) fn says_something(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

pub(super) fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{headline_of, linked, page};
    use super::*;

    #[test]
    fn values_are_decoded_and_folded() {
        let read =
            page("<meta property=og:title content='Fish &amp;amp; chips&#8217; \n  <b>price</b>&nbsp;up\u{200b}'>", "");
        assert_eq!(headline_of(&read), "Fish & chips’ price up");
        let read = linked(r#"{"@type": "Article", "headline": "Caf&eacute; &quot;Orla&quot;", "description": "null"}"#);
        assert_eq!((headline_of(&read), read.standfirst.as_deref()), ("Café \"Orla\"", None));
        let long = page(&format!("<title>{}</title>", "word ".repeat(5_000)), "");
        assert!(headline_of(&long).chars().count() <= LONGEST_VALUE);
        assert_eq!(
            headline_of(&page("", "<h1><span>Harbour</span><span>Ferry aground</span></h1>")),
            "Harbour Ferry aground"
        );
    }
}
