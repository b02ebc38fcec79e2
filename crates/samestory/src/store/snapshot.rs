//! One committed state of the store, for reading.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};
use samestory_article::Article;
use samestory_cluster::prior::OddsCounts;
use samestory_cluster::{ArticleVectors, DocumentFrequencies};
use samestory_minhash::Signature;

use super::rows::{self, CandidateRow, Compared, StorySummary, Summary, unpack, unpack_article};
use crate::changes::Change;
use crate::error::CollectionError;
use crate::pipeline::Place;

type Table<V> = ReadOnlyTable<u32, V>;

/// One committed state. What other processes commit meanwhile is not seen.
pub(crate) struct Snapshot {
    articles: Table<&'static [u8]>,
    article_ids: ReadOnlyTable<&'static str, u32>,
    addresses: ReadOnlyTable<&'static str, u32>,
    headlines: ReadOnlyTable<u64, u32>,
    places: Table<&'static [u8]>,
    signatures: Table<&'static [u8]>,
    compared: Table<&'static [u8]>,
    vectors: Table<&'static [u8]>,
    candidates: Table<&'static [u8]>,
    pairs: Table<&'static [u8]>,
    postings: ReadOnlyTable<u64, &'static [u8]>,
    far_postings: ReadOnlyTable<u32, &'static [u8]>,
    stories: Table<&'static [u8]>,
    story_ids: ReadOnlyTable<&'static str, u32>,
    pins: Table<u32>,
    changes: ReadOnlyTable<u64, &'static [u8]>,
    unindexed: Table<u64>,
    uncounted: ReadOnlyTable<u64, &'static [u8]>,
    outlets: ReadOnlyTable<&'static str, &'static [u8]>,
    meta: ReadOnlyTable<&'static str, &'static [u8]>,
}

fn missing(what: &'static str, number: u32) -> CollectionError {
    CollectionError::Missing { what, number }
}

impl Snapshot {
    pub(super) fn of(read: &ReadTransaction) -> Result<Snapshot, CollectionError> {
        Ok(Snapshot {
            articles: read.open_table(rows::ARTICLES)?,
            article_ids: read.open_table(rows::ARTICLE_IDS)?,
            addresses: read.open_table(rows::ADDRESSES)?,
            headlines: read.open_table(rows::HEADLINES)?,
            places: read.open_table(rows::PLACES)?,
            signatures: read.open_table(rows::SIGNATURES)?,
            compared: read.open_table(rows::COMPARED)?,
            vectors: read.open_table(rows::VECTORS)?,
            candidates: read.open_table(rows::CANDIDATES)?,
            pairs: read.open_table(rows::PAIRS)?,
            postings: read.open_table(rows::POSTINGS)?,
            far_postings: read.open_table(rows::FAR_POSTINGS)?,
            stories: read.open_table(rows::STORIES)?,
            story_ids: read.open_table(rows::STORY_IDS)?,
            pins: read.open_table(rows::PINS)?,
            changes: read.open_table(rows::CHANGES)?,
            unindexed: read.open_table(rows::UNINDEXED)?,
            uncounted: read.open_table(rows::UNCOUNTED)?,
            outlets: read.open_table(rows::OUTLETS)?,
            meta: read.open_table(rows::META)?,
        })
    }

    /// An article, if it is there.
    pub(crate) fn find_article(&self, number: u32) -> Result<Option<Article>, CollectionError> {
        self.articles.get(number)?.map(|bytes| Ok(unpack_article(bytes.value())?.0)).transpose()
    }

    pub(crate) fn article(&self, number: u32) -> Result<Article, CollectionError> {
        self.find_article(number)?.ok_or(missing("article", number))
    }

    /// When an article was stored, in seconds since 1970.
    pub(crate) fn stored(&self, number: u32) -> Result<i64, CollectionError> {
        let bytes = self.articles.get(number)?.ok_or(missing("article", number))?;
        let stored = bytes.value().first_chunk::<8>().ok_or(missing("time of article", number))?;
        Ok(i64::from_le_bytes(*stored))
    }

