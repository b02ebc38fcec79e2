//! placeholder
mod answer;
mod collection;
mod config;
mod copies;
mod pipeline;
mod store;
mod timing;
mod versions;

pub use answer::{
    ArticleLine, ArticleRecord, ArticleView, FoundStory, PlaceColumns, SearchAnswer, SharedTerm, StoryView, View,
    instant, time_text,
};
pub use collection::{Collection, CollectionError, Counts, FORMAT, Manifest};
pub use config::{ConfigError, CopySettings, ReadOptions, Settings, StorySettings};
pub use copies::{Copies, CopyPair, all_pairs, find_copies, shingle_set};
pub use pipeline::{Clustering, Place, Stage, Story, cluster};
pub use samestory_article as article;
pub use samestory_cluster as stories;
pub use samestory_index as index;
pub use samestory_ingest as ingest;
pub use samestory_minhash as minhash;
pub use store::StorySummary;
pub use timing::{DedupTiming, StepTime, time_dedup};
pub use versions::{ParagraphChange, Side, VersionChange, WordChange, version_changes};
