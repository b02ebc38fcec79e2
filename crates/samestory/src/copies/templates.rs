//! Templates: passages that many unrelated articles hold, which make no copies of them.

use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use samestory_minhash::{NearDuplicate, NearDuplicateRule, Overlap, ShingleSet};

use super::{ArticleSource, Halves, Sets, with_sets};

/// A shingle held by this many articles, no two of them copies, belongs to a template.
pub const TEMPLATE_ARTICLES: usize = 12;

/// For each verified pair, whether it is one only by the shingles of templates.
pub(super) fn templates<A: ArticleSource + ?Sized>(
    articles: &A,
    halves: &Halves,
    copy_of: &[Option<u32>],
    verified: &[NearDuplicate],
    rule: &NearDuplicateRule,
) -> io::Result<Vec<bool>> {
    if verified.is_empty() {
        return Ok(Vec::new());
    }
    let asked = Asked::of(halves, verified)?;
    let representatives: Vec<u32> =
        (0u32..).zip(copy_of).filter(|(_, copy_of)| copy_of.is_none()).map(|(at, _)| at).collect();
    let shared = held_by_many(&representatives, halves, &asked, MOST_COUNTERS)?;
    if shared.is_empty() {
        return Ok(vec![false; verified.len()]);
    }
    let is_template = |sets: &Sets, pair: &NearDuplicate| {
        by_template(sets.get(pair.a), sets.get(pair.b), &pair.overlap, &shared, rule)
    };
    with_sets(
        articles,
        verified,
        |pair| [pair.a, pair.b],
        |sets, pairs| pairs.par_iter().map(|pair| is_template(sets, pair)).collect(),
    )
}

/// Whether two bodies are alike only by the shingles of templates, of which `shared` holds the lower halves.
pub fn by_template(
    a: &ShingleSet,
    b: &ShingleSet,
    overlap: &Overlap,
    shared: &FxHashSet<u32>,
    rule: &NearDuplicateRule,
) -> bool {
    let own = |set: &ShingleSet| -> ShingleSet {
        set.as_slice().iter().copied().filter(|shingle| !shared.contains(&(*shingle as u32))).collect()
    };
    let rest = Overlap::of(&own(a), &own(b));
    rest.shared < overlap.shared && !rule.accepts(&rest)
}

/// The shingles of the articles of pairs, by one bit each, so that some others seem to be among them.
struct Asked {
    bits: Vec<AtomicU64>,
    /// How many there are, those that several articles hold counted for each.
    n_shingles: usize,
}

/// Bits of [`Asked`] for each shingle; at least 2 MB and at most 32 MB of them.
const BITS_OF_SHINGLE: usize = 16;
const FEWEST_BITS: usize = 1 << 24;
const MOST_BITS: usize = 1 << 28;

impl Asked {
    fn of(halves: &Halves, verified: &[NearDuplicate]) -> io::Result<Asked> {
        let mut articles: Vec<u32> = verified.iter().flat_map(|pair| [pair.a, pair.b]).collect();
        articles.par_sort_unstable();
        articles.dedup();
        let n_shingles: usize = articles.iter().map(|at| halves.n_shingles(*at)).sum();
        let n_bits = (BITS_OF_SHINGLE * n_shingles).next_power_of_two().clamp(FEWEST_BITS, MOST_BITS);
        let asked = Asked { bits: (0..n_bits / 64).map(|_| AtomicU64::new(0)).collect(), n_shingles };
        articles.par_iter().try_for_each_init(Vec::new, |memory, at| {
            halves.each(*at, memory, |half| {
                let (word, bit) = asked.place(half);
                word.fetch_or(bit, Ordering::Relaxed);
            })
        })?;
        Ok(asked)
    }

    fn place(&self, half: u32) -> (&AtomicU64, u64) {
        (&self.bits[(half as usize / 64) & (self.bits.len() - 1)], 1 << (half % 64))
    }

    fn may_hold(&self, half: u32) -> bool {
        let (word, bit) = self.place(half);
        word.load(Ordering::Relaxed) & bit != 0
    }
}

/// Counters of [`held_by_many`] for each shingle that is asked for; at least 4 MB and at most 64 MB of them.
const COUNTERS_OF_SHINGLE: usize = 2;
const FEWEST_COUNTERS: usize = 1 << 22;
const MOST_COUNTERS: usize = 1 << 26;

/// Shingles that share a counter on the mean, at most: so few seldom make it seem that one is held by many.
const SHINGLES_OF_COUNTER: usize = 4;

