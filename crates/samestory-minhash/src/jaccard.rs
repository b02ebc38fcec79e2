//! The exact overlap of two shingle sets: the truth that signatures estimate.

use crate::shingle::ShingleSet;

/// When one set is this many times larger, its elements are searched for instead of walked over.
///
/// A merge takes one short step for each element of the larger set, a search about `2 log2(ratio)`
/// unpredictable ones for each element of the smaller. Measured: equal near 6.
const GALLOP_RATIO: usize = 8;

/// How two sets overlap, as three counts from which every ratio follows.
///
/// The names are Broder's (1997, section 2): the *resemblance* is the Jaccard coefficient, the
/// *containment* of A in B is the share of A found in B. All ratios lie in 0..=1. A ratio to an
/// empty set is 0: a text without tokens resembles nothing, not even another such text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Overlap {
    /// The number of shingles in both sets.
    pub shared: usize,
    /// The size of the first set.
    pub a: usize,
    /// The size of the second set.
    pub b: usize,
}

impl Overlap {
    /// Counts the overlap of two sets, in time linear in their sizes or better.
    #[must_use]
    pub fn of(a: &ShingleSet, b: &ShingleSet) -> Self {
        let (small, large) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        let shared = if large.len() / GALLOP_RATIO >= small.len() {
            shared_by_galloping(small.as_slice(), large.as_slice())
        } else {
            shared_by_merging(small.as_slice(), large.as_slice())
        };
        Self { shared, a: a.len(), b: b.len() }
    }

    /// The most that two sets of `a` and `b` shingles can overlap: the smaller inside the larger.
    #[must_use]
    pub fn at_most(a: usize, b: usize) -> Self {
        Self { shared: a.min(b), a, b }
    }

    /// `|A ∩ B| / |A ∪ B|`.
    #[must_use]
    pub fn jaccard(&self) -> f64 {
        ratio(self.shared, (self.a + self.b).saturating_sub(self.shared))
    }

    /// `|A ∩ B| / |A|`: how much of the first text is found in the second.
    #[must_use]
    pub fn a_in_b(&self) -> f64 {
        ratio(self.shared, self.a)
    }

    /// `|A ∩ B| / |B|`: how much of the second text is found in the first.
    #[must_use]
    pub fn b_in_a(&self) -> f64 {
        ratio(self.shared, self.b)
    }

    /// The larger of [`a_in_b`](Self::a_in_b) and [`b_in_a`](Self::b_in_a).
    #[must_use]
    pub fn containment(&self) -> f64 {
        self.a_in_b().max(self.b_in_a())
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Walks both slices once, as two walks side by side: each step waits for the one before it, so a
/// second, independent walk is nearly free. The elements below and above the middle of `a` part.
fn shared_by_merging(a: &[u64], b: &[u64]) -> usize {
    let (a_low, a_high) = a.split_at(a.len() / 2);
    let middle = b.partition_point(|hash| a_high.first().is_some_and(|first| hash < first));
    let (b_low, b_high) = b.split_at(middle);

    let mut low = Walk::over(a_low, b_low);
    let mut high = Walk::over(a_high, b_high);
    while low.goes_on() && high.goes_on() {
        low.step();
        high.step();
    }
    for walk in [&mut low, &mut high] {
        while walk.goes_on() {
            walk.step();
        }
    }
    low.shared + high.shared
}

/// A merge of two ascending slices that has come to `a[i]` and `b[j]`.
struct Walk<'a> {
    a: &'a [u64],
    b: &'a [u64],
    i: usize,
    j: usize,
    shared: usize,
}

impl<'a> Walk<'a> {
    fn over(a: &'a [u64], b: &'a [u64]) -> Self {
        let (i, j, shared) = (0, 0, 0);
        Self { a, b, i, j, shared }
    }

    fn goes_on(&self) -> bool {
        self.i < self.a.len() && self.j < self.b.len()
    }

    /// Has no branch to mispredict: the hashes are random, so a branch on which is smaller would
    /// be guessed wrong half of the time.
    fn step(&mut self) {
        let (x, y) = (self.a[self.i], self.b[self.j]);
        self.shared += usize::from(x == y);
        self.i += usize::from(x <= y);
        self.j += usize::from(y <= x);
    }
}

/// Looks for each element of `small` by steps of 1, 2, 4, ... from the last place, then by halves
/// (Bentley and Yao, *An almost optimal algorithm for unbounded searching*, 1976).
fn shared_by_galloping(small: &[u64], large: &[u64]) -> usize {
    let mut rest = large;
    let mut shared = 0;
    for &wanted in small {
        let mut step = 1;
        while step < rest.len() && rest[step] < wanted {
            step *= 2;
        }
        // All before `rest[step / 2]` is smaller than `wanted`; `rest[step]`, if any, is not.
        let start = step / 2;
        let end = rest.len().min(step + 1);
        let place = start + rest[start..end].partition_point(|&hash| hash < wanted);
        rest = &rest[place..];
        shared += usize::from(rest.first() == Some(&wanted));
    }
    shared
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ratios_of_a_passage_quoted_in_a_longer_text() {
        let passage: ShingleSet = (0..40).collect();
        let text: ShingleSet = (0..100).collect();
        let overlap = Overlap::of(&passage, &text);
        assert_eq!(overlap, Overlap { shared: 40, a: 40, b: 100 });
        assert_eq!(overlap.jaccard(), 0.4);
        assert_eq!(overlap.a_in_b(), 1.0);
        assert_eq!(overlap.b_in_a(), 0.4);
        assert_eq!(overlap.containment(), 1.0);
    }

    #[test]
    fn empty_sets_resemble_nothing() {
        let empty = ShingleSet::default();
        let full: ShingleSet = (0..3).collect();
        for overlap in [Overlap::of(&empty, &empty), Overlap::of(&empty, &full)] {
            assert_eq!(overlap.jaccard(), 0.0);
            assert_eq!(overlap.containment(), 0.0);
        }
    }

    proptest! {
        #[test]
        fn merging_and_galloping_count_what_a_tree_counts(
            a in prop::collection::btree_set(0_u64..300, 0..40),
            b in prop::collection::btree_set(0_u64..300, 0..200),
        ) {
            let expected = BTreeSet::intersection(&a, &b).count();
            let a: Vec<u64> = a.into_iter().collect();
            let b: Vec<u64> = b.into_iter().collect();
            prop_assert_eq!(shared_by_merging(&a, &b), expected);
            prop_assert_eq!(shared_by_galloping(&a, &b), expected);
            prop_assert_eq!(shared_by_galloping(&b, &a), expected);
        }

        #[test]
        fn swapping_the_sets_swaps_the_directions(
            a in prop::collection::vec(0_u64..100, 0..60),
            b in prop::collection::vec(0_u64..100, 0..60),
        ) {
            let (a, b): (ShingleSet, ShingleSet) = (a.into_iter().collect(), b.into_iter().collect());
            let (forth, back) = (Overlap::of(&a, &b), Overlap::of(&b, &a));
            prop_assert_eq!(forth.jaccard(), back.jaccard());
            prop_assert_eq!(forth.a_in_b(), back.b_in_a());
            prop_assert!(forth.jaccard() <= forth.containment());
            prop_assert!(forth.jaccard() <= Overlap::at_most(a.len(), b.len()).jaccard());
        }
    }
}
