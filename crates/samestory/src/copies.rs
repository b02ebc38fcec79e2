//! Near-identical articles: found, verified, folded.
//!
//! A wire story printed by fifty papers is one text and fifty articles. Copies are folded under a
//! representative, the earliest of them, and never deleted. What makes a copy is a property of two
//! texts ([`NearDuplicateRule`]), not of a story.

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use samestory_article::{Article, Tokenizer};
use samestory_minhash::{
    Banding, Lsh, MinHasher, NearDuplicate, NearDuplicateRule, Overlap, ShingleSet, Shingler, Signature, copy_groups,
    verify,
};

use crate::config::CopySettings;

/// The distinct 5-word shingles of an article's body; the headline is not part of it.
pub fn shingle_set(article: &Article) -> ShingleSet {
    Shingler::default().shingle_set(&Tokenizer.body(article).hashes())
}

/// A verified pair of copies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CopyPair {
    /// The pair and its exact overlap.
    pub pair: NearDuplicate,
    /// What the two share is a template: passages that many unrelated articles hold too. Such a pair
    /// makes no copy.
    pub template: bool,
}

/// Copies among some articles, which are named by their position.
#[derive(Debug, Clone, Default)]
pub struct Copies {
    /// Every verified pair, sorted.
    pub pairs: Vec<CopyPair>,
    /// The representative of each article that is a copy.
    pub copy_of: Vec<Option<u32>>,
    /// Buckets over the cap, in which not all pairs were looked at.
    pub capped_buckets: usize,
    /// Articles in the largest bucket.
    pub largest_bucket: usize,
    /// Signatures of the articles with a body.
    pub signatures: Vec<Option<Signature>>,
}

/// Candidate pairs of an estimated Jaccard below this part of the least that can be a copy are
/// dropped before the exact check: at the floor of .3 an estimate from 128 hashes falls below .15
/// once in 18,000 pairs.
const LEAST_ESTIMATE: f64 = 0.5;

/// A shingle held by this many articles, no two of them copies, belongs to a template.
const TEMPLATE_ARTICLES: u32 = 12;

/// Finds the copies among the articles.
pub fn find_copies(articles: &[&Article], settings: &CopySettings) -> Copies {
    let sets: Vec<ShingleSet> = articles.par_iter().map(|article| shingle_set(article)).collect();
    let hasher = MinHasher::default();
    let signatures: Vec<Option<Signature>> = sets.par_iter().map(|set| hasher.signature(set)).collect();
    let rank = ranks(articles);
    let found = lsh(settings).candidates(&signatures, &rank);
    let rule = settings.rule();
    let (pairs, mut copy_of) = fold(articles, &sets, &rank, verify(&sets, &found.pairs, &rule), &rule);
    fold_equal_headlines(articles, &sets, &rank, &mut copy_of);
    Copies { pairs, copy_of, capped_buckets: found.capped_buckets, largest_bucket: found.largest_bucket, signatures }
}

/// Tells templates and stubs from copies, and the representative of each article that is a copy.
pub(crate) fn fold(
    articles: &[&Article],
    sets: &[ShingleSet],
    rank: &[u32],
    verified: Vec<NearDuplicate>,
    rule: &NearDuplicateRule,
) -> (Vec<CopyPair>, Vec<Option<u32>>) {
    let mut template = templates(sets, &copy_groups(rank, &verified), &verified, rule);
    for (pair, template) in verified.iter().zip(&mut template) {
        *template |= is_stub(sets, articles, pair);
    }
    let pairs: Vec<CopyPair> =
        verified.into_iter().zip(template).map(|(pair, template)| CopyPair { pair, template }).collect();
    let evident: Vec<NearDuplicate> = pairs.iter().filter(|pair| !pair.template).map(|pair| pair.pair).collect();
    let copy_of = copy_groups(rank, &evident);
    (pairs, copy_of)
}

/// How candidate pairs are found.
pub(crate) fn lsh(settings: &CopySettings) -> Lsh {
    let floor = match settings.by_containment {
        true => settings.containment_floor.min(settings.jaccard),
        false => settings.jaccard,
    };
    Lsh { bucket_cap: settings.bucket_cap, min_estimate: LEAST_ESTIMATE * floor, ..Lsh::new(Banding::default()) }
}

