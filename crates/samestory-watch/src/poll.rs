//! One feed, asked again and again: what is new in it becomes articles.
//!
//! ```text
//! rest ─ ask ─ entries ─ those not known ─┬─ whole ────────────────┬─ arrivals ─ remembered
//!                                         └─ summary: ask the page ┘
//! ```
//!
//! What the server says of the state of the feed (ETag and the like) is remembered only once everything in it has been taken.
//! Killed before, the feed is read again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use samestory::article::Article;
use samestory::ingest::{FeedEntry, Fetched, ReadSettings, assemble_entries, read_feed};
use tokio::sync::{mpsc, oneshot};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::WatchError;
use crate::fetch::{Answer, Document, Fault, FaultKind, Fetcher, Tags, Wanted};
use crate::memory::{EntryRow, FeedHealth, Learned, Memory, later, now};
use crate::news::{FeedChange, FeedNews, News};
use crate::schedule::{DAY, Outcome, rest};
use crate::settings::WatchSettings;

/// A text shorter than this, in characters, is taken for a summary.
const SUMMARY: usize = 1_000;

/// How often a page is asked for that cannot be had now.
const PAGE_TRIES: u8 = 3;

/// How often an entry that is still shown is noted as seen.
const SEEN_EVERY: i64 = 43_200;

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
    pub(crate) read: ReadSettings,
    pub(crate) settings: Arc<WatchSettings>,
    pub(crate) arrivals: mpsc::Sender<Arrival>,
}

/// The entries of a document that are not known.
#[derive(Default)]
struct Selected {
    ready: Vec<FeedEntry>,
    rows: Vec<(String, EntryRow)>,
    waiting: Vec<Waiting>,
    entries: u64,
    rejected: u64,
    first_rejected: Option<String>,
}

/// An entry that waits for its page.
struct Waiting {
    entry: FeedEntry,
    row: EntryRow,
    page: Url,
}

/// What came of a page.
enum Page {
    Taken(Vec<Article>),
    /// The page cannot be had; the summary was taken.
    Missed(Vec<Article>),
    /// It is tried again with the next round.
    Later(Option<Duration>),
}

