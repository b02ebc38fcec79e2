//! One feed, asked again and again: what is new in it becomes articles.
//!
//! ```text
//! rest ─ ask ─ entries ─ those not known ─┬─ whole ────────────────┬─ arrivals ─ remembered
//!                                         └─ summary: ask the page ┘
//! ```
//!
//! What the server says of the state of the feed (ETag and the like) is remembered only once everything in it has been taken.
//! Killed before, the feed is read again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use samestory::article::Article;
use samestory::ingest::{FeedEntry, ReadSettings, assemble_entries};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinError;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::{Answer, Document, Fault, FaultKind, Fetcher, Tags, Wanted, shown, with_password_of};
use crate::memory::{EntryRow, FeedHealth, Learned, Memory, later, now};
use crate::news::{FeedChange, FeedNews, News};
use crate::schedule::{DAY, Outcome, rest};
use crate::selection::{Claims, Selected, Waiting, select};
use crate::settings::WatchSettings;

/// How often a page is asked for that cannot be had now.
const PAGE_TRIES: u8 = 3;

/// How long pages are asked for in one round, at least; the rest has to wait for the next.
const LEAST_FOR_PAGES: Duration = Duration::from_secs(600);

/// How long is waited where what is remembered cannot be read.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// A feed that has moved and fails so often there is asked at its first address again.
const FAILURES_AFTER_MOVE: u32 = 3;

const FEEDS: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5";
const PAGES: &str = "text/html, application/xhtml+xml, */*;q=0.1";

/// What came from a source, to be added and then remembered.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    pub(crate) articles: Vec<Article>,
    pub(crate) learned: Learned,
    pub(crate) news: Vec<News>,
    /// Told whether all of it was stored.
    pub(crate) stored: Option<oneshot::Sender<bool>>,
}

/// Hands over what has come and waits until it is stored.
pub(crate) async fn deliver(arrivals: &mpsc::Sender<Arrival>, arrival: Arrival) -> bool {
    let (stored, told) = oneshot::channel();
    match arrivals.send(Arrival { stored: Some(stored), ..arrival }).await {
        Ok(()) => told.await.unwrap_or(false),
        Err(_) => false,
    }
}

/// Follows feeds.
#[derive(Debug)]
pub(crate) struct Poller {
    pub(crate) fetcher: Fetcher,
    pub(crate) memory: Arc<Memory>,
    pub(crate) claims: Claims,
    pub(crate) read: ReadSettings,
    pub(crate) settings: Arc<WatchSettings>,
    pub(crate) arrivals: mpsc::Sender<Arrival>,
    /// Feeds and pages that are read at once.
    pub(crate) reading: Arc<Semaphore>,
}

/// What came of a page.
enum Page {
    /// The entry with its text.
    Taken(FeedEntry),
    /// The page cannot be had: the summary has to do.
    Missed(FeedEntry),
    /// It is tried again with the next round; the summary does meanwhile.
    Later(FeedEntry),
}

impl Poller {
    /// Follows a feed for good, or asks it once.
    pub(crate) async fn follow(self: Arc<Self>, feed: Url) {
        let name = shown(&feed);
        let mut row = loop {
            match self.memory.feed(&name) {
                Ok(row) => break row.unwrap_or_default(),
                Err(error) => tracing::error!(feed = name, %error, "what is remembered of a feed cannot be read"),
            }
            if self.settings.once {
                return;
            }
            tokio::time::sleep(READ_AGAIN).await;
        };
        row.feed = name;
        let due = Duration::from_secs(u64::try_from(row.next - now()).unwrap_or(0));
        // No feed is due so late: the clock was set back.
        let due = if due > DAY.mul_f64(1.1) { Duration::ZERO } else { due };
        if self.settings.once && row.failures > 0 && !due.is_zero() {
            return;
        }
        if !self.settings.once {
            tokio::time::sleep(due).await;
        }
        loop {
            let rest = self.poll(&feed, &mut row).await;
            if self.settings.once {
                return;
            }
            tokio::time::sleep(rest).await;
        }
    }

