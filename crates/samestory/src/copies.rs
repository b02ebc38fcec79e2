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
    let mut memory = ShingleMemory::default();
    memory.shingles(article).iter().copied().collect()
}

/// Memory in which one thread makes the shingles of one article after another.
#[derive(Default)]
pub(crate) struct ShingleMemory {
    tokens: Vec<u64>,
    shingles: Vec<u64>,
}

impl ShingleMemory {
    /// The shingles of an article's body in reading order, each as often as it occurs.
    pub(crate) fn shingles(&mut self, article: &Article) -> &[u64] {
        self.tokens.clear();
        Tokenizer.body_hashes(article, &mut self.tokens);
        self.shingles.clear();
        Shingler::default().shingles(&self.tokens, &mut self.shingles);
        &self.shingles
    }
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
///
/// The shingles of an article are made and signed; kept is the lower half of each, by which templates are told. Those
/// of candidates are made again for the exact check.
pub fn find_copies(articles: &[&Article], settings: &CopySettings) -> Copies {
    find_copies_stepwise(articles, settings, &mut |_| ())
}

/// As [`find_copies`], and names each step when it is done.
pub fn find_copies_stepwise(
    articles: &[&Article],
    settings: &CopySettings,
    done: &mut dyn FnMut(&'static str),
) -> Copies {
    let hasher = MinHasher::default();
    let (signatures, halves): (Vec<Option<Signature>>, Vec<Halves>) = articles
        .par_iter()
        .map_init(ShingleMemory::default, |memory, article| {
            let shingles = memory.shingles(article);
            (hasher.signature_of(shingles), halves(shingles))
        })
        .unzip();
    done("tokenise, shingle, sign");
    let rank = ranks(articles);
    let found = lsh(settings).candidates(&signatures, &rank);
    done("band, candidates");
    let sets = sets_of(articles, found.pairs.iter().flat_map(|pair| [pair.a, pair.b]));
    let rule = settings.rule();
    let verified = verify(&sets, &found.pairs, &rule);
    done("exact check");
    let (pairs, mut copy_of) = fold(articles, &sets, &halves, &rank, verified, &rule);
    fold_equal_headlines(articles, &signatures, &rank, &mut copy_of);
    done("templates, groups");
    Copies { pairs, copy_of, capped_buckets: found.capped_buckets, largest_bucket: found.largest_bucket, signatures }
}

/// The lower halves of an article's shingles in reading order: enough to count how many articles hold one. By chance two
/// shingles share it once in 4 thousand million pairs.
type Halves = Box<[u32]>;

pub(crate) fn halves(shingles: &[u64]) -> Halves {
    shingles.iter().map(|shingle| *shingle as u32).collect()
}

/// The shingle sets of some articles; all others have an empty one.
fn sets_of(articles: &[&Article], wanted: impl Iterator<Item = u32>) -> Vec<ShingleSet> {
    let mut is_wanted = vec![false; articles.len()];
    wanted.for_each(|at| is_wanted[at as usize] = true);
    articles
        .par_iter()
        .zip(is_wanted)
        .map(|(article, is_wanted)| if is_wanted { shingle_set(article) } else { ShingleSet::default() })
        .collect()
}

/// Tells templates and stubs from copies, and the representative of each article that is a copy. Sets are needed of
/// the articles of pairs only.
pub(crate) fn fold(
    articles: &[&Article],
    sets: &[ShingleSet],
    halves: &[Halves],
    rank: &[u32],
    verified: Vec<NearDuplicate>,
    rule: &NearDuplicateRule,
) -> (Vec<CopyPair>, Vec<Option<u32>>) {
    let mut template = templates(sets, halves, &copy_groups(rank, &verified), &verified, rule);
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
    halves: &[Halves],
    copy_of: &[Option<u32>],
    verified: &[NearDuplicate],
    rule: &NearDuplicateRule,
) -> Vec<bool> {
    let shingles = |pair: &NearDuplicate| sets[pair.a as usize].as_slice();
    let mut holders: FxHashMap<u32, u32> =
        verified.iter().flat_map(shingles).map(|shingle| (*shingle as u32, 0)).collect();
    // Most shingles are in none of the pairs, which one bit tells of nearly all of them.
    let bits = (16 * holders.len()).next_power_of_two().max(64);
    let place = |half: u32| (half as usize & (bits - 1)) / 64;
    let bit = |half: u32| 1u64 << (half % 64);
    let mut may_hold = vec![0u64; bits / 64];
    holders.keys().for_each(|half| may_hold[place(*half)] |= bit(*half));
    let held = |halves: &Halves| {
        let asked = halves.iter().filter(|half| may_hold[place(**half)] & bit(**half) != 0);
        let mut held: Vec<u32> = asked.copied().filter(|half| holders.contains_key(half)).collect();
        held.sort_unstable();
        held.dedup();
        held
    };
    let representatives = halves.par_iter().zip(copy_of).filter(|(_, copy_of)| copy_of.is_none());
    let held: Vec<Vec<u32>> = representatives.map(|(halves, _)| held(halves)).collect();
    for half in held.into_iter().flatten() {
        holders.entry(half).and_modify(|count| *count += 1);
    }
    let own = |set: &ShingleSet| -> ShingleSet {
        set.as_slice()
            .iter()
            .copied()
            .filter(|shingle| holders.get(&(*shingle as u32)).is_none_or(|n| *n < TEMPLATE_ARTICLES))
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
fn fold_equal_headlines(
    articles: &[&Article],
    signatures: &[Option<Signature>],
    rank: &[u32],
    copy_of: &mut [Option<u32>],
) {
    let mut first: FxHashMap<u64, usize> = FxHashMap::default();
    let mut order: Vec<usize> = (0..articles.len()).filter(|&at| signatures[at].is_none()).collect();
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
