//! Banding: which pairs of signatures are looked at.
//!
//! # Motivation
//!
//! Comparing 40,000 signatures with each other takes 800 million estimates. Banding cuts a
//! signature into `b` *bands* of `r` *rows* and looks only at pairs that agree in all rows of at
//! least one band; see Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, 3rd edition,
//! section 3.4.
//!
//! # Design
//!
//! A pair of Jaccard `J` agrees in one row with probability `J`, in one band with `J^r`, in none
//! of `b` bands with `(1 - J^r)^b`. It is met with
//!
//! ```text
//! P(J) = 1 - (1 - J^r)^b
//! ```
//!
//! an S-shaped curve, half way up near `J = (1/b)^(1/r)`. Three ways to cut 128 hashes:
//!
//! | J                 |   0.01 |   0.05 |    0.1 |    0.2 |    0.3 |    0.5 |    0.6 |
//! |-------------------|-------:|-------:|-------:|-------:|-------:|-------:|-------:|
//! | 64 bands × 2 rows | 0.0064 | 0.1480 | 0.4744 | 0.9267 | 0.9976 | 1.0000 | 1.0000 |
//! | 32 bands × 4 rows | 0.0000 | 0.0002 | 0.0032 | 0.0500 | 0.2291 | 0.8732 | 0.9882 |
//! | 16 bands × 8 rows | 0.0000 | 0.0000 | 0.0000 | 0.0000 | 0.0010 | 0.0607 | 0.2374 |
//!
//! # Consequences
//!
//! The default is 64 × 2. A near duplicate may be a text that contains another: containment 0.85
//! with a Jaccard of only 0.3 ([`NearDuplicateRule`](crate::NearDuplicateRule)). Such pairs have to
//! be met, and `1 - (1 - 0.3²)^64 = 1 - 0.91^64 = 0.9976` of them are; 32 × 4 would find
//! `1 - (1 - 0.3⁴)^32 = 0.23`. The price is paid at the foot of the curve: a pair at `J = 0.01` is
//! met with probability `1 - (1 - 0.0001)^64 = 0.0064`. If every pair of 40,000 items were that
//! alike, 5 million of 800 million pairs would be met; most pairs of unrelated texts have `J = 0`
//! and are never met. Texts with much boilerplate in common (`J = 0.05`, met with 0.15) are the
//! case to watch: strip the boilerplate first, or set [`Lsh::min_estimate`](crate::Lsh).

/// A cut of signatures into bands of rows. The default is 64 bands of 2 rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Banding {
    /// The number of bands. With 0, no pair is ever met.
    pub bands: usize,
    /// The number of rows, that is signature values, of one band. With 0, every pair is met.
    pub rows: usize,
}

impl Default for Banding {
    fn default() -> Self {
        Self { bands: 64, rows: 2 }
    }
}

impl Banding {
    /// The banding of the most rows, hence the fewest candidates, that meets a pair of Jaccard
    /// `jaccard` with probability `recall` or more.
    ///
    /// At most `n_hashes` values are used, `n_hashes % rows` left over. `None` if not even one row
    /// a band reaches the recall.
    ///
    /// ```
    /// use samestory_minhash::Banding;
    /// assert_eq!(Banding::for_recall(128, 0.3, 0.99), Some(Banding { bands: 64, rows: 2 }));
    /// assert_eq!(Banding::for_recall(128, 0.6, 0.98), Some(Banding { bands: 32, rows: 4 }));
    /// assert_eq!(Banding::for_recall(128, 0.01, 0.99), None);
    /// ```
    #[must_use]
    pub fn for_recall(n_hashes: usize, jaccard: f64, recall: f64) -> Option<Self> {
        (1..=n_hashes)
            .rev()
            .map(|rows| Self { bands: n_hashes / rows, rows })
            .find(|banding| banding.probability(jaccard) >= recall)
    }

    /// The probability, in 0..=1, that a pair of sets of this Jaccard coefficient becomes a
    /// candidate: the S-curve `1 - (1 - J^r)^b`.
    ///
    /// `jaccard` outside 0..=1 counts as the nearer end.
    #[must_use]
    pub fn probability(&self, jaccard: f64) -> f64 {
        let one_band = jaccard.clamp(0.0, 1.0).powf(self.rows as f64);
        1.0 - (1.0 - one_band).powf(self.bands as f64)
    }

    /// The number of signature values in use, `bands * rows`.
    #[must_use]
    pub fn n_hashes(&self) -> usize {
        self.bands.saturating_mul(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_numbers_of_the_documentation() {
        let rounded = |bands, rows, jaccard| {
            let probability = Banding { bands, rows }.probability(jaccard);
            (probability * 1e4).round() / 1e4
        };
        let curve = |bands, rows| [0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.6].map(|jaccard| rounded(bands, rows, jaccard));
        assert_eq!(curve(64, 2), [0.0064, 0.1480, 0.4744, 0.9267, 0.9976, 1.0, 1.0]);
        assert_eq!(curve(32, 4), [0.0, 0.0002, 0.0032, 0.0500, 0.2291, 0.8732, 0.9882]);
        assert_eq!(curve(16, 8), [0.0, 0.0, 0.0, 0.0, 0.0010, 0.0607, 0.2374]);
    }

    #[test]
    fn ends_of_the_range() {
        let banding = Banding::default();
        assert_eq!([-1.0, 0.0, 1.0, 2.0].map(|j| banding.probability(j)), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(Banding { bands: 0, rows: 2 }.probability(1.0), 0.0);
        assert_eq!(Banding::for_recall(0, 0.5, 0.5), None);
        assert_eq!(Banding::for_recall(128, f64::NAN, 0.5), None);
    }

    proptest! {
        #[test]
        fn no_banding_of_more_rows_reaches_the_recall(
            n_hashes in 1_usize..200,
            jaccard in 0.05_f64..1.0,
            recall in 0.1_f64..1.0,
        ) {
            let chosen = Banding::for_recall(n_hashes, jaccard, recall);
            let rows = chosen.map_or(0, |banding| banding.rows);
            if let Some(banding) = chosen {
                prop_assert!(banding.probability(jaccard) >= recall);
                prop_assert!(banding.n_hashes() <= n_hashes);
            }
            for rows in rows + 1..=n_hashes {
                let banding = Banding { bands: n_hashes / rows, rows };
                prop_assert!(banding.probability(jaccard) < recall);
            }
        }
    }
}
