//! Lists of stories: every story of a collection in memory, brought up to date by the changes.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_cluster::StoryId;
use samestory_index::SearchFilter;
use serde::{Serialize, Serializer};

use crate::changes::{Change, ChangeKind};
use crate::collection::Collection;
use crate::error::CollectionError;
use crate::store::StorySummary;
use crate::time::instant;

/// A story in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoryRow {
    /// Its name.
    pub id: StoryId,
    /// Headline of the article that stands for it.
    pub headline: String,
    /// Articles in it, copies and older versions included.
    pub articles: usize,
    /// How many of these are copies.
    pub copies: u32,
    /// How many are older versions.
    pub older_versions: u32,
    /// Names of its outlets, sorted.
    pub outlets: Vec<String>,
    /// Languages of its articles, sorted.
    pub languages: Vec<String>,
    /// Seconds since 1970, UTC, of its first dated article; written as RFC 3339.
    #[serde(serialize_with = "as_instant")]
    pub first: Option<i64>,
    /// Seconds since 1970, UTC, of its last dated article; written as RFC 3339.
    #[serde(serialize_with = "as_instant")]
    pub last: Option<i64>,
}

fn as_instant<S: Serializer>(seconds: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    seconds.map(instant).serialize(serializer)
}

impl From<StorySummary> for StoryRow {
    fn from(story: StorySummary) -> Self {
        StoryRow {
            articles: story.articles.len(),
            id: story.id,
            headline: story.headline,
            copies: story.copies,
            older_versions: story.older_versions,
            outlets: story.outlets,
            languages: story.languages,
            first: story.first,
            last: story.last,
        }
    }
}

impl StoryRow {
    /// It touches the days and has the language, and the outlet, which is given in lower case.
    fn passes(&self, filter: &SearchFilter, outlet: Option<&str>) -> bool {
        let has = |wanted: &str| self.outlets.iter().any(|outlet| outlet.to_lowercase() == wanted);
        outlet.is_none_or(has)
            && filter.language.is_none_or(|wanted| self.languages.iter().any(|code| code == wanted.code()))
            && filter.from.is_none_or(|from| self.last.is_some_and(|last| last >= from))
            && filter.before.is_none_or(|before| self.first.is_some_and(|first| first < before))
    }
}

/// What a list of stories is sorted by. Ids decide between equals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoryOrder {
    /// Most articles first.
    #[default]
    Articles,
    /// Most outlets first.
    Outlets,
    /// Newest first, by the last article; undated ones last.
    Newest,
    /// Oldest first, by the first article; undated ones last.
    Oldest,
}

impl StoryOrder {
    /// Every order.
    pub const EVERY: [StoryOrder; 4] =
        [StoryOrder::Articles, StoryOrder::Outlets, StoryOrder::Newest, StoryOrder::Oldest];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            StoryOrder::Articles => "articles",
            StoryOrder::Outlets => "outlets",
            StoryOrder::Newest => "newest",
            StoryOrder::Oldest => "oldest",
        }
    }

    /// The order of a name.
    pub fn named(name: &str) -> Option<StoryOrder> {
        Self::EVERY.into_iter().find(|order| order.name() == name)
    }

    /// Compares two rows, total.
    pub fn compare(self, a: &StoryRow, b: &StoryRow) -> Ordering {
        let rank = match self {
            StoryOrder::Articles => b.articles.cmp(&a.articles),
            StoryOrder::Outlets => b.outlets.len().cmp(&a.outlets.len()),
            StoryOrder::Newest => (a.last.is_none(), Reverse(a.last)).cmp(&(b.last.is_none(), Reverse(b.last))),
            StoryOrder::Oldest => (a.first.is_none(), a.first).cmp(&(b.first.is_none(), b.first)),
        };
        rank.then_with(|| a.id.cmp(&b.id))
    }
}

/// Which stories of a list are wanted.
#[derive(Debug, Clone, Default)]
pub struct StorySelection {
    /// Stories that touch the days and have the outlet and the language.
    pub filter: SearchFilter,
    /// With at least so many articles.
    pub min_articles: usize,
    /// With at least so many outlets.
    pub min_outlets: usize,
    /// In this order.
    pub order: StoryOrder,
    /// Without so many of the first.
    pub offset: usize,
    /// No more than so many.
    pub limit: usize,
}

