//! How likely it is that two articles report the same event, in named parts.
//!
//! *Motivation.* No single cosine tells the same event: a threshold that fits one collection is
//! wrong in the next, because collections differ in density. What adapts is how similar a pair is
//! beside each article's own best candidates.
//!
//! *Design.* A pair is judged by 15 features ([`FEATURE_NAMES`]): cosines of words, lead, headline,
//! names and numbers (square roots, since the step from nothing to a little says most), the shared
//! part of the rarer words, time where both have one, whether a text is short, what relates the pair
//! to the candidate lists of both sides (rank on either side, shared candidates, length of the
//! lists, a shared outlet among others), and the wording of a template with other figures. A
//! logistic regression weighs them ([`WEIGHTS`]); similarity may only speak for a pair, never against
//! it, by sign bounds in training. The weights come from `cargo run --release --example train` on
//! the labelled sets of docs/evaluation.md, but for that of `template`: those sets hold too few
//! reports that follow a template, so it is set by hand, such that the next issue of a weekly report
//! is another story.
//!
//! *Consequences.* The score of a pair depends on the two articles, the document frequencies and the
//! two candidate lists, and on nothing else in the collection. So a pair can be scored again later,
//! or elsewhere, from these alone ([`pair_features`]).
//!
//! ```text
//! ArticleVectors a ──┐                      ┌─ Neighbourhood of a
//!                    ├─ PairFeatures ─ log odds ─ similarity
//! ArticleVectors b ──┘                      └─ Neighbourhood of b
//! ```

use rayon::prelude::*;

use crate::candidates::{Candidate, candidate_lists, candidate_pairs};
use crate::linkage::{ScoredPair, average_linkage};
use crate::vectors::ArticleVectors;

/// Number of features of a pair.
pub const N_FEATURES: usize = 15;

/// Names of the features, in order.
pub const FEATURE_NAMES: [&str; N_FEATURES] = [
    "words",
    "lead",
    "headline",
    "names",
    "numbers",
    "shared-rare",
    "time-unknown",
    "time",
    "short-text",
    "rank-lower",
    "rank-upper",
    "shared-candidates",
    "list-length",
    "same-outlet",
    "template",
];

/// Log odds that a feature adds for each unit of it, found by the training example.
#[expect(clippy::approx_constant, reason = "a trained weight that happens to look like pi")]
pub const WEIGHTS: [f64; N_FEATURES] =
    [3.99, 2.71, 1.13, 0.55, 0.77, 1.07, 2.32, 3.14, 0.51, 3.59, 4.33, 3.36, -3.89, -1.83, -10.0];

/// Log odds of a pair whose features are all 0.
pub const BIAS: f64 = -8.04;

/// Average similarity above which two groups become one story. See [`similarity`].
pub const DEFAULT_THRESHOLD: f64 = 0.68;

/// Log odds at which a pair is as unlike as one that was never a candidate.
const FLOOR: f64 = -4.0;

/// Days after which time says little: the time feature is `exp(-(days / 5)^2)`.
const TIME_SCALE_DAYS: f64 = 5.0;

/// Bodies of fewer words are briefs and headlines.
const SHORT_TEXT_WORDS: u32 = 20;

/// Fewer different numbers in one of the articles are no figures of a report.
const FIGURES: u32 = 4;

/// Square root of the cosine of word pairs that independent reports of one event seldom pass: beyond
/// it, articles share their sentences.
const SHARED_WORDING: f64 = 0.4;

/// Rarity, in nats above the common, that two articles must share beside their rarest shared word.
/// One name, be it counted in every bag, is no event.
const SECOND_WORD_RARITY: f64 = 0.5;

/// Texts of a higher cosine tell the same whatever they share, such as two equal headlines of one rare
/// word.
const NEARLY_EQUAL: f64 = 0.8;

/// The relation to a list of `n` candidates counts `n / (n + 5)`: among three articles the best
/// candidate says nothing.
const LIST_FADE: f64 = 5.0;

