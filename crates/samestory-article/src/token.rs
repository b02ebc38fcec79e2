//! The only definition of a token in the project.
//!
//! A token is a Unicode word (UAX #29, `unicode-segmentation`), composed (NFC), lower-cased, with
//! the typographic apostrophe folded to `'`. Quotation marks and other punctuation are no words, so
//! straight and curly quotes compare equal without touching the text.

mod plain;

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_segmentation::UnicodeSegmentation;
use xxhash_rust::xxh3::xxh3_64;

use crate::Article;
use plain::{each_plain_word, plain_length, plain_prefix};

/// How a token is written and what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Its first letter, or the one behind an apostrophe (`d'Orla`), is a capital.
    pub capitalised: bool,
    /// It has a digit.
    pub number: bool,
    /// It opens a sentence, a quotation or the text, so a capital says little.
    pub opens_sentence: bool,
    /// Only a hyphen stands between it and the token before: the `fire` of `cease-fire`.
    pub hyphened: bool,
    /// Only spaces stand between it and the token before, so that both may be one name.
    pub adjoins: bool,
}

/// One word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    start: u32,
    end: u32,
    word_start: u32,
    word_end: u32,
    hash: u64,
    shape: Shape,
}

impl Token {
    /// Its bytes in the text as it was read.
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// XXH3-64 of the normalised word: fixed by the XXH3 specification, so safe to store.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How it is written.
    pub fn shape(&self) -> Shape {
        self.shape
    }
}

/// The tokens of one text, in reading order.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    words: String,
    list: Vec<Token>,
}

impl Tokens {
    /// The normalised word of a token of this list.
    pub fn word(&self, token: &Token) -> &str {
        &self.words[token.word_start as usize..token.word_end as usize]
    }

    /// The tokens.
    pub fn as_slice(&self) -> &[Token] {
        &self.list
    }

