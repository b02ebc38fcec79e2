//! Locality-sensitive hashing: from signatures to candidate pairs, for a whole batch at once.
//!
//! # Design
//!
//! For each band, the items are sorted by a hash of their rows; a run of equal hashes is a
//! *bucket*, and the items of a bucket become pairs. Sorting needs no hash table, gives the same
//! result on any number of threads, and a band is done and forgotten before the next.
//!
//! ```text
//! band 0   [a1 f0] [a1 f0] [3c 77]        items 0 and 1 share a bucket    -> pair (0, 1)
//! band 1   [55 12] [e9 b4] [e9 b4]        items 1 and 2 share a bucket    -> pair (1, 2)
//! item        0       1       2           Candidates: (0, 1), (1, 2)
//! ```
//!
//! # Large buckets
//!
//! 1000 copies of one agency report would make half a million pairs, in each of 64 bands, to say
//! one thing. A bucket above [`Lsh::bucket_cap`] therefore makes only two pairs an item: with the
//! first item of the bucket, and with the item before it, by the caller's rank. The first pairs are
//! those [`copy_groups`](crate::copy_groups) needs for copies of the earliest item, the second
//! hold a bucket of unlike items together where neighbours in rank (say, in time) are alike.
//! Pairs may be missed then, and the number of such buckets is reported, never hidden.

use rayon::prelude::*;

use crate::{Banding, Signature, signature::mix};

/// Bands done before their pairs are merged into the result: enough to keep some threads busy,
/// few enough that repeated pairs (a copy is met in all 64 bands) do not pile up.
const BANDS_AT_ONCE: usize = 8;

/// Two items, by number, that share a bucket; `a < b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CandidatePair {
    /// The item of the smaller number.
    pub a: u32,
    /// The item of the larger number.
    pub b: u32,
}

impl CandidatePair {
    /// The pair of two different items, given in either order.
    fn of(one: u32, other: u32) -> Self {
        Self { a: one.min(other), b: one.max(other) }
    }
}

/// The candidate pairs of a batch, and how full the buckets were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// All pairs, ascending and distinct.
    pub pairs: Vec<CandidatePair>,
    /// The number of buckets, over all bands, that were larger than the cap: pairs may be missing.
    pub capped_buckets: usize,
    /// The number of items in the largest bucket of any band.
    pub largest_bucket: usize,
}

/// Candidate search by banding.
///
/// ```
/// use samestory_minhash::{Banding, Lsh};
/// let lsh = Lsh { bucket_cap: 500, ..Lsh::new(Banding::default()) };
/// # let _ = lsh;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lsh {
    /// How signatures are cut.
    pub banding: Banding,
    /// The largest number of items of a bucket of which all pairs are taken. The default, 200,
    /// gives at most `200 * 199 / 2 = 19,900` pairs a bucket, 100 for each of its items.
    pub bucket_cap: usize,
    /// The smallest estimated Jaccard a pair is kept for. The default, 0, keeps all.
    ///
    /// An estimate takes 0.03 µs, an exact comparison of 600 shingles 2 µs or more, and bands of two
    /// rows meet many pairs at `J = 0.05`. With 128 hashes, 0.15 lies 3.7 standard deviations of
    /// 0.041 below 0.3 and 5.2 of 0.019 above 0.05: it drops one pair in 18,000 at `J = 0.3` and
    /// keeps one in 160,000 at 0.05 (binomial tails below and above 19.2 of 128).
    pub min_estimate: f64,
}

impl Lsh {
    /// A search with the default cap that keeps every pair met.
    #[must_use]
    pub fn new(banding: Banding) -> Self {
        Self { banding, bucket_cap: 200, min_estimate: 0.0 }
    }

