//! Weighted terms: what cosines are taken of.

use crate::frequencies::DocumentFrequencies;
use crate::terms::{ArticleTerms, Quantity, TermCount};

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

    /// Part of this vector's squared length that lies in terms of the other, 0 to 1.
    pub fn contained_in(&self, other: &SparseVector) -> f64 {
        let (mut sum, mut j) = (0.0, 0);
        for (term, weight) in self.iter() {
            j += other.terms[j..].partition_point(|at| *at < term);
            if other.terms.get(j) == Some(&term) {
                sum += f64::from(weight) * f64::from(weight);
            }
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

/// Terms of a lower idf, in nats, are common: more than one article in seven holds them.
const COMMON_IDF: f64 = 2.0;

/// A [`SparseVector`] that also knows how rare each term is: its idf in nats above the common, or 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RareVector {
    vector: SparseVector,
    /// Rarity of each term of the vector.
    rarity: Box<[f32]>,
    /// Rarity of all terms of the bag, those that no other article holds included.
    total: f64,
}

/// What two vectors with rarities share.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Meeting {
    /// Cosine, 0 to 1.
    pub cosine: f64,
    /// Part of the first vector's squared length that lies in shared terms, 0 to 1.
    pub of_first: f64,
    /// Part of the second's.
    pub of_second: f64,
    /// Rarity of the shared terms together, in nats.
    pub rarity: f64,
    /// Rarity of the three rarest shared terms, rarest first, in nats.
    pub rarest: [f64; 3],
    /// Containment by rarity: the shared terms' part of those of the poorer side, 0 to 1.
    pub rarity_share: f64,
}

impl RareVector {
    fn weigh(bag: &[TermCount], frequencies: &DocumentFrequencies) -> RareVector {
        let rarity_of = |term: &TermCount| {
            let (idf, shared) = frequencies.idf(term);
            ((idf - COMMON_IDF).max(0.0), shared && idf > 0.0)
        };
        let rarity: Vec<(f64, bool)> = bag.iter().map(rarity_of).collect();
        let total = rarity.iter().map(|(rarity, _)| rarity).sum();
        let rarity = rarity.into_iter().filter(|(_, kept)| *kept).map(|(rarity, _)| rarity as f32).collect();
        RareVector { vector: SparseVector::weigh(bag, frequencies), rarity, total }
    }

    /// The vector.
    pub fn vector(&self) -> &SparseVector {
        &self.vector
    }

    /// Rarity of all its terms together, in nats.
    pub fn total_rarity(&self) -> f64 {
        self.total
    }

    /// What both share, in one pass over the terms of both.
    pub fn meet(&self, other: &RareVector) -> Meeting {
        let (a, b) = (&self.vector, &other.vector);
        let mut meeting = Meeting::default();
        let (mut i, mut j) = (0, 0);
        while i < a.terms.len() && j < b.terms.len() {
            let (first, second) = (a.terms[i], b.terms[j]);
            if first == second {
                let (x, y) = (f64::from(a.weights[i]), f64::from(b.weights[j]));
                meeting.cosine += x * y;
                meeting.of_first += x * x;
                meeting.of_second += y * y;
                let mut rarity = f64::from(self.rarity[i].min(other.rarity[j]));
                meeting.rarity += rarity;
                for place in &mut meeting.rarest {
                    if rarity > *place {
                        std::mem::swap(&mut rarity, place);
                    }
                }
            }
            i += usize::from(first <= second);
            j += usize::from(second <= first);
        }
        let least = self.total.min(other.total);
        meeting.rarity_share = if least > 0.0 { (meeting.rarity / least).min(1.0) } else { 0.0 };
        meeting.cosine = meeting.cosine.min(1.0);
        meeting.of_first = meeting.of_first.min(1.0);
        meeting.of_second = meeting.of_second.min(1.0);
        meeting
    }
}

/// All vectors of an article, and what else a pair is judged by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArticleVectors {
    /// Words of headline and body.
    pub all: RareVector,
    /// Words of the headline.
    pub headline: SparseVector,
    /// Words of the lead.
    pub lead: SparseVector,
    /// Pairs of words.
    pub pairs: RareVector,
    /// Names.
    pub names: SparseVector,
    /// Numbers.
    pub numbers: SparseVector,
    /// Names of headline and lead.
    pub lead_names: SparseVector,
    /// Sounds of the names' words.
    pub sounds: SparseVector,
    /// Days the text names.
    pub days: SparseVector,
    /// Numbers with the word behind each, sorted.
    pub quantities: Box<[Quantity]>,
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
            all: RareVector::weigh(&terms.all, frequencies),
            headline: vector(&terms.headline),
            lead: vector(&terms.lead),
            pairs: RareVector::weigh(&terms.pairs, frequencies),
            names: vector(&terms.names),
            numbers: vector(&terms.numbers),
            n_numbers: terms.numbers.len() as u32,
            outlet: article.outlet.as_ref().map(|outlet| xxhash_rust::xxh3::xxh3_64(outlet.to_lowercase().as_bytes())),
            lead_names: vector(&terms.lead_names),
            sounds: vector(&terms.sounds),
            days: vector(&terms.days),
            quantities: terms.quantities.as_slice().into(),
            time: article.time.map(|time| time.seconds),
            body_words: terms.body_words,
        }
    }
}