impl Poller {
    /// Follows a feed for good, or asks it once.
    pub(crate) async fn follow(self: Arc<Self>, feed: Url) {
        let name = shown(&feed);
        let mut row = match self.memory.feed(&name) {
            Ok(row) => row.unwrap_or_default(),
            Err(error) => return tracing::error!(feed = name, %error, "is not followed"),
        };
        row.feed = name;
        // A clock that was set back keeps no feed waiting for years.
        let due = Duration::from_secs(u64::try_from(row.next - now()).unwrap_or(0)).min(DAY.mul_f64(1.1));
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
            Ok(retry_after) => {
                row.answered = Some(now());
                (row.failures, row.failing_since, row.reason, row.gone) = (0, None, None, false);
                if before.failures > 0 {
                    tell(FeedChange::Answers);
                }
                Outcome { retry_after, ..Outcome::default() }
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
        tracing::debug!(feed = row.feed, failures = row.failures, reason = row.reason, rest = rest.as_secs(), "asked");
        let learned = Learned { feeds: vec![row.clone()], ..Learned::default() };
        deliver(&self.arrivals, Arrival { learned, news, ..Arrival::default() }).await;
        rest
    }

    /// Takes what is new. Tells how long the host asks to be left alone.
    async fn take(&self, feed: &Url, row: &mut FeedHealth) -> Result<Option<Duration>, Fault> {
        let moved = row.moved_to.as_deref().and_then(|to| Url::parse(to).ok());
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
                return Ok(None);
            }
            Answer::Document(document) => document,
        };
        row.bytes += document.bytes.len() as u64;
        if let Some(to) = &document.moved_to {
            row.moved_to = Some(shown(to)).filter(|to| *to != row.feed);
        }
        let digest = xxh3_64(&document.bytes);
        let (etag, last_modified) = (document.etag.clone(), document.last_modified.clone());
        if row.digest == Some(digest) {
            row.unchanged += 1;
            (row.etag, row.last_modified) = (etag, last_modified);
            return Ok(None);
        }
        let selected = self.select(&row.feed, document).await?;
        (row.entries, row.rejected) = (selected.entries, selected.rejected);
        row.first_rejected = selected.first_rejected;
        let Selected { ready, rows, waiting, .. } = selected;
        let mut complete = true;
        if !ready.is_empty() || !rows.is_empty() {
            let articles = self.assemble(&row.feed, ready).await;
            complete &= self.deliver(row, articles, rows).await;
        }
        let mut left_alone = None;
        for Waiting { entry, row: known, page } in waiting {
            if left_alone.is_some() {
                complete = false;
                break;
            }
            let id = entry.id().to_owned();
            let last_try = known.tries + 1 >= PAGE_TRIES;
            let articles = match self.page(&row.feed, entry, &page, last_try).await {
                Page::Taken(articles) => articles,
                Page::Missed(articles) => {
                    row.pages_missed += 1;
                    articles
                }
                Page::Later(retry_after) => {
                    let tried = EntryRow { tries: known.tries + 1, ..known };
                    self.deliver(row, Vec::new(), vec![(id, tried)]).await;
                    complete = false;
                    left_alone = retry_after;
                    continue;
                }
            };
            complete &= self.deliver(row, articles, vec![(id, EntryRow { tries: 0, ..known })]).await;
        }
        // As long as something of this state is missing, it is asked for whole.
        (row.etag, row.last_modified, row.digest) = match complete {
            true => (etag, last_modified, Some(digest)),
            false => (None, None, None),
        };
        Ok(left_alone)
    }

    async fn deliver(&self, row: &mut FeedHealth, articles: Vec<Article>, rows: Vec<(String, EntryRow)>) -> bool {
        let count = articles.len() as u64;
        let learned = Learned { entries: rows, ..Learned::default() };
        let stored = deliver(&self.arrivals, Arrival { articles, learned, ..Arrival::default() }).await;
        if stored && count > 0 {
            row.articles += count;
            row.last_article = Some(now());
        }
        stored
    }

    /// As files are read, but by the clock of now.
    fn read(&self) -> ReadSettings {
        ReadSettings { now: Timestamp::now(), ..self.read.clone() }
    }

    /// The entries that are not known yet, or say something else than before.
    async fn select(&self, feed: &str, document: Document) -> Result<Selected, Fault> {
        let (read, memory) = (self.read(), Arc::clone(&self.memory));
        let (feed, pages) = (feed.to_owned(), self.settings.pages);
        let selected = tokio::task::spawn_blocking(move || select(&feed, &document, pages, &memory, &read)).await;
        let failed = |reason: String| Fault::from(FaultKind::Unreadable(reason));
        match selected {
            Ok(selected) => selected.map_err(failed),
            Err(error) => Err(failed(format!("cannot be read, which is a bug in samestory: {error}"))),
        }
    }

    async fn assemble(&self, feed: &str, entries: Vec<FeedEntry>) -> Vec<Article> {
        let (feed, read) = (feed.to_owned(), self.read());
        let assembled = tokio::task::spawn_blocking(move || {
            let reading = assemble_entries(&feed, entries, &read);
            for rejected in &reading.rejected {
                tracing::warn!(%rejected, "an entry was not taken");
            }
            reading.articles
        });
        assembled.await.unwrap_or_default()
    }

    /// Fetches the page of an entry.
    async fn page(&self, feed: &str, mut entry: FeedEntry, page: &Url, last_try: bool) -> Page {
        let wanted = Wanted {
            address: page,
            known: Tags::default(),
            accept: PAGES,
            most_bytes: self.settings.page_bytes,
            is_page: true,
        };
        let reason = match self.fetcher.fetch(wanted).await {
            Ok(Answer::Document(document)) if is_page(&document) => {
                let read = self.read();
                let taken = tokio::task::spawn_blocking(move || {
                    let taken = entry.take_page(fetched(&document, document.address.as_str()), &read);
                    (entry, taken)
                });
                match taken.await {
                    Ok((entry, Ok(()))) => return Page::Taken(self.assemble(feed, vec![entry]).await),
                    Ok((as_it_was, Err(reason))) => {
                        entry = as_it_was;
                        reason
                    }
                    Err(_) => return Page::Later(None),
                }
            }
            Ok(_) => "is no web page".to_owned(),
            Err(fault) if fault.kind.may_pass() && !last_try => {
                tracing::debug!(page = %page, reason = %fault.kind, "a page is tried again later");
                return Page::Later(fault.retry_after);
            }
            Err(fault) => fault.kind.to_string(),
        };
        tracing::info!(page = %page, reason, "the summary is taken for the page");
        Page::Missed(self.assemble(feed, vec![entry]).await)
    }
}

