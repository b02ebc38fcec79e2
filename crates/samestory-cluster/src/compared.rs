//! Candidate pairs with all that they are judged by.

use std::io;

use rayon::prelude::*;
use samestory_spill::{SealedList, Spill, SpillList};

use crate::candidates::{Candidate, candidate_pairs};
use crate::features::{Neighbourhood, PairFeatures};
use crate::overlap::{Against, PairOverlap};
use crate::vectors::VectorSource;

/// Every candidate pair of a collection, compared.
///
/// What a pair shares takes 152 bytes and is asked for once more, so it stands in a spill. Of each pair 8 bytes stay in
/// memory, and 4 more while neighbourhoods are made.
#[derive(Debug)]
pub struct ComparedPairs {
    /// The pairs as `(smaller, larger)`, sorted.
    pairs: Vec<(u32, u32)>,
    /// What they share, [`RUN`] pairs at a position.
    overlaps: SealedList,
    neighbourhoods: Vec<Neighbourhood>,
}

/// Pairs of which the overlaps are kept together.
const RUN: usize = 512;

/// Runs that are compared before what their pairs share is kept.
const BATCH: usize = 64;

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
        spill: Spill,
    ) -> io::Result<ComparedPairs> {
        let pairs = candidate_pairs(lists);
        let mut overlaps = SpillList::new(spill);
        let mut closeness: Vec<f32> = Vec::with_capacity(pairs.len());
        for batch in pairs.chunks(BATCH * RUN) {
            let compared: Vec<(Vec<u8>, Vec<f32>)> = batch
                .par_chunks(RUN)
                .map_init(
                    || (Against::nothing(), None),
                    |(against, held), run| {
                        let mut bytes = Vec::with_capacity(PairOverlap::BYTES * run.len());
                        let mut closeness = Vec::with_capacity(run.len());
                        for (a, b) in run {
                            if *held != Some(*a) {
                                against.turn_to(articles.vectors(*a as usize));
                                *held = Some(*a);
                            }
                            let overlap = against.overlap(&articles.vectors(*b as usize));
                            bytes.extend_from_slice(bytemuck::cast_slice(&overlap.to_numbers()));
                            closeness.push(overlap.closeness);
                        }
                        (bytes, closeness)
                    },
                )
                .collect();
            for (bytes, of_run) in compared {
                overlaps.push(&bytes);
                closeness.extend(of_run);
            }
        }
        let neighbourhoods = neighbourhoods(articles, lists, &pairs, &closeness);
        Ok(ComparedPairs { overlaps: overlaps.seal()?, pairs, neighbourhoods })
    }

    /// Pairs that were compared before, as `(smaller, larger)` and sorted, with what they share in the same order, and what
    /// each article knows of its candidates. What they share is kept in a spill, which is empty.
    ///
    /// # Errors
    ///
    /// If the spill cannot be sealed.
    pub fn known<'b>(
        pairs: Vec<(u32, u32)>,
        overlaps: impl IntoIterator<Item = &'b [u8; PairOverlap::BYTES]>,
        neighbourhoods: Vec<Neighbourhood>,
        spill: Spill,
    ) -> io::Result<ComparedPairs> {
        let mut kept = SpillList::new(spill);
        let mut run = Vec::with_capacity(RUN * PairOverlap::BYTES);
        for overlap in overlaps {
            run.extend_from_slice(overlap);
            if run.len() == RUN * PairOverlap::BYTES {
                kept.push(&run);
                run.clear();
            }
        }
        kept.push(&run);
        Ok(ComparedPairs { pairs, overlaps: kept.seal()?, neighbourhoods })
    }

    /// What the pairs share, in their order: [`PairOverlap::to_numbers`] as bytes of this machine.
    pub fn overlaps(&self) -> impl Iterator<Item = &[u8; PairOverlap::BYTES]> {
        (0..self.overlaps.len()).flat_map(|run| self.overlaps.get(run).as_chunks().0)
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
        let (overlaps, _) = self.overlaps.get(at / RUN).as_chunks();
        let overlap = PairOverlap::from_bytes(&overlaps[at % RUN]);
        let (a, b) = (&self.neighbourhoods[a as usize], &self.neighbourhoods[b as usize]);
        let overlap = overlap.among(a, b);
        (PairFeatures::of(&overlap, a, b), overlap)
    }

    /// What each article knows of its candidates.
    pub fn neighbourhoods(&self) -> &[Neighbourhood] {
        &self.neighbourhoods
    }

    /// As [`neighbourhoods`](Self::neighbourhoods), when nothing else is asked any more.
    pub fn into_neighbourhoods(self) -> Vec<Neighbourhood> {
        self.neighbourhoods
    }
}

