//! Near-identical articles: found, verified, folded.
//!
//! A wire story printed by fifty papers is one text and fifty articles. Copies are folded under a
//! representative, the earliest of them, and never deleted. What makes a copy is a property of two
//! texts ([`NearDuplicateRule`]), not of a story.

mod templates;

use std::borrow::Cow;
use std::io;
use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, Tokenizer};
use samestory_ingest::ArticlesApart;
use samestory_minhash::{
    Banding, CandidatePair, Lsh, MinHasher, NearDuplicate, NearDuplicateRule, Overlap, ShingleSet, Shingler, Signature,
    copy_groups, verify,
};
use samestory_spill::{MOST_HELD, Spill, Spilled};

use crate::config::CopySettings;
use templates::templates;
pub use templates::{TEMPLATE_ARTICLES, by_template};

/// Articles among which copies are looked for. Their texts need not be in memory.
pub trait ArticleSource: Sync {
    /// How many there are.
    fn n_articles(&self) -> usize;

    /// The article at a position, perhaps without its text.
    fn head(&self, at: usize) -> &Article;

    /// The article at a position as a whole.
    ///
    /// # Errors
    ///
    /// If its text cannot be read.
    fn whole(&self, at: usize) -> io::Result<Cow<'_, Article>>;
}

impl ArticleSource for [&Article] {
    fn n_articles(&self) -> usize {
        self.len()
    }

    fn head(&self, at: usize) -> &Article {
        self[at]
    }

    fn whole(&self, at: usize) -> io::Result<Cow<'_, Article>> {
        Ok(Cow::Borrowed(self[at]))
    }
}

impl ArticleSource for ArticlesApart {
    fn n_articles(&self) -> usize {
        self.heads().len()
    }

    fn head(&self, at: usize) -> &Article {
        &self.heads()[at]
    }

    fn whole(&self, at: usize) -> io::Result<Cow<'_, Article>> {
        ArticlesApart::whole(self, at)
    }
}

/// The articles at some positions.
pub(crate) struct Selected<'a> {
    pub(crate) all: &'a ArticlesApart,
    pub(crate) positions: &'a [u32],
}

impl ArticleSource for Selected<'_> {
    fn n_articles(&self) -> usize {
        self.positions.len()
    }

    fn head(&self, at: usize) -> &Article {
        &self.all.heads()[self.positions[at] as usize]
    }

    fn whole(&self, at: usize) -> io::Result<Cow<'_, Article>> {
        self.all.whole(self.positions[at] as usize)
    }
}

/// The distinct 5-word shingles of an article's body; the headline is not part of it.
pub fn shingle_set(article: &Article) -> ShingleSet {
    let mut memory = ShingleMemory::default();
    memory.shingles(article).iter().copied().collect()
}

/// Memory in which one thread makes the shingles of one article after another.
#[derive(Default)]
pub struct ShingleMemory {
    tokens: Vec<u64>,
    shingles: Vec<u64>,
}

