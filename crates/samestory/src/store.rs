//! The tables of a collection, in redb: the truth that the index is derived from.

use std::path::Path;

use rayon::prelude::*;
use redb::{Database, ReadOnlyDatabase, ReadableDatabase, ReadableTable, TableDefinition};
use samestory_article::Article;
use samestory_cluster::{DocumentFrequencies, StoryId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CollectionError;
use crate::pipeline::{Clustering, Place, Story, StoryLink};

/// Article number -> zstd of postcard of [`Article`].
const ARTICLES: TableDefinition<u32, &[u8]> = TableDefinition::new("articles");
/// Article id -> article number.
const ARTICLE_IDS: TableDefinition<&str, u32> = TableDefinition::new("article-ids");
/// Canonical address -> number of its newest version.
const ADDRESSES: TableDefinition<&str, u32> = TableDefinition::new("addresses");
/// Article number -> postcard of [`Place`].
const PLACES: TableDefinition<u32, &[u8]> = TableDefinition::new("places");
/// Article number -> its signature, 32-bit values in little-endian order.
const SIGNATURES: TableDefinition<u32, &[u8]> = TableDefinition::new("signatures");
/// Article number -> postcard of its candidates with their closeness and the share of other outlets.
const CANDIDATES: TableDefinition<u32, &[u8]> = TableDefinition::new("candidates");
/// Story number -> postcard of [`StorySummary`].
const STORIES: TableDefinition<u32, &[u8]> = TableDefinition::new("stories");
/// Story id -> story number.
const STORY_IDS: TableDefinition<&str, u32> = TableDefinition::new("story-ids");
/// Name -> postcard of what there is one of.
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

const FREQUENCIES: &str = "document-frequencies";
const PRIOR: &str = "prior";
const ZSTD_LEVEL: i32 = 3;
/// Articles packed together before they are written.
const BATCH: usize = 2048;

/// What a list of stories shows of one.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
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
}

