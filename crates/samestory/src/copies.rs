//! Near-identical articles: found, verified, folded.
//!
//! A wire story printed by fifty papers is one text and fifty articles. Copies are folded under a
//! representative, the earliest of them, and never deleted. What makes a copy is a property of two
//! texts ([`NearDuplicateRule`]), not of a story.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
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
const TEMPLATE_ARTICLES: usize = 12;

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
    let representatives: Vec<&Halves> =
        halves.iter().zip(copy_of).filter(|(_, copy_of)| copy_of.is_none()).map(|(halves, _)| halves).collect();
    let asked = Asked::of(sets, verified);
    let shared = held_by_many(&representatives, &asked, SHINGLES_OF_ROUND);
    if shared.is_empty() {
        return vec![false; verified.len()];
    }
    let own = |set: &ShingleSet| -> ShingleSet {
        set.as_slice().iter().copied().filter(|shingle| !shared.contains(&(*shingle as u32))).collect()
    };
    verified
        .par_iter()
        .map(|pair| {
            let overlap = Overlap::of(&own(&sets[pair.a as usize]), &own(&sets[pair.b as usize]));
            overlap.shared < pair.overlap.shared && !rule.accepts(&overlap)
        })
        .collect()
}

/// The shingles of the articles of pairs, by one bit each, so that some others seem to be among them.
struct Asked {
    bits: Vec<AtomicU64>,
}

/// Bits of [`Asked`] for each shingle, and how many there may be: 32 MB.
const BITS_OF_SHINGLE: usize = 16;
const MOST_BITS: usize = 1 << 28;

impl Asked {
    fn of(sets: &[ShingleSet], verified: &[NearDuplicate]) -> Asked {
        let mut articles: Vec<u32> = verified.iter().flat_map(|pair| [pair.a, pair.b]).collect();
        articles.par_sort_unstable();
        articles.dedup();
        let sets: Vec<&ShingleSet> = articles.iter().map(|at| &sets[*at as usize]).collect();
        let n_shingles: usize = sets.iter().map(|set| set.len()).sum();
        let n_bits = (BITS_OF_SHINGLE * n_shingles).next_power_of_two().clamp(64, MOST_BITS);
        let asked = Asked { bits: (0..n_bits / 64).map(|_| AtomicU64::new(0)).collect() };
        sets.par_iter().flat_map_iter(|set| set.as_slice()).for_each(|shingle| {
            let (word, bit) = asked.place(*shingle as u32);
            word.fetch_or(bit, Ordering::Relaxed);
        });
        asked
    }

    fn place(&self, half: u32) -> (&AtomicU64, u64) {
        (&self.bits[half as usize / 64 & (self.bits.len() - 1)], 1 << (half % 64))
    }

    fn may_hold(&self, half: u32) -> bool {
        let (word, bit) = self.place(half);
        word.load(Ordering::Relaxed) & bit != 0
    }
}

/// Shingles are counted part by part, by the upper bits of their lower halves, a few parts at a time.
const PART_BITS: u32 = 8;
const PARTS: u32 = 1 << PART_BITS;

/// Shingles of articles, asked for or not, for which one part is counted at a time.
const SHINGLES_OF_ROUND: usize = 1 << 28;

/// The lower halves of shingles that [`TEMPLATE_ARTICLES`] or more articles hold, among those that may be asked for.
fn held_by_many(articles: &[&Halves], asked: &Asked, shingles_of_round: usize) -> FxHashSet<u32> {
    let n_shingles: usize = articles.iter().map(|halves| halves.len()).sum();
    let rounds = (n_shingles / shingles_of_round + 1).next_power_of_two().min(PARTS as usize) as u32;
    let in_round = PARTS / rounds;
    let mut many = FxHashSet::default();
    for round in 0..rounds {
        let parts = round * in_round..(round + 1) * in_round;
        let held = |articles: &[&Halves]| {
            let mut of_parts: Vec<Vec<u32>> = vec![Vec::new(); in_round as usize];
            let mut held: Vec<u32> = Vec::new();
            for halves in articles {
                held.clear();
                let of_round = |half: &u32| parts.contains(&(half >> (32 - PART_BITS)));
                held.extend(halves.iter().copied().filter(|half| of_round(half) && asked.may_hold(*half)));
                held.sort_unstable();
                held.dedup();
                for half in &held {
                    of_parts[((half >> (32 - PART_BITS)) - parts.start) as usize].push(*half);
                }
            }
            of_parts
        };
        let held: Vec<Vec<Vec<u32>>> = articles.par_chunks(articles.len() / 16 + 1).map(held).collect();
        let of_round: Vec<u32> = (0..in_round as usize)
            .into_par_iter()
            .flat_map_iter(|part| {
                let mut all: Vec<u32> = held.iter().flat_map(|parts| &parts[part]).copied().collect();
                all.sort_unstable();
                let by_many = |run: &[u32]| (run.len() >= TEMPLATE_ARTICLES).then(|| run[0]);
                all.chunk_by(|x, y| x == y).filter_map(by_many).collect::<Vec<u32>>()
            })
            .collect();
        many.extend(of_round);
    }
    many
}

/// Bodies of fewer shingles may be a stub, such as the plea of a paywall.
const STUB_SHINGLES: usize = 16;

/// Least Jaccard of the words of two headlines, where the bodies may be stubs.
const STUB_HEADLINES: f64 = 0.3;

/// Whether two short bodies of one outlet are alike under headlines that have little in common: the
/// text is then the outlet's, not the article's.
fn is_stub(sets: &[ShingleSet], articles: &[&Article], pair: &NearDuplicate) -> bool {
    let outlet = |at: u32| articles[at as usize].outlet.as_deref();
    let of_one_outlet = outlet(pair.a).is_some() && outlet(pair.a) == outlet(pair.b);
    if !of_one_outlet || sets[pair.a as usize].len().max(sets[pair.b as usize].len()) >= STUB_SHINGLES {
        return false;
    }
    let words =
        |at: u32| -> ShingleSet { Tokenizer.text(&articles[at as usize].headline).hashes().into_iter().collect() };
    let (a, b) = (words(pair.a), words(pair.b));
    !a.is_empty() && !b.is_empty() && Overlap::of(&a, &b).jaccard() < STUB_HEADLINES
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rounds_count_what_counting_at_once_does(
            articles in prop::collection::vec(prop::collection::vec(0u32..40, 0..30), 0..60),
            shingles_of_round in 1usize..2_000,
        ) {
            let spread = |number: &u32| number.wrapping_mul(0x9e37_79b1);
            let articles: Vec<Halves> = articles.iter().map(|list| list.iter().map(spread).collect()).collect();
            let mut holders: BTreeMap<u32, usize> = BTreeMap::new();
            for article in &articles {
                let distinct: FxHashSet<u32> = article.iter().copied().collect();
                distinct.into_iter().for_each(|half| *holders.entry(half).or_default() += 1);
            }
            let all: ShingleSet = holders.keys().map(|half| u64::from(*half)).collect();
            let pair = NearDuplicate { a: 0, b: 1, overlap: Overlap::of(&all, &all) };
            let asked = Asked::of(&[all.clone(), all], &[pair]);
            let many = held_by_many(&articles.iter().collect::<Vec<_>>(), &asked, shingles_of_round);
            let expected = holders.into_iter().filter(|(_, n)| *n >= TEMPLATE_ARTICLES).map(|(half, _)| half).collect();
            prop_assert_eq!(many, expected);
        }
    }
}
