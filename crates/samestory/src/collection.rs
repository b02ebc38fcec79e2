//! A collection: the folder on disk that holds articles, stories and the search index.
//!
//! ```text
//! .samestory/
//!   collection.json      format, current generation, settings and counts; replaced atomically
//!   lock                 held by the one writer
//!   g1/store.redb        articles, places, signatures, stories: the truth
//!   g1/index/            the tantivy index, derived from the store
//! ```
//!
//! Writing makes a new generation beside the current one and then replaces `collection.json` by a
//! rename. A run that is killed leaves the former state; what it half wrote is removed by the next.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use samestory_article::{Article, Language};
use samestory_index::{IndexError, SearchFilter, StoryIndexWriter, StorySearcher};
use samestory_ingest::{OutletTable, outlet_key};
use serde::{Deserialize, Serialize};

use crate::config::Settings;
use crate::error::{CollectionError, FORMAT};
use crate::pipeline::{Clustering, Place};
use crate::store::{self, Store, StorySummary};

const MANIFEST: &str = "collection.json";
const LOCK: &str = "lock";
const STORE: &str = "store.redb";
const INDEX: &str = "index";

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

impl Counts {
    /// Counts a clustering.
    pub fn of(clustering: &Clustering) -> Counts {
        let count = |test: fn(&Place) -> bool| clustering.places.iter().filter(|place| test(place)).count() as u64;
        Counts {
            articles: clustering.articles.len() as u64,
            copies: count(|place| place.copy_of.is_some()),
            older_versions: count(|place| place.version_of.is_some()),
            stories: clustering.stories.len() as u64,
            single_article_stories: clustering.stories.iter().filter(|story| story.articles.len() == 1).count() as u64,
        }
    }
}

/// What `collection.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// Version of samestory that wrote it.
    pub written_by: String,
    /// The generation that counts.
    pub generation: u64,
    /// Settings of the run that wrote it.
    pub settings: Settings,
    /// Counts.
    pub counts: Counts,
    /// Languages of the articles with their numbers, most common first; `""` is unknown.
    pub languages: Vec<(String, u64)>,
    /// Outlets and their numbers of articles, most common first.
    pub outlets: Vec<(String, u64)>,
}

/// A collection that is open for reading.
#[derive(Debug)]
pub struct Collection {
    folder: PathBuf,
    manifest: Manifest,
    store: Store,
    searcher: StorySearcher,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// Runs what reads the files of a collection. Damaged files can make the store or the index panic;
/// that becomes an error like any other.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, CollectionError>) -> Result<T, CollectionError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let reason = text.unwrap_or("it cannot be read").to_owned();
        Err(CollectionError::Damaged { path: path.to_owned(), reason })
    })
}

/// Languages whose rules a query is stemmed by.
const QUERY_LANGUAGES: usize = 6;

impl Collection {
    /// Opens a collection.
    ///
    /// # Errors
    ///
    /// If there is none, it is foreign, newer or damaged.
    pub fn open(folder: &Path) -> Result<Collection, CollectionError> {
        let manifest = read_manifest(folder)?.ok_or_else(|| CollectionError::NotFound(folder.to_owned()))?;
        let generation = generation_folder(folder, manifest.generation);
        let path = generation.join(STORE);
        let store = guarded(&path, || Store::open(&path)).map_err(|error| match error {
            error @ CollectionError::Damaged { .. } => error,
            error => damaged(&path, &error),
        })?;
        let languages: Vec<Option<Language>> =
            manifest.languages.iter().take(QUERY_LANGUAGES).map(|(code, _)| Language::parse(code)).collect();
        let path = generation.join(INDEX);
        let searcher = guarded(&path, || Ok(StorySearcher::open(&path, &languages)?))?;
        Ok(Collection { folder: folder.to_owned(), manifest, store, searcher })
    }

