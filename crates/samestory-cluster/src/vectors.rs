//! Weighted terms: what cosines are taken of.

use crate::frequencies::DocumentFrequencies;
use crate::terms::{ArticleTerms, TermCount};

/// A sparse vector of length 1, or empty. Terms that no other article holds count in the length but
/// are not kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseVector {
    terms: Box<[u64]>,
    weights: Box<[f32]>,
}

impl SparseVector {
    /// Weighs a bag by `(1 + ln count) * idf` and scales it to length 1.
    pub fn weigh(bag: &[TermCount], frequencies: &DocumentFrequencies) -> SparseVector {
        let weight = |term: &TermCount| {
            let (idf, shared) = frequencies.idf(term);
            ((1.0 + f64::from(term.count).ln()) * idf, shared)
        };
        let weights: Vec<(f64, bool)> = bag.iter().map(weight).collect();
        let length = weights.iter().map(|(weight, _)| weight * weight).sum::<f64>().sqrt();
        if length == 0.0 {
            return SparseVector::default();
        }
        let kept = bag.iter().zip(&weights).filter(|(_, (weight, shared))| *shared && *weight > 0.0);
        let (terms, weights): (Vec<u64>, Vec<f32>) =
            kept.map(|(term, (weight, _))| (term.term, (weight / length) as f32)).unzip();
        SparseVector { terms: terms.into(), weights: weights.into() }
    }

    /// The cosine of two vectors, from 0 to 1.
    pub fn cosine(&self, other: &SparseVector) -> f64 {
        let mut sum = 0.0;
        let (mut i, mut j) = (0, 0);
        while i < self.terms.len() && j < other.terms.len() {
            let (a, b) = (self.terms[i], other.terms[j]);
            if a == b {
                sum += f64::from(self.weights[i]) * f64::from(other.weights[j]);
            }
            i += usize::from(a <= b);
            j += usize::from(b <= a);
        }
        sum.min(1.0)
    }

    /// Terms with their weights, by term.
    pub fn iter(&self) -> impl Iterator<Item = (u64, f32)> + '_ {
        self.terms.iter().copied().zip(self.weights.iter().copied())
    }

    /// The terms of the largest weights, heaviest first.
    pub fn heaviest(&self, n: usize) -> Vec<(u64, f32)> {
        let mut terms: Vec<(u64, f32)> = self.iter().collect();
        let order = |a: &(u64, f32), b: &(u64, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if terms.len() > n && n > 0 {
            terms.select_nth_unstable_by(n - 1, order);
            terms.truncate(n);
        }
        terms.sort_unstable_by(order);
        terms
    }
}

/// The words of an article that are not common, by how rare they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RareWords {
    terms: Box<[u64]>,
    rarity: Box<[f32]>,
    total: f64,
}

/// Words of a lower idf, in nats, are common: more than one article in seven holds them.
const COMMON_IDF: f64 = 2.0;

impl RareWords {
    fn weigh(bag: &[TermCount], frequencies: &DocumentFrequencies) -> RareWords {
        let rare: Vec<(u64, f64, bool)> = bag
            .iter()
            .map(|term| {
                let (idf, shared) = frequencies.idf(term);
                (term.term, idf - COMMON_IDF, shared)
            })
            .filter(|(_, rarity, _)| *rarity > 0.0)
            .collect();
        let total = rare.iter().map(|(_, rarity, _)| rarity).sum();
        let shared = rare.into_iter().filter(|(.., shared)| *shared);
        let (terms, rarity): (Vec<u64>, Vec<f32>) = shared.map(|(term, rarity, _)| (term, rarity as f32)).unzip();
        RareWords { terms: terms.into(), rarity: rarity.into(), total }
    }

    /// Rarity, in nats above the common, of the words both hold beside the rarest of them.
    pub fn shared_beside_rarest(&self, other: &RareWords) -> f64 {
        let shared = self.terms.iter().zip(&self.rarity).filter(|(term, _)| other.terms.binary_search(term).is_ok());
        let (sum, rarest) = shared.fold((0.0, 0.0f64), |(sum, rarest), (_, rarity)| {
            let rarity = f64::from(*rarity);
            (sum + rarity, rarest.max(rarity))
        });
        sum - rarest
    }

    /// Containment by rarity: the shared words' part of those of the poorer article, from 0 to 1.
    pub fn share_with(&self, other: &RareWords) -> f64 {
        let mut shared = 0.0;
        let (mut i, mut j) = (0, 0);
        while i < self.terms.len() && j < other.terms.len() {
            let (a, b) = (self.terms[i], other.terms[j]);
            if a == b {
                shared += f64::from(self.rarity[i].min(other.rarity[j]));
            }
            i += usize::from(a <= b);
            j += usize::from(b <= a);
        }
        let least = self.total.min(other.total);
        if least > 0.0 { (shared / least).min(1.0) } else { 0.0 }
    }
}

/// All vectors of an article, and what else a pair is judged by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArticleVectors {
    /// Words of headline and body.
    pub all: SparseVector,
    /// Words of the headline.
    pub headline: SparseVector,
    /// Words of the lead.
    pub lead: SparseVector,
    /// Pairs of words.
    pub pairs: SparseVector,
    /// Names.
    pub names: SparseVector,
    /// Numbers.
    pub numbers: SparseVector,
    /// The rarer words, each once.
    pub rare: RareWords,
    /// How many different numbers there are.
    pub n_numbers: u32,
    /// XXH3-64 of the outlet's name in lower case.
    pub outlet: Option<u64>,
    /// Seconds since 1970, UTC.
    pub time: Option<i64>,
    /// Words of the body.
    pub body_words: u32,
}

impl ArticleVectors {
    /// Weighs the terms of an article.
    pub fn weigh(
        terms: &ArticleTerms,
        frequencies: &DocumentFrequencies,
        article: &samestory_article::Article,
    ) -> ArticleVectors {
        let vector = |bag: &[TermCount]| SparseVector::weigh(bag, frequencies);
        ArticleVectors {
            all: vector(&terms.all),
            headline: vector(&terms.headline),
            lead: vector(&terms.lead),
            pairs: vector(&terms.pairs),
            names: vector(&terms.names),
            numbers: vector(&terms.numbers),
            n_numbers: terms.numbers.len() as u32,
            outlet: article.outlet.as_ref().map(|outlet| xxhash_rust::xxh3::xxh3_64(outlet.to_lowercase().as_bytes())),
            rare: RareWords::weigh(&terms.all, frequencies),
            time: article.time.map(|time| time.seconds),
            body_words: terms.body_words,
        }
    }
}
