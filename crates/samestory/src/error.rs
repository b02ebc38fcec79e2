//! What can go wrong with a collection, and how to get out of it.

use std::path::PathBuf;

use samestory_index::IndexError;

/// Version of the layout on disk. Newer collections are refused.
pub const FORMAT: u32 = 4;

/// Why a collection cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// There is nothing at this path. `samestory cluster PATH...` makes a collection.
    #[error("no collection at `{}` (make one with `samestory cluster PATH...`, or name another with --collection)", .0.display())]
    NotFound(PathBuf),
    /// The folder has files, but they are not those of a collection; it is left as it is.
    #[error("`{}` is not a samestory collection and not empty; nothing was written", .0.display())]
    Foreign(PathBuf),
    /// An earlier version of samestory wrote it. Clustering into it replaces it.
    #[error("collection `{}` has format {found}, this version reads {FORMAT}; cluster again to replace it", path.display())]
    Older {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A later version of samestory wrote it. Use that version, or cluster into another folder.
    #[error("collection `{}` has format {found}, this version reads {FORMAT}", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Another process writes it now.
    #[error("collection `{}` is being written by another process", .0.display())]
    Locked(PathBuf),
    /// A file of the collection is damaged. Clustering again makes it anew.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file system refused.
    #[error("`{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The store refers to something that it does not hold.
    #[error("the store lacks {what} {number}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Its number.
        number: u32,
    },
    /// The store failed.
    #[error("store failed")]
    Store(#[from] redb::Error),
    /// A record of the store cannot be read.
    #[error("a record of the store cannot be read")]
    Record(#[from] postcard::Error),
    /// A record of the store cannot be unpacked.
    #[error("a record of the store cannot be packed or unpacked")]
    Packing(#[from] std::io::Error),
    /// The index failed, or does not understand the query.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Whoever visits the articles could not take one.
    #[error("cannot be written")]
    Visitor(#[source] std::io::Error),
    /// No story, article or address of this name.
    #[error("no story, article or address `{0}` in the collection")]
    Unknown(String),
}

macro_rules! from_redb {
    ($($error:ty),*) => {
        $(impl From<$error> for CollectionError {
            fn from(error: $error) -> Self {
                CollectionError::Store(error.into())
            }
        })*
    };
}
from_redb!(redb::DatabaseError, redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);
