//! From the project's tokens to the index's terms.
//!
//! A hyphenated word is indexed as its parts and joined: `cease-fire` stands as `ceas`, `fire` and
//! `ceasefir`. A query asks for the joined form alone, so that `cease-fire`, `ceasefire` and
//! `ceasefires` find the same articles.

use std::cell::RefCell;
use std::ops::Range;

use rustc_hash::FxHashMap;
use samestory_article::{Language, Stemmer, Token as Word, Tokens};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Side {
    Document,
    Query,
}

/// Words of one language that a thread has met with their stems, so that each is stemmed once and not in each
/// article.
struct KnownStems {
    language: Option<Language>,
    stems: FxHashMap<u64, Box<str>>,
}

/// Stems that are kept; past them a thread starts anew, so that memory stays bounded.
const MOST_KNOWN_STEMS: usize = 100_000;

thread_local! {
    static KNOWN: RefCell<KnownStems> = RefCell::new(KnownStems { language: None, stems: FxHashMap::default() });
}

impl KnownStems {
    /// Ready for words of a language.
    fn of(&mut self, language: Option<Language>) -> &mut Self {
        if self.language != language || self.stems.len() > MOST_KNOWN_STEMS {
            self.stems.clear();
            self.language = language;
        }
        self
    }

    fn stem(&mut self, stemmer: &Stemmer, tokens: &Tokens, word: &Word) -> &str {
        self.stems.entry(word.hash()).or_insert_with(|| stemmer.stem(tokens.word(word)).into())
    }
}

/// The words of a text, those that hyphens tie together, each run with the position of its first.
fn runs(tokens: &Tokens) -> impl Iterator<Item = (usize, &[Word])> {
    let (list, mut at) = (tokens.as_slice(), 0);
    std::iter::from_fn(move || {
        let first = at;
        list.get(first)?;
        at += 1 + list[first + 1..].iter().take_while(|token| token.shape().hyphened).count();
        Some((first, &list[first..at]))
    })
}

/// The bytes of words in the text.
fn span(words: &[Word]) -> Range<usize> {
    words[0].span().start..words[words.len() - 1].span().end
}

/// A run of words as one word.
fn joined(tokens: &Tokens, words: &[Word]) -> String {
    words.iter().map(|word| tokens.word(word)).collect()
}

/// Tells each term of a text, in order of position, with its words.
pub(crate) fn each_term(tokens: &Tokens, language: Option<Language>, side: Side, mut tell: impl FnMut(Term<'_>)) {
    let stemmer = Stemmer::new(language);
    KNOWN.with_borrow_mut(|known| {
        let known = known.of(language);
        for (at, words) in runs(tokens) {
            if words.len() > 1 {
                tell(Term { position: at, words, text: &stemmer.stem(&joined(tokens, words)) });
            }
            if words.len() == 1 || side == Side::Document {
                for (position, word) in (at..).zip(words) {
                    let text = known.stem(&stemmer, tokens, word);
                    tell(Term { position, words: std::slice::from_ref(word), text });
                }
            }
        }
    });
}

/// Stems that are asked for, and the words of which it is known whether theirs is one of them: articles that answer one
/// query have most of their words in common.
#[derive(Debug)]
pub struct AskedStems {
    numbers: FxHashMap<String, u32>,
    /// Whether one of them begins with this letter of ASCII. No stemmer changes such a letter at the begin of a word
    /// without an apostrophe, so most words are told apart by it.
    begins: [bool; 128],
    language: Option<Language>,
    known: FxHashMap<u64, Option<u32>>,
}

impl AskedStems {
    /// These stems.
    pub fn new(stems: impl IntoIterator<Item = String>) -> AskedStems {
        let mut sorted: Vec<String> = stems.into_iter().collect();
        sorted.sort();
        let mut begins = [false; 128];
        let first = |stem: &String| stem.bytes().next().filter(u8::is_ascii_alphabetic);
        sorted.iter().filter_map(first).for_each(|byte| begins[usize::from(byte)] = true);
        let numbers = sorted.into_iter().zip(0..).collect();
        AskedStems { numbers, begins, language: None, known: FxHashMap::default() }
    }

    /// Whether the stem of a word may be one of them.
    fn may_have(&self, word: &str) -> bool {
        match word.bytes().next() {
            Some(byte) if byte.is_ascii_alphabetic() => self.begins[usize::from(byte)] || word.contains('\''),
            _ => true,
        }
    }

    /// Tells each place of a document where one of the stems stands: its position, its bytes in the text, and the
    /// number of the stem.
    pub(crate) fn each_place(
        &mut self,
        tokens: &Tokens,
        language: Option<Language>,
        mut tell: impl FnMut(usize, Range<usize>, u32),
    ) {
        let stemmer = Stemmer::new(language);
        if self.language != language {
            self.known.clear();
            self.language = language;
        }
        KNOWN.with_borrow_mut(|stems| {
            let stems = stems.of(language);
            for (at, words) in runs(tokens) {
                if words.len() > 1
                    && self.may_have(tokens.word(&words[0]))
                    && let Some(number) = self.numbers.get(&*stemmer.stem(&joined(tokens, words)))
                {
                    tell(at, span(words), *number);
                }
                for (position, word) in (at..).zip(words) {
                    if !self.may_have(tokens.word(word)) {
                        continue;
                    }
                    let numbers = &self.numbers;
                    let look_up = || numbers.get(stems.stem(&stemmer, tokens, word)).copied();
                    if let Some(number) = self.known.entry(word.hash()).or_insert_with(look_up) {
                        tell(position, word.span(), *number);
                    }
                }
            }
        });
    }
}

/// A term of a text.
pub(crate) struct Term<'a> {
    /// Position of its first word.
    pub(crate) position: usize,
    /// Its words: one, or those that hyphens tie.
    pub(crate) words: &'a [Word],
    /// Its stem.
    pub(crate) text: &'a str,
}

