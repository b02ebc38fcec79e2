//! What a row of each table holds, and how it is packed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rayon::prelude::*;
use redb::TableDefinition;
use samestory_article::{Article, ArticleId};
use samestory_cluster::StoryId;
use samestory_cluster::candidates::{HeavyTerm, LONGEST_LIST};
use samestory_cluster::features::Neighbourhood;
use samestory_minhash::Signature;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, get_frame_content_size};

use super::bulk::Posted;
use crate::collection::Counts;
use crate::error::CollectionError;
use crate::pipeline::StoryLink;

/// Article number -> when it was stored (seconds since 1970, 64-bit little-endian), then zstd with a checksum of
/// postcard of the article.
pub(super) const ARTICLES: TableDefinition<u32, &[u8]> = TableDefinition::new("articles");
/// Article id -> article number.
pub(super) const ARTICLE_IDS: TableDefinition<&str, u32> = TableDefinition::new("article-ids");
/// Canonical address -> number of its newest version.
pub(super) const ADDRESSES: TableDefinition<&str, u32> = TableDefinition::new("addresses");
/// Hash of outlet and headline of an article without a body -> article number.
pub(super) const HEADLINES: TableDefinition<u64, u32> = TableDefinition::new("headlines");
/// Article number -> postcard of `Place`.
pub(super) const PLACES: TableDefinition<u32, &[u8]> = TableDefinition::new("places");
/// Article number -> its signature, 32-bit values in little-endian order.
pub(super) const SIGNATURES: TableDefinition<u32, &[u8]> = TableDefinition::new("signatures");
/// Number of an article that is compared -> [`Compared`].
pub(super) const COMPARED: TableDefinition<u32, &[u8]> = TableDefinition::new("compared");
/// Number of an article that is compared and was added, or that another was held against -> its vectors.
pub(super) const VECTORS: TableDefinition<u32, &[u8]> = TableDefinition::new("vectors");
/// Article number -> postcard of [`CandidateRow`].
pub(super) const CANDIDATES: TableDefinition<u32, &[u8]> = TableDefinition::new("candidates");
/// Article number -> numbers of others with the log odds that both report one event (32-bit little-endian each).
pub(super) const PAIRS: TableDefinition<u32, &[u8]> = TableDefinition::new("pairs");
/// Block of time (upper half), heavy term (lower half) -> its [`Postings`].
pub(super) const POSTINGS: TableDefinition<u64, &[u8]> = TableDefinition::new("postings-of-blocks");
/// One of an article's heaviest terms -> its [`Postings`] at any time.
pub(super) const FAR_POSTINGS: TableDefinition<u32, &[u8]> = TableDefinition::new("postings-at-any-time");
/// Story number -> postcard of [`StorySummary`].
pub(super) const STORIES: TableDefinition<u32, &[u8]> = TableDefinition::new("stories");
/// Story id, present or former -> story number.
pub(super) const STORY_IDS: TableDefinition<&str, u32> = TableDefinition::new("story-ids");
/// Article number -> number of the story that a person has put it into.
pub(super) const PINS: TableDefinition<u32, u32> = TableDefinition::new("pins");
/// Number of a change -> postcard of it.
pub(super) const CHANGES: TableDefinition<u64, &[u8]> = TableDefinition::new("changes");
/// Articles whose documents the index may not have yet -> transaction that changed them.
pub(super) const UNINDEXED: TableDefinition<u32, u64> = TableDefinition::new("unindexed");
/// Transaction -> terms of its articles that the frequencies do not count yet (32-bit little-endian).
pub(super) const UNCOUNTED: TableDefinition<u64, &[u8]> = TableDefinition::new("uncounted-terms");
/// Outlet -> numbers of its latest articles, oldest first (32-bit little-endian).
pub(super) const OUTLETS: TableDefinition<&str, &[u8]> = TableDefinition::new("latest-of-outlets");
/// Name -> what there is one of.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

pub(super) const SUMMARY: &str = "summary";
pub(super) const FREQUENCIES: &str = "document-frequencies";
pub(super) const SINGLES: &str = "single-terms";
pub(super) const ODDS: &str = "odds";

const ZSTD_LEVEL: i32 = 3;

/// Memory that is taken because a compressed article says that it needs it.
const MOST_BYTES_AT_ONCE: u64 = 16 << 20;

