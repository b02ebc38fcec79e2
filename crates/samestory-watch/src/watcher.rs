//! Everything that is watched, until it is told to stop.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use samestory::article::Article;
use samestory::ingest::ReadSettings;
use samestory::{Added, Collection, CollectionError, Settings};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use url::Url;

use crate::error::WatchError;
use crate::fetch::{Fetcher, shown};
use crate::intake::{Intake, LOCKED_PAUSE, TOLD, Taken};
use crate::memory::{Learned, Memory};
use crate::news::{FeedChange, FeedNews, News};
use crate::notify::notify;
use crate::poll::{Arrival, Claims, Poller};
use crate::reach::RESOLVING;
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

/// Feeds and pages that are read at once.
const READING: usize = 3;

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
            let desk = Desk {
                settle_from: intake.settle_from(),
                writer: Writer::start(intake)?,
                memory: remembered,
                feeds,
                settings,
                stop,
                tell,
                tally: Tally::default(),
                failing: HashSet::new(),
                trouble: None,
                untold: None,
            };
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

/// What follows the sources.
#[derive(Default)]
struct Tasks {
    running: JoinSet<()>,
    feeds: HashMap<Id, Url>,
    /// Gone when every source has ended.
    poller: Weak<Poller>,
}

impl Tasks {
    fn follow(&mut self, poller: Arc<Poller>, feed: Url, pause: Duration) {
        let (name, followed) = (feed.clone(), feed);
        let task = self.running.spawn(async move {
            tokio::time::sleep(pause).await;
            poller.follow(followed).await;
        });
        self.feeds.insert(task.id(), name);
    }

    /// Follows a feed again whose task has ended by a mistake of ours, and tells it.
    fn mend(&mut self, ended: Result<(Id, ()), JoinError>, pause: Duration) -> Option<News> {
        let error = match ended {
            Ok((id, ())) => {
                self.feeds.remove(&id);
                return None;
            }
            Err(error) => error,
        };
        let feed = self.feeds.remove(&error.id());
        let name = feed.as_ref().map_or("a folder".to_owned(), shown);
        if let (Some(feed), Some(poller)) = (feed, self.poller.upgrade()) {
            self.follow(poller, feed, pause);
        }
        Some(News::Trouble(format!("{name} could not be followed, which is a bug in samestory: {error}")))
    }
}

