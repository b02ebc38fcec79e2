//! Verification: which candidate pairs are near duplicates, by exact overlap.

use rayon::prelude::*;

use crate::{CandidatePair, Overlap, ShingleSet};

/// When two texts count as near duplicates: alike as a whole, or one inside the other.
///
/// At least one shingle has to be shared, whatever the thresholds. All three lie in 0..=1, and a
/// pair exactly on a threshold is accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearDuplicateRule {
    /// Pairs of this Jaccard or more are accepted. The default is 0.6: of two texts of equal
    /// length, `2 * 0.6 / 1.6 = 75 %` of the shingles are common.
    pub jaccard: f64,
    /// Pairs of this containment or more, one text quoted in another, are accepted too if their
    /// Jaccard reaches `containment_floor`. The default is 0.85; `None` switches the rule off.
    pub containment: Option<f64>,
    /// The default is 0.3: a text found whole in another may be 0.3 times as long, and a text
    /// found to 85 % `0.3 / (0.85 - 0.3 * 0.15) = 0.37` times. A brief of three sentences inside a
    /// long report stays apart.
    pub containment_floor: f64,
}

impl Default for NearDuplicateRule {
    fn default() -> Self {
        Self { jaccard: 0.6, containment: Some(0.85), containment_floor: 0.3 }
    }
}

impl NearDuplicateRule {
    /// Whether two texts of this overlap are near duplicates.
    #[must_use]
    pub fn accepts(&self, overlap: &Overlap) -> bool {
        let jaccard = overlap.jaccard();
        let contained =
            self.containment.is_some_and(|least| overlap.containment() >= least && jaccard >= self.containment_floor);
        overlap.shared > 0 && (jaccard >= self.jaccard || contained)
    }
}

/// A verified pair of items and its exact overlap, from which Jaccard and containments follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearDuplicate {
    /// The item of the smaller number.
    pub a: u32,
    /// The item of the larger number.
    pub b: u32,
    /// The overlap of the shingles of `a` with those of `b`.
    pub overlap: Overlap,
}

/// The candidates that the rule accepts, in the order given.
///
/// # Panics
///
/// If a candidate names an item that is not in `sets`.
#[must_use]
pub fn verify(sets: &[ShingleSet], candidates: &[CandidatePair], rule: &NearDuplicateRule) -> Vec<NearDuplicate> {
    candidates
        .par_iter()
        .filter_map(|&CandidatePair { a, b }| {
            let (set_a, set_b) = (&sets[a as usize], &sets[b as usize]);
            // More shared shingles never turn a yes into a no, so sizes too unequal settle it.
            if !rule.accepts(&Overlap::at_most(set_a.len(), set_b.len())) {
                return None;
            }
            let overlap = Overlap::of(set_a, set_b);
            rule.accepts(&overlap).then_some(NearDuplicate { a, b, overlap })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn thresholds_are_inclusive() {
        let accepts = |shared, a, b| NearDuplicateRule::default().accepts(&Overlap { shared, a, b });
        assert!(accepts(75, 100, 100)); // Jaccard 75 / 125 = 0.6
        assert!(!accepts(74, 100, 100));
        assert!(accepts(30, 30, 100)); // containment 1, Jaccard 0.3
        assert!(!accepts(29, 29, 100));
        assert!(accepts(85, 100, 200)); // containment 0.85, Jaccard 85 / 215 = 0.395
        assert!(!accepts(84, 100, 200));
    }

    #[test]
    fn the_containment_rule_can_be_switched_off() {
        let rule = NearDuplicateRule { containment: None, ..NearDuplicateRule::default() };
        assert!(!rule.accepts(&Overlap { shared: 50, a: 50, b: 100 }));
    }

    #[test]
    fn texts_that_share_nothing_are_never_accepted() {
        let rule = NearDuplicateRule { jaccard: 0.0, containment: Some(0.0), containment_floor: 0.0 };
        assert!(!rule.accepts(&Overlap { shared: 0, a: 3, b: 3 }));
        assert!(!rule.accepts(&Overlap::default()));
    }

    proptest! {
        #[test]
        fn verify_agrees_with_the_rule_and_keeps_the_order(
            texts in prop::collection::vec(prop::collection::vec(0_u64..15, 0..20), 2..15),
            picks in prop::collection::vec((0_usize..15, 0_usize..15), 0..40),
        ) {
            let rule = NearDuplicateRule::default();
            let sets: Vec<ShingleSet> = texts.into_iter().map(ShingleSet::from_iter).collect();
            let candidates: Vec<CandidatePair> = picks
                .into_iter()
                .map(|(a, b)| CandidatePair {
                    a: (a % sets.len()) as u32,
                    b: (b % sets.len()) as u32,
                })
                .collect();
            let expected: Vec<NearDuplicate> = candidates
                .iter()
                .map(|&CandidatePair { a, b }| {
                    let overlap = Overlap::of(&sets[a as usize], &sets[b as usize]);
                    NearDuplicate { a, b, overlap }
                })
                .filter(|pair| rule.accepts(&pair.overlap))
                .collect();
            prop_assert_eq!(verify(&sets, &candidates, &rule), expected);
        }
    }
}
