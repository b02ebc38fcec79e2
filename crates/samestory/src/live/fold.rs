//! Copies among new articles, and of stored ones.
//!
//! As [`find_copies`], but a stored representative stays one, even where an earlier article comes later; and
//! stored articles are met as candidates of their words, not by bands of signatures.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use samestory_article::Article;
use samestory_cluster::candidates::{Candidate, HeavyTerm, LONGEST_LIST, candidate_lists, heaviest, keep_closest};
use samestory_cluster::{ArticleTerms, ArticleVectors, DocumentFrequencies};
use samestory_minhash::{CandidatePair, MinHasher, Overlap, ShingleSet, Signature, verify};

use super::arrive::Arrivals;
use super::near::nearest;
use crate::config::CopySettings;
use crate::copies::{Halves, find_copies, fold, headline_key, lsh, ranks, shingle_set};
use crate::error::CollectionError;
use crate::pipeline::Place;
use crate::store::{Draft, Snapshot};

/// An article that is to be compared: neither a copy nor an older version.
pub(super) struct Newcomer {
    pub(super) number: u32,
    pub(super) vectors: ArticleVectors<'static>,
    pub(super) heaviest: Vec<HeavyTerm>,
    pub(super) signature: Option<Signature>,
    /// Its candidates among the stored articles, and in the end among all.
    pub(super) list: Vec<Candidate>,
}

/// Folds what is a copy and tells what is left to be compared, in order of time.
pub(super) fn fold_arrivals(
    draft: &mut Draft<'_>,
    arrivals: &Arrivals,
    frequencies: &mut DocumentFrequencies,
    settings: &CopySettings,
) -> Result<Vec<Newcomer>, CollectionError> {
    let mut order: Vec<(&u32, &Article)> = arrivals.current.iter().collect();
    order.sort_by(|a, b| a.1.time_order().cmp(&b.1.time_order()));
    let numbers: Vec<u32> = order.iter().map(|(number, _)| **number).collect();
    let articles: Vec<&Article> = order.iter().map(|(_, article)| *article).collect();
    let copies = find_copies(&articles, settings).map_err(CollectionError::spill)?;
    for (number, signature) in numbers.iter().zip(&copies.signatures) {
        draft.set_signature(*number, signature.clone());
    }
    let terms: Vec<Option<ArticleTerms>> = articles
        .par_iter()
        .zip(&copies.copy_of)
        .map(|(article, copy)| copy.is_none().then(|| ArticleTerms::of(article)))
        .collect();
    count(draft, terms.iter().flatten(), frequencies)?;
    let snapshot = draft.snapshot();
    let newcomer = |at: usize, terms: &ArticleTerms| -> Result<Newcomer, CollectionError> {
        let (vectors, _) = ArticleVectors::weigh_whole(terms, frequencies, articles[at]);
        let heaviest = heaviest(&vectors);
        let mut list = nearest(snapshot, &heaviest, vectors.time)?;
        // An article whose representative is gone is stored, and so may be what has just gone.
        list.retain(|candidate| candidate.number != numbers[at]);
        Ok(Newcomer { number: numbers[at], vectors, heaviest, signature: copies.signatures[at].clone(), list })
    };
    let mut newcomers: BTreeMap<usize, Newcomer> = terms
        .par_iter()
        .enumerate()
        .filter_map(|(at, terms)| Some(newcomer(at, terms.as_ref()?).map(|newcomer| (at, newcomer))))
        .collect::<Result<_, _>>()?;
    for newcomer in newcomers.values_mut() {
        drop_retired(draft, newcomer)?;
    }

    let stored = stored_copies(draft, &newcomers, &articles, settings)?;
    let place = |draft: &mut Draft<'_>, at: usize, representative: u32| -> Result<(), CollectionError> {
        let number = numbers[at];
        let place = draft.place(number)?;
        draft.set_place(number, Some(Place { copy_of: Some(representative), ..place }));
        draft.summary().counts.copies += 1;
        // A pin is that of the article which is compared.
        if let Some(pin) = draft.pin(number)? {
            draft.set_pin(number, None);
            if draft.pin(representative)?.is_none() {
                draft.set_pin(representative, Some(pin));
            }
        }
        Ok(())
    };
    for (&at, &representative) in &stored {
        newcomers.remove(&at);
        place(draft, at, representative)?;
    }
    let mut late = Vec::new();
    for (at, copy_of) in copies.copy_of.iter().enumerate() {
        let Some(first) = copy_of.map(|first| first as usize) else { continue };
        match stored.get(&first) {
            None => place(draft, at, numbers[first])?,
            // Its representative is a copy itself: it may be one of the same article.
            Some(&representative) => {
                let (own, other) = (shingle_set(articles[at]), shingle_set(&draft.article(representative)?));
                match own.is_empty() || settings.rule().accepts(&Overlap::of(&own, &other)) {
                    true => place(draft, at, representative)?,
                    false => late.push(at),
                }
            }
        }
    }
    let late_terms: Vec<ArticleTerms> = late.par_iter().map(|at| ArticleTerms::of(articles[*at])).collect();
    count(draft, late_terms.iter(), frequencies)?;
    for (at, terms) in late.into_iter().zip(&late_terms) {
        let (vectors, _) = ArticleVectors::weigh_whole(terms, frequencies, articles[at]);
        let heaviest = heaviest(&vectors);
        let list = nearest(snapshot, &heaviest, vectors.time)?;
        let signature = copies.signatures[at].clone();
        let mut newcomer = Newcomer { number: numbers[at], vectors, heaviest, signature, list };
        drop_retired(draft, &mut newcomer)?;
        newcomers.insert(at, newcomer);
    }
    for at in newcomers.keys() {
        if newcomers[at].signature.is_none()
            && let Some(key) = headline_key(articles[*at])
        {
            draft.set_headline(key, Some(numbers[*at]));
        }
    }
    let mut newcomers: Vec<Newcomer> = newcomers.into_values().collect();
    meet_each_other(&mut newcomers);
    Ok(newcomers)
}

