//! How common a word is before any article of the collection is counted.
//!
//! *Motivation.* Two articles alone cannot tell a rare word from a common one, so their collection
//! is thought of as an extension of a background that can.
//!
//! *Design.* For English the crate ships a table of stems with the number of articles that hold
//! them, counted by `cargo run --release --example background` over two collections of news (see
//! the head of the table). For other languages there is a list of stop words and one share for the
//! rest. A language nobody knows is compared by the English rules.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Language, Stemmer};

/// Word counts of one language.
#[derive(Debug)]
pub struct Background {
    language: Option<Language>,
    shares: FxHashMap<String, f32>,
    unseen: f32,
    stop_words: FxHashSet<&'static str>,
}

/// `stem count` a line, behind a head of comment lines and the number of articles.
const ENGLISH: &str = include_str!("../data/background-en.txt");

/// Share of a stop word where there is no table.
const STOP_WORD_SHARE: f32 = 0.4;

/// Share of any other word where there is no table.
const OTHER_WORD_SHARE: f32 = 0.002;

impl Background {
    /// The background of a language.
    pub fn of(language: Option<Language>) -> &'static Background {
        // Each is made when it is first asked for: a comparison of two articles needs one of sixty.
        static ALL: OnceLock<FxHashMap<Language, OnceLock<Background>>> = OnceLock::new();
        static OTHER: OnceLock<Background> = OnceLock::new();
        let language = language.unwrap_or(Language::ENGLISH);
        let all = ALL.get_or_init(|| {
            let listed = stop_words::available_languages().iter().filter_map(|code| Language::parse(code));
            listed.chain([Language::ENGLISH]).map(|language| (language, OnceLock::new())).collect()
        });
        match all.get(&language) {
            Some(known) if language == Language::ENGLISH => known.get_or_init(Background::english),
            Some(known) => known.get_or_init(|| Background::from_stop_words(language)),
            None => OTHER.get_or_init(|| Background {
                language: None,
                shares: FxHashMap::default(),
                unseen: OTHER_WORD_SHARE,
                stop_words: FxHashSet::default(),
            }),
        }
    }

    fn english() -> Background {
        let mut lines = ENGLISH.lines().filter(|line| !line.starts_with('#'));
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<f32>().ok());
        let n_articles = number(lines.next()).unwrap_or(1.0).max(1.0);
        let shares: FxHashMap<String, f32> = lines
            .filter_map(|line| {
                let (stem, count) = line.split_once(' ')?;
                Some((stem.to_owned(), number(Some(count))? / n_articles))
            })
            .collect();
        // What is not in the table is rarer than all that is.
        let unseen = shares.values().copied().fold(1.0, f32::min) / 2.0;
        let stop_words = stop_words_of(Language::ENGLISH).collect();
        Background { language: Some(Language::ENGLISH), shares, unseen, stop_words }
    }

    fn from_stop_words(language: Language) -> Background {
        let stemmer = Stemmer::new(Some(language));
        let stop_words: FxHashSet<&str> = stop_words_of(language).collect();
        let shares = stop_words.iter().map(|word| (stemmer.stem(word).into_owned(), STOP_WORD_SHARE)).collect();
        Background { language: Some(language), shares, unseen: OTHER_WORD_SHARE, stop_words }
    }

    /// The language whose stems the table holds.
    pub fn language(&self) -> Option<Language> {
        self.language
    }

    /// Share of articles that hold a stem: above 0, at most 1.
    pub fn share(&self, stem: &str) -> f32 {
        self.shares.get(stem).copied().unwrap_or(self.unseen)
    }

    /// Whether a word is a stop word, so that its capital at the start of a run says nothing.
    pub fn opens_often(&self, word: &str) -> bool {
        self.stop_words.contains(word)
    }

    /// A share as 16 bits: its negative logarithm in steps of 1/4096, so any share down to 1e-6.
    pub fn encode(share: f32) -> u16 {
        (-share.ln() * 4096.0).clamp(0.0, f32::from(u16::MAX)) as u16
    }

    /// The share that [`encode`](Background::encode) was given, to within 1/4096.
    pub fn decode(code: u16) -> f64 {
        (-f64::from(code) / 4096.0).exp()
    }
}

fn stop_words_of(language: Language) -> impl Iterator<Item = &'static str> {
    let words = stop_words::lookup(language.code()).unwrap_or_default();
    words.iter().copied().filter(|word| !word.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_common() {
        let english = Background::of(Some(Language::ENGLISH));
        assert!(english.share("the") > 0.8);
        assert!(english.share("libya") < 0.1 && english.share("libya") > english.share("zzyzx"));
        let french = Background::of(Language::parse("fr"));
        let stem = |word| Stemmer::new(french.language()).stem(word).into_owned();
        assert!(french.share(&stem("dans")) > french.share(&stem("libye")));
    }

    #[test]
    fn shares_survive_encoding() {
        for share in [1.0f32, 0.4, 0.002, 1e-5] {
            let back = Background::decode(Background::encode(share));
            assert!((back / f64::from(share)).ln().abs() < 1.0 / 2048.0, "{share} {back}");
        }
    }
}
