//! Articles into the index.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samestory_article::{Article, Tokenizer};
use tantivy::directory::MmapDirectory;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::{Directory, Index, IndexWriter, TantivyDocument, Term};

use crate::durable::DurableNames;
use crate::error::IndexError;
use crate::queue::{Queue, Queued};
use crate::schema::{Fields, QUERY_TOKENIZER, schema};
use crate::words::{IndexWords, written_terms};

/// Writes an index, one transaction of the store after another.
pub struct StoryIndexWriter {
    index: Index,
    writer: IndexWriter<Queued>,
    queue: Arc<Queue>,
    fields: Fields,
}

impl std::fmt::Debug for StoryIndexWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoryIndexWriter")
    }
}

/// Memory for documents not yet written, of each of several threads.
const BUFFER_BYTES: usize = 32 << 20;

/// The same of a thread that is alone: the least that tantivy takes, for who adds some articles now and then.
const LEAST_BUFFER_BYTES: usize = 15_000_000;

/// Segments of which more documents are deleted are written anew.
const DELETED_PART: f32 = 0.3;

/// The transaction of the store that an index has everything of; 0 where it is new.
pub(crate) fn transaction_of(index: &Index) -> tantivy::Result<u64> {
    let payload = index.load_metas()?.payload;
    Ok(payload.and_then(|payload| payload.parse().ok()).unwrap_or(0))
}

impl StoryIndexWriter {
    /// Opens the index in a folder, or makes one if the folder is empty; written by this many threads.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, or holds an index of another version or none that can be read.
    pub fn open(folder: &Path, n_threads: usize) -> Result<Self, IndexError> {
        let failed = |source: tantivy::TantivyError| IndexError::Open { path: folder.to_owned(), source };
        Self::open_on(MmapDirectory::open(folder).map_err(|error| failed(error.into()))?, folder, n_threads)
    }

    /// As [`open`](Self::open), in a directory of any kind; `folder` is what messages call it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_on(
        directory: impl Into<Box<dyn Directory>>,
        folder: &Path,
        n_threads: usize,
    ) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Open { path: folder.to_owned(), source };
        let (schema, fields) = schema();
        let index = Index::open_or_create(DurableNames(directory.into()), schema).map_err(failed)?;
        // Documents come split and stemmed; queries are asked by others.
        index.tokenizers().register(QUERY_TOKENIZER, IndexWords);
        let threads = n_threads.clamp(1, 8);
        let buffer = if threads == 1 { LEAST_BUFFER_BYTES } else { BUFFER_BYTES };
        let writer: IndexWriter<Queued> = index.writer_with_num_threads(threads, threads * buffer).map_err(failed)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED_PART);
        writer.set_merge_policy(Box::new(policy));
        Ok(StoryIndexWriter { index, writer, queue: Arc::default(), fields })
    }

    /// The transaction of the store that the index has everything of; 0 where it is new.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub fn transaction(&self) -> Result<u64, IndexError> {
        Ok(transaction_of(&self.index)?)
    }

    /// Files whose content is not what was written.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub fn damaged_files(folder: &Path) -> Result<HashSet<PathBuf>, IndexError> {
        let failed = |source| IndexError::Open { path: folder.to_owned(), source };
        Index::open_in_dir(folder).map_err(failed)?.validate_checksum().map_err(failed)
    }

    /// Adds one article under its number, of which there is none yet. May be called from many threads.
    ///
    /// # Errors
    ///
    /// If the index cannot be written.
    pub fn add(&self, article: &Article, number: u32) -> Result<(), IndexError> {
        let mut document = TantivyDocument::new();
        document.add_u64(self.fields.number, u64::from(number));
        document.add_text(self.fields.headline, written_terms(&Tokenizer.text(&article.headline), article.language));
        document.add_text(self.fields.text, written_terms(&Tokenizer.body(article), article.language));
        if let Some(outlet) = &article.outlet {
            document.add_text(self.fields.outlet, outlet.to_lowercase());
        }
        if let Some(language) = article.language {
            document.add_text(self.fields.language, language.code());
        }
        if let Some(time) = article.time {
            document.add_i64(self.fields.time, time.seconds);
        }
        self.writer.add_document(self.queue.take(document))?;
        Ok(())
    }

    /// Removes the article of a number, if there is one.
    pub fn remove(&self, number: u32) {
        self.writer.delete_term(Term::from_field_u64(self.fields.number, u64::from(number)));
    }

    /// Removes all articles.
    ///
    /// # Errors
    ///
    /// If the index cannot be written.
    pub fn clear(&self) -> Result<(), IndexError> {
        self.writer.delete_all_documents()?;
        Ok(())
    }

    /// Makes everything added and removed durable and visible, as that of a transaction of the store and of all
    /// before it.
    ///
    /// # Errors
    ///
    /// If the index cannot be written.
    pub fn commit(&mut self, transaction: u64) -> Result<(), IndexError> {
        let mut prepared = self.writer.prepare_commit()?;
        prepared.set_payload(&transaction.to_string());
        prepared.commit()?;
        Ok(())
    }

    /// Waits until segments that are being merged are, and closes the index. What was not committed is not there.
    ///
    /// # Errors
    ///
    /// If the index cannot be written.
    pub fn close(self) -> Result<(), IndexError> {
        Ok(self.writer.wait_merging_threads()?)
    }
}
