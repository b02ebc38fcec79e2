//! Document frequencies: how many articles hold a term.

use std::io;

use rayon::prelude::*;
use samestory_spill::{Spill, Spilled};

use crate::background::Background;
use crate::terms::{ArticleTerms, TermCount};

/// The background counts as this many articles. The collection's own counts outweigh it once there
/// are more; with fewer, the background decides.
pub const BACKGROUND_ARTICLES: f64 = 500.0;

/// How many articles of a collection hold each term.
///
/// *Design.* Terms of one article only are not listed: such a term is in no pair. A collection that is fed
/// bit by bit remembers some of these beside ([`DocumentFrequencies::count_more`]), so that a second holder is
/// noticed; past [`MOST_SINGLES`] they are forgotten and begin anew, as in lossy counting (Manku and Motwani
/// 2002, section 4.2): a count may then be one too low.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DocumentFrequencies {
    n_articles: u32,
    /// Sorted.
    terms: Vec<u32>,
    counts: Vec<u32>,
    /// Position of the first term of each bucket; terms are hashes, so their upper bits fill the
    /// buckets evenly, about one term each.
    buckets: Vec<u32>,
    /// How far a term is shifted right to give its bucket.
    shift: u32,
    /// Articles that are counted beside the table, and their terms, each as often as articles hold it: none, or
    /// parts by upper bits, each sorted.
    n_beside: u32,
    beside: Vec<Vec<u32>>,
}

/// Terms of one article only that are remembered.
pub const MOST_SINGLES: usize = 4 << 20;

/// Terms are counted part by part, by their upper bits, so that no more than a part for each thread stands in memory.
const PART_BITS: u32 = 6;

fn part_of(term: u32) -> usize {
    (term >> (32 - PART_BITS)) as usize
}

/// Terms that are counted beside a table stand in parts of some dozen.
const BESIDE_BITS: u32 = 16;

/// Of so many terms it takes less time to look at all than to guess where to look.
const LOOKED_THROUGH: usize = 128;

/// How often a term is among some that are sorted.
fn times(term: u32, sorted: &[u32]) -> u32 {
    if sorted.len() <= LOOKED_THROUGH {
        return sorted.iter().map(|other| u32::from(*other == term)).sum();
    }
    let from = &sorted[sorted.partition_point(|other| *other < term)..];
    from.partition_point(|other| *other == term) as u32
}

fn part_beside(term: u32) -> usize {
    (term >> (32 - BESIDE_BITS)) as usize
}

/// The terms of one part, each once an article.
fn terms_of_part(articles: &[ArticleTerms], part: usize) -> Vec<u32> {
    let mut all = Vec::new();
    for bag in articles.iter().flat_map(ArticleTerms::counted) {
        let behind = &bag[bag.partition_point(|term| part_of(term.term) < part)..];
        all.extend(behind.iter().take_while(|term| part_of(term.term) == part).map(|term| term.term));
    }
    all
}

/// Puts sorted terms to sorted terms, without a second list of them all.
fn merge(sorted: &mut Vec<u32>, new: &[u32]) {
    let (mut old, mut rest) = (sorted.len(), new.len());
    sorted.reserve_exact(rest);
    sorted.resize(old + rest, 0);
    // From the end: what is written was read.
    while rest > 0 {
        let end = old + rest - 1;
        if old > 0 && sorted[old - 1] > new[rest - 1] {
            sorted[end] = sorted[old - 1];
            old -= 1;
        } else {
            sorted[end] = new[rest - 1];
            rest -= 1;
        }
    }
}

/// Counts terms in any order: what more than one article holds, and the rest.
fn count(mut all: Vec<u32>) -> Counted {
    all.sort_unstable();
    let mut counted = Counted::default();
    for run in all.chunk_by(|a, b| a == b) {
        counted.add(run[0], run.len() as u32);
    }
    counted
}

/// Counts the terms of articles of which only some are in memory at a time: the terms stand in a spill until all are
/// there.
#[derive(Debug)]
pub struct TermCounter {
    n_articles: u32,
    /// For each part where its terms are.
    parts: Vec<Vec<Spilled>>,
    spill: Spill,
}

impl TermCounter {
    /// Nothing is counted yet; the spill is empty.
    pub fn new(spill: Spill) -> TermCounter {
        TermCounter { n_articles: 0, parts: vec![Vec::new(); 1 << PART_BITS], spill }
    }

    /// Counts some articles.
    pub fn add(&mut self, articles: &[ArticleTerms]) {
        self.n_articles += articles.len() as u32;
        let parts: Vec<Vec<u32>> =
            (0..1 << PART_BITS).into_par_iter().map(|part| terms_of_part(articles, part)).collect();
        for (kept, terms) in self.parts.iter_mut().zip(parts) {
            kept.push(self.spill.keep(bytemuck::cast_slice(&terms)));
        }
    }

