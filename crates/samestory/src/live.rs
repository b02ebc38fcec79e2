//! A collection that grows: articles are added, corrected and removed without deciding everything anew.
//!
//! ```text
//! articles ─ arrive ─ fold ─ judge ─ decide ─ one durable transaction ─ the index follows
//!            new, known,   copies   pairs     stories of a
//!            corrected                        neighbourhood
//! ```
//!
//! *Guarantee.* When [`CollectionWriter::add`] returns, its articles are on the disk: the store's transaction
//! is synced first, then the index is. Killed between the two, the index is one transaction behind, which
//! whoever opens the collection next sees from the number that both carry, and sets right.

mod arrive;
mod decide;
mod edit;
mod engine;
mod fold;
mod judge;
#[cfg(test)]
mod lossy_disk;
mod matching;
mod near;

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use samestory_article::Article;
use samestory_ingest::{ArticlesApart, Gathering};
use samestory_spill::Spill;

pub use edit::{Expired, Pinned};
pub(crate) use engine::Engine;
pub(crate) use matching::find_match;
pub use matching::{ArticleMatch, MatchedStory, TextMatch};

use crate::config::Settings;
use crate::error::CollectionError;
use crate::folder::{
    Generation, Manifest, WriterLock, check_writable, newest_generation, read_manifest, write_manifest,
};
use crate::former::Former;
use crate::pipeline::{Clustering, Decided, Stage, settled};
use crate::rebuild::{Room, rebuild, write_generation};
use crate::store::id_of_replaced;

/// What has become of articles that were added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Added {
    /// Articles that were stored.
    pub stored: u64,
    /// How many of these are new states of an id, or other versions of an address.
    pub versions: u64,
    /// Articles that were there already, with the same text.
    pub unchanged: u64,
    /// Changes told before; the changes of this addition follow (see [`crate::Collection::changes`]).
    pub changes_before: u64,
    /// Changes told by now.
    pub changes: u64,
}

/// Articles that are added in one transaction.
const STEP: usize = 1_000;

/// Up to this many articles, all stories are decided together whenever the collection has grown by half: the
/// first articles were judged when nothing was known of the words of the others.
pub const DECIDED_TOGETHER: u64 = 30_000;

/// A collection that is open for writing. There is one at a time.
pub struct CollectionWriter {
    folder: PathBuf,
    settings: Settings,
    engine: Option<Engine>,
    room: Room,
    lock: WriterLock,
}

