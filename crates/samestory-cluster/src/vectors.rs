//! Weighted terms: what cosines are taken of.

use samestory_article::Article;

use crate::frequencies::DocumentFrequencies;
use crate::terms::{ArticleTerms, Quantity, TermCount};

/// A sparse vector of length 1, or empty. Its terms are numbers of [`DocumentFrequencies::find`], so that
/// vectors weighed by the same frequencies can be compared. Terms that no other article holds count in the
/// length but are not kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseVector {
    terms: Box<[u32]>,
    weights: Box<[f32]>,
}

impl SparseVector {
    fn weigh(terms: &[WeighedTerm]) -> SparseVector {
        let length = length(terms);
        let kept = || terms.iter().filter_map(|term| Some((term.kept()?, term.weight)));
        SparseVector {
            terms: kept().map(|(number, _)| number).collect(),
            weights: kept().map(|(_, weight)| (weight / length) as f32).collect(),
        }
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

    /// The terms, rising.
    pub fn terms(&self) -> &[u32] {
        &self.terms
    }

    /// The weight of the term at a position.
    pub fn weight(&self, at: usize) -> f64 {
        f64::from(self.weights[at])
    }
}

/// What an article's words weigh, each in whole text, headline and lead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WordVector {
    terms: Box<[u32]>,
    weights: Box<[WordWeights]>,
    /// Rarity of all words, those that no other article holds included.
    rarity: f64,
}

/// Weights of one word: each is its part of a vector of length 1, and 0 where the word is not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WordWeights {
    /// In headline and body, above 0.
    pub all: f32,
    /// In the headline.
    pub headline: f32,
    /// In the lead.
    pub lead: f32,
    /// Among the numbers.
    pub number: f32,
    /// Idf of the word above the common, in nats.
    pub rarity: f32,
}

impl WordVector {
    /// The words, rising.
    pub fn terms(&self) -> &[u32] {
        &self.terms
    }

    /// The weights of the word at a position.
    pub fn weights(&self, at: usize) -> WordWeights {
        self.weights[at]
    }

    /// Rarity of all words, those that no other article holds included, in nats.
    pub fn total_rarity(&self) -> f64 {
        self.rarity
    }
}

/// A [`SparseVector`] that also knows how rare each term is: its idf in nats above the common, or 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RareVector {
    vector: SparseVector,
    /// Rarity of each term of the vector.
    rarity: Box<[f32]>,
    /// Rarity of all terms of the bag, those that no other article holds included.
    total: f64,
}

impl RareVector {
    fn weigh(terms: &[WeighedTerm]) -> RareVector {
        RareVector {
            vector: SparseVector::weigh(terms),
            rarity: terms.iter().filter(|term| term.kept().is_some()).map(|term| term.rarity() as f32).collect(),
            total: terms.iter().map(WeighedTerm::rarity).sum(),
        }
    }

    /// The vector.
    pub fn vector(&self) -> &SparseVector {
        &self.vector
    }

    /// Rarity of the term at a position, in nats.
    pub fn rarity(&self, at: usize) -> f64 {
        f64::from(self.rarity[at])
    }

    /// Rarity of all terms, those that no other article holds included, in nats.
    pub fn total_rarity(&self) -> f64 {
        self.total
    }
}

/// Terms of a lower idf, in nats, are common: more than one article in seven holds them.
const COMMON_IDF: f64 = 2.0;

/// A term of a bag with its weight, `(1 + ln count) * idf`.
#[derive(Clone, Copy)]
struct WeighedTerm {
    term: u64,
    number: Option<u32>,
    idf: f64,
    weight: f64,
}

impl WeighedTerm {
    /// Its number, where other articles hold it and it weighs anything.
    fn kept(&self) -> Option<u32> {
        self.number.filter(|_| self.weight > 0.0)
    }

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
        let (idf, number) = frequencies.idf(term);
        WeighedTerm { term: term.term, number, idf, weight: weight(term.count, idf) }
    };
    bag.iter().map(weighed).collect()
}

/// Weighs a bag whose terms are all among those of a larger one, which has looked them up.
fn weigh_part(bag: &[TermCount], whole: &[WeighedTerm]) -> Vec<WeighedTerm> {
    let mut rest = whole.iter();
    let weighed = |term: &TermCount| {
        let held = rest.find(|held| held.term >= term.term).filter(|held| held.term == term.term)?;
        Some(WeighedTerm { weight: weight(term.count, held.idf), ..*held })
    };
    bag.iter().filter_map(weighed).collect()
}

/// All vectors of an article, and what else a pair is judged by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArticleVectors {
    /// Words of headline and body.
    pub words: WordVector,
    /// Pairs of words.
    pub pairs: RareVector,
    /// Names.
    pub names: SparseVector,
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
    pub fn weigh(terms: &ArticleTerms, frequencies: &DocumentFrequencies, article: &Article) -> ArticleVectors {
        let all = weigh(&terms.all, frequencies);
        let lead = weigh_part(&terms.lead, &all);
        let (names, lead_names, sounds) = match terms.names_are_words {
            true => (SparseVector::weigh(&all), SparseVector::weigh(&lead), SparseVector::weigh(&all)),
            false => {
                let names = weigh(&terms.names, frequencies);
                let lead_names = weigh_part(&terms.lead_names, &names);
                let sounds = weigh(&terms.sounds, frequencies);
                (SparseVector::weigh(&names), SparseVector::weigh(&lead_names), SparseVector::weigh(&sounds))
            }
        };
        ArticleVectors {
            pairs: RareVector::weigh(&weigh(&terms.pairs, frequencies)),
            names,
            lead_names,
            sounds,
            days: SparseVector::weigh(&weigh(&terms.days, frequencies)),
            n_numbers: terms.numbers.len() as u32,
            outlet: article.outlet.as_ref().map(|outlet| xxhash_rust::xxh3::xxh3_64(outlet.to_lowercase().as_bytes())),
            quantities: terms.quantities.as_slice().into(),
            time: article.time.map(|time| time.seconds),
            body_words: terms.body_words,
            words: words(&all, [(&terms.headline, None), (&terms.lead, Some(lead)), (&terms.numbers, None)]),
        }
    }
}

/// Words with their weights in headline, lead and numbers, each of which is part of all.
fn words(all: &[WeighedTerm], parts: [(&Vec<TermCount>, Option<Vec<WeighedTerm>>); 3]) -> WordVector {
    let parts = parts.map(|(bag, weighed)| {
        let terms = weighed.unwrap_or_else(|| weigh_part(bag, all));
        let length = length(&terms);
        (terms, length)
    });
    let mut at = [0; 3];
    let all_length = length(all);
    let mut weights = Vec::with_capacity(all.len());
    for term in all {
        let mut of_parts = [0.0; 3];
        for (((terms, length), at), of_part) in parts.iter().zip(&mut at).zip(&mut of_parts) {
            if let Some(held) = terms.get(*at).filter(|held| held.term == term.term) {
                *of_part = (held.weight / length) as f32;
                *at += 1;
            }
        }
        if term.kept().is_some() {
            let all = (term.weight / all_length) as f32;
            let [headline, lead, number] = of_parts;
            weights.push(WordWeights { all, headline, lead, number, rarity: term.rarity() as f32 });
        }
    }
    WordVector {
        terms: all.iter().filter_map(WeighedTerm::kept).collect(),
        weights: weights.into(),
        rarity: all.iter().map(WeighedTerm::rarity).sum(),
    }
}
