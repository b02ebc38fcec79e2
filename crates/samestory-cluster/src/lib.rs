//! Groups articles that report the same event.
pub mod background;
pub mod candidates;
pub mod evaluate;
pub mod frequencies;
pub mod linkage;
pub mod score;
pub mod story;
pub mod terms;
pub mod vectors;
pub use frequencies::DocumentFrequencies;
pub use score::{DEFAULT_THRESHOLD, cluster_articles};
pub use story::StoryId;
pub use terms::ArticleTerms;
pub use vectors::ArticleVectors;