    /// Asks a feed once, takes what is new and tells how long it rests.
    async fn poll(&self, feed: &Url, row: &mut FeedHealth) -> Duration {
        let before = row.clone();
        row.rounds += 1;
        row.asked = Some(now());
        let mut news = Vec::new();
        let mut tell = |what| news.push(News::Feed(FeedNews { feed: before.feed.clone(), what }));
        let taken = self.take(feed, row).await;
        let outcome = match taken {
            Ok(()) => {
                row.answered = Some(now());
                (row.failures, row.failing_since, row.reason, row.gone) = (0, None, None, false);
                if before.failures > 0 {
                    tell(FeedChange::Answers);
                }
                Outcome::default()
            }
            // It was another address of the host that was answered so.
            Err(Fault { kind: FaultKind::Resting, retry_after }) => {
                *row = before;
                return retry_after.unwrap_or(self.settings.every);
            }
            Err(fault) => {
                let asked = (row.rounds, row.asked);
                *row = FeedHealth { failures: before.failures.saturating_add(1), ..before.clone() };
                (row.rounds, row.asked) = asked;
                row.gone = matches!(&fault.kind, FaultKind::Status(status) if *status == reqwest::StatusCode::GONE);
                row.failing_since = before.failing_since.or(row.asked);
                row.reason = Some(fault.kind.to_string());
                if row.failures >= FAILURES_AFTER_MOVE {
                    row.moved_to = None;
                }
                Outcome { failures: row.failures, retry_after: fault.retry_after, gone: row.gone }
            }
        };
        let rest = rest(&row.feed, row.rounds, self.settings.every, outcome);
        row.next = later(now(), rest);
        if let (Some(reason), 0) = (&row.reason, before.failures) {
            tell(FeedChange::Fails { reason: reason.clone(), again_in: rest.as_secs() });
        }
        if let (Some(first), 0) = (&row.first_rejected, before.rejected) {
            tell(FeedChange::Broken { entries: row.rejected, first: first.clone() });
        }
        if let Some(to) = row.moved_to.as_ref().filter(|to| before.moved_to.as_ref() != Some(to)) {
            tell(FeedChange::Moved { to: to.clone() });
        }
        let learned = Learned { feeds: vec![row.clone()], ..Learned::default() };
        deliver(&self.arrivals, Arrival { learned, news, ..Arrival::default() }).await;
        rest
    }

    /// Takes what is new.
    async fn take(&self, feed: &Url, row: &mut FeedHealth) -> Result<(), Fault> {
        let mut moved = row.moved_to.as_deref().and_then(|to| Url::parse(to).ok());
        moved.iter_mut().for_each(|to| with_password_of(feed, to));
        let wanted = Wanted {
            address: moved.as_ref().unwrap_or(feed),
            known: Tags { etag: row.etag.as_deref(), last_modified: row.last_modified.as_deref() },
            accept: FEEDS,
            most_bytes: self.settings.feed_bytes,
            is_page: false,
        };
        let document = match self.fetcher.fetch(wanted).await? {
            Answer::Unchanged => {
                row.unchanged += 1;
                return Ok(());
            }
            Answer::Document(document) => document,
        };
        row.bytes += document.bytes.len() as u64;
        if let Some(to) = &document.moved_to {
            // Its password is for its host alone.
            let keeps_password = feed.password().is_none() || to.origin() == feed.origin();
            row.moved_to = Some(shown(to)).filter(|to| keeps_password && *to != row.feed);
        }
        let digest = xxh3_64(&document.bytes);
        let (etag, last_modified) = (document.etag.clone(), document.last_modified.clone());
        if row.digest == Some(digest) {
            row.unchanged += 1;
            (row.etag, row.last_modified) = (etag, last_modified);
            return Ok(());
        }
        let Selected { ready, rows, claim, waiting, entries, rejected } = self.select(&row.feed, document).await?;
        row.read = Some(now());
        (row.entries, row.rejected) = (entries, rejected.len() as u64);
        row.first_rejected = rejected.first().map(ToString::to_string);
        let mut complete = (ready.is_empty() && rows.is_empty()) || self.store(row, ready, rows).await;
        drop(claim);
        let until = Instant::now() + self.settings.every.max(LEAST_FOR_PAGES);
        for Waiting { entry, row: known, page, claim: _claim } in waiting {
            let last_try = known.tries.saturating_add(1) >= PAGE_TRIES;
            let had_page = match Instant::now() < until {
                true => self.page(entry, &page, last_try).await,
                false => Page::Later(entry),
            };
            // The summary was taken with the first try.
            let is_first = known.tries == 0;
            let id = |entry: &FeedEntry| entry.id().to_owned();
            let stored = match had_page {
                Page::Taken(entry) => {
                    let length = known.length.max(entry.length() as u64);
                    let done = (id(&entry), EntryRow { tries: 0, length, ..known });
                    self.store(row, vec![entry], vec![done]).await
                }
                Page::Missed(entry) => {
                    row.pages_missed += 1;
                    let done = (id(&entry), EntryRow { tries: 0, ..known });
                    self.store(row, if is_first { vec![entry] } else { Vec::new() }, vec![done]).await
                }
                Page::Later(entry) => {
                    complete = false;
                    let tried = (id(&entry), EntryRow { tries: known.tries.saturating_add(1), ..known });
                    self.store(row, if is_first { vec![entry] } else { Vec::new() }, vec![tried]).await
                }
            };
            if !stored {
                // What cannot be stored now need not be fetched.
                complete = false;
                break;
            }
        }
        // As long as something of this state is missing, it is asked for whole.
        (row.etag, row.last_modified, row.digest) = match complete {
            true => (etag, last_modified, Some(digest)),
            false => (None, None, None),
        };
        Ok(())
    }

