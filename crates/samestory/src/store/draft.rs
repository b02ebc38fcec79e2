//! A snapshot and what a step changes of it.
//!
//! *Design.* A step reads, decides and only then writes: what it changes is collected here, is seen by what
//! the step reads later, and goes into one transaction at the end. So a step that fails changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redb::{ReadableTable, Table, WriteTransaction};
use samestory_article::Article;
use samestory_cluster::candidates::HeavyTerm;
use samestory_cluster::prior::OddsCounts;
use samestory_cluster::{DocumentFrequencies, StoryId};
use samestory_minhash::Signature;
use samestory_spill::SealedList;

use super::rows::{self, CandidateRow, Compared, Postings, StorySummary, Summary, pack};
use super::snapshot::Snapshot;
use crate::changes::{Change, ChangeKind};
use crate::error::CollectionError;
use crate::pipeline::Place;

/// Rows that change; `None` removes one.
type Rows<K, V> = BTreeMap<K, Option<V>>;

/// Latest articles of an outlet that are remembered.
const LATEST_OF_OUTLET: usize = 48;

/// The vectors of an article, as bytes.
pub(crate) enum VectorBytes {
    /// In memory.
    Held(Vec<u8>),
    /// Where those of many stand, with the position among them.
    Spilled(Arc<SealedList>, usize),
}

impl AsRef<[u8]> for VectorBytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            VectorBytes::Held(bytes) => bytes,
            VectorBytes::Spilled(list, at) => list.get(*at),
        }
    }
}

/// A state of the store that is being made.
pub(crate) struct Draft<'s> {
    snapshot: &'s Snapshot,
    /// When the step is taken, in seconds since 1970.
    now: i64,
    articles: Rows<u32, Vec<u8>>,
    article_ids: Rows<String, u32>,
    addresses: Rows<String, u32>,
    headlines: Rows<u64, u32>,
    places: Rows<u32, Place>,
    signatures: Rows<u32, Signature>,
    compared: Rows<u32, Compared>,
    vectors: Rows<u32, VectorBytes>,
    candidates: Rows<u32, CandidateRow>,
    pairs: BTreeMap<u32, Vec<(u32, f32)>>,
    postings: BTreeMap<u64, Postings>,
    far_postings: BTreeMap<u32, Postings>,
    stories: Rows<u32, StorySummary>,
    story_ids: Rows<String, u32>,
    pins: Rows<u32, u32>,
    changes: Vec<Change>,
    unindexed: BTreeSet<u32>,
    uncounted: Vec<u32>,
    latest_of_outlets: BTreeMap<String, Vec<u32>>,
    frequencies: Option<(DocumentFrequencies, Vec<u32>)>,
    odds: Option<OddsCounts>,
    blocks_before: Option<u32>,
    forget_changes_before: Option<i64>,
    summary: Summary,
}

