//! From the project's tokens to the index's terms.
//!
//! A hyphenated word is indexed as its parts and joined: `cease-fire` stands as `ceas`, `fire` and
//! `ceasefir`. A query asks for the joined form alone, so that `cease-fire`, `ceasefire` and
//! `ceasefires` find the same articles.

use std::cell::RefCell;
use std::ops::Range;

use rustc_hash::FxHashMap;
use samestory_article::{Language, Stemmer, Tokens};
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
const MOST_KNOWN_STEMS: usize = 200_000;

thread_local! {
    static KNOWN: RefCell<KnownStems> = RefCell::new(KnownStems { language: None, stems: FxHashMap::default() });
}

/// Tells each term of a text, in order of position, with its words.
pub(crate) fn each_term(tokens: &Tokens, language: Option<Language>, side: Side, mut tell: impl FnMut(Term<'_>)) {
    let stemmer = Stemmer::new(language);
    let list = tokens.as_slice();
    KNOWN.with_borrow_mut(|known| {
        if known.language != language || known.stems.len() > MOST_KNOWN_STEMS {
            known.stems.clear();
            known.language = language;
        }
        let mut at = 0;
        while at < list.len() {
            let run = 1 + list[at + 1..].iter().take_while(|token| token.shape().hyphened).count();
            let words = &list[at..at + run];
            if run > 1 {
                let joined: String = words.iter().map(|word| tokens.word(word)).collect();
                tell(Term { position: at, words, text: &stemmer.stem(&joined) });
            }
            if run == 1 || side == Side::Document {
                for (position, word) in (at..).zip(words) {
                    let stem = || stemmer.stem(tokens.word(word)).into();
                    let text = known.stems.entry(word.hash()).or_insert_with(stem);
                    tell(Term { position, words: std::slice::from_ref(word), text });
                }
            }
            at += run;
        }
    });
}

/// A term of a text.
pub(crate) struct Term<'a> {
    /// Position of its first word.
    pub(crate) position: usize,
    /// Its words: one, or those that hyphens tie.
    pub(crate) words: &'a [samestory_article::Token],
    /// Its stem.
    pub(crate) text: &'a str,
}

impl Term<'_> {
    /// Its bytes in the text.
    pub(crate) fn span(&self) -> Range<usize> {
        self.words[0].span().start..self.words[self.words.len() - 1].span().end
    }
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
            let span = term.span();
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
