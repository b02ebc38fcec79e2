//! What is remembered across restarts: of feeds how they are, of entries and files that they were taken.
//!
//! *Design.* It is a store of its own in the folder of the collection, `watch.redb`. What is remembered is written after the
//! articles are durable, never before. Killed in between, entries are taken again, which the collection knows to be nothing
//! new. Whoever asks how feeds are reads beside the one that watches.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, TableDefinition, TableError,
};
use samestory::instant;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::WatchError;

/// Feeds by address, as JSON.
const FEEDS: TableDefinition<&str, &[u8]> = TableDefinition::new("feeds");
/// Entries by id: digest, length, feed, host, last seen, tries at its page.
const ENTRIES: TableDefinition<&str, (u64, u64, u64, u64, i64, u8)> = TableDefinition::new("entries");
/// Files by path: length, seconds and nanoseconds of their last change.
const FILES: TableDefinition<&str, (u64, i64, u32)> = TableDefinition::new("files");
/// Stories that were notified of, and when.
const NOTIFIED: TableDefinition<&str, i64> = TableDefinition::new("notified");
/// Numbers by name.
const NUMBERS: TableDefinition<&str, i64> = TableDefinition::new("numbers");

/// Memory that pages of the store are kept in.
const CACHE_BYTES: usize = 16 << 20;

/// How long an entry is remembered that its feed does not show any more.
const KEPT: i64 = 60 * 86_400;

/// How a feed is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedHealth {
    /// Its address, as it was named, without a password.
    pub feed: String,
    /// Where it has moved to for good.
    pub moved_to: Option<String>,
    /// Seconds since 1970 when it was last asked.
    pub asked: Option<i64>,
    /// When it last answered as it should.
    pub answered: Option<i64>,
    /// When its entries were last read, and not only known to be unchanged.
    pub(crate) read: Option<i64>,
    /// When it is asked next.
    pub next: i64,
    /// How often it was asked.
    pub rounds: u64,
    /// How often it said that nothing has changed.
    pub unchanged: u64,
    /// How often in a row it has failed.
    pub failures: u32,
    /// Since when it fails.
    pub failing_since: Option<i64>,
    /// Why it fails.
    pub reason: Option<String>,
    /// The server says that it is no more.
    pub gone: bool,
    /// Entries that it had last.
    pub entries: u64,
    /// How many of these could not be read, and why the first could not.
    pub rejected: u64,
    /// Why the first of these could not be read.
    pub first_rejected: Option<String>,
    /// Articles that were taken from it, new states included.
    pub articles: u64,
    /// Pages of its entries that could not be had, so that the summary was taken.
    pub pages_missed: u64,
    /// When an article was last taken from it.
    pub last_article: Option<i64>,
    /// Bytes that it sent, after decompression.
    pub bytes: u64,
    /// What the server said of its last state.
    pub(crate) etag: Option<String>,
    /// When the server said that it was last changed.
    pub(crate) last_modified: Option<String>,
    /// The last state by its bytes, where the server does not tell one state from another.
    pub(crate) digest: Option<u64>,
}

impl FeedHealth {
    /// `new`, `ok`, `failing`, or `gone` where the server says that it is no more.
    pub fn state(&self) -> &'static str {
        match self {
            FeedHealth { gone: true, .. } => "gone",
            FeedHealth { failures: 1.., .. } => "failing",
            FeedHealth { answered: None, .. } => "new",
            _ => "ok",
        }
    }
}

/// How a feed is, as JSON tells it. Times are RFC 3339.
#[derive(Debug, Serialize)]
pub struct FeedRow<'f> {
    feed: &'f str,
    state: &'static str,
    moved_to: Option<&'f str>,
    asked: Option<String>,
    answered: Option<String>,
    next: String,
    rounds: u64,
    unchanged: u64,
    failures: u32,
    failing_since: Option<String>,
    reason: Option<&'f str>,
    entries: u64,
    rejected: u64,
    first_rejected: Option<&'f str>,
    articles: u64,
    pages_missed: u64,
    last_article: Option<String>,
    bytes: u64,
}