/// The rank of each article in the order of time, then id.
pub(crate) fn ranks(articles: &[&Article]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..articles.len() as u32).collect();
    order.par_sort_by(|a, b| articles[*a as usize].time_order().cmp(&articles[*b as usize].time_order()));
    let mut rank = vec![0; articles.len()];
    for (position, article) in order.into_iter().enumerate() {
        rank[article as usize] = position as u32;
    }
    rank
}

/// For each verified pair, whether it is one only by the shingles of templates.
fn templates(
    sets: &[ShingleSet],
    copy_of: &[Option<u32>],
    verified: &[NearDuplicate],
    rule: &NearDuplicateRule,
) -> Vec<bool> {
    let mut holders: FxHashMap<u64, u32> = FxHashMap::default();
    for pair in verified {
        for shingle in sets[pair.a as usize].as_slice() {
            holders.insert(*shingle, 0);
        }
    }
    for (set, _) in sets.iter().zip(copy_of).filter(|(_, copy_of)| copy_of.is_none()) {
        for shingle in set.as_slice() {
            holders.entry(*shingle).and_modify(|count| *count += 1);
        }
    }
    let own = |set: &ShingleSet| -> ShingleSet {
        set.as_slice()
            .iter()
            .copied()
            .filter(|shingle| holders.get(shingle).is_none_or(|n| *n < TEMPLATE_ARTICLES))
            .collect()
    };
    verified
        .par_iter()
        .map(|pair| {
            let overlap = Overlap::of(&own(&sets[pair.a as usize]), &own(&sets[pair.b as usize]));
            overlap.shared < pair.overlap.shared && !rule.accepts(&overlap)
        })
        .collect()
}

/// Bodies of fewer shingles may be a stub, such as the plea of a paywall.
const STUB_SHINGLES: usize = 16;

/// Least Jaccard of the words of two headlines, where the bodies may be stubs.
const STUB_HEADLINES: f64 = 0.3;

/// Whether two short bodies of one outlet are alike under headlines that have little in common: the
/// text is then the outlet's, not the article's.
fn is_stub(sets: &[ShingleSet], articles: &[&Article], pair: &NearDuplicate) -> bool {
    let words =
        |at: u32| -> ShingleSet { Tokenizer.text(&articles[at as usize].headline).hashes().into_iter().collect() };
    let (a, b) = (words(pair.a), words(pair.b));
    let outlet = |at: u32| articles[at as usize].outlet.as_deref();
    outlet(pair.a).is_some()
        && outlet(pair.a) == outlet(pair.b)
        && sets[pair.a as usize].len().max(sets[pair.b as usize].len()) < STUB_SHINGLES
        && !a.is_empty()
        && !b.is_empty()
        && Overlap::of(&a, &b).jaccard() < STUB_HEADLINES
}

/// Articles without a body are copies only where headline and outlet are known and equal.
fn fold_equal_headlines(articles: &[&Article], sets: &[ShingleSet], rank: &[u32], copy_of: &mut [Option<u32>]) {
    let mut first: FxHashMap<u64, usize> = FxHashMap::default();
    let mut order: Vec<usize> = (0..articles.len()).filter(|&at| sets[at].is_empty()).collect();
    order.sort_by_key(|&at| rank[at]);
    for at in order {
        let Some(key) = headline_key(articles[at]) else { continue };
        match first.get(&key) {
            Some(&representative) => copy_of[at] = Some(representative as u32),
            None => drop(first.insert(key, at)),
        }
    }
}

/// What outlet and headline are known by, where the outlet is known.
pub(crate) fn headline_key(article: &Article) -> Option<u64> {
    let outlet = article.outlet.as_ref()?.to_lowercase();
    let words = Tokenizer.text(&article.headline).hashes();
    let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).chain(outlet.into_bytes()).collect();
    Some(xxhash_rust::xxh3::xxh3_64(&bytes))
}
