//! Document frequencies: how many articles hold a term.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::background::Background;
use crate::terms::{ArticleTerms, TermCount};

/// The background counts as this many articles. The collection's own counts outweigh it once there
/// are more; with fewer, the background decides.
pub const BACKGROUND_ARTICLES: f64 = 500.0;

/// How many articles of a collection hold each term. Terms of one article only are not listed: such
/// a term is in no pair.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Listed", into = "Listed")]
pub struct DocumentFrequencies {
    listed: Listed,
    /// Position of the first term of each bucket; terms are hashes, so their upper bits fill the
    /// buckets evenly, about one term each.
    buckets: Vec<u32>,
    /// How far a term is shifted right to give its bucket.
    shift: u32,
}

/// What is stored of the frequencies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Listed {
    n_articles: u32,
    /// Sorted.
    terms: Vec<u64>,
    counts: Vec<u32>,
}

impl From<Listed> for DocumentFrequencies {
    fn from(listed: Listed) -> Self {
        let bits = (listed.terms.len().max(2) as u64).ilog2() + 1;
        let shift = 64 - bits;
        let mut buckets = vec![0u32; (1 << bits) + 1];
        for term in &listed.terms {
            buckets[(term >> shift) as usize + 1] += 1;
        }
        for at in 1..buckets.len() {
            buckets[at] += buckets[at - 1];
        }
        DocumentFrequencies { listed, buckets, shift }
    }
}

impl From<DocumentFrequencies> for Listed {
    fn from(frequencies: DocumentFrequencies) -> Self {
        frequencies.listed
    }
}

/// Terms are counted part by part, by their upper bits, so that no more than a part stands in memory twice.
const PART_BITS: u32 = 4;

/// Counts the terms of one part that more than one article holds, in the memory of `all`.
fn count_part(articles: &[ArticleTerms], part: u64, all: &mut Vec<u64>) -> (Vec<u64>, Vec<u32>) {
    all.clear();
    for bag in articles.iter().flat_map(ArticleTerms::counted) {
        let part_of = |term: &TermCount| term.term >> (64 - PART_BITS);
        let behind = &bag[bag.partition_point(|term| part_of(term) < part)..];
        all.extend(behind.iter().take_while(|term| part_of(term) == part).map(|term| term.term));
    }
    all.sort_unstable();
    all.chunk_by(|a, b| a == b).filter(|run| run.len() > 1).map(|run| (run[0], run.len() as u32)).unzip()
}

impl DocumentFrequencies {
    /// Counts the terms of all articles.
    pub fn count(articles: &[ArticleTerms]) -> DocumentFrequencies {
        let parts: Vec<(Vec<u64>, Vec<u32>)> = (0..1 << PART_BITS)
            .into_par_iter()
            .map_init(Vec::new, |all, part| count_part(articles, part, all))
            .collect();
        let mut listed = Listed { n_articles: articles.len() as u32, ..Listed::default() };
        for (terms, counts) in parts {
            listed.terms.extend(terms);
            listed.counts.extend(counts);
        }
        listed.into()
    }

    /// Number of articles counted.
    pub fn n_articles(&self) -> u32 {
        self.listed.n_articles
    }

    /// The number of a term that more than one article holds: its place among these, in order of their
    /// hashes, from 0.
    pub fn find(&self, term: u64) -> Option<u32> {
        let bucket = (term >> self.shift.min(63)) as usize;
        let range = *self.buckets.get(bucket)? as usize..*self.buckets.get(bucket + 1)? as usize;
        let at = self.listed.terms[range.clone()].iter().position(|listed| *listed == term)?;
        Some((range.start + at) as u32)
    }

    /// Inverse document frequency of a term, in nats, at least 0: `-ln((K p + df) / (K + N))` with
    /// the background share `p` counted as `K` articles ([`BACKGROUND_ARTICLES`]); and its number where
    /// more than one article holds it. A term that is not listed counts as held by one.
    pub fn idf(&self, term: &TermCount) -> (f64, Option<u32>) {
        let number = self.find(term.term);
        let background = BACKGROUND_ARTICLES * Background::decode(term.background);
        let held = background + f64::from(number.map_or(1, |number| self.listed.counts[number as usize]));
        let idf = -(held / (BACKGROUND_ARTICLES + f64::from(self.n_articles()))).ln();
        (idf.max(0.0), number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_term_is_found(terms in prop::collection::btree_set(any::<u64>(), 0..400), other in any::<u64>()) {
            let terms: Vec<u64> = terms.into_iter().collect();
            let counts = (2..).take(terms.len()).collect();
            let table = DocumentFrequencies::from(Listed { n_articles: 9, terms: terms.clone(), counts });
            for (at, term) in terms.iter().enumerate() {
                prop_assert_eq!(table.find(*term), Some(at as u32));
            }
            prop_assert_eq!(table.find(other).is_some(), terms.contains(&other));
        }
    }
}