    /// Checks that a clustering could be written here, before the work is done.
    ///
    /// # Errors
    ///
    /// If the folder is foreign or newer.
    pub fn check_writable(folder: &Path) -> Result<(), CollectionError> {
        match read_manifest(folder) {
            Ok(Some(_)) | Err(CollectionError::Older { .. }) => return Ok(()),
            // A damaged manifest is written anew, if all else in the folder is ours.
            Ok(None) | Err(CollectionError::Damaged { .. }) => (),
            Err(error) => return Err(error),
        }
        match fs::read_dir(folder) {
            // A first run that was killed leaves a lock and a half-written generation.
            Ok(entries) => match entries.flatten().all(|entry| is_ours(&entry.path())) {
                true => Ok(()),
                false => Err(CollectionError::Foreign(folder.to_owned())),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(CollectionError::Io { path: folder.to_owned(), source }),
        }
    }

    /// Writes a clustering, replacing atomically what the collection held.
    ///
    /// # Errors
    ///
    /// If the folder is foreign, newer, locked or cannot be written. The former state stays.
    pub fn write(folder: &Path, clustering: &Clustering, settings: &Settings) -> Result<Manifest, CollectionError> {
        Self::check_writable(folder)?;
        fs::create_dir_all(folder).map_err(|source| CollectionError::Io { path: folder.to_owned(), source })?;
        let lock = lock(folder)?;
        if let Ok(Some(manifest)) = read_manifest(folder) {
            // What a killed run left.
            remove_other_generations(folder, manifest.generation)?;
        }
        let generation = newest_generation(folder) + 1;
        let path = generation_folder(folder, generation);
        fs::create_dir_all(path.join(INDEX)).map_err(|source| CollectionError::Io { path: path.clone(), source })?;
        store::write(&path.join(STORE), clustering)?;
        write_index(&path.join(INDEX), clustering)?;
        let manifest = Manifest {
            format: FORMAT,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            generation,
            settings: settings.clone(),
            counts: Counts::of(clustering),
            languages: counted(clustering, |article| Some(article.language.as_ref().map_or("", Language::code))),
            outlets: counted(clustering, |article| article.outlet.as_deref()),
        };
        write_manifest(folder, &manifest)?;
        remove_other_generations(folder, generation)?;
        drop(lock);
        Ok(manifest)
    }

    /// Format, settings and counts.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
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
        self.manifest.outlets.iter().map(|(outlet, _)| outlet.as_str()).find(|outlet| outlet_key(outlet) == key)
    }

    /// Bytes on disk.
    ///
    /// # Errors
    ///
    /// If a file cannot be looked at.
    pub fn size_bytes(&self) -> Result<u64, CollectionError> {
        fn size(path: &Path) -> std::io::Result<u64> {
            let entry = fs::symlink_metadata(path)?;
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
        read: impl FnOnce(&Store) -> Result<T, CollectionError>,
    ) -> Result<T, CollectionError> {
        use CollectionError::{Missing, Packing, Record, Store};
        let path = generation_folder(&self.folder, self.manifest.generation).join(STORE);
        guarded(&path, || read(&self.store)).map_err(|error| match error {
            Store(_) | Record(_) | Packing(_) | Missing { .. } => damaged(&path, &error),
            error => error,
        })
    }

    /// Asks the index; a panic over damaged files names its folder.
    pub(crate) fn ask<T>(
        &self,
        ask: impl FnOnce(&StorySearcher) -> Result<T, IndexError>,
    ) -> Result<T, CollectionError> {
        let path = generation_folder(&self.folder, self.manifest.generation).join(INDEX);
        guarded(&path, || Ok(ask(&self.searcher)?))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Every story, in order of its first article.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn stories(&self) -> Result<Vec<StorySummary>, CollectionError> {
        self.read(Store::stories)
    }

    /// Visits every article with its place, in order of its id.
    ///
    /// # Errors
    ///
    /// If the store cannot be read, or the visitor fails.
    pub fn each_article(
        &self,
        visit: &mut dyn FnMut(u32, Article, Place) -> Result<(), CollectionError>,
    ) -> Result<(), CollectionError> {
        self.read(|store| store.each_article(visit))
    }
}

fn damaged(path: &Path, error: &CollectionError) -> CollectionError {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = format!("{reason}: {inner}");
        source = inner.source();
    }
    CollectionError::Damaged { path: path.to_owned(), reason }
}

/// Whether a path in the folder is one that this module makes.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    is_generation(path) || name == LOCK || name == MANIFEST || name == format!("{MANIFEST}.new")
}

