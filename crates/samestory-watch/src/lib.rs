//! Follows feeds and folders, and tells which stories form of what they bring.
//!
//! ```no_run
//! use samestory::Settings;
//! use samestory_watch::{News, Sources, WatchSettings, Watcher};
//!
//! let sources = Sources::named(&["https://www.harbour-courier.example/rss".into(), "incoming".into()])?;
//! let watcher = Watcher::open(".samestory".as_ref(), sources, WatchSettings::default(), &Settings::default())?;
//! let (stop, stopped) = tokio::sync::watch::channel(false);
//! watcher.run(stopped, &mut |news| {
//!     if let News::Story(news) = news {
//!         println!("{:?}", news.change);
//!     }
//!     Ok(())
//! })?;
//! # drop(stop);
//! # Ok::<(), samestory_watch::WatchError>(())
//! ```
//!
//! What a feed shows goes the way of every article: it is read by `samestory-ingest` and added by
//! [`CollectionWriter`](samestory::CollectionWriter). What is remembered of feeds, entries and files across restarts is in
//! `watch.redb` beside the collection; [`read_feeds`] reads how feeds are, whoever watches them.
//!
//! Limits: every bound on time, bytes, redirects and pauses is in [`WatchSettings`] or a constant beside what it bounds. Memory
//! grows with the number of feeds, by some KB each, and while all stories are decided together with
//! the collection (see [`samestory::DECIDED_TOGETHER`]).

mod desk;
mod error;
mod fetch;
mod hosts;
mod intake;
mod memory;
mod news;
mod notify;
mod poll;
mod reach;
mod robots;
mod scan;
mod schedule;
mod selection;
mod settings;
mod sources;
mod watcher;

pub use error::WatchError;
pub use memory::{FeedHealth, FeedRow, read_feeds};
pub use news::{FeedChange, FeedNews, News, StoryNews, StoryNewsRow};
pub use settings::WatchSettings;
pub use sources::Sources;
pub use watcher::{Tally, Watcher};
