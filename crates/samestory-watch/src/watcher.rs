//! Everything that is watched, until it is told to stop.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use samestory::ingest::ReadSettings;
use samestory::{Collection, CollectionError, Settings};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::desk::{Desk, Tasks};
use crate::error::WatchError;
use crate::fetch::{Fetcher, shown};
use crate::intake::Intake;
use crate::memory::Memory;
use crate::news::News;
use crate::notify::notify;
use crate::poll::Poller;
use crate::reach::RESOLVING;
use crate::scan::Scanner;
use crate::selection::Claims;
use crate::settings::WatchSettings;
use crate::sources::Sources;

/// Arrivals that wait to be added. Who brings more waits too.
const WAITING: usize = 64;

/// Stories that the command has not been told of yet.
const NOTICES: usize = 1_024;

/// How long the command may take for the rest after the signal to stop.
const LAST_NOTICES: Duration = Duration::from_secs(10);

/// Feeds and pages that are read at once.
const READING: usize = 3;

/// What came of watching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Articles that were stored, new states included.
    pub stored: u64,
    /// How many of these are other versions of what was there.
    pub versions: u64,
    /// Sources that fail.
    pub failing: u64,
    /// Items that were not taken.
    pub rejected: u64,
}

/// Sources that are about to be watched for a collection.
pub struct Watcher {
    runtime: Runtime,
    sources: Sources,
    folder: PathBuf,
    collection_settings: Settings,
    settings: Arc<WatchSettings>,
    read: ReadSettings,
    memory: Arc<Memory>,
    fetcher: Fetcher,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Watcher {
    /// Prepares to watch sources for a collection, which is made if there is none. Of one that is there, its own settings
    /// hold, not `collection_settings`.
    ///
    /// # Errors
    ///
    /// [`WatchError`].
    pub fn open(
        folder: &Path,
        sources: Sources,
        settings: WatchSettings,
        collection_settings: &Settings,
    ) -> Result<Watcher, WatchError> {
        let collection_settings = match Collection::open(folder) {
            Ok(collection) => collection.manifest().settings.clone(),
            Err(CollectionError::NotFound(_)) => collection_settings.clone(),
            Err(error) => return Err(error.into()),
        };
        let read = collection_settings.to_read_settings()?;
        let fetcher = Fetcher::new(&settings)?;
        let memory = Arc::new(Memory::open(folder)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            // Names are resolved there, which can take long, and feeds read.
            .max_blocking_threads(RESOLVING + READING)
            .enable_all()
            .build()?;
        Ok(Watcher {
            runtime,
            sources,
            folder: folder.to_owned(),
            collection_settings,
            settings: Arc::new(settings),
            read,
            memory,
            fetcher,
        })
    }

    /// Watches until `stop` becomes true; with [`once`](WatchSettings::once) until every source was asked. `tell` is told
    /// what happens.
    ///
    /// # Errors
    ///
    /// If `tell` fails, which ends it; or if the collection, or what is remembered, could not be read or written last. What
    /// was added before stays, and what could not be added or told is taken or told after the next start.
    pub fn run(
        self,
        stop: watch::Receiver<bool>,
        tell: &mut dyn FnMut(News) -> std::io::Result<()>,
    ) -> Result<Tally, WatchError> {
        let Watcher { runtime, sources, folder, collection_settings, settings, read, memory, fetcher } = self;
        let done = runtime.block_on(async {
            let (notices, notifying) = match settings.notify.clone() {
                Some(command) => {
                    let (sender, receiver) = mpsc::channel(NOTICES);
                    (Some(sender), Some(tokio::spawn(notify(command, receiver, Arc::clone(&memory)))))
                }
                None => (None, None),
            };
            let feeds: Vec<String> = sources.feeds.iter().map(shown).collect();
            let intake = Intake::new(folder, collection_settings, Arc::clone(&settings), Arc::clone(&memory), notices)?;
            let (arrivals, arriving) = mpsc::channel(WAITING);
            let reading = Arc::new(Semaphore::new(READING));
            let mut tasks = Tasks::default();
            for folder in &sources.folders {
                let scanner = Scanner {
                    folder: folder.clone(),
                    memory: Arc::clone(&memory),
                    read: read.clone(),
                    settings: Arc::clone(&settings),
                    arrivals: arrivals.clone(),
                    beside: sources.folders.iter().filter(|other| *other != folder).cloned().collect(),
                    reading: Arc::clone(&reading),
                    waiting: HashMap::new(),
                    unreadable: BTreeSet::new(),
                };
                tasks.running.spawn(scanner.follow());
            }
            let mut read = read;
            read.limits.file_bytes = read.limits.file_bytes.min(settings.feed_bytes as u64);
            let remembered = Arc::clone(&memory);
            let poller = Poller {
                fetcher,
                memory,
                claims: Claims::default(),
                read,
                settings: Arc::clone(&settings),
                arrivals,
                reading,
            };
            let poller = Arc::new(poller);
            for feed in sources.feeds {
                tasks.follow(Arc::clone(&poller), feed, Duration::ZERO);
            }
            tasks.poller = Arc::downgrade(&poller);
            drop(poller);
            let desk = Desk::new(intake, remembered, feeds, settings, stop, tell)?;
            let tally = desk.run(arriving, tasks).await;
            if let Some(notifying) = notifying
                && tokio::time::timeout(LAST_NOTICES, notifying).await.is_err()
            {
                tracing::warn!("the command was not told of every story; it is after the next start");
            }
            tally
        });
        // A request that still runs is not waited for.
        runtime.shutdown_timeout(Duration::from_millis(200));
        done
    }
}
