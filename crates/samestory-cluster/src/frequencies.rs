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
pub struct DocumentFrequencies {
    n_articles: u32,
    terms: Vec<u64>,
    counts: Vec<u32>,
}

/// Entries that are compared one by one; terms are hashes, so their place can be guessed first.
const GUESS_WINDOW: usize = 64;

impl DocumentFrequencies {
    /// Counts the terms of all articles.
    pub fn count(articles: &[ArticleTerms]) -> DocumentFrequencies {
        let mut all: Vec<u64> = articles
            .par_iter()
            // Words of headline, lead and numbers are among `all`.
            .flat_map_iter(|terms| [&terms.all, &terms.pairs, &terms.names].into_iter().flatten().map(|term| term.term))
            .collect();
        all.par_sort_unstable();
        let mut frequencies = DocumentFrequencies { n_articles: articles.len() as u32, ..Self::default() };
        for run in all.chunk_by(|a, b| a == b).filter(|run| run.len() > 1) {
            frequencies.terms.push(run[0]);
            frequencies.counts.push(run.len() as u32);
        }
        frequencies
    }

    /// Number of articles counted.
    pub fn n_articles(&self) -> u32 {
        self.n_articles
    }

    /// Number of articles that hold the term; 1 stands for "at most one".
    pub fn of(&self, term: u64) -> u32 {
        self.position(term).map_or(1, |at| self.counts[at])
    }

    /// Whether more than one article holds the term.
    pub fn is_shared(&self, term: u64) -> bool {
        self.position(term).is_some()
    }

    /// Terms are evenly spread hashes, so a term stands near its share of the range: a short window
    /// there holds it, or else the side it must lie on is known.
    fn position(&self, term: u64) -> Option<usize> {
        let n = self.terms.len();
        let guess = ((u128::from(term) * n as u128) >> 64) as usize;
        let (mut low, mut high) = (guess.saturating_sub(GUESS_WINDOW), (guess + GUESS_WINDOW).min(n));
        while low > 0 && self.terms[low] > term {
            low = low.saturating_sub(GUESS_WINDOW * 8);
        }
        while high < n && self.terms[high - 1] < term {
            high = (high + GUESS_WINDOW * 8).min(n);
        }
        self.terms[low..high].binary_search(&term).ok().map(|at| low + at)
    }

    /// Inverse document frequency of a term, in nats, at least 0: `-ln((K p + df) / (K + N))` with
    /// the background share `p` counted as `K` articles ([`BACKGROUND_ARTICLES`]).
    pub fn idf(&self, term: &TermCount) -> f64 {
        let background = BACKGROUND_ARTICLES * Background::decode(term.background);
        let held = background + f64::from(self.of(term.term));
        (-(held / (BACKGROUND_ARTICLES + f64::from(self.n_articles))).ln()).max(0.0)
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
            let table = DocumentFrequencies { n_articles: 9, terms: terms.clone(), counts };
            for (at, term) in terms.iter().enumerate() {
                prop_assert_eq!(table.of(*term), at as u32 + 2);
            }
            prop_assert_eq!(table.is_shared(other), terms.contains(&other));
        }

        #[test]
        fn uneven_terms_are_found_too(terms in prop::collection::btree_set(0u64..5_000, 1..900)) {
            let terms: Vec<u64> = terms.into_iter().collect();
            let counts = (2..).take(terms.len()).collect();
            let table = DocumentFrequencies { n_articles: 9, terms: terms.clone(), counts };
            prop_assert!(terms.iter().all(|term| table.is_shared(*term)));
        }
    }
}