/// Best candidates of an article that are compared with those of another.
const NEAREST: usize = 10;

/// What a pair is judged by. Every feature lies between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairFeatures(pub [f64; N_FEATURES]);

impl PairFeatures {
    /// Log odds that both report the same event.
    pub fn log_odds(&self) -> f64 {
        BIAS + self.0.iter().zip(WEIGHTS).map(|(feature, weight)| feature * weight).sum::<f64>()
    }
}

/// Similarity for linkage: 0 at log odds of -4 and below, 0.5 at even odds, growing evenly.
pub fn similarity(log_odds: f64) -> f64 {
    ((log_odds - FLOOR) / (-2.0 * FLOOR)).max(0.0)
}

/// What the two articles of a pair share by themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairOverlap {
    words: f64,
    lead: f64,
    headline: f64,
    names: f64,
    numbers: f64,
    shared_rare: f64,
    template: f64,
    /// The two share no more than one rare word.
    pub thin: bool,
    /// Mixture of cosines that candidates are ranked by, from 0 to 1.
    pub closeness: f64,
}

impl PairOverlap {
    /// Compares two articles.
    pub fn of(a: &ArticleVectors, b: &ArticleVectors) -> PairOverlap {
        let [words, lead, names, pairs] =
            [(&a.all, &b.all), (&a.lead, &b.lead), (&a.names, &b.names), (&a.pairs, &b.pairs)]
                .map(|(a, b)| a.cosine(b).sqrt());
        let numbers = a.numbers.cosine(&b.numbers);
        // One wording with other figures: the next issue of a report, not another report of the event.
        let figures = a.n_numbers.min(b.n_numbers) >= FIGURES;
        let template = if figures { (pairs - SHARED_WORDING).max(0.0) * (1.0 - numbers) } else { 0.0 };
        PairOverlap {
            words,
            lead,
            headline: a.headline.cosine(&b.headline).sqrt(),
            names,
            numbers: numbers.sqrt(),
            shared_rare: a.rare.share_with(&b.rare),
            template,
            thin: words * words < NEARLY_EQUAL && a.rare.shared_beside_rarest(&b.rare) < SECOND_WORD_RARITY,
            closeness: 0.4 * words + 0.3 * lead + 0.15 * pairs + 0.15 * names,
        }
    }
}

/// What an article knows of its own candidate list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbourhood {
    fade: f64,
    best: f64,
    /// The article itself and its best candidates, sorted.
    nearest: Vec<u32>,
    /// Share of the candidates that come from another outlet.
    others: f64,
}

impl Neighbourhood {
    /// The neighbourhood of an article from its candidates with their closeness, and the share of them
    /// that come from another outlet.
    pub fn of(article: u32, closeness: impl IntoIterator<Item = (u32, f64)>, others: f64) -> Neighbourhood {
        let mut list: Vec<(u32, f64)> = closeness.into_iter().collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut nearest: Vec<u32> = list.iter().take(NEAREST).map(|(number, _)| *number).collect();
        nearest.push(article);
        nearest.sort_unstable();
        Neighbourhood {
            fade: list.len() as f64 / (list.len() as f64 + LIST_FADE),
            best: list.first().map_or(0.0, |(_, closeness)| *closeness),
            nearest,
            others,
        }
    }

    /// How close a candidate is beside the best, faded where the list is short.
    fn rank(&self, closeness: f64) -> f64 {
        if self.best > 0.0 { self.fade * (closeness / self.best).min(1.0) } else { 0.0 }
    }

    /// Jaccard of the nearest of both.
    fn shared(&self, other: &Neighbourhood) -> f64 {
        let shared = self.nearest.iter().filter(|number| other.nearest.binary_search(number).is_ok()).count();
        shared as f64 / (self.nearest.len() + other.nearest.len() - shared) as f64
    }
}

