//! A story: the articles that report one event.

use std::fmt;

use samestory_article::ArticleId;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The name of a story: ten characters, made of the id of its first article (time, then id).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoryId(String);

/// Crockford's base 32: no letter that reads like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of an id: 50 bits, so that two of a million stories share one with probability 4e-4.
const LENGTH: u32 = 10;

impl StoryId {
    /// The id of the story whose first article is this: the upper 50 bits of the XXH3-64 of its id.
    ///
    /// ```
    /// use samestory_cluster::StoryId;
    /// assert_eq!(StoryId::of_first(&"courier-1".into()).as_str().len(), 10);
    /// ```
    pub fn of_first(article: &ArticleId) -> StoryId {
        Self::attempt(article, 0)
    }

    /// As [`of_first`](Self::of_first); where that id is taken, from 1 the next to try.
    pub fn attempt(article: &ArticleId, attempt: u64) -> StoryId {
        let hash = xxh3_64_with_seed(article.as_str().as_bytes(), attempt);
        let digits = (0..LENGTH).map(|at| char::from(ALPHABET[(hash >> (59 - 5 * at)) as usize & 31]));
        StoryId(digits.collect())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