/// So many articles are counted beside the table of frequencies, or this part of all, before a new table is made.
const MOST_BESIDE: u32 = 4096;
const PART_BESIDE: u32 = 8;

/// Counts the terms of new articles.
fn count<'t>(
    draft: &mut Draft<'_>,
    terms: impl Iterator<Item = &'t ArticleTerms>,
    frequencies: &mut DocumentFrequencies,
) -> Result<(), CollectionError> {
    let mut n_articles = 0;
    let mut occurrences: Vec<u32> = Vec::new();
    for terms in terms {
        n_articles += 1;
        occurrences.extend(terms.counted().into_iter().flatten().map(|term| term.term));
    }
    frequencies.count_beside(n_articles, &occurrences);
    let beside = frequencies.n_beside();
    if beside <= MOST_BESIDE.min(frequencies.n_articles() / PART_BESIDE) {
        draft.put_uncounted(n_articles, occurrences);
        return Ok(());
    }
    occurrences.append(&mut draft.take_uncounted()?);
    let (counted, singles) = frequencies.count_more(beside, occurrences, &draft.single_terms()?);
    *frequencies = counted.clone();
    draft.set_frequencies(counted, singles);
    Ok(())
}

/// Articles that this step has taken out of all comparisons are no candidates any more.
fn drop_retired(draft: &Draft<'_>, newcomer: &mut Newcomer) -> Result<(), CollectionError> {
    let mut retired = FxHashSet::default();
    for candidate in &newcomer.list {
        if draft.compared(candidate.number)?.is_none() {
            retired.insert(candidate.number);
        }
    }
    newcomer.list.retain(|candidate| !retired.contains(&candidate.number));
    Ok(())
}

/// Puts the new articles on each other's candidate lists.
fn meet_each_other(newcomers: &mut [Newcomer]) {
    let vectors: Vec<ArticleVectors<'_>> = newcomers.iter().map(|newcomer| newcomer.vectors.borrowed()).collect();
    let numbers: Vec<u32> = newcomers.iter().map(|newcomer| newcomer.number).collect();
    let lists = candidate_lists(vectors.as_slice());
    for (newcomer, list) in newcomers.iter_mut().zip(lists) {
        let named = |other: Candidate| Candidate { number: numbers[other.number as usize], ..other };
        newcomer.list.extend(list.into_iter().map(named));
        keep_closest(&mut newcomer.list);
        debug_assert!(newcomer.list.len() <= LONGEST_LIST);
    }
}

