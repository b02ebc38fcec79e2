//! Everything that is watched, until it is told to stop.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use samestory::article::Article;
use samestory::ingest::ReadSettings;
use samestory::{Added, Collection, CollectionError, Settings};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::error::WatchError;
use crate::fetch::Fetcher;
use crate::intake::{Intake, LOCKED_PAUSE, Taken};
use crate::memory::{Learned, Memory};
use crate::news::News;
use crate::notify::notify;
use crate::poll::{Arrival, Poller, shown};
use crate::scan::Scanner;
use crate::settings::WatchSettings;
use crate::sources::Sources;

/// Arrivals that wait to be added. Who brings more waits too.
const WAITING: usize = 64;

/// Articles that are added together.
const BATCH: usize = 1_000;

/// Stories that the command has not been told of yet.
const NOTICES: usize = 1_024;

/// How long the command may take for the rest after the signal to stop.
const LAST_NOTICES: Duration = Duration::from_secs(10);

/// How often it is asked whether a day has passed.
const LOOK_AT_DAY: Duration = Duration::from_secs(600);

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

/// Stops a [`Watcher`] that runs.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Tells it to stop: what has arrived is added, and that is all.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
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
    stop: watch::Sender<bool>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("folder", &self.folder).field("sources", &self.sources).finish_non_exhaustive()
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
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Watcher {
            runtime,
            sources,
            folder: folder.to_owned(),
            collection_settings,
            settings: Arc::new(settings),
            read,
            memory,
            fetcher,
            stop: watch::channel(false).0,
        })
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Watches until it is told to stop, by its [`Stopper`], SIGINT or SIGTERM; with
    /// [`once`](WatchSettings::once) until every source was asked. `tell` is told what happens.
    ///
    /// # Errors
    ///
    /// If the collection or what is remembered cannot be read or written. What was added before stays.
    pub fn run(self, tell: &mut dyn FnMut(News)) -> Result<Tally, WatchError> {
        let Watcher { runtime, sources, folder, collection_settings, settings, read, memory, fetcher, stop } = self;
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
            let mut tasks = JoinSet::new();
            for folder in sources.folders {
                let scanner = Scanner {
                    folder,
                    memory: Arc::clone(&memory),
                    read: read.clone(),
                    settings: Arc::clone(&settings),
                    arrivals: arrivals.clone(),
                    waiting: HashMap::new(),
                };
                tasks.spawn(scanner.follow());
            }
            let mut read = read;
            read.limits.file_bytes = read.limits.file_bytes.min(settings.feed_bytes as u64);
            let poller = Arc::new(Poller { fetcher, memory, read, settings: Arc::clone(&settings), arrivals });
            for feed in sources.feeds {
                tasks.spawn(Arc::clone(&poller).follow(feed));
            }
            drop(poller);
            let signal = stop_signal()?;
            let failing = HashSet::new();
            let tally = Tally::default();
            let desk = Desk { intake: Some(intake), feeds, settings, tell, tally, failing, in_trouble: false };
            let tally = desk.run(arriving, tasks, stop.subscribe(), signal).await;
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

/// Where arrivals are gathered, added and told of.
struct Desk<'t> {
    /// Away while it works.
    intake: Option<Intake>,
    feeds: Vec<String>,
    settings: Arc<WatchSettings>,
    tell: &'t mut dyn FnMut(News),
    tally: Tally,
    /// Feeds that fail.
    failing: HashSet<String>,
    /// Something could not be done, which was told.
    in_trouble: bool,
}

/// What is gathered to be added together.
#[derive(Default)]
struct Batch {
    articles: Vec<Article>,
    arrivals: Vec<Arrival>,
    since: Option<Instant>,
}

impl Batch {
    fn gather(&mut self, mut arrival: Arrival) {
        self.articles.append(&mut arrival.articles);
        self.arrivals.push(arrival);
        self.since.get_or_insert_with(Instant::now);
    }
}

