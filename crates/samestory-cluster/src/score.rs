//! From articles to judged candidate pairs to clusters.
//!
//! ```text
//! ArticleVectors ─ candidate lists ─ PairFeatures ─ log odds ─┬─ prior of the collection
//!                                                            └─ probability ─ average linkage
//! ```
//!
//! The log odds of a pair need the two articles, the document frequencies and the two candidate lists,
//! and nothing else in the collection; the probability needs one number more, the collection's prior.

use std::fmt;
use std::io;
use std::str::FromStr;

use rayon::prelude::*;
use samestory_spill::Spill;
use serde::{Deserialize, Serialize};

use crate::candidates::candidate_lists;
use crate::compared::ComparedPairs;
use crate::features::PairFeatures;
use crate::linkage::{ScoredPair, average_linkage};
use crate::model::PairModel;
use crate::overlap::PairOverlap;
use crate::prior::{OddsCounts, estimate_prior};
use crate::vectors::VectorSource;

/// How sure a story must be of its articles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// Larger stories: what may be the same event is together.
    Loose,
    /// What fits best over all labelled sets together.
    #[default]
    Default,
    /// Smaller stories: what may be another event is apart.
    Strict,
}

impl Strictness {
    /// Average similarity between two groups above which they become one story.
    pub fn threshold(self) -> f64 {
        match self {
            Strictness::Loose => 0.15,
            Strictness::Default => 0.3,
            Strictness::Strict => 0.5,
        }
    }
}

impl fmt::Display for Strictness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strictness::Loose => "loose",
            Strictness::Default => "default",
            Strictness::Strict => "strict",
        })
    }
}

impl FromStr for Strictness {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Strictness::Loose, Strictness::Default, Strictness::Strict]
            .into_iter()
            .find(|strictness| strictness.to_string() == name)
            .ok_or(())
    }
}

/// Log odds of a pair that shares no more than one rare word, which is no evidence of an event.
pub const THIN: f32 = -16.0;

/// Less similarity counts as none in linkage.
pub const LEAST_SIMILARITY: f64 = 0.005;

/// A candidate pair and how it is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgedPair {
    /// Smaller number.
    pub a: u32,
    /// Larger number.
    pub b: u32,
    /// Log odds that both report the same event, at the prior of training.
    pub log_odds: f32,
}

/// All candidate pairs of a collection, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The pairs in order of number.
    pub pairs: Vec<JudgedPair>,
    /// How many of them have which log odds.
    pub counts: OddsCounts,
    /// Share of them that report one event.
    pub prior: f64,
}

/// Pairs that one thread judges at a time.
const CHUNK: usize = 256;

impl Judgement {
    /// Judges every candidate pair of a collection.
    pub fn of(compared: &ComparedPairs, model: &PairModel) -> Judgement {
        Self::of_those(compared, model, |_, _| true)
    }

    /// Judges the candidate pairs that are wanted, by smaller and larger number.
    pub fn of_those(
        compared: &ComparedPairs,
        model: &PairModel,
        wanted: impl Fn(u32, u32) -> bool + Sync,
    ) -> Judgement {
        let judged = |(chunk, pairs): (usize, &[(u32, u32)])| {
            let at = || (0..pairs.len()).filter(|at| wanted(pairs[*at].0, pairs[*at].1));
            let judged = judge_all(model, at().map(|at| compared.features(chunk * CHUNK + at)));
            let pair = |(at, log_odds): (usize, f32)| JudgedPair { a: pairs[at].0, b: pairs[at].1, log_odds };
            at().zip(judged).map(pair).collect::<Vec<_>>()
        };
        let pairs: Vec<JudgedPair> = compared.pairs().par_chunks(CHUNK).enumerate().flat_map_iter(judged).collect();
        let counts: OddsCounts = pairs.iter().map(|pair| f64::from(pair.log_odds)).collect();
        let prior = estimate_prior(&counts, model.prior());
        Judgement { pairs, counts, prior }
    }

    /// The cluster of each of `n_articles` articles, named by its smallest member; `pins` are those of
    /// [`average_linkage`].
    pub fn clusters(&self, n_articles: usize, pins: &[Option<u32>], model: &PairModel, threshold: f64) -> Vec<u32> {
        let scored = |pair: &JudgedPair| ScoredPair {
            a: pair.a,
            b: pair.b,
            similarity: model.similarity(f64::from(pair.log_odds), self.prior),
        };
        let pairs: Vec<ScoredPair> =
            self.pairs.par_iter().map(scored).filter(|pair| pair.similarity > LEAST_SIMILARITY).collect();
        average_linkage(n_articles, &pairs, pins, threshold)
    }
}

/// Log odds of many pairs, in order; as [`judge`] of each, and several times as fast.
pub fn judge_all(model: &PairModel, pairs: impl Iterator<Item = (PairFeatures, PairOverlap)>) -> Vec<f32> {
    // Thin pairs are judged by themselves.
    let mut fit: Vec<(PairFeatures, f32)> = Vec::new();
    let mut fit_at: Vec<usize> = Vec::new();
    let mut judged = Vec::new();
    for (at, (features, overlap)) in pairs.enumerate() {
        judged.push(THIN);
        if !overlap.thin {
            fit.push((features, overlap.template));
            fit_at.push(at);
        }
    }
    for (at, log_odds) in fit_at.into_iter().zip(model.log_odds_of(&fit)) {
        judged[at] = log_odds as f32;
    }
    judged
}

/// Log odds that a pair reports the same event, at the prior of training.
pub fn judge(model: &PairModel, features: &PairFeatures, overlap: &PairOverlap) -> f32 {
    if overlap.thin { THIN } else { model.log_odds(features, overlap.template) as f32 }
}

/// The cluster of each article by the shipped model, named by its smallest member.
///
/// # Errors
///
/// If what all pairs share cannot be spilled.
pub fn cluster_articles<V: VectorSource + ?Sized>(articles: &V, strictness: Strictness) -> io::Result<Vec<u32>> {
    let model = PairModel::shipped();
    let compared = ComparedPairs::of(articles, &candidate_lists(articles), Spill::default())?;
    Ok(Judgement::of(&compared, model).clusters(articles.n_articles(), &[], model, strictness.threshold()))
}