impl<'f> From<&'f FeedHealth> for FeedRow<'f> {
    fn from(feed: &'f FeedHealth) -> Self {
        FeedRow {
            feed: &feed.feed,
            state: feed.state(),
            moved_to: feed.moved_to.as_deref(),
            asked: feed.asked.map(instant),
            answered: feed.answered.map(instant),
            next: instant(feed.next),
            rounds: feed.rounds,
            unchanged: feed.unchanged,
            failures: feed.failures,
            failing_since: feed.failing_since.map(instant),
            reason: feed.reason.as_deref(),
            entries: feed.entries,
            rejected: feed.rejected,
            first_rejected: feed.first_rejected.as_deref(),
            articles: feed.articles,
            pages_missed: feed.pages_missed,
            last_article: feed.last_article.map(instant),
            bytes: feed.bytes,
        }
    }
}

/// What is remembered of an entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EntryRow {
    /// What it said.
    pub(crate) digest: u64,
    /// Characters of its text in the feed.
    pub(crate) length: u64,
    /// The feed that it was taken from.
    pub(crate) feed: u64,
    /// The host of its address, or of its feed.
    pub(crate) host: u64,
    /// When it was last seen there.
    pub(crate) seen: i64,
    /// How often its page could not be had; the entry is not done as long as it is tried.
    pub(crate) tries: u8,
}

/// A file as it was read.
pub(crate) type FileRow = (u64, i64, u32);

/// What is to be remembered together.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    pub(crate) feeds: Vec<FeedHealth>,
    pub(crate) entries: Vec<(String, EntryRow)>,
    pub(crate) files: Vec<(String, FileRow)>,
    pub(crate) notified: Vec<(String, i64)>,
    pub(crate) numbers: Vec<(&'static str, i64)>,
}

impl Learned {
    /// Adds what is to be remembered too.
    pub(crate) fn append(&mut self, mut more: Learned) {
        self.feeds.append(&mut more.feeds);
        self.entries.append(&mut more.entries);
        self.files.append(&mut more.files);
        self.notified.append(&mut more.notified);
        self.numbers.append(&mut more.numbers);
    }
}

/// The store of what is remembered, open for writing.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    /// None where it has failed, and is to be opened again: redb takes nothing more after a write that failed.
    database: Mutex<Option<Database>>,
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_concurrency_mode(ConcurrencyMode::SingleWriter).set_cache_size(CACHE_BYTES);
    builder
}

impl Memory {
    /// Opens what is remembered for a collection, or begins to remember.
    pub(crate) fn open(collection: &Path) -> Result<Memory, WatchError> {
        std::fs::create_dir_all(collection)?;
        let path = samestory::watch_file(collection);
        let database = match builder().create(&path) {
            Err(DatabaseError::DatabaseAlreadyOpen) => return Err(WatchError::Watched(collection.to_owned())),
            opened => opened.map_err(|error| failed(&path, error))?,
        };
        let memory = Memory { path, database: Mutex::new(Some(database)) };
        memory.write(|_| Ok(()))?;
        Ok(memory)
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, WatchError> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match database.take() {
            Some(open) => open,
            None => builder().create(&self.path).map_err(|error| failed(&self.path, error))?,
        };
        let done = work(&open).map_err(|error| failed(&self.path, error))?;
        *database = Some(open);
        Ok(done)
    }

