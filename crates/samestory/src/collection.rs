//! A collection that is open for reading.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use samestory_article::{Article, Language};
use samestory_cluster::DocumentFrequencies;
use samestory_index::{SearchFilter, StorySearcher};
use samestory_ingest::{ArticlesApart, OutletTable, outlet_key};
use serde::{Deserialize, Serialize};

use crate::changes::Change;
use crate::config::Settings;
use crate::error::CollectionError;
use crate::folder::{Generation, Manifest, Stamp, WriterLock, check_writable, guarded, read_manifest};
use crate::live::{CollectionWriter, Engine, TextMatch};
use crate::pipeline::{Clustering, Place, Stage};
use crate::store::{Snapshot, StoreReader, StorySummary, Summary, needs_recovery};
use crate::story_list::{StoryList, StoryRow};

/// Counts of a collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Articles, copies and older versions included.
    pub articles: u64,
    /// Copies among them.
    pub copies: u64,
    /// Older versions of an address among them.
    pub older_versions: u64,
    /// Stories.
    pub stories: u64,
    /// Stories of one article.
    pub single_article_stories: u64,
}

/// A collection that is open for reading: one state of it, whatever is written meanwhile.
#[derive(Debug)]
pub struct Collection {
    folder: PathBuf,
    manifest: Manifest,
    generation: Generation,
    summary: Summary,
    snapshot: Snapshot,
    searcher: StorySearcher,
    stories_of: StoriesOf,
    list: OnceLock<StoryList>,
    frequencies: OnceLock<DocumentFrequencies>,
    /// Held while one of these is made.
    making: Mutex<()>,
    stamp: Stamp,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}

/// Articles, from the first, whose stories are remembered once they were looked up.
const MOST_REMEMBERED: u32 = 16 << 20;

/// Languages whose rules a query is stemmed by.
const QUERY_LANGUAGES: usize = 6;

/// How long a reader waits for a writer that is setting a collection right, or replacing its files.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks at an index that is behind before its writer is taken for gone.
const LOOKS_BEHIND: u32 = 3;

/// Headlines that are asked for to warm a thread, and the stories that each query is answered by.
const WARMING_HEADLINES: usize = 100;
const WARMING_STORIES: usize = 10;

/// How long it waits between two looks.
const PAUSE: Duration = Duration::from_millis(5);

