//! Which articles are about the same event?
//!
//! samestory reads news articles from many outlets, folds near-identical copies, groups the pieces
//! that report the same event into stories, and makes the stories searchable. This crate is the whole
//! of it as a library; the stages are crates of their own, re-exported here.
//!
//! ```
//! use samestory::{Collection, Settings, index::SearchFilter, ingest};
//!
//! let settings = Settings::default();
//! let folder = tempfile::tempdir()?;
//! # let corpus = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus"));
//!
//! // file -> Article: what cannot be read is listed, the rest goes on.
//! let reading = ingest::read(&[corpus], &settings.to_read_settings()?, &mut |_| ());
//! assert!(reading.rejected.is_empty());
//!
//! // Article -> Story: copies folded, stories grouped and stored.
//! let clustering = Collection::write(folder.path(), reading.articles, &settings, &mut |_| ())?;
//! assert_eq!(clustering.stories.len(), 42);
//!
//! // Story -> answer.
//! let collection = Collection::open(folder.path())?;
//! let answer = collection.search("libyan truce", &SearchFilter::default(), 10)?;
//! assert_eq!(answer.stories[0].articles, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The types to know are [`Settings`], [`Clustering`], [`Collection`] and [`CollectionWriter`], which adds to it. The same articles and
//! settings give the same stories, whatever the number of threads and the order of files.
//!
//! Limits: what is clustered at once takes about 5 KB of memory an article, and some 20 KB in the folder for temporary
//! files; what is added bit by bit takes neither.

mod answer;
mod changes;
mod check;
mod collection;
mod compare;
mod config;
pub mod copies;
mod coverage;
mod error;
mod evidence;
mod filter;
mod folder;
mod former;
mod identity;
mod live;
mod passages;
mod pipeline;
mod rebuild;
mod store;
mod story_list;
mod time;
mod timing;
mod upgrade;
mod versions;
pub mod wording;

pub use answer::{
    ArticleLine, ArticleRecord, ArticleView, FoundStory, LinkedStory, PlaceColumns, RawText, SearchAnswer, SearchPage,
    StoryView, View,
};
pub use changes::{Change, ChangeKind, ChangeRow};
pub use check::{CheckReport, Damage, check};
pub use collection::{Collection, Counts};
pub use compare::{ComparedArticle, Comparison, Context, FeatureShare, SharedWording, compare_alone};
pub use config::{ConfigError, CopySettings, ReadOptions, Settings, StorySettings};
pub use copies::{ArticleSource, Copies, CopyPair, find_copies, find_copies_stepwise, shingle_set};
pub use coverage::{AbsentOutlet, Coverage, Fact, FactKind, FirstReport, OnlyHere, OutletCoverage, Piece, WordCounts};
pub use error::{CollectionError, FORMAT};
pub use evidence::{Evidence, SharedTerm};
pub use filter::{FilterError, WrittenFilter};
pub use folder::{Manifest, watch_file};
pub use live::{Added, ArticleMatch, CollectionWriter, DECIDED_TOGETHER, Expired, MatchedStory, Pinned, TextMatch};
pub use passages::{Reuse, ReusePair, SharedPassage, Stretch};
pub use pipeline::{Clustering, Decided, LEAST_KEPT_ODDS, Place, Stage, Story, StoryLink, cluster};
pub use samestory_article as article;
pub use samestory_cluster as stories;
pub use samestory_index as index;
pub use samestory_ingest as ingest;
pub use samestory_minhash as minhash;
pub use samestory_reuse as reuse;
pub use samestory_spill as spill;
pub use store::StorySummary;
pub use story_list::{SelectedStories, StoryList, StoryOrder, StoryRow, StorySelection};
pub use time::{instant, time_text};
pub use timing::{DedupTiming, StepTime, StoriesTiming, TimingError, time_dedup, time_stories};
pub use upgrade::{EARLIEST_FORMAT, upgrade};
pub use versions::{ArticleVersions, EditionLine, UnknownStep, article_versions, version_step};

/// The example of the README is compiled with the tests, so that it stays true.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