impl StorySummary {
    fn of(story: &Story, clustering: &Clustering) -> StorySummary {
        let members =
            || story.articles.iter().map(|&at| (&clustering.articles[at as usize], &clustering.places[at as usize]));
        let times = || members().filter_map(|(article, _)| article.time.map(|time| time.seconds));
        let distinct = |names: Vec<String>| {
            let mut names = names;
            names.sort();
            names.dedup();
            names
        };
        StorySummary {
            id: story.id.clone(),
            headline: headline(members().map(|(article, _)| article)),
            articles: story.articles.clone(),
            outlets: distinct(members().filter_map(|(article, _)| article.outlet.clone()).collect()),
            copies: members().filter(|(_, place)| place.copy_of.is_some()).count() as u32,
            older_versions: members().filter(|(_, place)| place.version_of.is_some()).count() as u32,
            first: times().min(),
            last: times().max(),
            languages: distinct(members().filter_map(|(article, _)| article.language.map(|l| l.to_string())).collect()),
            links: story.links.clone(),
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

/// Writes a clustering into a new store, in one durable transaction.
pub(crate) fn write(path: &Path, clustering: &Clustering) -> Result<(), CollectionError> {
    let database = Database::create(path)?;
    let transaction = database.begin_write()?;
    {
        let mut articles = transaction.open_table(ARTICLES)?;
        for (batch, start) in clustering.articles.chunks(BATCH).zip((0u32..).step_by(BATCH)) {
            let packed: Vec<Vec<u8>> = batch.par_iter().map(pack_article).collect::<Result<_, _>>()?;
            for (bytes, number) in packed.iter().zip(start..) {
                articles.insert(number, bytes.as_slice())?;
            }
        }
        let mut ids = transaction.open_table(ARTICLE_IDS)?;
        let mut addresses = transaction.open_table(ADDRESSES)?;
        let mut places = transaction.open_table(PLACES)?;
        let mut signatures = transaction.open_table(SIGNATURES)?;
        let mut candidates = transaction.open_table(CANDIDATES)?;
        for (number, article) in (0u32..).zip(&clustering.articles) {
            let place = clustering.places[number as usize];
            ids.insert(article.id.as_str(), number)?;
            places.insert(number, pack(&place)?.as_slice())?;
            if let (Some(url), None) = (&article.canonical_url, place.version_of) {
                addresses.insert(url.as_str(), number)?;
            }
            if let Some(neighbourhood) = &clustering.neighbourhoods[number as usize] {
                let row = pack(&(neighbourhood.candidates(), neighbourhood.others()))?;
                candidates.insert(number, row.as_slice())?;
            }
            if let Some(signature) = &clustering.signatures[number as usize] {
                let bytes: Vec<u8> = signature.as_slice().iter().flat_map(|value| value.to_le_bytes()).collect();
                signatures.insert(number, bytes.as_slice())?;
            }
        }
        let mut stories = transaction.open_table(STORIES)?;
        let mut story_ids = transaction.open_table(STORY_IDS)?;
        for (number, story) in (0u32..).zip(&clustering.stories) {
            stories.insert(number, pack(&StorySummary::of(story, clustering))?.as_slice())?;
            story_ids.insert(story.id.as_str(), number)?;
        }
        let mut meta = transaction.open_table(META)?;
        meta.insert(FREQUENCIES, clustering.frequencies.to_bytes().as_slice())?;
        meta.insert(PRIOR, pack(&clustering.prior)?.as_slice())?;
    }
    transaction.commit()?;
    Ok(())
}

/// Reads a store that another process may be reading too.
pub(crate) struct Store {
    database: ReadOnlyDatabase,
}

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Store, CollectionError> {
        Ok(Store { database: ReadOnlyDatabase::open(path)? })
    }

    pub(crate) fn article(&self, number: u32) -> Result<Article, CollectionError> {
        let table = self.database.begin_read()?.open_table(ARTICLES)?;
        let bytes = table.get(number)?.ok_or(CollectionError::Missing { what: "article", number })?;
        unpack_article(bytes.value())
    }

    /// Every article with its number, in order of number.
    pub(crate) fn each_article(
        &self,
        visit: &mut dyn FnMut(u32, Article, Place) -> Result<(), CollectionError>,
    ) -> Result<(), CollectionError> {
        let read = self.database.begin_read()?;
        let places = read.open_table(PLACES)?;
        for row in read.open_table(ARTICLES)?.iter()? {
            let (number, bytes) = row?;
            let number = number.value();
            let place = places.get(number)?.ok_or(CollectionError::Missing { what: "place", number })?;
            visit(number, unpack_article(bytes.value())?, unpack(place.value())?)?;
        }
        Ok(())
    }

    pub(crate) fn place(&self, number: u32) -> Result<Place, CollectionError> {
        let table = self.database.begin_read()?.open_table(PLACES)?;
        let bytes = table.get(number)?.ok_or(CollectionError::Missing { what: "place", number })?;
        unpack(bytes.value())
    }

    pub(crate) fn story(&self, number: u32) -> Result<StorySummary, CollectionError> {
        let table = self.database.begin_read()?.open_table(STORIES)?;
        let bytes = table.get(number)?.ok_or(CollectionError::Missing { what: "story", number })?;
        unpack(bytes.value())
    }

    pub(crate) fn stories(&self) -> Result<Vec<StorySummary>, CollectionError> {
        let table = self.database.begin_read()?.open_table(STORIES)?;
        table.iter()?.map(|row| unpack(row?.1.value())).collect()
    }

    pub(crate) fn story_number(&self, id: &str) -> Result<Option<u32>, CollectionError> {
        Ok(self.database.begin_read()?.open_table(STORY_IDS)?.get(id)?.map(|number| number.value()))
    }

    pub(crate) fn article_number(&self, id: &str) -> Result<Option<u32>, CollectionError> {
        Ok(self.database.begin_read()?.open_table(ARTICLE_IDS)?.get(id)?.map(|number| number.value()))
    }

    pub(crate) fn number_at_address(&self, canonical: &str) -> Result<Option<u32>, CollectionError> {
        Ok(self.database.begin_read()?.open_table(ADDRESSES)?.get(canonical)?.map(|number| number.value()))
    }

    /// Candidates of an article with their closeness, and the share of them from other outlets.
    pub(crate) fn candidates(&self, number: u32) -> Result<(Vec<(u32, f32)>, f32), CollectionError> {
        let table = self.database.begin_read()?.open_table(CANDIDATES)?;
        let bytes = table.get(number)?.ok_or(CollectionError::Missing { what: "candidates of article", number })?;
        unpack(bytes.value())
    }

    pub(crate) fn frequencies(&self) -> Result<DocumentFrequencies, CollectionError> {
        let table = self.database.begin_read()?.open_table(META)?;
        let bytes = table.get(FREQUENCIES)?.ok_or(CollectionError::Missing { what: FREQUENCIES, number: 0 })?;
        DocumentFrequencies::from_bytes(bytes.value()).ok_or(CollectionError::Missing { what: FREQUENCIES, number: 0 })
    }

    /// Share of the candidate pairs that report one event.
    pub(crate) fn prior(&self) -> Result<f64, CollectionError> {
        self.meta(PRIOR)
    }

    fn meta<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, CollectionError> {
        let table = self.database.begin_read()?.open_table(META)?;
        let bytes = table.get(name)?.ok_or(CollectionError::Missing { what: name, number: 0 })?;
        unpack(bytes.value())
    }
}

fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, CollectionError> {
    Ok(postcard::to_stdvec(value)?)
}

fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CollectionError> {
    Ok(postcard::from_bytes(bytes)?)
}

fn pack_article(article: &Article) -> Result<Vec<u8>, CollectionError> {
    Ok(zstd::bulk::compress(&pack(article)?, ZSTD_LEVEL)?)
}

fn unpack_article(bytes: &[u8]) -> Result<Article, CollectionError> {
    unpack(&zstd::decode_all(bytes)?)
}
