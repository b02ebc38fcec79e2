//! What pairs of two windows share, in a file of each window until the pairs are judged.

use anyhow::Result;
use samestory::stories::compared::ComparedPairs;
use samestory::stories::overlap::PairOverlap;

use crate::job::{Job, write_whole};

/// Where articles stand among some, which are sorted.
pub(crate) struct Positions(pub(crate) Vec<u32>);

impl Positions {
    pub(crate) fn of(&self, number: u32) -> Result<u32> {
        let at = self.0.binary_search(&number);
        at.map(|at| at as u32).map_err(|_| anyhow::anyhow!("article {number} is not in the window of its pairs"))
    }
}

/// Writes the pairs of a window that are wanted, and what they share: how many there are, the pairs by number, and what they
/// share, as numbers of this machine.
pub(crate) fn write_overlaps(
    job: &Job,
    window: u32,
    compared: &ComparedPairs,
    at: &Positions,
    wanted: impl Fn(u32, u32) -> bool,
) -> Result<()> {
    let all = || compared.pairs().iter().zip(compared.overlaps()).filter(|((a, b), _)| wanted(*a, *b));
    let n_pairs = all().count();
    let mut bytes = Vec::with_capacity(8 + n_pairs * (8 + PairOverlap::BYTES));
    bytes.extend((n_pairs as u64).to_le_bytes());
    for ((a, b), _) in all() {
        bytes.extend(at.0[*a as usize].to_le_bytes());
        bytes.extend(at.0[*b as usize].to_le_bytes());
    }
    all().for_each(|(_, overlap)| bytes.extend_from_slice(overlap));
    write_whole(&job.overlaps_file(window), &bytes)
}

/// Pairs, and what they share in the same order.
pub(crate) type Overlaps<'a> = (Vec<(u32, u32)>, &'a [[u8; PairOverlap::BYTES]]);

/// What [`write_overlaps`] wrote.
pub(crate) fn read_overlaps(bytes: &[u8]) -> Option<Overlaps<'_>> {
    let (head, rest) = bytes.split_first_chunk()?;
    let n_pairs = u64::from_le_bytes(*head) as usize;
    let (pairs, overlaps) = rest.split_at_checked(n_pairs.checked_mul(8)?)?;
    let (overlaps, []) = overlaps.as_chunks() else { return None };
    let number = |bytes: [u8; 4]| u32::from_le_bytes(bytes);
    let pair = |[a, b, c, d, e, f, g, h]: &[u8; 8]| (number([*a, *b, *c, *d]), number([*e, *f, *g, *h]));
    (overlaps.len() == n_pairs).then(|| (pairs.as_chunks().0.iter().map(pair).collect(), overlaps))
}