/// Where arrivals are gathered, added and told of.
struct Desk<'t> {
    writer: Writer,
    memory: Arc<Memory>,
    /// When all stories may be decided together; none where they are.
    settle_from: Option<Instant>,
    feeds: Vec<String>,
    settings: Arc<WatchSettings>,
    stop: watch::Receiver<bool>,
    tell: &'t mut dyn FnMut(News) -> std::io::Result<()>,
    tally: Tally,
    /// Feeds that fail.
    failing: HashSet<String>,
    /// What could not be done last, which was told.
    trouble: Option<WatchError>,
    /// Why nothing can be told any more.
    untold: Option<std::io::Error>,
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
    async fn run(mut self, mut arriving: mpsc::Receiver<Arrival>, mut tasks: Tasks) -> Result<Tally, WatchError> {
        let mut stop = self.stop.clone();
        let mut batch = Batch::default();
        let mut last_arrival = Instant::now();
        let mut day = tokio::time::interval(LOOK_AT_DAY);
        while self.untold.is_none() {
            let add_at = batch.since.map(|since| since + self.settings.gather);
            let settle_at = self.settle_from.map(|from| from.max(last_arrival + self.settings.settle));
            tokio::select! {
                biased;
                Ok(_) = stop.wait_for(|stop| *stop) => break,
                Some(ended) = tasks.running.join_next_with_id() => {
                    let news = tasks.mend(ended, self.settings.every);
                    news.into_iter().for_each(|news| self.say(news));
                }
                () = tokio::time::sleep_until(add_at.unwrap_or(last_arrival)), if add_at.is_some() => {
                    self.add(std::mem::take(&mut batch)).await;
                }
                arrival = arriving.recv() => {
                    let Some(arrival) = arrival else { break };
                    if !arrival.articles.is_empty() {
                        last_arrival = Instant::now();
                    }
                    batch.gather(arrival);
                    if batch.articles.len() >= BATCH {
                        self.add(std::mem::take(&mut batch)).await;
                    }
                }
                () = tokio::time::sleep_until(settle_at.unwrap_or(last_arrival)), if settle_at.is_some() && add_at.is_none() => {
                    self.work(Intake::settle).await;
                    last_arrival = Instant::now();
                }
                _ = day.tick() => {
                    let feeds = self.feeds.clone();
                    self.work(move |intake| intake.expire(&feeds)).await;
                }
            }
        }
        tasks.running.abort_all();
        arriving.close();
        while let Some(arrival) = arriving.recv().await {
            batch.gather(arrival);
        }
        if self.untold.is_none() {
            self.add(batch).await;
        }
        self.tally.failing = self.failing.len() as u64;
        match (self.untold, self.trouble) {
            (Some(error), _) => Err(WatchError::Told(error)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(self.tally),
        }
    }

    /// Tells something, unless nobody listens any more.
    fn say(&mut self, news: News) {
        if self.untold.is_none() {
            self.untold = (self.tell)(news).err();
        }
    }

    /// Adds what was gathered, tells of it and remembers it.
    async fn add(&mut self, batch: Batch) {
        let Batch { mut articles, arrivals, .. } = batch;
        let is_news = !articles.is_empty();
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
            for news in news {
                self.tally.rejected += match &news {
                    News::Rejected(_) => 1,
                    News::Feed(FeedNews { what: FeedChange::Broken { entries, .. }, .. }) => *entries,
                    _ => 0,
                };
                self.say(news);
            }
        }
        let mut pauses = 0;
        let mut last_pauses = 0;
        let taken = loop {
            let taken = self.with_intake(move |intake| {
                let taken = intake.take(&mut articles);
                (taken, articles)
            });
            let (taken, rest) = taken.await;
            articles = rest;
            let is_locked = matches!(taken, Err(WatchError::Collection(CollectionError::Locked(_))));
            if !is_locked || last_pauses == LAST_PAUSES {
                break taken;
            }
            pauses += 1;
            last_pauses += u32::from(*self.stop.borrow());
            if pauses == PAUSES_BEFORE_TOLD {
                self.say(News::Trouble("another process writes the collection; what has come waits".into()));
            }
            let mut stop = self.stop.clone();
            tokio::select! {
                () = tokio::time::sleep(LOCKED_PAUSE) => (),
                Ok(_) = stop.wait_for(|stop| *stop), if last_pauses == 0 => (),
            }
        };
        let is_stored = match taken {
            Ok(taken) => {
                if is_news {
                    self.trouble = None;
                }
                self.told(taken, learned)
            }
            Err(error) => {
                self.trouble(error);
                false
            }
        };
        for reply in replies {
            // Where nobody listens any more, the source has ended.
            let _ = reply.send(is_stored);
        }
    }

    /// Has the collection worked on, apart from articles that arrive.
    async fn work(&mut self, work: impl FnOnce(&mut Intake) -> Result<Taken, WatchError> + Send + 'static) {
        match self.with_intake(work).await {
            Ok(taken) => drop(self.told(taken, Learned::default())),
            // It is tried again before long.
            Err(WatchError::Collection(CollectionError::Locked(_))) => (),
            Err(error) => self.trouble(error),
        }
    }

    /// Tells of what was done, and remembers it; what could not be told is told after the next start.
    fn told(&mut self, taken: Taken, mut learned: Learned) -> bool {
        for news in taken.news {
            if let News::Added { added: Added { stored, versions, .. }, .. } = &news {
                self.tally.stored += stored;
                self.tally.versions += versions;
            }
            self.say(news);
        }
        learned.append(taken.learned);
        if self.untold.is_some() {
            learned.numbers.retain(|(name, _)| *name != TOLD);
        }
        match self.memory.learn(&learned) {
            Ok(()) => {
                if matches!(self.trouble, Some(WatchError::Memory { .. })) {
                    self.trouble = None;
                }
                true
            }
            Err(error) => {
                self.trouble(error);
                false
            }
        }
    }

    /// Tells what went wrong, once until something works again.
    fn trouble(&mut self, error: WatchError) {
        if self.trouble.is_none() {
            let told = format!("what has come cannot be added: {}", samestory::wording::one_line(&error));
            self.say(News::Trouble(told));
        }
        self.trouble = Some(error);
    }

    /// Has the one thread that writes do something.
    async fn with_intake<T: Send + 'static>(&mut self, work: impl FnOnce(&mut Intake) -> T + Send + 'static) -> T {
        let (reply, done) = oneshot::channel();
        let job = move |intake: &mut Intake| {
            // Who has asked waits for it.
            let _ = reply.send((work(intake), intake.settle_from()));
        };
        let _ = self.writer.jobs.send(Box::new(job));
        match done.await {
            Ok((result, settle_from)) => {
                self.settle_from = settle_from;
                result
            }
            // It ends early by a panic only.
            Err(_) => match self.writer.thread.take().map(JoinHandle::join) {
                Some(Err(panic)) => std::panic::resume_unwind(panic),
                _ => unreachable!("the thread that writes has ended"),
            },
        }
    }
}

type Job = Box<dyn FnOnce(&mut Intake) + Send>;

/// The one thread that writes. It is always the same one, since each thread keeps the words that it has met.
struct Writer {
    jobs: std::sync::mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(mut intake: Intake) -> std::io::Result<Writer> {
        let (jobs, waiting) = std::sync::mpsc::channel::<Job>();
        let work = move || waiting.iter().for_each(|job| job(&mut intake));
        let thread = std::thread::Builder::new().name("writer".into()).spawn(work)?;
        Ok(Writer { jobs, thread: Some(thread) })
    }
}

/// How often a locked collection is tried before it is told, and how often at the end.
const PAUSES_BEFORE_TOLD: u32 = 5;
const LAST_PAUSES: u32 = 3;