    /// Numbers of all articles, rising.
    pub(crate) fn article_numbers(&self) -> Result<Vec<u32>, CollectionError> {
        self.articles.iter()?.map(|row| Ok(row?.0.value())).collect()
    }

    pub(crate) fn find_place(&self, number: u32) -> Result<Option<Place>, CollectionError> {
        self.places.get(number)?.map(|bytes| unpack(bytes.value())).transpose()
    }

    pub(crate) fn place(&self, number: u32) -> Result<Place, CollectionError> {
        self.find_place(number)?.ok_or(missing("place of article", number))
    }

    pub(crate) fn find_story(&self, number: u32) -> Result<Option<StorySummary>, CollectionError> {
        self.stories.get(number)?.map(|bytes| unpack(bytes.value())).transpose()
    }

    pub(crate) fn story(&self, number: u32) -> Result<StorySummary, CollectionError> {
        self.find_story(number)?.ok_or(missing("story", number))
    }

    /// Every story with its number, in order of number.
    pub(crate) fn stories(&self) -> Result<Vec<(u32, StorySummary)>, CollectionError> {
        let of = |row: Result<(redb::AccessGuard<'_, u32>, redb::AccessGuard<'_, &[u8]>), redb::StorageError>| {
            let (number, bytes) = row?;
            Ok((number.value(), unpack(bytes.value())?))
        };
        self.stories.iter()?.map(of).collect()
    }

    /// The story that has, or had, an id.
    pub(crate) fn story_number(&self, id: &str) -> Result<Option<u32>, CollectionError> {
        Ok(self.story_ids.get(id)?.map(|number| number.value()))
    }

    pub(crate) fn article_number(&self, id: &str) -> Result<Option<u32>, CollectionError> {
        Ok(self.article_ids.get(id)?.map(|number| number.value()))
    }

    pub(crate) fn number_at_address(&self, canonical: &str) -> Result<Option<u32>, CollectionError> {
        Ok(self.addresses.get(canonical)?.map(|number| number.value()))
    }

    /// The article without a body that has this outlet and headline.
    pub(crate) fn number_of_headline(&self, hash: u64) -> Result<Option<u32>, CollectionError> {
        Ok(self.headlines.get(hash)?.map(|number| number.value()))
    }

    pub(crate) fn signature(&self, number: u32) -> Result<Option<Signature>, CollectionError> {
        let bytes = self.signatures.get(number)?;
        Ok(bytes.map(|bytes| Signature::from_values(rows::unpack_numbers(bytes.value()))))
    }

    pub(crate) fn compared(&self, number: u32) -> Result<Option<Compared>, CollectionError> {
        let Some(bytes) = self.compared.get(number)? else { return Ok(None) };
        Ok(Some(Compared::from_bytes(bytes.value()).ok_or(missing("time of article", number))?))
    }

    /// The vectors of an article, as bytes that are such.
    pub(crate) fn vectors(&self, number: u32) -> Result<Option<Vec<u8>>, CollectionError> {
        let Some(bytes) = self.vectors.get(number)? else { return Ok(None) };
        Ok(ArticleVectors::from_bytes(bytes.value()).map(|_| bytes.value().to_vec()))
    }

    pub(crate) fn candidates(&self, number: u32) -> Result<Option<CandidateRow>, CollectionError> {
        self.candidates.get(number)?.map(|bytes| unpack(bytes.value())).transpose()
    }

    /// Others that an article was judged with, and the log odds that both report one event.
    pub(crate) fn pairs(&self, number: u32) -> Result<Vec<(u32, f32)>, CollectionError> {
        let Some(bytes) = self.pairs.get(number)? else { return Ok(Vec::new()) };
        let numbers = rows::unpack_numbers(bytes.value());
        Ok(numbers.as_chunks::<2>().0.iter().map(|[other, odds]| (*other, f32::from_bits(*odds))).collect())
    }

    /// Visits the latest articles that have a heavy term in a block of time, with its weights.
    pub(crate) fn postings(
        &self,
        block: u32,
        term: u32,
        visit: &mut dyn FnMut(u32, [f32; 2]),
    ) -> Result<(), CollectionError> {
        if let Some(row) = self.postings.get(rows::posting_key(block, term))? {
            rows::postings_of(row.value()).for_each(|(number, weights)| visit(number, weights));
        }
        Ok(())
    }

