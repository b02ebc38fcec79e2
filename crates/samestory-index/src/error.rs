//! What can go wrong.

use std::path::PathBuf;

/// Why the index cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The query cannot be understood; the text says where. The user can mend it.
    #[error("query `{query}` cannot be read: {reason}")]
    Query {
        /// The query as given.
        query: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder holds no index that can be opened. Clustering again makes a new one.
    #[error("index `{}` cannot be opened", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// What tantivy says.
        #[source]
        source: tantivy::TantivyError,
    },
    /// Reading or writing failed.
    #[error("index failed")]
    Tantivy(#[from] tantivy::TantivyError),
}
