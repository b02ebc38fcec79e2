//! Shingles: what a text is compared by.
//!
//! A *w-shingle* is `w` consecutive tokens. The set of a text's shingles keeps word order where
//! it matters (within `w` tokens) and forgets it elsewhere, so that moving a paragraph costs
//! little while a rewritten sentence costs all of its shingles. Introduced by A. Broder, *On the
//! resemblance and containment of documents*, SEQUENCES 1997, section 2.

use xxhash_rust::xxh3::xxh3_64;

/// The hash of one token: XXH3-64 of its UTF-8 bytes.
///
/// XXH3 is fixed by its specification and independent of the machine, so the value may be stored.
///
/// ```
/// assert_eq!(samestory_minhash::token_hash(""), 0x2d06_8005_38d3_94c2);
/// ```
#[must_use]
pub fn token_hash(token: &str) -> u64 {
    xxh3_64(token.as_bytes())
}

/// Turns a text, as the hashes of its tokens, into its [`ShingleSet`].
///
/// The default width is 5 tokens. One changed word in the middle of a text of `m` tokens replaces
/// 5 of its `m - 4` shingles: of 100 tokens, 91 of 101 shingles stay common, a Jaccard of 0.90.
/// Two independent reports of one event seldom share five words in a row outside quotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shingler {
    width: usize,
}

impl Default for Shingler {
    fn default() -> Self {
        Self::new(5)
    }
}

impl Shingler {
    /// A shingler of `width` tokens a shingle.
    ///
    /// # Panics
    ///
    /// If `width` is 0.
    #[must_use]
    pub fn new(width: usize) -> Self {
        assert!(width > 0, "a shingle has at least one token");
        Self { width }
    }

    /// The distinct shingles of a text, each the XXH3-64 of its token hashes in little-endian.
    ///
    /// `m` tokens have at most `m - width + 1` shingles. A text of 1 to `width - 1` tokens has one
    /// shingle, of all its tokens: such texts match only if they are equal. No tokens, no shingles.
    #[must_use]
    pub fn shingle_set(&self, tokens: &[u64]) -> ShingleSet {
        let mut shingles = Vec::new();
        self.shingles(tokens, &mut shingles);
        shingles.into_iter().collect()
    }

    /// Appends the shingles of a text in reading order, each as often as it occurs.
    pub fn shingles(&self, tokens: &[u64], shingles: &mut Vec<u64>) {
        const TOKEN: usize = size_of::<u64>();
        let width = self.width.min(tokens.len());
        if width == 0 {
            return;
        }
        let mut bytes = vec![0; tokens.len() * TOKEN];
        for (bytes, token) in bytes.chunks_exact_mut(TOKEN).zip(tokens) {
            bytes.copy_from_slice(&token.to_le_bytes());
        }
        let starts = 0..=tokens.len() - width;
        shingles.extend(starts.map(|start| xxh3_64(&bytes[start * TOKEN..(start + width) * TOKEN])));
    }
}

/// The shingles of one text as hashes, ascending and distinct.
///
/// Collected from any hashes, in any order: `let set: ShingleSet = hashes.into_iter().collect();`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShingleSet(Box<[u64]>);

impl ShingleSet {
    /// The number of distinct shingles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the text had no tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The hashes, strictly ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }
}

impl AsRef<[u64]> for ShingleSet {
    fn as_ref(&self) -> &[u64] {
        &self.0
    }
}

impl FromIterator<u64> for ShingleSet {
    fn from_iter<I: IntoIterator<Item = u64>>(hashes: I) -> Self {
        let mut hashes: Vec<u64> = hashes.into_iter().collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hashes_are_those_of_the_specification() {
        assert_eq!(token_hash("storm"), 0x8a5e_0a95_70a5_cbef);
        let set = Shingler::new(2).shingle_set(&[1, 2]);
        let bytes = [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(set.as_slice(), [xxh3_64(&bytes)]);
    }

    #[test]
    fn a_text_shorter_than_the_width_is_one_shingle() {
        let shingler = Shingler::default();
        assert!(shingler.shingle_set(&[]).is_empty());
        for n_tokens in 1..=5 {
            assert_eq!(shingler.shingle_set(&[7; 5][..n_tokens]).len(), 1);
        }
        assert_ne!(shingler.shingle_set(&[7; 3]), shingler.shingle_set(&[7; 4]));
    }

    proptest! {
        #[test]
        fn sets_are_ascending_and_distinct(
            tokens in prop::collection::vec(0_u64..6, 0..60),
            width in 1_usize..9,
        ) {
            let set = Shingler::new(width).shingle_set(&tokens);
            prop_assert!(set.as_slice().is_sorted_by(|a, b| a < b));
            prop_assert_eq!(set.is_empty(), tokens.is_empty());
            let positions = (tokens.len() + 1).saturating_sub(width).max(1);
            prop_assert!(set.len() <= positions);
        }

        #[test]
        fn every_shingle_of_a_passage_is_in_the_text(
            tokens in prop::collection::vec(0_u64..6, 10..60),
            start in 0_usize..5,
        ) {
            let shingler = Shingler::new(3);
            let text = shingler.shingle_set(&tokens);
            let passage = shingler.shingle_set(&tokens[start..start + 5]);
            prop_assert!(passage.as_slice().iter().all(|s| text.as_slice().contains(s)));
        }
    }
}