/// Which of the new articles, by position, are copies of stored ones.
fn stored_copies(
    draft: &Draft<'_>,
    newcomers: &BTreeMap<usize, Newcomer>,
    articles: &[&Article],
    settings: &CopySettings,
) -> Result<BTreeMap<usize, u32>, CollectionError> {
    let snapshot = draft.snapshot();
    let least = lsh(settings).min_estimate;
    let mut found: BTreeMap<usize, u32> = BTreeMap::new();
    let mut alike: Vec<(usize, u32)> = newcomers
        .par_iter()
        .map(|(at, newcomer)| alike(snapshot, newcomer, least).map(|list| (*at, list)))
        .collect::<Result<Vec<_>, CollectionError>>()?
        .into_iter()
        .flat_map(|(at, list)| list.into_iter().map(move |number| (at, number)))
        .collect();
    alike.sort_unstable();
    for (at, newcomer) in newcomers.iter().filter(|(_, newcomer)| newcomer.signature.is_none()) {
        if let Some(key) = headline_key(articles[*at])
            && let Some(number) = draft.number_of_headline(key)?
            && number != newcomer.number
            && draft.compared(number)?.is_some()
        {
            found.insert(*at, number);
        }
    }
    if alike.is_empty() {
        return Ok(found);
    }

    // A small collection of the new articles that may be copies and of all that is near them, so that a
    // template is seen for one.
    let new: Vec<usize> = alike.chunk_by(|a, b| a.0 == b.0).map(|pairs| pairs[0].0).collect();
    let mut near: Vec<u32> =
        new.iter().flat_map(|at| newcomers[at].list.iter().map(|candidate| candidate.number)).collect();
    near.sort_unstable();
    near.dedup();
    let texts: Vec<Article> = near.par_iter().map(|number| snapshot.article(*number)).collect::<Result<_, _>>()?;
    let all: Vec<&Article> = texts.iter().chain(new.iter().map(|at| articles[*at])).collect();
    let sets: Vec<ShingleSet> = all.par_iter().map(|article| shingle_set(article)).collect();
    let rule = settings.rule();
    let position = |number: u32| near.binary_search(&number).ok().map(|at| at as u32);
    let behind = |at: usize| new.binary_search(&at).ok().map(|at| (near.len() + at) as u32);
    let pairs: Vec<CandidatePair> = alike
        .iter()
        .filter_map(|(at, number)| Some(CandidatePair { a: position(*number)?, b: behind(*at)? }))
        .collect();
    // What is stored comes first, whatever its time.
    let mut rank = ranks(&all[..near.len()]);
    rank.extend(ranks(&all[near.len()..]).into_iter().map(|rank| rank + near.len() as u32));
    let verified = verify(&sets, &pairs, &rule);
    let (_, copy_of) =
        fold(all.as_slice(), &Halves::of(&sets), &rank, verified, &rule).map_err(CollectionError::spill)?;
    for (at, copy_of) in new.iter().zip(&copy_of[near.len()..]) {
        if let Some(number) = copy_of.and_then(|first| near.get(first as usize)) {
            found.insert(*at, *number);
        }
    }
    Ok(found)
}

/// The candidates whose signature is like that of a new article.
fn alike(snapshot: &Snapshot, newcomer: &Newcomer, least: f64) -> Result<Vec<u32>, CollectionError> {
    let Some(own) = &newcomer.signature else { return Ok(Vec::new()) };
    let hasher = MinHasher::default();
    let mut found = Vec::new();
    for candidate in &newcomer.list {
        let signature = snapshot.signature(candidate.number)?;
        if signature.is_some_and(|other| other.as_slice().len() == hasher.n_hashes() && own.estimate(&other) >= least) {
            found.push(candidate.number);
        }
    }
    Ok(found)
}