/// Whether a path is a generation: named so, and holding nothing but a store and an index.
fn is_generation(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let named = name.strip_prefix('g').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    let ours = |entry: fs::DirEntry| entry.file_name() == STORE || entry.file_name() == INDEX;
    named && fs::read_dir(path).is_ok_and(|entries| entries.flatten().all(ours))
}

/// The highest number of a generation in the folder; 0 where there is none.
fn newest_generation(folder: &Path) -> u64 {
    let number = |entry: fs::DirEntry| entry.file_name().to_string_lossy().strip_prefix('g')?.parse().ok();
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(number).max().unwrap_or(0)
}

fn generation_folder(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("g{generation}"))
}

fn read_manifest(folder: &Path) -> Result<Option<Manifest>, CollectionError> {
    let path = folder.join(MANIFEST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match folder.is_dir() && has_foreign_files(folder) {
                true => Err(CollectionError::Foreign(folder.to_owned())),
                false => Ok(None),
            };
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(CollectionError::Foreign(folder.to_owned()));
        }
        Err(source) => return Err(CollectionError::Io { path, source }),
    };
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let invalid = |error: serde_json::Error| CollectionError::Damaged { path: path.clone(), reason: error.to_string() };
    let Format { format } = serde_json::from_str(&text).map_err(invalid)?;
    match format.cmp(&FORMAT) {
        Ordering::Less => return Err(CollectionError::Older { path: folder.to_owned(), found: format }),
        Ordering::Greater => return Err(CollectionError::Newer { path: folder.to_owned(), found: format }),
        Ordering::Equal => (),
    }
    serde_json::from_str(&text).map(Some).map_err(invalid)
}

fn has_foreign_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| !is_ours(&entry.path())))
}

fn lock(folder: &Path) -> Result<File, CollectionError> {
    let path = folder.join(LOCK);
    let failed = |source| CollectionError::Io { path: path.clone(), source };
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CollectionError::Locked(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(CollectionError::Io { path, source }),
    }
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), CollectionError> {
    let path = folder.join(MANIFEST);
    let new = folder.join(format!("{MANIFEST}.new"));
    let text = serde_json::to_string_pretty(manifest).map_err(std::io::Error::from)?;
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        // The rename itself must survive a power loss.
        File::open(folder)?.sync_all()
    })();
    written.map_err(|source| CollectionError::Io { path, source })
}

fn remove_other_generations(folder: &Path, kept: u64) -> Result<(), CollectionError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CollectionError::Io { path, source }
    };
    for entry in fs::read_dir(folder).map_err(failed(folder))?.flatten() {
        if is_generation(&entry.path()) && entry.path() != generation_folder(folder, kept) {
            fs::remove_dir_all(entry.path()).map_err(failed(&entry.path()))?;
        }
    }
    Ok(())
}

fn write_index(folder: &Path, clustering: &Clustering) -> Result<(), CollectionError> {
    let writer = StoryIndexWriter::create(folder, rayon::current_num_threads())?;
    clustering
        .articles
        .par_iter()
        .zip(&clustering.places)
        .enumerate()
        .try_for_each(|(number, (article, place))| writer.add(article, number as u32, place.story))?;
    Ok(writer.finish()?)
}

/// How many articles have each value, most common first.
fn counted<'a>(clustering: &'a Clustering, value: impl Fn(&'a Article) -> Option<&'a str>) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for value in clustering.articles.iter().filter_map(value) {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
