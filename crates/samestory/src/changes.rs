//! What has become of articles and stories, in order.

use std::collections::BTreeMap;

use samestory_cluster::StoryId;
use serde::{Deserialize, Serialize};

use crate::time::instant;

/// One change of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its number, rising by one with each change.
    pub number: u64,
    /// When it was made, in seconds since 1970, by the clock of the machine.
    pub time: i64,
    /// What has changed.
    pub kind: ChangeKind,
}

/// What has changed. Articles are named by their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// A story was founded by these articles, which were in none before.
    Founded {
        /// The story.
        story: StoryId,
        /// Its articles.
        articles: Vec<String>,
    },
    /// Articles that were in no story before joined one.
    Joined {
        /// The story.
        story: StoryId,
        /// The articles.
        articles: Vec<String>,
    },
    /// Articles went from one story to another, both of which go on.
    Moved {
        /// The story they left.
        from: StoryId,
        /// The story they are in now.
        to: StoryId,
        /// The articles.
        articles: Vec<String>,
    },
    /// A story became part of another, to which its name leads from now on.
    Merged {
        /// The story that is no more.
        from: StoryId,
        /// The story that it is part of.
        into: StoryId,
    },
    /// Part of a story became a story of its own.
    Split {
        /// The story that goes on.
        from: StoryId,
        /// The new one.
        into: StoryId,
        /// The articles of the new one.
        articles: Vec<String>,
    },
    /// An article was corrected: what came replaces a state that is kept as its older version.
    Corrected {
        /// The article.
        article: String,
        /// Under which id the older state is kept.
        older: String,
    },
    /// Articles were removed.
    Removed {
        /// The story they were in.
        story: StoryId,
        /// The articles.
        articles: Vec<String>,
    },
    /// A story has no articles any more.
    Ended {
        /// The story.
        story: StoryId,
    },
}

/// A change as JSON tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeRow<'c> {
    /// Its number.
    pub change: u64,
    /// When it was made, RFC 3339, by the clock of the machine.
    pub time: String,
    /// `founded`, `joined`, `moved`, `merged`, `split`, `corrected`, `removed` or `ended`.
    pub what: &'static str,
    /// The story that was founded, joined, ended or lost articles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<&'c str>,
    /// The story that articles left, or that is no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<&'c str>,
    /// The story that they are in now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<&'c str>,
    /// Under which id the state before a correction is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<&'c str>,
    /// Ids of the articles.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub articles: &'c [String],
}

impl<'c> From<&'c Change> for ChangeRow<'c> {
    fn from(change: &'c Change) -> Self {
        let mut row = ChangeRow {
            change: change.number,
            time: instant(change.time),
            what: "",
            story: None,
            from: None,
            into: None,
            older: None,
            articles: &[],
        };
        match &change.kind {
            ChangeKind::Founded { story, articles } => {
                (row.what, row.story, row.articles) = ("founded", Some(story.as_str()), articles);
            }
            ChangeKind::Joined { story, articles } => {
                (row.what, row.story, row.articles) = ("joined", Some(story.as_str()), articles);
            }
            ChangeKind::Moved { from, to, articles } => {
                (row.what, row.from, row.into, row.articles) =
                    ("moved", Some(from.as_str()), Some(to.as_str()), articles);
            }
            ChangeKind::Merged { from, into } => {
                (row.what, row.from, row.into) = ("merged", Some(from.as_str()), Some(into.as_str()));
            }
            ChangeKind::Split { from, into, articles } => {
                (row.what, row.from, row.into, row.articles) =
                    ("split", Some(from.as_str()), Some(into.as_str()), articles);
            }
            ChangeKind::Corrected { article, older } => {
                row.what = "corrected";
                row.articles = std::slice::from_ref(article);
                row.older = Some(older);
            }
            ChangeKind::Removed { story, articles } => {
                (row.what, row.story, row.articles) = ("removed", Some(story.as_str()), articles);
            }
            ChangeKind::Ended { story } => (row.what, row.story) = ("ended", Some(story.as_str())),
        }
        row
    }
}

/// Where the articles of one story come from.
pub(crate) struct StoryChange<'c> {
    pub(crate) story: &'c StoryId,
    /// No story had its number before.
    pub(crate) is_new: bool,
    /// Ids of its articles that were in no story.
    pub(crate) new: Vec<String>,
    /// Ids of its articles that were in other stories, by the numbers of these.
    pub(crate) from: BTreeMap<u32, Vec<String>>,
    /// The stories that have become part of it.
    pub(crate) absorbed: &'c [u32],
}

impl<'c> StoryChange<'c> {
    /// A story in which nothing has changed.
    pub(crate) fn of(story: &'c StoryId) -> Self {
        StoryChange { story, is_new: false, new: Vec::new(), from: BTreeMap::new(), absorbed: &[] }
    }

    /// The changes by which it is told; `id` gives the ids that stories had.
    pub(crate) fn kinds(self, id: impl Fn(u32) -> Option<StoryId>) -> Vec<ChangeKind> {
        let mut kinds = Vec::new();
        let own = || self.story.clone();
        if !self.new.is_empty() {
            kinds.push(match self.is_new {
                true => ChangeKind::Founded { story: own(), articles: self.new },
                false => ChangeKind::Joined { story: own(), articles: self.new },
            });
        }
        for (number, articles) in self.from {
            let Some(from) = id(number) else { continue };
            kinds.push(if self.absorbed.contains(&number) {
                ChangeKind::Merged { from, into: own() }
            } else if self.is_new {
                ChangeKind::Split { from, into: own(), articles }
            } else {
                ChangeKind::Moved { from, to: own(), articles }
            });
        }
        kinds
    }
}
