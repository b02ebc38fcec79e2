//! What arrives becomes part of the collection, and what that has changed is told.
//!
//! *Design.* The collection is opened for writing for each batch and closed after it, so that `add`, `pin`, `expire` and the
//! others find their turn while feeds are watched. Where another has it, the batch waits. A batch is added first, then told
//! of, then remembered: killed in between, it is told of again.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use samestory::article::Article;
use samestory::stories::StoryId;
use samestory::{
    Added, Change, ChangeKind, Collection, CollectionError, CollectionWriter, Counts, DECIDED_TOGETHER, Expired,
    Settings, View,
};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error::WatchError;
use crate::memory::{Learned, Memory, Remembered, now};
use crate::news::{News, StoryNews};
use crate::notify::Notice;
use crate::settings::WatchSettings;

/// The number of the first change that was not told of.
pub(crate) const TOLD: &str = "told";
/// Whether articles were added since all stories were decided together.
const UNSETTLED: &str = "unsettled";
/// When old articles were removed last.
const EXPIRED: &str = "expired";
/// How many outlets a story had to have to be notified of.
const NOTIFY_OUTLETS: &str = "notify outlets";

/// How often old articles and what is remembered of them are removed.
const EXPIRE_EVERY: i64 = 86_400;

/// Deciding all stories together takes no more than this part of the time.
const SETTLING_SHARE: u32 = 10;

/// The collection, as it is fed by what is watched.
pub(crate) struct Intake {
    folder: PathBuf,
    settings: Settings,
    watch: Arc<WatchSettings>,
    memory: Arc<Memory>,
    notices: Option<mpsc::Sender<Notice>>,
    /// Stories that the command is being told of.
    noticed: HashSet<String>,
    told: u64,
    unsettled: bool,
    /// When all stories may be decided together next.
    settle_from: Instant,
    /// When it began, by the clock and by what cannot be set.
    began: (i64, Instant),
    clock_was_set: bool,
}

/// What came of a batch.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) news: Vec<News>,
    /// What is to be remembered with it.
    pub(crate) learned: Learned,
}

impl Intake {
    pub(crate) fn new(
        folder: PathBuf,
        settings: Settings,
        watch: Arc<WatchSettings>,
        memory: Arc<Memory>,
        notices: Option<mpsc::Sender<Notice>>,
    ) -> Result<Intake, WatchError> {
        let collection = match Collection::open(&folder) {
            Err(CollectionError::NotFound(_)) => None,
            opened => Some(opened?),
        };
        let next = collection.as_ref().map_or(0, Collection::next_change);
        let number = |name| -> Result<Option<u64>, WatchError> {
            Ok(memory.number(name)?.map(|number| u64::try_from(number).unwrap_or(0)))
        };
        // What was there before anything was watched is no news; nor can what was told be more than there is.
        let told = number(TOLD)?.unwrap_or(next).min(next);
        let unsettled = number(UNSETTLED)? == Some(1);
        let noticed_outlets = number(NOTIFY_OUTLETS)?;
        let mut intake = Intake {
            folder,
            settings,
            watch,
            memory,
            notices,
            noticed: HashSet::new(),
            told,
            unsettled,
            settle_from: Instant::now(),
            began: (now(), Instant::now()),
            clock_was_set: false,
        };
        if let (Some(collection), Some(_)) = (&collection, &intake.notices) {
            intake.follow_merges(&collection.changes(told)?)?;
            intake.begin_notices(collection, noticed_outlets)?;
        }
        let mut learned = Learned::default();
        learned.numbers.push((TOLD, number_of(told)));
        if intake.notices.is_some() {
            learned.numbers.push((NOTIFY_OUTLETS, number_of(intake.watch.notify_outlets as u64)));
        }
        intake.memory.learn(&learned)?;
        Ok(intake)
    }

    /// Stories that had enough outlets when notices were first wanted are none; those that have come to it since are.
    fn begin_notices(&mut self, collection: &Collection, before: Option<u64>) -> Result<(), WatchError> {
        let wanted = self.watch.notify_outlets;
        let list = collection.story_list()?;
        let large: Vec<String> =
            list.rows().filter(|row| row.outlets.len() >= wanted).map(|row| row.id.to_string()).collect();
        if before != Some(wanted as u64) {
            self.memory.forget_notified()?;
            let notified = large.into_iter().map(|story| (story, now())).collect();
            return self.memory.learn(&Learned { notified, ..Learned::default() });
        }
        for story in large {
            if !self.is_known(&story)? {
                self.notice(collection, &story)?;
            }
        }
        Ok(())
    }

