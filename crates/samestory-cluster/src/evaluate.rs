//! How well a clustering agrees with gold labels.
//!
//! Each article has a gold label and a predicted label; the scores compare the two partitions and never look at the
//! labels themselves. Three families are computed, since each forgives something else:
//!
//! | family | counts | source | file |
//! |---|---|---|---|
//! | BCubed | articles | Bagga & Baldwin 1998; Amigó et al. 2009 | `evaluate/bcubed.rs` |
//! | pairs, adjusted Rand index | pairs of articles, so large stories weigh by their square | Hubert & Arabie 1985 | `evaluate/pairs.rs` |
//! | V-measure, adjusted mutual information | nats | Rosenberg & Hirschberg 2007; Vinh et al. 2010 | `evaluate/information.rs` |
//!
//! # Example
//!
//! Five articles on two events; the prediction moves the third to the wrong story.
//!
//! ```
//! use samestory_cluster::evaluate::{evaluate, label_ids};
//!
//! let gold = label_ids(["ferry", "ferry", "ferry", "storm", "storm"]);
//! let scores = evaluate(&gold, &[7, 7, 9, 9, 9])?;
//! // Precision: (1 + 1 + 1/3 + 2/3 + 2/3) / 5. Recall: (2/3 + 2/3 + 1/3 + 1 + 1) / 5.
//! assert!((scores.bcubed_p - 11.0 / 15.0).abs() < 1e-12);
//! assert!((scores.bcubed_r - 11.0 / 15.0).abs() < 1e-12);
//! # Ok::<(), samestory_cluster::evaluate::LengthMismatch>(())
//! ```

mod bcubed;
mod information;
mod pairs;

use std::collections::HashMap;

use serde::Serialize;

/// Scores of a predicted partition against gold. Precision is written `p`, recall `r`, their harmonic mean `f1`.
///
/// All scores are from 0 to 1, 1 being best, but `ari` (from -0.5) and `ami` (may fall below 0): there 0 is chance.
/// Without any article there is nothing to average: BCubed, `others` and the rates are then 0, while the pair scores,
/// `ari`, `ami` and the V-measure are 1 as for every pair of equal partitions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Articles compared.
    pub articles: usize,
    /// Clusters in gold.
    pub gold: usize,
    /// Clusters in the prediction.
    pub predicted: usize,
    /// Gold clusters of one article.
    pub gold_singletons: usize,
    /// Predicted clusters of one article.
    pub predicted_singletons: usize,
    /// Share of articles alone in their gold cluster, `gold_singletons / articles`.
    pub gold_singleton_rate: f64,
    /// Share of articles alone in their predicted cluster, `predicted_singletons / articles`.
    pub predicted_singleton_rate: f64,
    /// BCubed precision: of an article's predicted cluster, the share with its gold label; mean over articles.
    pub bcubed_p: f64,
    /// BCubed recall: of an article's gold cluster, the share with its predicted label; mean over articles.
    pub bcubed_r: f64,
    /// Harmonic mean of the two.
    pub bcubed_f1: f64,
    /// BCubed precision with the article itself left out; mean over articles with company in the prediction, else 0.
    pub others_p: f64,
    /// BCubed recall with the article itself left out; mean over articles with company in gold, else 0.
    pub others_r: f64,
    /// Harmonic mean of the two.
    pub others_f1: f64,
    /// Share of pairs together in the prediction that are together in gold; 1 if there is no such pair.
    pub pair_p: f64,
    /// Share of pairs together in gold that are together in the prediction; 1 if there is no such pair.
    pub pair_r: f64,
    /// Harmonic mean of the two.
    pub pair_f1: f64,
    /// Adjusted Rand index; 1 if both partitions are all singletons or both are one cluster.
    pub ari: f64,
    /// Adjusted mutual information, adjusted against the arithmetic mean of the entropies.
    pub ami: f64,
    /// Share of the gold entropy that the prediction explains; 1 if gold is one cluster.
    pub homogeneity: f64,
    /// Share of the prediction's entropy that gold explains; 1 if the prediction is one cluster.
    pub completeness: f64,
    /// Harmonic mean of homogeneity and completeness.
    pub v_measure: f64,
}

/// Gold and predicted labels are not of the same articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{gold} gold labels but {predicted} predicted labels; each article needs one of both")]
pub struct LengthMismatch {
    /// Number of gold labels.
    pub gold: usize,
    /// Number of predicted labels.
    pub predicted: usize,
}