    /// The tokens, one after another.
    pub fn iter(&self) -> std::slice::Iter<'_, Token> {
        self.list.iter()
    }

    /// The hashes of the tokens, in reading order: what shingles are made of.
    pub fn hashes(&self) -> Vec<u64> {
        self.list.iter().map(Token::hash).collect()
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no word at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Splits text into [`Tokens`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Tokenizer;

impl Tokenizer {
    /// The tokens of any text.
    pub fn text(&self, text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        append(&mut tokens, text, 0..text.len());
        tokens
    }

    /// The tokens of an article's body: its text without the cuts. Offsets point into the text.
    pub fn body(&self, article: &Article) -> Tokens {
        self.spans(&article.text, article.body_spans())
    }

    /// The tokens of some stretches of a text. Offsets point into the text.
    ///
    /// # Panics
    ///
    /// If a stretch is not inside the text, or parts a character.
    pub fn spans(&self, text: &str, spans: impl IntoIterator<Item = Range<usize>>) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.list.reserve(text.len() / 6);
        tokens.words.reserve(text.len());
        for span in spans {
            append(&mut tokens, text, span);
        }
        tokens
    }

    /// The hashes of the tokens of an article's body, in reading order, behind those that are in `hashes`: as
    /// [`body`](Self::body) tells them, without all else that a token has.
    pub fn body_hashes(&self, article: &Article, hashes: &mut Vec<u64>) {
        let (mut lower, mut normal) = (String::new(), String::new());
        for span in article.body_spans() {
            let text = &article.text[span];
            // All at once, which parts no words, joins none and moves none.
            lower.clear();
            lower.push_str(text);
            lower.make_ascii_lowercase();
            each_word(&lower, &mut |offset, word, is_ascii| {
                if is_ascii {
                    return hashes.push(xxh3_64(word.as_bytes()));
                }
                // Letters may compose with marks behind them before they are put into lower case.
                normal.clear();
                push_normalised(&mut normal, &text[offset..offset + word.len()], false);
                hashes.push(xxh3_64(normal.as_bytes()));
            });
        }
    }

    /// Tells the words of any text, as they are written.
    pub fn each_word<'a>(&self, text: &'a str, tell: &mut impl FnMut(&'a str)) {
        each_word(text, &mut |_, word, _| tell(word));
    }

    /// Whether the text has at least one word.
    pub fn has_word(&self, text: &str) -> bool {
        text.unicode_words().next().is_some()
    }
}

fn append(tokens: &mut Tokens, text: &str, span: Range<usize>) {
    let mut before = span.start;
    let mut first = true;
    each_word(&text[span.clone()], &mut |offset, word, is_ascii| {
        let start = span.start + offset;
        let word_start = tokens.words.len();
        push_normalised(&mut tokens.words, word, is_ascii);
        let normal = &tokens.words[word_start..];
        tokens.list.push(Token {
            start: start as u32,
            end: (start + word.len()) as u32,
            word_start: word_start as u32,
            word_end: tokens.words.len() as u32,
            hash: xxh3_64(normal.as_bytes()),
            shape: shape(word, &text[before..start], first),
        });
        before = start + word.len();
        first = false;
    });
}

/// The shape of a word from the gap before it, and whether it is the first of all.
fn shape(word: &str, gap: &str, first: bool) -> Shape {
    let spaced = gap == " ";
    Shape {
        capitalised: match word.as_bytes() {
            [b'a'..=b'z', rest @ ..] if word.is_ascii() && !rest.contains(&b'\'') => false,
            _ => word.split(['\'', '’']).take(2).any(|part| part.starts_with(char::is_uppercase)),
        },
        number: word.bytes().any(|b| b.is_ascii_digit()),
        opens_sentence: first || !spaced && gap.contains(['.', '!', '?', ':', '“', '"', '”', '\n', '«', '»', '—', '•']),
        hyphened: !first && matches!(gap, "-" | "‐" | "‑"),
        adjoins: !first && !gap.is_empty() && gap.bytes().all(|b| b == b' '),
    }
}

/// Tells each Unicode word of a text, where it begins and whether all of it is ASCII: those of `unicode_word_indices`, and in the same
/// order. Plain text, which is nearly all of many languages, takes a path of its own, but for the pieces between white
/// space in which any other character stands. White space before such a character does not part, since a mark may
/// belong to it (WB3d, WB4).
fn each_word<'a>(text: &'a str, tell: &mut impl FnMut(usize, &'a str, bool)) {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let odd = start + plain_prefix(&bytes[start..]);
        if odd == bytes.len() {
            return each_plain_word(text, start..odd, tell);
        }
        let before = &bytes[start..odd];
        let before = match before.last() {
            Some(b) if b.is_ascii_whitespace() => before.trim_ascii_end(),
            _ => before,
        };
        let piece = start + before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
        each_plain_word(text, start..piece, tell);
        let mut end = odd;
        loop {
            end += bytes[end..].iter().take_while(|b| !b.is_ascii_whitespace()).count();
            let behind = end + bytes[end..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            match bytes.get(behind) {
                Some(b) if !b.is_ascii() && plain_length(&bytes[behind..]) == 0 => end = behind,
                _ => break,
            }
        }
        let words = text[piece..end].unicode_word_indices();
        words.for_each(|(offset, word)| tell(piece + offset, word, word.is_ascii()));
        start = end;
    }
}

/// Whether a word has plain characters only.
fn is_plain(word: &str) -> bool {
    plain_prefix(word.as_bytes()) == word.len()
}

/// Appends a word composed, in lower case and with a straight apostrophe.
fn push_normalised(words: &mut String, word: &str, is_ascii: bool) {
    if is_ascii || is_plain(word) {
        let start = words.len();
        words.push_str(word);
        words[start..].make_ascii_lowercase();
        if !is_ascii {
            let folded = words[start..].replace('’', "'");
            words.truncate(start);
            words.push_str(&folded);
        }
        return;
    }
    let fold = |c: char| if matches!(c, '’' | 'ʼ') { '\'' } else { c };
    if is_nfc(word) {
        words.extend(word.chars().flat_map(char::to_lowercase).map(fold));
    } else {
        words.extend(word.nfc().flat_map(char::to_lowercase).map(fold));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let tokens = Tokenizer.text(text);
        tokens.iter().map(|token| tokens.word(token).to_owned()).collect()
    }

    #[test]
    fn quotes_and_forms_compare_equal() {
        assert_eq!(words("“Today’s cease-fire”"), words("\"today's CEASE-FIRE\""));
        assert_eq!(words("Caf\u{e9}"), words("Cafe\u{301}"));
    }

    #[test]
    fn hyphen_and_sentence_are_seen() {
        let tokens = Tokenizer.text("A cease-fire. Then Mr Conte spoke");
        let shapes: Vec<Shape> = tokens.iter().map(Token::shape).collect();
        assert!(shapes[2].hyphened && !shapes[1].hyphened);
        assert!(shapes[3].opens_sentence && !shapes[5].opens_sentence);
        assert!(shapes[5].capitalised && shapes[5].adjoins);
    }

    #[test]
    fn a_mark_behind_white_space_belongs_to_it() {
        // Texts that were once cut before the mark.
        for text in [" \u{cbe}", "  \u{10a05}", "\u{2000} \u{113c2}", "a \u{301}b", "a\n\u{301}b"] {
            let mut words = Vec::new();
            each_word(text, &mut |offset, word, _| words.push((offset, word)));
            assert_eq!(words, text.unicode_word_indices().collect::<Vec<_>>(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn offsets_are_inside_and_in_order(text in "\\PC{0,200}") {
            let tokens = Tokenizer.text(&text);
            let mut before = 0;
            for token in tokens.iter() {
                prop_assert!(token.span().start >= before);
                prop_assert!(text.get(token.span()).is_some());
                before = token.span().end;
            }
        }

        #[test]
        fn words_are_those_of_the_rules(text in prop_oneof![
            "\\PC{0,60}",
            "[a-zA-C0-1 .,;:'_’é\u{301}\u{200d}\n\t-]{0,40}",
            "[ab1_ .,:;'‘’“–…é]{0,90}",
            "([ab1_]{50,80}[ .'’]){0,5}",
        ]) {
            let mut words = Vec::new();
            let mut ascii = true;
            each_word(&text, &mut |offset, word, is_ascii| {
                words.push((offset, word));
                ascii &= is_ascii == word.is_ascii();
            });
            prop_assert!(ascii);
            prop_assert_eq!(words, text.unicode_word_indices().collect::<Vec<_>>());
        }

        #[test]
        fn hashes_are_those_of_the_tokens(text in prop_oneof!["\\PC{0,60}", "[a-zA-Z0-1 .'’ʼéÉİIK\u{307}\u{301}\u{30c}\u{331}\u{308}\u{30a}]{0,90}"]) {
            let article = Article { text: text.clone(), ..Article::new("a".into()) };
            let mut hashes = Vec::new();
            Tokenizer.body_hashes(&article, &mut hashes);
            prop_assert_eq!(hashes, Tokenizer.body(&article).hashes());
        }

        #[test]
        fn white_space_does_not_matter(words_in in prop::collection::vec("[a-zA-Z]{1,8}", 0..20)) {
            prop_assert_eq!(words(&words_in.join(" ")), words(&words_in.join(" \n\t  ")));
        }
    }
}