impl Desk<'_> {
    async fn run(
        mut self,
        mut arriving: mpsc::Receiver<Arrival>,
        mut tasks: JoinSet<()>,
        mut stop: watch::Receiver<bool>,
        signal: impl Future<Output = ()>,
    ) -> Result<Tally, WatchError> {
        tokio::pin!(signal);
        let mut batch = Batch::default();
        let mut last_arrival = Instant::now();
        let mut day = tokio::time::interval(LOOK_AT_DAY);
        loop {
            let add_at = batch.since.map(|since| since + self.settings.gather);
            let settle_at = last_arrival + self.settings.settle;
            let settles = add_at.is_none() && self.intake.as_ref().is_some_and(Intake::wants_to_settle);
            tokio::select! {
                biased;
                () = &mut signal => break,
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep_until(add_at.unwrap_or(last_arrival)), if add_at.is_some() => {
                    self.add(std::mem::take(&mut batch), false).await?;
                }
                arrival = arriving.recv() => {
                    let Some(arrival) = arrival else { break };
                    if !arrival.articles.is_empty() {
                        last_arrival = Instant::now();
                    }
                    batch.gather(arrival);
                    if batch.articles.len() >= BATCH {
                        self.add(std::mem::take(&mut batch), false).await?;
                    }
                }
                () = tokio::time::sleep_until(settle_at), if settles => {
                    self.work(Intake::settle).await?;
                    last_arrival = Instant::now();
                }
                _ = day.tick() => {
                    let feeds = self.feeds.clone();
                    self.work(move |intake| intake.expire(&feeds)).await?;
                }
            }
        }
        tasks.abort_all();
        arriving.close();
        while let Some(arrival) = arriving.recv().await {
            batch.gather(arrival);
        }
        self.add(batch, true).await?;
        self.tally.failing = self.failing.len() as u64;
        Ok(self.tally)
    }

    /// Adds what was gathered, tells of it and remembers it.
    async fn add(&mut self, batch: Batch, is_last: bool) -> Result<(), WatchError> {
        let Batch { mut articles, arrivals, .. } = batch;
        let mut learned = Learned::default();
        let mut replies = Vec::new();
        for arrival in arrivals {
            let Arrival { learned: more, news, stored, .. } = arrival;
            for feed in &more.feeds {
                match feed.failures {
                    0 => self.failing.remove(&feed.feed),
                    _ => self.failing.insert(feed.feed.clone()),
                };
            }
            learned.append(more);
            replies.extend(stored);
            self.tally.rejected += news.iter().filter(|news| matches!(news, News::Rejected(_))).count() as u64;
            news.into_iter().for_each(&mut *self.tell);
        }
        let mut pauses = 0;
        let taken = loop {
            let taken = self.with_intake(move |intake| {
                let taken = intake.take(&mut articles);
                (taken, articles)
            });
            let (taken, rest) = taken.await;
            articles = rest;
            match taken {
                Err(WatchError::Collection(CollectionError::Locked(_))) if !(is_last && pauses >= LAST_PAUSES) => {
                    pauses += 1;
                    if pauses == PAUSES_BEFORE_TOLD {
                        (self.tell)(News::Trouble("another process writes the collection; what has come waits".into()));
                    }
                    tokio::time::sleep(LOCKED_PAUSE).await;
                }
                taken => break taken,
            }
        };
        let is_stored = match taken {
            Ok(taken) => self.told(taken, learned)?,
            Err(error) => {
                self.trouble(&error);
                false
            }
        };
        // Where nobody listens any more, the source has ended.
        for reply in replies {
            let _ = reply.send(is_stored);
        }
        Ok(())
    }

    /// Has the collection worked on, apart from articles that arrive.
    async fn work(
        &mut self,
        work: impl FnOnce(&mut Intake) -> Result<Taken, WatchError> + Send + 'static,
    ) -> Result<(), WatchError> {
        match self.with_intake(work).await {
            Ok(taken) => self.told(taken, Learned::default()).map(|_| ()),
            // It is tried again before long.
            Err(WatchError::Collection(CollectionError::Locked(_))) => Ok(()),
            Err(error) => {
                self.trouble(&error);
                Ok(())
            }
        }
    }

    /// Tells of what was done, and remembers it.
    fn told(&mut self, taken: Taken, mut learned: Learned) -> Result<bool, WatchError> {
        self.in_trouble = false;
        for news in taken.news {
            if let News::Added { added: Added { stored, versions, .. }, .. } = &news {
                self.tally.stored += stored;
                self.tally.versions += versions;
            }
            (self.tell)(news);
        }
        learned.append(taken.learned);
        match self.intake.as_ref().map_or(Ok(()), |intake| intake.memory().learn(&learned)) {
            Ok(()) => Ok(true),
            Err(error) => {
                self.trouble(&error);
                Ok(false)
            }
        }
    }

    /// Tells what went wrong, once until something works again.
    fn trouble(&mut self, error: &WatchError) {
        if !std::mem::replace(&mut self.in_trouble, true) {
            (self.tell)(News::Trouble(format!(
                "what has come cannot be added: {}",
                samestory::wording::one_line(error)
            )));
        }
    }

    /// Runs what takes long where it keeps nobody waiting.
    async fn with_intake<T: Send + 'static>(&mut self, work: impl FnOnce(&mut Intake) -> T + Send + 'static) -> T {
        let Some(mut intake) = self.intake.take() else { unreachable!("it comes back from every work") };
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&mut intake);
            (intake, result)
        });
        match done.await {
            Ok((intake, result)) => {
                self.intake = Some(intake);
                result
            }
            // Only a panic keeps it from coming back.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// How often a locked collection is tried before it is told, and how often at the end.
const PAUSES_BEFORE_TOLD: u32 = 5;
const LAST_PAUSES: u32 = 3;

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