impl Collection {
    /// Opens a collection, beside whoever writes it.
    ///
    /// Where a writer was killed, the first to open the collection sets it right, which takes that the folder can
    /// be written.
    ///
    /// # Errors
    ///
    /// If there is none, it is foreign, of another format or damaged.
    pub fn open(folder: &Path) -> Result<Collection, CollectionError> {
        let began = Instant::now();
        let mut looks_behind = 0;
        loop {
            let manifest = read_manifest(folder)?.ok_or_else(|| CollectionError::NotFound(folder.to_owned()))?;
            let generation = Generation::of(folder, manifest.generation);
            let stamp = Stamp::of(folder, &generation);
            let opened = Self::open_generation(folder, &manifest, &generation, stamp);
            // The files of a generation are removed once another is named. As long as this one is, all were opened.
            let replaced = read_manifest(folder).is_ok_and(|now| now.is_some_and(|now| now != manifest));
            let error = match opened {
                Ok(_) if replaced && began.elapsed() < PATIENCE => continue,
                Ok(collection) if !collection.index_is_behind() => return Ok(collection),
                // A writer may be between its two commits, or just behind the second.
                Ok(_) if looks_behind < LOOKS_BEHIND => {
                    looks_behind += 1;
                    std::thread::sleep(PAUSE);
                    continue;
                }
                // One that is there will bring the index up; none is, if the lock can be taken.
                Ok(collection) => match set_right(folder, &generation, &manifest.settings) {
                    Ok(true) if began.elapsed() < PATIENCE => continue,
                    _ => return Ok(collection),
                },
                Err(error) => error,
            };
            // A writer may just have replaced the generation, or be setting right what another left.
            let may_pass = replaced || needs_recovery(&error) || is_held(&error);
            if !may_pass || began.elapsed() > PATIENCE {
                return Err(error.in_file(&generation.store()));
            }
            if needs_recovery(&error) {
                match set_right(folder, &generation, &manifest.settings) {
                    Ok(_) => (),
                    Err(CollectionError::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
                        return Err(CollectionError::Unclean(folder.to_owned()));
                    }
                    Err(error) => return Err(error),
                }
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn open_generation(
        folder: &Path,
        manifest: &Manifest,
        generation: &Generation,
        stamp: Stamp,
    ) -> Result<Collection, CollectionError> {
        let path = generation.store();
        let (summary, snapshot) = guarded(&path, || {
            let snapshot = StoreReader::open(&path)?.snapshot()?;
            Ok((snapshot.summary()?, snapshot))
        })
        .map_err(|error| if may_pass(&error) { error } else { error.in_file(&path) })?;
        let languages: Vec<Option<Language>> =
            counted(&summary.languages).iter().take(QUERY_LANGUAGES).map(|(code, _)| Language::parse(code)).collect();
        let path = generation.index();
        let searcher =
            guarded(&path, || Ok(StorySearcher::open(&path, &languages)?)).map_err(|error| error.in_file(&path))?;
        Ok(Collection {
            folder: folder.to_owned(),
            manifest: manifest.clone(),
            generation: generation.clone(),
            stories_of: StoriesOf::new(summary.next_article.min(MOST_REMEMBERED)),
            summary,
            snapshot,
            searcher,
            list: OnceLock::new(),
            frequencies: OnceLock::new(),
            making: Mutex::new(()),
            stamp,
        })
    }

    /// Whether nothing was written since it was opened, by the times of two files: cheap enough to be asked every second.
    pub fn is_current(&self) -> bool {
        self.stamp == Stamp::of(&self.folder, &self.generation)
    }

    /// A number that is another one whenever something was written.
    pub fn state(&self) -> u64 {
        self.stamp.state(self.summary.transaction)
    }

    /// Opens the newest state. A list of stories that this one has is brought up to date instead of read anew.
    ///
    /// # Errors
    ///
    /// As [`Collection::open`].
    pub fn reopen(&self) -> Result<Collection, CollectionError> {
        let newest = Collection::open(&self.folder)?;
        if let Some(list) = self.list.get() {
            // Nobody else can have set it.
            let _ = newest.list.set(list.brought_to(&newest)?);
        }
        Ok(newest)
    }

    /// Reads what queries and lists ask for, so that those that come do not wait for it.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn warm(&self) -> Result<(), CollectionError> {
        self.story_list()?;
        let articles = self.summary.next_article.min(MOST_REMEMBERED);
        self.read(|_| (0..articles).try_for_each(|article| self.story_of(article).map(drop)))
    }

    /// Asks some queries, so that this thread has met the words that most articles have.
    ///
    /// # Errors
    ///
    /// If the collection cannot be read.
    pub fn ask_some(&self) -> Result<(), CollectionError> {
        for row in self.story_list()?.rows().take(WARMING_HEADLINES) {
            let words: Vec<&str> = row.headline.split_whitespace().take(2).collect();
            let Some(first) = words.first() else { continue };
            for query in [first.to_string(), words.join(" "), format!("\"{}\"", words.join(" "))] {
                match self.search(&query, &SearchFilter::default(), WARMING_STORIES) {
                    // A headline may be no query.
                    Err(CollectionError::Index(samestory_index::IndexError::Query { .. })) => (),
                    answer => drop(answer?),
                }
            }
        }
        Ok(())
    }

    /// Every story in memory, for lists; read when it is first asked for.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn story_list(&self) -> Result<&StoryList, CollectionError> {
        if let Some(list) = self.list.get() {
            return Ok(list);
        }
        // One reads it, and the others wait for it.
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = self.list.get() {
            return Ok(list);
        }
        let list = StoryList::of(self)?;
        Ok(self.list.get_or_init(|| list))
    }

    fn index_is_behind(&self) -> bool {
        self.searcher.transaction() < self.summary.transaction
    }

    /// Checks that articles could be written here, before the work is done.
    ///
    /// # Errors
    ///
    /// If the folder is foreign or newer; if articles were added to the collection one after the other and it is
    /// not said that they are to be replaced.
    pub fn check_writable(folder: &Path, replace: bool) -> Result<(), CollectionError> {
        check_writable(folder)?;
        match read_manifest(folder) {
            Ok(Some(manifest)) if manifest.fed && !replace => Err(CollectionError::Fed(folder.to_owned())),
            _ => Ok(()),
        }
    }

    /// Clusters articles and makes them all that the collection holds. Stories that go on keep their names, and
    /// what a person has pinned stays.
    ///
    /// # Errors
    ///
    /// If the folder is foreign, newer, locked or cannot be written. The former state stays.
    pub fn write(
        folder: &Path,
        articles: impl Into<ArticlesApart>,
        settings: &Settings,
        watch: &mut dyn FnMut(Stage),
    ) -> Result<Clustering, CollectionError> {
        CollectionWriter::replacing(folder, settings)?.replace(articles, settings, watch)
    }

    /// Format, generation and settings.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Counts.
    pub fn counts(&self) -> Counts {
        self.summary.counts
    }

    /// Share of the candidate pairs that report one event, above 0 and below 1.
    pub fn prior(&self) -> f64 {
        self.summary.prior
    }

    /// Languages of the articles with their numbers, most common first; `""` is unknown.
    pub fn languages(&self) -> Vec<(String, u64)> {
        counted(&self.summary.languages)
    }

    /// Outlets and their numbers of articles, most common first.
    pub fn outlets(&self) -> Vec<(String, u64)> {
        counted(&self.summary.outlets)
    }

    /// Changes from a number on, in order; all from 0 on.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn changes(&self, from: u64) -> Result<Vec<Change>, CollectionError> {
        self.read(|store| store.changes_from(from))
    }