/// The lower halves of shingles that [`TEMPLATE_ARTICLES`] or more of the articles hold, among those that may be asked
/// for.
///
/// Halves are counted twice: first in counters that several may share, which leaves few that may be held by so many, and
/// then exactly. Where there are too many for the counters, a part of them is counted at a time; where they are as few as
/// would be left, they are counted exactly at once.
fn held_by_many(articles: &[u32], halves: &Halves, asked: &Asked, most_counters: usize) -> io::Result<FxHashSet<u32>> {
    let fewest = FEWEST_COUNTERS.min(most_counters);
    let n_counters = (COUNTERS_OF_SHINGLE * asked.n_shingles).next_power_of_two().clamp(fewest, most_counters).max(2);
    let n_shingles: usize = articles.iter().map(|at| halves.n_shingles(*at)).sum();
    // So many may be asked for: those that are, and of all others as large a part as bits are set.
    let set = asked.n_shingles.min(64 * asked.bits.len()) as f64 / (64 * asked.bits.len()) as f64;
    let n_met = asked.n_shingles + (n_shingles as f64 * set) as usize;
    let n_parts = (n_met / (SHINGLES_OF_COUNTER * n_counters) + 1).next_power_of_two().min(1 << 16) as u32;
    let are_few = n_met <= fewest;
    let counters: Vec<AtomicU8> = (0..n_counters).map(|_| AtomicU8::new(0)).collect();
    // Fibonacci hashing, so that a counter is shared by others than a bit is.
    let shift = 32 - n_counters.ilog2();
    let counter = |half: u32| &counters[(half.wrapping_mul(0x9e37_79b1) >> shift) as usize];
    let enough = TEMPLATE_ARTICLES as u8;
    let mut many = FxHashSet::default();
    for part in 0..n_parts {
        let is_of_part = |half: u32| half & (n_parts - 1) == part && asked.may_hold(half);
        counters.par_iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
        let counted = if are_few { &[] } else { articles };
        counted.par_iter().try_for_each_init(Vec::new, |memory, at| {
            halves.each(*at, memory, |half| {
                // It stops far from where it would begin anew, as long as there are fewer than 240 threads.
                if is_of_part(half) && counter(half).load(Ordering::Relaxed) < enough {
                    counter(half).fetch_add(1, Ordering::Relaxed);
                }
            })
        })?;
        let held = |memory: &mut Vec<u8>, at: &u32| -> io::Result<Vec<u32>> {
            let mut held = Vec::new();
            halves.each(*at, memory, |half| {
                if is_of_part(half) && (are_few || counter(half).load(Ordering::Relaxed) >= enough) {
                    held.push(half);
                }
            })?;
            held.sort_unstable();
            held.dedup();
            Ok(held)
        };
        let of_articles: Vec<Vec<u32>> = articles.par_iter().map_init(Vec::new, held).collect::<io::Result<_>>()?;
        let mut all: Vec<u32> = of_articles.iter().flatten().copied().collect();
        drop(of_articles);
        all.par_sort_unstable();
        many.extend(all.chunk_by(|a, b| a == b).filter(|run| run.len() >= TEMPLATE_ARTICLES).map(|run| run[0]));
    }
    Ok(many)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sharing_counters_loses_nothing(
            articles in prop::collection::vec(prop::collection::vec(0u32..40, 0..30), 0..60),
            most_counters in prop::sample::select(vec![2usize, 64, 1 << 20]),
        ) {
            let spread = |number: &u32| u64::from(number.wrapping_mul(0x9e37_79b1));
            let sets: Vec<ShingleSet> = articles.iter().map(|list| list.iter().map(spread).collect()).collect();
            let mut holders: BTreeMap<u32, usize> = BTreeMap::new();
            for shingle in sets.iter().flat_map(ShingleSet::as_slice) {
                *holders.entry(*shingle as u32).or_default() += 1;
            }
            let pairs: Vec<NearDuplicate> = (1..sets.len())
                .map(|b| NearDuplicate { a: 0, b: b as u32, overlap: Overlap::of(&sets[0], &sets[b]) })
                .collect();
            let halves = Halves::of(&sets);
            let asked = Asked::of(&halves, &pairs).unwrap();
            let all: Vec<u32> = (0..sets.len() as u32).collect();
            let many = held_by_many(&all, &halves, &asked, most_counters).unwrap();
            let expected = holders.into_iter().filter(|(_, n)| *n >= TEMPLATE_ARTICLES).map(|(half, _)| half).collect();
            prop_assert_eq!(many, expected);
        }
    }
}
