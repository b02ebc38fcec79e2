//! Candidate pairs: articles that share rare terms, found without looking at all pairs.
//!
//! Each article asks an inverted index of everybody's heaviest terms with its own heaviest terms,
//! and keeps a bounded list of those most like it. That list is all an article ever knows of the
//! rest of the collection.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::vectors::ArticleVectors;

/// Heaviest terms of an article that are indexed and asked for.
const INDEXED_TERMS: usize = 30;

/// Candidates that an article keeps.
pub const LONGEST_LIST: usize = 50;

/// Articles ranked by exact cosine for each one kept.
const OVERSAMPLING: usize = 2;

/// A cosine below this is chance.
const LEAST_COSINE: f64 = 0.01;

/// One candidate of an article.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Number of the other article.
    pub number: u32,
    /// Cosine of all words, above 0.
    pub cosine: f32,
}

/// The candidates of each article: at most [`LONGEST_LIST`], by falling cosine, then by number.
pub fn candidate_lists(articles: &[ArticleVectors]) -> Vec<Vec<Candidate>> {
    let heaviest: Vec<Vec<(u64, f32)>> =
        articles.par_iter().map(|article| article.all.heaviest(INDEXED_TERMS)).collect();
    let mut postings: FxHashMap<u64, Vec<(u32, f32)>> = FxHashMap::default();
    for (number, terms) in heaviest.iter().enumerate() {
        for (term, weight) in terms {
            postings.entry(*term).or_default().push((number as u32, *weight));
        }
    }
    heaviest
        .par_iter()
        .enumerate()
        .map_init(
            || Scores::new(articles.len()),
            |scores, (number, terms)| {
                for (term, weight) in terms {
                    for (other, other_weight) in &postings[term] {
                        scores.add(*other, weight * other_weight);
                    }
                }
                let mut found = scores.take();
                found.retain(|candidate| candidate.number != number as u32);
                list(articles, number, found)
            },
        )
        .collect()
}

/// Sums of one query: a slot for every article, and which slots are in use.
struct Scores {
    sums: Vec<f32>,
    used: Vec<u32>,
}

impl Scores {
    fn new(n_articles: usize) -> Self {
        Scores { sums: vec![0.0; n_articles], used: Vec::new() }
    }

    /// Adds a product of two weights, each above 0.
    fn add(&mut self, number: u32, product: f32) {
        let sum = &mut self.sums[number as usize];
        if *sum == 0.0 {
            self.used.push(number);
        }
        *sum += product;
    }

    /// The sums, leaving all slots empty.
    fn take(&mut self) -> Vec<Candidate> {
        let sums = &mut self.sums;
        let take = |number: u32| Candidate { number, cosine: std::mem::take(&mut sums[number as usize]) };
        self.used.drain(..).map(take).collect()
    }
}

fn list(articles: &[ArticleVectors], number: usize, mut best: Vec<Candidate>) -> Vec<Candidate> {
    let order = |a: &Candidate, b: &Candidate| b.cosine.total_cmp(&a.cosine).then(a.number.cmp(&b.number));
    let asked = LONGEST_LIST * OVERSAMPLING;
    if best.len() > asked {
        best.select_nth_unstable_by(asked - 1, order);
        best.truncate(asked);
    }
    for candidate in &mut best {
        candidate.cosine = articles[number].all.cosine(&articles[candidate.number as usize].all) as f32;
    }
    best.retain(|candidate| f64::from(candidate.cosine) >= LEAST_COSINE);
    best.sort_unstable_by(order);
    best.truncate(LONGEST_LIST);
    best
}

/// Every pair in which one article is a candidate of the other, as `(smaller, larger)`, sorted.
pub fn candidate_pairs(lists: &[Vec<Candidate>]) -> Vec<(u32, u32)> {
    let mut pairs: Vec<(u32, u32)> = lists
        .par_iter()
        .enumerate()
        .flat_map_iter(|(number, list)| {
            let number = number as u32;
            list.iter().map(move |candidate| (number.min(candidate.number), number.max(candidate.number)))
        })
        .collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    pairs
}