    /// As [`changes`](Self::changes), but no more than so many.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn some_changes(&self, from: u64, most: usize) -> Result<Vec<Change>, CollectionError> {
        self.read(|store| store.some_changes_from(from, most))
    }

    /// The number that the next change will have.
    pub fn next_change(&self) -> u64 {
        self.summary.next_change
    }

    /// Which story a text belongs to. It is not stored.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn find_match(&self, article: &Article) -> Result<TextMatch, CollectionError> {
        self.read(|store| crate::live::find_match(store, article, &self.manifest.settings))
    }

    /// The filter with the name under which the collection has the outlet: that of the table of outlets, else
    /// one that differs in letter case, punctuation or a leading article only.
    pub fn with_known_outlet(&self, filter: SearchFilter) -> SearchFilter {
        let known = |written: String| self.outlet_called(&written).map_or(written, str::to_owned);
        SearchFilter { outlet: filter.outlet.map(known), ..filter }
    }

    fn outlet_called(&self, written: &str) -> Option<&str> {
        // The user's table may be gone since; then names are looked up in the built-in one.
        let table = self.manifest.settings.outlets().unwrap_or_else(|_| OutletTable::built_in());
        let name = table.by_name(written).map_or(written, |outlet| &outlet.name);
        let key = outlet_key(name);
        self.summary.outlets.keys().map(String::as_str).find(|outlet| outlet_key(outlet) == key)
    }

    /// Bytes on disk.
    ///
    /// # Errors
    ///
    /// If a file cannot be looked at.
    pub fn size_bytes(&self) -> Result<u64, CollectionError> {
        fn size(path: &Path) -> std::io::Result<u64> {
            let entry = match fs::symlink_metadata(path) {
                // A writer has removed it meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
                entry => entry?,
            };
            if !entry.is_dir() {
                return Ok(entry.len());
            }
            fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
        }
        size(&self.folder).map_err(|source| CollectionError::Io { path: self.folder.clone(), source })
    }

    /// Reads the store; what fails there, be it by a panic, names its file.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Snapshot) -> Result<T, CollectionError>,
    ) -> Result<T, CollectionError> {
        let path = self.generation.store();
        guarded(&path, || read(&self.snapshot)).map_err(|error| error.in_file(&path))
    }

    /// Asks the index; a panic over damaged files names its folder.
    pub(crate) fn ask<T>(
        &self,
        ask: impl FnOnce(&StorySearcher) -> Result<T, CollectionError>,
    ) -> Result<T, CollectionError> {
        let path = self.generation.index();
        guarded(&path, || ask(&self.searcher)).map_err(|error| error.in_file(&path))
    }

    /// The number of an article's story; none where there is no such article.
    pub(crate) fn story_of(&self, article: u32) -> Result<Option<u32>, CollectionError> {
        self.stories_of.of(article, || Ok(self.snapshot.find_place(article)?.map(|place| place.story)))
    }

    /// How many articles have each term.
    pub(crate) fn frequencies(&self) -> Result<&DocumentFrequencies, CollectionError> {
        if let Some(frequencies) = self.frequencies.get() {
            return Ok(frequencies);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frequencies) = self.frequencies.get() {
            return Ok(frequencies);
        }
        let frequencies = self.snapshot.frequencies()?;
        Ok(self.frequencies.get_or_init(|| frequencies))
    }

    pub(crate) fn store(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Every story with its number, in order of number: of stories that were decided together that of their
    /// first article.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn stories(&self) -> Result<Vec<(u32, StorySummary)>, CollectionError> {
        self.read(Snapshot::stories)
    }

    /// The story of a name, as lists show it; none where there is none. A former name stands for the story that it has
    /// become part of.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn find_story(&self, name: &str) -> Result<Option<StoryRow>, CollectionError> {
        self.read(|store| {
            Ok(store.story_number(name)?.map(|number| store.story(number)).transpose()?.map(StoryRow::from))
        })
    }

    /// Visits every article with its number and its place, in order of number.
    ///
    /// # Errors
    ///
    /// If the store cannot be read, or the visitor fails.
    pub fn each_article(
        &self,
        visit: &mut dyn FnMut(u32, Article, Place) -> Result<(), CollectionError>,
    ) -> Result<(), CollectionError> {
        self.read(|store| {
            for number in store.article_numbers()? {
                visit(number, store.article(number)?, store.place(number)?)?;
            }
            Ok(())
        })
    }
}

