//! Groups articles that report the same event.
pub mod background;
pub mod candidates;
pub mod evaluate;
pub mod frequencies;
pub mod linkage;
pub mod story;
pub mod terms;
pub mod vectors;
pub use story::StoryId;