    /// All pairs of items that agree in at least one band.
    ///
    /// An item is its index in `signatures`; one without signature is in no pair. `rank` orders
    /// the items in large buckets, smallest first, equal ranks by item number.
    ///
    /// The working memory beside the result is 16 bytes an item and 8 bytes a pair for each of 8
    /// bands, and 8 bytes a distinct pair. At worst, with every bucket just below the cap, a band
    /// has `items * bucket_cap / 2` pairs.
    ///
    /// # Panics
    ///
    /// If `rank` and `signatures` differ in length, if there are more than `u32::MAX` items, if a
    /// signature has fewer values than the banding uses, or if signatures differ in length.
    #[must_use]
    pub fn candidates(&self, signatures: &[Option<Signature>], rank: &[u32]) -> Candidates {
        let items = items_by_rank(signatures, rank);
        let n_used = self.banding.n_hashes();
        assert!(
            items.iter().all(|(_, signature)| signature.as_slice().len() >= n_used),
            "a signature is shorter than the {n_used} values that the banding uses"
        );
        let n_bands = if items.len() < 2 { 0 } else { self.banding.bands };
        let mut candidates = Candidates::default();
        for first in (0..n_bands).step_by(BANDS_AT_ONCE) {
            let bands = first..n_bands.min(first + BANDS_AT_ONCE);
            let found: Vec<Candidates> = bands.into_par_iter().map(|band| self.one_band(band, &items)).collect();
            for band in found {
                candidates.pairs.extend(band.pairs);
                candidates.capped_buckets += band.capped_buckets;
                candidates.largest_bucket = candidates.largest_bucket.max(band.largest_bucket);
            }
            // The stable sort finds the nine runs that are sorted already, and merges them.
            candidates.pairs.par_sort();
            candidates.pairs.dedup();
        }
        candidates
    }

    /// The pairs of one band, ascending and distinct.
    fn one_band(&self, band: usize, items: &[(u32, &Signature)]) -> Candidates {
        let rows = self.banding.rows;
        // By position in `items`, not item number, so that each bucket comes out in rank order.
        let mut keyed: Vec<(u64, u32)> = (0_u32..)
            .zip(items)
            .map(|(position, (_, signature))| (band_key(signature, band, rows), position))
            .collect();
        keyed.sort_unstable();

        let mut found = Candidates::default();
        for bucket in keyed.chunk_by(|one, other| one.0 == other.0) {
            found.largest_bucket = found.largest_bucket.max(bucket.len());
            let meet = |one: usize, other: usize| {
                let (one, one_signature) = items[bucket[one].1 as usize];
                let (other, other_signature) = items[bucket[other].1 as usize];
                if self.min_estimate <= 0.0 || one_signature.estimate(other_signature) >= self.min_estimate {
                    found.pairs.push(CandidatePair::of(one, other));
                }
            };
            found.capped_buckets += usize::from(meet_in_bucket(bucket.len(), self.bucket_cap, meet));
        }
        found.pairs.sort_unstable();
        found
    }
}

/// The items that have a signature, with it, smallest rank first.
fn items_by_rank<'a>(signatures: &'a [Option<Signature>], rank: &[u32]) -> Vec<(u32, &'a Signature)> {
    assert_eq!(signatures.len(), rank.len(), "each item has a rank");
    assert!(u32::try_from(signatures.len()).is_ok(), "item numbers have 32 bits");
    let mut items: Vec<(u32, &Signature)> =
        (0_u32..).zip(signatures).filter_map(|(item, signature)| Some((item, signature.as_ref()?))).collect();
    items.sort_unstable_by_key(|&(item, _)| (rank[item as usize], item));
    items
}

/// Lets the items of a bucket of some size meet, as positions in it, in the order of rank: all pairs, or above the cap each
/// item with the first and with the one before it. Tells whether the bucket is above the cap.
pub fn meet_in_bucket(size: usize, cap: usize, mut meet: impl FnMut(usize, usize)) -> bool {
    if size <= cap {
        for other in 1..size {
            (0..other).for_each(|one| meet(one, other));
        }
    } else if size > 1 {
        meet(0, 1);
        for other in 2..size {
            meet(0, other);
            meet(other - 1, other);
        }
    }
    size > cap.max(1)
}

impl Banding {
    /// What the rows of each band are sorted by: a 64-bit hash of them.
    ///
    /// # Panics
    ///
    /// If the signature is shorter than the banding uses.
    pub fn keys(self, signature: &Signature) -> impl Iterator<Item = u64> + '_ {
        (0..self.bands).map(move |band| band_key(signature, band, self.rows))
    }
}

