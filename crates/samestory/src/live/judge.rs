//! New articles held against their candidates: as [`samestory_cluster::compared`], for a few articles among many.
//!
//! *Design.* A pair is judged by what both articles know of their candidates, so a new article is put on the
//! lists of those it is closest to. What a pair was judged by when the later of the two came is half of what is
//! known in the end: what comes behind both is missing. So the likely pairs of an article whose list has changed
//! are judged again.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use samestory_cluster::candidates::{Candidate, LONGEST_LIST};
use samestory_cluster::features::{Neighbourhood, PairFeatures};
use samestory_cluster::overlap::{Against, PairOverlap};
use samestory_cluster::score::judge_all;
use samestory_cluster::{ArticleTerms, ArticleVectors, DocumentFrequencies, PairModel};
use samestory_spill::{SealedList, Spill, SpillList};

use super::fold::Newcomer;
use crate::error::CollectionError;
use crate::pipeline::LEAST_KEPT_ODDS;
use crate::store::{CandidateRow, Compared, Draft, ListedCandidate, Snapshot, VectorBytes};

/// Pairs that one thread judges at a time.
const CHUNK: usize = 256;

/// Stored articles whose vectors are loaded at a time.
const LOADED: usize = 64;

/// Pairs of lower log odds are not judged again.
const JUDGED_AGAIN: f32 = -5.0;

/// Judges the pairs of new articles with their candidates, and again the likely pairs of those candidates. Keeps
/// what later ones are judged by, and tells the articles of old pairs that are likely now and were not, or were
/// and are not.
pub(super) fn judge_newcomers(
    draft: &mut Draft<'_>,
    newcomers: &[Newcomer],
    frequencies: &DocumentFrequencies,
    model: &PairModel,
    threshold: f64,
) -> Result<Vec<u32>, CollectionError> {
    for newcomer in newcomers {
        let compared = Compared { time: newcomer.vectors.time, outlet: newcomer.vectors.outlet };
        draft.set_compared(newcomer.number, Some(compared));
        draft.put_vectors(newcomer.number, VectorBytes::Held(newcomer.vectors.to_bytes()));
        draft.put_postings(newcomer.number, newcomer.vectors.time, &newcomer.heaviest);
    }
    let own: FxHashMap<u32, &ArticleVectors<'static>> =
        newcomers.iter().map(|newcomer| (newcomer.number, &newcomer.vectors)).collect();
    let mut stored = Stored::default();
    let listed = newcomers.iter().flat_map(|newcomer| &newcomer.list).map(|other| other.number);
    load(draft, &mut stored, listed.filter(|number| !own.contains_key(number)), frequencies)?;

    let overlaps: Vec<Vec<(Candidate, PairOverlap)>> = newcomers
        .par_iter()
        .map_init(Against::nothing, |against, newcomer| {
            against.turn_to(newcomer.vectors.borrowed());
            let overlap =
                |candidate: &Candidate| Some((*candidate, against.overlap(&vectors(candidate.number, &own, &stored)?)));
            newcomer.list.iter().filter_map(overlap).collect()
        })
        .collect();

    let (mut rows, changed) = candidate_rows(draft, newcomers, &overlaps, &own, &stored)?;
    let mut pairs: Vec<(u32, u32, PairOverlap)> = newcomers
        .iter()
        .zip(overlaps)
        .flat_map(|(newcomer, overlaps)| {
            let number = newcomer.number;
            let pair = move |(other, overlap): (Candidate, PairOverlap)| {
                (number.min(other.number), number.max(other.number), overlap)
            };
            overlaps.into_iter().map(pair)
        })
        .collect();

    let mut before: BTreeMap<(u32, u32), f32> = BTreeMap::new();
    for number in &changed {
        for (other, log_odds) in draft.pairs(*number)? {
            if log_odds > JUDGED_AGAIN && !own.contains_key(&other) {
                before.insert((*number.min(&other), *number.max(&other)), log_odds);
            }
        }
    }
    load(draft, &mut stored, before.keys().flat_map(|(a, b)| [*a, *b]), frequencies)?;
    for number in before.keys().flat_map(|(a, b)| [a, b]) {
        if !rows.contains_key(number) {
            rows.insert(*number, draft.candidates(*number)?.unwrap_or_default());
        }
    }
    let again: Vec<(u32, u32)> = before.keys().copied().collect();
    let nothing = || (Against::nothing(), None);
    let judged_again = again.par_iter().map_init(nothing, |(against, held), (a, b)| {
        if *held != Some(*a) {
            against.turn_to(stored.vectors(*a)?);
            *held = Some(*a);
        }
        Some((*a, *b, against.overlap(&stored.vectors(*b)?)))
    });
    pairs.par_extend(judged_again.flatten_iter());
    pairs.sort_by_key(|(a, b, _)| (*a, *b));
    pairs.dedup_by_key(|(a, b, _)| (*a, *b));

    let neighbourhoods: FxHashMap<u32, Neighbourhood> =
        rows.par_iter().map(|(number, row)| (*number, row.neighbourhood(*number))).collect();
    let judged: Vec<(u32, u32, f32)> = pairs
        .par_chunks(CHUNK)
        .flat_map_iter(|chunk| {
            let features = chunk.iter().map(|(a, b, overlap)| {
                let (of_a, of_b) = (&neighbourhoods[a], &neighbourhoods[b]);
                let overlap = overlap.among(of_a, of_b);
                (PairFeatures::of(&overlap, of_a, of_b), overlap)
            });
            let judged = judge_all(model, features);
            chunk.iter().zip(judged).map(|((a, b, _), log_odds)| (*a, *b, log_odds))
        })
        .collect();
    for number in changed.into_iter().chain(newcomers.iter().map(|newcomer| newcomer.number)) {
        draft.set_candidates(number, rows.remove(&number));
    }
    let prior = draft.prior();
    let turned = keep(draft, &judged, &before, model)?;
    let likely = |log_odds: f32| model.similarity(f64::from(log_odds), prior) > threshold;
    Ok(turned
        .into_iter()
        .filter(|(_, _, old, new)| likely(*old) != likely(*new))
        .flat_map(|(a, b, ..)| [a, b])
        .collect())
}

