//! Candidate pairs with all that they are judged by.

use std::io;

use rayon::prelude::*;
use samestory_spill::{Sealed, Spill, Spilled};

use crate::candidates::{Candidate, candidate_pairs};
use crate::features::{Neighbourhood, PairFeatures};
use crate::overlap::{Against, PairOverlap};
use crate::vectors::VectorSource;

/// Every candidate pair of a collection, compared.
///
/// What a pair shares takes 152 bytes and is asked for once more, so it stands in a spill. Of each pair 12 bytes stay in
/// memory.
#[derive(Debug)]
pub struct ComparedPairs {
    /// The pairs as `(smaller, larger)`, sorted.
    pairs: Vec<(u32, u32)>,
    /// Where the pairs of each article as the smaller number begin, and where the last ones end.
    first: Vec<usize>,
    /// What these share, by article.
    kept: Vec<Spilled>,
    overlaps: Sealed,
    neighbourhoods: Vec<Neighbourhood>,
}

/// Articles that are compared with their candidates before what they share is kept.
const BATCH: usize = 256;

impl ComparedPairs {
    /// Compares the articles of every pair in which one is a candidate of the other. What they share is kept in a
    /// spill, which is empty.
    ///
    /// # Errors
    ///
    /// If the spill cannot be sealed.
    pub fn of<V: VectorSource + ?Sized>(
        articles: &V,
        lists: &[Vec<Candidate>],
        mut spill: Spill,
    ) -> io::Result<ComparedPairs> {
        let pairs = candidate_pairs(lists);
        let n_articles = articles.n_articles();
        let mut first = vec![0; n_articles + 1];
        pairs.iter().for_each(|(a, _)| first[*a as usize + 1] += 1);
        (1..first.len()).for_each(|at| first[at] += first[at - 1]);
        let mut kept = Vec::with_capacity(n_articles);
        let mut closeness: Vec<f32> = Vec::with_capacity(pairs.len());
        for start in (0..n_articles).step_by(BATCH) {
            let batch = start..n_articles.min(start + BATCH);
            let compared: Vec<(Vec<u8>, Vec<f32>)> = batch
                .into_par_iter()
                .map_init(Against::nothing, |against, number| {
                    let of_article = &pairs[first[number]..first[number + 1]];
                    if !of_article.is_empty() {
                        against.turn_to(articles.vectors(number));
                    }
                    let mut overlaps = Vec::with_capacity(PairOverlap::BYTES * of_article.len());
                    let mut closeness = Vec::with_capacity(of_article.len());
                    for (_, other) in of_article {
                        let overlap = against.overlap(&articles.vectors(*other as usize));
                        overlaps.extend_from_slice(bytemuck::cast_slice(&overlap.to_numbers()));
                        closeness.push(overlap.closeness);
                    }
                    (overlaps, closeness)
                })
                .collect();
            for (overlaps, of_article) in compared {
                kept.push(spill.keep(&overlaps));
                closeness.extend(of_article);
            }
        }
        let neighbourhoods = neighbourhoods(articles, lists, |a, b| {
            let range = first[a as usize]..first[a as usize + 1];
            let at = pairs[range.clone()].binary_search_by_key(&b, |pair| pair.1);
            at.map_or(0.0, |at| closeness[range.start + at])
        });
        Ok(ComparedPairs { overlaps: spill.seal()?, pairs, first, kept, neighbourhoods })
    }

    /// The pairs as `(smaller, larger)`, sorted.
    pub fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// What the pair at a position is judged by: its features, and its overlap in the light of both candidate
    /// lists.
    ///
    /// # Panics
    ///
    /// If there are not so many pairs.
    pub fn features(&self, at: usize) -> (PairFeatures, PairOverlap) {
        let (a, b) = self.pairs[at];
        let (overlaps, _) = self.overlaps.get(self.kept[a as usize]).as_chunks();
        let overlap = PairOverlap::from_bytes(&overlaps[at - self.first[a as usize]]);
        let (a, b) = (&self.neighbourhoods[a as usize], &self.neighbourhoods[b as usize]);
        let overlap = overlap.among(a, b);
        (PairFeatures::of(&overlap, a, b), overlap)
    }

    /// What each article knows of its candidates.
    pub fn into_neighbourhoods(self) -> Vec<Neighbourhood> {
        self.neighbourhoods
    }
}

/// What each article knows of its candidates; `closeness` tells that of a smaller and a larger number.
fn neighbourhoods<V: VectorSource + ?Sized>(
    articles: &V,
    lists: &[Vec<Candidate>],
    closeness: impl Fn(u32, u32) -> f32 + Sync,
) -> Vec<Neighbourhood> {
    let outlets: Vec<Option<u64>> =
        (0..articles.n_articles()).into_par_iter().map(|number| articles.vectors(number).outlet).collect();
    let neighbourhood = |(number, list): (usize, &Vec<Candidate>)| {
        let other_outlet = |other: &&Candidate| outlets[other.number as usize] != outlets[number];
        let others = list.iter().filter(other_outlet).count() as f32 / list.len().max(1) as f32;
        let number = number as u32;
        let close = |other: u32| closeness(number.min(other), number.max(other));
        Neighbourhood::of(number, list.iter().map(|other| (other.number, close(other.number))), others)
    };
    lists.par_iter().enumerate().map(neighbourhood).collect()
}
