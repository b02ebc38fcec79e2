//! The stem of a word: what clustering and search hold to be the same word.

use std::borrow::Cow;

use rust_stemmers::Algorithm;

use crate::Language;

/// Reduces a lower-cased word to its stem by the Snowball rules of one language.
///
/// Languages without rules keep the word. Greek has rules in `rust-stemmers` 1.2 that panic on some
/// words, so it is left out on purpose.
pub struct Stemmer(Option<rust_stemmers::Stemmer>);

impl std::fmt::Debug for Stemmer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stemmer({})", if self.0.is_some() { "rules" } else { "none" })
    }
}

impl Stemmer {
    /// The stemmer of a language; an unknown language has none.
    pub fn new(language: Option<Language>) -> Self {
        let algorithm = language.and_then(|language| {
            Some(match language.code() {
                "ar" => Algorithm::Arabic,
                "da" => Algorithm::Danish,
                "nl" => Algorithm::Dutch,
                "en" => Algorithm::English,
                "fi" => Algorithm::Finnish,
                "fr" => Algorithm::French,
                "de" => Algorithm::German,
                "hu" => Algorithm::Hungarian,
                "it" => Algorithm::Italian,
                "no" | "nb" | "nn" => Algorithm::Norwegian,
                "pt" => Algorithm::Portuguese,
                "ro" => Algorithm::Romanian,
                "ru" => Algorithm::Russian,
                "es" => Algorithm::Spanish,
                "sv" => Algorithm::Swedish,
                "ta" => Algorithm::Tamil,
                "tr" => Algorithm::Turkish,
                _ => return None,
            })
        });
        Stemmer(algorithm.map(rust_stemmers::Stemmer::create))
    }

    /// The stem of a lower-cased word.
    ///
    /// ```
    /// use samestory_article::{Language, Stemmer};
    /// let english = Stemmer::new(Some(Language::ENGLISH));
    /// assert_eq!(english.stem("ceasefires"), "ceasefir");
    /// ```
    pub fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        match &self.0 {
            Some(rules) if word.len() <= Self::LONGEST => rules.stem(word),
            _ => Cow::Borrowed(word),
        }
    }

    /// Words of more bytes than this are no words of a language and keep their form.
    const LONGEST: usize = 64;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_language_panics(word in "\\PC{0,24}", index in 0usize..17) {
            let codes = ["ar", "da", "nl", "en", "fi", "fr", "de", "el", "hu", "it", "no", "pt", "ro", "ru", "es", "sv", "tr"];
            Stemmer::new(Language::parse(codes[index])).stem(&word.to_lowercase());
        }
    }
}
