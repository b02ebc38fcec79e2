//! Groups of copies, each around the earliest of them.
//!
//! # Motivation
//!
//! Near duplication is not transitive. An agency report is cut by one outlet, the cut is rewritten
//! by another, and after a few such steps the last text has little of the first. Connected
//! components would call them all copies of each other.
//!
//! # Design
//!
//! In the order of rank (say, of publication), each item joins the earliest representative it has
//! a verified pair with; if there is none, it becomes a representative itself. This is the leader
//! algorithm (Hartigan, *Clustering Algorithms*, 1975, chapter 3) with pairs as the distance.
//!
//! ```text
//! rank         0       1       2       3
//! pairs        0 ───── 1 ───── 2 ───── 3
//! group        -       0       -       2        1 is taken by 0, so 2 has no representative
//! ```
//!
//! # Consequences
//!
//! Every item of a group is a verified near duplicate of its representative, while two other items
//! of the group need not be of each other. A pair that was never a candidate cannot group.

use crate::NearDuplicate;

/// The representative of each item, or `None` for an item that is its own: one with copies, or one
/// alone.
///
/// There are `rank.len()` items, `rank[item]` says which come first, equal ranks in order of item
/// number. The order of `pairs`, and of the two items within each, is of no consequence.
///
/// # Panics
///
/// If a pair names an item that has no rank, or if there are more than `u32::MAX` items.
#[must_use]
pub fn copy_groups(rank: &[u32], pairs: &[NearDuplicate]) -> Vec<Option<u32>> {
    assert!(u32::try_from(rank.len()).is_ok(), "item numbers have 32 bits");
    let by_rank = |item: u32| (rank[item as usize], item);
    let mut edges: Vec<Edge> = pairs
        .iter()
        .filter(|pair| pair.a != pair.b)
        .map(|pair| {
            let (a, b) = (by_rank(pair.a), by_rank(pair.b));
            Edge { later: a.max(b), earlier: a.min(b) }
        })
        .collect();
    edges.sort_unstable();

    let mut representative = vec![None; rank.len()];
    // All edges of one later item stand together, its earliest partner first; and whether that
    // partner is a representative was settled by edges further up.
    for Edge { later: (_, later), earlier: (_, earlier) } in edges {
        if representative[later as usize].is_none() && representative[earlier as usize].is_none() {
            representative[later as usize] = Some(earlier);
        }
    }
    representative
}

/// A pair as two `(rank, item)`, ordered by the later one, then by the earlier one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    later: (u32, u32),
    earlier: (u32, u32),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Overlap;

    fn pair(a: u32, b: u32) -> NearDuplicate {
        NearDuplicate { a, b, overlap: Overlap::default() }
    }

    #[test]
    fn a_chain_is_not_one_group() {
        let pairs = [pair(0, 1), pair(1, 2), pair(2, 3)];
        assert_eq!(copy_groups(&[0, 1, 2, 3], &pairs), [None, Some(0), None, Some(2)]);
    }

    #[test]
    fn the_earliest_item_represents_whatever_its_number() {
        let pairs = [pair(0, 1), pair(0, 2), pair(1, 2)];
        assert_eq!(copy_groups(&[9, 5, 1, 3], &pairs), [Some(2), Some(2), None, None]);
    }

    #[test]
    fn an_item_joins_the_earliest_of_two_representatives() {
        let pairs = [pair(0, 2), pair(1, 2)];
        assert_eq!(copy_groups(&[7, 6, 8], &pairs), [None, None, Some(1)]);
    }

    #[test]
    fn items_alone_and_pairs_with_oneself() {
        assert_eq!(copy_groups(&[], &[]), []);
        assert_eq!(copy_groups(&[0, 0], &[pair(1, 1)]), [None, None]);
    }

    proptest! {
        #[test]
        fn laws_of_groups(
            rank in prop::collection::vec(0_u32..8, 1..20),
            picks in prop::collection::vec((0_u32..20, 0_u32..20), 0..40),
        ) {
            let n_items = rank.len() as u32;
            let pairs: Vec<_> = picks.iter().map(|&(a, b)| pair(a % n_items, b % n_items)).collect();
            let groups = copy_groups(&rank, &pairs);

            let verified = |x, y| pairs.iter().any(|p| (p.a, p.b) == (x, y) || (p.b, p.a) == (x, y));
            let is_before = |x: u32, y: u32| (rank[x as usize], x) < (rank[y as usize], y);
            for item in 0..n_items {
                // What the module head says, word by word.
                let expected = (0..n_items)
                    .filter(|&other| is_before(other, item) && verified(other, item))
                    .filter(|&other| groups[other as usize].is_none())
                    .min_by_key(|&other| (rank[other as usize], other));
                prop_assert_eq!(groups[item as usize], expected);
            }
            for representative in groups.iter().flatten() {
                prop_assert_eq!(groups[*representative as usize], None);
            }

            let reversed: Vec<_> = pairs.iter().rev().map(|p| pair(p.b, p.a)).collect();
            prop_assert_eq!(groups, copy_groups(&rank, &reversed));
        }
    }
}
