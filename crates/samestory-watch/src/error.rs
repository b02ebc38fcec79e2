//! Why watching cannot begin, or go on.

use std::path::PathBuf;

use samestory::{CollectionError, ConfigError};

/// Why watching cannot begin, or go on. A feed that fails is no such error.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// What was named is no feed, list of feeds or folder.
    #[error("`{name}` {reason}")]
    Source {
        /// As it was named.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The collection cannot be read or written.
    #[error(transparent)]
    Collection(#[from] CollectionError),
    /// The settings of the collection cannot be used, such as a table of outlets that is gone.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// Another process watches for this collection.
    #[error("another process watches feeds for the collection of `{}`", .0.display())]
    Watched(PathBuf),
    /// What is remembered of feeds cannot be read or written. Without the file, watching begins anew.
    #[error("`{}` cannot be read or written", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// What the store says.
        #[source]
        source: Box<redb::Error>,
    },
    /// A record of what is remembered is none.
    #[error("`{}` is damaged; without it, watching begins anew", .0.display())]
    Damaged(PathBuf),
    /// What happens cannot be told any more.
    #[error("cannot be told")]
    Told(#[source] std::io::Error),
    /// Requests cannot be made.
    #[error("requests cannot be made: {0}")]
    Client(String),
    /// The system gives no threads.
    #[error("cannot start")]
    Start(#[from] std::io::Error),
}
