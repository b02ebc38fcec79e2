//! Weighted terms: what cosines are taken of.
//!
//! *Design.* An article is held against some hundred others, most of which the processor has to fetch from
//! memory. So all its terms stand in one list, bag after bag, and all its weights in another, in 16 bits
//! each: about 8 KB an article of average length. As bytes they are read in place, so that those of many articles
//! may stand in a [spill](samestory_spill).

use std::borrow::Cow;
use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use samestory_article::Article;
use samestory_spill::SealedList;

use crate::frequencies::DocumentFrequencies;
use crate::terms::{ArticleTerms, Quantity, TermCount};

/// A kind of terms of an article. The terms of the first five are all different; those of the last three
/// are among the words and the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bag {
    /// Words of headline and body.
    Words,
    /// Pairs of words.
    Pairs,
    /// Names. Empty where words stand for names, as the next is.
    Names,
    /// Sounds of the names' words.
    Sounds,
    /// Days the text names.
    Days,
    /// Words of headline and lead.
    Lead,
    /// Numbers.
    Numbers,
    /// Names of headline and lead.
    LeadNames,
}

/// Number of kinds.
const N_BAGS: usize = 8;

/// Bytes before the terms.
const HEAD_BYTES: usize = 4 * (N_BAGS + 4) + 8 * 4;

/// Kinds whose terms are not among those of another.
const N_OWN_BAGS: usize = 5;

/// What a term weighs in its bag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TermWeight {
    weight: u16,
    beside: u16,
}

/// Steps of a weight: 1 is the length of a whole vector.
const WEIGHT_STEPS: f64 = 65_535.0;

/// Steps of a rarity, a nat each.
const RARITY_STEPS: f64 = 4_096.0;

impl TermWeight {
    fn of_weights(weight: f64, headline: f64) -> TermWeight {
        // What is there weighs something.
        let steps = |weight: f64| if weight > 0.0 { (weight * WEIGHT_STEPS).round().max(1.0) as u16 } else { 0 };
        TermWeight { weight: steps(weight), beside: steps(headline) }
    }

    fn of_rarity(weight: f64, rarity: f64) -> TermWeight {
        TermWeight { beside: (rarity * RARITY_STEPS).round() as u16, ..TermWeight::of_weights(weight, 0.0) }
    }

    /// Part of a vector of length 1, above 0 and at most 1.
    pub fn weight(self) -> f64 {
        f64::from(self.weight) / WEIGHT_STEPS
    }

    /// Of a term of the lead: part of the headline's vector of length 1, 0 to 1.
    pub fn headline(self) -> f64 {
        f64::from(self.beside) / WEIGHT_STEPS
    }

    /// Of a word or a pair of words: its idf above the common, in nats, 0 to 16.
    pub fn rarity(self) -> f64 {
        f64::from(self.beside) / RARITY_STEPS
    }
}

/// All vectors of an article, and what else a pair is judged by. Each bag is a sparse vector of length 1, or
/// empty. Of articles that are weighed together, terms that no other holds count in the length but are not kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArticleVectors<'a> {
    terms: Cow<'a, [u32]>,
    weights: Cow<'a, [TermWeight]>,
    /// Where each bag ends.
    ends: [u32; N_BAGS],
    /// Words stand for names and their sounds.
    pub names_are_words: bool,
    /// Rarity of all words, those that no other article holds included, in nats.
    pub word_rarity: f64,
    /// The same of all pairs of words.
    pub pair_rarity: f64,
    /// Numbers with the word behind each, sorted.
    pub quantities: Cow<'a, [Quantity]>,
    /// How many different numbers there are.
    pub n_numbers: u32,
    /// XXH3-64 of the outlet's name in lower case.
    pub outlet: Option<u64>,
    /// Seconds since 1970, UTC.
    pub time: Option<i64>,
    /// Words of the body.
    pub body_words: u32,
}