/// Keeps the log odds of pairs, and tells those that had others: both articles, the odds before and now.
fn keep(
    draft: &mut Draft<'_>,
    judged: &[(u32, u32, f32)],
    before: &BTreeMap<(u32, u32), f32>,
    model: &PairModel,
) -> Result<Vec<(u32, u32, f32, f32)>, CollectionError> {
    let mut odds = draft.snapshot().odds()?;
    let mut of_article: FxHashMap<u32, Vec<(u32, f32)>> = FxHashMap::default();
    let mut turned = Vec::new();
    for &(a, b, log_odds) in judged {
        odds.add(f64::from(log_odds));
        if let Some(old) = before.get(&(a, b)) {
            odds.remove(f64::from(*old));
            turned.push((a, b, *old, log_odds));
        }
        of_article.entry(a).or_default().push((b, log_odds));
        of_article.entry(b).or_default().push((a, log_odds));
    }
    for (number, mut new) in of_article {
        new.sort_by_key(|(other, _)| *other);
        let old = draft.pairs(number)?;
        let mut pairs = old.clone();
        pairs.retain(|(other, _)| new.binary_search_by_key(other, |(with, _)| *with).is_err());
        pairs.extend(new.into_iter().filter(|(_, log_odds)| *log_odds > LEAST_KEPT_ODDS));
        pairs.sort_by_key(|(other, _)| *other);
        if pairs != old {
            draft.set_pairs(number, pairs);
        }
    }
    draft.summary().prior = samestory_cluster::prior::estimate_prior(&odds, model.prior());
    draft.set_odds(odds);
    Ok(turned)
}

/// The candidate lists of new articles, and those of their stored candidates with the new articles on them; and
/// which of the latter have changed.
fn candidate_rows(
    draft: &Draft<'_>,
    newcomers: &[Newcomer],
    overlaps: &[Vec<(Candidate, PairOverlap)>],
    own: &FxHashMap<u32, &ArticleVectors<'static>>,
    stored: &Stored,
) -> Result<(FxHashMap<u32, CandidateRow>, BTreeSet<u32>), CollectionError> {
    let vectors = |number: u32| vectors(number, own, stored);
    let mut rows: FxHashMap<u32, CandidateRow> = FxHashMap::default();
    let mut changed = BTreeSet::new();
    for (newcomer, overlaps) in newcomers.iter().zip(overlaps) {
        rows.insert(newcomer.number, row_of(newcomer, overlaps, &vectors));
    }
    for (newcomer, overlaps) in newcomers.iter().zip(overlaps) {
        for (candidate, overlap) in overlaps.iter().filter(|(candidate, _)| !own.contains_key(&candidate.number)) {
            let number = candidate.number;
            let row = match rows.entry(number) {
                Entry::Occupied(row) => row.into_mut(),
                Entry::Vacant(free) => free.insert(draft.candidates(number)?.unwrap_or_default()),
            };
            let outlet = |number: u32| match vectors(number) {
                Some(vectors) => Ok(vectors.outlet),
                None => Ok::<_, CollectionError>(draft.compared(number)?.and_then(|compared| compared.outlet)),
            };
            let listed =
                ListedCandidate { number: newcomer.number, closeness: overlap.closeness, rank: candidate.closeness };
            let of = vectors(number).and_then(|vectors| vectors.outlet);
            if take(row, listed, of, newcomer.vectors.outlet, &outlet)? {
                changed.insert(number);
            }
        }
    }
    Ok((rows, changed))
}

