//! What a collection was before all of its stories are decided again, so that names outlive that.

use rustc_hash::FxHashMap;
use samestory_article::Article;
use samestory_cluster::StoryId;

use crate::changes::{Change, ChangeKind};
use crate::error::CollectionError;
use crate::pipeline::Known;
use crate::store::Snapshot;

/// A story as it was.
#[derive(Debug, Clone)]
pub(crate) struct FormerStory {
    pub(crate) number: u32,
    pub(crate) id: StoryId,
    /// Names that lead to it.
    pub(crate) former: Vec<StoryId>,
    /// Ids of its articles, first article first.
    pub(crate) articles: Vec<String>,
}

/// What is kept of a collection when it is made anew. Articles are named by their ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct Former {
    pub(crate) stories: Vec<FormerStory>,
    /// Number of the story that a person has put an article into.
    pub(crate) pins: FxHashMap<String, u32>,
    /// Newest versions of older ones.
    pub(crate) version_of: FxHashMap<String, String>,
    /// When articles were stored, in seconds since 1970.
    pub(crate) stored: FxHashMap<String, i64>,
    pub(crate) changes: Vec<Change>,
    pub(crate) next_story: u32,
    pub(crate) next_change: u64,
    pub(crate) transaction: u64,
}

impl Former {
    /// What a store holds beside its articles; these are told one by one.
    pub(crate) fn read(snapshot: &Snapshot, mut tell: impl FnMut(Article)) -> Result<Former, CollectionError> {
        let summary = snapshot.summary()?;
        let mut former = Former {
            changes: snapshot.changes_from(0)?,
            next_story: summary.next_story,
            next_change: summary.next_change,
            transaction: summary.transaction,
            ..Former::default()
        };
        let mut ids: FxHashMap<u32, String> = FxHashMap::default();
        let numbers = snapshot.article_numbers()?;
        for number in &numbers {
            let article = snapshot.article(*number)?;
            ids.insert(*number, article.id.to_string());
            former.stored.insert(article.id.to_string(), snapshot.stored(*number)?);
            tell(article);
        }
        let id = |number: u32| ids.get(&number).cloned().ok_or(CollectionError::Missing { what: "article", number });
        for number in numbers {
            if let Some(newest) = snapshot.place(number)?.version_of {
                former.version_of.insert(id(number)?, id(newest)?);
            }
        }
        for (number, story) in snapshot.stories()? {
            let articles: Result<Vec<String>, CollectionError> = story.articles.iter().map(|at| id(*at)).collect();
            former.stories.push(FormerStory { number, id: story.id, former: story.former, articles: articles? });
        }
        for (article, story) in snapshot.pins()? {
            former.pins.insert(id(article)?, story);
        }
        Ok(former)
    }

    /// What is known of some articles.
    pub(crate) fn known(&self, articles: &[Article]) -> Known {
        if self.pins.is_empty() && self.version_of.is_empty() {
            return Known::default();
        }
        let position: FxHashMap<&str, u32> =
            articles.iter().zip(0..).map(|(article, at)| (article.id.as_str(), at)).collect();
        let newest = |article: &Article| {
            let newest = self.version_of.get(article.id.as_str())?;
            position.get(newest.as_str()).copied()
        };
        Known {
            version_of: articles.iter().map(newest).collect(),
            pins: articles.iter().map(|article| self.pins.get(article.id.as_str()).copied()).collect(),
        }
    }
}

impl Former {
    /// Gives an article another id.
    pub(crate) fn rename(&mut self, id: &str, new: &str) {
        for article in self.stories.iter_mut().flat_map(|story| &mut story.articles).filter(|article| *article == id) {
            *article = new.to_owned();
        }
        if let Some(pin) = self.pins.remove(id) {
            self.pins.insert(new.to_owned(), pin);
        }
        if let Some(stored) = self.stored.remove(id) {
            self.stored.insert(new.to_owned(), stored);
        }
        if let Some(newest) = self.version_of.remove(id) {
            self.version_of.insert(new.to_owned(), newest);
        }
        self.version_of.values_mut().filter(|newest| *newest == id).for_each(|newest| *newest = new.to_owned());
    }

    /// Tells a change.
    pub(crate) fn tell(&mut self, kind: ChangeKind) {
        self.changes.push(Change { number: self.next_change, time: jiff::Timestamp::now().as_second(), kind });
        self.next_change += 1;
    }
}