    /// Makes articles of entries and hands them over; tells whether they were stored.
    async fn store(&self, row: &mut FeedHealth, entries: Vec<FeedEntry>, rows: Vec<(String, EntryRow)>) -> bool {
        let (feed, read) = (row.feed.clone(), self.read());
        let Ok(reading) = self.reading(move || assemble_entries(&feed, entries, &read)).await else {
            tracing::error!(feed = row.feed, "entries cannot be read, which is a bug in samestory");
            return false;
        };
        row.rejected += reading.rejected.len() as u64;
        if let (None, Some(first)) = (&row.first_rejected, reading.rejected.first()) {
            row.first_rejected = Some(first.to_string());
        }
        let (articles, count) = (reading.articles, row.articles);
        row.articles += articles.len() as u64;
        let learned = Learned { entries: rows, ..Learned::default() };
        let stored = deliver(&self.arrivals, Arrival { articles, learned, ..Arrival::default() }).await;
        match stored {
            true if row.articles > count => row.last_article = Some(now()),
            true => (),
            false => row.articles = count,
        }
        stored
    }

    /// Reads something where it keeps no request waiting.
    async fn reading<T: Send + 'static>(&self, read: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
        // It is never closed.
        let _turn = self.reading.acquire().await;
        tokio::task::spawn_blocking(read).await
    }

    /// As files are read, but by the clock of now.
    fn read(&self) -> ReadSettings {
        ReadSettings { now: Timestamp::now(), ..self.read.clone() }
    }

    /// The entries that are not known yet, or say something else than before.
    async fn select(&self, feed: &str, document: Box<Document>) -> Result<Selected, Fault> {
        let (read, memory, claims) = (self.read(), Arc::clone(&self.memory), self.claims.clone());
        let (feed, pages) = (feed.to_owned(), self.settings.pages);
        let selected = self.reading(move || select(&feed, &document, pages, &memory, &claims, &read)).await;
        let failed = |reason: String| Fault::from(FaultKind::Unreadable(reason));
        match selected {
            Ok(selected) => selected.map_err(failed),
            Err(error) => Err(failed(format!("cannot be read, which is a bug in samestory: {error}"))),
        }
    }

    /// Fetches the page of an entry.
    async fn page(&self, entry: FeedEntry, page: &Url, last_try: bool) -> Page {
        let wanted = Wanted {
            address: page,
            known: Tags::default(),
            accept: PAGES,
            most_bytes: self.settings.page_bytes,
            is_page: true,
        };
        let (entry, reason) = match self.fetcher.fetch(wanted).await {
            Ok(Answer::Document(document)) if is_page(&document) => {
                let (read, mut with_page) = (self.read(), entry.clone());
                let taken = self.reading(move || {
                    let taken = with_page.take_page(document.as_fetched(document.address.as_str()), &read);
                    taken.map(|()| with_page)
                });
                match taken.await {
                    Ok(Ok(entry)) => return Page::Taken(entry),
                    Ok(Err(reason)) => (entry, reason),
                    Err(error) => (entry, format!("cannot be read, which is a bug in samestory: {error}")),
                }
            }
            Ok(_) => (entry, "is no web page".to_owned()),
            Err(fault) if fault.kind.may_pass() && !last_try => {
                tracing::debug!(page = shown(page), reason = %fault.kind, "a page is tried again later");
                return Page::Later(entry);
            }
            Err(fault) => (entry, fault.kind.to_string()),
        };
        tracing::info!(page = shown(page), reason, "the summary is taken for the page");
        Page::Missed(entry)
    }
}

fn is_page(document: &Document) -> bool {
    document.kind.as_deref().is_none_or(|kind| matches!(kind, "text/html" | "application/xhtml+xml"))
}
