//! BCubed precision and recall: the scores of single articles, averaged.
//!
//! Bagga & Baldwin 1998, "Entity-based cross-document coreferencing using the vector space model", with all articles
//! weighing the same. Amigó et al. 2009, "A comparison of extrinsic clustering evaluation metrics based on
//! formal constraints", show that it meets all four of their constraints.
//!
//! An article counts itself among its cluster, so a clustering of singletons has precision 1 and, where gold is mostly
//! singletons, a high F1 too. [`others`] leaves the article itself out.

use super::{Cell, Contingency, PrecisionRecall, ratio};

/// BCubed over all articles. The c articles of a cell have precision c / predicted size and recall c / gold size each.
pub(super) fn whole(table: &Contingency) -> PrecisionRecall {
    let mean = |size: fn(&Cell) -> usize| {
        let sum: f64 = table.cells.iter().map(|cell| square(cell.shared) / size(cell) as f64).sum();
        // Rounding may push the mean of many ones above 1.
        ratio(sum, table.articles as f64, 0.0).min(1.0)
    };
    PrecisionRecall { precision: mean(|cell| cell.predicted_size), recall: mean(|cell| cell.gold_size) }
}

/// BCubed where an article does not count itself, over the articles whose cluster has others; 0 if there are none.
pub(super) fn others(table: &Contingency) -> PrecisionRecall {
    let mean = |size: fn(&Cell) -> usize| {
        let in_company = || table.cells.iter().filter(|cell| size(cell) > 1);
        let sum: f64 =
            in_company().map(|cell| (square(cell.shared) - cell.shared as f64) / (size(cell) as f64 - 1.0)).sum();
        let articles: usize = in_company().map(|cell| cell.shared).sum();
        ratio(sum, articles as f64, 0.0).min(1.0)
    };
    PrecisionRecall { precision: mean(|cell| cell.predicted_size), recall: mean(|cell| cell.gold_size) }
}

fn square(count: usize) -> f64 {
    count as f64 * count as f64
}
