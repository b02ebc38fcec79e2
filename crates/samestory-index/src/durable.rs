//! A directory in which the list of segments is on the disk before any file is removed.
//!
//! Tantivy replaces the list, `meta.json`, by a rename and then removes the files that the new list does not name. Neither
//! is synced before the next commit. A disk that orders nothing by itself may, when the power is lost between the two, keep
//! the removals and not the rename: the old list would name files that are gone.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{DirectoryLock, FileHandle, Lock, WatchCallback, WatchHandle, WritePtr};

const SEGMENTS: &str = "meta.json";

/// A directory that syncs its names whenever the list of segments was replaced; else as the one in it.
#[derive(Debug, Clone)]
pub(crate) struct DurableNames(pub(crate) Box<dyn Directory>);

impl Directory for DurableNames {
    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.0.atomic_write(path, data)?;
        match path == Path::new(SEGMENTS) {
            true => self.0.sync_directory(),
            false => Ok(()),
        }
    }

    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.0.atomic_read(path)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.0.acquire_lock(lock)
    }

    fn watch(&self, watch_callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(watch_callback)
    }
}