fn select(
    feed: &str,
    document: &Document,
    pages: bool,
    memory: &Memory,
    read: &ReadSettings,
) -> Result<Selected, String> {
    let found = read_feed(fetched(document, feed), read)?;
    let mut selected = Selected {
        entries: found.entries.len() as u64,
        rejected: found.rejected.len() as u64,
        first_rejected: found.rejected.first().map(ToString::to_string),
        ..Selected::default()
    };
    let feed_host = document.address.host_str().unwrap_or_default().to_owned();
    let feed_number = xxh3_64(feed.as_bytes());
    let seen = now();
    let mut ids = HashSet::new();
    for mut entry in found.entries {
        let digest = entry.digest();
        let address = entry.address().and_then(|address| Url::parse(address).ok());
        let host = address.as_ref().and_then(Url::host_str).unwrap_or(&feed_host).to_owned();
        let host_number = xxh3_64(host.as_bytes());
        if ids.contains(entry.id()) {
            // Two states of one entry, both of which are shown.
            let name = format!("{}#{digest:016x}", entry.id());
            entry.rename(name);
        }
        let mut known = look_up(memory, &entry)?;
        if known.is_some_and(|known| known.host != host_number) && !names_the_world_over(entry.id()) {
            // An id such as `118` that another outlet uses too.
            let name = format!("{host}/{}", entry.id());
            entry.rename(name);
            known = look_up(memory, &entry)?;
        }
        if !ids.insert(entry.id().to_owned()) {
            continue;
        }
        let length = entry.length() as u64;
        let row = EntryRow { digest, length, feed: feed_number, host: host_number, seen, tries: 0 };
        let id = || entry.id().to_owned();
        match known {
            Some(known) if known.tries > 0 && known.digest == digest => {
                if let Some(page) = page_of(pages, length, address) {
                    selected.waiting.push(Waiting { entry, row: EntryRow { tries: known.tries, ..row }, page });
                    continue;
                }
            }
            // Of an entry that several feeds show, the longest text counts.
            Some(known) if known.digest == digest || (known.feed != feed_number && length <= known.length) => {
                if seen - known.seen > SEEN_EVERY {
                    selected.rows.push((id(), EntryRow { seen, ..known }));
                }
                continue;
            }
            _ => {
                if let Some(page) = page_of(pages, length, address) {
                    selected.waiting.push(Waiting { entry, row, page });
                    continue;
                }
            }
        }
        selected.rows.push((id(), row));
        selected.ready.push(entry);
    }
    Ok(selected)
}

fn look_up(memory: &Memory, entry: &FeedEntry) -> Result<Option<EntryRow>, String> {
    memory.entry(entry.id()).map_err(|error: WatchError| samestory::wording::one_line(&error))
}

/// The page to fetch for an entry, if its feed has no more than a summary.
fn page_of(pages: bool, length: u64, address: Option<Url>) -> Option<Url> {
    let is_web = |address: &Url| matches!(address.scheme(), "http" | "https");
    address.filter(is_web).filter(|_| pages && length < SUMMARY as u64)
}