/// One hash for the rows of a band. Different rows share a hash once in 2^64 pairs of items, and
/// would then only be compared in vain.
fn band_key(signature: &Signature, band: usize, rows: usize) -> u64 {
    let rows = &signature.as_slice()[band * rows..][..rows];
    rows.iter().fold(0, |key, &row| mix(key.rotate_left(32) ^ u64::from(row)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{MinHasher, ShingleSet};

    fn signature(shingles: impl IntoIterator<Item = u64>) -> Option<Signature> {
        MinHasher::new(8, 0).signature(&ShingleSet::from_iter(shingles))
    }

    fn search(bucket_cap: usize) -> Lsh {
        Lsh { bucket_cap, ..Lsh::new(Banding { bands: 4, rows: 2 }) }
    }

    fn numbers(candidates: &Candidates) -> Vec<(u32, u32)> {
        candidates.pairs.iter().map(|pair| (pair.a, pair.b)).collect()
    }

    #[test]
    fn copies_meet_and_empty_items_do_not() {
        let signatures = [signature([1]), None, signature([1]), signature([2]), None];
        let candidates = search(200).candidates(&signatures, &[0; 5]);
        assert_eq!(numbers(&candidates), [(0, 2)]);
        assert_eq!(candidates.largest_bucket, 2);
        assert_eq!(candidates.capped_buckets, 0);
    }

    #[test]
    fn a_capped_bucket_is_a_star_and_a_chain_in_rank_order() {
        let signatures = vec![signature([1]); 5];
        let candidates = search(4).candidates(&signatures, &[40, 20, 0, 10, 30]);
        // In rank order 2, 3, 1, 4, 0: the star of 2, and the links 3-1, 1-4, 4-0.
        assert_eq!(numbers(&candidates), [(0, 2), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4)]);
        assert_eq!(candidates.capped_buckets, 4);
        assert_eq!(candidates.largest_bucket, 5);
    }

    #[test]
    fn degenerate_settings_and_inputs() {
        let signatures = vec![signature([1]), signature([2])];
        let pairs = |bands, rows| {
            let lsh = Lsh::new(Banding { bands, rows });
            lsh.candidates(&signatures, &[0, 0]).pairs.len()
        };
        assert_eq!(pairs(0, 2), 0);
        assert_eq!(pairs(1, 0), 1);
        assert_eq!(search(200).candidates(&[], &[]), Candidates::default());
        assert_eq!(search(0).candidates(&vec![signature([1]); 2], &[0, 0]).pairs.len(), 1);
    }

    #[test]
    #[should_panic(expected = "shorter than the 10 values")]
    fn a_banding_of_more_hashes_than_the_signatures_have() {
        let lsh = Lsh::new(Banding { bands: 5, rows: 2 });
        let _ = lsh.candidates(&[signature([1])], &[0]);
    }

    #[test]
    #[should_panic(expected = "each item has a rank")]
    fn an_item_without_rank() {
        let _ = search(200).candidates(&[signature([1])], &[]);
    }

    #[test]
    fn min_estimate_drops_unlike_pairs() {
        let signatures = [signature(0..40), signature(0..40), signature(30..70)];
        let every_pair = Lsh::new(Banding { bands: 1, rows: 0 });
        let alike = Lsh { min_estimate: 0.7, ..every_pair };
        assert_eq!(every_pair.candidates(&signatures, &[0; 3]).pairs.len(), 3);
        assert_eq!(numbers(&alike.candidates(&signatures, &[0; 3])), [(0, 1)]);
    }

    proptest! {
        #[test]
        fn without_a_cap_the_pairs_are_those_that_agree_in_a_band(
            texts in prop::collection::vec(prop::collection::vec(0_u64..12, 0..8), 0..25),
        ) {
            let signatures: Vec<_> = texts.into_iter().map(signature).collect();
            let meet = |a: &Option<Signature>, b: &Option<Signature>| {
                let (Some(a), Some(b)) = (a, b) else { return false };
                a.as_slice().chunks(2).zip(b.as_slice().chunks(2)).any(|(a, b)| a == b)
            };
            let mut expected = Vec::new();
            for (a, one) in signatures.iter().enumerate() {
                for (b, other) in signatures.iter().enumerate().skip(a + 1) {
                    if meet(one, other) {
                        expected.push((a as u32, b as u32));
                    }
                }
            }
            let candidates = search(200).candidates(&signatures, &vec![0; signatures.len()]);
            prop_assert_eq!(numbers(&candidates), expected);
        }

        #[test]
        fn with_a_cap_the_pairs_are_among_those_without(
            texts in prop::collection::vec(prop::collection::vec(0_u64..12, 0..8), 0..25),
            cap in 0_usize..6,
        ) {
            let signatures: Vec<_> = texts.into_iter().map(signature).collect();
            let rank = vec![0; signatures.len()];
            let capped = search(cap).candidates(&signatures, &rank);
            let complete = search(200).candidates(&signatures, &rank);
            prop_assert!(capped.pairs.is_sorted_by(|a, b| a < b));
            prop_assert!(capped.pairs.iter().all(|pair| complete.pairs.contains(pair)));
            prop_assert!(capped.capped_buckets > 0 || capped == complete);
        }
    }
}