/// What a list of stories shows of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StorySummary {
    /// Its name.
    pub id: StoryId,
    /// Headline of the article that stands for it.
    pub headline: String,
    /// Numbers of its articles in order of time, then id.
    pub articles: Vec<u32>,
    /// Names of its outlets, sorted.
    pub outlets: Vec<String>,
    /// How many of its articles are copies.
    pub copies: u32,
    /// How many are older versions.
    pub older_versions: u32,
    /// Seconds since 1970, UTC, of its first dated article.
    pub first: Option<i64>,
    /// Seconds since 1970, UTC, of its last dated article.
    pub last: Option<i64>,
    /// Languages of its articles, sorted.
    pub languages: Vec<String>,
    /// Stories near it, strongest first.
    pub links: Vec<StoryLink>,
    /// Names of stories that have become part of it.
    pub former: Vec<StoryId>,
}

/// An article as a summary of its story sees it.
pub(crate) struct Member<'a> {
    pub(crate) number: u32,
    pub(crate) article: &'a Article,
    pub(crate) is_copy: bool,
    pub(crate) is_older_version: bool,
}

impl StorySummary {
    /// The summary of a story from its articles, in order of time.
    pub(crate) fn of(id: StoryId, members: &[Member<'_>]) -> StorySummary {
        let times = || members.iter().filter_map(|member| member.article.time.map(|time| time.seconds));
        let distinct = |mut names: Vec<String>| {
            names.sort();
            names.dedup();
            names
        };
        let articles = || members.iter().map(|member| member.article);
        StorySummary {
            id,
            headline: headline(articles()),
            articles: members.iter().map(|member| member.number).collect(),
            outlets: distinct(articles().filter_map(|article| article.outlet.clone()).collect()),
            copies: members.iter().filter(|member| member.is_copy).count() as u32,
            older_versions: members.iter().filter(|member| member.is_older_version).count() as u32,
            first: times().min(),
            last: times().max(),
            languages: distinct(articles().filter_map(|article| article.language.map(|l| l.to_string())).collect()),
            links: Vec::new(),
            former: Vec::new(),
        }
    }
}

/// The headline of the earliest article that has one, else the start of the earliest text.
fn headline<'a>(articles: impl Iterator<Item = &'a Article>) -> String {
    let mut stand_in = None;
    for article in articles {
        if !article.headline.is_empty() {
            return article.headline.clone();
        }
        stand_in.get_or_insert(article);
    }
    stand_in.map(display_headline).unwrap_or_default()
}

/// An article's headline, or the first words of its text where it has none.
pub(crate) fn display_headline(article: &Article) -> String {
    const WORDS: usize = 12;
    if !article.headline.is_empty() {
        return article.headline.clone();
    }
    let body = article.body_text();
    let mut words = body.split_whitespace();
    let opening: Vec<&str> = words.by_ref().take(WORDS).collect();
    let more = if words.next().is_some() { " ..." } else { "" };
    format!("{}{more}", opening.join(" "))
}

/// What there is one of in a collection, and changes with every step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Number of the last step, from 1. The index carries it too.
    pub(crate) transaction: u64,
    /// Counts.
    pub(crate) counts: Counts,
    /// Articles of each language; `""` is unknown.
    pub(crate) languages: BTreeMap<String, u64>,
    /// Articles of each outlet.
    pub(crate) outlets: BTreeMap<String, u64>,
    /// The next article gets this number.
    pub(crate) next_article: u32,
    /// The next story gets this number.
    pub(crate) next_story: u32,
    /// The next change gets this number.
    pub(crate) next_change: u64,
    /// Articles when all stories were last decided together.
    pub(crate) decided_together: u64,
    /// Articles whose terms the frequencies do not count yet.
    pub(crate) uncounted: u32,
    /// Share of the candidate pairs that report one event.
    pub(crate) prior: f64,
}

/// What a candidate is ranked by, of an article that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) time: Option<i64>,
    pub(crate) outlet: Option<u64>,
}

impl Compared {
    const BYTES: usize = 17;

    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0] = u8::from(self.time.is_some()) | u8::from(self.outlet.is_some()) << 1;
        bytes[1..9].copy_from_slice(&self.time.unwrap_or(0).to_le_bytes());
        bytes[9..].copy_from_slice(&self.outlet.unwrap_or(0).to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Compared> {
        let bytes: [u8; Self::BYTES] = bytes.try_into().ok()?;
        let eight = |at: usize| std::array::from_fn(|byte| bytes[at + byte]);
        Some(Compared {
            time: (bytes[0] & 1 != 0).then(|| i64::from_le_bytes(eight(1))),
            outlet: (bytes[0] & 2 != 0).then(|| u64::from_le_bytes(eight(9))),
        })
    }
}