/// Whether no two outlets can mean different things by an id: an address, or one of the forms made for it.
fn names_the_world_over(id: &str) -> bool {
    id.contains("://") || id.starts_with("tag:") || id.starts_with("urn:")
}

fn fetched<'d>(document: &'d Document, address: &'d str) -> Fetched<'d> {
    Fetched { address, bytes: &document.bytes, charset: document.charset.as_deref() }
}

fn is_page(document: &Document) -> bool {
    document.kind.as_deref().is_none_or(|kind| matches!(kind, "text/html" | "application/xhtml+xml"))
}

/// An address as it may be shown and stored: without a password.
pub(crate) fn shown(address: &Url) -> String {
    let mut address = address.clone();
    // Both can fail only for addresses without a host.
    let _ = address.set_password(None);
    let _ = address.set_username("");
    address.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = "https://valley.example/rss";

    fn document(entries: &[(&str, &str, &str)]) -> Document {
        let item = |(id, link, text): &(&str, &str, &str)| {
            format!(
                "<item><title>Bridge shut {id}</title><guid>{id}</guid><link>{link}</link><description>{text}</description></item>"
            )
        };
        let items: String = entries.iter().map(item).collect();
        Document {
            address: Url::parse(FEED).expect("an address"),
            moved_to: None,
            bytes: format!("<rss version=\"2.0\"><channel><title>Valley</title>{items}</channel></rss>").into_bytes(),
            kind: None,
            charset: None,
            etag: None,
            last_modified: None,
        }
    }

    fn ids(memory: &Memory, feed: &str, entries: &[(&str, &str, &str)]) -> Vec<String> {
        let selected = select(feed, &document(entries), false, memory, &ReadSettings::default()).expect("a feed");
        let learned = Learned { entries: selected.rows, ..Learned::default() };
        memory.learn(&learned).expect("learned");
        selected.ready.iter().map(|entry| entry.id().to_owned()).collect()
    }

    #[test]
    fn what_is_known_is_not_taken_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::open(folder.path()).expect("a memory");
        let first = [("a", "https://valley.example/a", "One."), ("b", "https://valley.example/b", "Two.")];
        assert_eq!(ids(&memory, FEED, &first), ["a", "b"]);
        assert!(ids(&memory, FEED, &first).is_empty());
        assert_eq!(ids(&memory, FEED, &[("a", "https://valley.example/a", "One, corrected.")]), ["a"]);
        // The same entry in another feed of the outlet, cut shorter there.
        assert!(ids(&memory, "https://valley.example/county", &[("a", "https://valley.example/a", "One")]).is_empty());
        let longer = [("a", "https://valley.example/a", "One, corrected, and in full.")];
        assert_eq!(ids(&memory, "https://valley.example/county", &longer), ["a"]);
        assert!(ids(&memory, FEED, &[("a", "https://valley.example/a", "One, corrected.")]).is_empty());
    }

    #[test]
    fn ids_that_several_use_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::open(folder.path()).expect("a memory");
        assert_eq!(ids(&memory, FEED, &[("118", "https://valley.example/a", "One.")]), ["118"]);
        let other = [("118", "https://quay.example/x", "Two.")];
        assert_eq!(ids(&memory, "https://quay.example/rss", &other), ["quay.example/118"]);
        assert!(ids(&memory, "https://quay.example/rss", &other).is_empty(), "it keeps its name");
        // Two states of one entry in one document, in any order.
        let twice = [("7", "https://valley.example/c", "Old."), ("7", "https://valley.example/c", "New.")];
        let names = ids(&memory, FEED, &twice);
        assert!(names[0] == "7" && names[1].starts_with("7#"), "{names:?}");
        assert!(ids(&memory, FEED, &twice).is_empty());
    }

    #[test]
    fn a_password_is_not_shown() {
        let address = Url::parse("https://reader:secret@valley.example/rss").expect("an address");
        assert_eq!(shown(&address), "https://valley.example/rss");
    }
}