impl<'a> ArticleVectors<'a> {
    /// Weighs the terms of an article: each `(1 + ln count) * idf`, scaled to length 1 in its bag. Terms that no
    /// other of the counted articles holds are not kept.
    pub fn weigh(
        terms: &ArticleTerms,
        frequencies: &DocumentFrequencies,
        article: &Article,
    ) -> ArticleVectors<'static> {
        let (whole, shared) = Self::weigh_whole(terms, frequencies, article);
        whole.shared_only(&shared)
    }

    /// As [`weigh`](Self::weigh), for an article that others will be held against which are not counted yet: all
    /// terms are kept, and beside them is told which of them others hold.
    pub fn weigh_whole(
        terms: &ArticleTerms,
        frequencies: &DocumentFrequencies,
        article: &Article,
    ) -> (ArticleVectors<'static>, Vec<bool>) {
        let mut vectors = ArticleVectors::<'static> {
            names_are_words: terms.names_are_words,
            n_numbers: terms.numbers.len() as u32,
            outlet: outlet_hash(article),
            quantities: Cow::Owned(terms.quantities.clone()),
            time: article.time.map(|time| time.seconds),
            body_words: terms.body_words,
            ..ArticleVectors::default()
        };
        let words = weigh(&terms.all, frequencies);
        let pairs = weigh(&terms.pairs, frequencies);
        vectors.word_rarity = words.iter().map(WeighedTerm::rarity).sum();
        vectors.pair_rarity = pairs.iter().map(WeighedTerm::rarity).sum();
        let [names, sounds]: [&[TermCount]; 2] = match terms.names_are_words {
            true => [&[], &[]],
            false => [&terms.names, &terms.sounds],
        };
        let names = weigh(names, frequencies);
        let lead = weigh_part(&terms.lead, &words);
        let n_terms = words.len() + pairs.len();
        let mut list = List {
            terms: Vec::with_capacity(n_terms),
            weights: Vec::with_capacity(n_terms),
            shared: Vec::with_capacity(n_terms),
        };
        let rare = |term: &WeighedTerm, length: f64| TermWeight::of_rarity(term.weight / length, term.rarity());
        let plain = |term: &WeighedTerm, length: f64| TermWeight::of_weights(term.weight / length, 0.0);
        let headline = weigh_part(&terms.headline, &lead);
        let headline_length = length(&headline);
        let mut of_headline = headline.iter().peekable();
        let both = |term: &WeighedTerm, length: f64| {
            let in_headline = of_headline.next_if(|held| held.term == term.term);
            let weight = in_headline.map_or(0.0, |held| held.weight / headline_length);
            TermWeight::of_weights(term.weight / length, weight)
        };
        vectors.ends = [
            list.append(&words, rare),
            list.append(&pairs, rare),
            list.append(&names, plain),
            list.append(&weigh(sounds, frequencies), plain),
            list.append(&weigh(&terms.days, frequencies), plain),
            list.append(&lead, both),
            list.append(&weigh_part(&terms.numbers, &words), plain),
            list.append(&weigh_part(&terms.lead_names, &names), plain),
        ];
        list.terms.shrink_to_fit();
        list.weights.shrink_to_fit();
        vectors.terms = Cow::Owned(list.terms);
        vectors.weights = Cow::Owned(list.weights);
        (vectors, list.shared)
    }

    /// The same vectors with those terms only that are marked.
    pub fn shared_only(&self, shared: &[bool]) -> ArticleVectors<'static> {
        let kept = |at: &usize| shared[*at];
        let mut ends = [0; N_BAGS];
        let mut end = 0;
        let mut from = 0;
        for (new_end, old_end) in ends.iter_mut().zip(self.ends) {
            end += (from..old_end as usize).filter(kept).count() as u32;
            *new_end = end;
            from = old_end as usize;
        }
        let positions = || (0..self.terms.len()).filter(kept);
        ArticleVectors {
            terms: positions().map(|at| self.terms[at]).collect(),
            weights: positions().map(|at| self.weights[at]).collect(),
            ends,
            quantities: Cow::Owned(self.quantities.to_vec()),
            ..*self
        }
    }

    /// The vectors as bytes, all numbers little-endian: the ends of the bags, the numbers of quantities, of
    /// different numbers and of words, and flags (32 bits each); the rarities of words and pairs, outlet and
    /// time (64 bits each); then terms (32 bits), weights (two of 16) and quantities (two of 32).
    pub fn to_bytes(&self) -> Vec<u8> {
        let flags = u32::from(self.names_are_words)
            | u32::from(self.outlet.is_some()) << 1
            | u32::from(self.time.is_some()) << 2;
        let mut bytes = Vec::with_capacity(HEAD_BYTES + 8 * (self.terms.len() + self.quantities.len()));
        let mut small = |number: u32| bytes.extend(number.to_le_bytes());
        self.ends.iter().for_each(|end| small(*end));
        [self.quantities.len() as u32, self.n_numbers, self.body_words, flags].into_iter().for_each(&mut small);
        bytes.extend(self.word_rarity.to_le_bytes());
        bytes.extend(self.pair_rarity.to_le_bytes());
        bytes.extend(self.outlet.unwrap_or(0).to_le_bytes());
        bytes.extend(self.time.unwrap_or(0).to_le_bytes());
        self.terms.iter().for_each(|term| bytes.extend(term.to_le_bytes()));
        for weight in self.weights.iter() {
            bytes.extend(weight.weight.to_le_bytes());
            bytes.extend(weight.beside.to_le_bytes());
        }
        self.quantities.as_flattened().iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made, in place where the machine has its numbers in that order and they
    /// begin at a multiple of four bytes; `None` if it is something else.
    pub fn from_bytes(bytes: &'a [u8]) -> Option<ArticleVectors<'a>> {
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
        let small = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| head[4 * at + byte]));
        let large = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| head[4 * (N_BAGS + 4) + 8 * at + byte]));
        let ends: [u32; N_BAGS] = std::array::from_fn(small);
        let n_terms = *ends.last()? as usize;
        let (n_quantities, flags) = (small(N_BAGS) as usize, small(N_BAGS + 3));
        let whole = n_terms.checked_add(n_quantities)?.checked_mul(8)? == rest.len();
        if !whole || !ends.is_sorted() {
            return None;
        }
        let (terms, rest) = rest.split_at(4 * n_terms);
        let (weights, quantities) = rest.split_at(4 * n_terms);
        Some(ArticleVectors {
            terms: in_place(terms, u32::from_le_bytes),
            weights: in_place(weights, |[a, b, c, d]| TermWeight {
                weight: u16::from_le_bytes([a, b]),
                beside: u16::from_le_bytes([c, d]),
            }),
            ends,
            names_are_words: flags & 1 != 0,
            word_rarity: f64::from_bits(large(0)),
            pair_rarity: f64::from_bits(large(1)),
            quantities: match in_place(quantities, u32::from_le_bytes) {
                Cow::Borrowed(numbers) => Cow::Borrowed(numbers.as_chunks().0),
                Cow::Owned(numbers) => Cow::Owned(numbers.as_chunks().0.to_vec()),
            },
            n_numbers: small(N_BAGS + 1),
            outlet: (flags & 2 != 0).then(|| large(2)),
            time: (flags & 4 != 0).then(|| large(3) as i64),
            body_words: small(N_BAGS + 2),
        })
    }

    /// The same vectors, which are only read.
    pub fn borrowed(&self) -> ArticleVectors<'_> {
        ArticleVectors {
            terms: Cow::Borrowed(&self.terms),
            weights: Cow::Borrowed(&self.weights),
            quantities: Cow::Borrowed(&self.quantities),
            ..*self
        }
    }

    /// Where the terms of a bag stand among [all](Self::terms).
    pub fn range(&self, bag: Bag) -> Range<usize> {
        let start = (bag as usize).checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[bag as usize] as usize
    }

    /// The terms of all bags in the order of [`Bag`], each rising.
    pub fn terms(&self) -> &[u32] {
        &self.terms
    }

    /// The terms of the bags that are not part of another: the first of [all](Self::terms), all different.
    pub fn own_terms(&self) -> &[u32] {
        &self.terms[..self.ends[N_OWN_BAGS - 1] as usize]
    }

    /// What the [terms](Self::terms) weigh.
    pub fn weights(&self) -> &[TermWeight] {
        &self.weights
    }

    /// The terms of a bag with their weights.
    pub fn bag(&self, bag: Bag) -> impl Iterator<Item = (u32, TermWeight)> + '_ {
        let range = self.range(bag);
        self.terms[range.clone()].iter().copied().zip(self.weights[range].iter().copied())
    }
}

