//! Candidate pairs with all that they are judged by.

use rayon::prelude::*;

use crate::candidates::{Candidate, candidate_pairs};
use crate::features::{Neighbourhood, PairFeatures};
use crate::overlap::{Against, PairOverlap};
use crate::vectors::ArticleVectors;

/// Every candidate pair of a collection, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedPairs {
    /// The pairs as `(smaller, larger)`, sorted.
    pairs: Vec<(u32, u32)>,
    overlaps: Vec<PairOverlap>,
    neighbourhoods: Vec<Neighbourhood>,
}

impl ComparedPairs {
    /// Compares the articles of every pair in which one is a candidate of the other.
    pub fn of(articles: &[ArticleVectors], lists: &[Vec<Candidate>]) -> ComparedPairs {
        let pairs = candidate_pairs(lists);
        let overlaps = pairs
            .par_iter()
            .map_init(Against::nothing, |against, (a, b)| {
                let a = &articles[*a as usize];
                if !std::ptr::eq(against.article(), a) {
                    against.turn_to(a);
                }
                against.overlap(&articles[*b as usize])
            })
            .collect();
        let mut compared = ComparedPairs { pairs, overlaps, neighbourhoods: Vec::new() };
        compared.neighbourhoods = compared.neighbourhoods_of(articles, lists);
        compared
    }

    fn neighbourhoods_of(&self, articles: &[ArticleVectors], lists: &[Vec<Candidate>]) -> Vec<Neighbourhood> {
        // Where the pairs of each article as the smaller number begin.
        let mut first = vec![0; articles.len() + 1];
        self.pairs.iter().for_each(|(a, _)| first[*a as usize + 1] += 1);
        (1..first.len()).for_each(|at| first[at] += first[at - 1]);
        let closeness = |a: u32, b: u32| {
            let (a, b) = (a.min(b), a.max(b));
            let range = first[a as usize]..first[a as usize + 1];
            let at = self.pairs[range.clone()].binary_search_by_key(&b, |pair| pair.1);
            at.map_or(0.0, |at| self.overlaps[range.start + at].closeness)
        };
        let neighbourhood = |(number, list): (usize, &Vec<Candidate>)| {
            let outlet = articles[number].outlet;
            let number = number as u32;
            let other_outlet = |other: &&Candidate| articles[other.number as usize].outlet != outlet;
            let others = list.iter().filter(other_outlet).count() as f32 / list.len().max(1) as f32;
            Neighbourhood::of(number, list.iter().map(|other| (other.number, closeness(number, other.number))), others)
        };
        lists.par_iter().enumerate().map(neighbourhood).collect()
    }

    /// The pairs as `(smaller, larger)`, sorted.
    pub fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// What the pair at a position is judged by: its features, and its overlap in the light of both candidate
    /// lists.
    pub fn features(&self, at: usize) -> (PairFeatures, PairOverlap) {
        let (a, b) = self.pairs[at];
        let (a, b) = (&self.neighbourhoods[a as usize], &self.neighbourhoods[b as usize]);
        let overlap = self.overlaps[at].among(a, b);
        (PairFeatures::of(&overlap, a, b), overlap)
    }

    /// What each article knows of its candidates.
    pub fn into_neighbourhoods(self) -> Vec<Neighbourhood> {
        self.neighbourhoods
    }
}
