//! Weighted terms: what cosines are taken of.
//!
//! *Design.* An article is held against some hundred others, most of which the processor has to fetch from
//! memory. So all its terms stand in one list, bag after bag, and all its weights in another, in 16 bits
//! each: about 8 KB an article of average length.

use std::ops::Range;

use samestory_article::Article;

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

/// Kinds whose terms are not among those of another.
const N_OWN_BAGS: usize = 5;

/// What a term weighs in its bag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
/// empty. Terms are numbers of [`DocumentFrequencies::find`], so that vectors weighed by the same frequencies
/// can be compared. Terms that no other article holds count in the length but are not kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArticleVectors {
    terms: Box<[u32]>,
    weights: Box<[TermWeight]>,
    /// Where each bag ends.
    ends: [u32; N_BAGS],
    /// Words stand for names and their sounds.
    pub names_are_words: bool,
    /// Rarity of all words, those that no other article holds included, in nats.
    pub word_rarity: f64,
    /// The same of all pairs of words.
    pub pair_rarity: f64,
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
    /// Weighs the terms of an article: each `(1 + ln count) * idf`, scaled to length 1 in its bag.
    pub fn weigh(terms: &ArticleTerms, frequencies: &DocumentFrequencies, article: &Article) -> ArticleVectors {
        let mut vectors = ArticleVectors {
            names_are_words: terms.names_are_words,
            n_numbers: terms.numbers.len() as u32,
            outlet: article.outlet.as_ref().map(|outlet| xxhash_rust::xxh3::xxh3_64(outlet.to_lowercase().as_bytes())),
            quantities: terms.quantities.as_slice().into(),
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
        let mut list = List { terms: Vec::with_capacity(words.len() + pairs.len()), weights: Vec::new() };
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
        vectors.terms = list.terms.into();
        vectors.weights = list.weights.into();
        vectors
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

    /// The weight of the term at a position.
    pub fn weight(&self, at: usize) -> TermWeight {
        self.weights[at]
    }

    /// The terms of a bag with their weights.
    pub fn bag(&self, bag: Bag) -> impl Iterator<Item = (u32, TermWeight)> + '_ {
        let range = self.range(bag);
        self.terms[range.clone()].iter().copied().zip(self.weights[range].iter().copied())
    }
}

/// Terms and weights of several bags.
struct List {
    terms: Vec<u32>,
    weights: Vec<TermWeight>,
}

impl List {
    /// Appends what is kept of a bag and tells where it ends.
    fn append(&mut self, bag: &[WeighedTerm], mut weight: impl FnMut(&WeighedTerm, f64) -> TermWeight) -> u32 {
        let length = length(bag);
        for term in bag {
            let weight = weight(term, length);
            if let Some(number) = term.kept() {
                self.terms.push(number);
                self.weights.push(weight);
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
    let mut rest = whole.iter().peekable();
    let weighed = |term: &TermCount| {
        while rest.next_if(|held| held.term < term.term).is_some() {}
        let held = rest.peek().filter(|held| held.term == term.term)?;
        Some(WeighedTerm { weight: weight(term.count, held.idf), ..**held })
    };
    bag.iter().filter_map(weighed).collect()
}