    /// The frequencies of all terms; and the terms that one article only holds, sorted.
    ///
    /// # Errors
    ///
    /// If the spill cannot be sealed.
    pub fn finish(self) -> io::Result<(DocumentFrequencies, Vec<u32>)> {
        let sealed = self.spill.seal()?;
        let count_part = |kept: &Vec<Spilled>| {
            let mut all: Vec<u32> = Vec::with_capacity(kept.iter().map(|kept| sealed.get(*kept).len() / 4).sum());
            for kept in kept {
                all.extend(sealed.get(*kept).as_chunks().0.iter().map(|bytes| u32::from_ne_bytes(*bytes)));
            }
            count(all)
        };
        Ok(DocumentFrequencies::of_parts(self.n_articles, self.parts.par_iter().map(count_part).collect()))
    }
}

/// Terms with the number of articles that hold them, in order.
#[derive(Default)]
struct Counted {
    terms: Vec<u32>,
    counts: Vec<u32>,
    singles: Vec<u32>,
}

impl Counted {
    fn add(&mut self, term: u32, count: u32) {
        match count {
            0 => (),
            1 => self.singles.push(term),
            _ => {
                self.terms.push(term);
                self.counts.push(count);
            }
        }
    }
}

impl DocumentFrequencies {
    /// Counts the terms of all articles.
    pub fn count(articles: &[ArticleTerms]) -> DocumentFrequencies {
        Self::count_all(articles).0
    }

    /// As [`count`](Self::count); and the terms that one article only holds, sorted.
    fn count_all(articles: &[ArticleTerms]) -> (DocumentFrequencies, Vec<u32>) {
        let count_part = |part| count(terms_of_part(articles, part));
        Self::of_parts(articles.len() as u32, (0..1 << PART_BITS).into_par_iter().map(count_part).collect())
    }

    /// A table from its parts, in order.
    fn of_parts(n_articles: u32, parts: Vec<Counted>) -> (DocumentFrequencies, Vec<u32>) {
        let mut all = Counted::default();
        for mut part in parts {
            all.terms.append(&mut part.terms);
            all.counts.append(&mut part.counts);
            all.singles.append(&mut part.singles);
        }
        (Self::of(n_articles, all.terms, all.counts), all.singles)
    }

    /// A table that counts more articles: `occurrences` are their terms, each once an article, in any order, those
    /// counted beside the table included; `singles` the terms of one article only that are remembered, sorted.
    pub fn count_more(&self, n_articles: u32, mut occurrences: Vec<u32>, singles: &[u32]) -> (Self, Vec<u32>) {
        occurrences.par_sort_unstable();
        let mut all = Counted::default();
        let mut listed = self.terms.iter().copied().zip(self.counts.iter().copied()).peekable();
        let mut old = singles.iter().copied().peekable();
        for run in occurrences.chunk_by(|a, b| a == b) {
            let term = run[0];
            while let Some((term, count)) = listed.next_if(|(listed, _)| *listed < term) {
                all.add(term, count);
            }
            while let Some(single) = old.next_if(|single| *single < term) {
                all.add(single, 1);
            }
            let before = listed.next_if(|(listed, _)| *listed == term).map_or(0, |(_, count)| count);
            let single = old.next_if(|single| *single == term).map_or(0, |_| 1);
            all.add(term, before + single + run.len() as u32);
        }
        listed.for_each(|(term, count)| all.add(term, count));
        if all.singles.len() + old.len() > MOST_SINGLES {
            all.singles.clear();
        } else {
            all.singles.extend(old);
        }
        (Self::of(self.n_articles + n_articles, all.terms, all.counts), all.singles)
    }

    fn of(n_articles: u32, terms: Vec<u32>, counts: Vec<u32>) -> Self {
        let bits = (terms.len().max(2) as u32).ilog2() + 1;
        let shift = 32 - bits;
        let mut buckets = vec![0u32; (1 << bits) + 1];
        for term in &terms {
            buckets[(term >> shift) as usize + 1] += 1;
        }
        for at in 1..buckets.len() {
            buckets[at] += buckets[at - 1];
        }
        DocumentFrequencies { n_articles, terms, counts, buckets, shift, ..Self::default() }
    }

    /// Counts a few more articles beside the table, at once; `occurrences` are their terms, each once an article.
    /// [`count_more`](Self::count_more) puts them into the table.
    pub fn count_beside(&mut self, n_articles: u32, occurrences: &[u32]) {
        self.n_beside += n_articles;
        self.beside.resize_with(1 << BESIDE_BITS, Vec::new);
        let mut new = occurrences.to_vec();
        new.sort_unstable();
        for of_part in new.chunk_by(|a, b| part_beside(*a) == part_beside(*b)) {
            merge(&mut self.beside[part_beside(of_part[0])], of_part);
        }
    }

    /// Articles that are counted beside the table.
    pub fn n_beside(&self) -> u32 {
        self.n_beside
    }

