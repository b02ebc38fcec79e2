//! What is told while it is watched.

use samestory::ingest::Rejected;
use samestory::{Added, Change, ChangeRow, Counts, StoryRow};
use serde::Serialize;

/// What is told while it is watched.
#[derive(Debug, Clone)]
pub enum News {
    /// A story was founded, joined or changed in another way.
    Story(StoryNews),
    /// A feed fails, answers again or has moved.
    Feed(FeedNews),
    /// A file of a folder, or an item of one, was not taken.
    Rejected(Rejected),
    /// Articles were added.
    Added {
        /// What has become of them.
        added: Added,
        /// What the collection holds now.
        counts: Counts,
    },
    /// All stories were decided together.
    Settled(Counts),
    /// Old articles were removed.
    Expired {
        /// How many.
        removed: u64,
        /// How many are left.
        left: u64,
    },
    /// Something could not be done, and is done later: the collection is being written by another process, a notification failed.
    Trouble(String),
}

/// A change, and the story that it is about as it is now.
#[derive(Debug, Clone)]
pub struct StoryNews {
    /// The change.
    pub change: Change,
    /// The story; none where it is no more.
    pub story: Option<StoryRow>,
}

/// News of a story as JSON tells it: the change, and of the story its headline, outlets and size.
#[derive(Debug, Serialize)]
pub struct StoryNewsRow<'n> {
    /// The change.
    #[serde(flatten)]
    pub change: ChangeRow<'n>,
    /// Headline of the article that stands for the story.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<&'n str>,
    /// Names of its outlets, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlets: Option<&'n [String]>,
    /// How many articles it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
}

impl<'n> From<&'n StoryNews> for StoryNewsRow<'n> {
    fn from(news: &'n StoryNews) -> Self {
        let story = news.story.as_ref();
        StoryNewsRow {
            change: (&news.change).into(),
            headline: story.map(|story| story.headline.as_str()),
            outlets: story.map(|story| story.outlets.as_slice()),
            size: story.map(|story| story.articles),
        }
    }
}

/// News of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedNews {
    /// The feed.
    pub feed: String,
    /// What is new.
    pub what: FeedChange,
}

/// What is new of a feed or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedChange {
    /// It fails; told once, until it has answered again.
    Fails {
        /// Why.
        reason: String,
        /// Seconds until it is asked again.
        again_in: u64,
    },
    /// It answers again.
    Answers,
    /// It has moved for good, and is asked there from now on.
    Moved {
        /// Where to.
        to: String,
    },
    /// Some of its entries cannot be read; told once, until all can.
    Broken {
        /// How many.
        entries: u64,
        /// Why the first cannot.
        first: String,
    },
}