/// One candidate of an article.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedCandidate {
    pub(crate) number: u32,
    /// How much both share, 0 to 1.
    pub(crate) closeness: f32,
    /// What it was listed for: likeness over the heaviest terms, less the further they are apart in time.
    pub(crate) rank: f32,
}

impl ListedCandidate {
    /// The order of lists.
    pub(crate) fn highest_first(a: &Self, b: &Self) -> std::cmp::Ordering {
        b.rank.total_cmp(&a.rank).then(a.number.cmp(&b.number))
    }
}

/// What an article knows of its candidates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CandidateRow {
    /// Candidates, at most [`LONGEST_LIST`], those that are ranked highest first.
    pub(crate) list: Vec<ListedCandidate>,
    /// How many of them come from another outlet.
    pub(crate) other_outlets: u32,
}

impl CandidateRow {
    /// Share of the candidates that come from another outlet, 0 to 1.
    pub(crate) fn others(&self) -> f32 {
        self.other_outlets as f32 / self.list.len().max(1) as f32
    }

    /// Whether a new candidate of this rank is listed.
    pub(crate) fn takes(&self, rank: f32) -> bool {
        self.list.len() < LONGEST_LIST || self.list.last().is_some_and(|last| last.rank < rank)
    }

    /// What the article of a number knows of its candidates.
    pub(crate) fn neighbourhood(&self, number: u32) -> Neighbourhood {
        Neighbourhood::of(number, self.list.iter().map(|other| (other.number, other.closeness)), self.others())
    }
}

/// Articles of one block of time have their postings together.
const BLOCK_SECONDS: i64 = 5 * 86_400;

const WEIGHT_STEPS: f32 = 65_535.0;

/// The block of postings that a time lies in, from 1; 0 for articles without a time.
pub(crate) fn posting_block(time: Option<i64>) -> u32 {
    // Times are those of calendar dates, so that blocks stay far within 31 bits.
    time.map_or(0, |time| (time.div_euclid(BLOCK_SECONDS) + (1 << 30)).clamp(1, i64::from(u32::MAX)) as u32)
}

pub(super) fn posting_key(block: u32, term: u32) -> u64 {
    u64::from(block) << 32 | u64::from(term)
}

/// Articles that a row of postings holds: a term that more of them have says little.
const MOST_POSTINGS: usize = 256;

/// Of an article's heaviest terms those by which it is found at any time.
pub(super) const FAR_POSTINGS_OF_ARTICLE: usize = 32;

/// Number of an article and packed weights of a term.
type Posting = (u32, u32);

fn posting(number: u32, term: &HeavyTerm) -> Posting {
    let [all, lead] = term.weights.map(|weight| (weight * WEIGHT_STEPS).round() as u32);
    (number, all | lead << 16)
}