macro_rules! rows {
    ($(#[doc = $doc:literal] $get:ident, $set:ident: $field:ident [$key:ty] $value:ty, $read:ident;)*) => {
        $(
            #[doc = $doc]
            pub(crate) fn $get(&self, key: $key) -> Result<Option<$value>, CollectionError> {
                match self.$field.get(&key) {
                    Some(row) => Ok(row.clone()),
                    None => self.snapshot.$read(key),
                }
            }

            pub(crate) fn $set(&mut self, key: $key, row: Option<$value>) {
                self.$field.insert(key, row);
            }
        )*
    };
}

impl<'s> Draft<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, now: i64) -> Result<Draft<'s>, CollectionError> {
        let mut summary = snapshot.summary()?;
        summary.transaction += 1;
        Ok(Draft {
            snapshot,
            now,
            summary,
            articles: Rows::new(),
            article_ids: Rows::new(),
            addresses: Rows::new(),
            headlines: Rows::new(),
            places: Rows::new(),
            signatures: Rows::new(),
            compared: Rows::new(),
            vectors: Rows::new(),
            candidates: Rows::new(),
            pairs: BTreeMap::new(),
            postings: BTreeMap::new(),
            far_postings: BTreeMap::new(),
            stories: Rows::new(),
            story_ids: Rows::new(),
            pins: Rows::new(),
            changes: Vec::new(),
            unindexed: BTreeSet::new(),
            uncounted: Vec::new(),
            latest_of_outlets: BTreeMap::new(),
            frequencies: None,
            odds: None,
            blocks_before: None,
            forget_changes_before: None,
        })
    }

    rows! {
        #[doc = "Where an article belongs."]
        find_place, set_place: places[u32] Place, find_place;
        #[doc = "What an article that is compared is ranked by."]
        compared, set_compared: compared[u32] Compared, compared;
        #[doc = "What an article knows of its candidates."]
        candidates, set_candidates: candidates[u32] CandidateRow, candidates;
        #[doc = "A story."]
        find_story, set_story: stories[u32] StorySummary, find_story;
        #[doc = "The story that a person has put an article into."]
        pin, set_pin: pins[u32] u32, pin;
        #[doc = "The article without a body that has this outlet and headline."]
        number_of_headline, set_headline: headlines[u64] u32, number_of_headline;
    }

    pub(crate) fn set_signature(&mut self, number: u32, signature: Option<Signature>) {
        self.signatures.insert(number, signature);
    }

    pub(crate) fn snapshot(&self) -> &'s Snapshot {
        self.snapshot
    }

    pub(crate) fn summary(&mut self) -> &mut Summary {
        &mut self.summary
    }

    pub(crate) fn place(&self, number: u32) -> Result<Place, CollectionError> {
        self.find_place(number)?.ok_or(CollectionError::Missing { what: "place of article", number })
    }

    pub(crate) fn story(&self, number: u32) -> Result<StorySummary, CollectionError> {
        self.find_story(number)?.ok_or(CollectionError::Missing { what: "story", number })
    }

    pub(crate) fn article(&self, number: u32) -> Result<Article, CollectionError> {
        let missing = CollectionError::Missing { what: "article", number };
        match self.articles.get(&number) {
            Some(row) => Ok(rows::unpack_article(row.as_ref().ok_or(missing)?)?.0),
            None => self.snapshot.article(number),
        }
    }

    pub(crate) fn article_number(&self, id: &str) -> Result<Option<u32>, CollectionError> {
        match self.article_ids.get(id) {
            Some(number) => Ok(*number),
            None => self.snapshot.article_number(id),
        }
    }

    pub(crate) fn set_article_number(&mut self, id: &str, number: Option<u32>) {
        self.article_ids.insert(id.to_owned(), number);
    }

    pub(crate) fn number_at_address(&self, canonical: &str) -> Result<Option<u32>, CollectionError> {
        match self.addresses.get(canonical) {
            Some(number) => Ok(*number),
            None => self.snapshot.number_at_address(canonical),
        }
    }

    pub(crate) fn set_address(&mut self, canonical: &str, number: Option<u32>) {
        self.addresses.insert(canonical.to_owned(), number);
    }

    pub(crate) fn story_number(&self, id: &str) -> Result<Option<u32>, CollectionError> {
        match self.story_ids.get(id) {
            Some(number) => Ok(*number),
            None => self.snapshot.story_number(id),
        }
    }

    pub(crate) fn set_story_number(&mut self, id: &StoryId, number: Option<u32>) {
        self.story_ids.insert(id.as_str().to_owned(), number);
    }

    /// Others that an article was judged with, and the log odds that both report one event.
    pub(crate) fn pairs(&self, number: u32) -> Result<Vec<(u32, f32)>, CollectionError> {
        match self.pairs.get(&number) {
            Some(pairs) => Ok(pairs.clone()),
            None => self.snapshot.pairs(number),
        }
    }

    pub(crate) fn set_pairs(&mut self, number: u32, pairs: Vec<(u32, f32)>) {
        self.pairs.insert(number, pairs);
    }

    /// Stores an article under a new number.
    pub(crate) fn put_article(&mut self, article: &Article) -> Result<u32, CollectionError> {
        let number = self.summary.next_article;
        self.summary.next_article += 1;
        self.articles.insert(number, Some(rows::pack_article(article, self.now)?));
        self.set_article_number(article.id.as_str(), Some(number));
        self.unindexed.insert(number);
        self.count(article, 1);
        Ok(number)
    }

    /// Gives an article that a correction replaces an id of its own: `ID@1`, or the next that is free.
    pub(crate) fn rename_article(&mut self, number: u32, article: &mut Article) -> Result<(), CollectionError> {
        let stored = self.stored(number)?;
        let mut version = 1;
        while self.article_number(rows::id_of_replaced(&article.id, version).as_str())?.is_some() {
            version += 1;
        }
        article.id = rows::id_of_replaced(&article.id, version);
        self.articles.insert(number, Some(rows::pack_article(article, stored)?));
        self.set_article_number(article.id.as_str(), Some(number));
        Ok(())
    }

    /// When an article was stored.
    pub(crate) fn stored(&self, number: u32) -> Result<i64, CollectionError> {
        match self.articles.get(&number) {
            Some(Some(packed)) => Ok(rows::unpack_article(packed)?.1),
            _ => self.snapshot.stored(number),
        }
    }

    /// Removes an article and its id. What else is known of it is removed where that is known.
    pub(crate) fn remove_article(&mut self, number: u32, article: &Article) {
        self.articles.insert(number, None);
        self.set_article_number(article.id.as_str(), None);
        self.unindexed.insert(number);
        self.count(article, -1);
    }

    /// Counts an article as one more, or one less.
    pub(crate) fn count(&mut self, article: &Article, change: i64) {
        let add = |counts: &mut BTreeMap<String, u64>, name: &str| {
            let count = counts.entry(name.to_owned()).or_default();
            *count = count.saturating_add_signed(change);
            if *count == 0 {
                counts.remove(name);
            }
        };
        self.summary.counts.articles = self.summary.counts.articles.saturating_add_signed(change);
        add(&mut self.summary.languages, article.language.as_ref().map_or("", |language| language.code()));
        if let Some(outlet) = &article.outlet {
            add(&mut self.summary.outlets, outlet);
        }
    }

    /// Share of the candidate pairs that report one event.
    pub(crate) fn prior(&self) -> f64 {
        self.summary.prior
    }

    /// Counts a story as it is now instead of as it was.
    pub(crate) fn count_story(&mut self, before: Option<&StorySummary>, now: Option<&StorySummary>) {
        let counts = &mut self.summary.counts;
        let single = |story: Option<&StorySummary>| i64::from(story.is_some_and(|story| story.articles.len() == 1));
        counts.stories = counts.stories.saturating_add_signed(i64::from(now.is_some()) - i64::from(before.is_some()));
        counts.single_article_stories =
            counts.single_article_stories.saturating_add_signed(single(now) - single(before));
    }

    /// Remembers an article as the latest of its outlet.
    pub(crate) fn note_outlet(&mut self, outlet: &str, number: u32) -> Result<(), CollectionError> {
        let mut latest = match self.latest_of_outlets.remove(outlet) {
            Some(latest) => latest,
            None => self.snapshot.latest_of_outlet(outlet)?,
        };
        latest.push(number);
        let over = latest.len().saturating_sub(LATEST_OF_OUTLET);
        latest.drain(..over);
        self.latest_of_outlets.insert(outlet.to_owned(), latest);
        Ok(())
    }

    /// Keeps the vectors of an article.
    pub(crate) fn put_vectors(&mut self, number: u32, vectors: VectorBytes) {
        self.vectors.insert(number, Some(vectors));
    }

    /// Forgets the vectors of an article.
    pub(crate) fn drop_vectors(&mut self, number: u32) {
        self.vectors.insert(number, None);
    }

    /// Makes an article be found by its heaviest terms, given heaviest first.
    pub(crate) fn put_postings(&mut self, number: u32, time: Option<i64>, heaviest: &[HeavyTerm]) {
        let block = rows::posting_block(time);
        for (at, term) in heaviest.iter().enumerate() {
            self.postings.entry(rows::posting_key(block, term.term)).or_default().push(number, term);
            if at < rows::FAR_POSTINGS_OF_ARTICLE {
                self.far_postings.entry(term.term).or_default().push(number, term);
            }
        }
    }

    /// Removes the postings of all blocks before one, and those at any time of articles that are gone.
    pub(crate) fn drop_postings_before(&mut self, block: u32) {
        self.blocks_before = Some(block);
    }

    /// Removes changes that are older than this, in seconds since 1970.
    pub(crate) fn forget_changes_before(&mut self, time: i64) {
        self.forget_changes_before = Some(time);
    }

    /// Takes note of terms that the frequencies do not count yet, each as often as articles hold it.
    pub(crate) fn put_uncounted(&mut self, n_articles: u32, terms: Vec<u32>) {
        self.summary.uncounted += n_articles;
        self.uncounted.extend(terms);
    }

    /// Takes all terms that the table does not count yet.
    pub(crate) fn take_uncounted(&mut self) -> Result<Vec<u32>, CollectionError> {
        let mut terms = match self.frequencies {
            Some(_) => Vec::new(),
            None => self.snapshot.uncounted()?,
        };
        terms.append(&mut self.uncounted);
        Ok(terms)
    }

    /// Terms that one article only is known to hold, sorted.
    pub(crate) fn single_terms(&self) -> Result<Vec<u32>, CollectionError> {
        match &self.frequencies {
            Some((_, singles)) => Ok(singles.clone()),
            None => self.snapshot.single_terms(),
        }
    }

    /// Sets the frequencies and the terms that one article only holds; nothing is uncounted then.
    pub(crate) fn set_frequencies(&mut self, frequencies: DocumentFrequencies, singles: Vec<u32>) {
        self.frequencies = Some((frequencies, singles));
        self.summary.uncounted = 0;
    }

    pub(crate) fn set_odds(&mut self, odds: OddsCounts) {
        self.odds = Some(odds);
    }

    /// Tells a change.
    pub(crate) fn change(&mut self, kind: ChangeKind) {
        self.changes.push(Change { number: self.summary.next_change, time: self.now, kind });
        self.summary.next_change += 1;
    }

    /// Takes over changes that were told before.
    pub(crate) fn keep_changes(&mut self, changes: Vec<Change>) {
        self.changes.extend(changes);
    }

    /// Makes all tables, so that a reader finds them.
    pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), CollectionError> {
        for table in [
            rows::ARTICLES,
            rows::PLACES,
            rows::SIGNATURES,
            rows::COMPARED,
            rows::VECTORS,
            rows::CANDIDATES,
            rows::PAIRS,
            rows::STORIES,
        ] {
            transaction.open_table(table)?;
        }
        transaction.open_table(rows::ARTICLE_IDS)?;
        transaction.open_table(rows::ADDRESSES)?;
        transaction.open_table(rows::HEADLINES)?;
        transaction.open_table(rows::POSTINGS)?;
        transaction.open_table(rows::FAR_POSTINGS)?;
        transaction.open_table(rows::STORY_IDS)?;
        transaction.open_table(rows::PINS)?;
        transaction.open_table(rows::CHANGES)?;
        transaction.open_table(rows::UNINDEXED)?;
        transaction.open_table(rows::UNCOUNTED)?;
        transaction.open_table(rows::OUTLETS)?;
        transaction.open_table(rows::META)?;
        Ok(())
    }

    /// Writes what has changed.
    pub(super) fn write(self, transaction: &WriteTransaction) -> Result<(), CollectionError> {
        put(transaction.open_table(rows::ARTICLES)?, self.articles, Ok)?;
        put(transaction.open_table(rows::PLACES)?, self.places, |row| pack(&row))?;
        put(transaction.open_table(rows::SIGNATURES)?, self.signatures, |row| Ok(rows::pack_signature(&row)))?;
        put(transaction.open_table(rows::COMPARED)?, self.compared, |row| Ok(row.to_bytes().to_vec()))?;
        put(transaction.open_table(rows::VECTORS)?, self.vectors, Ok)?;
        put(transaction.open_table(rows::CANDIDATES)?, self.candidates, |row| pack(&row))?;
        put(transaction.open_table(rows::STORIES)?, self.stories, |row| pack(&row))?;
        let pairs = self.pairs.into_iter().map(|(number, pairs)| (number, (!pairs.is_empty()).then_some(pairs)));
        put(transaction.open_table(rows::PAIRS)?, pairs, |row| Ok(rows::pack_pairs(&row)))?;
        put_text(transaction.open_table(rows::ARTICLE_IDS)?, self.article_ids)?;
        put_text(transaction.open_table(rows::ADDRESSES)?, self.addresses)?;
        put_text(transaction.open_table(rows::STORY_IDS)?, self.story_ids)?;
        put_number(transaction.open_table(rows::HEADLINES)?, self.headlines)?;
        put_number(transaction.open_table(rows::PINS)?, self.pins)?;
        let mut postings = transaction.open_table(rows::POSTINGS)?;
        let mut far_postings = transaction.open_table(rows::FAR_POSTINGS)?;
        if let Some(block) = self.blocks_before {
            // Block 0 holds the articles without a time.
            let (first, end) = (rows::posting_key(1, 0), rows::posting_key(block, 0));
            if first < end {
                postings.retain_in(first..end, |_, _| false)?;
            }
            drop_far_postings(&mut far_postings, &transaction.open_table(rows::COMPARED)?)?;
        }
        put_postings(postings, self.postings)?;
        put_postings(far_postings, self.far_postings)?;
        let mut changes = transaction.open_table(rows::CHANGES)?;
        if let Some(before) = self.forget_changes_before {
            changes.retain(|_, row| rows::unpack::<Change>(row).is_ok_and(|change| change.time >= before))?;
        }
        for change in self.changes {
            changes.insert(change.number, pack(&change)?.as_slice())?;
        }
        // The index had everything of the transactions before when this one began.
        let mut unindexed = transaction.open_table(rows::UNINDEXED)?;
        unindexed.retain(|_, _| false)?;
        for number in self.unindexed {
            unindexed.insert(number, self.summary.transaction)?;
        }
        let mut uncounted = transaction.open_table(rows::UNCOUNTED)?;
        let mut meta = transaction.open_table(rows::META)?;
        if let Some((frequencies, singles)) = self.frequencies {
            uncounted.retain(|_, _| false)?;
            meta.insert(rows::FREQUENCIES, frequencies.to_bytes().as_slice())?;
            meta.insert(rows::SINGLES, rows::pack_numbers(singles).as_slice())?;
        }
        if !self.uncounted.is_empty() {
            uncounted.insert(self.summary.transaction, rows::pack_numbers(self.uncounted).as_slice())?;
        }
        let mut outlets = transaction.open_table(rows::OUTLETS)?;
        for (outlet, latest) in self.latest_of_outlets {
            outlets.insert(outlet.as_str(), rows::pack_numbers(latest).as_slice())?;
        }
        if let Some(odds) = self.odds {
            meta.insert(rows::ODDS, pack(&odds)?.as_slice())?;
        }
        meta.insert(rows::SUMMARY, pack(&self.summary)?.as_slice())?;
        Ok(())
    }
}

