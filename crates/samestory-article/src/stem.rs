//! The stem of a word: what clustering and search hold to be the same word.

use std::borrow::Cow;

use rust_stemmers::Algorithm;

use crate::Language;

/// Reduces a lower-cased word to its stem by the Snowball rules of one language.
///
/// Languages without rules keep the word. Greek has rules in `rust-stemmers` 1.2 that panic on some
/// words, so it is left out on purpose.
///
/// In French, Italian and Catalan an article or preposition tied to the word by an apostrophe is no
/// part of it: `l'Elysée` is `Elysée`.
pub struct Stemmer {
    rules: Option<rust_stemmers::Stemmer>,
    elisions: bool,
}

/// What stands before the apostrophe of an elision.
const ELISIONS: &[&str] = &[
    "l", "d", "c", "j", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "dell", "all", "nell", "sull",
    "dall", "un", "quest",
];

impl std::fmt::Debug for Stemmer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stemmer({})", if self.rules.is_some() { "rules" } else { "none" })
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
        let elisions = language.is_some_and(|language| matches!(language.code(), "fr" | "it" | "ca"));
        Stemmer { rules: algorithm.map(rust_stemmers::Stemmer::create), elisions }
    }

    /// The stem of a lower-cased word.
    ///
    /// ```
    /// use samestory_article::{Language, Stemmer};
    /// let english = Stemmer::new(Some(Language::ENGLISH));
    /// assert_eq!(english.stem("ceasefires"), "ceasefir");
    /// ```
    pub fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        let word = self.without_elision(word);
        match &self.rules {
            Some(rules) if word.len() <= Self::LONGEST => rules.stem(word),
            _ => Cow::Borrowed(word),
        }
    }

    /// A lower-cased word without the elided word tied to it.
    ///
    /// ```
    /// use samestory_article::{Language, Stemmer};
    /// let french = Stemmer::new(Language::parse("fr"));
    /// assert_eq!(french.without_elision("d'ingrid"), "ingrid");
    /// assert_eq!(french.without_elision("aujourd'hui"), "aujourd'hui");
    /// ```
    pub fn without_elision<'a>(&self, word: &'a str) -> &'a str {
        match word.split_once('\'') {
            Some((before, after)) if self.elisions && !after.is_empty() && ELISIONS.contains(&before) => after,
            _ => word,
        }
    }

    /// Words of more bytes than this are no words of a language and keep their form.
    const LONGEST: usize = 64;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODES: [&str; 17] =
        ["ar", "da", "nl", "en", "fi", "fr", "de", "el", "hu", "it", "no", "pt", "ro", "ru", "es", "sv", "tr"];

    proptest! {
        #[test]
        fn no_language_panics(word in "\\PC{0,24}", index in 0usize..17) {
            Stemmer::new(Language::parse(CODES[index])).stem(&word.to_lowercase());
        }

        #[test]
        fn a_letter_of_ascii_at_the_begin_of_a_word_stays(word in "[a-z][a-zà-ÿ]{0,14}", index in 0usize..17) {
            let stem = Stemmer::new(Language::parse(CODES[index])).stem(&word);
            prop_assert_eq!(stem.chars().next(), word.chars().next());
        }
    }
}