/// Stories that were selected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SelectedStories {
    /// How many there are without offset and limit.
    pub found: usize,
    /// The stories.
    pub stories: Vec<Arc<StoryRow>>,
}

/// Every story of one state of a collection.
#[derive(Debug, Clone)]
pub struct StoryList {
    generation: u64,
    next_change: u64,
    rows: FxHashMap<u32, Arc<StoryRow>>,
}

impl StoryList {
    pub(crate) fn of(collection: &Collection) -> Result<StoryList, CollectionError> {
        let row = |(number, story): (u32, StorySummary)| (number, Arc::new(StoryRow::from(story)));
        Ok(StoryList {
            generation: collection.manifest().generation,
            next_change: collection.next_change(),
            rows: collection.stories()?.into_iter().map(row).collect(),
        })
    }

    /// The list of a later state: what the changes since then touch is read anew. All is, where stories were decided
    /// together or the changes are forgotten.
    pub(crate) fn brought_to(&self, collection: &Collection) -> Result<StoryList, CollectionError> {
        let changes = collection.changes(self.next_change)?;
        let told = changes.first().map_or(collection.next_change(), |first| first.number);
        if collection.manifest().generation != self.generation || told != self.next_change {
            return StoryList::of(collection);
        }
        let mut rows = self.rows.clone();
        for number in self.touched(collection, &changes)? {
            match collection.read(|store| store.find_story(number))? {
                Some(story) => drop(rows.insert(number, Arc::new(StoryRow::from(story)))),
                None => drop(rows.remove(&number)),
            }
        }
        Ok(StoryList { generation: self.generation, next_change: collection.next_change(), rows })
    }

    /// Numbers of the stories that changes are about.
    fn touched(&self, collection: &Collection, changes: &[Change]) -> Result<FxHashSet<u32>, CollectionError> {
        let mut named: FxHashSet<&StoryId> = FxHashSet::default();
        let mut touched = FxHashSet::default();
        for change in changes {
            match &change.kind {
                ChangeKind::Founded { story, .. }
                | ChangeKind::Joined { story, .. }
                | ChangeKind::Removed { story, .. }
                | ChangeKind::Ended { story } => named.extend([story]),
                ChangeKind::Moved { from, to, .. } => named.extend([from, to]),
                ChangeKind::Merged { from, into } | ChangeKind::Split { from, into, .. } => named.extend([from, into]),
                ChangeKind::Corrected { article, .. } => touched.extend(collection.read(|store| {
                    let number = store.article_number(article)?;
                    let place = number.map(|number| store.find_place(number)).transpose()?.flatten();
                    Ok(place.map(|place| place.story))
                })?),
            }
        }
        for id in &named {
            touched.extend(collection.read(|store| store.story_number(id.as_str()))?);
        }
        // A story that has ended, or became part of another, has no number any more, or that of the other.
        touched.extend(self.rows.iter().filter(|(_, row)| named.contains(&row.id)).map(|(number, _)| *number));
        Ok(touched)
    }

    /// The story of a number.
    pub fn row(&self, number: u32) -> Option<&Arc<StoryRow>> {
        self.rows.get(&number)
    }

    /// Every story, in no order.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<StoryRow>> {
        self.rows.values()
    }

    /// The stories of a selection, in its order.
    pub fn select(&self, selection: &StorySelection) -> SelectedStories {
        let StorySelection { filter, min_articles, min_outlets, order, offset, limit } = selection;
        let outlet = filter.outlet.as_ref().map(|outlet| outlet.to_lowercase());
        let wanted = |row: &&Arc<StoryRow>| {
            row.articles >= *min_articles && row.outlets.len() >= *min_outlets && row.passes(filter, outlet.as_deref())
        };
        let mut wanted: Vec<&Arc<StoryRow>> = self.rows.values().filter(wanted).collect();
        let found = wanted.len();
        if *limit == 0 || *offset >= found {
            return SelectedStories { found, stories: Vec::new() };
        }
        let compare = |a: &&Arc<StoryRow>, b: &&Arc<StoryRow>| order.compare(a, b);
        let end = offset.saturating_add(*limit);
        if end < found {
            wanted.select_nth_unstable_by(end, compare);
            wanted.truncate(end);
        }
        wanted.sort_unstable_by(compare);
        SelectedStories { found, stories: wanted.into_iter().skip(*offset).cloned().collect() }
    }
}
