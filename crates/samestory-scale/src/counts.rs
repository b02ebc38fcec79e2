//! How many articles hold a term, or a half of a shingle: counted where they are read, packed, and added up part by part.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, LargeBinaryArray, LargeBinaryBuilder, UInt32Builder};
use datafusion::arrow::datatypes::{DataType, Field, UInt32Type};

use crate::function::Made;

/// Fields of a row of packed counts: the part, a range of terms, and the counts.
pub(crate) fn parts_of_terms() -> Vec<Field> {
    vec![Field::new("part", DataType::UInt32, false), Field::new("payload", DataType::LargeBinary, false)]
}

/// Terms that are added up at a time, at most, where a batch has as many new ones as is thought.
pub(crate) const TERMS_OF_PART: u64 = 8 << 20;

/// Counts of a batch, by rising term, as rows of its first article; `parts` tells how many there are, in each row.
pub(crate) fn counts_by_parts(counts: &[(u32, u32)], mut lengths: Vec<usize>, parts: &ArrayRef) -> Made {
    let (mut numbers, mut payloads) = (UInt32Builder::new(), LargeBinaryBuilder::new());
    if let Some(first) = lengths.first_mut() {
        let n_parts = u64::from(parts.as_primitive::<UInt32Type>().value(0));
        let part = |term: u32| ((u64::from(term) * n_parts) >> 32) as u32;
        for of_part in counts.chunk_by(|one, other| part(one.0) == part(other.0)) {
            numbers.append_value(part(of_part[0].0));
            payloads.append_value(pack_counts(of_part));
            *first += 1;
        }
    }
    Made { lengths, columns: vec![Arc::new(numbers.finish()), Arc::new(payloads.finish())] }
}

/// Adds up packed counts, by rising term.
pub(crate) fn add_counts(payloads: &LargeBinaryArray) -> Vec<(u32, u32)> {
    let mut all: Vec<(u32, u32)> = payloads.iter().flatten().flat_map(unpack_counts).collect();
    all.sort_unstable();
    all.dedup_by(|next, sum| {
        let same = next.0 == sum.0;
        sum.1 = if same { sum.1.saturating_add(next.1) } else { sum.1 };
        same
    });
    all
}

/// The packed counts of several batches as those of one: fewer bytes, since what several have in common is told once, and
/// distances are shorter.
pub(crate) fn combine_counts(columns: &[ArrayRef]) -> Vec<ArrayRef> {
    let counts = add_counts(columns[0].as_binary());
    vec![Arc::new(LargeBinaryArray::from_iter_values([pack_counts(&counts)]))]
}

/// Counts by rising term as bytes: of each the distance from the one before and whether it is counted once, else the
/// count; seven bits to a byte, the highest says that more follow.
pub(crate) fn pack_counts(counts: &[(u32, u32)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(3 * counts.len());
    let mut push = |mut number: u64| {
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    };
    let mut before = 0;
    for (term, count) in counts {
        push(u64::from(term - before) << 1 | u64::from(*count > 1));
        if *count > 1 {
            push(u64::from(*count));
        }
        before = *term;
    }
    bytes
}

/// Reads what [`pack_counts`] made.
pub(crate) fn unpack_counts(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let mut rest = bytes.iter();
    let mut number = move || {
        let (mut number, mut shift) = (0u64, 0);
        for byte in rest.by_ref() {
            number |= u64::from(byte & 0x7f) << shift;
            shift = (shift + 7).min(63);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    };
    let mut term = 0u32;
    std::iter::from_fn(move || {
        let head = number()?;
        term = term.wrapping_add((head >> 1) as u32);
        let count = if head & 1 == 1 { number()? } else { 1 };
        Some((term, count as u32))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_survive_packing(counts in prop::collection::btree_map(any::<u32>(), 1u32.., 0..60)) {
            let counts: Vec<(u32, u32)> = counts.into_iter().collect();
            prop_assert_eq!(unpack_counts(&pack_counts(&counts)).collect::<Vec<_>>(), counts);
        }

        #[test]
        fn any_bytes_are_unpacked(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(unpack_counts(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn counts_of_batches_add_up() {
        let batches = [vec![(3, 1), (9, 2)], vec![(3, 4), (7, 1)], vec![(u32::MAX, 1)]];
        let payloads: LargeBinaryArray = batches.iter().map(|counts| Some(pack_counts(counts))).collect();
        let added = [(3, 5), (7, 1), (9, 2), (u32::MAX, 1)];
        assert_eq!(add_counts(&payloads), added);
        let combined = combine_counts(&[Arc::new(payloads)]).remove(0);
        assert_eq!((combined.len(), add_counts(combined.as_binary())), (1, added.to_vec()));
    }
}
