//! The tables of a collection, in redb: the truth that the index is derived from.
//!
//! ```text
//! Bulk       a new store from many articles at once
//! Snapshot   one committed state, for reading: by this process or beside another that writes
//! Draft      a snapshot and what a step changes of it; read through, then committed at once
//! ```
//!
//! One process writes and any number read (`redb::ConcurrencyMode::SingleWriter`). Each commit is synced to
//! the disk before it returns.

mod bulk;
mod draft;
mod rows;
mod snapshot;

use std::path::Path;

use redb::{Builder, ConcurrencyMode, Database, ReadOnlyDatabase, ReadableDatabase};

pub(crate) use bulk::{Bulk, Posted};
pub(crate) use draft::{Draft, VectorBytes};
pub use rows::StorySummary;
pub(crate) use rows::{
    CandidateRow, Compared, ListedCandidate, Member, Summary, display_headline, id_of_replaced, pack_article,
    posting_block,
};
pub(crate) use snapshot::Snapshot;

use crate::error::CollectionError;

/// Memory that a reader keeps pages of the store in: it may answer queries for days.
const READ_CACHE_BYTES: usize = 256 << 20;

/// Memory that a writer keeps pages of the store in. A step meets few of them twice; more makes adding no faster.
const WRITE_CACHE_BYTES: usize = 8 << 20;

fn builder(cache_bytes: usize) -> Builder {
    let mut builder = Database::builder();
    builder.set_concurrency_mode(ConcurrencyMode::SingleWriter).set_cache_size(cache_bytes);
    builder
}

/// The store of a collection, open for reading.
pub(crate) struct StoreReader {
    database: ReadOnlyDatabase,
}

impl StoreReader {
    /// Opens a store, beside whoever writes it.
    ///
    /// # Errors
    ///
    /// [`redb::Error::RepairAborted`] where a writer was killed and none has opened the store since.
    pub(crate) fn open(path: &Path) -> Result<StoreReader, CollectionError> {
        Ok(StoreReader { database: builder(READ_CACHE_BYTES).open_read_only(path)? })
    }

    /// The newest committed state.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, CollectionError> {
        Snapshot::of(&self.database.begin_read()?)
    }
}

/// The store of a collection, open for writing.
pub(crate) struct StoreWriter {
    database: Database,
}

impl StoreWriter {
    /// Makes an empty store.
    pub(crate) fn create(path: &Path) -> Result<StoreWriter, CollectionError> {
        Self::prepared(builder(WRITE_CACHE_BYTES).create(path)?)
    }

    /// Opens a store. What a killed writer left is set right.
    pub(crate) fn open(path: &Path) -> Result<StoreWriter, CollectionError> {
        // An empty file is a damaged store, and not a new one.
        Ok(StoreWriter { database: builder(WRITE_CACHE_BYTES).open(path)? })
    }

    /// As [`open`](Self::open), on other storage than a file.
    #[cfg(test)]
    pub(crate) fn on(backend: impl redb::StorageBackend) -> Result<StoreWriter, CollectionError> {
        Self::prepared(Database::builder().create_with_backend(backend)?)
    }

    fn prepared(database: Database) -> Result<StoreWriter, CollectionError> {
        let writer = StoreWriter { database };
        if writer.database.begin_read()?.list_tables()?.next().is_none() {
            writer.make_tables()?;
        }
        Ok(writer)
    }

    /// Makes all tables that are not there.
    pub(crate) fn make_tables(&self) -> Result<(), CollectionError> {
        let transaction = self.begin()?;
        Draft::make_tables(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// The newest committed state.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, CollectionError> {
        Snapshot::of(&self.database.begin_read()?)
    }

    /// Writes what a step changes, durably and at once.
    pub(crate) fn commit(&self, draft: Draft<'_>) -> Result<(), CollectionError> {
        let transaction = self.begin()?;
        draft.write(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// Writes all rows of a new store, and then what the draft holds beside them, durably and at once.
    pub(crate) fn fill(
        &self,
        draft: Draft<'_>,
        rows: impl FnOnce(&Bulk<'_>) -> Result<(), CollectionError>,
    ) -> Result<(), CollectionError> {
        let transaction = self.begin()?;
        rows(&Bulk::new(&transaction))?;
        draft.write(&transaction)?;
        Ok(transaction.commit()?)
    }

    fn begin(&self) -> Result<redb::WriteTransaction, CollectionError> {
        let mut transaction = self.database.begin_write()?;
        // A store that was not closed opens at once, and not after a walk through all of it.
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// Whether every page is as it was written. Reads all of the store.
    pub(crate) fn is_sound(&mut self) -> Result<bool, CollectionError> {
        Ok(self.database.check_integrity()?)
    }
}

/// Whether the store cannot be read before someone has opened it for writing.
pub(crate) fn needs_recovery(error: &CollectionError) -> bool {
    matches!(error, CollectionError::Store(redb::Error::RepairAborted))
}