/// Vectors of stored articles, as bytes in spills: a batch of articles is held against a thousand others and more.
#[derive(Default)]
struct Stored {
    /// Where those of each article stand.
    places: FxHashMap<u32, (usize, usize)>,
    lists: Vec<Arc<SealedList>>,
}

impl Stored {
    fn vectors(&self, number: u32) -> Option<ArticleVectors<'_>> {
        let (list, at) = self.places.get(&number)?;
        ArticleVectors::from_bytes(self.lists[*list].get(*at))
    }
}

/// The vectors of an article, be it a new one or stored.
fn vectors<'v>(
    number: u32,
    own: &FxHashMap<u32, &'v ArticleVectors<'static>>,
    stored: &'v Stored,
) -> Option<ArticleVectors<'v>> {
    own.get(&number).map(|vectors| vectors.borrowed()).or_else(|| stored.vectors(number))
}

/// Loads the vectors of stored articles. Those that are not kept, as after all stories were decided together, are
/// made again, and kept from now on.
fn load(
    draft: &mut Draft<'_>,
    stored: &mut Stored,
    numbers: impl Iterator<Item = u32>,
    frequencies: &DocumentFrequencies,
) -> Result<(), CollectionError> {
    let missing: BTreeSet<u32> = numbers.filter(|number| !stored.places.contains_key(number)).collect();
    let missing: Vec<u32> = missing.into_iter().collect();
    let snapshot = draft.snapshot();
    let load = |number: &u32| match snapshot.vectors(*number)? {
        Some(vectors) => Ok((vectors, true)),
        None => Ok((made_again(snapshot, *number, frequencies)?.to_bytes(), false)),
    };
    let mut list = SpillList::new(Spill::holding(0));
    let mut made: Vec<usize> = Vec::new();
    for (batch, numbers) in missing.chunks(LOADED).enumerate() {
        let loaded: Vec<(Vec<u8>, bool)> = numbers.par_iter().map(load).collect::<Result<_, CollectionError>>()?;
        for (at, (vectors, is_kept)) in (batch * LOADED..).zip(loaded) {
            list.push(&vectors);
            if !is_kept {
                made.push(at);
            }
        }
    }
    let list = Arc::new(list.seal().map_err(CollectionError::spill)?);
    stored.places.extend(missing.iter().enumerate().map(|(at, number)| (*number, (stored.lists.len(), at))));
    stored.lists.push(Arc::clone(&list));
    made.into_iter().for_each(|at| draft.put_vectors(missing[at], VectorBytes::Spilled(Arc::clone(&list), at)));
    Ok(())
}

/// The vectors of a stored article, from its text.
fn made_again(
    snapshot: &Snapshot,
    number: u32,
    frequencies: &DocumentFrequencies,
) -> Result<ArticleVectors<'static>, CollectionError> {
    let article = snapshot.article(number)?;
    Ok(ArticleVectors::weigh_whole(&ArticleTerms::of(&article), frequencies, &article).0)
}

fn row_of<'v>(
    newcomer: &Newcomer,
    overlaps: &[(Candidate, PairOverlap)],
    vectors: &impl Fn(u32) -> Option<ArticleVectors<'v>>,
) -> CandidateRow {
    let listed = |(candidate, overlap): &(Candidate, PairOverlap)| ListedCandidate {
        number: candidate.number,
        closeness: overlap.closeness,
        rank: candidate.closeness,
    };
    let mut list: Vec<ListedCandidate> = overlaps.iter().map(listed).collect();
    list.sort_by(ListedCandidate::highest_first);
    let other = |number: u32| vectors(number).is_some_and(|other| other.outlet != newcomer.vectors.outlet);
    CandidateRow { other_outlets: list.iter().filter(|listed| other(listed.number)).count() as u32, list }
}

/// Puts a new article on the candidate list of a stored one, if it is close enough; tells whether it is.
fn take(
    row: &mut CandidateRow,
    listed: ListedCandidate,
    own_outlet: Option<u64>,
    its_outlet: Option<u64>,
    outlet: &impl Fn(u32) -> Result<Option<u64>, CollectionError>,
) -> Result<bool, CollectionError> {
    if !row.takes(listed.rank) || row.list.iter().any(|other| other.number == listed.number) {
        return Ok(false);
    }
    if row.list.len() >= LONGEST_LIST
        && let Some(last) = row.list.pop()
    {
        row.other_outlets -= u32::from(outlet(last.number)? != own_outlet).min(row.other_outlets);
    }
    row.list.push(listed);
    row.list.sort_by(ListedCandidate::highest_first);
    row.other_outlets += u32::from(its_outlet != own_outlet);
    Ok(true)
}
