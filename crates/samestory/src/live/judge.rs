//! New articles held against their candidates: as [`samestory_cluster::compared`], for a few articles among many.
//!
//! *Design.* A pair is judged by what both articles know of their candidates, so a new article is put on the
//! lists of those it is closest to. What a pair was judged by when the later of the two came is half of what is
//! known in the end: what comes behind both is missing. So the likely pairs of an article whose list has changed
//! are judged again.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use samestory_cluster::features::{Neighbourhood, PairFeatures};
use samestory_cluster::overlap::{Against, PairOverlap};
use samestory_cluster::score::judge;
use samestory_cluster::{ArticleTerms, ArticleVectors, DocumentFrequencies, PairModel};

use super::fold::Newcomer;
use crate::error::CollectionError;
use crate::pipeline::LEAST_KEPT_ODDS;
use crate::store::{CandidateRow, Compared, Draft, Snapshot};

/// Vectors that are kept; those of older articles are made again where they are asked for.
const KEPT_VECTORS: u64 = 30_000;

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
        draft.put_vectors(newcomer.number, &newcomer.vectors);
        draft.put_postings(newcomer.number, newcomer.vectors.time, &newcomer.heaviest);
    }
    let own: FxHashMap<u32, &ArticleVectors> =
        newcomers.iter().map(|newcomer| (newcomer.number, &newcomer.vectors)).collect();
    let mut stored: FxHashMap<u32, ArticleVectors> = FxHashMap::default();
    let listed = newcomers.iter().flat_map(|newcomer| &newcomer.list).map(|other| other.number);
    let snapshot = draft.snapshot();
    load(snapshot, &mut stored, listed.filter(|number| !own.contains_key(number)), frequencies)?;

    let overlaps: Vec<Vec<(u32, PairOverlap)>> = newcomers
        .par_iter()
        .map_init(Against::nothing, |against, newcomer| {
            against.turn_to(&newcomer.vectors);
            let vectors = |number: u32| own.get(&number).copied().or_else(|| stored.get(&number));
            let overlap = |number: u32| Some((number, against.overlap(vectors(number)?)));
            newcomer.list.iter().map(|candidate| candidate.number).filter_map(overlap).collect()
        })
        .collect();

    let (mut rows, changed) = candidate_rows(draft, newcomers, &overlaps, &own, &stored)?;
    let mut pairs: Vec<(u32, u32, PairOverlap)> = newcomers
        .iter()
        .zip(overlaps)
        .flat_map(|(newcomer, overlaps)| {
            let number = newcomer.number;
            overlaps.into_iter().map(move |(other, overlap)| (number.min(other), number.max(other), overlap))
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
    load(snapshot, &mut stored, before.keys().flat_map(|(a, b)| [*a, *b]), frequencies)?;
    for number in before.keys().flat_map(|(a, b)| [a, b]) {
        if !rows.contains_key(number) {
            rows.insert(*number, draft.candidates(*number)?.unwrap_or_default());
        }
    }
    let again: Vec<(u32, u32)> = before.keys().copied().collect();
    pairs.par_extend(again.par_iter().map_init(Against::nothing, |against, (a, b)| {
        let (first, second) = (&stored[a], &stored[b]);
        if !std::ptr::eq(against.article(), first) {
            against.turn_to(first);
        }
        (*a, *b, against.overlap(second))
    }));
    pairs.sort_by_key(|(a, b, _)| (*a, *b));
    pairs.dedup_by_key(|(a, b, _)| (*a, *b));

    let neighbourhoods: FxHashMap<u32, Neighbourhood> = rows
        .par_iter()
        .map(|(number, row)| (*number, Neighbourhood::of(*number, row.list.iter().copied(), row.others())))
        .collect();
    let judged: Vec<(u32, u32, f32)> = pairs
        .par_iter()
        .map(|(a, b, overlap)| {
            let (of_a, of_b) = (&neighbourhoods[a], &neighbourhoods[b]);
            let overlap = overlap.among(of_a, of_b);
            (*a, *b, judge(model, &PairFeatures::of(&overlap, of_a, of_b), &overlap))
        })
        .collect();
    for number in changed.into_iter().chain(newcomers.iter().map(|newcomer| newcomer.number)) {
        draft.set_candidates(number, rows.remove(&number));
    }
    let prior = draft.prior();
    let turned = keep(draft, &judged, &before, model)?;
    for number in snapshot.vectors_over(KEPT_VECTORS.saturating_sub(newcomers.len() as u64))? {
        draft.drop_vectors(number);
    }
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
        let mut pairs = draft.pairs(number)?;
        pairs.retain(|(other, _)| new.binary_search_by_key(other, |(with, _)| *with).is_err());
        pairs.extend(new.into_iter().filter(|(_, log_odds)| *log_odds > LEAST_KEPT_ODDS));
        pairs.sort_by_key(|(other, _)| *other);
        draft.set_pairs(number, pairs);
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
    overlaps: &[Vec<(u32, PairOverlap)>],
    own: &FxHashMap<u32, &ArticleVectors>,
    stored: &FxHashMap<u32, ArticleVectors>,
) -> Result<(FxHashMap<u32, CandidateRow>, BTreeSet<u32>), CollectionError> {
    let vectors = |number: u32| own.get(&number).copied().or_else(|| stored.get(&number));
    let mut rows: FxHashMap<u32, CandidateRow> = FxHashMap::default();
    let mut changed = BTreeSet::new();
    for (newcomer, overlaps) in newcomers.iter().zip(overlaps) {
        rows.insert(newcomer.number, row_of(newcomer, overlaps, &vectors));
    }
    for (newcomer, overlaps) in newcomers.iter().zip(overlaps) {
        for (number, overlap) in overlaps.iter().filter(|(number, _)| !own.contains_key(number)) {
            if !rows.contains_key(number) {
                rows.insert(*number, draft.candidates(*number)?.unwrap_or_default());
            }
            let Some(row) = rows.get_mut(number) else { continue };
            let outlet = |number: u32| match vectors(number) {
                Some(vectors) => Ok(vectors.outlet),
                None => Ok::<_, CollectionError>(draft.compared(number)?.and_then(|compared| compared.outlet)),
            };
            let of = vectors(*number).and_then(|vectors| vectors.outlet);
            if take(row, newcomer.number, overlap.closeness, of, newcomer.vectors.outlet, &outlet)? {
                changed.insert(*number);
            }
        }
    }
    Ok((rows, changed))
}

/// Loads the vectors of stored articles: those that are kept, the others are made again.
fn load(
    snapshot: &Snapshot,
    stored: &mut FxHashMap<u32, ArticleVectors>,
    numbers: impl Iterator<Item = u32>,
    frequencies: &DocumentFrequencies,
) -> Result<(), CollectionError> {
    let missing: BTreeSet<u32> = numbers.filter(|number| !stored.contains_key(number)).collect();
    let load = |number: u32| Ok((number, vectors_of(snapshot, number, frequencies)?));
    let loaded: Vec<(u32, ArticleVectors)> =
        missing.into_par_iter().map(load).collect::<Result<_, CollectionError>>()?;
    stored.extend(loaded);
    Ok(())
}

/// The vectors of a stored article.
fn vectors_of(
    snapshot: &Snapshot,
    number: u32,
    frequencies: &DocumentFrequencies,
) -> Result<ArticleVectors, CollectionError> {
    if let Some(vectors) = snapshot.vectors(number)? {
        return Ok(vectors);
    }
    let article = snapshot.article(number)?;
    Ok(ArticleVectors::weigh_whole(&ArticleTerms::of(&article), frequencies, &article).0)
}

fn row_of<'v>(
    newcomer: &Newcomer,
    overlaps: &[(u32, PairOverlap)],
    vectors: &impl Fn(u32) -> Option<&'v ArticleVectors>,
) -> CandidateRow {
    let mut list: Vec<(u32, f32)> = overlaps.iter().map(|(number, overlap)| (*number, overlap.closeness)).collect();
    list.sort_by(closest_first);
    let other = |number: u32| vectors(number).is_some_and(|other| other.outlet != newcomer.vectors.outlet);
    CandidateRow { other_outlets: list.iter().filter(|(number, _)| other(*number)).count() as u32, list }
}

fn closest_first(a: &(u32, f32), b: &(u32, f32)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// Puts a new article on the candidate list of a stored one, if it is close enough; tells whether it is.
fn take(
    row: &mut CandidateRow,
    number: u32,
    closeness: f32,
    own_outlet: Option<u64>,
    its_outlet: Option<u64>,
    outlet: &impl Fn(u32) -> Result<Option<u64>, CollectionError>,
) -> Result<bool, CollectionError> {
    if !row.takes(closeness) || row.list.iter().any(|(listed, _)| *listed == number) {
        return Ok(false);
    }
    if row.list.len() >= samestory_cluster::candidates::LONGEST_LIST
        && let Some((last, _)) = row.list.pop()
    {
        row.other_outlets -= u32::from(outlet(last)? != own_outlet).min(row.other_outlets);
    }
    row.list.push((number, closeness));
    row.list.sort_by(closest_first);
    row.other_outlets += u32::from(its_outlet != own_outlet);
    Ok(true)
}
