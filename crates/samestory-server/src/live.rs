//! A collection that is served while it is written.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use samestory::{Collection, CollectionError};
use tokio::sync::watch;

/// A collection that is served: its newest state, whoever writes it.
///
/// Requests share one open state. When it is no longer the newest, another is opened beside it, and the former goes
/// away with the last request that reads it.
#[derive(Debug)]
pub struct LiveCollection {
    folder: PathBuf,
    current: RwLock<Option<Arc<Collection>>>,
    /// Held while a newer state is opened, so that no older one can come after it.
    opening: Mutex<()>,
    changed: watch::Sender<u64>,
}

/// Least time between two looks at the files.
const PAUSE: Duration = Duration::from_millis(300);

/// A state that takes long to open is opened less often: no more than this part of the time goes there.
const LEAST_REST: u32 = 4;

impl LiveCollection {
    /// Opens a collection. One that is not there yet is served as soon as it is.
    ///
    /// # Errors
    ///
    /// If it is foreign, of another format or damaged.
    pub fn open(folder: &Path) -> Result<LiveCollection, CollectionError> {
        let current = match Collection::open(folder) {
            Ok(collection) => Some(Arc::new(collection)),
            Err(CollectionError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let next = current.as_ref().map_or(0, |collection| collection.next_change());
        Ok(LiveCollection {
            folder: folder.to_owned(),
            current: RwLock::new(current),
            opening: Mutex::new(()),
            changed: watch::channel(next).0,
        })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The state that is served; none where there is no collection yet.
    pub fn current(&self) -> Option<Arc<Collection>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the number of the next change, whenever there were some.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Opens the newest state, if that which is served is not.
    ///
    /// # Errors
    ///
    /// If it cannot be opened; what is served stays.
    pub fn refresh(&self) -> Result<(), CollectionError> {
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = match self.current() {
            Some(current) if current.is_current() => return Ok(()),
            Some(current) => current.reopen()?,
            None => match Collection::open(&self.folder) {
                Err(CollectionError::NotFound(_)) => return Ok(()),
                opened => opened?,
            },
        };
        let next = newest.next_change();
        // The former is let go of when nobody waits for the lock any more: it may be large.
        let former = self.current.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(newest));
        drop(former);
        self.changed.send_replace(next);
        Ok(())
    }

    /// Follows the collection for good; `threads` is how many ask it at once.
    pub(crate) async fn follow(self: Arc<Self>, threads: usize) {
        if let Some(collection) = self.current() {
            tokio::spawn(warm(collection, threads));
        }
        let mut failed_before = false;
        loop {
            let began = Instant::now();
            let collection = Arc::clone(&self);
            let refreshed = tokio::task::spawn_blocking(move || collection.refresh()).await;
            let failed = !matches!(refreshed, Ok(Ok(())));
            if let Ok(Err(error)) = refreshed
                && !failed_before
            {
                tracing::error!(error = %samestory::wording::one_line(&error), "the newest state cannot be opened");
            }
            failed_before = failed;
            tokio::time::sleep(PAUSE.max(began.elapsed() * LEAST_REST)).await;
        }
    }
}

/// Prepares every thread that will ask. What fails here fails again, and is told, when it is asked for.
async fn warm(collection: Arc<Collection>, threads: usize) {
    let prepared = Arc::clone(&collection);
    let _ = tokio::task::spawn_blocking(move || prepared.warm()).await;
    // They meet first, so that no thread asks for two.
    let met = Arc::new(Barrier::new(threads));
    let ask = |_| {
        let (collection, met) = (Arc::clone(&collection), Arc::clone(&met));
        tokio::task::spawn_blocking(move || {
            met.wait();
            collection.ask_some()
        })
    };
    for asked in (0..threads).map(ask).collect::<Vec<_>>() {
        let _ = asked.await;
    }
}