impl std::fmt::Debug for CollectionWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CollectionWriter").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl CollectionWriter {
    /// Opens a collection, or prepares to make one with these settings. Of one that is there, its own settings
    /// hold.
    ///
    /// # Errors
    ///
    /// If the folder is foreign, of another format, damaged or being written.
    pub fn open(folder: &Path, settings: &Settings) -> Result<CollectionWriter, CollectionError> {
        check_writable(folder)?;
        read_manifest(folder)?;
        let lock = WriterLock::take(folder)?;
        // Read under the lock, so that no other writer has replaced it since.
        let manifest = read_manifest(folder)?;
        let mut writer = CollectionWriter {
            folder: folder.to_owned(),
            settings: settings.clone(),
            engine: None,
            room: Room::Ample,
            lock,
        };
        if manifest.is_none() {
            writer.adopt()?;
        } else if let Some(manifest) = manifest {
            writer.engine = Some(Engine::open(&Generation::of(folder, manifest.generation), &manifest.settings)?);
            writer.settings = manifest.settings;
        }
        Ok(writer)
    }

    /// Takes over a generation with articles that no manifest names: its first writer was killed before it wrote
    /// one, or it was lost.
    fn adopt(&mut self) -> Result<(), CollectionError> {
        let number = newest_generation(&self.folder);
        let generation = Generation::of(&self.folder, number);
        if !generation.store().is_file() {
            return Ok(());
        }
        // What was half written is no store, and is written over.
        let Ok(engine) = Engine::open(&generation, &self.settings) else { return Ok(()) };
        if engine.summary()?.counts.articles > 0 {
            write_manifest(&self.folder, &Manifest::of(number, true, &self.settings))?;
            self.engine = Some(engine);
        }
        Ok(())
    }

    /// Opens a collection whose articles are to be replaced, or that is to be made. One that is damaged or of
    /// another format is replaced whole; of any other, names and pins are kept.
    ///
    /// # Errors
    ///
    /// If the folder is foreign, of a later format or being written.
    pub fn replacing(folder: &Path, settings: &Settings) -> Result<CollectionWriter, CollectionError> {
        check_writable(folder)?;
        let lock = WriterLock::take(folder)?;
        let open = |manifest: Manifest| Engine::open(&Generation::of(folder, manifest.generation), &manifest.settings);
        let engine = match read_manifest(folder).ok().flatten().map(open) {
            // Names are given up where they cannot be read, and not because the disk is full.
            Some(Err(CollectionError::Io { path, source })) if is_of_the_disk(source.kind()) => {
                return Err(CollectionError::Io { path, source });
            }
            opened => opened.and_then(Result::ok),
        };
        Ok(CollectionWriter { folder: folder.to_owned(), settings: settings.clone(), engine, room: Room::Ample, lock })
    }

    /// Opens a collection that is there.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and if there is none.
    pub fn open_existing(folder: &Path) -> Result<CollectionWriter, CollectionError> {
        if read_manifest(folder)?.is_none() {
            return Err(CollectionError::NotFound(folder.to_owned()));
        }
        Self::open(folder, &Settings::default())
    }

    /// The settings that its stories are made by.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// From now on takes little memory for the sake of speed, as is best in a program that goes on for days beside.
    pub fn spare_memory(&mut self) {
        self.room = Room::Tight;
    }

    fn engine(&mut self) -> Result<&mut Engine, CollectionError> {
        self.engine.as_mut().ok_or_else(|| CollectionError::NotFound(self.folder.clone()))
    }

    /// Adds articles. When it returns, they survive a loss of power and are found by queries.
    ///
    /// Articles come in the order of their time, a thousand a transaction. The cost depends on them, not on what
    /// is stored. Where they are many beside what is stored, all stories are decided together.
    ///
    /// # Errors
    ///
    /// If the collection cannot be read or written. What was committed before stays.
    pub fn add(&mut self, articles: Vec<Article>, watch: &mut dyn FnMut(Stage)) -> Result<Added, CollectionError> {
        let (mut articles, known, stored) = match &self.engine {
            Some(engine) => {
                let (new, known) = engine.without_known(articles)?;
                (new, known, engine.summary()?.counts.articles)
            }
            None => (articles, 0, 0),
        };
        if articles.len() as u64 * 2 >= stored {
            let added = self.add_together(articles, watch)?;
            return Ok(Added { unchanged: added.unchanged + known, ..added });
        }
        watch(Stage::Stories);
        articles.sort_by(|a, b| a.time_order().cmp(&b.time_order()));
        let before = self.engine()?.summary()?.next_change;
        let mut added = Added { unchanged: known, changes_before: before, ..Added::default() };
        let mut rest = articles.into_iter();
        loop {
            let step: Vec<Article> = rest.by_ref().take(STEP).collect();
            if step.is_empty() {
                break;
            }
            let done = self.engine()?.add(step)?;
            added.stored += done.stored;
            added.versions += done.versions;
            added.unchanged += done.unchanged;
        }
        let summary = self.engine()?.summary()?;
        self.mark_fed()?;
        let (now, then) = (summary.counts.articles, summary.decided_together);
        if now <= DECIDED_TOGETHER && now * 2 >= then * 3 {
            self.recluster(watch)?;
        }
        added.changes = self.engine()?.summary()?.next_change;
        Ok(added)
    }

    /// Decides all stories together, those of articles that are there and those of new ones.
    fn add_together(&mut self, new: Vec<Article>, watch: &mut dyn FnMut(Stage)) -> Result<Added, CollectionError> {
        let (mut former, mut articles) = self.former()?;
        let mut added = Added { changes_before: former.next_change, ..Added::default() };
        merge_arrivals(&mut former, &mut articles, new, &mut added).map_err(CollectionError::spill)?;
        if added.stored > 0 || self.engine.is_none() {
            let articles = articles.finish().map_err(CollectionError::spill)?;
            self.rebuild(articles, &former, true, watch)?;
        }
        added.changes = self.engine()?.summary()?.next_change;
        Ok(added)
    }

    /// Decides all stories together. Their names stay, and so does what a person has decided.
    ///
    /// # Errors
    ///
    /// If the collection cannot be read or written. The former state stays.
    pub fn recluster(&mut self, watch: &mut dyn FnMut(Stage)) -> Result<(), CollectionError> {
        let (former, articles) = self.former()?;
        let fed = read_manifest(&self.folder)?.is_some_and(|manifest| manifest.fed);
        let articles = articles.finish().map_err(CollectionError::spill)?;
        self.rebuild(articles, &former, fed, watch).map(|_| ())
    }

    /// Clusters articles and makes them all that the collection holds. Stories that go on keep their names.
    ///
    /// # Errors
    ///
    /// If the collection cannot be read or written. The former state stays.
    pub fn replace(
        &mut self,
        articles: impl Into<ArticlesApart>,
        settings: &Settings,
        watch: &mut dyn FnMut(Stage),
    ) -> Result<Clustering, CollectionError> {
        let former = self.engine.as_ref().and_then(|engine| engine.former(drop).ok()).unwrap_or_default();
        self.settings = settings.clone();
        self.rebuild(articles.into(), &former, false, watch)
    }

    /// As [`replace`](Self::replace), with articles of which all was decided elsewhere. What a person has decided of stories
    /// that are there is not asked.
    ///
    /// # Errors
    ///
    /// If the collection cannot be read or written. The former state stays.
    pub fn keep(
        &mut self,
        articles: ArticlesApart,
        decided: Decided,
        settings: &Settings,
        watch: &mut dyn FnMut(Stage),
    ) -> Result<Clustering, CollectionError> {
        let former = self.engine.as_ref().and_then(|engine| engine.former(drop).ok()).unwrap_or_default();
        self.settings = settings.clone();
        let clustered = settled(articles, decided, self.room.most_held(), watch)?;
        self.write(|folder, settings, room| write_generation(folder, clustered, &former, settings, false, room, watch))
    }

    /// What the collection has been so far, and its articles.
    fn former(&self) -> Result<(Former, Gathering), CollectionError> {
        let mut articles = Gathering::new(Spill::holding(self.room.most_held()));
        let former = match &self.engine {
            Some(engine) => engine.former(|article| articles.push(article))?,
            None => Former::default(),
        };
        Ok((former, articles))
    }

    fn rebuild(
        &mut self,
        articles: ArticlesApart,
        former: &Former,
        fed: bool,
        watch: &mut dyn FnMut(Stage),
    ) -> Result<Clustering, CollectionError> {
        self.write(|folder, settings, room| rebuild(folder, articles, former, settings, fed, room, watch))
    }

    /// Writes a new generation and goes on with it.
    fn write(
        &mut self,
        generation: impl FnOnce(&Path, &Settings, Room) -> Result<Clustering, CollectionError>,
    ) -> Result<Clustering, CollectionError> {
        // The files of this generation go away when the new one counts.
        if let Some(engine) = self.engine.take() {
            engine.close()?;
        }
        let rebuilt = generation(&self.folder, &self.settings, self.room);
        if let Ok(Some(manifest)) = read_manifest(&self.folder) {
            self.engine = Some(Engine::open(&Generation::of(&self.folder, manifest.generation), &manifest.settings)?);
        }
        rebuilt
    }

    fn manifest(&self) -> Result<Manifest, CollectionError> {
        read_manifest(&self.folder)?.ok_or_else(|| CollectionError::NotFound(self.folder.clone()))
    }

    /// Notes in the manifest that no single folder holds all articles.
    fn mark_fed(&self) -> Result<(), CollectionError> {
        let manifest = self.manifest()?;
        match manifest.fed {
            true => Ok(()),
            false => write_manifest(&self.folder, &Manifest { fed: true, ..manifest }),
        }
    }

    /// Waits for what goes on in the background and closes the collection.
    ///
    /// # Errors
    ///
    /// If the index cannot be written.
    pub fn close(self) -> Result<(), CollectionError> {
        let CollectionWriter { engine, lock, .. } = self;
        let closed = engine.map_or(Ok(()), Engine::close);
        drop(lock);
        closed
    }
}