/// Compares two partitions of the same articles.
///
/// `gold[i]` and `predicted[i]` are the labels of article i, any numbers; `n` entries each. An article without a
/// prediction should get a label of its own, so that leaving articles out never helps. Takes O(n log n) time, and for
/// the expected mutual information O(n · s) more, s being the number of different cluster sizes (below √(2n)).
///
/// # Errors
///
/// If the slices differ in length.
pub fn evaluate(gold: &[u32], predicted: &[u32]) -> Result<Scores, LengthMismatch> {
    if gold.len() != predicted.len() {
        return Err(LengthMismatch { gold: gold.len(), predicted: predicted.len() });
    }
    let table = Contingency::of(gold, predicted);
    let whole = bcubed::whole(&table);
    let others = bcubed::others(&table);
    let pairs = pairs::Pairs::of(&table);
    let pair = pairs.precision_recall();
    let information = information::Information::of(&table);
    let (homogeneity, completeness) = (information.homogeneity(), information.completeness());
    let gold_singletons = singletons(&table.gold_sizes);
    let predicted_singletons = singletons(&table.predicted_sizes);
    Ok(Scores {
        articles: table.articles,
        gold: table.gold_sizes.len(),
        predicted: table.predicted_sizes.len(),
        gold_singletons,
        predicted_singletons,
        gold_singleton_rate: ratio(gold_singletons as f64, table.articles as f64, 0.0),
        predicted_singleton_rate: ratio(predicted_singletons as f64, table.articles as f64, 0.0),
        bcubed_p: whole.precision,
        bcubed_r: whole.recall,
        bcubed_f1: whole.f1(),
        others_p: others.precision,
        others_r: others.recall,
        others_f1: others.f1(),
        pair_p: pair.precision,
        pair_r: pair.recall,
        pair_f1: pair.f1(),
        ari: pairs.adjusted_rand_index(),
        ami: information::adjusted_mutual_information(&table, &information),
        homogeneity,
        completeness,
        v_measure: harmonic_mean(homogeneity, completeness),
    })
}

/// Numbers for labels in the order of their first appearance: 0, 1, 2, ... without gaps.
///
/// The same labels in the same order always have the same numbers. Beyond 2³² different labels the rest share the last.
pub fn label_ids(labels: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<u32> {
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut ids = Vec::new();
    for label in labels {
        let label = label.as_ref();
        let id = known.get(label).copied().unwrap_or_else(|| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            known.insert(label.to_owned(), next);
            next
        });
        ids.push(id);
    }
    ids
}

/// What all scores are made of: how many articles each gold and predicted cluster have, and share.
///
/// Sizes and cells are sorted, so that sums come out the same to the bit however the labels are named.
struct Contingency {
    articles: usize,
    gold_sizes: Vec<usize>,
    predicted_sizes: Vec<usize>,
    cells: Vec<Cell>,
}

/// A gold and a predicted cluster with at least one article in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    shared: usize,
    gold_size: usize,
    predicted_size: usize,
}

impl Contingency {
    fn of(gold: &[u32], predicted: &[u32]) -> Self {
        let (gold_counts, predicted_counts) = (counts(gold.iter()), counts(predicted.iter()));
        let mut cells: Vec<Cell> = counts(gold.iter().zip(predicted))
            .into_iter()
            .map(|((gold, predicted), shared)| Cell {
                shared,
                gold_size: gold_counts[gold],
                predicted_size: predicted_counts[predicted],
            })
            .collect();
        cells.sort_unstable();
        let sorted = |counts: HashMap<&u32, usize>| {
            let mut sizes: Vec<usize> = counts.into_values().collect();
            sizes.sort_unstable();
            sizes
        };
        let (gold_sizes, predicted_sizes) = (sorted(gold_counts), sorted(predicted_counts));
        Self { articles: gold.len(), gold_sizes, predicted_sizes, cells }
    }

    /// Whether the two partitions are one and the same.
    fn is_match(&self) -> bool {
        self.cells.iter().all(|cell| cell.shared == cell.gold_size && cell.shared == cell.predicted_size)
    }
}

/// Precision and recall, 0 to 1.
struct PrecisionRecall {
    precision: f64,
    recall: f64,
}

impl PrecisionRecall {
    fn f1(&self) -> f64 {
        harmonic_mean(self.precision, self.recall)
    }
}

/// How often each item occurs.
fn counts<T: Eq + std::hash::Hash>(items: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}

fn singletons(sizes: &[usize]) -> usize {
    sizes.iter().filter(|&&size| size == 1).count()
}

/// `2ab / (a + b)`; 0 if both are 0.
fn harmonic_mean(a: f64, b: f64) -> f64 {
    ratio(2.0 * a * b, a + b, 0.0)
}

/// `part / whole`, or `otherwise` if the whole is 0.
fn ratio(part: f64, whole: f64, otherwise: f64) -> f64 {
    if whole == 0.0 { otherwise } else { part / whole }
}

#[cfg(test)]
mod tests;