/// The features of a pair.
pub fn pair_features(
    a: (&ArticleVectors, &Neighbourhood),
    b: (&ArticleVectors, &Neighbourhood),
    overlap: &PairOverlap,
) -> PairFeatures {
    let days = a.0.time.zip(b.0.time).map(|(a, b)| a.abs_diff(b) as f64 / 86_400.0);
    let (rank_a, rank_b) = (a.1.rank(overlap.closeness), b.1.rank(overlap.closeness));
    let fade = (a.1.fade + b.1.fade) / 2.0;
    let flag = |condition: bool| f64::from(u8::from(condition));
    PairFeatures([
        overlap.words,
        overlap.lead,
        overlap.headline,
        overlap.names,
        overlap.numbers,
        overlap.shared_rare,
        flag(days.is_none()),
        days.map_or(0.0, |days| (-(days / TIME_SCALE_DAYS).powi(2)).exp()),
        flag(a.0.body_words.min(b.0.body_words) < SHORT_TEXT_WORDS),
        rank_a.min(rank_b),
        rank_a.max(rank_b),
        fade * a.1.shared(b.1),
        fade,
        // On a wire of one outlet it says nothing that all articles have the same.
        flag(a.0.outlet.is_some() && a.0.outlet == b.0.outlet) * a.1.others.min(b.1.others),
        overlap.template,
    ])
}

/// A candidate pair with its features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgedPair {
    /// Smaller number.
    pub a: u32,
    /// Larger number.
    pub b: u32,
    /// What it is judged by.
    pub features: PairFeatures,
    /// The two share no more than one rare word, which is no evidence of an event.
    pub thin: bool,
}

impl JudgedPair {
    /// Similarity for linkage, given the log odds of the features; a thin pair has none.
    pub fn similarity(&self, log_odds: f64) -> f64 {
        if self.thin { 0.0 } else { similarity(log_odds) }
    }
}

/// Judges every candidate pair of a collection, in order of number.
pub fn judge_pairs(articles: &[ArticleVectors]) -> Vec<JudgedPair> {
    let lists = candidate_lists(articles);
    let pairs = candidate_pairs(&lists);
    let overlaps: Vec<PairOverlap> =
        pairs.par_iter().map(|(a, b)| PairOverlap::of(&articles[*a as usize], &articles[*b as usize])).collect();
    let closeness = |a: u32, b: u32| {
        let at = pairs.binary_search(&(a.min(b), a.max(b)));
        at.map_or(0.0, |at| overlaps[at].closeness)
    };
    let neighbourhood = |(number, list): (usize, &Vec<Candidate>)| {
        let outlet = articles[number].outlet;
        let number = number as u32;
        let other_outlet = |other: &&Candidate| articles[other.number as usize].outlet != outlet;
        let others = list.iter().filter(other_outlet).count() as f64 / list.len().max(1) as f64;
        Neighbourhood::of(number, list.iter().map(|other| (other.number, closeness(number, other.number))), others)
    };
    let neighbourhoods: Vec<Neighbourhood> = lists.par_iter().enumerate().map(neighbourhood).collect();
    let side = |number: u32| (&articles[number as usize], &neighbourhoods[number as usize]);
    pairs
        .par_iter()
        .zip(&overlaps)
        .map(|(&(a, b), overlap)| JudgedPair {
            a,
            b,
            features: pair_features(side(a), side(b), overlap),
            thin: overlap.thin,
        })
        .collect()
}

/// The cluster of each article, named by its smallest member.
pub fn cluster_articles(articles: &[ArticleVectors], threshold: f64) -> Vec<u32> {
    let pairs: Vec<ScoredPair> = judge_pairs(articles)
        .into_par_iter()
        .map(|pair| ScoredPair { a: pair.a, b: pair.b, similarity: pair.similarity(pair.features.log_odds()) })
        .filter(|pair| pair.similarity > 0.0)
        .collect();
    average_linkage(articles.len(), &pairs, threshold)
}