    /// Visits the latest articles that have a term among their heaviest, at any time.
    pub(crate) fn far_postings(&self, term: u32, visit: &mut dyn FnMut(u32, [f32; 2])) -> Result<(), CollectionError> {
        if let Some(row) = self.far_postings.get(term)? {
            rows::postings_of(row.value()).for_each(|(number, weights)| visit(number, weights));
        }
        Ok(())
    }

    pub(crate) fn pin(&self, number: u32) -> Result<Option<u32>, CollectionError> {
        Ok(self.pins.get(number)?.map(|story| story.value()))
    }

    /// Every pinned article with the number of its story.
    pub(crate) fn pins(&self) -> Result<Vec<(u32, u32)>, CollectionError> {
        let of = |row: Result<(redb::AccessGuard<'_, u32>, redb::AccessGuard<'_, u32>), redb::StorageError>| {
            let (article, story) = row?;
            Ok((article.value(), story.value()))
        };
        self.pins.iter()?.map(of).collect()
    }

    /// Changes from a number on, in order.
    pub(crate) fn changes_from(&self, number: u64) -> Result<Vec<Change>, CollectionError> {
        self.changes.range(number..)?.map(|row| unpack(row?.1.value())).collect()
    }

    /// As [`changes_from`](Self::changes_from), but no more than so many.
    pub(crate) fn some_changes_from(&self, number: u64, most: usize) -> Result<Vec<Change>, CollectionError> {
        self.changes.range(number..)?.take(most).map(|row| unpack(row?.1.value())).collect()
    }

    /// Articles whose documents the index of an earlier transaction does not have.
    pub(crate) fn unindexed_since(&self, transaction: u64) -> Result<Vec<u32>, CollectionError> {
        let mut found = Vec::new();
        for row in self.unindexed.iter()? {
            let (number, changed) = row?;
            if changed.value() > transaction {
                found.push(number.value());
            }
        }
        Ok(found)
    }

    /// Terms that the table of frequencies does not count yet, each as often as articles hold it.
    pub(crate) fn uncounted(&self) -> Result<Vec<u32>, CollectionError> {
        let mut terms = Vec::new();
        for row in self.uncounted.iter()? {
            terms.extend(rows::unpack_numbers(row?.1.value()));
        }
        Ok(terms)
    }

    /// The latest articles of an outlet, oldest first.
    pub(crate) fn latest_of_outlet(&self, outlet: &str) -> Result<Vec<u32>, CollectionError> {
        Ok(self.outlets.get(outlet)?.map(|bytes| rows::unpack_numbers(bytes.value())).unwrap_or_default())
    }

    pub(crate) fn summary(&self) -> Result<Summary, CollectionError> {
        self.meta.get(rows::SUMMARY)?.map_or_else(|| Ok(Summary::default()), |bytes| unpack(bytes.value()))
    }

    /// How many judged pairs have which log odds.
    pub(crate) fn odds(&self) -> Result<OddsCounts, CollectionError> {
        self.meta.get(rows::ODDS)?.map_or_else(|| Ok(OddsCounts::default()), |bytes| unpack(bytes.value()))
    }

    /// How many articles hold each term.
    pub(crate) fn frequencies(&self) -> Result<DocumentFrequencies, CollectionError> {
        let mut frequencies = match self.meta.get(rows::FREQUENCIES)? {
            Some(bytes) => {
                DocumentFrequencies::from_bytes(bytes.value()).ok_or(missing("table of document frequencies", 0))?
            }
            None => DocumentFrequencies::default(),
        };
        frequencies.count_beside(self.summary()?.uncounted, &self.uncounted()?);
        Ok(frequencies)
    }

    /// Terms that one article only is known to hold, sorted.
    pub(crate) fn single_terms(&self) -> Result<Vec<u32>, CollectionError> {
        Ok(self.meta.get(rows::SINGLES)?.map(|bytes| rows::unpack_numbers(bytes.value())).unwrap_or_default())
    }
}