/// What each article knows of its candidates, from the sorted pairs and the closeness of each.
fn neighbourhoods<V: VectorSource + ?Sized>(
    articles: &V,
    lists: &[Vec<Candidate>],
    pairs: &[(u32, u32)],
    closeness: &[f32],
) -> Vec<Neighbourhood> {
    let n_articles = articles.n_articles();
    // Where the pairs of each article as the smaller number begin.
    let mut first = vec![0; n_articles + 1];
    pairs.iter().for_each(|(a, _)| first[*a as usize + 1] += 1);
    (1..first.len()).for_each(|at| first[at] += first[at - 1]);
    let closeness = |a: u32, b: u32| {
        let (a, b) = (a.min(b), a.max(b));
        let range = first[a as usize]..first[a as usize + 1];
        let at = pairs[range.clone()].binary_search_by_key(&b, |pair| pair.1);
        at.map_or(0.0, |at| closeness[range.start + at])
    };
    let outlets: Vec<Option<u64>> =
        (0..n_articles).into_par_iter().map(|number| articles.vectors(number).outlet).collect();
    let neighbourhood = |(number, list): (usize, &Vec<Candidate>)| {
        let other_outlet = |other: &&Candidate| outlets[other.number as usize] != outlets[number];
        let others = list.iter().filter(other_outlet).count() as f32 / list.len().max(1) as f32;
        let number = number as u32;
        Neighbourhood::of(number, list.iter().map(|other| (other.number, closeness(number, other.number))), others)
    };
    lists.par_iter().enumerate().map(neighbourhood).collect()
}

#[cfg(test)]
mod tests {
    use samestory_article::Article;

    use super::*;
    use crate::candidates::candidate_lists;
    use crate::score::Judgement;
    use crate::terms::ArticleTerms;
    use crate::vectors::{ArticleVectors, SpilledVectors};
    use crate::{DocumentFrequencies, PairModel};

    /// One article that is in a pair with all others, more than a run holds, and vectors from a file.
    #[test]
    fn pairs_of_one_article_may_fill_several_runs() {
        let n_articles = 3 * RUN as u32;
        let articles: Vec<Article> = (0..n_articles)
            .map(|number| {
                let mut article = Article::new(format!("ferry-{number}").into());
                article.text =
                    format!("Ferry {number} ran aground off Saint Orla in fog on day {} of May.", number % 31);
                article
            })
            .collect();
        let terms: Vec<ArticleTerms> = articles.iter().map(ArticleTerms::of).collect();
        let frequencies = DocumentFrequencies::count(&terms);
        let weigh = |(terms, article)| ArticleVectors::weigh(terms, &frequencies, article);
        let vectors: Vec<ArticleVectors<'_>> = terms.iter().zip(&articles).map(weigh).collect();
        let mut list = SpillList::new(Spill::holding(0));
        vectors.iter().for_each(|vectors| list.push(&vectors.to_bytes()));
        let spilled = SpilledVectors(list.seal().unwrap());
        let mut lists = candidate_lists(&spilled);
        assert_eq!(lists, candidate_lists(vectors.as_slice()));
        lists[0] = (1..n_articles).map(|number| Candidate { number, closeness: 0.1 }).collect();
        let compared = ComparedPairs::of(&spilled, &lists, Spill::holding(0)).unwrap();
        for at in (0..compared.pairs().len()).step_by(97) {
            let (a, b) = compared.pairs()[at];
            let alone = PairOverlap::of(&vectors[a as usize], &vectors[b as usize]);
            let sides = [a, b].map(|number| &compared.neighbourhoods[number as usize]);
            assert_eq!(compared.features(at).1, alone.among(sides[0], sides[1]));
        }
        let held = ComparedPairs::of(vectors.as_slice(), &lists, Spill::default()).unwrap();
        let judged = |compared: &ComparedPairs| Judgement::of(compared, PairModel::shipped());
        assert_eq!(judged(&compared), judged(&held));
    }
}