    /// Whether the command was told of a story, or is about to be.
    fn is_known(&self, story: &str) -> Result<bool, WatchError> {
        Ok(self.noticed.contains(story) || self.memory.was_notified(story)?)
    }

    /// A story of which a part is known to the command is known to it.
    fn follow_merges(&mut self, changes: &[Change]) -> Result<(), WatchError> {
        let mut notified = Vec::new();
        for change in changes {
            if let ChangeKind::Merged { from, into } = &change.kind
                && self.is_known(from.as_str())?
                && !self.is_known(into.as_str())?
            {
                self.noticed.insert(into.to_string());
                notified.push((into.to_string(), now()));
            }
        }
        match notified.is_empty() {
            true => Ok(()),
            false => self.memory.learn(&Learned { notified, ..Learned::default() }),
        }
    }

    /// Adds articles. Where another process writes, nothing is taken and the error says so.
    pub(crate) fn take(&mut self, articles: &mut Vec<Article>) -> Result<Taken, WatchError> {
        if let Some(keep) = self.watch.keep {
            let before = now() - i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
            // They would be removed at once; a feed shows what is old for years.
            articles.retain(|article| article.time.is_none_or(|time| time.seconds >= before));
        }
        if articles.is_empty() {
            return Ok(Taken::default());
        }
        let mut writer = CollectionWriter::open(&self.folder, &self.settings)?;
        writer.spare_memory();
        let added = writer.add(std::mem::take(articles), &mut |_| ())?;
        writer.close()?;
        let mut taken = self.tell(Some(added))?;
        if added.stored > 0 && !self.unsettled {
            self.unsettled = true;
            taken.learned.numbers.push((UNSETTLED, 1));
        }
        Ok(taken)
    }

    /// Tells what has changed since it was told last, whoever changed it.
    fn tell(&mut self, added: Option<Added>) -> Result<Taken, WatchError> {
        let collection = Collection::open(&self.folder)?;
        let mut taken = Taken::default();
        if let Some(added) = added {
            taken.news.push(News::Added { added, counts: collection.counts() });
        }
        let next = collection.next_change();
        let changes = collection.changes(self.told.min(next))?;
        if self.notices.is_some() {
            self.follow_merges(&changes)?;
        }
        for change in changes {
            if self.notices.is_some() {
                self.notice_change(&collection, &change)?;
            }
            let story = match story_of(&change) {
                Some(story) => collection.find_story(story.as_str())?,
                None => None,
            };
            taken.news.push(News::Story(StoryNews { change, story }));
        }
        self.told = next;
        taken.learned.numbers.push((TOLD, number_of(next)));
        Ok(taken)
    }

    /// Passes a story on to the command, if it has come to have enough outlets.
    fn notice_change(&mut self, collection: &Collection, change: &Change) -> Result<(), WatchError> {
        let Some(story) = story_of(change) else { return Ok(()) };
        let Some(row) = collection.find_story(story.as_str())? else { return Ok(()) };
        let name = row.id.to_string();
        if row.outlets.len() < self.watch.notify_outlets || self.is_known(&name)? {
            return Ok(());
        }
        self.notice(collection, &name)
    }

    fn notice(&mut self, collection: &Collection, story: &str) -> Result<(), WatchError> {
        let Some(notices) = &self.notices else { return Ok(()) };
        let View::Story(view) = collection.show(story)? else { return Ok(()) };
        let json = serde_json::to_vec(&view).map_err(std::io::Error::from)?;
        // Where the command is far behind, the story is met again after the next start.
        match notices.try_send(Notice { story: story.to_owned(), json }) {
            Ok(()) => drop(self.noticed.insert(story.to_owned())),
            Err(error) => tracing::warn!(story, %error, "the command is behind and is told of a story later"),
        }
        Ok(())
    }