    fn write(&self, change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>) -> Result<(), WatchError> {
        self.with(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_quick_repair(true);
            // Opening a table makes it.
            transaction.open_table(FEEDS)?;
            transaction.open_table(ENTRIES)?;
            transaction.open_table(FILES)?;
            transaction.open_table(NOTIFIED)?;
            transaction.open_table(NUMBERS)?;
            change(&transaction)?;
            Ok(transaction.commit()?)
        })
    }

    fn read<T>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>) -> Result<T, WatchError> {
        self.with(|database| read(&database.begin_read()?))
    }

    /// What is remembered of a feed.
    pub(crate) fn feed(&self, address: &str) -> Result<Option<FeedHealth>, WatchError> {
        let row =
            self.read(|transaction| Ok(transaction.open_table(FEEDS)?.get(address)?.map(|row| row.value().to_vec())))?;
        // What an earlier or later version wrote and this one cannot read is as if it were not there.
        Ok(row.and_then(|row| serde_json::from_slice(&row).ok()))
    }

    /// What is remembered of an entry.
    pub(crate) fn entry(&self, id: &str) -> Result<Option<EntryRow>, WatchError> {
        let row = self.read(|transaction| Ok(transaction.open_table(ENTRIES)?.get(id)?.map(|row| row.value())))?;
        Ok(row.map(|(digest, length, feed, host, seen, tries)| EntryRow { digest, length, feed, host, seen, tries }))
    }

    /// A file as it was read last.
    pub(crate) fn file(&self, path: &str) -> Result<Option<FileRow>, WatchError> {
        self.read(|transaction| Ok(transaction.open_table(FILES)?.get(path)?.map(|row| row.value())))
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, WatchError> {
        self.read(|transaction| Ok(transaction.open_table(NUMBERS)?.get(name)?.map(|row| row.value())))
    }

    /// Whether a story was notified of.
    pub(crate) fn was_notified(&self, story: &str) -> Result<bool, WatchError> {
        self.read(|transaction| Ok(transaction.open_table(NOTIFIED)?.get(story)?.is_some()))
    }

    /// Remembers, durably and at once.
    pub(crate) fn learn(&self, learned: &Learned) -> Result<(), WatchError> {
        self.write(|transaction| {
            let mut feeds = transaction.open_table(FEEDS)?;
            for feed in &learned.feeds {
                let row = serde_json::to_vec(feed).map_err(|error| redb::Error::Io(error.into()))?;
                feeds.insert(feed.feed.as_str(), row.as_slice())?;
            }
            let mut entries = transaction.open_table(ENTRIES)?;
            for (id, row) in &learned.entries {
                let EntryRow { digest, length, feed, host, seen, tries } = *row;
                entries.insert(id.as_str(), (digest, length, feed, host, seen, tries))?;
            }
            let mut files = transaction.open_table(FILES)?;
            for (path, row) in &learned.files {
                files.insert(path.as_str(), *row)?;
            }
            let mut notified = transaction.open_table(NOTIFIED)?;
            for (story, time) in &learned.notified {
                notified.insert(story.as_str(), *time)?;
            }
            let mut numbers = transaction.open_table(NUMBERS)?;
            for (name, number) in &learned.numbers {
                numbers.insert(*name, *number)?;
            }
            Ok(())
        })
    }

    /// Forgets the entries that their feeds have not shown for long, the feeds that are not named any more, and what `is_there` says
    /// is not there any more of stories and files.
    pub(crate) fn forget(
        &self,
        now: i64,
        named: &[&str],
        is_there: &dyn Fn(Remembered<'_>) -> bool,
    ) -> Result<(), WatchError> {
        self.write(|transaction| {
            let before = now - KEPT;
            // An entry that was there when its feed was read last is there still.
            let mut read = HashMap::new();
            for row in transaction.open_table(FEEDS)?.iter()? {
                let (feed, row) = row?;
                if let Ok(FeedHealth { read: Some(time), .. }) = serde_json::from_slice(row.value())
                    && named.contains(&feed.value())
                {
                    read.insert(feed_number(feed.value()), time);
                }
            }
            let last_read = |feed: u64| read.get(&feed).copied().unwrap_or(now);
            transaction.open_table(ENTRIES)?.retain(|_, (_, _, feed, _, seen, _)| seen >= last_read(feed) - KEPT)?;
            transaction.open_table(FEEDS)?.retain(|feed, row| {
                let asked = serde_json::from_slice::<FeedHealth>(row).ok().and_then(|row| row.asked).unwrap_or(0);
                named.contains(&feed) || asked >= before
            })?;
            transaction.open_table(NOTIFIED)?.retain(|story, _| is_there(Remembered::Story(story)))?;
            transaction.open_table(FILES)?.retain(|path, _| is_there(Remembered::File(path)))?;
            Ok(())
        })
    }

    /// Forgets which stories were notified of.
    pub(crate) fn forget_notified(&self) -> Result<(), WatchError> {
        self.write(|transaction| {
            transaction.open_table(NOTIFIED)?.retain(|_, _| false)?;
            Ok(())
        })
    }
}

/// What may be there no more.
pub(crate) enum Remembered<'a> {
    Story(&'a str),
    File(&'a str),
}

fn failed(path: &Path, error: impl Into<redb::Error>) -> WatchError {
    WatchError::Memory { path: path.to_owned(), source: Box::new(error.into()) }
}

/// How the feeds are that were last watched for a collection, in order of their addresses; none where none were.
///
/// # Errors
///
/// If what is remembered of them cannot be read.
pub fn read_feeds(collection: &Path) -> Result<Vec<FeedHealth>, WatchError> {
    let path = samestory::watch_file(collection);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let transaction = match builder().open_read_only(&path) {
        Ok(database) => database.begin_read().map_err(|error| failed(&path, error))?,
        // Whoever watched was killed: opened for writing once, it can be read.
        Err(DatabaseError::RepairAborted) => {
            drop(Memory::open(collection)?);
            let database = builder().open_read_only(&path).map_err(|error| failed(&path, error))?;
            database.begin_read().map_err(|error| failed(&path, error))?
        }
        Err(error) => return Err(failed(&path, error)),
    };
    let table = match transaction.open_table(FEEDS) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        opened => opened.map_err(|error| failed(&path, error))?,
    };
    let read = || -> Result<Vec<Vec<u8>>, redb::Error> {
        let mut rows = Vec::with_capacity(usize::try_from(table.len()?).unwrap_or(0));
        for row in table.iter()? {
            rows.push(row?.1.value().to_vec());
        }
        Ok(rows)
    };
    let rows = read().map_err(|error| failed(&path, error))?;
    rows.iter().map(|row| serde_json::from_slice(row).map_err(|_| WatchError::Damaged(path.clone()))).collect()
}

/// The number that stands for a feed in what is remembered of its entries.
pub(crate) fn feed_number(feed: &str) -> u64 {
    xxh3_64(feed.as_bytes())
}

/// Seconds since 1970 by the clock of this machine.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A time so much later.
pub(crate) fn later(time: i64, by: Duration) -> i64 {
    time.saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_has_failed_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::open(folder.path()).expect("a memory");
        let full = redb::Error::Io(std::io::ErrorKind::StorageFull.into());
        assert!(memory.with(|_| Err::<(), _>(full)).is_err());
        memory.learn(&Learned { numbers: vec![("told", 7)], ..Default::default() }).expect("learned");
        assert_eq!(memory.number("told").expect("a number"), Some(7));
    }

    #[test]
    fn what_was_learned_is_there_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let row = EntryRow { digest: 1, length: 2, feed: 3, host: 4, seen: 5, tries: 0 };
        let feed =
            FeedHealth { feed: "https://valley.example/rss".into(), etag: Some("\"a\"".into()), ..Default::default() };
        {
            let memory = Memory::open(folder.path()).expect("a memory");
            let learned = Learned {
                feeds: vec![feed.clone()],
                entries: vec![("vo-118".into(), row)],
                numbers: vec![("told", 7)],
                ..Default::default()
            };
            memory.learn(&learned).expect("learned");
            assert!(matches!(Memory::open(folder.path()), Err(WatchError::Watched(_))), "one watches at a time");
            assert_eq!(read_feeds(folder.path()).expect("feeds beside the writer")[0], feed);
        }
        let memory = Memory::open(folder.path()).expect("a memory");
        assert_eq!(memory.entry("vo-118").expect("a row"), Some(row));
        assert_eq!(memory.entry("other").expect("no row"), None);
        assert_eq!(memory.feed(&feed.feed).expect("a row"), Some(feed));
        let read = FeedHealth { feed: "b".into(), read: Some(9), ..Default::default() };
        let shown = EntryRow { feed: feed_number("b"), ..row };
        let learned = Learned { feeds: vec![read], entries: vec![("shown".into(), shown)], ..Default::default() };
        memory.learn(&learned).expect("learned");
        memory.forget(KEPT + 6, &["b"], &|_| true).expect("forgotten");
        assert_eq!(memory.entry("shown").expect("a row"), Some(shown), "its feed has not changed since");
        assert_eq!(memory.entry("vo-118").expect("no row"), None);
        assert_eq!(memory.number("told").expect("a number"), Some(7));
    }
}
