//! Whether words stand elsewhere too.

use std::sync::Mutex;

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::Language;
use samestory_reuse::{Passage, PrintedWords};

use crate::collection::Collection;
use crate::error::CollectionError;

/// Words of a language.
type Probe = (Option<Language>, String);

/// Tells whether words stand in many articles of other stories.
pub(super) struct Elsewhere<'a> {
    collection: &'a Collection,
    /// Answers to what was asked before.
    known: Mutex<FxHashMap<Probe, FxHashSet<u32>>>,
}

/// A passage that stands in this many other stories is a template, as a shingle that as many articles hold is one where
/// copies are folded.
const TEMPLATE_STORIES: usize = 12;

/// Words of a passage that are looked for elsewhere, from its middle.
const PROBE_WORDS: usize = 8;

impl<'a> Elsewhere<'a> {
    /// Asks a collection.
    pub(super) fn than_in(collection: &'a Collection) -> Self {
        Elsewhere { collection, known: Mutex::default() }
    }

    /// Whether the words of a passage stand in so many other stories, besides the given ones, that they make a template.
    pub(super) fn holds_passage(
        &self,
        words: &PrintedWords<'_>,
        passage: &Passage,
        stories: &[u32],
    ) -> Result<bool, CollectionError> {
        let aside = (passage.words_a.len().saturating_sub(PROBE_WORDS)) / 2;
        let start = passage.words_a.start + aside;
        let end = (start + PROBE_WORDS).min(passage.words_a.end);
        self.holds(words.text(&(start..end)), words.article().language, stories)
    }

    /// Whether as many stories as make a template hold some words, besides the given ones.
    fn holds(&self, words: &str, language: Option<Language>, stories: &[u32]) -> Result<bool, CollectionError> {
        let known = |found: &FxHashSet<u32>| {
            let own = stories.iter().filter(|story| found.contains(story)).count();
            found.len() >= TEMPLATE_STORIES + own
        };
        let lock = || self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (language, words.to_owned());
        if let Some(found) = lock().get(&key) {
            return Ok(known(found));
        }
        let numbers = self.collection.ask(|index| Ok(index.articles_with(words, language)?))?;
        let mut found = FxHashSet::default();
        // A few more than are needed, as some may be the given ones.
        for number in numbers {
            if found.len() >= TEMPLATE_STORIES + 2 {
                break;
            }
            found.extend(self.collection.story_of(number)?);
        }
        let answer = known(&found);
        lock().insert(key, found);
        Ok(answer)
    }
}
