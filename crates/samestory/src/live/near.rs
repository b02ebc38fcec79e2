//! Stored articles that are near a new one: as [`samestory_cluster::candidates`], from postings on disk.
//!
//! *Design.* Postings stand by blocks of five days, so that the articles of one time, which are written and
//! asked for together, are near each other on the disk. A term that very many articles of a block hold says
//! little, and only its latest articles are looked at; so the work for an article has a bound, however many
//! are stored.

use rustc_hash::FxHashMap;
use samestory_cluster::candidates::{
    Candidate, FAR_TERMS, HeavyTerm, LEAST_LIKENESS, LONGEST_LIST, WINDOW_SECONDS, keep_closest, nearness,
};

use crate::error::CollectionError;
use crate::store::{Snapshot, posting_block};

/// Blocks of time in which an article without a time is looked for.
const LIKELY_BLOCKS: usize = 4;

/// Articles at any time that tell which blocks these are.
const TELLING: usize = 40;

/// The stored articles that are nearest to one with these heaviest terms, at most [`LONGEST_LIST`], closest
/// first.
///
/// An article that has a time is looked for around it with all terms, at any other time with its heaviest alone. One
/// that has none is looked for with all terms where those that its heaviest terms find are.
pub(super) fn nearest(
    snapshot: &Snapshot,
    heaviest: &[HeavyTerm],
    time: Option<i64>,
) -> Result<Vec<Candidate>, CollectionError> {
    let mut far: FxHashMap<u32, f32> = FxHashMap::default();
    for term in heaviest.iter().take(FAR_TERMS) {
        snapshot.far_postings(term.term, &mut |number, other| {
            *far.entry(number).or_default() += term.product(other);
        })?;
    }
    let mut blocks: Vec<u32> = match time {
        Some(time) => {
            let block = |time: i64| posting_block(Some(time));
            (block(time.saturating_sub(WINDOW_SECONDS))..=block(time.saturating_add(WINDOW_SECONDS))).collect()
        }
        None => likely_blocks(snapshot, &far)?,
    };
    // Articles without a time may be of any.
    blocks.push(posting_block(None));
    let mut near: FxHashMap<u32, f32> = FxHashMap::default();
    for term in heaviest {
        for block in &blocks {
            snapshot.postings(*block, term.term, &mut |number, other| {
                *near.entry(number).or_default() += term.product(other);
            })?;
        }
    }
    // What is near in time was asked for with all terms.
    far.retain(|number, _| !near.contains_key(number));
    let mut found: Vec<Candidate> = Vec::with_capacity(LONGEST_LIST + 1);
    for (number, sum) in by_falling_sum(near.into_iter().chain(far)) {
        // Nearness is at most 1, so what follows can no longer be among the closest.
        if sum < LEAST_LIKENESS || found.len() == LONGEST_LIST && found[LONGEST_LIST - 1].closeness > sum {
            break;
        }
        let Some(compared) = snapshot.compared(number)? else { continue };
        found.push(Candidate { number, closeness: sum * nearness(time, compared.time) });
        if found.len() >= LONGEST_LIST {
            keep_closest(&mut found);
        }
    }
    keep_closest(&mut found);
    Ok(found)
}

fn by_falling_sum(sums: impl Iterator<Item = (u32, f32)>) -> Vec<(u32, f32)> {
    let mut sums: Vec<(u32, f32)> = sums.collect();
    sums.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    sums
}

/// The blocks of time in which the articles are that share most with an article.
fn likely_blocks(snapshot: &Snapshot, far: &FxHashMap<u32, f32>) -> Result<Vec<u32>, CollectionError> {
    let mut sums: FxHashMap<u32, f32> = FxHashMap::default();
    for (number, sum) in by_falling_sum(far.iter().map(|(number, sum)| (*number, *sum))).into_iter().take(TELLING) {
        if let Some(time) = snapshot.compared(number)?.and_then(|compared| compared.time) {
            *sums.entry(posting_block(Some(time))).or_default() += sum;
        }
    }
    Ok(by_falling_sum(sums.into_iter()).into_iter().take(LIKELY_BLOCKS).map(|(block, _)| block).collect())
}