/// Whether the disk refuses, and not what is on it.
fn is_of_the_disk(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Puts new articles to those that are there: what is known is left out, what a correction replaces is renamed.
fn merge_arrivals(
    former: &mut Former,
    articles: &mut Gathering,
    new: Vec<Article>,
    added: &mut Added,
) -> io::Result<()> {
    let heads = articles.heads();
    let mut position: rustc_hash::FxHashMap<String, usize> =
        heads.iter().enumerate().map(|(at, article)| (article.id.to_string(), at)).collect();
    let addresses: rustc_hash::FxHashSet<String> =
        heads.iter().filter_map(|article| article.version_key().map(Cow::into_owned)).collect();
    for article in new {
        let id = article.id.to_string();
        if let Some(&at) = position.get(&id) {
            let old = &articles.heads()[at];
            if arrive::has_the_same_headlines(old, &article) && articles.text(at)? == article.text {
                added.unchanged += 1;
                continue;
            }
            let mut version = 1;
            let mut older = id_of_replaced(&old.id, version);
            while position.contains_key(older.as_str()) {
                version += 1;
                older = id_of_replaced(&article.id, version);
            }
            former.rename(&id, older.as_str());
            former
                .version_of
                .values_mut()
                .filter(|newest| **newest == older.as_str())
                .for_each(|newest| *newest = id.clone());
            former.version_of.insert(older.to_string(), id.clone());
            let kind = crate::changes::ChangeKind::Corrected { article: id.clone(), older: older.to_string() };
            former.tell(kind);
            articles.rename(at, older.clone());
            position.insert(older.to_string(), at);
            added.versions += 1;
        } else if article.version_key().is_some_and(|address| addresses.contains(&*address)) {
            added.versions += 1;
        }
        added.stored += 1;
        position.insert(id, articles.heads().len());
        articles.push(article);
    }
    Ok(())
}
