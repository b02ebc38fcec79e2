//! Scores that count pairs of articles: pairwise precision and recall, and the adjusted Rand index.
//!
//! Hubert & Arabie 1985, "Comparing partitions": (index - expected) / (maximum - expected), the expectation
//! being over random partitions with the same cluster sizes.

use super::{Contingency, PrecisionRecall, ratio};

/// Numbers of pairs of articles that are in one cluster.
pub(super) struct Pairs {
    /// In gold and in the prediction.
    both: f64,
    gold: f64,
    predicted: f64,
    /// All pairs of articles.
    all: f64,
}

impl Pairs {
    pub(super) fn of(table: &Contingency) -> Self {
        Self {
            both: table.cells.iter().map(|cell| pairs(cell.shared)).sum(),
            gold: table.gold_sizes.iter().copied().map(pairs).sum(),
            predicted: table.predicted_sizes.iter().copied().map(pairs).sum(),
            all: pairs(table.articles),
        }
    }

    /// Without pairs to be wrong about, both are 1.
    pub(super) fn precision_recall(&self) -> PrecisionRecall {
        PrecisionRecall { precision: ratio(self.both, self.predicted, 1.0), recall: ratio(self.both, self.gold, 1.0) }
    }

    /// The maximum is put at the mean of gold and predicted pairs. If it equals the expectation, both partitions are
    /// all singletons or both are one cluster, and the index is 1.
    pub(super) fn adjusted_rand_index(&self) -> f64 {
        let expected = ratio(self.gold * self.predicted, self.all, 0.0);
        let maximum = (self.gold + self.predicted) / 2.0;
        ratio(self.both - expected, maximum - expected, 1.0)
    }
}

/// Pairs among `count` articles. Exact up to 2²⁶ articles; a sum of them beyond is rounded by 1 in 10¹⁵.
fn pairs(count: usize) -> f64 {
    let count = count as f64;
    count * (count - 1.0) / 2.0
}
