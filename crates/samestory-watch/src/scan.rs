//! A folder whose files are read as they come.
//!
//! A file is read when it has been left alone for a moment, since whoever writes it may be at it still, and again when it has
//! changed. Folders are looked through, not listened to: that holds on every file system, and after a restart.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use samestory::article::Article;
use samestory::ingest::{ReadSettings, Rejected, read_some};
use tokio::sync::{Semaphore, mpsc};

use crate::memory::{FileRow, Learned, Memory};
use crate::news::{FeedChange, FeedNews, News};
use crate::poll::{Arrival, deliver};
use crate::settings::WatchSettings;

/// A file that was changed less long ago is looked at once more before it is read.
const STILL: Duration = Duration::from_secs(2);

/// Bytes of files that are read together, as they lie.
const TOGETHER: u64 = 64 << 20;

/// Follows a folder.
pub(crate) struct Scanner {
    pub(crate) folder: PathBuf,
    pub(crate) memory: Arc<Memory>,
    pub(crate) read: ReadSettings,
    pub(crate) settings: Arc<WatchSettings>,
    pub(crate) arrivals: mpsc::Sender<Arrival>,
    /// Folders that are followed beside it: then its name stands before the ids that are made of paths.
    pub(crate) beside: Vec<PathBuf>,
    /// Feeds, pages and folders that are read at once.
    pub(crate) reading: Arc<Semaphore>,
    /// Files as they were at the last look, as long as they are not read.
    pub(crate) waiting: HashMap<PathBuf, FileRow>,
    /// What is wrong with files that could not be opened, and with the folder; each is told once.
    pub(crate) unreadable: BTreeSet<Rejected>,
}

#[derive(Default)]
struct Scanned {
    articles: Vec<Article>,
    files: Vec<(String, FileRow)>,
    rejected: Vec<Rejected>,
    /// There is more to read, now or in a moment.
    more: bool,
}

impl Scanner {
    /// Follows the folder for good, or reads what is there.
    pub(crate) async fn follow(mut self) {
        let mut is_missing = false;
        loop {
            let was_missing = std::mem::replace(&mut is_missing, !self.folder.is_dir());
            if is_missing != was_missing {
                deliver(&self.arrivals, Arrival { news: vec![self.missing(is_missing)], ..Arrival::default() }).await;
            }
            let turn = Arc::clone(&self.reading).acquire_owned().await;
            let scanning = tokio::task::spawn_blocking(move || self.scanned()).await;
            drop(turn);
            let (back, scanned) = match scanning {
                Ok(done) => done,
                Err(error) => {
                    return tracing::error!(%error, "a folder is not followed any more, which is a bug in samestory");
                }
            };
            self = back;
            let Scanned { articles, files, rejected, more } = scanned;
            let mut stored = true;
            if !files.is_empty() || !rejected.is_empty() {
                let learned = Learned { files, ..Learned::default() };
                let news = rejected.into_iter().map(News::Rejected).collect();
                stored = deliver(&self.arrivals, Arrival { articles, learned, news, stored: None }).await;
            }
            match (more && stored, self.settings.once) {
                (true, _) => continue,
                (false, true) => return,
                (false, false) => tokio::time::sleep(self.settings.scan_every).await,
            }
        }
    }

    fn missing(&self, is_missing: bool) -> News {
        let again_in = self.settings.scan_every.as_secs();
        let what = match is_missing {
            true => FeedChange::Fails { reason: "is no folder".into(), again_in },
            false => FeedChange::Answers,
        };
        News::Feed(FeedNews { feed: self.folder.display().to_string(), what })
    }

    fn scanned(mut self) -> (Self, Scanned) {
        let mut scanned = Scanned::default();
        let mut bytes = 0;
        let mut waiting = HashMap::new();
        let read = ReadSettings { now: Timestamp::now(), ..self.read.clone() };
        let mut unreadable = BTreeSet::new();
        let reading = read_some(&self.folder, &self.beside, &read, &mut |path, entry| {
            let row = row_of(entry);
            let name = path.display().to_string();
            if self.memory.file(&name).ok().flatten() == Some(row) {
                return false;
            }
            if !self.settings.once && !self.is_left_alone(path, row, entry) {
                waiting.insert(path.to_owned(), row);
                return false;
            }
            if bytes > 0 && bytes + row.0 > TOGETHER {
                scanned.more = true;
                return false;
            }
            // One that cannot be opened now is looked at again.
            if let Err(error) = File::open(path) {
                unreadable.insert(Rejected { path: name, line: None, reason: error.to_string() });
                return false;
            }
            bytes += row.0;
            scanned.files.push((name, row));
            true
        });
        self.waiting = waiting;
        scanned.articles = reading.articles;
        let is_of_a_file = |rejected: &Rejected| scanned.files.iter().any(|(name, _)| *name == rejected.path);
        let (of_files, of_the_walk) = reading.rejected.into_iter().partition::<Vec<_>, _>(is_of_a_file);
        unreadable.extend(of_the_walk);
        scanned.rejected = of_files;
        scanned.rejected.extend(unreadable.difference(&self.unreadable).cloned());
        self.unreadable = unreadable;
        (self, scanned)
    }

    fn is_left_alone(&self, path: &Path, row: FileRow, entry: &Metadata) -> bool {
        let age = entry.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        age.is_some_and(|age| age >= STILL) || self.waiting.get(path) == Some(&row)
    }
}

fn row_of(entry: &Metadata) -> FileRow {
    let changed = entry.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    (entry.len(), i64::try_from(changed.as_secs()).unwrap_or(0), changed.subsec_nanos())
}