fn put<T, B: AsRef<[u8]>>(
    mut table: Table<'_, u32, &[u8]>,
    rows: impl IntoIterator<Item = (u32, Option<T>)>,
    packed: impl Fn(T) -> Result<B, CollectionError>,
) -> Result<(), CollectionError> {
    for (key, row) in rows {
        match row {
            Some(row) => drop(table.insert(key, packed(row)?.as_ref())?),
            None => drop(table.remove(key)?),
        }
    }
    Ok(())
}

fn put_postings<K>(mut table: Table<'_, K, &[u8]>, rows: BTreeMap<K, Postings>) -> Result<(), CollectionError>
where
    K: redb::Key + Copy + 'static + for<'k> std::borrow::Borrow<K::SelfType<'k>>,
{
    for (key, postings) in rows {
        let row = match table.get(key)? {
            Some(row) => postings.behind(row.value()),
            None => postings.behind(&[]),
        };
        table.insert(key, row.as_slice())?;
    }
    Ok(())
}

/// Removes the postings at any time of articles that are not compared any more.
fn drop_far_postings(
    postings: &mut Table<'_, u32, &[u8]>,
    compared: &Table<'_, u32, &[u8]>,
) -> Result<(), CollectionError> {
    let mut changed = Vec::new();
    for row in postings.iter()? {
        let (term, row) = row?;
        if let Some(kept) = rows::postings_without(row.value(), |number| compared.get(number).map(|row| row.is_none()))?
        {
            changed.push((term.value(), kept));
        }
    }
    for (term, kept) in changed {
        match kept.is_empty() {
            true => drop(postings.remove(term)?),
            false => drop(postings.insert(term, kept.as_slice())?),
        }
    }
    Ok(())
}

fn put_text(mut table: Table<'_, &str, u32>, rows: Rows<String, u32>) -> Result<(), CollectionError> {
    for (key, row) in rows {
        match row {
            Some(row) => drop(table.insert(key.as_str(), row)?),
            None => drop(table.remove(key.as_str())?),
        }
    }
    Ok(())
}

fn put_number<K>(mut table: Table<'_, K, u32>, rows: Rows<K, u32>) -> Result<(), CollectionError>
where
    K: redb::Key + 'static + for<'k> std::borrow::Borrow<K::SelfType<'k>>,
{
    for (key, row) in rows {
        match row {
            Some(row) => drop(table.insert(key, row)?),
            None => drop(table.remove(key)?),
        }
    }
    Ok(())
}
