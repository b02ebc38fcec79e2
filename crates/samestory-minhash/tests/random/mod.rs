//! Random sets and texts from a seed, the same on every machine.

#![allow(dead_code, reason = "each test uses a part of it")]

use samestory_minhash::ShingleSet;

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number in `0..end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn tokens(&mut self, n_tokens: usize, vocabulary: usize) -> Vec<u64> {
        (0..n_tokens).map(|_| self.below(vocabulary) as u64).collect()
    }
}

/// Two sets of `size` elements with a Jaccard near `jaccard`; their exact Jaccard is third.
pub(crate) fn set_pair(random: &mut Random, size: usize, jaccard: f64) -> (ShingleSet, ShingleSet, f64) {
    let shared = (2.0 * size as f64 * jaccard / (1.0 + jaccard)).round() as usize;
    let n_union = 2 * size - shared;
    let union: Vec<u64> = (0..n_union).map(|_| random.next()).collect();
    let a = union[..size].iter().copied().collect();
    let b = union[n_union - size..].iter().copied().collect();
    (a, b, shared as f64 / n_union as f64)
}