/// Numbers of four bytes, where they stand if that can be.
fn in_place<T: Pod>(bytes: &[u8], number: impl Fn([u8; 4]) -> T) -> Cow<'_, [T]> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(numbers) if cfg!(target_endian = "little") => Cow::Borrowed(numbers),
        _ => Cow::Owned(bytes.as_chunks().0.iter().map(|bytes| number(*bytes)).collect()),
    }
}

/// Vectors of articles that are named by number.
pub trait VectorSource: Sync {
    /// How many articles there are.
    fn n_articles(&self) -> usize;

    /// The vectors of one of them.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    fn vectors(&self, number: usize) -> ArticleVectors<'_>;
}

impl VectorSource for [ArticleVectors<'_>] {
    fn n_articles(&self) -> usize {
        self.len()
    }

    fn vectors(&self, number: usize) -> ArticleVectors<'_> {
        self[number].borrowed()
    }
}

/// Vectors that are read where they were kept, as [bytes](ArticleVectors::to_bytes).
#[derive(Debug)]
pub struct SpilledVectors(pub SealedList);

impl VectorSource for SpilledVectors {
    fn n_articles(&self) -> usize {
        self.0.len()
    }

    /// # Panics
    ///
    /// If something else was kept, too.
    fn vectors(&self, number: usize) -> ArticleVectors<'_> {
        let Some(vectors) = ArticleVectors::from_bytes(self.0.get(number)) else {
            panic!("what was kept as number {number} are no vectors");
        };
        vectors
    }
}

