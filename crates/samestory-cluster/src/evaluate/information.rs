//! Scores from information theory, in nats: V-measure and adjusted mutual information.
//!
//! Rosenberg & Hirschberg 2007, "V-measure: a conditional entropy-based external cluster evaluation measure", with
//! beta = 1. Vinh, Epps & Bailey 2010, "Information theoretic measures for clusterings comparison": the
//! mutual information of partitions grows with the number of clusters by chance alone, so its expectation over random
//! partitions with the same cluster sizes is taken off.

use super::{Contingency, ratio};

/// Entropy of each partition and their mutual information, in nats.
pub(super) struct Information {
    gold: f64,
    predicted: f64,
    mutual: f64,
}

impl Information {
    pub(super) fn of(table: &Contingency) -> Self {
        let articles = table.articles as f64;
        let mutual: f64 = table
            .cells
            .iter()
            .map(|cell| {
                let (gold, predicted, shared) = (cell.gold_size as f64, cell.predicted_size as f64, cell.shared as f64);
                shared / articles * (shared.ln() + articles.ln() - gold.ln() - predicted.ln())
            })
            .sum();
        // Rounding may push it below 0, which mutual information never is.
        Self {
            gold: entropy(&table.gold_sizes, articles),
            predicted: entropy(&table.predicted_sizes, articles),
            mutual: mutual.max(0.0),
        }
    }

    /// 1 - H(gold | predicted) / H(gold), which is MI / H(gold).
    pub(super) fn homogeneity(&self) -> f64 {
        ratio(self.mutual, self.gold, 1.0).min(1.0)
    }

    /// 1 - H(predicted | gold) / H(predicted), which is MI / H(predicted).
    pub(super) fn completeness(&self) -> f64 {
        ratio(self.mutual, self.predicted, 1.0).min(1.0)
    }
}

/// (MI - expected MI) / ((H(gold) + H(predicted)) / 2 - expected MI); 1 for equal partitions, whatever they are.
///
/// If a partition is one cluster or all singletons, every partition with the sizes of the other has the same mutual
/// information with it. The numerator is then 0, which is said outright: computed, it is the rounding error.
pub(super) fn adjusted_mutual_information(table: &Contingency, information: &Information) -> f64 {
    if table.is_match() {
        return 1.0;
    }
    let is_trivial = |sizes: &[usize]| sizes.len() == 1 || sizes.len() == table.articles;
    if is_trivial(&table.gold_sizes) || is_trivial(&table.predicted_sizes) {
        return 0.0;
    }
    let expected = expected_mutual_information(table);
    // The expectation is below both entropies for partitions that are neither equal nor trivial.
    let room = (information.gold + information.predicted) / 2.0 - expected;
    (information.mutual - expected) / room.max(f64::EPSILON)
}

/// Entropy of a partition of `articles` into clusters of these sizes.
fn entropy(sizes: &[usize], articles: f64) -> f64 {
    // Of one cluster it is exactly 0, and 0 is what the scores test for.
    sizes.iter().map(|&size| size as f64 / articles * (articles.ln() - (size as f64).ln())).sum()
}

/// Mutual information to expect of two random partitions with the cluster sizes of `table`.
///
/// A gold cluster of a articles and a predicted one of b share k with the hypergeometric probability. The sum over k
/// depends on a and b alone, so it is taken once for each pair of sizes: of thousands of clusters few differ in size.
fn expected_mutual_information(table: &Contingency) -> f64 {
    let n = table.articles;
    let ln_factorial = ln_factorials(n);
    let (gold, predicted) = (runs(&table.gold_sizes), runs(&table.predicted_sizes));
    let mut expected = 0.0;
    for &(a, n_gold) in &gold {
        for &(b, n_predicted) in &predicted {
            let sizes = ln_factorial[a] + ln_factorial[n - a] + ln_factorial[b] + ln_factorial[n - b] - ln_factorial[n];
            let least = (a + b).saturating_sub(n).max(1);
            let one_pair: f64 = (least..=a.min(b))
                .map(|k| {
                    let ways =
                        ln_factorial[k] + ln_factorial[a - k] + ln_factorial[b - k] + ln_factorial[n + k - a - b];
                    let gain = (n as f64).ln() + (k as f64).ln() - (a as f64).ln() - (b as f64).ln();
                    k as f64 / n as f64 * gain * (sizes - ways).exp()
                })
                .sum();
            expected += n_gold as f64 * n_predicted as f64 * one_pair;
        }
    }
    expected
}

/// ln 0!, ln 1!, ..., ln n!: `n + 1` numbers.
fn ln_factorials(n: usize) -> Vec<f64> {
    // Differences of these are exponentiated, so the error must not grow with n: the part lost in each addition is
    // carried over (Kahan's summation).
    let (mut sum, mut lost) = (0.0, 0.0);
    let mut table = Vec::with_capacity(n + 1);
    table.push(0.0);
    for number in 1..=n {
        let term = (number as f64).ln() - lost;
        let next = sum + term;
        lost = (next - sum) - term;
        sum = next;
        table.push(sum);
    }
    table
}

/// Each size of a sorted list with how often it occurs.
fn runs(sorted: &[usize]) -> Vec<(usize, usize)> {
    sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect()
}