    /// From when on all stories may be decided together; none where there is nothing to decide.
    pub(crate) fn settle_from(&self) -> Option<Instant> {
        Some(self.settle_from).filter(|_| self.unsettled && !self.watch.once)
    }

    /// Decides all stories together, if they are not too many for it.
    pub(crate) fn settle(&mut self) -> Result<Taken, WatchError> {
        let began = Instant::now();
        let counts = match Collection::open(&self.folder) {
            Ok(collection) => collection.counts(),
            Err(CollectionError::NotFound(_)) => Counts::default(),
            Err(error) => return Err(error.into()),
        };
        let settles = counts.articles > 0 && counts.articles <= DECIDED_TOGETHER;
        if settles {
            let mut writer = CollectionWriter::open_existing(&self.folder)?;
            writer.spare_memory();
            writer.recluster(&mut |_| ())?;
            writer.close()?;
        }
        let mut taken = match settles {
            true => self.tell(None)?,
            false => Taken::default(),
        };
        if settles {
            taken.news.push(News::Settled(Collection::open(&self.folder)?.counts()));
        }
        self.unsettled = false;
        taken.learned.numbers.push((UNSETTLED, 0));
        self.settle_from = Instant::now() + began.elapsed() * SETTLING_SHARE;
        Ok(taken)
    }

    /// Removes what is old, and forgets what is remembered of it, once a day.
    pub(crate) fn expire(&mut self, feeds: &[String]) -> Result<Taken, WatchError> {
        let time = now();
        if self.memory.number(EXPIRED)?.is_some_and(|last| (0..EXPIRE_EVERY).contains(&(time - last))) {
            return Ok(Taken::default());
        }
        let mut taken = Taken::default();
        let (began, began_at) = self.began;
        let gone_by = i64::try_from(began_at.elapsed().as_secs()).unwrap_or(0);
        if (time - began - gone_by).abs() > EXPIRE_EVERY {
            let told =
                "the clock was set while feeds are watched; nothing is removed for its age before the next start";
            if !std::mem::replace(&mut self.clock_was_set, true) {
                taken.news.push(News::Trouble(told.into()));
            }
            return Ok(taken);
        }
        if let Some(keep) = self.watch.keep {
            let before = time - i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
            match CollectionWriter::open_existing(&self.folder) {
                Err(CollectionError::NotFound(_)) => (),
                writer => {
                    let mut writer = writer?;
                    let Expired { removed, left } = writer.expire(before)?;
                    writer.close()?;
                    taken = self.tell(None)?;
                    taken.news.push(News::Expired { removed, left });
                }
            }
        }
        let collection = match Collection::open(&self.folder) {
            Err(CollectionError::NotFound(_)) => None,
            opened => Some(opened?),
        };
        let named: Vec<&str> = feeds.iter().map(String::as_str).collect();
        self.memory.forget(time, &named, &|remembered| match remembered {
            Remembered::Story(story) => collection
                .as_ref()
                .is_some_and(|collection| matches!(collection.find_story(story), Ok(Some(_)) | Err(_))),
            Remembered::File(path) => std::path::Path::new(path).exists(),
        })?;
        let mut noticed = std::mem::take(&mut self.noticed);
        // Those that were told are remembered; those that did not find room wait no more.
        noticed.retain(|story| !matches!(self.memory.was_notified(story), Ok(true)));
        self.noticed = noticed;
        if let (Some(collection), true) = (&collection, self.notices.is_some()) {
            self.begin_notices(collection, Some(self.watch.notify_outlets as u64))?;
        }
        taken.learned.numbers.push((EXPIRED, time));
        Ok(taken)
    }
}

/// The story that a change is about, as it is called now.
fn story_of(change: &Change) -> Option<&StoryId> {
    match &change.kind {
        ChangeKind::Founded { story, .. } | ChangeKind::Joined { story, .. } | ChangeKind::Removed { story, .. } => {
            Some(story)
        }
        ChangeKind::Moved { to, .. } => Some(to),
        ChangeKind::Merged { into, .. } | ChangeKind::Split { into, .. } => Some(into),
        ChangeKind::Corrected { .. } | ChangeKind::Ended { .. } => None,
    }
}

fn number_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How long a batch waits for another process that writes before it is tried again.
pub(crate) const LOCKED_PAUSE: Duration = Duration::from_secs(1);
