//! What can go wrong with a collection, and how to get out of it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use samestory_index::IndexError;

/// Version of the layout on disk. Newer collections are refused.
pub const FORMAT: u32 = 6;

/// Why a collection cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// There is nothing at this path. `samestory cluster PATH...` makes a collection.
    #[error("no collection at `{}` (make one with `samestory cluster PATH...`, or name another with --collection)", .0.display())]
    NotFound(PathBuf),
    /// The folder has files, but they are not those of a collection; it is left as it is.
    #[error("`{}` is not a samestory collection and not empty; nothing was written", .0.display())]
    Foreign(PathBuf),
    /// An earlier version of samestory wrote it. `samestory upgrade` keeps what it holds; clustering replaces it.
    #[error("collection `{}` has format {found}, this version reads {FORMAT}; `samestory upgrade` makes it one of these", path.display())]
    Older {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A version of samestory wrote it whose format can no longer be read. Clustering again replaces it.
    #[error("collection `{}` has format {found}, which cannot be upgraded; cluster again to replace it", path.display())]
    TooOld {
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
    /// Articles were added to it one after the other, and clustering would leave only those that it is given.
    #[error("collection `{}` was fed by `samestory add`; with --replace it will hold the articles given here only", .0.display())]
    Fed(PathBuf),
    /// The last writer was killed, and what it left cannot be set right where nothing can be written.
    #[error("collection `{}` was not closed by its last writer; open it once where its folder can be written", .0.display())]
    Unclean(PathBuf),
    /// A step has failed, and what is in memory may not be what is on the disk.
    #[error("a step before has failed; open the collection again")]
    Reopen,
    /// What a person asked for cannot be.
    #[error("{0}")]
    Edit(String),
    /// A file of the collection is damaged. `samestory check --repair` keeps what can be kept.
    #[error("`{}` is damaged: {reason} (see `samestory check`)", path.display())]
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

impl CollectionError {
    /// What was kept for later, outside of the collection, could not be read.
    pub(crate) fn spill(source: std::io::Error) -> CollectionError {
        CollectionError::Io { path: std::env::temp_dir(), source }
    }

    /// What is wrong, without the file.
    pub(crate) fn reason(&self) -> String {
        match self {
            CollectionError::Damaged { reason, .. } => reason.clone(),
            CollectionError::Io { source, .. } => source.to_string(),
            error => told(error),
        }
    }

    /// The error with the file or folder in which it was met, where it does not name one itself.
    pub(crate) fn in_file(self, path: &Path) -> CollectionError {
        let path = path.to_owned();
        match self {
            CollectionError::Store(redb::Error::Io(source)) => match source.kind() {
                ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                    CollectionError::Damaged { path, reason: source.to_string() }
                }
                _ => CollectionError::Io { path, source },
            },
            CollectionError::Store(redb::Error::DatabaseAlreadyOpen) => CollectionError::Locked(path),
            CollectionError::Store(redb::Error::PreviousIo) => CollectionError::Reopen,
            CollectionError::Index(IndexError::Open { source, .. } | IndexError::Tantivy(source)) => {
                match io_error(&source) {
                    Some(source) => CollectionError::Io { path, source },
                    None => CollectionError::Damaged { path, reason: told(&source) },
                }
            }
            error @ (CollectionError::Store(_)
            | CollectionError::Record(_)
            | CollectionError::Packing(_)
            | CollectionError::Missing { .. }) => CollectionError::Damaged { path, reason: told(&error) },
            error => error,
        }
    }
}

/// An error with what caused it, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        // Some repeat what caused them.
        if !reason.contains(&inner.to_string()) {
            reason = format!("{reason}: {inner}");
        }
        source = inner.source();
    }
    // Some repeat the whole file.
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{} ...", &reason[..end]),
        None => reason,
    }
}

/// Characters of a reason that are told.
const LONGEST_REASON: usize = 200;

/// What the file system said, where that is what failed.
fn io_error(error: &tantivy::TantivyError) -> Option<std::io::Error> {
    use tantivy::TantivyError::{IoError, OpenDirectoryError, OpenReadError, OpenWriteError};
    let again = |error: &std::io::Error| std::io::Error::new(error.kind(), error.to_string());
    match error {
        IoError(error) => Some(again(error)),
        OpenReadError(tantivy::directory::error::OpenReadError::IoError { io_error, .. }) => Some(again(io_error)),
        OpenReadError(tantivy::directory::error::OpenReadError::FileDoesNotExist(path)) => {
            let told = format!("{} is missing", path.display());
            Some(std::io::Error::new(ErrorKind::NotFound, told))
        }
        OpenWriteError(tantivy::directory::error::OpenWriteError::IoError { io_error, .. }) => Some(again(io_error)),
        OpenDirectoryError(error) => Some(std::io::Error::other(error.to_string())),
        _ => None,
    }
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