/// XXH3-64 of the name of an article's outlet in lower case.
pub fn outlet_hash(article: &Article) -> Option<u64> {
    article.outlet.as_ref().map(|outlet| xxhash_rust::xxh3::xxh3_64(outlet.to_lowercase().as_bytes()))
}

/// Terms and weights of several bags.
struct List {
    terms: Vec<u32>,
    weights: Vec<TermWeight>,
    /// Whether other articles hold the term.
    shared: Vec<bool>,
}

impl List {
    /// Appends what is kept of a bag and tells where it ends.
    fn append(&mut self, bag: &[WeighedTerm], mut weight: impl FnMut(&WeighedTerm, f64) -> TermWeight) -> u32 {
        let length = length(bag);
        for term in bag {
            let weight = weight(term, length);
            if term.weight > 0.0 {
                self.terms.push(term.term);
                self.weights.push(weight);
                self.shared.push(term.shared);
            }
        }
        self.terms.len() as u32
    }
}

/// Terms of a lower idf, in nats, are common: more than one article in seven holds them.
const COMMON_IDF: f64 = 2.0;

/// A term of a bag with its weight, `(1 + ln count) * idf`.
#[derive(Clone, Copy)]
struct WeighedTerm {
    term: u32,
    /// Whether other articles hold it.
    shared: bool,
    idf: f64,
    weight: f64,
}

impl WeighedTerm {
    fn rarity(&self) -> f64 {
        (self.idf - COMMON_IDF).max(0.0)
    }
}

fn weight(count: u16, idf: f64) -> f64 {
    match count {
        1 => idf,
        _ => (1.0 + f64::from(count).ln()) * idf,
    }
}

fn length(terms: &[WeighedTerm]) -> f64 {
    terms.iter().map(|term| term.weight * term.weight).sum::<f64>().sqrt()
}

fn weigh(bag: &[TermCount], frequencies: &DocumentFrequencies) -> Vec<WeighedTerm> {
    let weighed = |term: &TermCount| {
        let (idf, shared) = frequencies.idf(term);
        WeighedTerm { term: term.term, shared, idf, weight: weight(term.count, idf) }
    };
    bag.iter().map(weighed).collect()
}

/// Weighs a bag whose terms are all among those of a larger one, which has looked them up.
fn weigh_part(bag: &[TermCount], whole: &[WeighedTerm]) -> Vec<WeighedTerm> {
    let mut rest = whole.iter().peekable();
    let weighed = |term: &TermCount| {
        while rest.next_if(|held| held.term < term.term).is_some() {}
        let held = rest.peek().filter(|held| held.term == term.term)?;
        Some(WeighedTerm { weight: weight(term.count, held.idf), ..**held })
    };
    bag.iter().filter_map(weighed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_hold_the_vectors() {
        let mut article = Article::new("a".into());
        article.outlet = Some("Harbour Courier".into());
        article.headline = "Ferry Aurelia runs aground".into();
        article.text = "All 212 passengers of the Aurelia were taken ashore at Saint Orla on Tuesday.".into();
        let terms = ArticleTerms::of(&article);
        let (vectors, shared) = ArticleVectors::weigh_whole(&terms, &DocumentFrequencies::default(), &article);
        assert!(vectors.shared_only(&shared).terms().is_empty());
        assert!(vectors.terms().len() > 20);
        let bytes = vectors.to_bytes();
        assert_eq!(ArticleVectors::from_bytes(&bytes), Some(vectors));
        for end in 0..bytes.len() {
            assert_eq!(ArticleVectors::from_bytes(&bytes[..end]), None);
        }
    }
}
