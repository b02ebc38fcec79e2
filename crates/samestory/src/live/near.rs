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

/// Latest articles of a block that are looked at for one term.
const LATEST_OF_BLOCK: usize = 256;

/// Latest articles at any time that are looked at for one term.
const LATEST_AT_ANY_TIME: usize = 256;

/// The stored articles that are nearest to one with these heaviest terms, at most [`LONGEST_LIST`], closest
/// first.
pub(super) fn nearest(
    snapshot: &Snapshot,
    heaviest: &[HeavyTerm],
    time: Option<i64>,
) -> Result<Vec<Candidate>, CollectionError> {
    let mut near: FxHashMap<u32, f32> = FxHashMap::default();
    let mut far: FxHashMap<u32, f32> = FxHashMap::default();
    let blocks = time.map_or(0..=0, |time| {
        posting_block(Some(time.saturating_sub(WINDOW_SECONDS)))
            ..=posting_block(Some(time.saturating_add(WINDOW_SECONDS)))
    });
    for (at, term) in heaviest.iter().enumerate() {
        let add = |sums: &mut FxHashMap<u32, f32>, number: u32, other: [f32; 2]| {
            *sums.entry(number).or_default() += term.product(other);
        };
        for block in blocks.clone().chain((*blocks.start() > 0).then_some(0)) {
            snapshot.postings(block, term.term, LATEST_OF_BLOCK, &mut |number, other| add(&mut near, number, other))?;
        }
        if at < FAR_TERMS {
            snapshot.far_postings(term.term, LATEST_AT_ANY_TIME, &mut |number, other| add(&mut far, number, other))?;
        }
    }
    // What is near in time was asked for with all terms.
    far.retain(|number, _| !near.contains_key(number));
    let mut sums: Vec<(u32, f32)> = near.into_iter().chain(far).filter(|(_, sum)| *sum >= LEAST_LIKENESS).collect();
    sums.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut found: Vec<Candidate> = Vec::with_capacity(LONGEST_LIST + 1);
    for (number, sum) in sums {
        // Nearness is at most 1, so what follows can no longer be among the closest.
        if found.len() == LONGEST_LIST && found[LONGEST_LIST - 1].closeness > sum {
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