/// Stories of articles that were asked for before: a query asks for those of two thousand articles, mostly of the
/// same ones. What is open stays as it is, so they do not change.
#[derive(Debug)]
struct StoriesOf(Box<[AtomicU32]>);

impl StoriesOf {
    const UNKNOWN: u32 = u32::MAX;
    const NONE: u32 = u32::MAX - 1;

    fn new(n_articles: u32) -> StoriesOf {
        StoriesOf((0..n_articles).map(|_| AtomicU32::new(Self::UNKNOWN)).collect())
    }

    fn of(
        &self,
        article: u32,
        look_up: impl FnOnce() -> Result<Option<u32>, CollectionError>,
    ) -> Result<Option<u32>, CollectionError> {
        let Some(known) = self.0.get(article as usize) else { return look_up() };
        match known.load(Ordering::Relaxed) {
            Self::UNKNOWN => {
                let story = look_up()?;
                known.store(story.unwrap_or(Self::NONE), Ordering::Relaxed);
                Ok(story)
            }
            Self::NONE => Ok(None),
            story => Ok(Some(story)),
        }
    }
}

/// Whether an error may pass by itself, or once the store was opened for writing.
fn may_pass(error: &CollectionError) -> bool {
    needs_recovery(error) || is_held(error)
}

fn is_held(error: &CollectionError) -> bool {
    matches!(error, CollectionError::Store(redb::Error::DatabaseAlreadyOpen))
}

/// Opens store and index for writing, which sets right what a killed writer left; false where there is a writer.
fn set_right(folder: &Path, generation: &Generation, settings: &Settings) -> Result<bool, CollectionError> {
    let _lock = match WriterLock::try_take(folder) {
        Ok(lock) => lock,
        Err(CollectionError::Locked(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    Engine::open(generation, settings)?.close()?;
    Ok(true)
}

/// Names with their counts, most common first.
fn counted(counts: &std::collections::BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