    /// The table as bytes: number of articles, number of terms, terms, counts; 32-bit little-endian. What is counted
    /// beside it is not in them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [self.n_articles, self.terms.len() as u32];
        head.iter().chain(&self.terms).chain(&self.counts).flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made; `None` if it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<4>() else { return None };
        let mut numbers = numbers.iter().map(|number| u32::from_le_bytes(*number));
        let (n_articles, n_terms) = (numbers.next()?, numbers.next()? as usize);
        if numbers.len() != n_terms.checked_mul(2)? {
            return None;
        }
        let terms: Vec<u32> = numbers.by_ref().take(n_terms).collect();
        let counts: Vec<u32> = numbers.collect();
        terms.is_sorted_by(|a, b| a < b).then(|| Self::of(n_articles, terms, counts))
    }

    /// Number of articles counted.
    pub fn n_articles(&self) -> u32 {
        self.n_articles + self.n_beside
    }

    /// How many articles hold a term that more than one holds. One in the table and one beside it are taken for one,
    /// until there is a new table.
    pub fn held_by(&self, term: u32) -> Option<u32> {
        let beside = self.beside.get(part_beside(term)).map_or(0, |part| times(term, part));
        match self.listed(term) {
            Some(count) => Some(count + beside),
            None => (beside > 1).then_some(beside),
        }
    }

    fn listed(&self, term: u32) -> Option<u32> {
        self.place(term).map(|place| self.counts[place as usize])
    }

    /// Where a term stands in the table: a shorter name of it, in the same order.
    pub fn place(&self, term: u32) -> Option<u32> {
        let bucket = term.checked_shr(self.shift)? as usize;
        let range = *self.buckets.get(bucket)? as usize..*self.buckets.get(bucket + 1)? as usize;
        let at = self.terms[range.clone()].iter().position(|listed| *listed == term)?;
        Some((range.start + at) as u32)
    }

    /// Inverse document frequency of a term, in nats, at least 0: `-ln((K p + df) / (K + N))` with
    /// the background share `p` counted as `K` articles ([`BACKGROUND_ARTICLES`]); and whether
    /// more than one article holds it. A term that is not listed counts as held by one.
    pub fn idf(&self, term: &TermCount) -> (f64, bool) {
        let held_by = self.held_by(term.term);
        let background = BACKGROUND_ARTICLES * Background::decode(term.background);
        let held = background + f64::from(held_by.unwrap_or(1));
        let idf = -(held / (BACKGROUND_ARTICLES + f64::from(self.n_articles()))).ln();
        (idf.max(0.0), held_by.is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn terms_of(list: &[u32]) -> ArticleTerms {
        let term = |term: &u32| TermCount { term: *term, count: 1, background: 0 };
        ArticleTerms { all: list.iter().map(term).collect(), ..ArticleTerms::default() }
    }

    proptest! {
        #[test]
        fn every_term_is_found(terms in prop::collection::btree_set(any::<u32>(), 0..400), other in any::<u32>()) {
            let terms: Vec<u32> = terms.into_iter().collect();
            let counts: Vec<u32> = (2..).take(terms.len()).collect();
            let table = DocumentFrequencies::of(9, terms.clone(), counts.clone());
            for (term, count) in terms.iter().zip(&counts) {
                prop_assert_eq!(table.held_by(*term), Some(*count));
            }
            prop_assert_eq!(table.held_by(other).is_some(), terms.contains(&other));
            prop_assert_eq!(DocumentFrequencies::from_bytes(&table.to_bytes()), Some(table));
        }

        #[test]
        fn counting_bit_by_bit_is_counting_at_once(
            articles in prop::collection::vec(prop::collection::btree_set(0u32..60, 0..20), 0..12),
            first in 0usize..12,
        ) {
            // Over all parts.
            const APART: u32 = u32::MAX / 60;
            let spread = |terms: BTreeSet<u32>| terms.into_iter().map(|term| term * APART).collect();
            let articles: Vec<Vec<u32>> = articles.into_iter().map(spread).collect();
            let terms: Vec<ArticleTerms> = articles.iter().map(|list| terms_of(list)).collect();
            let first = first.min(terms.len());
            let (before, singles) = DocumentFrequencies::count_all(&terms[..first]);
            let rest: Vec<u32> = articles[first..].concat();
            let whole = DocumentFrequencies::count_all(&terms);
            let mut beside = before.clone();
            articles[first..].iter().for_each(|terms| beside.count_beside(1, terms));
            prop_assert_eq!(beside.n_articles(), whole.0.n_articles());
            for term in (0..60).map(|term| term * APART).filter(|term| singles.binary_search(term).is_err()) {
                prop_assert_eq!(beside.held_by(term), whole.0.held_by(term));
            }
            let mut counter = TermCounter::new(Spill::holding(0));
            counter.add(&terms[..first]);
            counter.add(&terms[first..]);
            prop_assert_eq!(&counter.finish().unwrap(), &whole);
            let more = beside.count_more((terms.len() - first) as u32, rest, &singles);
            prop_assert_eq!(more, whole);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = DocumentFrequencies::from_bytes(&bytes);
        }
    }
}
