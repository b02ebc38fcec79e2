//! Where what arrives is gathered, added and told of.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use samestory::article::Article;
use samestory::{Added, CollectionError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use url::Url;

use crate::error::WatchError;
use crate::fetch::shown;
use crate::intake::{Intake, LOCKED_PAUSE, TOLD, Taken};
use crate::memory::{Learned, Memory};
use crate::news::{FeedChange, FeedNews, News};
use crate::poll::{Arrival, Poller};
use crate::settings::WatchSettings;
use crate::watcher::Tally;

/// Articles that are added together.
const BATCH: usize = 1_000;

/// How often it is asked whether a day has passed.
const LOOK_AT_DAY: Duration = Duration::from_secs(600);

/// How often a locked collection is tried before it is told, and how often at the end.
const PAUSES_BEFORE_TOLD: u32 = 5;
const LAST_PAUSES: u32 = 3;

/// What follows the sources.
#[derive(Default)]
pub(crate) struct Tasks {
    pub(crate) running: JoinSet<()>,
    feeds: HashMap<Id, Url>,
    /// Gone when every source has ended.
    pub(crate) poller: Weak<Poller>,
}

impl Tasks {
    /// Follows a feed, after a pause.
    pub(crate) fn follow(&mut self, poller: Arc<Poller>, feed: Url, pause: Duration) {
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
pub(crate) struct Desk<'t> {
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

impl<'t> Desk<'t> {
    pub(crate) fn new(
        intake: Intake,
        memory: Arc<Memory>,
        feeds: Vec<String>,
        settings: Arc<WatchSettings>,
        stop: watch::Receiver<bool>,
        tell: &'t mut dyn FnMut(News) -> std::io::Result<()>,
    ) -> std::io::Result<Desk<'t>> {
        Ok(Desk {
            settle_from: intake.settle_from(),
            writer: Writer::start(intake)?,
            memory,
            feeds,
            settings,
            stop,
            tell,
            tally: Tally::default(),
            failing: HashSet::new(),
            trouble: None,
            untold: None,
        })
    }

    /// Adds and tells of what arrives, until it is told to stop or every source has ended.
    pub(crate) async fn run(
        mut self,
        mut arriving: mpsc::Receiver<Arrival>,
        mut tasks: Tasks,
    ) -> Result<Tally, WatchError> {
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