/// Ends each term of a written document. No word holds it.
const END: char = '\n';

/// Stands before a term that has the position of the next. No word begins with it.
const BESIDE: char = '\u{1}';

/// The terms of a document as [`IndexWords`] reads them where the index is written.
pub(crate) fn written_terms(tokens: &Tokens, language: Option<Language>) -> String {
    let n_bytes = tokens.as_slice().last().map_or(0, |token| token.span().end);
    let mut terms = String::with_capacity(n_bytes);
    each_term(tokens, language, Side::Document, |term| {
        if term.words.len() > 1 {
            terms.push(BESIDE);
        }
        terms.push_str(term.text);
        terms.push(END);
    });
    terms
}

/// Reads the terms of a document as [`written_terms`] wrote them.
#[derive(Clone)]
pub(crate) struct IndexWords;

impl Tokenizer for IndexWords {
    type TokenStream<'a> = IndexStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> IndexStream<'a> {
        IndexStream { rest: text, next: 0, term: Token { position_length: 1, ..Token::default() } }
    }
}

pub(crate) struct IndexStream<'a> {
    rest: &'a str,
    next: usize,
    term: Token,
}

impl TokenStream for IndexStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((term, rest)) = self.rest.split_once(END) else { return false };
        self.rest = rest;
        self.term.position = self.next;
        let term = match term.strip_prefix(BESIDE) {
            Some(term) => term,
            None => {
                self.next += 1;
                term
            }
        };
        self.term.text.clear();
        self.term.text.push_str(term);
        true
    }

    fn token(&self) -> &Token {
        &self.term
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.term
    }
}

/// Splits the words of a query, in one language.
#[derive(Clone)]
pub(crate) struct QueryWords(pub(crate) Option<Language>);

impl Tokenizer for QueryWords {
    type TokenStream<'a> = QueryStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> QueryStream {
        let tokens = samestory_article::Tokenizer.text(text);
        let mut terms = Vec::with_capacity(tokens.len());
        each_term(&tokens, self.0, Side::Query, |term| {
            let span = span(term.words);
            terms.push(Token {
                offset_from: span.start,
                offset_to: span.end,
                position: term.position,
                text: term.text.to_owned(),
                position_length: term.words.len(),
            });
        });
        QueryStream { terms, next: 0 }
    }
}

pub(crate) struct QueryStream {
    terms: Vec<Token>,
    next: usize,
}

impl TokenStream for QueryStream {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.terms.len()
    }

    fn token(&self) -> &Token {
        &self.terms[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.terms[self.next - 1]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(text in prop_oneof!["\\PC{0,80}", "[a-cA-C -]{0,60}"], language in prop::sample::select(vec!["en", "fr", "ja", ""])) {
            let language = Language::parse(language);
            let tokens = samestory_article::Tokenizer.text(&text);
            let written = written_terms(&tokens, language);
            let mut reader = IndexWords;
            let mut stream = reader.token_stream(&written);
            let mut read = Vec::new();
            stream.process(&mut |token| read.push((token.position, token.text.clone())));
            let mut told = Vec::new();
            each_term(&tokens, language, Side::Document, |term| told.push((term.position, term.text.to_owned())));
            prop_assert_eq!(read, told);
        }
    }
}