/// Tells the row of each term, by rising term, of the first `n_terms` of each article; about as many postings as asked
/// are held in memory at a time.
pub(super) fn each_posting_row(
    articles: &[Posted<'_>],
    n_terms: usize,
    at_a_time: usize,
    mut tell: impl FnMut(u32, &[u8]) -> Result<(), CollectionError>,
) -> Result<(), CollectionError> {
    let of_article = |article: &Posted<'_>| article.heaviest.len().min(n_terms);
    let n_postings: usize = articles.iter().map(of_article).sum();
    // Terms are hashes, so that their upper bits part them evenly.
    let part_bits = (n_postings / at_a_time.max(1) + 1).next_power_of_two().ilog2().min(16);
    let part_of = |term: u32| u64::from(term) >> (32 - part_bits);
    let mut all: Vec<(u32, Posting)> = Vec::new();
    for part in 0..1 << part_bits {
        all.clear();
        for article in articles {
            let terms = article.heaviest.iter().take(n_terms).filter(|heavy| part_of(heavy.term) == part);
            all.extend(terms.map(|heavy| (heavy.term, posting(article.number, heavy))));
        }
        all.par_sort_unstable();
        for of_term in all.chunk_by(|a, b| a.0 == b.0) {
            let latest = &of_term[of_term.len().saturating_sub(MOST_POSTINGS)..];
            tell(of_term[0].0, &pack_numbers(latest.iter().flat_map(|(_, (number, weights))| [*number, *weights])))?;
        }
    }
    Ok(())
}

/// The latest articles that have a term, with its weights.
///
/// As bytes: number and packed weights of each, 32-bit little-endian, by rising number.
#[derive(Default)]
pub(super) struct Postings(Vec<Posting>);

impl Postings {
    pub(super) fn push(&mut self, number: u32, term: &HeavyTerm) {
        self.0.push(posting(number, term));
        if self.0.len() >= 2 * MOST_POSTINGS {
            self.keep_latest();
        }
    }

    fn keep_latest(&mut self) {
        self.0.sort_by_key(|(number, _)| *number);
        let over = self.0.len().saturating_sub(MOST_POSTINGS);
        self.0.drain(..over);
    }

    /// These, behind those that a row holds.
    pub(super) fn behind(mut self, row: &[u8]) -> Vec<u8> {
        self.0.sort_by_key(|(number, _)| *number);
        let is_new = |number: u32| self.0.binary_search_by_key(&number, |(number, _)| *number).is_ok();
        let mut old: Vec<(u32, u32)> = packed_postings(row).filter(|(number, _)| !is_new(*number)).collect();
        self.0.append(&mut old);
        self.keep_latest();
        pack_numbers(self.0.into_iter().flat_map(|(number, weights)| [number, weights]))
    }
}

fn packed_postings(row: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
    row.as_chunks::<4>().0.as_chunks::<2>().0.iter().map(move |[article, weights]| (number(article), number(weights)))
}

/// Articles and weights of a row of postings.
pub(super) fn postings_of(row: &[u8]) -> impl Iterator<Item = (u32, [f32; 2])> + '_ {
    let weights = |packed: u32| [packed & 0xffff, packed >> 16].map(|steps| steps as f32 / WEIGHT_STEPS);
    packed_postings(row).map(move |(number, packed)| (number, weights(packed)))
}

/// A row of postings without those of some articles; none if it had none of them.
pub(super) fn postings_without<E>(row: &[u8], gone: impl Fn(u32) -> Result<bool, E>) -> Result<Option<Vec<u8>>, E> {
    let mut kept = Vec::with_capacity(row.len());
    for (number, weights) in packed_postings(row) {
        if !gone(number)? {
            kept.extend([number, weights]);
        }
    }
    Ok((8 * kept.len() / 2 < row.len()).then(|| pack_numbers(kept)))
}

pub(super) fn pack_signature(signature: &Signature) -> Vec<u8> {
    pack_numbers(signature.as_slice().iter().copied())
}

/// Numbers of others, and the log odds that both report one event.
pub(super) fn pack_pairs(pairs: &[(u32, f32)]) -> Vec<u8> {
    pack_numbers(pairs.iter().flat_map(|(other, odds)| [*other, odds.to_bits()]))
}

pub(super) fn pack_numbers(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    numbers.into_iter().flat_map(u32::to_le_bytes).collect()
}

pub(super) fn unpack_numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|number| u32::from_le_bytes(*number)).collect()
}

pub(super) fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, CollectionError> {
    Ok(postcard::to_stdvec(value)?)
}

pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CollectionError> {
    Ok(postcard::from_bytes(bytes)?)
}

/// An article as its row holds it, and when it was stored.
pub(crate) fn pack_article(article: &Article, stored: i64) -> Result<Vec<u8>, CollectionError> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    let packed = COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => {
                let mut compressor = Compressor::new(ZSTD_LEVEL)?;
                compressor.set_parameter(CParameter::ChecksumFlag(true))?;
                kept.insert(compressor)
            }
        };
        compressor.compress(&pack(article)?).map_err(CollectionError::from)
    })?;
    Ok([&stored.to_le_bytes()[..], &packed].concat())
}

/// The article that a row holds, and when it was stored.
pub(crate) fn unpack_article(bytes: &[u8]) -> Result<(Article, i64), CollectionError> {
    thread_local! {
        static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    let Some((stored, packed)) = bytes.split_first_chunk::<8>() else {
        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
    };
    let length = get_frame_content_size(packed).ok().flatten().filter(|length| *length <= MOST_BYTES_AT_ONCE);
    let article = match length {
        Some(length) => DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                None => kept.insert(Decompressor::new()?),
            };
            unpack(&decompressor.decompress(packed, length as usize)?)
        })?,
        // Not told, or not to be believed.
        None => unpack(&zstd::decode_all(packed)?)?,
    };
    Ok((article, i64::from_le_bytes(*stored)))
}

/// The name under which the state of an article that a correction has replaced is kept.
pub(crate) fn id_of_replaced(id: &ArticleId, version: u32) -> ArticleId {
    format!("{id}@{version}").into()
}
