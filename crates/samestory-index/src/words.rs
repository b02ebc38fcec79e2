//! From the project's tokens to the index's terms.
//!
//! A hyphenated word is indexed as its parts and joined: `cease-fire` stands as `ceas`, `fire` and
//! `ceasefir`. A query asks for the joined form alone, so that `cease-fire`, `ceasefire` and
//! `ceasefires` find the same articles.

use samestory_article::{Language, Stemmer, Tokens};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Side {
    Document,
    Query,
}

/// The terms of a text, in order of position.
pub(crate) fn terms(tokens: &Tokens, stemmer: &Stemmer, side: Side) -> Vec<Token> {
    let list = tokens.as_slice();
    let mut terms = Vec::with_capacity(list.len());
    let mut at = 0;
    while at < list.len() {
        let run = 1 + list[at + 1..].iter().take_while(|token| token.shape().hyphened).count();
        let parts = &list[at..at + run];
        if run > 1 {
            let joined: String = parts.iter().map(|part| tokens.word(part)).collect();
            terms.push(Token {
                offset_from: parts[0].span().start,
                offset_to: parts[run - 1].span().end,
                position: at,
                text: stemmer.stem(&joined).into_owned(),
                position_length: run,
            });
        }
        if run == 1 || side == Side::Document {
            terms.extend(parts.iter().enumerate().map(|(step, part)| Token {
                offset_from: part.span().start,
                offset_to: part.span().end,
                position: at + step,
                text: stemmer.stem(tokens.word(part)).into_owned(),
                position_length: 1,
            }));
        }
        at += run;
    }
    terms
}

/// Splits the words of a query, in one language.
#[derive(Clone)]
pub(crate) struct QueryWords(pub(crate) Option<Language>);

impl Tokenizer for QueryWords {
    type TokenStream<'a> = QueryStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> QueryStream {
        let tokens = samestory_article::Tokenizer.text(text);
        QueryStream { terms: terms(&tokens, &Stemmer::new(self.0), Side::Query), next: 0 }
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