impl ShingleMemory {
    /// The shingles of an article's body in reading order, each as often as it occurs.
    pub fn shingles(&mut self, article: &Article) -> &[u64] {
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

/// Finds the copies among the articles.
///
/// The shingles of an article are made and signed; kept is the lower half of each, by which templates are told, in a
/// [spill file](Spill). Those of candidates are made again for the exact check.
///
/// # Errors
///
/// If the spill file cannot be read.
pub fn find_copies(articles: &[&Article], settings: &CopySettings) -> io::Result<Copies> {
    find_copies_stepwise(articles, settings, &mut |_| ())
}

/// Articles whose shingles are made together.
const BATCH: usize = 1024;

/// As [`find_copies`], for articles of any source, and names each step when it is done.
///
/// # Errors
///
/// If a text or the spill file cannot be read.
pub fn find_copies_stepwise<A: ArticleSource + ?Sized>(
    articles: &A,
    settings: &CopySettings,
    done: &mut dyn FnMut(&'static str),
) -> io::Result<Copies> {
    find_copies_spilling(articles, settings, MOST_HELD, done)
}

/// As [`find_copies_stepwise`]; the spill holds no more than so many bytes in memory.
pub(crate) fn find_copies_spilling<A: ArticleSource + ?Sized>(
    articles: &A,
    settings: &CopySettings,
    most_held: usize,
    done: &mut dyn FnMut(&'static str),
) -> io::Result<Copies> {
    let (signatures, halves) = sign(articles, Halves::new(Spill::holding(most_held)))?;
    done("tokenise, shingle, sign");
    let rank = ranks(&heads(articles));
    let found = lsh(settings).candidates(&signatures, &rank);
    done("band, candidates");
    let rule = settings.rule();
    let verified = with_sets(articles, &found.pairs, |pair| [pair.a, pair.b], |sets, pairs| sets.verify(pairs, &rule))?;
    done("exact check");
    let (pairs, mut copy_of) = fold(articles, &halves, &rank, verified, &rule)?;
    fold_equal_headlines(articles, &signatures, &rank, &mut copy_of);
    done("templates, groups");
    Ok(Copies {
        pairs,
        copy_of,
        capped_buckets: found.capped_buckets,
        largest_bucket: found.largest_bucket,
        signatures,
    })
}

fn heads<A: ArticleSource + ?Sized>(articles: &A) -> Vec<&Article> {
    (0..articles.n_articles()).map(|at| articles.head(at)).collect()
}

/// The signatures of all articles with a body, and the lower halves of their shingles.
fn sign<A: ArticleSource + ?Sized>(articles: &A, mut halves: Halves) -> io::Result<(Vec<Option<Signature>>, Halves)> {
    type Signed = Vec<(Option<Signature>, Vec<u8>)>;
    let hasher = MinHasher::default();
    let n_articles = articles.n_articles();
    let of_batch = |batch: Range<usize>| -> io::Result<Signed> {
        let sign = |memory: &mut ShingleMemory, at| {
            let article = articles.whole(at)?;
            let shingles = memory.shingles(&article);
            Ok((hasher.signature_of(shingles), lower_halves(shingles)))
        };
        batch.into_par_iter().map_init(ShingleMemory::default, sign).collect()
    };
    let mut signatures = Vec::with_capacity(n_articles);
    let mut keep = |signed: Signed| {
        for (signature, of_article) in signed {
            signatures.push(signature);
            halves.keep(&of_article);
        }
    };
    let mut before = Signed::new();
    for start in (0..n_articles).step_by(BATCH) {
        // While one batch is kept, the next is made.
        let batch = start..n_articles.min(start + BATCH);
        let (made, ()) = rayon::join(|| of_batch(batch), || keep(before));
        before = made?;
    }
    keep(before);
    Ok((signatures, halves))
}

fn lower_halves(shingles: &[u64]) -> Vec<u8> {
    let mut halves = Vec::with_capacity(4 * shingles.len());
    shingles.iter().for_each(|shingle| halves.extend((*shingle as u32).to_le_bytes()));
    halves
}

/// The lower halves of the shingles of articles in reading order: enough to count how many articles hold one. By chance
/// two shingles share it once in 4 thousand million pairs.
#[derive(Default)]
pub(crate) struct Halves {
    of: Vec<Spilled>,
    spill: Spill,
}

impl Halves {
    /// None yet; the spill is empty.
    fn new(spill: Spill) -> Halves {
        Halves { of: Vec::new(), spill }
    }

    /// Those of a few articles.
    pub(crate) fn of(sets: &[ShingleSet]) -> Halves {
        let mut halves = Halves::default();
        sets.iter().for_each(|set| halves.keep(&lower_halves(set.as_slice())));
        halves
    }

    fn keep(&mut self, of_article: &[u8]) {
        self.of.push(self.spill.keep(of_article));
    }

    fn n_shingles(&self, at: u32) -> usize {
        self.of[at as usize].length() / 4
    }

    /// Tells those of one article.
    fn each(&self, at: u32, memory: &mut Vec<u8>, tell: impl FnMut(u32)) -> io::Result<()> {
        self.spill.read(self.of[at as usize], memory)?;
        memory.as_chunks::<4>().0.iter().map(|half| u32::from_le_bytes(*half)).for_each(tell);
        Ok(())
    }
}

/// Shingle sets of some articles.
struct Sets {
    /// Sorted.
    articles: Vec<u32>,
    sets: Vec<ShingleSet>,
}

impl Sets {
    fn of<A: ArticleSource + ?Sized>(articles: &A, wanted: FxHashSet<u32>) -> io::Result<Sets> {
        let mut wanted: Vec<u32> = wanted.into_iter().collect();
        wanted.sort_unstable();
        let set = |at: &u32| Ok(shingle_set(&*articles.whole(*at as usize)?));
        Ok(Sets { sets: wanted.par_iter().map(set).collect::<io::Result<_>>()?, articles: wanted })
    }

    fn position(&self, article: u32) -> usize {
        self.articles.partition_point(|held| *held < article)
    }

    fn get(&self, article: u32) -> &ShingleSet {
        &self.sets[self.position(article)]
    }

    /// The pairs that the rule accepts.
    fn verify(&self, pairs: &[CandidatePair], rule: &NearDuplicateRule) -> Vec<NearDuplicate> {
        let here =
            |pair: &CandidatePair| CandidatePair { a: self.position(pair.a) as u32, b: self.position(pair.b) as u32 };
        let pairs: Vec<CandidatePair> = pairs.iter().map(here).collect();
        let there = |found: NearDuplicate| NearDuplicate {
            a: self.articles[found.a as usize],
            b: self.articles[found.b as usize],
            ..found
        };
        verify(&self.sets, &pairs, rule).into_iter().map(there).collect()
    }
}

/// Articles whose shingle sets are held together.
const SETS_AT_ONCE: usize = 1 << 14;

/// What is made of pairs, some at a time, with the shingle sets of their articles; in order.
fn with_sets<A: ArticleSource + ?Sized, P, T>(
    articles: &A,
    pairs: &[P],
    both: impl Fn(&P) -> [u32; 2],
    mut see: impl FnMut(&Sets, &[P]) -> Vec<T>,
) -> io::Result<Vec<T>> {
    let mut made = Vec::new();
    let mut rest = pairs;
    while !rest.is_empty() {
        let mut wanted = FxHashSet::default();
        let fit = |pair: &&P| {
            let fits = wanted.len() < SETS_AT_ONCE;
            if fits {
                wanted.extend(both(pair));
            }
            fits
        };
        let n_pairs = rest.iter().take_while(fit).count();
        let (now, later) = rest.split_at(n_pairs);
        made.append(&mut see(&Sets::of(articles, wanted)?, now));
        rest = later;
    }
    Ok(made)
}

/// Tells templates and stubs from copies, and the representative of each article that is a copy.
pub(crate) fn fold<A: ArticleSource + ?Sized>(
    articles: &A,
    halves: &Halves,
    rank: &[u32],
    verified: Vec<NearDuplicate>,
    rule: &NearDuplicateRule,
) -> io::Result<(Vec<CopyPair>, Vec<Option<u32>>)> {
    let template = templates(articles, halves, &copy_groups(rank, &verified), &verified, rule)?;
    let is_stub =
        |pair: &NearDuplicate| is_stub(articles.head(pair.a as usize), articles.head(pair.b as usize), &pair.overlap);
    let pairs: Vec<CopyPair> = verified
        .into_iter()
        .zip(template)
        .map(|(pair, template)| CopyPair { pair, template: template || is_stub(&pair) })
        .collect();
    let evident: Vec<NearDuplicate> = pairs.iter().filter(|pair| !pair.template).map(|pair| pair.pair).collect();
    let copy_of = copy_groups(rank, &evident);
    Ok((pairs, copy_of))
}

/// How candidate pairs are found.
pub fn lsh(settings: &CopySettings) -> Lsh {
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

/// Bodies of fewer shingles may be a stub, such as the plea of a paywall.
const STUB_SHINGLES: usize = 16;

/// Least Jaccard of the words of two headlines, where the bodies may be stubs.
const STUB_HEADLINES: f64 = 0.3;

/// Whether two short bodies of one outlet are alike under headlines that have little in common: the
/// text is then the outlet's, not the article's. `overlap` is that of the bodies' shingles.
pub fn is_stub(a: &Article, b: &Article, overlap: &Overlap) -> bool {
    let of_one_outlet = a.outlet.is_some() && a.outlet == b.outlet;
    if !of_one_outlet || overlap.a.max(overlap.b) >= STUB_SHINGLES {
        return false;
    }
    let words = |article: &Article| -> ShingleSet { Tokenizer.text(&article.headline).hashes().into_iter().collect() };
    let (a, b) = (words(a), words(b));
    !a.is_empty() && !b.is_empty() && Overlap::of(&a, &b).jaccard() < STUB_HEADLINES
}

/// Articles without a body are copies only where headline and outlet are known and equal.
fn fold_equal_headlines<A: ArticleSource + ?Sized>(
    articles: &A,
    signatures: &[Option<Signature>],
    rank: &[u32],
    copy_of: &mut [Option<u32>],
) {
    let mut first: FxHashMap<u64, usize> = FxHashMap::default();
    let mut order: Vec<usize> = (0..articles.n_articles()).filter(|&at| signatures[at].is_none()).collect();
    order.sort_by_key(|&at| rank[at]);
    for at in order {
        let Some(key) = headline_key(articles.head(at)) else { continue };
        match first.get(&key) {
            Some(&representative) => copy_of[at] = Some(representative as u32),
            None => drop(first.insert(key, at)),
        }
    }
}

/// What outlet and headline are known by, where the outlet is known.
pub fn headline_key(article: &Article) -> Option<u64> {
    let outlet = article.outlet.as_ref()?.to_lowercase();
    let words = Tokenizer.text(&article.headline).hashes();
    let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).chain(outlet.into_bytes()).collect();
    Some(xxhash_rust::xxh3::xxh3_64(&bytes))
}
